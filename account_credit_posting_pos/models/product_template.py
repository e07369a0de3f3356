from odoo import api, models
from odoo.exceptions import UserError


class ProductTemplate(models.Model):
    """Tell tills which products are gift cards."""

    _inherit = "product.template"

    @api.model
    def _load_pos_data_fields(self, config):
        return [*super()._load_pos_data_fields(config), "is_gift_card"]

    def _check_not_in_ledger(self):
        # What an open session has sold is booked as it was sold.
        lines_sudo = self.env["pos.order.line"].sudo()
        sold = lines_sudo.search(
            [
                ("product_id.product_tmpl_id", "in", self.ids),
                ("order_id.session_id.state", "!=", "closed"),
            ],
            limit=1,
        )
        if sold:
            raise UserError(
                self.env._(
                    "%(item)s was sold in %(session)s and cannot be changed until "
                    "that session is closed.",
                    item=sold.product_id.display_name,
                    session=sold.order_id.session_id.name,
                )
            )
        return super()._check_not_in_ledger()
