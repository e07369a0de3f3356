from odoo import models

from . import card_ledger


class AccountMoveLine(models.Model):
    """Know the loyalty card that a line sells, or pays with."""

    _inherit = "account.move.line"

    def _create_gift_card(self):
        value = super()._create_gift_card()
        card_ledger.sell(self, value)
        return value

    def _find_sold_card(self, program_sudo, value_sudo):
        """Return the card that an order made for what this line sells.

        :param program_sudo: of the card
        :param value_sudo: the gift card that this line sells
        :return: a sudoed ``loyalty.card``; none where it has to be made
        """
        return program_sudo.env["loyalty.card"]

    def _get_used_card(self):
        """Return the card in the ledger that this line pays with, or gives back to.

        :return: a sudoed ``loyalty.card``, or none
        """
        self.ensure_one()
        line_sudo = self.sudo()
        move_sudo = line_sudo.move_id
        # A credit note gives back what was used, whatever became of the order.
        if move_sudo.reversed_entry_id.stored_value_event == "use":
            return line_sudo._get_named_card()
        return line_sudo.env["loyalty.card"]

    def _get_order_lines(self):
        """Return the lines of orders that these lines are invoiced for."""
        return ()

    def _get_usable_amount(self):
        """Return the most that this line may use of its card: what its order says."""
        return 0

    def _find_used_items(self):
        """Return the posted items by which the same was used, and given back.

        :return: sudoed ``account.move.line`` records
        """
        invoice_sudo = self.sudo().move_id.reversed_entry_id
        moves_sudo = invoice_sudo | invoice_sudo.reversal_move_ids
        items_sudo = moves_sudo.line_ids.filtered(
            lambda item: item.stored_value_id and item.parent_state == "posted"
        )
        card_sudo = self._get_used_card()
        return items_sudo.filtered(lambda item: item._get_named_card() == card_sudo)

    def _get_named_card(self):
        """Return the card whose money this item names, also where it was moved."""
        value_sudo = self.sudo().stored_value_id
        return (value_sudo | value_sudo.origin_id).loyalty_card_id[:1]
