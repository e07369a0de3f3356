from odoo import api, fields, models

from ...const import BOOKINGS

#: What a credit does to VAT, as its item says. An item that says nothing is the one or
#: the other by its taxes.
TREATMENTS = [
    ("price_reduction", "Price Reduction"),
    ("compensation", "Compensation"),
]


class AccountCreditVat(models.AbstractModel):
    """What has a credit item, and decides whose taxes its credits lower, and when."""

    _name = "account.credit.vat"
    _inherit = "account.credit.guard"
    _description = "VAT of Credits"

    credit_item_id = fields.Many2one(comodel_name="product.product")
    credit_vat_treatment = fields.Selection(
        related="credit_item_id.credit_vat_treatment",
        string="VAT",
    )
    use_invoice_taxes = fields.Boolean(
        string="Taxes of the Invoice",
        compute="_compute_use_invoice_taxes",
        store=True,
        readonly=False,
        help="A credit that names an invoice lowers the taxes of that invoice, each "
        "in proportion to the amount invoiced with it: the amount of the credit "
        "includes them. Otherwise, or if no invoice is named, the taxes of the credit "
        "item apply.",
        written_by=("draft", "posting"),
    )
    credit_booking = fields.Selection(
        selection=BOOKINGS,
        string="Booked",
        compute="_compute_credit_booking",
        store=True,
        readonly=False,
        copy=False,
        help="When given: each credit is posted at once. When used: nothing is posted "
        "until the credit pays an invoice, and then only that part.",
        written_by=("draft", "posting"),
    )

    @api.depends("credit_item_id")
    def _compute_credit_booking(self):
        # As below: what was given stays as it was given.
        for record in self:
            record.credit_booking = record.credit_item_id.credit_booking or "given"

    @api.depends("credit_item_id")
    def _compute_use_invoice_taxes(self):
        # Not of the treatment: what was decided stays when the item changes.
        for record in self:
            item = record.credit_item_id
            record.use_invoice_taxes = item.credit_vat_treatment == "price_reduction"
