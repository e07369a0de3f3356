from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Whether customers pay orders with their account, per company."""

    _inherit = "res.config.settings"

    portal_pay_orders = fields.Boolean(
        related="company_id.portal_pay_orders", readonly=False
    )
