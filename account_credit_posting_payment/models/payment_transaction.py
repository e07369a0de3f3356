import logging

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.account_credit_posting.models.application import waiting_documents
from odoo.addons.account_credit_posting.models.billing.customer_page import (
    CustomerPage,
)
from odoo.addons.account_credit_posting.models.billing.invoice_payment import (
    InvoicePayment,
)
from odoo.addons.account_credit_posting.models.stored_value import (
    stored_value_changes,
)
from odoo.addons.account_credit_posting.tools.locks import touch_rows
from odoo.addons.account_credit_posting.tools.posting import with_posting

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Let what is paid online go together with what is on the account.

    What a customer paid online pays its invoice before credits do; what the customer
    chose with it comes next, when the payment is confirmed.
    """

    _name = "payment.transaction"
    _inherit = ["payment.transaction", "account.credit.guard"]
    _writer = "customer"

    account_credit_choice = fields.Json(
        readonly=True,
        copy=False,
        help="``{key: amount}``, the amounts of the account that the customer chose "
        "to use.",
        written_by="customer",
    )
    account_credit_state = fields.Selection(
        selection=[
            ("chosen", "Used when confirmed"),
            ("used", "Used"),
            ("gone", "No longer available, in part or in full"),
        ],
        string="Account Balance",
        readonly=True,
        copy=False,
        written_by="customer",
    )

    top_up_id = fields.Many2one(
        comodel_name="account.top.up",
        string="Top-up",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The item that the customer buys with it in the portal.",
        written_by="customer",
    )

    def _post_process(self):
        # Draft invoices are posted first, then paid.
        with waiting_documents.hold(self) as held:
            result = super(PaymentTransaction, held)._post_process()
            # Then comes what the customer chose, and at last what pays by itself.
            self._use_choices()
            # Credits have waited for the payment of those that were posted before.
            waiting_documents.wait(held.filtered("payment_id").invoice_ids)
        return result

    def _create_payment(self, **extra_create_values):
        with waiting_documents.hold(self) as held:

            def create_payment(vals=None):
                maker = with_posting(held, "event") if vals else held
                return super(PaymentTransaction, maker)._create_payment(
                    **{**extra_create_values, **(vals or {})}
                )

            payment = self._create_stored_value_payment(create_payment)
            payment = payment or create_payment()
        return waiting_documents.leave(payment, self)

    # -------------------------------------------------------------------------
    # WHAT THE CUSTOMER BUYS
    # -------------------------------------------------------------------------

    def _buy(self, top_up):
        """Keep what is issued when this payment is confirmed; nothing is yet.

        :param top_up: one ``account.top.up``
        """
        self._write_guarded({"top_up_id": top_up.id})

    def _create_stored_value_payment(self, create_payment):
        """Create the payment that funds what was bought, or that pays it back.

        :param create_payment: called with further values for the payment
        :return: the payment; None where the money is the account's, as with Odoo: a
            second payment for the same, or one of another amount
        """
        self.ensure_one()
        # Whoever looks at transactions need not see stored value.
        tx_sudo = self.sudo()
        source_sudo = tx_sudo.source_transaction_id
        if tx_sudo.operation == "refund":
            return tx_sudo._pay_back(source_sudo, create_payment)
        # What is captured is a transaction of its own.
        top_up_sudo = tx_sudo.top_up_id or source_sudo.top_up_id
        if (
            not top_up_sudo
            or top_up_sudo.stored_value_id
            or tx_sudo.currency_id != top_up_sudo.currency_id
            or tx_sudo.currency_id.compare_amounts(tx_sudo.amount, top_up_sudo.amount)
        ):
            return None
        return top_up_sudo._issue(
            tx_sudo.provider_id.journal_id,
            lambda vals: create_payment(tx_sudo._complete_payment(vals)),
        )

    def _pay_back(self, source, create_payment):
        """Take back what a refund pays back of stored value, as far as it is there.

        :param source: the transaction that is refunded
        :return: the payment; None where it is not there any more: the account owes it
        """
        value = source._get_stored_value()
        if not value or not self._can_pay_back(value, -self.amount):
            return None
        return stored_value_changes.refund_by_payment(
            value,
            -self.amount,
            self.provider_id.journal_id,
            lambda vals: create_payment(self._complete_payment(vals)),
        )

    def _get_stored_value(self):
        """Return what the payment of this transaction has funded; none mostly."""
        # Whoever refunds payments need not see stored value.
        return self.sudo().payment_id.stored_value_id

    def _can_pay_back(self, value, amount):
        """Tell whether a stored value has so much."""
        return value.state == "active" and (
            value.currency_id.compare_amounts(amount, value.balance) <= 0
        )

    def _complete_payment(self, vals):
        """Return values for a payment, which names the transaction as with Odoo.

        :param dict vals: of ``stored_value_posting.prepare_payment``
        """
        lines = self.provider_id.journal_id.inbound_payment_method_line_ids
        own = lines.filtered(lambda line: line.payment_provider_id == self.provider_id)
        vals = {name: value for name, value in vals.items() if name != "memo"}
        if vals["payment_type"] == "inbound" and own.payment_account_id:
            vals["outstanding_account_id"] = own.payment_account_id.id
        return vals

    def _refund(self, amount_to_refund=None):
        amount = amount_to_refund or self.amount
        value = self._get_stored_value()
        if value and not self._can_pay_back(value, amount):
            raise UserError(
                self.env._(
                    "%(name)s holds %(balance)s of the amount paid: refund at most "
                    "that. The rest is used, moved or blocked.",
                    name=value.name,
                    balance=value.currency_id.format(value.balance),
                )
            )
        return super()._refund(amount_to_refund=amount_to_refund)

    # -------------------------------------------------------------------------
    # WHAT THE CUSTOMER CHOSE
    # -------------------------------------------------------------------------

    def _choose(self, amounts):
        """Keep what is to be used when this payment is confirmed; nothing is yet.

        :param dict amounts: of ``InvoicePayment.read_form``, checked
        """
        self._write_guarded(
            {"account_credit_choice": amounts, "account_credit_state": "chosen"}
        )

    def _use_choices(self):
        """Use what was chosen with those of these that are confirmed."""
        for tx in self.filtered(
            lambda tx: tx.state == "done" and tx.account_credit_state == "chosen"
        ):
            tx._use_choice()

    def _use_choice(self):
        """Use what was chosen, as far as it is there and the invoice needs it.

        After the money, which was paid for this invoice. Whatever is gone meanwhile is
        left open, and told: a payment that has arrived is never refused for it.
        """
        payment = self._get_invoice_payment()
        used = {}
        if payment:
            try:
                with self.env.cr.savepoint():
                    used = payment.use_what_is_left(self.account_credit_choice)
            except UserError:
                _logger.exception("What was chosen for %s was not used", self.reference)
        is_used = used == self.account_credit_choice
        self._write_guarded({"account_credit_state": "used" if is_used else "gone"})
        if not is_used:
            self._tell_what_is_gone(used)

    def _get_invoice_payment(self):
        """Return the invoice as whoever chose may pay it now; None when not at all."""
        # With the rights that the customer has now: they may be others by now.
        page = CustomerPage.of_user(self.create_uid, self.company_id)
        if not page:
            return None
        [invoice] = self.invoice_ids
        return InvoicePayment(page, invoice.id, is_confirmed=True)

    def _tell_what_is_gone(self, used):
        """Tell the customer on the invoice, and the office with it.

        :param dict used: ``{key: amount}``
        """
        [invoice] = self.invoice_ids
        currency = invoice.currency_id
        env = self.with_context(lang=self.partner_id.lang).env
        missing = sum(self.account_credit_choice.values()) - sum(used.values())
        body = env._(
            "The payment of %(amount)s was received. Of the account balance that was "
            "chosen with it, %(missing)s was not used: it was no longer available, "
            "or no longer needed. Left to pay: %(rest)s.",
            amount=currency.format(self.amount),
            missing=currency.format(missing),
            rest=currency.format(invoice.amount_residual),
        )
        invoice.message_post(
            body=body,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            author_id=self.company_id.partner_id.id,
            partner_ids=self.partner_id.ids,
        )

    # -------------------------------------------------------------------------
    # A SAVED CARD THAT IS CHARGED WITHOUT THE CUSTOMER
    # -------------------------------------------------------------------------

    def _charge_with_token(self):
        """Let credits pay first, as the company lets them; charge the rest.

        What the credits paid stays paid where the charge fails: they would pay the
        invoice in any case.
        """
        if self.operation == "offline" and self.state == "draft":
            self._let_credits_pay_first()
            if not self.amount:
                self._set_canceled(
                    state_message=self.env._("Paid by credits of the account.")
                )
                return None
        return super()._charge_with_token()

    def _let_credits_pay_first(self):
        """Lower what is charged by what credits pay of the invoices now."""
        invoices = self.invoice_ids.filtered(
            lambda invoice: (
                invoice.move_type == "out_invoice"
                and invoice.currency_id == self.currency_id
            )
        )
        payment = self.payment_id
        # An early payment discount is that of the whole invoice, paid at once.
        is_fixed = payment and (
            payment.move_id.state == "posted" or payment._seek_for_lines()[2]
        )
        if not invoices or invoices != self.invoice_ids or is_fixed:
            return
        before = sum(invoices.mapped("amount_residual"))
        applications = self.env["account.credit.application"].sudo()
        for company, of_company in invoices.grouped("company_id").items():
            touch_rows(of_company.line_ids.filtered("date_maturity"))
            applications._apply(
                of_company.commercial_partner_id,
                company,
                "charge",
                invoices=of_company,
            )
        rest = self.currency_id.round(sum(invoices.mapped("amount_residual")))
        if self.currency_id.compare_amounts(rest, before) < 0:
            self.amount = min(self.amount, rest)
            if payment and self.amount:
                payment.amount = self.amount
