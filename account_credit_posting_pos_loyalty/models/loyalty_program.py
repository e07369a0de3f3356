from odoo import models
from odoo.fields import Domain


class LoyaltyProgram(models.Model):
    """Know the sessions whose cards are not booked yet."""

    _inherit = "loyalty.program"

    def _find_open_documents(self):
        names = super()._find_open_documents()
        # Whoever takes over cards need not see tills.
        lines_sudo = self.env["pos.order.line"].sudo()
        lines_sudo = lines_sudo.search(
            Domain("order_id.session_id.state", "!=", "closed")
            & (
                Domain("coupon_id.program_id", "=", self.id)
                | Domain("product_id", "in", self.rule_ids.product_ids.ids)
            )
        )
        return [*names, *lines_sudo.order_id.session_id.mapped("name")]
