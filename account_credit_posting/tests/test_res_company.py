import runpy
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import file_path
from odoo.tools.translate import code_translations

from odoo.addons.account_credit_posting.charts import PLACES
from odoo.addons.account_credit_posting.const import ACCOUNT_FIELDS, LIABILITY_FIELDS
from odoo.addons.account_credit_posting.hooks import post_init_hook
from odoo.addons.account_credit_posting.models import account_chart_template

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestResCompany(AccountCreditCommon):
    """What each company gets for its credits: an account, a journal and numbers."""

    def _get_sequences(self, company):
        return self.env["ir.sequence"].search(
            [("code", "=", "account.credit.batch"), ("company_id", "=", company.id)]
        )

    def _load_chart(self, company, code="generic_coa"):
        self.env["account.chart.template"].try_loading(
            code, company, install_demo=False
        )

    def _count_set_up(self):
        models = ("account.account", "account.journal", "ir.sequence")
        return [self.env[model].sudo().search_count([]) for model in models]

    # -------------------------------------------------------------------------
    # SET-UP
    # -------------------------------------------------------------------------

    def test_new_company_with_a_chart_gets_all(self):
        company = self._create_company(name="Lakeside")
        account = company.credit_account_id.with_company(company)
        self.assertRecordValues(
            account,
            [
                {
                    "name": "Discounts and Credits Given",
                    "account_type": "income",
                    "code": "400001",
                    "company_ids": company.ids,
                    "tax_ids": [],
                }
            ],
        )
        self.assertRecordValues(
            company.credit_journal_id,
            [
                {
                    "name": "Account Credits",
                    "type": "sale",
                    "code": "CRED",
                    "company_id": company.id,
                    "default_account_id": account.id,
                    "refund_sequence": False,
                    "show_on_dashboard": False,
                }
            ],
        )
        self.assertEqual(len(self._get_sequences(company)), 1)
        self.assertEqual(company.credit_background_lines, 200)

    def test_new_company_without_a_chart_gets_numbers_only(self):
        company = self.env["res.company"].create({"name": "No chart yet"})
        self.assertFalse(company.credit_account_id)
        self.assertFalse(company._get_credit_journal())
        self.assertEqual(len(self._get_sequences(company)), 1)
        self._load_chart(company)
        self.assertTrue(company.credit_account_id)
        self.assertTrue(company.credit_journal_id)

    def test_second_set_up_changes_nothing(self):
        before = self._count_set_up()
        post_init_hook(self.env)
        self._load_chart(self.company)
        self.assertEqual(self._count_set_up(), before)
        self.assertEqual(self.company.credit_journal_id, self.journal)

    def test_choice_of_the_company_is_kept(self):
        invoices = self.company_data["default_journal_sale"]
        self.company.credit_journal_id = invoices
        self._load_chart(self.company)
        self.assertEqual(self.company.credit_journal_id, invoices)

    def test_another_chart_replaces_all(self):
        """An empty company may change its chart: Odoo deletes the old records."""
        company = self.env["res.company"].create({"name": "Changes its mind"})
        self._load_chart(company)
        account, journal = company.credit_account_id, company.credit_journal_id
        # Whatever chart was not loaded before counts as another one.
        company.chart_template = False
        self._load_chart(company)
        self.assertFalse(account.exists())
        self.assertFalse(journal.exists())
        self.assertTrue(company.credit_account_id.exists())
        self.assertEqual(company.credit_journal_id.company_id, company)

    def test_taken_code_gets_a_number(self):
        company = self.env["res.company"].create({"name": "Has its own CRED"})
        self.env["account.journal"].create(
            {
                "name": "Cash Credentials",
                "code": "CRED",
                "type": "general",
                "company_id": company.id,
                "active": False,
            }
        )
        self.assertEqual(company._get_free_journal_code("CRED"), "CRED1")

    def test_names_are_translated(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        french = {("account_credit_posting", "fr_FR"): {"Account Credits": "Avoirs"}}
        with patch.dict(code_translations.python_translations, french):
            journal = self._create_company(name="Studio").credit_journal_id
        self.assertEqual(journal.with_context(lang="fr_FR").name, "Avoirs")
        self.assertEqual(journal.with_context(lang="en_US").name, "Account Credits")

    # -------------------------------------------------------------------------
    # WHERE THE LEDGER ACCOUNTS STAND
    # -------------------------------------------------------------------------

    def _get_codes(self, company):
        """Return ``{setting: (code, account type, names of tags)}``."""
        codes = {}
        for name in ACCOUNT_FIELDS:
            account = company[name].with_company(company)
            tags = account.tag_ids.mapped("name")
            codes[name] = (account.code, account.account_type, tags)
        return codes

    def test_accounts_stand_where_the_chart_has_such(self):
        expected = {
            "credit_account_id": ("400001", "income", ["Operating Activities"]),
            "gift_card_liability_account_id": ("212001", "liability_current", []),
            "prepayment_liability_account_id": ("212002", "liability_current", []),
            "promotional_liability_account_id": ("212003", "liability_current", []),
            "gift_card_promotion_account_id": (
                "400002",
                "income",
                ["Operating Activities"],
            ),
            "breakage_account_id": ("450001", "income_other", []),
            "unclaimed_property_account_id": ("212005", "liability_current", []),
            "breakage_contra_account_id": ("212004", "liability_current", []),
        }
        company = self._create_company(name="Lakeside")
        self.assertEqual(self._get_codes(company), expected)

    def test_other_charts_follow_what_odoo_uses_itself(self):
        """A chart that we do not know: deferred revenue, sales, and gains."""
        with patch.dict(PLACES, clear=True):
            company = self._create_company(name="Lakeside")
        company = company.with_company(company)
        self.assertEqual(company.income_account_id.code, "400000")
        gains = company.default_cash_difference_income_account_id
        codes = {name: of[0] for name, of in self._get_codes(company).items()}
        self.assertEqual(
            codes,
            {
                "credit_account_id": "400001",
                "gift_card_liability_account_id": "212001",
                "prepayment_liability_account_id": "212002",
                "promotional_liability_account_id": "212003",
                "gift_card_promotion_account_id": "400002",
                "breakage_account_id": str(int(gains.code) + 1),
                "unclaimed_property_account_id": "212005",
                "breakage_contra_account_id": "212004",
            },
        )

    def test_account_that_a_chart_has_no_place_for_is_chosen(self):
        with (
            patch.dict(PLACES, clear=True),
            patch.object(account_chart_template, "ADVANCES", ()),
        ):
            company = self._create_company(name="Lakeside")
        for name in LIABILITY_FIELDS:
            self.assertFalse(company[name])
        self.assertTrue(company.credit_account_id)
        value = self.env["account.stored.value"].create(
            {
                "value_type": "gift_card",
                "partner_id": self.account.id,
                "company_id": company.id,
                "initial_amount": 10,
                "funding": "promotion",
            }
        )
        with self.assertRaisesRegex(UserError, "Lakeside has no liability account"):
            value.action_issue()

    def test_update_moves_accounts_that_nothing_is_booked_on(self):
        accounts = self.company[LIABILITY_FIELDS[0]] | self.company.breakage_account_id
        accounts[0].code, accounts[1].code = "101001", "400007"
        self._post_line()
        self.credit_account.code = "400009"
        chosen = self.company.prepayment_liability_account_id
        chosen.write({"name": "Customers, Other", "code": "101002"})
        scripts = "account_credit_posting/migrations/19.0.2.2.0"
        script = runpy.run_path(file_path(f"{scripts}/post-accounts.py"))
        for _time in range(2):
            script["migrate"](self.cr, "19.0.2.1.0")
            codes = {name: of[0] for name, of in self._get_codes(self.company).items()}
            self.assertEqual(
                codes,
                {
                    "credit_account_id": "400009",
                    "gift_card_liability_account_id": "212001",
                    "prepayment_liability_account_id": "101002",
                    "promotional_liability_account_id": "212003",
                    "gift_card_promotion_account_id": "400002",
                    "breakage_account_id": "450001",
                    "unclaimed_property_account_id": "212005",
                    "breakage_contra_account_id": "212004",
                },
            )

    def test_settings_ask_for_a_look_until_something_is_posted(self):
        settings = self.env["res.config.settings"].create({})
        self.assertTrue(settings.credit_accounting_is_new)
        # Till then, another one takes the place of each, whatever it holds later.
        other = self.company.prepayment_liability_account_id.copy()
        old = settings.prepayment_liability_account_id
        settings.prepayment_liability_account_id = other
        settings.execute()
        self.assertEqual(self.company.prepayment_liability_account_id, other)
        self.assertFalse(old.holds_stored_value)
        old.unlink()
        self._post_line()
        settings.invalidate_recordset()
        self.assertFalse(settings.credit_accounting_is_new)

    # -------------------------------------------------------------------------
    # BRANCHES AND OTHER COMPANIES
    # -------------------------------------------------------------------------

    def test_branch_uses_what_its_parent_has(self):
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        self.cr.precommit.run()
        self.assertTrue(branch.chart_template)
        self.assertFalse(branch.credit_account_id)
        self.assertFalse(branch.credit_journal_id)
        self.assertEqual(branch._get_credit_account(), self.credit_account)
        self.assertEqual(branch._get_credit_journal(), self.journal)
        # It numbers its own batches, and may have its own journal.
        self.assertEqual(len(self._get_sequences(branch)), 1)
        branch.credit_journal_id = self.journal.copy({"company_id": branch.id})
        self.assertEqual(branch._get_credit_journal().company_id, branch)
        self.assertEqual(self.company._get_credit_journal(), self.journal)

    def test_user_of_a_branch_finds_what_the_parent_has(self):
        branch = self._create_company(name="Branch", parent_id=self.company.id)
        self.clerk.write(
            {"company_ids": [Command.set(branch.ids)], "company_id": branch.id}
        )
        mine = branch.with_user(self.clerk)
        self.assertEqual(mine._get_credit_account(), self.credit_account)
        self.assertFalse(mine._get_credit_account().env.su)

    def test_companies_share_nothing(self):
        other = self.setup_other_company()["company"]
        self.assertNotEqual(other.credit_account_id, self.credit_account)
        self.assertNotEqual(other.credit_journal_id, self.journal)
        with self.assertRaisesRegex(UserError, "company inconsistencies"):
            other.credit_journal_id = self.journal
        with self.assertRaisesRegex(UserError, "company inconsistencies"):
            other.credit_account_id = self.credit_account

    # -------------------------------------------------------------------------
    # THE REST OF ODOO
    # -------------------------------------------------------------------------

    def test_invoices_do_not_go_to_the_journal_of_credits(self):
        for move_type in ("out_invoice", "out_refund", "out_receipt"):
            move = self.env["account.move"].create(
                {"move_type": move_type, "partner_id": self.account.id}
            )
            self.assertEqual(
                move.journal_id, self.company_data["default_journal_sale"], move_type
            )

    def test_invoice_lines_do_not_go_to_the_account_of_credits(self):
        invoice = self._create_invoice(self.account, 10)
        self.assertNotIn(self.credit_account, invoice.line_ids.account_id)

    def test_account_and_journal_in_use_cannot_be_deleted(self):
        with self.assertRaisesRegex(UserError, "Discounts and Credits Given cannot be"):
            self.credit_account.unlink()
        with self.assertRaisesRegex(UserError, "Account Credits cannot be deleted"):
            self.journal.unlink()

    def test_account_and_journal_not_in_use_can_be_deleted(self):
        sales = self.company_data["default_journal_sale"]
        self.company.write(
            {
                "credit_journal_id": sales.id,
                "credit_account_id": self.company_data["default_account_revenue"].id,
            }
        )
        self.journal.unlink()
        self.credit_account.unlink()
        self.assertFalse(self.credit_account.exists())

    def test_settings_are_those_of_the_company(self):
        sales = self.company_data["default_journal_sale"]
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.credit_journal_id, self.journal)
        self.assertEqual(settings.credit_account_id, self.credit_account)
        settings.credit_journal_id = sales
        settings.execute()
        self.assertEqual(self.company.credit_journal_id, sales)
