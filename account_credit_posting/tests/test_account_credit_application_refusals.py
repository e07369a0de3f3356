from odoo.fields import Command
from odoo.tests import tagged

from .common_application import AccountCreditApplicationCommon


@tagged("post_install", "-at_install")
class TestRefusals(AccountCreditApplicationCommon):
    """Where Odoo refuses, the credit stays open, and the reason is shown."""

    def test_other_receivable_account(self):
        other = self.receivable.copy({"name": "Receivable of students"})
        invoice = self._create_invoice(self.account, 30)
        self.account.property_account_receivable_id = other
        line = self._post_line(10)
        self.assertPays(line, [])
        self.assertIn(other.code, invoice.account_credit_error)
        self.assertIn(invoice.name, line.move_id.account_credit_error)
        self.assertRecordValues(
            invoice.credit_application_ids,
            [{"state": "refused", "amount": 10, "partial_id": False}],
        )

    def test_missing_cash_basis_journal(self):
        self.company.tax_exigibility = True
        tax = self.company_data["default_tax_sale"].copy(
            {
                "name": "On payment",
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.company_data[
                    "default_account_tax_sale"
                ]
                .copy({"reconcile": True})
                .id,
            }
        )
        journal = self.company.tax_cash_basis_journal_id
        taxed = self.accounts[0]
        line = self._post_line(10, account=taxed)
        self.company.tax_cash_basis_journal_id = False
        invoices = self.env["account.move"].create(
            [
                self._prepare_invoice_vals(taxed, 30, tax_ids=[Command.set(tax.ids)]),
                self._prepare_invoice_vals(self.accounts[1], 30),
            ]
        )
        good = self._post_line(10, account=self.accounts[1])
        invoices.action_post()
        self.assertEqual(invoices.mapped("state"), ["posted", "posted"])
        self.assertPays(line, [])
        self.assertPays(good, [(invoices[1], 10)])
        self.assertIn("cash basis", invoices[0].account_credit_error)
        # The same is not tried again on the same day, unless somebody asks.
        self.company.tax_cash_basis_journal_id = journal
        self._post_line(1, account=taxed)
        self.assertPays(line, [])
        invoices[0].apply_account_credits()
        self.assertPays(line, [(invoices[0], 10)])
        self.assertFalse(invoices[0].account_credit_error)
        cash_basis = invoices[0].tax_cash_basis_created_move_ids
        self.assertTrue(cash_basis)

    def test_error_of_another_addon_stops_no_invoice(self):
        bad, good = self.accounts[:2]
        lines = {
            account: self._post_line(10, account=account) for account in (bad, good)
        }
        original = self.env.registry["account.partial.reconcile"].create

        def create(model, vals_list):
            partners = (
                model.env["account.move.line"]
                .browse([vals["debit_move_id"] for vals in vals_list])
                .partner_id
            )
            if bad in partners:
                raise ValueError("not this one")
            return original(model, vals_list)

        self.patch(self.env.registry["account.partial.reconcile"], "create", create)
        invoices = self.env["account.move"].create(
            [self._prepare_invoice_vals(account, 30) for account in (bad, good)]
        )
        with self.assertLogs(
            "odoo.addons.account_credit_posting.models.application.application_engine",
            "ERROR",
        ):
            invoices.action_post()
        self.assertPays(lines[bad], [])
        self.assertPays(lines[good], [(invoices[1], 10)])
        self.assertIn("ValueError", invoices[0].account_credit_error)
