"""Post what the events of gift cards and prepayments book, to the item."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ...tools.posting import with_posting
from .stored_value_events import build_taxed


def post(entry):
    """Post the entry of an event.

    :param entry: a ``stored_value_events.Entry``
    :return: the posted ``account.move``
    :raise UserError: when its date is locked, or there is no journal
    """
    if entry.reversed_move:
        return post_reversals([entry])
    if entry.journal:
        return _post_payments([entry])
    journal_move = post_entries([entry])
    if entry.open_items:
        other = journal_move.line_ids.filtered(lambda item: not item.stored_value_id)
        other._reconcile_plan([other + item for item in entry.open_items])
    return journal_move


def post_set(entries):
    """Post entries of any kind, those of a company as one set.

    :param list entries: of ``stored_value_events``
    :raise UserError: see :func:`post`
    """
    payments = [entry for entry in entries if entry.journal]
    if payments:
        _post_payments(payments)
    sets = {}  # {company: entries}
    for entry in entries:
        if entry.reversed_move or entry.open_items:
            post(entry)
        elif not entry.journal:
            sets.setdefault(entry.value.company_id, []).append(entry)
    for its_entries in sets.values():
        post_entries(its_entries)


def post_reversals(entries):
    """Post reversals as one set.

    :param list entries: of ``stored_value_events``
    :return: the posted ``account.move`` records
    :raise UserError: when a date is locked
    """
    if taxed := [entry for entry in entries if entry.value._is_single_purpose()]:
        # Odoo would report it as what is credited, not as what was never sold.
        moves = post_undone(taxed)
        rest = [entry for entry in entries if entry not in taxed]
        return moves + post_reversals(rest) if rest else moves
    for entry in entries:
        _check_date(entry, entry.reversed_move.journal_id)
    moves = entries[0].reversed_move.union(*(entry.reversed_move for entry in entries))
    return with_posting(moves, "event")._reverse_moves(
        [
            {
                "date": entry.date,
                "ref": entry.ref,
                "stored_value_event": entry.event,
            }
            for entry in entries
        ],
        cancel=True,
    )


def post_undone(entries):
    """Post the reversals of uses as one set, each reconciled with its use.

    :param list entries: of ``stored_value_events.undo``
    :return: the posted ``account.move`` records, in this order
    :raise UserError: when a date is locked
    """
    for entry in entries:
        _check_date(entry, entry.reversed_move.journal_id)
    forms = entries[0].value.env["account.credit.form"]
    used = [entry.reversed_move for entry in entries]
    moves = forms._create_complete(
        used[0].union(*used).company_id,
        [
            {
                **_prepare_entry(entry, entry.reversed_move.journal_id),
                "reversed_entry_id": entry.reversed_move.id,
            }
            for entry in entries
        ],
        "event",
    )
    # All are reconciled here at once, not one by one as they are posted.
    forms._post_as_block(with_posting(moves, "posting"))
    forms._reconcile(
        [
            find_receivable_items(move + undone)
            for move, undone in zip(used, moves, strict=True)
        ]
    )
    return moves


def find_receivable_items(moves):
    """Return what uses, or what undoes them, did to what customers owe.

    :param moves: ``account.move`` records
    """
    return moves.line_ids.filtered(lambda item: item.account_type == "asset_receivable")


def post_entries(entries):
    """Post entries that are no payments as one set, in the currency of the records.

    :param list entries: of ``stored_value_events``, all of one company
    :return: the posted ``account.move`` records, in this order
    :raise UserError: when a date is locked, or there is no journal
    """
    journal = _get_journal(entries[0].value)
    for entry in entries:
        _check_date(entry, journal)
    forms = entries[0].value.env["account.credit.form"]
    moves = forms._create_complete(
        entries[0].value.company_id,
        [_prepare_entry(entry, journal) for entry in entries],
        "event",
    )
    forms._post_as_block(moves)
    return moves


def _prepare_entry(entry, journal):
    """Prepare an entry: values for ``create``."""
    value = entry.value
    currency = value.currency_id
    return {
        "move_type": "entry",
        "journal_id": journal.id,
        "company_id": value.company_id.id,
        "currency_id": currency.id,
        "date": entry.date,
        "ref": entry.ref,
        "stored_value_event": entry.event,
        "line_ids": [
            Command.create({**_prepare_item(item, currency), **_prepare_storno(entry)})
            for item in entry.items
        ],
    }


def _prepare_item(item, currency):
    """Prepare a journal item: values for ``create``."""
    return {
        "account_id": item.account.id,
        "partner_id": item.partner.id,
        "currency_id": currency.id,
        "amount_currency": item.amount,
        "balance": item.balance,
        "name": item.label,
        "stored_value_id": item.value and item.value.id,
        **(item.tax_vals or {}),
    }


def _prepare_storno(entry):
    """Return what makes a reversal one of negative amounts, where the law wants it."""
    is_storno = entry.reversed_move and entry.value.company_id.account_storno
    return {"is_storno": True} if is_storno else {}


def _post_payments(entries):
    """Post payments; their items are named by ``account.payment``."""
    for entry in entries:
        _check_date(entry, entry.journal)
    payments = entries[0].value.env["account.payment"]
    payments = with_posting(payments, "event").create(
        [_prepare_payment(entry) for entry in entries]
    )
    payments.action_post()
    return payments.move_id


def prepare_payment(entry):
    """Prepare the payment of an entry that somebody else creates.

    :return: values for ``create`` of ``account.payment``, see :func:`_post_payments`
    :raise UserError: when its date is locked
    """
    _check_date(entry, entry.journal)
    return _prepare_payment(entry)


def _prepare_payment(entry):
    """Prepare a payment: values for ``create``."""
    held, money, *_shares = entry.items
    return {
        "payment_type": "inbound" if money.amount > 0 else "outbound",
        "partner_type": "customer",
        "partner_id": held.partner.id,
        "amount": abs(money.amount),
        "currency_id": entry.value.currency_id.id,
        "journal_id": entry.journal.id,
        "date": entry.date,
        "memo": entry.ref,
        # With this account it has an entry at once.
        "outstanding_account_id": money.account.id,
        "destination_account_id": held.account.id,
        "stored_value_id": entry.value.id,
    }


def prepare_taxed(payment, money_vals, label):
    """Prepare the items of the payment of a single-purpose voucher, with its taxes.

    :param payment: ``account.payment``, with all rights
    :param dict money_vals: of the item with the money
    :param label: of all other items
    :return: list of values for ``create`` of ``account.move.line``
    """
    held, money, *shares = build_taxed(
        payment.stored_value_id,
        payment.amount if payment.payment_type == "inbound" else -payment.amount,
        payment.outstanding_account_id,
        payment.date,
        label,
    )
    money_vals = {
        name: value
        for name, value in money_vals.items()
        if name not in ("debit", "credit")
    }
    return [
        {**money_vals, "balance": money.balance},
        *(_prepare_item(item, payment.currency_id) for item in (held, *shares)),
    ]


def _get_journal(value):
    journal = value.company_id._get_own_or_parent("stored_value_journal_id")
    if not journal:
        raise UserError(
            value.env._(
                "%(company)s has no journal for gift cards and prepayments. Choose "
                "one under Invoicing, Configuration, Settings, Account Credits.",
                company=value.company_id.display_name,
            )
        )
    return journal


def _check_date(entry, journal):
    """Check that the date of an event is not locked.

    :param journal: that it is about to be posted in
    """
    company = entry.value.company_id
    has_tax = any(item.tax_vals for item in entry.items)
    check_lock_dates(entry.value.name, company, entry.date, journal, has_tax=has_tax)


def check_lock_dates(name, company, date, journal, *, has_tax=False):
    """Check that a date is not locked: Odoo would move it silently.

    :param name: of what is about to be posted
    :param journal: that it is about to be posted in
    :param has_tax: whether the tax report shows some of it
    :raise UserError: when it is
    """
    locks = company._get_violated_lock_dates(date, has_tax, journal)
    if locks:
        raise UserError(
            company.env._(
                "%(name)s: the date %(date)s is locked (%(locks)s). Choose a later "
                "date, or ask an accountant to change the lock date.",
                name=name,
                date=format_date(company.env, date),
                locks=company._format_lock_dates(locks),
            )
        )
