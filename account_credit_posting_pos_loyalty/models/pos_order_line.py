from odoo import models
from odoo.exceptions import UserError

from odoo.addons.account_credit_posting_loyalty.models import card_ledger

#: What a paid order has used of a card stays, until it is booked and afterwards.
USED_FIELDS = frozenset(
    (
        *("order_id", "product_id", "qty", "price_unit", "discount", "tax_ids"),
        *("price_subtotal", "price_subtotal_incl", "coupon_id", "reward_id"),
    )
)


class PosOrderLine(models.Model):
    """Know what a line uses of a card that is kept in the ledger."""

    _inherit = "pos.order.line"

    def _pays_from_ledger(self):
        """Tell whether this pays with a card that is kept in the ledger."""
        self.ensure_one()
        return card_ledger.is_used_by(self)

    def _get_used_card(self):
        """Return the cards in the ledger that these pay with, with all rights."""
        lines_sudo = self.sudo().filtered(lambda line: line._pays_from_ledger())
        return lines_sudo.coupon_id

    def _get_used_amount(self):
        """Return what this uses of its card, as its currency rounds it."""
        self.ensure_one()
        return self.order_id.currency_id.round(-self.price_subtotal_incl)

    def _get_unbooked_amount(self):
        """Return what this has of its card, and neither session nor invoice has booked.

        In the currency of the order, which is that of the card; 0 where it is not paid.
        """
        self.ensure_one()
        order_sudo = self.sudo().order_id
        if (
            order_sudo.state not in ("paid", "done")
            or order_sudo.account_move.state == "posted"
            or order_sudo.session_id.move_id.state == "posted"
            or not self._pays_from_ledger()
        ):
            return 0
        return max(0, self._get_used_amount())

    def write(self, vals):
        """Keep what a paid order has used of a card.

        :raise UserError: when it would change
        """
        names = USED_FIELDS & vals.keys()
        for line in self if names else self.browse():
            if line.order_id.state != "draft" and line._pays_from_ledger():
                self._refuse_use_change(line, {name: vals[name] for name in names})
        return super().write(vals)

    def _refuse_use_change(self, line, vals):
        moves = self.env["account.move"]
        if any(moves._field_will_change(line, vals, name) for name in vals):
            raise UserError(
                self.env._(
                    "%(order)s is paid: the amount that it used of a gift card or "
                    "wallet cannot be changed.",
                    order=line.order_id.name,
                )
            )

    def _prepare_base_line_for_taxes_computation(self):
        base_line = super()._prepare_base_line_for_taxes_computation()
        value_sudo = self._get_used_card().stored_value_ids
        if value_sudo:
            base_line["account_id"] = value_sudo.liability_account_id
        return base_line
