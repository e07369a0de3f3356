"""The payment of a user's own, by a provider or a saved card that a page offers."""

from odoo.exceptions import ValidationError
from odoo.http import request

#: What the form of a payment provider sends along, and the server decides.
DECIDED = ("access_token", "amount", "csrf_token", "is_validation", "landing_route")


def find_providers(company, amount, currency, report=None):
    """Return the providers that Odoo offers to the user.

    :param dict report: see ``payment.provider._get_compatible_providers``
    """
    return (
        request.env["payment.provider"]
        .sudo()
        ._get_compatible_providers(
            company.id,
            request.env.user.partner_id.id,
            amount,
            currency_id=currency.id,
            report=report,
        )
    )


def find_tokens(providers_sudo):
    """Return the saved cards of the user with these providers."""
    tokens_sudo = request.env["payment.token"].sudo()
    partner_id = request.env.user.partner_id.id
    return tokens_sudo._get_available_tokens(providers_sudo.ids, partner_id)


def begin(portal, providers_sudo, keep, kwargs, **vals):
    """Begin the payment, after what is done once it is confirmed was kept.

    :param portal: the controller, a ``PaymentPortal``
    :param providers_sudo: those that the page offers
    :param keep: called with the transaction, before anything is charged
    :param dict kwargs: as the form of the provider sent them
    :param vals: what the server decides, see ``PaymentPortal._create_transaction``
    :return: what the form of the provider needs
    :raise ValidationError: when the page offers no such provider or saved card
    """
    is_token = kwargs.get("flow") == "token"
    if kwargs.get("provider_id") not in providers_sudo.ids or (
        is_token and kwargs.get("token_id") not in find_tokens(providers_sudo).ids
    ):
        raise ValidationError(
            request.env._("Choose a payment method from the list. Reload the page.")
        )
    request.update_context(delay_token_charge=True)
    tx_sudo = portal._create_transaction(
        partner_id=request.env.user.partner_id.id,
        **vals,
        **{name: value for name, value in kwargs.items() if name not in DECIDED},
    )
    keep(tx_sudo)
    if tx_sudo.operation == "online_token":
        tx_sudo._charge_with_token()
    return tx_sudo._get_processing_values()
