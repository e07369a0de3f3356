from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """What customers may buy, per company."""

    _inherit = "res.config.settings"

    top_up_prepayments = fields.Boolean(
        related="company_id.top_up_prepayments", readonly=False
    )
    top_up_gift_cards = fields.Boolean(
        related="company_id.top_up_gift_cards", readonly=False
    )
    top_up_amounts = fields.Char(related="company_id.top_up_amounts", readonly=False)
    top_up_min = fields.Monetary(related="company_id.top_up_min", readonly=False)
    top_up_max = fields.Monetary(related="company_id.top_up_max", readonly=False)
