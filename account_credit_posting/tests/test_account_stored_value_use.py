from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueUseDialog(StoredValueCommon):
    """The dialog that pays one invoice, or several, with what is held."""

    def _open(self, record, user=None):
        action = record.with_user(user or self.clerk).action_use_stored_value()
        dialogs = self.env["account.stored.value.use"].with_user(user or self.clerk)
        return dialogs.browse(action["res_id"])

    def test_offers_in_order_and_proposes_what_the_rule_takes(self):
        card = self._issue(100)
        prepayment = self._issue(30, "prepayment")
        invoice = self._create_invoice(self.account, 50)
        self.assertTrue(invoice.with_user(self.clerk).has_stored_value)
        dialog = self._open(invoice)
        self.assertRecordValues(
            dialog.line_ids,
            [
                {"value_id": prepayment.id, "balance": 30, "amount": 30},
                {"value_id": card.id, "balance": 100, "amount": 20},
            ],
        )
        self.assertIn(invoice.name, dialog.preview)
        dialog.action_confirm()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual((prepayment.balance, card.balance), (0, 80))
        self.assertFalse(invoice.with_user(self.clerk).has_stored_value)

    def test_amount_is_the_users(self):
        card = self._issue(100)
        invoice = self._create_invoice(self.account, 95)
        with Form(self._open(invoice)) as form:
            with form.line_ids.edit(0) as line:
                line.amount = 60
            self.assertIn("60.00", form.preview)
        form.record.action_confirm()
        self.assertEqual((card.balance, invoice.amount_residual), (40, 35))
        [application] = invoice.credit_application_ids
        self.assertRecordValues(
            application,
            [
                {
                    "stored_value_id": card.id,
                    "amount": 60,
                    "origin": "user",
                    "state": "applied",
                }
            ],
        )
        [info] = invoice.invoice_payments_widget["content"]
        self.assertEqual(
            (info["credit_kind"], info["credit_label"]), ("Gift Card", card.name)
        )

    def test_several_invoices_earliest_due_first(self):
        card = self._issue(100)
        late = self._create_invoice(
            self.account,
            70,
            invoice_date_due="2024-05-01",
            invoice_payment_term_id=False,
        )
        early = self._create_invoice(
            self.account,
            60,
            invoice_date_due="2024-04-01",
            invoice_payment_term_id=False,
        )
        self._open(self.account).action_confirm()
        self.assertEqual((early.amount_residual, late.amount_residual), (0, 30))
        self.assertEqual(card.state, "used")

    def test_more_than_is_left(self):
        self._issue(100)
        dialog = self._open(self._create_invoice(self.account, 500))
        for amount in (100.01, -1):
            dialog.line_ids.amount = amount
            with self.assertRaisesRegex(UserError, "100.00 left"):
                dialog.action_confirm()

    def test_nothing_to_pay(self):
        self._issue(100)
        dialog = self._open(self.account)
        self.assertFalse(dialog.invoice_ids)
        with self.assertRaisesRegex(UserError, "Nothing was paid"):
            dialog.action_confirm()

    def test_preview_of_a_credit_tells_what_is_used_by_itself(self):
        self.company.auto_apply_prepayments = True
        invoice = self._create_invoice(self.account, 90)
        # Issued after the invoice: it pays on the next occasion.
        prepayment = self._issue(50, "prepayment")
        transaction = self.env["account.post.transaction"].create(
            {
                "step": "setup",
                "company_id": self.company.id,
                "credit_item_id": self.item.id,
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": 60})
                ],
            }
        )
        [row] = transaction.preview["accounts"]
        self.assertEqual([pay["amount"] for pay in row["pays"]], [60])
        [also] = row["also"]
        self.assertEqual(
            (also["source"], also["invoice_id"], also["amount"]),
            (prepayment.name, invoice.id, 30),
        )
        transaction.action_post()
        self.assertEqual((prepayment.balance, invoice.amount_residual), (20, 0))

    def test_rights(self):
        self._issue(100)
        invoice = self._create_invoice(self.account, 50)
        with self.assertRaises(AccessError):
            self._open(invoice, self.accountant)
        dialog = self._open(invoice)
        with self.assertRaises(AccessError):
            dialog.with_user(self.manager).read(["partner_id"])

    def test_other_companies_value_is_no_use(self):
        company = self._create_company(name="Other")
        self.clerk.company_ids += company
        value = self.values.with_user(self.clerk).with_company(company)
        answer = value.issue("gift_card", self.account.id, 50, "promotion")
        invoice = self._create_invoice(self.account, 50)
        self.assertFalse(invoice.with_user(self.clerk).has_stored_value)
        dialog = self._open(invoice)
        self.assertFalse(dialog.line_ids)
        dialog.line_ids.create(
            {"use_id": dialog.id, "value_id": answer["id"], "amount": 50}
        )
        with self.assertRaises(UserError):
            dialog.action_confirm()
        self.assertEqual(invoice.amount_residual, 50)
