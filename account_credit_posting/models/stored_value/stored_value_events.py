"""What each event of a gift card or prepayment books: one builder for each of them.

A builder checks whether its event is possible, and returns the entry that it makes. It
writes nothing: a dialog shows the items of this entry, and ``stored_value_posting``
books them.
"""

from itertools import accumulate
from math import isfinite
from typing import Any, NamedTuple

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date

from ...const import MONEY_JOURNALS, OPENING_ACCOUNT_TYPES
from ...tools.days import get_today
from ...tools.reading import find_amount_error
from ..taxes.breakage_tax import split_breakage


class Item(NamedTuple):
    """A journal item: in the currency of the record, debit above zero."""

    #: The ``account.account``.
    account: Any
    #: The account, a ``res.partner``.
    partner: Any
    amount: float
    #: The amount in company currency.
    balance: float
    label: str
    #: The ``account.stored.value`` that a line on a liability account names, and that
    #: with the tax of a single-purpose voucher.
    value: Any = None
    #: What the tax report needs, and whose discount it is: values of the journal item.
    tax_vals: dict | None = None


class Entry(NamedTuple):
    """What an event books: an entry of its own, a payment, or a reversal."""

    #: The ``account.stored.value``.
    value: Any
    #: See ``account.move.stored_value_event``.
    event: str
    date: Any
    ref: str
    #: First that on the liability account, then the other side, then what else there
    #: is: those with taxes; of a card sold below its face, what nobody paid for.
    items: tuple
    #: Of a payment: its bank or cash journal.
    journal: Any = None
    #: Of a reversal: the entry that it reverses.
    reversed_move: Any = None
    #: Open journal items that the other side is reconciled with.
    open_items: Any = None


# -----------------------------------------------------------------------------
# WHERE THE MONEY COMES FROM: A BUILDER FOR EACH SELECTION OF ``funding``
# -----------------------------------------------------------------------------


def fund(value, payments=None):
    """Build the entry that funds a draft whose amount, date and liability are set.

    :param payments: see ``stored_value_changes.issue``
    :raise UserError: when something is missing
    """
    if value.funding == "reclass":
        return _fund_by_reclass(value, payments or _find_unallocated_payments(value))
    return _FUNDINGS[value.funding](value)


def _fund_by_payment(value):
    """Build the receipt of money."""
    journal = value.journal_id
    if not journal or journal.type not in MONEY_JOURNALS:
        raise UserError(
            value.env._("Choose the bank or cash journal that received the money.")
        )
    return _build_payment(value, "issue", value.initial_amount, journal)


def _fund_by_invoice(value):
    """Leave it to the invoice: posting it issues the cards that it sells."""
    raise UserError(
        value.env._(
            "A gift card that is sold on an invoice is issued by that invoice: "
            "bill a gift card product there."
        )
    )


def _fund_by_promotion(value):
    """Build a gift: no money comes in."""
    if value.value_type == "prepayment":
        raise UserError(
            value.env._(
                "A prepayment is money: it cannot be given away. Give away a gift "
                "card, or post a credit."
            )
        )
    return _build_issue(value, get_promotion_account(value.company_id))


def _fund_by_opening(value):
    """Build the transfer of a balance of another system."""
    account = value.funding_account_id
    if not account:
        raise UserError(
            value.env._("Choose the ledger account that holds the opening balances.")
        )
    if account.account_type not in OPENING_ACCOUNT_TYPES:
        raise UserError(
            value.env._(
                "%(ledger)s cannot hold the opening balances of gift cards and "
                "prepayments. Choose a liability or an equity account.",
                ledger=account.display_name,
            )
        )
    return _build_issue(value, account)


def _fund_by_reclass(value, payments):
    """Build the turning of money that is on the account already into stored value.

    :param payments: that no invoice has taken; never a credit, which is no money
    """
    available = -sum(payments.mapped("amount_residual_currency"))
    if value.currency_id.compare_amounts(available, value.initial_amount) < 0:
        raise UserError(
            value.env._(
                "%(account)s has %(available)s of unallocated payments, less than "
                "%(amount)s. Credits are not money and cannot become a prepayment.",
                account=value.partner_id.display_name,
                available=value.currency_id.format(available),
                amount=value.currency_id.format(value.initial_amount),
            )
        )
    entry = _build_issue(value, payments.account_id[:1])
    return entry._replace(open_items=payments)


_FUNDINGS = {
    "payment": _fund_by_payment,
    "invoice": _fund_by_invoice,
    "promotion": _fund_by_promotion,
    "opening": _fund_by_opening,
}


def give(value):
    """Build what a card is worth more than was paid for it: no money comes in.

    :param value: a card that an invoice sells below its face
    """
    amount = value.given_amount
    balance = _convert_at_rate(value, amount, value.issue_date)
    return _build_given(value, "issue", amount, balance, value.issue_date)


def take_given_back(value, amount, taken, date):
    """Build what goes back to discounts given, when a credit note takes a card back.

    :param amount: what the credit note has taken of what was paid
    :param taken: what it and those after it in its set have taken
    :param date: of the credit note
    :return: None where nothing is left of the part that nobody paid for
    """
    given, given_company = value._sum_given()
    if value.currency_id.is_zero(given):
        return None
    paid = value.currency_id.round(value.balance - given) + taken
    share = value.currency_id.round(given * min(amount / paid, 1))
    if value.currency_id.is_zero(share):
        return None
    balance = value.company_id.currency_id.round(given_company * share / given)
    return _build_given(value, "void", -share, -balance, date)


def _build_given(value, event, amount, balance, date):
    """Build an entry of the part of a card that nobody paid for.

    :param amount: what is given away, or goes back when below zero
    :param balance: the same in company currency
    """
    label = get_event_label(value.env, event)
    account, partner = value.given_account_id, value.partner_id
    promotion = get_promotion_account(value.company_id)
    items = (
        Item(account, partner, -amount, -balance, label, value),
        Item(promotion, partner, amount, balance, label),
    )
    return Entry(value, event, date, f"{value.name}: {label}", items)


def get_promotion_account(company):
    """Return the account of what is given away.

    :raise UserError: where there is none
    """
    account = company._get_own_or_parent("gift_card_promotion_account_id")
    if not account:
        raise UserError(
            company.env._(
                "%(company)s has no account for gift cards given away. Choose one "
                "under Invoicing, Configuration, Settings, Account Credits.",
                company=company.display_name,
            )
        )
    return account


def _build_issue(value, account):
    return _build(value, "issue", value.initial_amount, account, date=value.issue_date)


def _find_unallocated_payments(value):
    """Return the open receivable items of payments, oldest first."""
    engine = value.env["account.credit.application"]._get_engine(
        value.company_id, "user"
    )
    items = value.env["account.move.line"].search(
        engine.get_open_domain()
        & engine.get_payment_domain()
        & Domain("partner_id", "=", value.partner_id.id)
        & Domain("currency_id", "=", value.currency_id.id)
        & Domain("amount_residual_currency", "<", 0),
        order="date, id",
    )
    return items.filtered(lambda item: item.account_id == items[:1].account_id)


# -----------------------------------------------------------------------------
# WHAT HAPPENS TO IT
# -----------------------------------------------------------------------------


def use(value, application, reductions, days):
    """Build the use for an invoice; the other side is the receivable item.

    What nobody paid for lowers the tax base, where the card says so.

    :param application: of ``plan_applications``
    :param reductions: the ``BaseReductions`` of the set
    :param list days: what can be taken of it, see :func:`find_available`
    :raise UserError: when there is less left than planned
    """
    check_state(value, "active")
    amount = check_amount(value, application.amount, value.balance)
    invoice = application.term.move
    label = value.env._(
        "%(value)s for %(invoice)s", value=value.name, invoice=invoice.name
    )
    today = get_today(value.company_id)
    check_available(value, amount, today, days)
    entry = _build_checked(value, "use", -amount, application.term.ledger, today, label)
    entry = _divide(entry, reductions.taken)
    given = sum(
        item.amount for item in entry.items if item.account == value.given_account_id
    )
    discount = _prepare_discount(value, invoice, amount, given, reductions, label)
    return entry._replace(items=(*entry.items, *discount))


def prepare_discount(value, invoice, amount, reductions, label=None):
    """Build what a use takes off the tax base of an invoice.

    :param amount: what is used, in the currency of the record
    :param reductions: the ``BaseReductions`` of the set
    :return: items: discounts given and taxes, against what was booked as given away
        when the card was issued; none where the tax stays as it is
    """
    given, _balance = _take_given(value, amount, reductions.taken)
    return _prepare_discount(value, invoice, amount, given, reductions, label)


def _prepare_discount(value, invoice, amount, given, reductions, label):
    if value.tax_policy != "reduce":
        return ()
    if value.given_account_id:
        account, amount = get_promotion_account(value.company_id), given
    else:
        account = value.funding_account_id
    if value.currency_id.is_zero(amount):
        return ()
    taken = reductions.take(invoice, amount, account)
    if not taken:
        return ()
    items = [
        Item(
            item.account,
            value.partner_id,
            item.amount,
            item.balance,
            item.tax or label,
            tax_vals=item.vals,
        )
        for item in taken
    ]
    given = Item(
        account,
        value.partner_id,
        -value.currency_id.round(sum(item.amount for item in items)),
        -value.company_id.currency_id.round(sum(item.balance for item in items)),
        label,
        tax_vals={"discount_value_id": value.id},
    )
    return (given, *items)


def undo(move):
    """Build the reversal of a use.

    :param move: the entry of the use
    """
    value = move.line_ids.stored_value_id
    return _build_reversal(
        value, "undo", move, value.env._("Use undone: %(move)s", move=move.name)
    )


def adjust(value, amount, reason=None):
    """Build the correction of what it was issued with: the difference, dated today.

    :param amount: what it should have been issued with
    :return: None where that is what it was issued with
    :raise UserError: when more than that is used already
    """
    check_state(value, "active", "used", "blocked")
    _refuse_below_face(value)
    amount = check_amount(value, amount)
    difference = value.currency_id.round(amount - value.initial_amount)
    if value.currency_id.compare_amounts(value.balance + difference, 0) < 0:
        raise UserError(
            value.env._(
                "%(name)s cannot be lowered to %(amount)s: %(used)s is already used.",
                name=value.name,
                amount=value.currency_id.format(amount),
                used=value.currency_id.format(value.initial_amount - value.balance),
            )
        )
    if value.currency_id.is_zero(difference):
        return None
    if difference > 0 and value._is_single_purpose():
        raise UserError(
            value.env._(
                "%(name)s is a single-purpose voucher, taxed on the day of its sale, "
                "so its amount cannot be raised. Issue another one for the "
                "difference.",
                name=value.name,
            )
        )
    account = value.funding_account_id
    date = _get_correction_date(value)
    return _build(value, "adjust", difference, account, date=date, label=reason)


def move(value, account, amount, event="move", target=None):
    """Build the move to another account: one entry, which both histories show.

    :param account: ``res.partner``
    :param amount: at most what is left
    :param event: "move" or "redeem"
    :param target: the stored value of the other account, once there is one
    :raise UserError: when the account cannot have it
    """
    amount = check_move(value, account, amount)
    name = target.name if target else account.display_name
    label = f"{value.name} → {name}: {get_event_label(value.env, event)}"
    entry = _build(value, event, -amount, value.liability_account_id, label=label)
    return _lead(_divide(entry), account, target, label)


def _refuse_below_face(value):
    """Refuse what a card cannot have that was sold below its face.

    :raise UserError: for such a card
    """
    if value.given_account_id:
        raise UserError(
            value.env._(
                "%(name)s was sold below its value, so this is not possible. Take it "
                "back with a credit note for the invoice that sold it, then sell "
                "another one.",
                name=value.name,
            )
        )


def join(value, target, amount):
    """Build the move to a record that is there already, of whatever account.

    :param target: the other ``account.stored.value``, of that company and currency
    :param amount: at most what is left
    """
    check_state(value, "active")
    _refuse_below_face(value)
    amount = check_amount(value, amount, value.balance)
    if value._is_single_purpose():
        raise UserError(
            value.env._(
                "%(name)s is a single-purpose voucher that keeps its own tax, so it "
                "cannot become a part of %(target)s.",
                name=value.name,
                target=target.name,
            )
        )
    label = f"{value.name} → {target.name}: {get_event_label(value.env, 'move')}"
    entry = _build(value, "move", -amount, target.liability_account_id, label=label)
    return _lead(entry, target.partner_id, target, label)


def _lead(entry, account, target, label):
    """Return the entry of a move that leads to a record of another account.

    The tax of a single-purpose voucher goes there, too.

    :param target: the record; None as long as there is none
    """
    held, _other, *shares = entry.items
    other = _mirror(held)._replace(partner=account, value=target)
    led = [_mirror(share)._replace(partner=account, value=target) for share in shares]
    return entry._replace(ref=label, items=(held, other, *shares, *led))


def _mirror(item):
    """Return the item that leaves nothing of one."""
    vals = dict(item.tax_vals or {})
    if "tax_base_amount" in vals:
        vals["tax_base_amount"] = -vals["tax_base_amount"]
    return item._replace(amount=-item.amount, balance=-item.balance, tax_vals=vals)


def refund(value, amount, journal):
    """Build the payment of money back.

    :param amount: at most what is left
    :param journal: bank or cash ``account.journal``
    :raise UserError: when it was given away: no money came in for it
    """
    check_state(value, "active")
    if value.funding == "promotion":
        raise UserError(
            value.env._(
                "%(name)s was given away: there is no money to refund. Void it.",
                name=value.name,
            )
        )
    given, _balance = value._sum_given()
    amount = check_amount(value, amount, value.balance - given)
    if not journal:
        raise UserError(value.env._("Choose the bank or cash journal to pay from."))
    return _build_payment(value, "refund", -amount, journal)


def expire(value, date, days):
    """Build the breakage: what is left goes to income.

    :param list days: what can be taken of it, see :func:`find_available`
    :return: None where nothing is left
    :raise UserError: for value that was paid for, where the company says that such
        value does not expire
    """
    check_state(value, "active", "blocked")
    company = value.company_id
    if not value._may_expire():
        raise UserError(
            value.env._(
                "%(name)s was paid for, and paid value does not expire at "
                "%(company)s. Change the expiry date.",
                name=value.name,
                company=company.display_name,
            )
        )
    if value.currency_id.compare_amounts(value.balance, 0) <= 0:
        return None
    account = company._get_own_or_parent("breakage_account_id")
    check_available(value, value.balance, date, days)
    entry = _build_checked(value, "expire", -value.balance, account, date)
    entry = _divide(entry)
    if value._is_single_purpose():
        return _leave_tax(entry)
    tax = company._get_own_or_parent("breakage_tax_id")
    if not tax or value.value_type != "gift_card" or value.funding == "promotion":
        return entry
    return _charge_breakage(entry, tax)


def _charge_breakage(entry, tax):
    """Let what a card that was paid for leaves unused be taxed, where a law wants it.

    :param tax: the ``account.tax``; what is left includes it
    """
    held, other, *shares = entry.items
    value = entry.value
    charged = split_breakage(
        tax,
        value.company_id,
        value.currency_id,
        held.amount,
        held.balance,
        other.account,
    )
    items = [
        Item(
            item.account,
            value.partner_id,
            item.amount,
            item.balance,
            item.tax or other.label,
            tax_vals=item.vals,
        )
        for item in charged
    ]
    untaxed = [
        _mirror(item)._replace(account=other.account, value=None) for item in shares
    ]
    return entry._replace(items=(held, *items, *shares, *untaxed))


def _leave_tax(entry):
    """Return the breakage of a single-purpose voucher: the net is income.

    The tax was due when it was sold, and stays due. It is the voucher's no more.
    """
    held, other, *shares = entry.items
    held = held._replace(tax_vals=None)
    other = other._replace(amount=-held.amount, balance=-held.balance)
    left = [_mirror(share)._replace(value=None) for share in shares]
    return entry._replace(items=(held, other, *shares, *left))


def hand(value, account, label):
    """Build the handing over: what is left is owed to a state instead.

    That is what was paid; what nobody paid for goes back to discounts given.

    :param account: the ledger account of what is owed to states
    :param label: of the items
    """
    check_state(value, "active", "blocked")
    amount = check_amount(value, value.balance)
    if value._is_single_purpose():
        raise UserError(
            value.env._(
                "%(name)s is a single-purpose voucher: a part of it is tax that was "
                "already charged. Refund it to its owner, or let it expire.",
                name=value.name,
            )
        )
    return _give_rest_back(
        _divide(_build(value, "hand", -amount, account, label=label))
    )


def hand_back(move):
    """Build the reversal of a handing over: it is owed to its owner again.

    :param move: the entry of the handing over
    """
    value = move.line_ids.stored_value_id
    check_state(value, "handed")
    return _build_reversal(
        value, "hand", move, value.env._("Taken back from a state: %s", move.name)
    )


def void(value, reason=None):
    """Build what takes back a mistake, or the rest of a card given away.

    Nothing used: the reversal of the entry that funded it. Given away: what is left
    goes back to discounts given, as does what nobody paid for of a card sold below its
    face, once the money is refunded. Value that was paid for and used in part is
    refunded, moved or used instead.

    :return: None where nothing is left
    :raise UserError: when value that was paid for is used, or on the statement
    """
    check_state(value, "active", "blocked")
    if value.funding == "promotion":
        if value.currency_id.is_zero(value.balance):
            return None
        return void_again(value, reason)
    given, given_company = value._sum_given()
    is_given = not value.currency_id.compare_amounts(given, value.balance)
    if not value.currency_id.is_zero(given) and is_given:
        date = _get_correction_date(value)
        return _build_given(value, "void", -given, -given_company, date)
    if value.invoice_id:
        raise UserError(
            value.env._(
                "%(name)s was sold on %(invoice)s. Reverse that invoice with a "
                "credit note.",
                name=value.name,
                invoice=value.invoice_id.name,
            )
        )
    items = value.move_line_ids.filtered(lambda item: item.parent_state == "posted")
    issued = items.move_id.filtered(lambda move: move.stored_value_event == "issue")
    if items.move_id != issued:
        raise UserError(
            value.env._(
                "%(name)s was used or corrected: paid value is never deleted. Refund "
                "or move what is left.",
                name=value.name,
            )
        )
    if value.funding == "payment" and any(
        item.reconciled
        for item in issued.line_ids
        if item.account_id == value.funding_account_id
    ):
        raise UserError(
            value.env._(
                "%(name)s: the payment is already on a bank statement. Refund it.",
                name=value.name,
            )
        )
    return _build_reversal(value, "void", issued, f"{value.name}: {reason}")


def void_again(value, reason=None):
    """Build what takes back what is there of a card given away, or taken back."""
    account = value.funding_account_id
    date = _get_correction_date(value)
    return _give_rest_back(
        _divide(_build(value, "void", -value.balance, account, date=date, label=reason))
    )


def _give_rest_back(entry):
    """Return an entry whose other side has what was paid alone.

    What nobody paid for goes back to discounts given.

    :param entry: of :func:`_divide`
    """
    if not entry.value.given_account_id:
        return entry
    held, other, *shares = entry.items
    promotion = get_promotion_account(entry.value.company_id)
    back = [_mirror(item)._replace(account=promotion, value=None) for item in shares]
    other = other._replace(amount=-held.amount, balance=-held.balance)
    return entry._replace(items=(held, other, *shares, *back))


# -----------------------------------------------------------------------------
# CHECKS
# -----------------------------------------------------------------------------


def check_state(values, *states):
    """Check that stored values are in one of these states.

    :raise UserError: when one is not
    """
    for value in values:
        if value.state not in states:
            label = dict(value._fields["state"]._description_selection(value.env))
            raise UserError(
                value.env._(
                    "%(name)s is %(state)s: this action is not possible.",
                    name=value.name,
                    state=label[value.state].lower(),
                )
            )


def check_amount(value, amount, limit=None):
    """Return an amount as the currency of a stored value rounds it.

    :param limit: the most that it may be
    :raise UserError: when it is not above zero, or above the limit
    """
    currency = value.currency_id
    if isfinite(amount):
        amount = currency.round(amount)
    if error := find_amount_error(value.env, amount, currency):
        message = f"{value.name}: {error}"
        raise UserError(message)
    if currency.compare_amounts(amount, 0) <= 0:
        raise UserError(
            value.env._(
                "%(name)s: %(amount)s is not above zero. Enter another amount.",
                name=value.name,
                amount=currency.format(amount),
            )
        )
    if limit is not None and currency.compare_amounts(amount, limit) > 0:
        raise UserError(
            value.env._(
                "%(name)s has %(limit)s left, less than %(amount)s. Use at most "
                "what is left.",
                name=value.name,
                limit=currency.format(limit),
                amount=currency.format(amount),
            )
        )
    return amount


def check_available(value, amount, date, days=None):
    """Check that a stored value has so much on a day, and on each later one.

    :param amount: above zero
    :param date: of the entry that takes it
    :param list days: see :func:`find_available`; asked for by default
    :raise UserError: when some of it is dated later
    """
    if days is None:
        days = find_available(value)[value]
    currency = value.currency_id
    available = get_available(days, date)
    if currency.compare_amounts(amount, available) <= 0:
        return
    later = [day for day, held in days if currency.compare_amounts(amount, held) <= 0]
    raise UserError(
        value.env._(
            "%(name)s has %(available)s to use on %(date)s, less than %(amount)s: "
            "the remaining amount has a later date. Use it from %(later)s on.",
            name=value.name,
            available=currency.format(available),
            date=format_date(value.env, date),
            amount=currency.format(amount),
            later=format_date(value.env, later[0]),
        )
        if later
        else value.env._(
            "%(name)s has %(available)s left, less than %(amount)s. Use at most what "
            "is left.",
            name=value.name,
            available=currency.format(available),
            amount=currency.format(amount),
        )
    )


def check_move(value, account, amount):
    """Check whether so much can be moved to an account; return it rounded.

    :raise UserError: when it cannot
    """
    check_state(value, "active")
    amount = check_amount(value, amount, value.balance)
    if account == value.partner_id:
        raise UserError(
            value.env._(
                "%(name)s already belongs to %(account)s.",
                name=value.name,
                account=account.display_name,
            )
        )
    if not account or not account.active or account._is_foreign_to(value.company_id):
        raise UserError(
            value.env._(
                "%(name)s cannot be moved to this account: it is archived or of "
                "another company. Choose another account.",
                name=value.name,
            )
        )
    return amount


# -----------------------------------------------------------------------------
# ENTRIES
# -----------------------------------------------------------------------------


def get_event_label(env, event):
    """Return the name of an event.

    :param event: see ``account.move.stored_value_event``
    """
    events = env["account.move"]._fields["stored_value_event"]
    return dict(events._description_selection(env))[event]


def get_payment_label(env, event, journal):
    """Return what the history says of a payment: the event and where the money is."""
    return f"{get_event_label(env, event)}: {journal.name}"


def _build(value, event, amount, account, *, date=None, label=None):
    """Build an entry of two items.

    :param amount: what the customer is owed more, or less when below zero, in the
        currency of the record
    :param account: the other side
    :param date: today by default
    :param label: the name of the event by default
    :raise UserError: when less is left, see :func:`check_available`
    """
    date = date or get_today(value.company_id)
    if amount < 0:
        check_available(value, -amount, date)
    return _build_checked(value, event, amount, account, date, label)


def _build_checked(value, event, amount, account, date, label=None):
    """Build an entry of what is there, see :func:`_build`."""
    label = label or get_event_label(value.env, event)
    items = _build_items(value, amount, account, date, label, _convert)
    return Entry(value, event, date, f"{value.name}: {label}", items)


def _build_items(value, amount, account, date, label, convert):
    """Build the item on the liability account, the other side, and taxes if any.

    :param convert: called as :func:`_convert` where the tax needs no rate of its own
    """
    if value._is_single_purpose():
        return build_taxed(value, amount, account, date, label)
    balance = convert(value, amount, date)
    return (
        _build_held(value, amount, balance, label),
        Item(account, value.partner_id, amount, balance, label),
    )


def build_taxed(value, amount, account, date, label):
    """Build the items of a single-purpose voucher: the net and its taxes name it.

    When it is sold the tax is charged; afterwards the voucher is divided in proportion,
    and reported as its sale was, the other way round.
    """
    if amount > 0:
        parts = value._charge_voucher(amount, _convert_at_rate(value, amount, date))
        sign = -1
    else:
        parts, sign = value._divide_voucher(-amount), 1
    held, *shares = [
        Item(
            part.account,
            value.partner_id,
            sign * part.amount,
            sign * part.balance,
            label,
            value,
            {
                **part.vals,
                **(
                    {"tax_base_amount": sign * part.vals["tax_base_amount"]}
                    if part.is_tax
                    else {}
                ),
            },
        )
        for part in parts
    ]
    own = value.company_id.currency_id
    balance = own.round(-sum(item.balance for item in (held, *shares)))
    return (held, Item(account, value.partner_id, amount, balance, label), *shares)


def _divide(entry, taken=None):
    """Divide what is taken of a card that was sold below its face.

    :param entry: of two items
    :param taken: see :func:`_take_given`
    :return: the entry with a third one, of what nobody paid for
    """
    value = entry.value
    if not value.given_account_id:
        return entry
    held, other = entry.items
    amount, balance = _take_given(value, held.amount, taken)
    if not amount and not balance:
        return entry
    paid = held._replace(
        amount=value.currency_id.round(held.amount - amount),
        balance=value.company_id.currency_id.round(held.balance - balance),
    )
    share = held._replace(
        account=value.given_account_id, amount=amount, balance=balance
    )
    return entry._replace(items=(paid, other, share))


def _take_given(value, amount, taken=None):
    """Return what of an amount nobody paid for, in proportion to what is left.

    :param amount: that is taken, above zero
    :param dict taken: of the same set and not posted yet, which is noted here:
        ``{value: (amount, what nobody paid for, the same in company currency)}``
    :return: ``(in its currency, in company currency)``
    """
    given, given_company = value._sum_given()
    if not given:
        return 0, 0
    taken = {} if taken is None else taken
    before, given_before, company_before = taken.get(value, (0, 0, 0))
    total = before + amount
    share = value.currency_id.round(given * min(total / value.balance, 1))
    company = value.company_id.currency_id.round(given_company * share / given)
    taken[value] = (total, share, company)
    return (
        value.currency_id.round(share - given_before),
        value.company_id.currency_id.round(company - company_before),
    )


def _get_correction_date(value):
    """Return today, or the day of a stored value that is dated ahead."""
    today = get_today(value.company_id)
    items = value.move_line_ids.filtered(lambda item: item.parent_state == "posted")
    return max(today, *items.mapped("date")) if items else today


def _build_held(value, amount, balance, label):
    """Build the item on the liability account; what is owed more is a credit."""
    account = value.liability_account_id
    return Item(account, value.partner_id, -amount, -balance, label, value)


def _build_payment(value, event, amount, journal):
    """Build a payment, of the issue date or of today, at the rate of that day.

    :param amount: what comes in; below zero what goes out
    """
    is_issue = event == "issue"
    company = value.company_id
    date = value.issue_date if is_issue else get_today(company)
    if amount < 0:
        check_available(value, -amount, date)
    label = get_payment_label(value.env, event, journal)
    payment_type = "inbound" if is_issue else "outbound"
    account = get_outstanding_account(value, payment_type, journal)
    items = _build_items(value, amount, account, date, label, _convert_at_rate)
    return Entry(value, event, date, value.name, items, journal=journal)


def get_outstanding_account(value, payment_type, journal):
    """Return the account that money is on until it is on a bank statement.

    :param value: a record with a company
    :param payment_type: "inbound" or "outbound"
    """
    payment = value.env["account.payment"].new(
        {
            "payment_type": payment_type,
            "partner_type": "customer",
            "company_id": value.company_id.id,
            "journal_id": journal.id,
        }
    )
    return payment.outstanding_account_id or payment._get_outstanding_account(
        payment_type
    )


def _build_reversal(value, event, move, ref):
    """Build the mirror of an entry, dated today, or as that one if it is ahead."""
    items = [
        Item(
            item.account_id,
            item.partner_id,
            -item.amount_currency,
            -item.balance,
            item.name,
            item.stored_value_id,
            _prepare_mirror(item),
        )
        for item in move.line_ids.sorted(lambda item: not item.stored_value_id)
    ]
    date = max(move.date, get_today(value.company_id))
    return Entry(value, event, date, ref, tuple(items), reversed_move=move)


def _prepare_mirror(item):
    """Prepare what the mirror of a journal item says of taxes: the same, if any."""
    names = ("tax_ids", "tax_tag_ids", "tax_repartition_line_id", "discount_value_id")
    if not any(item[name] for name in names):
        return None
    return {
        "tax_ids": [Command.set(item.tax_ids.ids)],
        "tax_tag_ids": [Command.set(item.tax_tag_ids.ids)],
        "tax_repartition_line_id": item.tax_repartition_line_id.id,
        "group_tax_id": item.group_tax_id.id,
        "tax_base_amount": -item.tax_base_amount,
        "discount_value_id": item.discount_value_id.id,
    }


def _convert(value, amount, date):
    """Convert a change of the balance to company currency.

    What comes in, at the rate of the date; what goes out, at the rate at which it came
    in, so that an empty record leaves nothing on the liability account.

    :param amount: in the currency of the record, below zero when it goes out
    """
    company = value.company_id
    currency = company.currency_id
    if value.currency_id == currency or amount >= 0:
        return _convert_at_rate(value, amount, date)
    held, held_company = sum_held(value).get(value, (0, 0))
    if not value.currency_id.compare_amounts(held, -amount):
        return -held_company
    return currency.round(held_company * amount / held) if held else 0


def find_available(values):
    """Return what can be taken of stored values, from which day on.

    On each day as much as leaves nothing below zero on that day, or on a later one.

    :return: ``{stored value: [(day, amount)]}``, the first day first, and an amount
        that never falls
    """
    rows = values.env["account.move.line"]._read_group(
        [("stored_value_id", "in", values.ids), ("parent_state", "=", "posted")],
        ["stored_value_id", "date:day"],
        ["amount_currency:sum"],
    )
    changes = {value: [] for value in values}  # {stored value: [(day, amount)]}
    for value, day, amount in rows:
        changes[value].append((fields.Date.to_date(day), -amount))
    held = values._find_reserved()
    return {
        value: _get_least(value, days, held.get(value, 0))
        for value, days in changes.items()
    }


def _get_least(value, changes, reserved):
    """Return the least that is held from each day on.

    :param list changes: ``[(day, amount)]``
    :param reserved: what of it is nobody else's to take
    """
    changes = sorted(changes)
    held = list(accumulate(amount for _day, amount in changes))
    least = list(accumulate(reversed(held), min))[::-1]
    return [
        (day, value.currency_id.round(amount - reserved))
        for (day, _change), amount in zip(changes, least, strict=True)
    ]


def get_available(days, date):
    """Return what can be taken on a date.

    :param list days: of one stored value, see :func:`find_available`
    """
    return max([0, *(amount for day, amount in days if day <= date)])


def _convert_at_rate(value, amount, date):
    """Convert an amount to company currency at the rate of a day.

    :raise UserError: where there is none
    """
    company = value.company_id
    value.env["account.credit.check"]._check_rate(value.currency_id, company, date)
    return value.currency_id._convert(amount, company.currency_id, company, date)


def sum_held(values):
    """Sum up what the ledger holds for stored values.

    :return: ``{stored value: (in its currency, in company currency)}``, what is owed to
        the customer is positive; without a posted line it is not in it
    """
    sums = values.env["account.move.line"]._read_group(
        [("stored_value_id", "in", values.ids), ("parent_state", "=", "posted")],
        ["stored_value_id"],
        ["amount_currency:sum", "balance:sum"],
    )
    return {
        value: (
            value.currency_id.round(-amount),
            value.company_id.currency_id.round(-balance),
        )
        for value, amount, balance in sums
    }
