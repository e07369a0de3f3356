from odoo import fields, models

from odoo.addons.account_credit_posting.tools.posting import with_posting

from . import card_ledger


class AccountMove(models.Model):
    """Let cards in the ledger pay invoices as the discount that an order gives."""

    _inherit = "account.move"

    def _post(self, soft=True):
        today = fields.Date.context_today(self)
        using = card_ledger.find_using(
            # Odoo leaves what is dated ahead a draft.
            self.filtered(lambda move: not soft or move.date <= today)
        )
        if not using:
            return super()._post(soft=soft)
        card_ledger.prepare(using)
        # Whoever posts need not see stored value. What the lines draw was checked.
        posted = super(AccountMove, with_posting(using, "event"))._post(soft=soft)
        card_ledger.update(using)
        others = self - using
        return posted.with_env(self.env) | (others and others._post(soft=soft))

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        card_ledger.arrive(self.sudo().sold_value_ids)
        return result
