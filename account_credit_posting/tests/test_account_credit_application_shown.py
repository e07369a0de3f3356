from odoo.tests import tagged

from .common_application import AccountCreditApplicationCommon


@tagged("post_install", "-at_install")
class TestShown(AccountCreditApplicationCommon):
    """On the invoice, in print, and on the account."""

    def test_payment_area_names_the_credit(self):
        invoice = self._create_invoice(self.account, 100)
        line = self._post_line(40, private_comment="Office only")
        [content] = invoice.invoice_payments_widget["content"]
        self.assertEqual(content["credit_label"], self.item.name)
        self.assertFalse(content["is_refund"])
        self.assertEqual(content["amount"], 40)
        self.assertIn("Earliest due", content["credit_decision"])
        self.assertEqual(content["move_id"], line.move_id.id)

    def test_print_has_a_line_per_credit(self):
        invoice = self._create_invoice(self.account, 100)
        self._post_line(40, private_comment="Office only")
        second = self._create_credit_item("Missed Class")
        self._post_line(5, credit_item_id=second.id)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.account_invoices", invoice.ids)[0]
            .decode()
        )
        for text in ("Goodwill", "Missed Class", "40.00", "5.00", "55.00"):
            self.assertIn(text, html)
        self.assertEqual(html.count("credited on"), 2)
        self.assertNotIn("Reversed on", html)
        self.assertNotIn("Office only", html)
        self.assertNotIn("Earliest due", html)

    def test_print_of_a_reversal_is_odoos(self):
        invoice = self._create_invoice(self.account, 100)
        invoice._reverse_moves(cancel=True)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("account.account_invoices", invoice.ids)[0]
            .decode()
        )
        self.assertIn("Reversed on", html)

    def test_account_lists_open_credits(self):
        invoice = self._create_invoice(self.account, 15)
        lines = self._post_line(10, public_comment="Sorry") | self._post_line(10)
        account = self.account.with_user(self.clerk)
        self.assertRecordValues(
            account.open_credit_line_ids,
            [{"id": lines[1].id, "amount_open": 5, "amount_applied": 5}],
        )
        self.assertEqual(account.account_credit_balance, 5)
        self.assertEqual(account.credit_application_ids.invoice_id, invoice)
        view = account.action_view_billing()["views"][0][0]
        self.assertIn(
            "open_credit_line_ids",
            account.get_view(view, "form")["arch"],
        )
