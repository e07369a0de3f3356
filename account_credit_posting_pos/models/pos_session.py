from odoo import models

from . import till_sale


class PosSession(models.Model):
    """Book each gift card with an item of its own when the session is closed."""

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
        till_sale.set_event(self.move_id)
        return data

    def _get_sale_key(self, base_line):
        key = super()._get_sale_key(base_line)
        value_sudo = base_line["record"]._get_gift_card()
        return {**key, "stored_value_id": value_sudo.id} if value_sudo else key

    def _get_sale_vals(self, key, sale_vals):
        vals = super()._get_sale_vals(key, sale_vals)
        if value_id := key.get("stored_value_id"):
            value_sudo = self.env["account.stored.value"].sudo().browse(value_id)
            vals |= till_sale.get_item_vals(value_sudo, is_sold=key["sign"] > 0)
        return vals
