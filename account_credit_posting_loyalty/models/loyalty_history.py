from odoo import api, models
from odoo.exceptions import UserError

from . import flow


class LoyaltyHistory(models.Model):
    """Let orders alone write the history of cards in the ledger."""

    _inherit = "loyalty.history"

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse a history that nothing happened for.

        :raise UserError: for a card in the ledger, where no order writes it
        """
        lines = super().create(vals_list)
        lines._check_happened()
        return lines

    def write(self, vals):
        """Refuse a history that nothing happened for.

        :raise UserError: for a card in the ledger, where no order writes it
        """
        self._check_happened()
        result = super().write(vals)
        self._check_happened()
        return result

    def _check_happened(self):
        if flow.is_flow(self.env):
            return
        for card in self.card_id._filter_kept():
            raise UserError(
                self.env._(
                    "%(card)s is kept in the ledger: its history is written by orders "
                    "and tills. Correct its gift card under Invoicing instead.",
                    card=card.display_name,
                )
            )
