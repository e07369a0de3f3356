from odoo import api, models


class SaleOrderLine(models.Model):
    """Let an order have gift cards or a down payment, wherever either is made."""

    _inherit = "sale.order.line"

    @api.constrains("product_id", "is_downpayment", "order_id")
    def _check_gift_cards_without_down_payment(self):
        orders = self.order_id.filtered(
            lambda order: any(line.is_downpayment for line in order.order_line)
        )
        orders._check_gift_cards_without_down_payment()
