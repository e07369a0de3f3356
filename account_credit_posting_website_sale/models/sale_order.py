from odoo import models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    """Take no money for what a cart could not sell, and a cart as a whole."""

    _inherit = "sale.order"

    def _check_cart_is_ready_to_be_paid(self):
        result = super()._check_cart_is_ready_to_be_paid()
        self._check_gift_cards()
        return result

    def _check_pays_with_balance(self, amount):
        result = super()._check_pays_with_balance(amount)
        if self._is_cart():
            # The customer may have changed it in another tab.
            self._check_cart_is_ready_to_be_paid()
            if self.currency_id.compare_amounts(amount, self.amount_total):
                raise UserError(
                    self.env._(
                        "The cart has been updated. Nothing was used. Check the "
                        "cart, then pay again."
                    )
                )
        return result

    def _get_payment_url(self):
        if self._is_cart():
            return "/shop/payment"
        return super()._get_payment_url()

    def _is_cart(self):
        """Tell whether this is not ordered yet in the shop."""
        self.ensure_one()
        return bool(self.website_id) and self.state == "draft"
