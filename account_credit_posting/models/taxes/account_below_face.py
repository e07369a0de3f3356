from odoo import fields, models

from ...const import TAX_POLICIES


class AccountBelowFace(models.AbstractModel):
    """What of a gift card nobody paid for, and what that does to taxes.

    A card that is sold for less than it is worth is two liabilities: what was paid is
    owed on the account of gift cards sold, the rest on that of cards given away. Each
    use takes of both in proportion.
    """

    _name = "account.below.face"
    _inherit = "account.credit.guard"
    _description = "Gift Card Sold Below Its Value"

    currency_id = fields.Many2one(comodel_name="res.currency")
    tax_policy = fields.Selection(
        selection=TAX_POLICIES,
        string="Tax When Used",
        readonly=True,
        help="The effect of its use on the tax of an invoice, as far as it was given "
        "away: as set on the product or in the settings when it was issued.",
        written_by="event",
    )
    given_amount = fields.Monetary(
        string="Discount Given",
        readonly=True,
        copy=False,
        help="The difference between its value and the price paid.",
        written_by="event",
    )
    given_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Liability of the Discount",
        readonly=True,
        copy=False,
        help="Where the part that was given away is owed, as set at issue.",
        written_by="event",
    )

    def _sum_given(self):
        """Return what is left of the part that nobody paid for.

        :return: ``(in its currency, in company currency)``
        """
        self.ensure_one()
        if not self.given_account_id:
            return 0, 0
        [[amount, balance]] = self.env["account.move.line"]._read_group(
            [
                ("stored_value_id", "=", self.id),
                ("account_id", "=", self.given_account_id.id),
                ("parent_state", "=", "posted"),
            ],
            [],
            ["amount_currency:sum", "balance:sum"],
        )
        return (
            self.currency_id.round(-amount),
            self.company_id.currency_id.round(-balance),
        )
