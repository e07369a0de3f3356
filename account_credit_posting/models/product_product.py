from odoo import api, models


class ProductProduct(models.Model):
    """Credit items created as products keep free of the defaults of templates."""

    _inherit = "product.product"

    @api.model_create_multi
    def create(self, vals_list):
        """Create credit items before the defaults of sold products come in."""
        default = self.env.context.get("default_is_credit_item")
        templates = self.env["product.template"]
        for vals in vals_list:
            if vals.get("is_credit_item", default) and not vals.get("product_tmpl_id"):
                vals.update(templates._prepare_credit_item_vals(vals))
        return super().create(vals_list)
