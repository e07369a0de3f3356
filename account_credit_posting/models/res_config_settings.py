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
    credit_application_policy = fields.Selection(
        related="company_id.credit_application_policy",
        readonly=False,
    )
    credit_application_days = fields.Integer(
        related="company_id.credit_application_days",
        readonly=False,
    )
    credit_apply_credit_notes = fields.Boolean(
        related="company_id.credit_apply_credit_notes",
        readonly=False,
    )
    credit_apply_payments = fields.Boolean(
        related="company_id.credit_apply_payments",
        readonly=False,
    )
