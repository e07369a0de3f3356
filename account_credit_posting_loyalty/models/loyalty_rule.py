from odoo import api, models


class LoyaltyRule(models.Model):
    """Keep the rule of a program in the ledger what it must be."""

    _inherit = "loyalty.rule"

    @api.constrains(
        *("active", "program_id", "product_ids", "product_domain", "product_tag_id"),
        *("product_category_id", "reward_point_amount", "reward_point_mode"),
        "reward_point_split",
    )
    def _check_program_in_ledger(self):
        self.program_id._check_in_ledger()
