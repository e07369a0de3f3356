from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.account_credit_posting.models.stored_value import gift_card_sale
from odoo.addons.account_credit_posting_loyalty.models import card_ledger, flow


class SaleOrder(models.Model):
    """Sell and use the cards of loyalty programs that are kept in the ledger."""

    _inherit = "sale.order"

    def _get_reward_values_discount(self, reward, coupon, **kwargs):
        if not reward.program_id.is_in_ledger:
            return super()._get_reward_values_discount(reward, coupon, **kwargs)
        card_ledger.check_place(coupon.sudo(), self)
        self._check_sells_no_gift_cards()
        # What is used is money: exactly so much, to the cent and without tax.
        return [
            {
                **vals,
                "price_unit": -vals["points_cost"],
                "tax_ids": [Command.clear()],
            }
            for vals in super()._get_reward_values_discount(reward, coupon, **kwargs)
        ]

    def _check_sells_no_gift_cards(self):
        """Check that gift cards, and top-ups, are paid with money.

        :raise UserError: names the order
        """
        if self._get_gift_card_lines():
            card_ledger.raise_sells_cards(self)

    def _get_ledger_lines(self):
        """Return the lines that pay with a card in the ledger."""
        return self.order_line.filtered(lambda line: line._pays_from_ledger())

    def action_confirm(self):
        """Reserve what orders use of cards in the ledger.

        Of two orders at once the second finds what the first has left.

        :raise UserError: when a card has less left, or cannot pay this order
        """
        for order in self:
            order._check_ledger_cards()
        result = super(SaleOrder, flow.with_flow(self)).action_confirm()
        card_ledger.check_covered(self._get_ledger_lines().sudo().coupon_id)
        return result

    def _check_ledger_cards(self):
        """Check what this is about to sell, or to use, of cards in the ledger.

        :raise UserError: when it cannot
        """
        self.ensure_one()
        card_ledger.check_sold(self._get_gift_card_lines(), self)
        lines = self._get_ledger_lines()
        if not lines:
            return
        self._check_sells_no_gift_cards()
        for line in lines:
            card_ledger.check_place(line.sudo().coupon_id, self)
            if not gift_card_sale.is_untaxed(line.tax_ids):
                raise UserError(
                    self.env._(
                        "%(line)s of %(order)s pays with a gift card or wallet and "
                        "cannot be taxed. Remove its taxes.",
                        line=line.name,
                        order=self.name,
                    )
                )

    def _action_cancel(self):
        # The money of a card that is sold stays, whatever becomes of its order.
        entries_sudo = self.sudo().coupon_point_ids
        entries_sudo.filtered(lambda entry: entry.coupon_id.stored_value_ids).unlink()
        return super(SaleOrder, flow.with_flow(self))._action_cancel()

    def _add_points_for_coupon(self, coupon_points):
        return super()._add_points_for_coupon(
            {flow.with_flow(card): points for card, points in coupon_points.items()}
        )
