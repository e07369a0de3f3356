from odoo import api, models


class SaleAdvancePaymentInv(models.TransientModel):
    """Refuse a down payment on gift cards where it is chosen."""

    _inherit = "sale.advance.payment.inv"

    @api.onchange("advance_payment_method")
    def _onchange_advance_payment_method(self):
        self._check_gift_cards_without_down_payment()
        return super()._onchange_advance_payment_method()

    @api.constrains("advance_payment_method", "sale_order_ids")
    def _check_gift_cards_without_down_payment(self):
        for wizard in self:
            if wizard.advance_payment_method != "delivered":
                wizard.sale_order_ids._check_gift_cards_without_down_payment()
