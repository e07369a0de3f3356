from odoo import models

from . import till_cards


class PosSession(models.Model):
    """Draw on each card that an order used with an item of its own."""

    _inherit = "pos.session"

    def _create_account_move(
        self,
        balancing_account=False,
        amount_to_balance=0,
        bank_payment_method_diffs=None,
    ):
        data = super()._create_account_move(
            balancing_account, amount_to_balance, bank_payment_method_diffs
        )
        till_cards.set_event(self)
        return data

    def _get_sale_key(self, base_line):
        key = super()._get_sale_key(base_line)
        value_sudo = base_line["record"]._get_used_card().stored_value_ids
        return {**key, "used_value_id": value_sudo.id} if value_sudo else key

    def _get_sale_vals(self, key, sale_vals):
        vals = super()._get_sale_vals(key, sale_vals)
        if value_id := key.get("used_value_id"):
            value_sudo = self.env["account.stored.value"].sudo().browse(value_id)
            vals |= till_cards.get_item_vals(value_sudo)
        return vals
