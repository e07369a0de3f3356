"""Keep the accounts of stored value to its events, and what is posted as it is.

The rules hold for users who cannot see stored value or credits, too. What the database
refuses of the same is in ``stored_value_wall`` and ``credit_wall``.
"""

from odoo.exceptions import UserError
from odoo.tools import format_list

from odoo.addons.account.models.account_move import BYPASS_LOCK_CHECK

from ...const import POSTED_FIELDS
from ...tools.posting import get_posting, is_written_by
from .gift_card_sale import sells_gift_card


def check_no_posted_event(moves):
    """Check that no event is posted among entries that would no longer be.

    :param moves: ``account.move`` records
    :raise UserError: when there is one
    """
    for move_sudo in moves.sudo():
        if not move_sudo.stored_value_event or move_sudo.state != "posted":
            continue
        if move_sudo.is_sale_document():
            raise UserError(
                moves.env._(
                    "%(move)s sold, used or took back gift cards and cannot be "
                    "reset. Reverse an invoice with a credit note.",
                    move=move_sudo.name,
                )
            )
        raise UserError(
            moves.env._(
                "%(move)s belongs to a gift card or prepayment and cannot be reset. "
                "Correct, refund or void that record.",
                move=move_sudo.name,
            )
        )


def check_items(moves):
    """Let every item on a liability account name its stored value, and only events.

    :param moves: ``account.move`` records, about to be posted
    :raise UserError: when an item does not
    """
    # The chart of accounts need not be the user's to see, either.
    items_sudo = moves.sudo().line_ids.filtered(
        lambda item: item.stored_value_id or item.account_id.holds_stored_value
    )
    is_event = is_written_by(moves.env, "event")
    _refuse_strangers(
        items_sudo.filtered(
            lambda item: (
                not item.stored_value_id
                or not item.move_id.stored_value_event
                or not (is_event or sells_gift_card(item))
            )
        ).account_id
    )
    for item_sudo in items_sudo:
        value_sudo = item_sudo.stored_value_id
        if (
            not _is_on_own_account(item_sudo)
            or item_sudo.partner_id != value_sudo.partner_id
            or item_sudo.company_id != value_sudo.company_id
            or item_sudo.currency_id != value_sudo.currency_id
        ):
            raise UserError(
                moves.env._(
                    "%(move)s: a line on %(account)s must name the gift card or "
                    "prepayment, its account, its company and its currency.",
                    move=item_sudo.move_id.display_name,
                    account=item_sudo.account_id.display_name,
                )
            )


def _is_on_own_account(item):
    """Tell whether an item is where its stored value is owed, or its tax."""
    value = item.stored_value_id
    if value._is_single_purpose() and item.tax_repartition_line_id:
        return not item.account_id.holds_stored_value
    return item.account_id in value.liability_account_id | value.given_account_id


def _refuse_strangers(accounts_sudo):
    """Refuse what no event posts, on the accounts that events post on.

    :param accounts_sudo: ``account.account`` records
    :raise UserError: when there are any
    """
    if accounts_sudo:
        raise UserError(
            accounts_sudo.env._(
                "%(accounts)s hold the money of gift cards and prepayments. To post "
                "there, issue, correct or use one of these.",
                accounts=format_list(
                    accounts_sudo.env, accounts_sudo.mapped("display_name")
                ),
            )
        )


# -----------------------------------------------------------------------------
# WHAT IS POSTED STAYS AS IT IS
# -----------------------------------------------------------------------------


def check_added(items):
    """Check that nothing was added to what is posted.

    :param items: ``account.move.line`` records that were just created
    :raise UserError: when something was
    """
    if _is_at_work(items.env):
        return
    added_sudo = items.sudo().filtered(lambda item: item.move_id.state == "posted")
    _refuse_strangers(
        added_sudo.filtered(
            lambda item: item.stored_value_id or item.account_id.holds_stored_value
        ).account_id
    )
    _refuse_change(added_sudo.filtered(_is_kept).move_id)


def check_removed(items):
    """Check that nothing is removed of what is posted.

    :param items: ``account.move.line`` records
    :raise UserError: when something would be
    """
    if not _is_at_work(items.env):
        _refuse_change(items.sudo().filtered(_is_kept).move_id)


def check_written(items, vals):
    """Check that what is posted stays as it was posted.

    :param items: ``account.move.line`` records
    :param dict vals: of ``write``
    :raise UserError: when an item of a credit or of stored value would change, or one
        of anything else would be moved to an account that holds stored value
    """
    names = POSTED_FIELDS["account.move.line"] & vals.keys()
    if not names or _is_at_work(items.env):
        return
    if _is_re_pointed(items.env):
        names -= {"partner_id"}
    changed_sudo = items.sudo().filtered(
        lambda item: item.parent_state == "posted" and _will_change(item, vals, names)
    )
    _refuse_change(changed_sudo.filtered(_is_kept).move_id)
    account_sudo = changed_sudo.account_id.browse(vals.get("account_id"))
    if changed_sudo and account_sudo.holds_stored_value:
        _refuse_strangers(account_sudo)


def check_moves_written(moves, vals):
    """Check the same for what is written to entries.

    :param moves: ``account.move`` records
    :param dict vals: of ``write``
    :raise UserError: when an entry of a credit or of stored value would change
    """
    names = POSTED_FIELDS["account.move"] & vals.keys()
    if not names or _is_at_work(moves.env):
        return
    if _is_re_pointed(moves.env):
        names -= {"commercial_partner_id"}
    _refuse_change(
        moves.sudo().filtered(
            lambda move: (
                move.state == "posted"
                and (move.stored_value_event or _is_credit(move))
                and _will_change(move, vals, names)
            )
        )
    )


def check_payments_written(payments, vals):
    """Check the same for payments of stored value.

    :param payments: ``account.payment`` records
    :param dict vals: of ``write``
    :raise UserError: when what is posted of one would change
    """
    names = POSTED_FIELDS["account.payment"] & vals.keys()
    if not names or _is_at_work(payments.env):
        return
    _refuse_change(
        payments.sudo()
        .filtered(
            lambda payment: (
                payment.stored_value_id
                and payment.move_id.state == "posted"
                and (
                    _will_change(payment, vals, names - {"state"})
                    or vals.get("state") in ("draft", "canceled")
                )
            )
        )
        .move_id
    )


def _is_at_work(env):
    return not get_posting(env).writers.isdisjoint(("event", "posting"))


def _is_re_pointed(env):
    """Tell whether Odoo leads what is posted of a contact to its new account."""
    return env.context.get("bypass_lock_check") is BYPASS_LOCK_CHECK


def _is_credit(move):
    return bool(move.credit_line_id or move.credit_batch_id)


def _is_kept(item):
    """Tell whether an item is posted, and of a credit or of stored value.

    On an invoice that sells gift cards, these lines alone are.
    """
    move = item.move_id
    return move.state == "posted" and bool(
        item.stored_value_id
        or _is_credit(move)
        or (move.stored_value_event and not move.is_sale_document())
    )


def _will_change(record, vals, names):
    """Tell whether a write changes one of these fields; lists of records always do."""
    fields = record._fields
    return any(
        bool(vals[name])
        if fields[name].type == "one2many"
        else record.env["account.move"]._field_will_change(record, vals, name)
        for name in names
    )


def _refuse_change(moves_sudo):
    """Refuse to change entries.

    :raise UserError: when there are any
    """
    if moves_sudo:
        raise UserError(
            moves_sudo.env._(
                "%(moves)s: what is posted of a credit, a gift card or a prepayment "
                "cannot be changed. Correct, move or reverse the credit, the gift "
                "card or the prepayment instead.",
                moves=format_list(moves_sudo.env, moves_sudo.mapped("display_name")),
            )
        )


# -----------------------------------------------------------------------------
# ACCOUNTS THAT MONEY IS HELD FOR
# -----------------------------------------------------------------------------


def check_holds_nothing(partners):
    """Check that no money is held for accounts, in any company.

    :param partners: ``res.partner`` records
    :raise UserError: names the account and what is held
    """
    for value_sudo in _find_holding(partners):
        raise UserError(
            partners.env._(
                "%(account)s has %(balance)s left on %(name)s, which is still owed. "
                "Use, move or refund it first.",
                account=value_sudo.partner_id.display_name,
                balance=value_sudo.currency_id.format(value_sudo.balance),
                name=value_sudo.name,
            )
        )


def find_companies(accounts):
    """Return which companies hold money for accounts.

    :param accounts: ``res.partner`` records
    :return: ``{account: companies}``
    """
    return {
        account: part.company_id
        for account, part in _find_holding(accounts).grouped("partner_id").items()
    }


def _find_holding(accounts):
    """Return what holds money for accounts, as sudoed ``account.stored.value``."""
    values_sudo = accounts.env["account.stored.value"].sudo()
    values_sudo = values_sudo.search(
        [("partner_id", "in", accounts.ids), ("state", "!=", "draft")]
    )
    return values_sudo.filtered(
        lambda value: not value.currency_id.is_zero(value.balance)
    )
