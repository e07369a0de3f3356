import logging

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.http import request
from odoo.tools import str2bool

from odoo.addons.account_credit_posting.models.application import waiting_documents
from odoo.addons.account_credit_posting.models.billing.invoice_payment import (
    InvoicePayment,
)
from odoo.addons.account_credit_posting.tools.locks import touch_rows

from ..const import PROVIDER_CODE
from ..controllers.balance import BalanceController

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Invoice an order at once where its payment needs the invoice.

    It is the invoice that sells gift cards, and that what is on an account pays.
    """

    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        own = self._filter_own_balance()
        others = self - own
        confirmed = super(PaymentTransaction, others)._check_amount_and_confirm_order()
        # These were confirmed as they were paid.
        confirmed |= own.sale_order_ids
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        if str2bool(parameters_sudo.get_param("sale.automatic_invoice")):
            # Odoo does so next.
            return confirmed
        # It is the invoice that sells a card.
        for transaction in others.filtered(lambda tx: tx.state == "done"):
            orders = transaction.sale_order_ids
            if orders._get_unbilled_gift_card_lines() and all(
                order._is_paid() for order in orders
            ):
                invoices = transaction.invoice_ids
                transaction._invoice_sale_orders()
                transaction.invoice_ids |= invoices
        return confirmed

    def _invoice_sale_orders(self):
        others = self - self._filter_own_balance()
        transactions = others.filtered(lambda tx: tx._may_invoice_gift_cards())
        return super(PaymentTransaction, transactions)._invoice_sale_orders()

    def _may_invoice_gift_cards(self):
        """Tell whether the gift cards of the orders, if any, can be invoiced.

        Where they cannot be sold the order says why: what is paid stays open on the
        account.
        """
        orders = self.sale_order_ids
        if not orders._get_gift_card_lines():
            return True
        if self.invoice_ids and not orders._get_unbilled_gift_card_lines():
            # Repeated, Odoo would forget the invoice of the transaction, and bill again
            # what a credit note took back.
            return False
        try:
            orders._check_gift_cards()
        except UserError as error:
            for order in orders:
                order.message_post(body=self.env._("Paid, but not invoiced: %s", error))
            return False
        return True

    # -------------------------------------------------------------------------
    # PAID WITH THE ACCOUNT BALANCE
    # -------------------------------------------------------------------------

    def _filter_own_balance(self):
        """Return which of these are paid with the customer's own account."""
        return self.filtered(lambda tx: tx.provider_code == PROVIDER_CODE)

    def _get_specific_rendering_values(self, processing_values):
        if self.provider_code != PROVIDER_CODE:
            return super()._get_specific_rendering_values(processing_values)
        return {
            "api_url": BalanceController.process_url,
            "reference": self.reference,
            "csrf_token": request.csrf_token() if request else "",
        }

    def _extract_amount_data(self, payment_data):
        if self.provider_code != PROVIDER_CODE:
            return super()._extract_amount_data(payment_data)
        # Nobody but us says what was paid.
        return None

    def _apply_updates(self, payment_data):
        if self.provider_code != PROVIDER_CODE:
            return super()._apply_updates(payment_data)
        # Of two tabs the second begins again, and finds what the first has left.
        touch_rows(self)
        if self.state != "draft":
            return None
        try:
            with self.env.cr.savepoint():
                is_confirmed = self._pay_order()
        except UserError as error:
            self._set_canceled(state_message=str(error))
            return None
        self._post_process()
        self._send_order_mail(is_confirmed)
        return None

    def _send_order_mail(self, is_confirmed):
        """Tell the customer by email; what is paid stays paid where that fails.

        Last of all, and without a savepoint: Odoo may commit while it prints.

        :param is_confirmed: whether the order was confirmed by this
        """
        self.env.cr.flush()
        try:
            if is_confirmed:
                self.sale_order_ids._send_order_confirmation_mail()
            else:
                self.sale_order_ids._send_payment_succeeded_for_order_mail()
        except UserError:
            # What was begun of the email would be computed, and refused, once more.
            self.env.cr.clear()
            _logger.exception("No email was sent for transaction %s", self.reference)

    def _pay_order(self):
        """Confirm the order, invoice it and pay the invoice: all of it or nothing.

        :return: whether it was a quotation until now
        :raise UserError: says why it cannot be paid so
        """
        self._ensure_provider_is_not_disabled()
        order = self.sale_order_ids
        self._check_is_offered(order)
        order._check_pays_with_balance(self.amount)
        # Of two payments of one order the second begins again, and is refused above.
        touch_rows(order)
        self._set_done()
        order.invalidate_recordset(["amount_paid"])
        is_quotation = order.state in ("draft", "sent")
        if is_quotation:
            order._confirm_with_balance()
        # What the customer chose comes before what pays by itself.
        with waiting_documents.hold(order) as held:
            invoice = held._invoice_with_balance(self.amount)
            invoice.action_post()
            used = self._use_balance(order._get_balance(self.create_uid), invoice)
        self._write_guarded(
            {"account_credit_choice": used, "account_credit_state": "used"}
        )
        invoice._portal_ensure_token()
        self.invoice_ids = [Command.set(invoice.ids)]
        return is_quotation

    def _check_is_offered(self, order):
        """Check that whoever began this may pay the order so, now.

        :raise UserError: when the provider is not offered for this order
        """
        # With the rights of the user to the own account, and to nothing else.
        providers_sudo = self.provider_id.with_user(self.create_uid).sudo()
        offered_sudo = len(order) == 1 and providers_sudo._get_compatible_providers(
            order.company_id.id,
            self.partner_id.id,
            self.amount,
            currency_id=order.currency_id.id,
            sale_order_id=order.id,
        )
        if (
            not offered_sudo
            or self.provider_id not in offered_sudo
            or self.operation == "validation"
            or self.currency_id != order.currency_id
        ):
            raise UserError(
                self.env._(
                    "Your account balance cannot pay this, or not that much. Nothing "
                    "was used. Choose another payment method."
                )
            )

    def _use_balance(self, balance, invoice):
        """Pay the invoice of the order with so much.

        :param balance: an ``AccountBalance``
        :return: ``{key: amount}`` of what was used
        :raise UserError: when less than the amount could be used
        """
        payment = InvoicePayment(balance.page, invoice.id, is_confirmed=True)
        amounts = payment.choose(self.amount)
        if self.currency_id.compare_amounts(sum(amounts.values()), self.amount):
            raise UserError(
                self.env._(
                    "Your account balance cannot pay %(amount)s of this order. Nothing "
                    "was used. Choose another payment method.",
                    amount=self.currency_id.format(self.amount),
                )
            )
        payment.use(amounts)
        return amounts

    def _get_refused_url(self):
        """Return the page on which the customer chooses another way to pay."""
        order = self.sale_order_ids[:1]
        return order._get_payment_url() if order else "/my"

    def _create_payment(self, **extra_create_values):
        if self.provider_code == PROVIDER_CODE:
            # What is on the account was paid before.
            return self.env["account.payment"]
        return super()._create_payment(**extra_create_values)

    def _refund(self, amount_to_refund=None):
        if self.provider_code == PROVIDER_CODE:
            raise UserError(
                self.env._(
                    "%(transaction)s was paid with the account balance: no money was "
                    "received. Unapply it on %(invoices)s, then create a credit note.",
                    transaction=self.reference,
                    invoices=", ".join(self.invoice_ids.mapped("name"))
                    or self.env._("the invoice"),
                )
            )
        return super()._refund(amount_to_refund=amount_to_refund)
