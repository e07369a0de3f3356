from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccounts(AccountCreditCommon):
    """What an account shows of its credits: the ledger, nothing else."""

    def test_open_credit_is_what_the_ledger_has_left(self):
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        # Credits pay when a user says so.
        self.company.credit_application_policy = "manual"
        self.assertEqual(self.account.account_credit_balance, 0)
        line = self._post_line(30)
        self._post_line(12.5)
        self.env.invalidate_all()
        self.assertEqual(self.account.account_credit_balance, 42.5)
        self.assertEqual(child.account_credit_balance, 42.5)
        self.assertEqual(self.accounts[1].account_credit_balance, 0)
        invoice = self._create_invoice(self.account, 20)
        (invoice + line.move_id).line_ids.filtered(
            lambda item: item.account_id == self.receivable
        ).reconcile()
        self.env.invalidate_all()
        self.assertEqual(self.account.account_credit_balance, 22.5)
        line.batch_id.action_reverse()
        self.env.invalidate_all()
        self.assertEqual(self.account.account_credit_balance, 12.5)

    def test_credit_notes_of_others_are_no_account_credit(self):
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create({"name": "Shoes", "price_unit": 9, "tax_ids": []})
                ],
            }
        )
        refund.action_post()
        self.assertEqual(self.account.account_credit_balance, 0)

    def test_open_credit_is_that_of_the_company(self):
        other = self.setup_other_company()["company"]
        self._post_line(30)
        account = self.account.with_company(other)
        self.env.invalidate_all()
        self.assertEqual(account.account_credit_balance, 0)
        self.assertEqual(self.account.account_credit_balance, 30)

    def test_one_query_serves_many_accounts(self):
        self._post_line(30)
        self.env.flush_all()
        counts = []
        for accounts in (self.accounts[:1], self.accounts):
            self.env.invalidate_all()
            accounts.mapped("commercial_partner_id")
            before = self.env.cr.sql_log_count
            accounts.mapped("account_credit_balance")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_open_credit_is_for_those_in_billing(self):
        employee = self._create_user("employee", "base.group_user")
        with self.assertRaises(AccessError):
            self.account.with_user(employee).read(["account_credit_balance"])
        for user in (self.clerk, self.accountant):
            self.account.with_user(user).read(["account_credit_balance"])

    def test_billing_opens_the_account_of_an_enrollee(self):
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        action = child.with_user(self.clerk).action_view_billing()
        self.assertEqual(action["res_id"], self.account.id)
        employee = self._create_user("employee", "base.group_user")
        with self.assertRaises(AccessError):
            child.with_user(employee).action_view_billing()

    def test_currency_is_the_receivable_s_the_pricelist_s_or_the_company_s(self):
        euro = self.setup_other_currency("EUR")
        yen = self.setup_other_currency("JPY")
        company_currency = self.company.currency_id
        get = self.account._get_credit_currency
        self.assertEqual(get(self.company), company_currency)
        self.account.specific_property_product_pricelist = self.env[
            "product.pricelist"
        ].create({"name": "Euro", "currency_id": euro.id})
        self.assertEqual(get(self.company), euro)
        self.account.property_account_receivable_id = self.copy_account(
            self.receivable, {"currency_id": yen.id}
        )
        self.assertEqual(get(self.company), yen)
