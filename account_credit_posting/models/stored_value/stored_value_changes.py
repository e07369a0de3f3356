"""What is done to gift cards and prepayments: lock, build, post, and say what became.

Whoever calls has checked the rights; the records come with all of them.
"""

import logging

from odoo.exceptions import UserError, ValidationError
from odoo.tools import split_every

from ...const import CHUNK_VALUES, PAID_STATES, UNPAID_FUNDINGS
from ...tools.days import get_today
from ...tools.isolating import explain_error, isolate
from ...tools.posting import with_posting
from ...tools.rights import end_approval
from ..taxes.base_reduction import BaseReductions
from . import account_gift_card, stored_value_events
from .stored_value_posting import (
    find_receivable_items,
    post,
    post_entries,
    post_set,
    post_undone,
    prepare_payment,
)
from .stored_value_request import (
    ACTIVITY,
    ask_second_person,
    check_account,
    check_cap,
    check_issue,
    check_second_person,
    get_reasons,
    read_request,
)

_logger = logging.getLogger(__name__)


def issue_requests(values, requests):
    """Issue what is asked for as sets; see ``issue_many``.

    :param values: ``account.stored.value``, of a user who may issue
    :param list requests: see there
    """
    env = values.env
    if not isinstance(requests, list | tuple):
        raise ValidationError(env._("The requests must be a list."))
    answers = [None] * len(requests)

    def refuse(numbers, error):
        reason = explain_error(env, error, _logger, "Issue of a stored value")
        answers[numbers[0]] = {"error": reason}

    drafts = {}  # {number of a request: values of its draft}

    def issue_set(numbers):
        issued = issue_drafts_of(values, [drafts[number] for number in numbers])
        for number, answer in zip(numbers, issued, strict=True):
            answers[number] = answer

    for number, request in enumerate(requests):
        try:
            drafts[number] = read_request(values, request)
        except UserError as error:
            refuse([number], error)
    for numbers in split_every(CHUNK_VALUES, drafts, list):
        isolate(env.cr, numbers, issue_set, refuse)
    return answers


def issue_drafts_of(values, vals_list):
    """Create drafts and issue them as one set.

    :return: list of the answers of ``issue``
    :raise UserError: when one cannot be issued; then none is
    """
    drafts = values.create(vals_list)
    codes = issue_drafts(drafts)
    return [
        {**answer, "code": code}
        for answer, code in zip(drafts.read(["name", "state"]), codes, strict=True)
    ]


def issue_drafts(values):
    """Issue drafts as one set, or let them wait for approval.

    :return: list of the code of each gift card; False for a prepayment, for a card that
        is emailed (its code is made when it leaves), and for one that waits
    :raise UserError: when one cannot be issued; then none is
    """
    for value in values:
        check_issue(value)
    # The right to issue is enough, as with credits: it needs no right to read the chart
    # of accounts or to create entries.
    values_sudo = values.sudo()
    for set_sudo in _divide_capped(values_sudo):
        _issue_or_hold(set_sudo)
    return [_get_first_code(value_sudo) for value_sudo in values_sudo]


def _divide_capped(values):
    """Divide what counts for a cap: each sees what those before it have lifted."""
    capped = values.filtered(
        lambda value: (
            value.funding in UNPAID_FUNDINGS and value.company_id._get_credit_open_cap()
        )
    )
    return [*filter(None, [values - capped]), *capped]


def _get_first_code(value):
    if value.value_type != "gift_card" or value.state != "active":
        return False
    if value.send_date:
        value.send_card(date=value.send_date)
        return False
    return account_gift_card.GiftCard(value).set_new_code()


def issue(value, payments=None):
    """Post the entry that funds a draft, or what was approved.

    :param payments: open receivable items that it is funded by, where the money is on
        the account already; by default all, oldest first
    :raise UserError: when something is missing
    """
    value._lock()
    _post_issues([_prepare_issue(value, payments)])


def issue_by_payment(value, create_payment):
    """Issue a draft that is funded by a payment which somebody else creates.

    :param create_payment: called with values for ``account.payment``; returns the
        posted payment
    :return: that payment
    :raise UserError: when something is missing
    """
    value._lock()
    payment = create_payment(prepare_payment(_prepare_issue(value)))
    account = payment.outstanding_account_id
    value._update_state("active", funding_account_id=account.id)
    return payment


def refund_by_payment(value, amount, journal, create_payment):
    """Pay money back by a payment which somebody else creates.

    :param amount: at most what is left
    :param journal: that it goes from
    :param create_payment: see :func:`issue_by_payment`
    :return: that payment
    :raise UserError: see ``stored_value_events.refund``
    """
    value._lock()
    entry = stored_value_events.refund(value, amount, journal)
    payment = create_payment(prepare_payment(entry))
    update_from_balance(value)
    return payment


def _issue_or_hold(values):
    """Issue drafts as one set, or let them wait for a second person, as credits do.

    :raise UserError: when something is missing, or an account may have no more
    """
    values._lock()
    entries = []
    for value in values:
        entry = _prepare_issue(value)
        if value.funding in UNPAID_FUNDINGS:
            check_cap(value, value.initial_amount)
            if reasons := get_reasons(value, value.initial_amount):
                value._update_state("to_approve")
                ask_second_person(value, reasons)
                continue
        entries.append(entry)
    values._write_guarded({"requested_by_id": values.env.uid})
    _post_issues(entries)


def _post_issues(entries):
    post_set(entries)
    by_account = {}  # {account on the other side: records}
    for entry in entries:
        _held, other, *_shares = entry.items
        by_account[other.account] = (
            by_account.get(other.account, entry.value.browse()) + entry.value
        )
    for account, values in by_account.items():
        values._update_state("active", funding_account_id=account.id)


def _prepare_issue(value, payments=None):
    """Complete what is to be issued, and is locked.

    :return: the entry that funds it
    :raise UserError: when something is missing
    """
    value.ensure_one()
    stored_value_events.check_state(value, "draft", "to_approve")
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
            # Frozen: what the settings say later changes nothing for this card.
            "tax_policy": value.funding == "promotion"
            and (value.product_id.gift_card_tax_policy or company.gift_card_tax_policy),
        }
    )
    value._freeze_voucher()
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
    reductions = BaseReductions()
    available = stored_value_events.find_available(values)
    moves = post_entries(
        [
            stored_value_events.use(
                application.credit.move,
                application,
                reductions,
                available[application.credit.move],
            )
            for application in applications
        ]
    )
    update_from_balance(values)
    return [find_receivable_items(move) for move in moves]


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
        _held, other, *_shares = entry.items
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
    entry = stored_value_events.move(value, account, amount, event, target)
    if target.given_account_id:
        given = [
            item for item in entry.items if item.account == target.given_account_id
        ]
        led = sum(item.amount for item in given if item.value == target)
        target._write_guarded({"given_amount": -led})
    post(entry)
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
            "tax_policy": value.tax_policy,
            "given_account_id": value.given_account_id.id,
            "origin_id": value.id,
            "invoice_id": value.invoice_id.id,
            "product_id": value.product_id.id,
            "voucher_kind": value.voucher_kind,
            "voucher_tax_id": value.voucher_tax_id.id,
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
    attempts = env["account.stored.value.attempt"]
    attempts._check_pause()
    try:
        value = account_gift_card.find_by_code(env, code)
    except UserError:
        if attempts._normalize_code(code):
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


def join(value, target, amount):
    """Let value join what another record holds, as one entry of both histories.

    :param target: of the same company and currency, for instance a wallet
    :param amount: at most what is left
    :raise UserError: when there is less
    """
    both = value | target
    both._lock()
    post(stored_value_events.join(value, target, amount))
    target._write_guarded({"initial_amount": target.initial_amount + amount})
    update_from_balance(both)


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


def expire(values, date):
    """Take what is left to breakage income as one set.

    :param values: records of one company
    :param date: of the entries
    :raise UserError: see ``stored_value_events.expire``
    """
    values._lock()
    available = stored_value_events.find_available(values)
    entries = [
        stored_value_events.expire(value, date, available[value]) for value in values
    ]
    post_set([entry for entry in entries if entry])
    values._update_state("expired")


def hand(values, account, labels):
    """Hand what is left to a state as one set, see ``stored_value_events.hand``.

    :param values: records of one company
    :param labels: of the items, one for each record
    :return: the posted entries, in this order
    """
    values._lock()
    moves = post_entries(
        [
            stored_value_events.hand(value, account, label)
            for value, label in zip(values, labels, strict=True)
        ]
    )
    values._update_state("handed")
    return moves


def hand_back(move):
    """Reverse a handing over, see ``stored_value_events.hand_back``.

    :param move: its entry
    :return: the posted reversal
    """
    value = move.line_ids.stored_value_id
    value._lock()
    reversal = post(stored_value_events.hand_back(move))
    # The payment of the invoice that sold it may have bounced meanwhile.
    update_from_balance(value)
    return reversal


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
        "%(account)s now belongs to %(target)s, and this record with it.",
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
    for state, back in (values - empty).grouped("state").items():
        if state == "void":
            for value in back:
                # To discounts given, or onto the account, where the credit note is.
                post(stored_value_events.void_again(value))
        elif state in ("used", "expired", "handed"):
            silent = {"mail_notrack": True} if state == "used" else {}
            back.with_context(**silent)._update_state("active")
            follow_invoices(back.filtered("invoice_id"))


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
