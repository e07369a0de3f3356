from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.http import request, route

from odoo.addons.account_credit_posting.controllers.portal_invoice import (
    InvoiceBalance,
)
from odoo.addons.account_credit_posting.models.billing.invoice_payment import PREFIX
from odoo.addons.account_payment.controllers.portal import PortalAccount


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
                request.env._("This invoice cannot be paid now. Load the page again.")
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
                request.env._("The amounts have changed. Load the page again.")
            )
        tx_sudo = self._create_rest_transaction(payment, rest, kwargs)
        tx_sudo._choose(amounts)
        if tx_sudo.operation == "online_token":
            tx_sudo._charge_with_token()
        return tx_sudo._get_processing_values()

    def _create_rest_transaction(self, payment, rest, kwargs):
        """Create the transaction of a provider that the page offers.

        :param dict kwargs: as they came
        """
        env, invoice_sudo = request.env, payment.invoice_sudo
        partner_sudo = env.user.sudo().partner_id
        # Providers and tokens that are offered, as the page asks for them.
        providers_sudo = env["payment.provider"].sudo()
        providers_sudo = providers_sudo._get_compatible_providers(
            invoice_sudo.company_id.id,
            partner_sudo.id,
            rest,
            currency_id=payment.currency.id,
        )
        tokens_sudo = env["payment.token"].sudo()
        tokens_sudo = tokens_sudo._get_available_tokens(
            providers_sudo.ids, partner_sudo.id
        )
        token_id = kwargs.get("token_id")
        is_token = kwargs.get("flow") == "token"
        if kwargs.get("provider_id") not in providers_sudo.ids or (
            is_token and token_id not in tokens_sudo.ids
        ):
            raise ValidationError(
                env._("Choose a payment method of the list. Load the page again.")
            )
        for name in ("access_token", "csrf_token", "landing_route", "is_validation"):
            kwargs.pop(name, None)
        # The choice is kept before anything is charged.
        request.update_context(delay_token_charge=True)
        return self._create_transaction(
            amount=rest,
            currency_id=payment.currency.id,
            partner_id=partner_sudo.id,
            landing_route=f"/my/invoices/{invoice_sudo.id}",
            custom_create_values={"invoice_ids": [Command.set(invoice_sudo.ids)]},
            **kwargs,
        )
