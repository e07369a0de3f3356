from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.http import request, route

from odoo.addons.account_credit_posting.controllers.portal_invoice import (
    InvoiceBalance,
)
from odoo.addons.account_credit_posting.models.billing.invoice_payment import PREFIX
from odoo.addons.account_payment.controllers.portal import PortalAccount

from . import own_transaction


class InvoiceBalanceAndProvider(InvoiceBalance, PortalAccount):
    """Pay a part of an invoice with the account balance, the rest with a provider."""

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        chosen_sudo = invoice.sudo().transaction_ids.filtered("account_credit_state")
        return {**values, "balance_tx": chosen_sudo.sorted("id")[-1:]}

    def _prepare_review(self, payment, amounts, rest, error):
        values = super()._prepare_review(payment, amounts, rest, error)
        invoice_sudo = payment.invoice_sudo
        if error or not rest or not invoice_sudo._has_to_be_paid():
            return values
        choice = ",".join(
            f"{key}-{payment.format_amount(amount)}" for key, amount in amounts.items()
        )
        form = self._get_common_page_view_values(
            {
                "partner": invoice_sudo.partner_id,
                "company": invoice_sudo.company_id,
                "total_amount": rest,
                "currency": payment.currency,
                "landing_route": f"/my/invoices/{invoice_sudo.id}",
                "transaction_route": (
                    f"/my/invoices/{invoice_sudo.id}/balance/transaction/{choice}"
                ),
            }
        )
        return {**values, **form, "amount": rest, "pays_rest": True}

    @route(
        "/my/invoices/<int:invoice_id>/balance/transaction/<string:choice>",
        type="jsonrpc",
        auth="user",
        website=True,
    )
    def invoice_balance_transaction(self, invoice_id, choice, amount=None, **kwargs):
        """Begin the payment of the rest; what was chosen is used when it is confirmed.

        :param choice: what was shown, such as ``c7-12.50,v3-20.00``
        :param amount: the rest that was shown
        :param kwargs: see ``PaymentPortal._create_transaction``
        :return: what the form of the provider needs
        :raise UserError: when something has changed since
        """
        self._validate_transaction_kwargs(kwargs, ("access_token", "payment_reference"))
        payment = self._get_invoice_payment(invoice_id)
        invoice_sudo = payment.invoice_sudo
        if not invoice_sudo or not invoice_sudo._has_to_be_paid():
            raise ValidationError(
                request.env._("This invoice cannot be paid right now. Reload the page.")
            )
        # Of two tabs the second sees the payment of the first.
        payment.lock()
        parts = (part.partition("-") for part in choice.split(","))
        amounts = payment.read_form(
            {f"{PREFIX}{key}": text for key, _dash, text in parts}
        )
        rest = payment.check(amounts)
        is_shown = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not (is_shown and rest) or payment.currency.compare_amounts(amount, rest):
            raise ValidationError(
                request.env._("The amounts have changed. Reload the page.")
            )
        return own_transaction.begin(
            self,
            own_transaction.find_providers(
                invoice_sudo.company_id, rest, payment.currency
            ),
            lambda tx_sudo: tx_sudo._choose(amounts),
            kwargs,
            amount=rest,
            currency_id=payment.currency.id,
            landing_route=f"/my/invoices/{invoice_sudo.id}",
            custom_create_values={"invoice_ids": [Command.set(invoice_sudo.ids)]},
        )
