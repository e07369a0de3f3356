from odoo import models


class PaymentTransaction(models.Model):
    """Invoice an order that sells gift cards as soon as it is paid online."""

    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        confirmed = super()._check_amount_and_confirm_order()
        # It is the invoice that sells a card, also where invoices are not automatic.
        for transaction in self.filtered(lambda tx: tx.state == "done"):
            orders = transaction.sale_order_ids
            if orders._get_unbilled_gift_card_lines() and all(
                order._is_paid() for order in orders
            ):
                invoices = transaction.invoice_ids
                transaction._invoice_sale_orders()
                transaction.invoice_ids |= invoices
        return confirmed

    def _invoice_sale_orders(self):
        # Repeated, Odoo would forget the invoice of the transaction, and bill again
        # what a credit note took back.
        billed = self.filtered(
            lambda tx: (
                tx.invoice_ids
                and tx.sale_order_ids._get_gift_card_lines()
                and not tx.sale_order_ids._get_unbilled_gift_card_lines()
            )
        )
        return super(PaymentTransaction, self - billed)._invoice_sale_orders()
