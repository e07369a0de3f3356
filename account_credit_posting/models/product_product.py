from odoo import api, models


class ProductProduct(models.Model):
    """Credit items that are created as products, not as templates."""

    _inherit = "product.product"

    @api.model_create_multi
    def create(self, vals_list):
        """Complete credit items before the defaults of sold products come in."""
        templates = self.env["product.template"]
        return super().create(templates._complete_credit_item_vals(vals_list))
