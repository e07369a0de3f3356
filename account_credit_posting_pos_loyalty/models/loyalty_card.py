from odoo import api, fields, models


class LoyaltyCard(models.Model):
    """Know what tills have of a card, until their session is booked."""

    _inherit = "loyalty.card"

    pos_line_ids = fields.One2many(
        comodel_name="pos.order.line",
        inverse_name="coupon_id",
        string="Used at Tills",
        readonly=True,
    )

    @api.depends(
        "pos_line_ids.price_subtotal_incl",
        "pos_line_ids.order_id.state",
        "pos_line_ids.order_id.account_move.state",
        "pos_line_ids.order_id.session_id.move_id.state",
    )
    def _compute_points(self):
        return super()._compute_points()

    def _find_reserving_lines(self):
        # Whoever uses a card need not see the orders of tills.
        lines_sudo = self.env["pos.order.line"].sudo()
        lines_sudo = lines_sudo.search(
            [
                ("coupon_id", "in", self.ids),
                ("order_id.state", "in", ("paid", "done")),
                ("order_id.session_id.state", "!=", "closed"),
            ]
        )
        return [*super()._find_reserving_lines(), lines_sudo]
