from odoo import models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import float_compare

from odoo.addons.account_credit_posting.models.billing.customer_page import (
    CustomerPage,
)
from odoo.addons.account_credit_posting.models.billing.invoice_payment import (
    AccountBalance,
)

from ..const import PROVIDER_CODE


class SaleOrder(models.Model):
    """Sell gift cards, and be paid with what is on the account.

    Gift cards are billed as a whole: a down payment would be one for nothing.
    """

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

    # -------------------------------------------------------------------------
    # PAID WITH THE ACCOUNT BALANCE
    # -------------------------------------------------------------------------

    def _get_balance(self, user):
        """Return what a user may pay this order with.

        Only a customer of the very account that the invoice is for: a link with a token
        shows an order, and opens nobody's account. A gift card takes money.

        :return: an ``AccountBalance``; None where the user may not
        """
        self.ensure_one()
        page = user.share and CustomerPage.of_user(user, self.company_id)
        if (
            not page
            or not page.companies
            or self.partner_invoice_id.commercial_partner_id != page.account_sudo
            or self._get_gift_card_lines()
        ):
            return None
        return AccountBalance(page, self.company_id, self.currency_id)

    def _check_pays_with_balance(self, amount):
        """Check that so much of this is still to be paid.

        :raise UserError: when it is not, or the order cannot be paid any more
        """
        self.ensure_one()
        if self.state not in ("draft", "sent", "sale") or self.is_expired:
            raise UserError(
                self.env._(
                    "%(order)s can no longer be paid. Nothing was used. Contact us.",
                    order=self.name,
                )
            )
        if self.state == "sale" and "draft" in self.invoice_ids.mapped("state"):
            raise UserError(
                self.env._(
                    "%(order)s is already invoiced. Nothing was used. Pay its invoice.",
                    order=self.name,
                )
            )
        left = self.amount_total - self.amount_paid
        if self.state == "sale":
            # What is invoiced is paid on its invoice.
            left = min(left, self.amount_to_invoice)
        compare = self.currency_id.compare_amounts
        if compare(amount, 0) <= 0 or compare(amount, left) > 0:
            raise UserError(
                self.env._(
                    "%(left)s of %(order)s is left to pay. Nothing was used. Reload "
                    "the page.",
                    left=self.currency_id.format(max(0, left)),
                    order=self.name,
                )
            )

    def _confirm_with_balance(self):
        """Confirm this, as Odoo does when it is paid; the email is sent later.

        :raise UserError: when less is paid than it takes
        """
        if not self._is_confirmation_amount_reached():
            raise UserError(
                self.env._(
                    "%(order)s is confirmed when %(amount)s is paid. Nothing was used.",
                    order=self.name,
                    amount=self.currency_id.format(
                        self._get_prepayment_required_amount()
                    ),
                )
            )
        self.action_confirm()

    def _invoice_with_balance(self, amount):
        """Create the invoice that the account pays at once.

        All of the order where that is paid and may be invoiced by now; else a down
        payment of what is paid.

        :return: a draft
        """
        order = self.with_company(self.company_id)
        if order._is_paid() and order._is_invoiceable():
            return order._create_invoices(final=True)
        wizard = order.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "fixed",
                "fixed_amount": amount,
            }
        )
        return wizard._create_invoices(order)

    def _is_invoiceable(self):
        """Tell whether all that is not invoiced yet may be, by what is delivered."""
        return not any(
            float_compare(
                line.qty_to_invoice,
                line.product_uom_qty - line.qty_invoiced,
                precision_digits=6,
            )
            for line in self.order_line
            if not line.display_type and not line.is_downpayment
        )

    def _prepare_invoice(self):
        vals = super()._prepare_invoice()
        # What an account has paid is on its own invoice, and no payment of another.
        paid_sudo = self.sudo().transaction_ids.filtered(
            lambda tx: tx.provider_code == PROVIDER_CODE
        )
        if paid_sudo and vals.get("transaction_ids"):
            [(_command, _id, tx_ids)] = vals["transaction_ids"]
            others = [tx_id for tx_id in tx_ids if tx_id not in paid_sudo.ids]
            vals["transaction_ids"] = [Command.set(others)]
        return vals

    def _get_payment_url(self):
        """Return the page on which the customer pays this."""
        self.ensure_one()
        return self.get_portal_url()
