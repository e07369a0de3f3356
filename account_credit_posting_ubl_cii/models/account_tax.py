from odoo import fields, models


class AccountTax(models.Model):
    """The tax of 0 % that says of a line of an electronic invoice: this is no sale."""

    _inherit = "account.tax"

    is_no_sale = fields.Boolean(
        string="Not a Sale",
        copy=False,
        readonly=True,
        help="For credits and gift cards: outside the scope of value added tax, "
        "category O of EN 16931, or what the country has instead. It charges nothing "
        "and is on no tax report.",
    )
