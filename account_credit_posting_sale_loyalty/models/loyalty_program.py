from odoo import models


class LoyaltyProgram(models.Model):
    """Know the orders whose cards are not booked yet."""

    _inherit = "loyalty.program"

    def _find_open_documents(self):
        names = super()._find_open_documents()
        # Whoever takes over cards need not see all orders.
        orders_sudo = self.env["sale.order"].sudo()
        orders_sudo = orders_sudo.search(
            [
                ("state", "=", "sale"),
                "|",
                ("order_line.coupon_id.program_id", "=", self.id),
                ("coupon_point_ids.coupon_id.program_id", "=", self.id),
            ]
        )
        open_sudo = orders_sudo.filtered(
            lambda order: (
                order.invoice_status != "invoiced"
                or "draft" in order.invoice_ids.mapped("state")
            )
        )
        return [*names, *open_sudo.mapped("name")]
