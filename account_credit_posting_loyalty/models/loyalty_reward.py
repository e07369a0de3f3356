from odoo import api, models


class LoyaltyReward(models.Model):
    """Keep the reward of a program in the ledger what it must be."""

    _inherit = "loyalty.reward"

    @api.constrains(
        *("active", "program_id", "reward_type", "discount", "discount_mode"),
        *("discount_applicability", "discount_max_amount", "clear_wallet"),
    )
    def _check_program_in_ledger(self):
        self.program_id._check_in_ledger()
