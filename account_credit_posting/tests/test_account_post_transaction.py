import io
from datetime import timedelta

import openpyxl

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user, tagged

from .. import const
from ..tools.days import get_today
from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountPostTransaction(AccountCreditCommon):
    """Collecting a posting step by step: nothing is lost, nothing posted twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.transactions = cls.env["account.post.transaction"].with_user(cls.clerk)
        cls.children = cls.env["res.partner"].create(
            [{"name": name, "parent_id": cls.account.id} for name in ("Anna", "Ben")]
        )

    def _open(self, partners=None, **kwargs):
        action = self.transactions._get_open_action(partners=partners, **kwargs)
        return self.transactions.browse(action["res_id"])

    def _prepare(self, amounts):
        """Return a transaction at its set-up, complete.

        :param amounts: ``{account: amount}``
        """
        transaction = self._open(self.env["res.partner"].union(*amounts.keys()))
        transaction.action_next()
        transaction.action_next()
        for line in transaction.line_ids:
            line.amount = amounts[line.partner_id]
        transaction.action_next()
        transaction.credit_item_id = self.item
        return transaction

    # -------------------------------------------------------------------------
    # THE FIVE STEPS
    # -------------------------------------------------------------------------

    def test_five_steps_post_one_batch(self):
        transaction = Form(self.transactions).save()
        self.assertEqual(transaction.step, "type")
        transaction.action_next()
        self.assertEqual(transaction.step, "accounts")
        for account in self.accounts[:3]:
            with Form(transaction) as form:
                form.add_partner_id = account
        transaction.action_next()
        self.assertEqual(transaction.step, "amounts")
        for line, amount in zip(transaction.line_ids, (10, 20, 30), strict=True):
            line.amount = amount
        transaction.action_next()
        self.assertEqual(transaction.step, "setup")
        transaction.write(
            {
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "public_comment": "Snow",
                "private_comment": "Storm",
            }
        )
        transaction.action_post()
        batch = transaction.batch_id
        self.assertEqual(transaction.step, "result")
        self.assertRecordValues(
            batch,
            [
                {
                    "state": "done",
                    "public_comment": "Snow",
                    "private_comment": "Storm",
                    "amount_total": 60,
                    "create_uid": self.clerk.id,
                }
            ],
        )
        for line, amount in zip(batch.line_ids.sorted("id"), (10, 20, 30), strict=True):
            self.assertItems(
                line.move_id,
                [
                    (self.credit_account, amount, amount),
                    (self.receivable, -amount, -amount),
                ],
            )
        self.assertLedgerSound(batch)

    def test_back_and_next_lose_nothing(self):
        transaction = self._prepare({self.accounts[0]: 10, self.accounts[1]: 20})
        transaction.public_comment = "Snow"
        for _ in range(5):
            transaction.action_back()
        self.assertEqual(transaction.step, "type")
        for _ in range(5):
            transaction.action_next()
        self.assertEqual(transaction.step, "setup")
        self.assertEqual(transaction.line_ids.mapped("amount"), [10, 20])
        self.assertEqual(transaction.public_comment, "Snow")
        self.assertEqual(transaction.credit_item_id, self.item)

    def test_back_to_an_earlier_step(self):
        transaction = self._prepare({self.accounts[0]: 10})
        for wanted, step in (
            ("amounts", "amounts"),
            ("setup", "amounts"),
            ("result", "amounts"),
            ("type", "type"),
            ("nowhere", "type"),
        ):
            transaction.action_back(step=wanted)
            self.assertEqual(transaction.step, step)
        transaction.step = "setup"
        transaction.action_post()
        with self.assertRaisesRegex(UserError, "is posted as"):
            transaction.action_back(step="amounts")

    def test_second_post_shows_the_first_result(self):
        transaction = self._prepare({self.account: 10})
        transaction.action_post()
        batch = transaction.batch_id
        transaction.action_post()
        self.assertEqual(transaction.batch_id, batch)
        batches = self.batches.search([("line_ids.partner_id", "=", self.account.id)])
        self.assertEqual(batches, batch)

    def test_posted_transaction_cannot_go_back_or_change(self):
        transaction = self._prepare({self.account: 10})
        transaction.action_post()
        for name in ("action_back", "action_next", "action_clear", "action_set_all"):
            with self.assertRaisesRegex(UserError, "is posted as"):
                getattr(transaction, name)()

    def test_failed_account_is_retried_from_the_result(self):
        transaction = self._prepare({self.accounts[0]: 10, self.accounts[1]: 20})
        self.accounts[1].active = False
        transaction.action_post()
        self.assertRecordValues(transaction, [{"posted_count": 1, "failed_count": 1}])
        self.accounts[1].active = True
        transaction.action_retry()
        self.assertRecordValues(transaction, [{"posted_count": 2, "failed_count": 0}])

    def test_result_says_what_was_posted_and_what_was_not(self):
        transaction = self._prepare({self.accounts[0]: 10, self.accounts[1]: 20})
        self.accounts[1].active = False
        transaction.action_post()
        text = transaction.result_text.replace("\N{NO-BREAK SPACE}", " ")
        self.assertIn("$ 10.00 credited to 1 account.", text)
        self.assertIn("1 account could not be credited.", text)
        self.accounts[1].active = True
        transaction.action_retry()
        text = transaction.result_text.replace("\N{NO-BREAK SPACE}", " ")
        self.assertEqual(text, "$ 30.00 credited to 2 accounts.")
        transaction.batch_id.with_user(self.manager).action_reverse()
        transaction.invalidate_recordset()
        self.assertEqual(transaction.result_text, "None of this is posted anymore.")

    def test_posted_transaction_is_written_by_post_alone(self):
        posted = self._prepare({self.accounts[0]: 10})
        posted.action_post()
        transaction = self._prepare({self.accounts[1]: 10})
        for forge in (
            lambda: transaction.write({"batch_id": posted.batch_id.id}),
            lambda: self.transactions.create({"batch_id": posted.batch_id.id}),
        ):
            with self.assertRaises(AccessError):
                forge()
        for vals in ({"step": "setup"}, {"batch_id": False}, {"company_id": 1}):
            with self.assertRaisesRegex(UserError, "is posted as"):
                posted.write(vals)
        copied = posted.copy()
        self.assertRecordValues(copied, [{"batch_id": False, "step": "type"}])

    def test_action_of_another_step_is_refused(self):
        transaction = self._prepare({self.account: 10})
        for name in ("action_clear", "action_add_tagged", "action_set_all"):
            with self.assertRaisesRegex(UserError, "This is done in the step"):
                getattr(transaction, name)()
        self.assertEqual(transaction.line_ids.amount, 10)

    def test_post_another_starts_anew(self):
        action = self._prepare({self.account: 10}).action_post_another()
        self.assertFalse(self.transactions.browse(action["res_id"]).line_ids)

    # -------------------------------------------------------------------------
    # ACCOUNTS
    # -------------------------------------------------------------------------

    def test_account_is_found_by_name_enrollee_email_and_reference(self):
        self.account.write({"email": "smith@example.com", "ref": "A-77"})
        for text in ("Family 0", "Anna", "smith@example", "A-77"):
            found = self.env["res.partner"].with_user(self.clerk).name_search(text)
            contact = self.env["res.partner"].browse(found[0][0])
            self.assertEqual(contact.commercial_partner_id, self.account, text)

    def test_enrollee_leads_to_the_account_and_stays_a_label(self):
        # README says: "An enrollee (a contact below the account) leads to the account
        # and stays as a label."
        transaction = self._open()
        transaction.add_partner_id = self.children[0]
        self.assertRecordValues(
            transaction.line_ids,
            [{"partner_id": self.account.id, "contact_id": self.children[0].id}],
        )
        self.assertFalse(transaction.add_partner_id)

    def test_family_with_a_tag_is_not_said_to_be_there_already(self):
        tag = self.env["res.partner.category"].create({"name": "Dance"})
        (self.accounts[:3] | self.children).category_id = tag
        transaction = self._open()
        transaction.step = "accounts"
        transaction.category_ids = tag
        transaction.action_add_tagged()
        self.assertEqual(transaction.line_ids.partner_id, self.accounts[:3])
        self.assertEqual(transaction.notice, "3 accounts added.")
        transaction.category_ids = tag
        self.accounts[3].category_id = tag
        transaction.action_add_tagged()
        self.assertEqual(
            transaction.notice,
            "Listed once, as already there: Family 0, Family 1, and Family 2.",
        )

    def test_same_account_twice_is_one_row_and_told(self):
        transaction = self._open()
        for contact in (self.account, *self.children):
            transaction.add_partner_id = contact
        self.assertEqual(transaction.line_ids.partner_id, self.account)
        self.assertEqual(len(transaction.line_ids), 1)
        self.assertEqual(transaction.notice, "Listed once, as already there: Family 0.")

    def test_everybody_with_a_tag_is_added_by_account_or_enrollee(self):
        tag = self.env["res.partner.category"].create({"name": "Ballet"})
        (self.children + self.accounts[3:5]).category_id = tag
        archived = self.accounts[4]
        archived.active = False
        transaction = self._open(self.accounts[3])
        transaction.action_next()
        transaction.category_ids = tag
        transaction.action_add_tagged()
        self.assertEqual(
            transaction.line_ids.partner_id, self.accounts[3] + self.account
        )
        self.assertFalse(transaction.category_ids)

    def test_everybody_of_a_saved_filter_is_added(self):
        saved = self.env["ir.filters"].create(
            {
                "name": "Mine",
                "model_id": "res.partner",
                "domain": f"[('id', 'in', {self.accounts[2:5].ids}), "
                "('create_uid', 'not in', [uid, -1])]",
                "user_ids": [Command.set(self.clerk.ids)],
            }
        )
        transaction = self._open()
        transaction.action_next()
        transaction.filter_id = saved
        transaction.action_add_filtered()
        self.assertEqual(transaction.line_ids.partner_id, self.accounts[2:5])

    def test_filter_of_somebody_else_is_refused(self):
        saved = self.env["ir.filters"].create(
            {
                "name": "Theirs",
                "model_id": "res.partner",
                "domain": "[]",
                "user_ids": [Command.set(self.manager.ids)],
            }
        )
        transaction = self._open()
        transaction.action_next()
        with self.assertRaises(AccessError):
            transaction.sudo().filter_id = saved
            transaction.action_add_filtered()

    def test_filter_that_cannot_be_read_says_so(self):
        for domain in (
            *("[('nonsense', '=', 1)]", "[('id', '=', nonsense)]", "1"),
            # Nothing is called or computed.
            "[('id', '=', time.sleep(1))]",
            "[('id', '=', 9 ** 9 ** 9)]",
            "[('name', '=', 'a' * 10 ** 9)]",
            "[(" * 9000,
            f"[('name', '=', '{'a' * 20_000}')]",
        ):
            saved = self.env["ir.filters"].create(
                {"name": "Old", "model_id": "res.partner", "domain": "[]"}
            )
            saved.domain = domain
            transaction = self._open(self.account)
            transaction.action_next()
            transaction.filter_id = saved
            with self.assertRaisesRegex(UserError, "The filter Old cannot be read"):
                transaction.action_add_filtered()
            self.assertEqual(transaction.line_ids.partner_id, self.account)

    def test_archived_accounts_are_never_added_and_told(self):
        tag = self.env["res.partner.category"].create({"name": "Ballet"})
        saved = self.env["ir.filters"].create(
            {
                "name": "All",
                "model_id": "res.partner",
                "domain": "[('active', 'in', [True, False]), "
                f"('category_id', '=', {tag.id})]",
            }
        )
        self.children[0].category_id = tag
        self.account.active = False
        self.children[0].active = True
        transaction = self._open()
        transaction.action_next()
        for vals, name in (
            ({"category_ids": tag.ids}, "action_add_tagged"),
            ({"filter_id": saved.id}, "action_add_filtered"),
            ({"add_partner_id": self.account.id}, None),
        ):
            transaction.write({"notice": False, **vals})
            if name:
                getattr(transaction, name)()
            self.assertFalse(transaction.line_ids)
            self.assertEqual(
                transaction.notice, "Not added because they are archived: Family 0."
            )

    def test_account_of_another_company_is_not_added_and_told(self):
        other = self.setup_other_company()["company"]
        self.account.company_id = other
        self.clerk.company_ids += other
        transaction = self.transactions.with_context(
            allowed_company_ids=[self.company.id, other.id]
        ).create({})
        transaction.add_partner_id = self.account
        self.assertFalse(transaction.line_ids)
        self.assertIn("because they belong to another company", transaction.notice)

    def test_next_needs_an_account(self):
        transaction = self._open(self.account)
        transaction.action_next()
        transaction.action_clear()
        # Not an "Invalid Operation": something is missing.
        with self.assertRaisesRegex(ValidationError, "Add at least one account"):
            transaction.action_next()

    # -------------------------------------------------------------------------
    # AMOUNTS
    # -------------------------------------------------------------------------

    def test_next_needs_every_amount_above_zero_and_names_the_others(self):
        transaction = self._open(self.accounts[:3])
        transaction.action_next()
        transaction.action_next()
        for line, amount in zip(transaction.line_ids, (0, 5, -1), strict=True):
            line.amount = amount
        with self.assertRaisesRegex(
            UserError,
            "2 of 3 accounts have no amount above zero: Family 0 and Family 2",
        ):
            transaction.action_next()
        self.assertEqual(transaction.step, "amounts")

    def test_set_all_and_totals_for_each_currency(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150.0)])
        own = self.copy_account(self.receivable, {"currency_id": yen.id})
        self.accounts[2].property_account_receivable_id = own
        transaction = self._open(self.accounts[:3])
        transaction.action_next()
        transaction.action_next()
        transaction.amount_for_all = 12.5
        transaction.action_set_all()
        self.assertEqual(transaction.line_ids.mapped("amount"), [12.5, 12.5, 13])
        self.assertEqual(transaction.line_count, 3)
        self.assertEqual(
            transaction.total.replace("\N{NO-BREAK SPACE}", " "), "$ 25.00 + ¥ 13"
        )

    def test_next_takes_the_typed_amount_for_all(self):
        transaction = self._open(self.accounts[:3])
        transaction.step = "amounts"
        transaction.amount_for_all = 15
        transaction.action_next()
        self.assertEqual(transaction.step, "setup")
        self.assertEqual(transaction.line_ids.mapped("amount"), [15, 15, 15])
        self.assertEqual(transaction.amount_for_all, 0)

    def test_next_asks_which_amounts_are_meant(self):
        transaction = self._open(self.accounts[:3])
        transaction.step = "amounts"
        transaction.line_ids[0].amount = 10
        transaction.amount_for_all = 15
        with self.assertRaisesRegex(
            UserError, "15.00 was entered in Set all to but not applied. Click Set All"
        ):
            transaction.action_next()
        self.assertEqual(transaction.line_ids.mapped("amount"), [10, 0, 0])
        transaction.action_set_all()
        self.assertEqual(transaction.amount_for_all, 0)
        transaction.line_ids[1].amount = 20
        transaction.action_next()
        self.assertEqual(transaction.line_ids.mapped("amount"), [15, 20, 15])

    def test_next_refuses_an_amount_for_all_below_zero(self):
        transaction = self._open(self.accounts[:2])
        transaction.step = "amounts"
        transaction.amount_for_all = -15
        with self.assertRaisesRegex(ValidationError, "no amount above zero"):
            transaction.action_next()

    def test_number_of_accounts_is_said_in_words(self):
        for count, text in ((0, "0 accounts"), (1, "1 account"), (3, "3 accounts")):
            transaction = self._open(self.accounts[:count])
            self.assertEqual(transaction.accounts_text, text)

    def test_form_knows_the_totals_of_rows_not_saved_yet(self):
        yen = self.setup_other_currency("JPY", rates=[("2024-01-01", 150.0)])
        transaction = self._open(self.accounts[:5])
        lines = transaction.line_ids
        lines.amount = 10
        lines[4].currency_id = yen
        commands = [
            Command.update(lines[0].id, {"amount": 12.5}),
            Command.update(lines[1].id, {"currency_id": yen.id}),
            Command.delete(lines[2].id),
        ]
        names = ["total", "line_count", "accounts_text", "currency_symbol"]
        spec = {
            **dict.fromkeys(names, {}),
            "line_ids": {"fields": {"amount": {}, "currency_id": {"fields": {}}}},
        }
        answer = transaction.onchange({"line_ids": commands}, ["line_ids"], spec)
        transaction.line_ids = commands
        self.assertEqual(
            answer["value"],
            {name: transaction[name] for name in names},
        )
        self.assertEqual(
            transaction.total.replace("\N{NO-BREAK SPACE}", " "), "$ 22.50 + ¥ 20"
        )

    def test_form_of_somebody_else_answers_nothing(self):
        transaction = self._open(self.accounts[:2])
        theirs = self.transactions.with_user(self.manager).browse(transaction.id)
        commands = [Command.update(transaction.line_ids[0].id, {"amount": 1})]
        with self.assertRaises(AccessError):
            theirs.onchange({"line_ids": commands}, ["line_ids"], {"total": {}})
        mine = self._open(self.accounts[5:6])
        mine.line_ids.amount = 1
        answer = mine.onchange({"line_ids": commands}, ["line_ids"], {"line_count": {}})
        self.assertEqual(answer["value"]["line_count"], 1, "a row of another one")

    def test_balances_stand_beside_the_amounts(self):
        self.company.credit_application_policy = "manual"
        self._create_invoice(self.account, 70)
        self._post_line(30)
        transaction = self._open(self.accounts[:2])
        self.assertRecordValues(
            transaction.line_ids,
            [
                {"amount_due": 70, "open_credit": 30},
                {"amount_due": 0, "open_credit": 0},
            ],
        )

    # -------------------------------------------------------------------------
    # SET-UP
    # -------------------------------------------------------------------------

    def test_post_needs_a_credit_item_and_keeps_what_was_typed(self):
        transaction = self._prepare({self.account: 10})
        transaction.credit_item_id = False
        with self.assertRaisesRegex(UserError, "Choose a credit item"):
            transaction.action_post()
        self.assertEqual(transaction.step, "setup")
        self.assertEqual(transaction.line_ids.amount, 10)

    def test_company_as_a_whole_unable_to_post_keeps_what_was_typed(self):
        transaction = self._prepare({self.account: 10})
        self.company.credit_journal_id = False
        self.env.flush_all()
        with (
            self.assertRaisesRegex(UserError, "has no journal for credits"),
            self.env.cr.savepoint(),
        ):
            transaction.action_post()
        self.assertRecordValues(transaction, [{"step": "setup", "batch_id": False}])

    def test_expiry_date_is_that_of_batch_and_credits(self):
        expiry = fields.Date.to_date("2099-06-30")
        for typed in (expiry, False):
            transaction = self._prepare({self.accounts[0]: 10, self.accounts[1]: 20})
            with Form(transaction) as form:
                form.expiry_date = typed
            transaction.action_post()
            batch = transaction.batch_id
            self.assertEqual((batch.state, batch.expiry_date), ("done", typed))
            self.assertEqual(batch.line_ids.mapped("expiry_date"), [typed, typed])
            self.assertLedgerSound(batch)

    def test_credits_that_have_expired_before_are_not_posted(self):
        transaction = self._prepare({self.account: 10})
        today = get_today(self.company)
        for date, expiry in ((today, -1), (today + timedelta(days=10), 9)):
            transaction.write(
                {"date": date, "expiry_date": today + timedelta(days=expiry)}
            )
            with (
                self.assertRaisesRegex(ValidationError, "before they can be used"),
                self.env.cr.savepoint(),
            ):
                transaction.action_post()
        self.assertRecordValues(transaction, [{"step": "setup", "batch_id": False}])
        transaction.write({"date": today, "expiry_date": today})
        transaction.action_post()
        self.assertEqual(transaction.batch_id.line_ids.expiry_date, today)

    def test_repeated_credit_is_warned_of_never_blocked(self):
        # README says: "A warning, never a block, appears if an account got the same
        # item"
        today = fields.Date.today()
        for days, is_warned in ((0, True), (30, True), (31, False)):
            account = self.accounts[days % 7 + 1]
            self._post_line(10, account=account, date=today - timedelta(days=days))
            transaction = self._prepare({account: 10})
            self.assertEqual(bool(transaction.repeated_warning), is_warned, days)
            if is_warned:
                self.assertIn(account.name, transaction.repeated_warning)
            other_amount = self._prepare({account: 11})
            self.assertFalse(other_amount.repeated_warning)
            transaction.action_post()
            self.assertEqual(transaction.batch_id.state, "done")

    def test_classification_is_a_company_of_the_user(self):
        other = self.setup_other_company()["company"]
        transaction = self._prepare({self.account: 10})
        transaction.sudo().company_id = other
        with self.assertRaises(AccessError):
            transaction.action_post()

    def test_other_classification_posts_in_the_other_ledger(self):
        other = self.setup_other_company()["company"]
        self.clerk.company_ids += other
        transaction = self._prepare({self.account: 10}).with_context(
            allowed_company_ids=[self.company.id, other.id]
        )
        transaction.company_id = other
        transaction.action_post()
        self.assertEqual(transaction.batch_id.line_ids.move_id.company_id, other)

    def test_taxed_item_is_told(self):
        included = self.tax_sale_a.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        for tax, note, total in (
            (self.env["account.tax"], False, "10.00"),
            (self.tax_sale_a, "is added to the amounts", "11.50"),
            (included, "the amounts include Included", "10.00"),
        ):
            self.item.taxes_id = tax
            transaction = self._prepare({self.account: 10})
            if note:
                self.assertIn(note, transaction.tax_note)
            else:
                self.assertFalse(transaction.tax_note)
            transaction.action_post()
            self.assertIn(total, transaction.posted_total)

    def test_classification_of_another_company_than_the_account_is_refused(self):
        other = self.setup_other_company()["company"]
        self.clerk.company_ids += other
        invoice = self._create_invoice(self.accounts[1], 10)
        self.account.company_id = self.company
        for transaction, sentence in (
            (self._prepare({self.account: 10}), "Family 0 belong to another company"),
            (self._open(invoices=invoice), "cannot be paid by a credit of"),
        ):
            mine = transaction.with_context(
                allowed_company_ids=[self.company.id, other.id]
            )
            mine.line_ids.amount = 10
            mine.write({"step": "setup", "credit_item_id": self.item.id})
            self.assertFalse(mine.company_warning)
            mine.company_id = other
            self.assertIn(sentence, mine.company_warning)
            with self.assertRaisesRegex(UserError, sentence):
                mine.action_post()
            mine.company_id = self.company
            mine.action_post()
            self.assertEqual(mine.batch_id.state, "done", mine.batch_id.line_ids.error)

    def test_manager_creates_an_item_on_the_spot_clerk_cannot(self):
        items = self.env["product.product"].with_context(default_is_credit_item=True)
        item_id, _name = items.with_user(self.manager).name_create("Storm")
        item = items.browse(item_id)
        self.assertRecordValues(
            item,
            [{"is_credit_item": True, "sale_ok": False, "purchase_ok": False}],
        )
        self.assertFalse(item.taxes_id)
        with self.assertRaises(AccessError):
            items.with_user(self.clerk).name_create("Storm")

    # -------------------------------------------------------------------------
    # ENTRY POINTS
    # -------------------------------------------------------------------------

    def test_opens_from_account_enrollee_and_list(self):
        for partners, accounts in (
            (self.account, self.account),
            (self.children[0], self.account),
            (self.accounts, self.accounts),
            (self.env["res.partner"], self.env["res.partner"]),
        ):
            action = partners.with_user(self.clerk).action_post_transaction()
            transaction = self.transactions.browse(action["res_id"])
            self.assertEqual(transaction.line_ids.partner_id, accounts)

    def test_opens_from_invoice_with_that_invoice(self):
        invoice = self._create_invoice(self.account, 10)
        action = invoice.with_user(self.clerk).action_post_credit()
        transaction = self.transactions.browse(action["res_id"])
        self.assertRecordValues(
            transaction.line_ids,
            [{"partner_id": self.account.id, "invoice_id": invoice.id}],
        )

    def test_opens_from_invoices_with_an_invoice_where_it_is_the_only_one(self):
        invoices = self.env["account.move"].union(
            *(
                self._create_invoice(account, 10)
                for account in (self.accounts[0], self.accounts[1], self.accounts[1])
            )
        )
        action = invoices.with_user(self.clerk).action_post_credit()
        transaction = self.transactions.browse(action["res_id"])
        self.assertRecordValues(
            transaction.line_ids.sorted("id"),
            [
                {"partner_id": self.accounts[0].id, "invoice_id": invoices[0].id},
                {"partner_id": self.accounts[1].id, "invoice_id": False},
            ],
        )

    def test_opens_in_the_company_of_the_account_or_invoice(self):
        data = self.setup_other_company()
        other = data["company"]
        self.clerk.company_ids += other
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.accounts[1].id,
                    "invoice_date": "2024-03-01",
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Shoes", "price_unit": 9, "tax_ids": []}
                        )
                    ],
                }
            )
        )
        invoice.action_post()
        self.account.company_id = other
        both = {"allowed_company_ids": [self.company.id, other.id]}
        for action in (
            self.account.with_user(self.clerk)
            .with_context(**both)
            .action_post_transaction(),
            invoice.with_user(self.clerk).with_context(**both).action_post_credit(),
        ):
            transaction = self.transactions.browse(action["res_id"])
            self.assertEqual(transaction.company_id, other)
            self.assertEqual(len(transaction.line_ids), 1)
        self.assertEqual(transaction.line_ids.invoice_id, invoice)

    # -------------------------------------------------------------------------
    # RIGHTS
    # -------------------------------------------------------------------------

    def test_each_action_asks_for_the_right(self):
        transaction = self._prepare({self.account: 10})
        names = [
            name
            for name in dir(type(transaction))
            if name.startswith("action_")
            and name != "action_archive"
            and name != "action_unarchive"
        ]
        self.assertGreater(len(names), 8)
        for name in names:
            with self.assertRaises(AccessError, msg=name):
                getattr(transaction.with_user(self.accountant), name)()
        self.assertFalse(transaction.batch_id)

    def test_only_those_who_may_post_open_it(self):
        portal = new_test_user(
            self.env, login="transaction_portal", groups="base.group_portal"
        )
        for user in (self.accountant, portal, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                self.account.with_user(user).action_post_transaction()
            with self.assertRaises(AccessError):
                self.transactions.with_user(user).create({})

    def test_transaction_of_somebody_else_is_out_of_reach(self):
        transaction = self._prepare({self.account: 10})
        theirs = transaction.with_user(self.manager)
        for access in (
            lambda: theirs.read(["private_comment"]),
            theirs.action_post,
            lambda: theirs.line_ids.read(["amount"]),
        ):
            with self.assertRaises(AccessError):
                access()
        self.assertFalse(transaction.batch_id)

    # -------------------------------------------------------------------------
    # SIZE
    # -------------------------------------------------------------------------

    def test_two_thousand_accounts_cost_no_more_queries_than_ten(self):
        tag = self.env["res.partner.category"].create({"name": "District"})
        counts, answer_counts = [], []
        for size in (10, 2000):
            tag.partner_ids = [
                Command.create({"name": f"Household {number}"})
                for number in range(size - len(tag.partner_ids))
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            transaction = self._open()
            transaction.action_next()
            transaction.category_ids = tag
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            transaction.action_add_tagged()
            transaction.action_next()
            transaction.amount_for_all = 5
            transaction.action_set_all()
            transaction.action_next()
            transaction.credit_item_id = self.item
            self.env.flush_all()
            self.assertEqual(transaction.line_count, size)
            self.assertFalse(transaction.repeated_warning)
            counts.append(self.env.cr.sql_log_count - before)
            commands = [Command.update(transaction.line_ids.ids[0], {"amount": 9})]
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            transaction.onchange(
                {"line_ids": commands},
                ["line_ids"],
                {"total": {}, "line_count": {}, "line_ids": {"fields": {"amount": {}}}},
            )
            answer_counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)
        # The answer to each amount that is typed does not walk through the others.
        self.assertLessEqual(answer_counts[1], answer_counts[0], answer_counts)


@tagged("post_install", "-at_install")
class TestCreditResults(AccountCreditCommon, HttpCase):
    """The spreadsheet of the results."""

    def _download(self, batch, user):
        self.authenticate(user.login, user.login)
        return self.url_open(f"/account_credit_posting/batch/{batch.id}/results.xlsx")

    def _post_two(self):
        batch = self._create_batch(
            {self.accounts[0]: 10, self.accounts[1]: 0},
            private_comment="For the office",
        )
        self.accounts[0].name = "=1+1"
        batch.action_post()
        return batch

    def test_health_needs_no_login_and_tells_no_secret(self):
        answer = self.url_open("/account_credit_posting/health")
        self.assertEqual(answer.status_code, 200)
        health = answer.json()
        self.assertEqual((health["status"], health["database"]), ("ok", "ok"))
        self.assertEqual(
            set(health),
            {
                *("status", "database", "queued"),
                *("oldest_queued_seconds", "worker_seen_seconds"),
            },
        )
        self.patch(const, "WORKERS_AWAITED", -1)
        self.company.credit_background_lines = 0
        batch = self._create_batch()
        batch.action_post()
        self.assertEqual(batch.state, "queued")
        self.env.flush_all()
        answer = self.url_open("/account_credit_posting/health")
        self.assertEqual((answer.status_code, answer.json()["status"]), (503, "late"))

    def test_results_are_exported_without_private_comment(self):
        self._create_invoice(self.accounts[0], 4)
        self.accounts[0].write({"ref": "R-1", "email": "one@example.com"})
        batch = self._post_two()
        response = self._download(batch, self.clerk)
        self.assertEqual(response.status_code, 200)
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        posted, failed = batch.line_ids.sorted("id")
        self.assertEqual(
            rows,
            [
                [
                    *("Account", "Reference", "Email", "Enrollee", "Amount", "Paid"),
                    *("Left", "Currency", "Status", "Document", "Reason"),
                ],
                [
                    *("=1+1", "R-1", "one@example.com", None, 10, 4, 6, "USD"),
                    *("Posted", posted.move_id.name, None),
                ],
                [
                    *("Family 1", None, None, None, 0, 0, 0, "USD"),
                    *("Failed", None, failed.error),
                ],
            ],
        )
        self.assertEqual(sheet["A2"].data_type, "s")

    def test_outsiders_cannot_export(self):
        batch = self._post_two()
        portal = new_test_user(
            self.env, login="results_portal", groups="base.group_portal"
        )
        employee = self._create_user("results", "base.group_user")
        for user in (portal, employee):
            self.assertEqual(self._download(batch, user).status_code, 404)
