from odoo import models

from . import till_sale


class AccountMoveLine(models.Model):
    """Let the invoice of an order at the till sell the gift cards of that order."""

    _inherit = "account.move.line"

    def _create_gift_card(self):
        value = self.stored_value_id
        if not value or value.pos_line_id.order_id not in self.move_id.pos_order_ids:
            return super()._create_gift_card()
        till_sale.bill(self, value)
        return value
