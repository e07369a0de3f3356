from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.account_credit_posting.const import BILLING_GROUPS

#: What a gift card was sold for stays, until the session is booked and afterwards.
SOLD_FIELDS = frozenset(
    (
        *("order_id", "product_id", "qty", "price_unit", "discount", "tax_ids"),
        "refunded_orderline_id",
    )
)


class PosOrderLine(models.Model):
    """Know the gift card that a line sells, or takes back."""

    _inherit = "pos.order.line"

    gift_card_ids = fields.One2many(
        comodel_name="account.stored.value",
        inverse_name="pos_line_id",
        string="Gift Card Sold",
        readonly=True,
        groups=BILLING_GROUPS,
        help="The gift card that this line sold; one at most.",
    )
    # Who works at the till sees which card it is, and no more of it.
    gift_card_name = fields.Char(related="gift_card_ids.name", string="Gift Card")

    @api.model
    def _load_pos_data_fields(self, config):
        return [*super()._load_pos_data_fields(config), "gift_card_name"]

    def write(self, vals):
        """Keep what a gift card was sold for.

        :raise UserError: when it would change
        """
        names = SOLD_FIELDS & vals.keys()
        for line in self if names else self.browse():
            if line._get_gift_card() and line.order_id.state != "draft":
                self._refuse_change(line, {name: vals[name] for name in names})
        return super().write(vals)

    def _refuse_change(self, line, vals):
        moves = self.env["account.move"]
        if any(moves._field_will_change(line, vals, name) for name in vals):
            raise UserError(
                self.env._(
                    "%(order)s is paid: the gift cards that it sold cannot be "
                    "changed. Refund it instead.",
                    order=line.order_id.name,
                )
            )

    def _sells_gift_cards(self):
        """Tell whether a line sells gift cards, or would."""
        self.ensure_one()
        return self.product_id.is_gift_card and not self.refunded_orderline_id

    def _takes_back_gift_cards(self):
        """Tell whether a line takes back a gift card, or would."""
        self.ensure_one()
        return bool(
            self.refunded_orderline_id
            and (self.product_id.is_gift_card or self._get_gift_card())
        )

    def _get_gift_card(self):
        """Return the gift card that a line sold or takes back, with all rights."""
        self.ensure_one()
        line_sudo = self.sudo()
        return (line_sudo.refunded_orderline_id or line_sudo).gift_card_ids

    def _prepare_base_line_for_taxes_computation(self):
        base_line = super()._prepare_base_line_for_taxes_computation()
        value_sudo = self._get_gift_card()
        if value_sudo:
            # Where it is owed, whatever the fiscal position or the settings say now.
            base_line["account_id"] = value_sudo.liability_account_id
        return base_line
