"""What is done to gift cards and prepayments: lock, build, post, and say what became.

Whoever calls has checked the rights; the records come with all of them.
"""

from odoo.exceptions import UserError

from ...const import PAID_STATES, UNPAID_FUNDINGS
from ...tools.card_code import normalize_code
from ...tools.days import get_today
from ...tools.posting import with_posting
from ...tools.rights import end_approval
from . import account_gift_card, stored_value_events
from .stored_value_posting import post, post_entries, post_undone
from .stored_value_request import (
    ACTIVITY,
    ask_second_person,
    check_account,
    check_cap,
    check_second_person,
    get_reasons,
)


def issue(value, payments=None):
    """Post the entry that funds a draft, or what was approved.

    :param payments: open receivable items that it is funded by, where the money is on
        the account already; by default all, oldest first
    :raise UserError: when something is missing
    """
    _post_issue(value, _prepare_issue(value, payments))


def issue_or_hold(value):
    """Issue a draft, or let it wait for a second person, where a credit would.

    :raise UserError: when something is missing, or its account may have no more
    """
    entry = _prepare_issue(value)
    value._write_guarded({"requested_by_id": value.env.uid})
    if value.funding in UNPAID_FUNDINGS:
        check_cap(value, value.initial_amount)
        if reasons := get_reasons(value, value.initial_amount):
            value._update_state("to_approve")
            ask_second_person(value, reasons)
            return
    _post_issue(value, entry)


def _post_issue(value, entry):
    post(entry)
    _held, other = entry.items
    value._update_state("active", funding_account_id=other.account.id)


def _prepare_issue(value, payments=None):
    """Complete what is to be issued.

    :return: the entry that funds it
    :raise UserError: when something is missing
    """
    value.ensure_one()
    stored_value_events.check_state(value, "draft", "to_approve")
    value._lock()
    amount = stored_value_events.check_amount(value, value.initial_amount)
    company = value.company_id
    liability = company._get_liability_account(value.value_type, value.funding)
    if not liability:
        raise UserError(
            value.env._(
                "%(company)s has no liability account for this. Choose one under "
                "Invoicing, Configuration, Settings, Account Credits.",
                company=company.display_name,
            )
        )
    value._write_guarded(
        {
            "liability_account_id": liability.id,
            "initial_amount": amount,
            "issue_date": value.issue_date or get_today(company),
        }
    )
    return stored_value_events.fund(value, payments)


def approve(value):
    """Issue what waits.

    :raise AccessError: when the user is not the second person
    """
    stored_value_events.check_state(value, "to_approve")
    check_second_person(value)
    check_account(value)
    check_cap(value, value.initial_amount)
    issue(value)
    end_approval(value, ACTIVITY, value.env._("Approved."))
    if value.send_date:
        value.send_card(date=value.send_date)


def refuse(value, reason):
    """Make what waits a draft again."""
    stored_value_events.check_state(value, "to_approve")
    value._lock()
    value._update_state("draft")
    end_approval(value, ACTIVITY, value.env._("Not approved."), reason)


def use(applications):
    """Book the uses for invoices, as one set.

    :param list applications: of ``plan_applications``, those of stored values
    :return: for each the receivable item, to be reconciled with that of the invoice
    :raise UserError: when there is less left than planned
    """
    values = applications[0].credit.move.union(
        *(application.credit.move for application in applications)
    )
    values._lock()
    moves = post_entries(
        [
            stored_value_events.use(application.credit.move, application)
            for application in applications
        ]
    )
    update_from_balance(values)
    return [
        move.line_ids.filtered(lambda item: not item.stored_value_id) for move in moves
    ]


def give_back(applications):
    """Reverse the entries of uses whose reconciliation is gone, dated today.

    :param applications: ``account.credit.application`` records
    """
    values = applications.stored_value_id
    values._lock()
    moves = applications.credit_move_id
    post_undone([stored_value_events.undo(move) for move in moves])
    update_from_balance(values)


def prepare(value, change, amount, account, journal):
    """Return the items that a change would post, see ``_prepare_change``."""
    build = getattr(stored_value_events, change)
    arguments = {
        "adjust": (amount,),
        "void": (),
        "move": (account, amount),
        "refund": (amount, journal),
    }
    entry = build(value, *arguments[change])
    return entry.items if entry else ()


def adjust(value, amount, reason):
    """Correct what it was issued with, see ``stored_value_events.adjust``."""
    value._lock()
    entry = stored_value_events.adjust(value, amount, reason)
    if entry:
        post(entry)
        _held, other = entry.items
        value._write_guarded({"initial_amount": value.initial_amount + other.amount})
        update_from_balance(value)


def move(value, account, amount, event):
    """Move value to another account, as one entry that both histories show.

    :param account: ``res.partner``
    :param amount: at most what is left
    :param event: "move" or "redeem"
    :return: the new stored value of the other account
    :raise UserError: when it cannot be moved, or the account may have no more
    """
    value._lock()
    account = account.commercial_partner_id
    amount = stored_value_events.check_move(value, account, amount)
    target = value.browse(_create_target(value, account, amount).id)
    check_cap(target, amount)
    post(stored_value_events.move(value, account, amount, event, target))
    update_from_balance(value)
    return target


def _create_target(value, account, amount):
    """Create the record of another account that value is moved to."""
    target = with_posting(value, "event").create(
        {
            "value_type": value.value_type,
            "partner_id": account.id,
            "company_id": value.company_id.id,
            "currency_id": value.currency_id.id,
            "initial_amount": amount,
            "funding": value.funding,
            "expiry_date": value._may_expire() and value.expiry_date,
            "liability_account_id": value.liability_account_id.id,
            "funding_account_id": value.funding_account_id.id,
            "origin_id": value.id,
            "invoice_id": value.invoice_id.id,
            "issue_date": get_today(value.company_id),
        }
    )
    target._update_state("active")
    return target


def redeem(value, account):
    """Move all that is on a gift card to an account; its code is worth nothing then.

    :return: the record of that account
    """
    target = move(value, account, value.balance, "redeem")
    value._write_guarded({"code_hash": False})
    return target


def redeem_to_own_account(env, account, code):
    """Redeem a code that a customer typed; the office sees what was refused.

    :param env: of the customer, in the companies whose cards count
    :param account: that of the customer, which the caller has checked
    :return: see :func:`redeem`
    :raise UserError: see ``account_gift_card.find_by_code``
    """
    # During a pause nothing is looked at, nor logged.
    env["account.stored.value.attempt"]._check_pause()
    try:
        value = account_gift_card.find_by_code(env, code)
    except UserError:
        if normalize_code(code):
            account._message_log(
                body=env._(
                    "%(user)s entered a gift card code in the portal, and it was "
                    "refused.",
                    user=env.user.name,
                )
            )
        raise
    with env.cr.savepoint():
        return redeem(value, account.with_env(value.env))


def refund(value, amount, journal):
    """Pay money back, see ``stored_value_events.refund``.

    :return: the ``account.payment``
    """
    value._lock()
    move = post(stored_value_events.refund(value, amount, journal))
    update_from_balance(value)
    return move.origin_payment_id


def block(value, reason):
    """Block it: it cannot be used, and the money is still owed."""
    value._lock()
    value._update_state("blocked")
    value.message_post(body=reason)


def unblock(values):
    """Let these be used again.

    :raise UserError: when the invoice that one was sold on is not paid yet
    """
    for value in values.filtered(
        lambda value: (
            value.awaits_payment
            or (value.invoice_id and value.invoice_id.payment_state not in PAID_STATES)
        )
    ):
        raise UserError(
            value.env._(
                "%(name)s is active as soon as %(invoice)s is paid.",
                name=value.name,
                invoice=value.invoice_id.name,
            )
        )
    values._lock()
    values._update_state("active")
    update_from_balance(values)


def expire(value, date):
    """Take what is left to breakage income, see ``stored_value_events.expire``.

    :param date: of the entry
    """
    value._lock()
    entry = stored_value_events.expire(value, date)
    if entry:
        post(entry)
    value._update_state("expired")


def void(value, reason):
    """Take back a mistake, or what is left; see ``stored_value_events.void``."""
    value._lock()
    entry = stored_value_events.void(value, reason)
    if entry:
        post(entry)
    value._update_state("void")
    value.message_post(body=reason)


def follow_account(account, target):
    """Let what an account has follow it to its commercial partner.

    Its journal items are there already. Nothing is posted: the money is the same.

    :param account: ``res.partner``
    :param target: its commercial partner
    """
    values = account.env["account.stored.value"]
    values = values.search([("partner_id", "=", account.id)])
    values._lock()
    values._write_guarded({"partner_id": target.id})
    body = values.env._(
        "%(account)s belongs to %(target)s now, and this with it.",
        account=account.display_name,
        target=target.display_name,
    )
    values._message_log_batch(bodies=dict.fromkeys(values.ids, body))


# -----------------------------------------------------------------------------
# THE STATE THAT FOLLOWS
# -----------------------------------------------------------------------------


def update_from_balance(values):
    """Say whether these are used up, after an event.

    What comes back to one that was used up, or has expired, makes it active again as
    far as its invoice is paid. What comes back to one that was taken back, by the trash
    or by a credit note, follows its rest at once.
    """
    empty = values.filtered(lambda value: value.currency_id.is_zero(value.balance))
    if used := empty.filtered(lambda value: value.state == "active"):
        # Its history says it.
        used.with_context(mail_notrack=True)._update_state("used")
    for value in values - empty:
        if value.state == "void":
            # To discounts given, or onto the account, where the credit note is.
            post(stored_value_events.void_again(value))
        elif value.state in ("used", "expired"):
            value._update_state("active")
            follow_invoices(value.filtered("invoice_id"))


def follow_invoices(values):
    """Block gift cards while the invoice that sold them is not paid.

    One that somebody blocked stays so, paid or not; what is used stays used.
    """
    for value in values:
        is_paid = value.invoice_id.payment_state in PAID_STATES
        if value.awaits_payment and is_paid:
            value._update_state("active", awaits_payment=False)
            update_from_balance(value)
            if value.send_date:
                account_gift_card.trigger_sending(value.env)
        elif value.state == "active" and not is_paid:
            value._update_state("blocked", awaits_payment=True)
