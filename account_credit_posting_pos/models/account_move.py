from odoo import models

from odoo.addons.account_credit_posting.tools.posting import with_posting

from . import till_sale


class AccountMove(models.Model):
    """Let the entry of a session book the gift cards that it sold or took back."""

    _inherit = "account.move"

    def _post(self, soft=True):
        # Whoever closes the session need not see stored value. The event was written by
        # the session: nobody else can say it of an entry.
        tills = self.filtered(
            lambda move: move.stored_value_event and move.sudo().pos_session_ids
        )
        if not tills:
            return super()._post(soft=soft)
        posted = super(AccountMove, with_posting(tills, "event"))._post(soft=soft)
        till_sale.update(tills)
        others = self - tills
        return posted.with_env(self.env) | (others and others._post(soft=soft))
