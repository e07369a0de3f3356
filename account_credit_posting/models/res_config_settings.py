from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Settings of account credits, per company."""

    _inherit = "res.config.settings"

    credit_journal_id = fields.Many2one(
        related="company_id.credit_journal_id",
        readonly=False,
    )
    credit_account_id = fields.Many2one(
        related="company_id.credit_account_id",
        readonly=False,
    )
