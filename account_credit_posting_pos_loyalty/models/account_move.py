from odoo import models

from odoo.addons.account_credit_posting_loyalty.models import card_ledger


class AccountMove(models.Model):
    """Let wallets have what a session has sold for them, once it is booked."""

    _inherit = "account.move"

    def _post(self, soft=True):
        tills = self.filtered(
            lambda move: move.stored_value_event and move.sudo().pos_session_ids
        )
        posted = super()._post(soft=soft)
        card_ledger.arrive(tills.sudo().line_ids.stored_value_id)
        return posted
