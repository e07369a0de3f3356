from odoo import models


class SaleOrder(models.Model):
    """Take no money for gift cards that could not be sold."""

    _inherit = "sale.order"

    def _check_cart_is_ready_to_be_paid(self):
        result = super()._check_cart_is_ready_to_be_paid()
        self._check_gift_cards()
        return result
