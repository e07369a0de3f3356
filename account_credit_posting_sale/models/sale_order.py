from odoo import models
from odoo.exceptions import UserError, ValidationError


class SaleOrder(models.Model):
    """Bill gift cards as a whole: a down payment would be one for nothing."""

    _inherit = "sale.order"

    def _generate_downpayment_invoices(self):
        # What was paid stays open on the account, and pays the invoice.
        orders = self.filtered(lambda order: not order._get_gift_card_lines())
        return super(SaleOrder, orders)._generate_downpayment_invoices()

    def _get_gift_card_lines(self):
        return self.order_line.filtered("product_id.is_gift_card")

    def _get_unbilled_gift_card_lines(self):
        """Return the lines whose gift cards are on no invoice, taken back or not."""
        return self._get_gift_card_lines().filtered(
            lambda line: line._has_unbilled_gift_cards()
        )

    def _check_gift_cards(self):
        """Check that the gift cards of these orders can be sold as they are.

        :raise UserError: names the line, or the order where its other lines pay for a
            part of them
        """
        for order in self:
            lines = order._get_gift_card_lines()
            lines._check_gift_cards()
            others = order.order_line - lines
            total = sum(others.mapped("price_total"))
            if lines and order.currency_id.compare_amounts(total, 0) < 0:
                raise UserError(
                    self.env._(
                        "%(order)s would cost less than its gift cards are worth: the "
                        "other lines come to %(total)s. Order gift cards separately.",
                        order=order.name,
                        total=order.currency_id.format(total),
                    )
                )

    def _check_gift_cards_without_down_payment(self):
        """Check that orders with gift cards get no down payment.

        :raise ValidationError: names the order and what it sells
        """
        for order in self:
            if lines := order._get_gift_card_lines():
                raise ValidationError(
                    self.env._(
                        "%(order)s sells %(products)s. A gift card is invoiced in "
                        "full, without a down payment: create a regular invoice, or "
                        "sell it on an order of its own.",
                        order=order.name,
                        products=", ".join(lines.product_id.mapped("display_name")),
                    )
                )
