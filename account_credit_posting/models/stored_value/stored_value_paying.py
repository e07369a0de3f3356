"""Pay invoices with stored value: by itself, as the company says, or on request."""

from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_list

from ...tools.applying import OpenItem
from ...tools.days import get_today
from ..taxes.base_reduction import BaseReductions
from .stored_value_changes import use
from .stored_value_events import (
    check_amount,
    check_available,
    find_available,
    get_available,
    prepare_discount,
)


def get_open_items(values):
    """Return stored values as what can pay invoices, see ``plan_applications``.

    Those that are active, not empty, not expired and not dated ahead: prepayments
    before gift cards, what expires first, then what was given before what was paid,
    then the oldest.

    :param values: ``account.stored.value`` records
    :return: list of :class:`OpenItem`
    """
    usable = values.filtered(
        lambda value: value.state == "active" and not value._is_expired()
    )
    available = find_available(usable)
    items = [
        OpenItem(
            move=value,
            line=None,
            account=value.partner_id,
            ledger=None,
            currency=value.currency_id,
            residual=get_available(available[value], get_today(value.company_id)),
            draw=use,
            order=(
                1 if value.value_type == "prepayment" else 2,
                value._get_last_day() or date.max,
                value.funding != "promotion",
                value.issue_date,
                value.id,
            ),
        )
        for value in usable
    ]
    return [item for item in items if item.is_open]


def get_automatic_domain(company):
    """Return which stored value of a company pays by itself; none by default.

    No single-purpose voucher: somebody says what it is for.
    """
    kinds = [
        value_type
        for value_type, is_automatic in (
            ("prepayment", company.auto_apply_prepayments),
            ("gift_card", company.auto_apply_gift_cards),
        )
        if is_automatic
    ]
    if not kinds:
        return Domain.FALSE
    return Domain(
        [
            ("company_id", "=", company.id),
            ("state", "=", "active"),
            ("value_type", "in", kinds),
            ("voucher_kind", "=", "multi"),
        ]
    )


def pay(values, items, company, invoices):
    """Let stored values pay invoices because somebody asked, by the rule.

    :param values: ``account.stored.value`` records
    :param list items: of :func:`get_open_items`
    :param invoices: ``account.move`` records
    :return: ``{currency: amount}``, what was paid
    :raise UserError: when nothing could be paid, with the reason
    """
    # The right to use stored value is enough, as with credits.
    applications_sudo = values.env["account.credit.application"].sudo()
    invoices_sudo = invoices.sudo()
    before = invoices_sudo.credit_application_ids
    applications_sudo._get_engine(company, "user", invoices_sudo).apply_items(items)
    new = invoices_sudo.credit_application_ids - before
    paid = new.filtered("partial_id")
    if not paid:
        reason = new.filtered("reason")[:1].reason
        raise UserError(reason or _get_nothing_paid_message(values.sudo()))
    return paid._sum_by_currency()


def pay_invoice(value, invoice, amount=None):
    """Let one stored value pay one invoice, see ``apply_to_invoice``.

    :param value: one ``account.stored.value``; whoever calls has checked the right
    :param amount: at most this, in its currency; by default what is left
    :return: the amount that was paid
    :raise UserError: when nothing could be paid, or less is there, with the reason
    """
    value_sudo = value.sudo()  # As in `pay`.
    items = get_open_items(value_sudo)
    if value_sudo.state == "active" and (amount is not None or not items):
        wanted = value_sudo.balance
        if amount is not None:
            wanted = check_amount(value_sudo, amount, wanted)
        check_available(value_sudo, wanted, get_today(value_sudo.company_id))
        for item in items:
            item.residual = wanted
    return sum(pay(value, items, value_sudo.company_id, invoice).values())


def explain_discounts(env, applications):
    """Say what planned uses do to the taxes of invoices, before anything is posted.

    :param list applications: of ``plan_applications``
    :return: list of sentences, one for each use of a card that nobody paid for
    """
    reductions = BaseReductions()
    sentences = []
    for application in applications:
        value = application.credit.move
        if value._name != "account.stored.value" or not value.tax_policy:
            continue
        invoice = application.term.move
        names = {"value": value.name, "invoice": invoice.name}
        items = prepare_discount(value, invoice, application.amount, reductions)
        if not items:
            sentences.append(
                env._("%(value)s does not change the tax of %(invoice)s.", **names)
            )
            continue
        given, *reducing = items
        currency = value.currency_id
        tax = sum(item.amount for item in reducing if item.account != given.account)
        sentences.append(
            env._(
                "%(value)s lowers the taxable amount of %(invoice)s by %(net)s, and "
                "its tax by %(tax)s.",
                **names,
                net=currency.format(-given.amount - tax),
                tax=currency.format(tax),
            )
        )
    return sentences


def _get_nothing_paid_message(values):
    env = values.env
    return env._(
        "Nothing was paid with %(names)s. This requires an open invoice of "
        "%(accounts)s in %(currencies)s without gift cards, and a remaining balance.",
        names=format_list(env, values.mapped("name")),
        accounts=format_list(env, values.partner_id.mapped("display_name")),
        currencies=format_list(env, values.currency_id.mapped("name")),
    )
