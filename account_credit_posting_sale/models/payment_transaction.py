from odoo import models
from odoo.exceptions import UserError
from odoo.tools import str2bool


class PaymentTransaction(models.Model):
    """Invoice an order that sells gift cards as soon as it is paid online."""

    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        confirmed = super()._check_amount_and_confirm_order()
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        if str2bool(parameters_sudo.get_param("sale.automatic_invoice")):
            # Odoo does so next.
            return confirmed
        # It is the invoice that sells a card.
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
        transactions = self.filtered(lambda tx: tx._may_invoice_gift_cards())
        return super(PaymentTransaction, transactions)._invoice_sale_orders()

    def _may_invoice_gift_cards(self):
        """Tell whether the gift cards of the orders, if any, can be invoiced.

        Where they cannot be sold the order says why: what is paid stays open on the
        account.
        """
        orders = self.sale_order_ids
        if not orders._get_gift_card_lines():
            return True
        if self.invoice_ids and not orders._get_unbilled_gift_card_lines():
            # Repeated, Odoo would forget the invoice of the transaction, and bill again
            # what a credit note took back.
            return False
        try:
            orders._check_gift_cards()
        except UserError as error:
            for order in orders:
                order.message_post(body=self.env._("Paid, but not invoiced: %s", error))
            return False
        return True
