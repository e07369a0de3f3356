from odoo import api, models
from odoo.tools import float_compare


class SaleOrderLine(models.Model):
    """Let an order have gift cards or a down payment, wherever either is made."""

    _inherit = "sale.order.line"

    @api.constrains("product_id", "is_downpayment", "order_id")
    def _check_gift_cards_without_down_payment(self):
        orders = self.order_id.filtered(
            lambda order: any(line.is_downpayment for line in order.order_line)
        )
        orders._check_gift_cards_without_down_payment()

    def _has_unbilled_gift_cards(self):
        """Tell whether this sells more gift cards than its invoices do."""
        self.ensure_one()
        # Invoices are not everybody's to read.
        invoiced_sudo = self.sudo().invoice_lines.filtered(
            lambda line: (
                line.parent_state != "cancel"
                and line.move_id.move_type == "out_invoice"
            )
        )
        return (
            float_compare(
                self.product_uom_qty,
                sum(invoiced_sudo.mapped("quantity")),
                precision_digits=6,
            )
            > 0
        )
