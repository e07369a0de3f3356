from odoo import models


class AccountMoveLine(models.Model):
    """Know the loyalty card that an order at the till pays its invoice with."""

    _inherit = "account.move.line"

    def _get_used_card(self):
        card_sudo = super()._get_used_card()
        if card_sudo or self.move_id.move_type != "out_invoice":
            return card_sudo
        named_sudo = self._get_named_card()
        lines_sudo = self.sudo().move_id.pos_order_ids.lines
        return named_sudo & lines_sudo._get_used_card()

    def _get_order_lines(self):
        lines_sudo = self.sudo().move_id.pos_order_ids.lines
        cards_sudo = [line._get_named_card() for line in self]
        return [
            *super()._get_order_lines(),
            *lines_sudo.filtered(lambda line: line._get_used_card() in cards_sudo),
        ]

    def _get_usable_amount(self):
        lines_sudo = self.sudo().move_id.pos_order_ids.lines
        card_sudo = self._get_named_card()
        return super()._get_usable_amount() + sum(
            line._get_used_amount()
            for line in lines_sudo
            if card_sudo and line._get_used_card() == card_sudo
        )
