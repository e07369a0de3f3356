from odoo.fields import Command
from odoo.tests import tagged

from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountCreditOpenCap(AccountCreditCommon):
    """No account gets more open credit than the company allows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_open_cap = 100

    def _post(self, *pairs):
        """Post a batch and return the states of its lines.

        :param pairs: ``(account, amount)``
        """
        batch = self.batches.with_user(self.clerk).create(
            {
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": amount})
                    for account, amount in pairs
                ],
            }
        )
        batch.action_post()
        self.assertLedgerSound(batch)
        self.errors = batch.line_ids.mapped("error")
        return batch.line_ids.mapped("state")

    def test_line_above_the_cap_fails_alone(self):
        first, second = self.accounts[:2]
        states = self._post((first, 100), (second, 100.01))
        self.assertEqual(states, ["posted", "failed"])
        self.assertIn("Family 1 was not credited", self.errors[1])
        self.assertIn("$\xa0100.01 of open credit, and $\xa0100.00", self.errors[1])

    def test_what_is_open_counts(self):
        self.assertEqual(self._post((self.account, 60)), ["posted"])
        self.assertEqual(self._post((self.account, 40.01)), ["failed"])
        self.assertEqual(self._post((self.account, 40)), ["posted"])

    def test_lines_of_one_account_count_together(self):
        other = self.accounts[1]
        states = self._post(
            (self.account, 60), (self.account, 60), (other, 60), (self.account, 40)
        )
        self.assertEqual(states, ["posted", "failed", "posted", "posted"])

    def test_zero_is_no_cap(self):
        self.company.credit_open_cap = 0
        self.assertEqual(self._post((self.account, 1000)), ["posted"])

    def test_what_it_pays_at_once_is_not_open(self):
        invoice = self._create_invoice(self.account, 150)
        self.assertEqual(self._post((self.account, 250.01)), ["failed"])
        self.assertEqual(
            self._post((self.account, 200), (self.account, 50.01)),
            ["posted", "failed"],
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._post((self.account, 50)), ["posted"])

    def test_what_it_may_not_pay_yet_does_not_help(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 150)
        self.assertEqual(self._post((self.account, 110)), ["failed"])
        batch = self._create_batch({self.account: 110})
        batch.line_ids.invoice_id = invoice
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "posted")
        self.assertEqual(invoice.amount_residual, 40)

    def test_cap_is_in_company_currency_taxes_included(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        batch = self._create_batch({self.accounts[0]: 50, self.accounts[1]: 50.01})
        batch.line_ids.currency_id = euro
        batch.action_post()
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])
        tax = self.env["account.tax"].create(
            {
                "name": "Ten",
                "amount": 10,
                "price_include_override": "tax_excluded",
                "type_tax_use": "sale",
            }
        )
        self.item = self._create_credit_item("Taxed", taxes_id=tax.ids)
        states = self._post((self.accounts[2], 90), (self.accounts[3], 91))
        self.assertEqual(states, ["posted", "failed"])

    def test_cap_of_the_company_holds_in_the_branch(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.assertEqual(branch._get_credit_open_cap(), 100)

    def test_preview_says_who_is_skipped(self):
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:2])
        transaction = transactions.browse(action["res_id"])
        TransactionLines(transaction).set_amounts(100.01)
        transaction.line_ids[0].amount = 100
        transaction.write({"step": "setup", "credit_item_id": self.item.id})
        skipped = [row["skipped"] for row in transaction.preview["accounts"]]
        self.assertFalse(skipped[0])
        self.assertIn("of open credit", skipped[1])

    def test_queries_do_not_grow_with_the_lines(self):
        counts = []
        for size in (2, 10):
            batch = self._create_batch(dict.fromkeys(self.accounts[:size], 5))
            self.env.flush_all()
            self.env.invalidate_all()
            lines = batch.line_ids
            lines._get_errors()
            before = self.env.cr.sql_log_count
            self.env["account.credit.cap"]._get_errors(lines, batch)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
