from odoo import models


class AccountMoveLine(models.Model):
    """Know the loyalty card that a line sells, or pays with, of its order."""

    _inherit = "account.move.line"

    def _find_sold_card(self, program_sudo, value_sudo):
        found_sudo = super()._find_sold_card(program_sudo, value_sudo)
        entries_sudo = self.sudo().sale_line_ids.order_id.coupon_point_ids
        entries_sudo = entries_sudo.filtered(
            lambda entry: entry.coupon_id.program_id == program_sudo
        )
        if program_sudo.program_type == "ewallet":
            return found_sudo or entries_sudo.coupon_id[:1]
        # One card for each unit, that of the same amount first.
        entries_sudo = entries_sudo.filtered(
            lambda entry: not entry.coupon_id.stored_value_ids
        ).sorted(
            lambda entry: bool(
                value_sudo.currency_id.compare_amounts(
                    entry.points, value_sudo.initial_amount
                )
            )
        )
        return found_sudo or entries_sudo[:1].coupon_id

    def _get_used_card(self):
        card_sudo = super()._get_used_card()
        lines_sudo = self.sudo()._get_order_lines()
        if card_sudo or not lines_sudo:
            return card_sudo
        # What was invoiced before the program was kept in the ledger drew on nothing.
        if self.move_id.move_type == "out_refund" and not self._find_posted_items():
            return card_sudo
        return lines_sudo[0].coupon_id

    def _get_order_lines(self):
        lines = [line for line in self.sale_line_ids if line._pays_from_ledger()]
        return [*super()._get_order_lines(), *lines]

    def _get_usable_amount(self):
        lines_sudo = self.sudo().sale_line_ids
        return super()._get_usable_amount() + sum(
            line._get_unbooked_amount() for line in lines_sudo
        )

    def _find_used_items(self):
        return super()._find_used_items() | self._find_posted_items()

    def _find_posted_items(self):
        """Return what posted documents of the same order line drew, or gave back."""
        items_sudo = self.sudo().sale_line_ids.invoice_lines
        return items_sudo.filtered(
            lambda item: item.stored_value_id and item.parent_state == "posted"
        )
