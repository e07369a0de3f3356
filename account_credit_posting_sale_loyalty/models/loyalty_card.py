from odoo import api, fields, models


class LoyaltyCard(models.Model):
    """Know what confirmed orders have of a card, until it is invoiced."""

    _inherit = "loyalty.card"

    sale_line_ids = fields.One2many(
        comodel_name="sale.order.line",
        inverse_name="coupon_id",
        string="Used on Orders",
        readonly=True,
    )

    @api.depends(
        "sale_line_ids.price_total",
        "sale_line_ids.state",
        "sale_line_ids.invoice_lines.parent_state",
        "sale_line_ids.invoice_lines.amount_currency",
    )
    def _compute_points(self):
        return super()._compute_points()

    def _find_reserving_lines(self):
        # Whoever uses a card need not see all orders that have some of it.
        lines_sudo = self.env["sale.order.line"].sudo()
        lines_sudo = lines_sudo.search(
            [("coupon_id", "in", self.ids), ("state", "=", "sale")]
        )
        return [*super()._find_reserving_lines(), lines_sudo]
