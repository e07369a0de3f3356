"""Keep the liability accounts of stored value to its events, and accounts to its money.

The rules hold for users who cannot see stored value, too.
"""

from odoo.exceptions import UserError
from odoo.tools import format_list

from ...tools.posting import is_written_by
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
                    "%(move)s sold or took back gift cards and stays posted. "
                    "Reverse an invoice with a credit note.",
                    move=move_sudo.name,
                )
            )
        raise UserError(
            moves.env._(
                "%(move)s belongs to a gift card or prepayment and stays posted. "
                "Correct, refund or void that one.",
                move=move_sudo.name,
            )
        )


def check_items(moves):
    """Let every item on a liability account name its stored value, and only events.

    :param moves: ``account.move`` records, about to be posted
    :raise UserError: when an item does not
    """
    # The chart of accounts need not be the user's to see, either.
    accounts = moves.sudo().company_id._get_liability_accounts()
    items_sudo = moves.sudo().line_ids.filtered(
        lambda item: item.stored_value_id or item.account_id in accounts
    )
    is_event = is_written_by(moves.env, "event")
    strangers_sudo = items_sudo.filtered(
        lambda item: not item.stored_value_id or not (is_event or sells_gift_card(item))
    )
    if strangers_sudo:
        raise UserError(
            moves.env._(
                "%(accounts)s hold the money of gift cards and prepayments. Post "
                "there by issuing, correcting or using one of these.",
                accounts=format_list(
                    moves.env, strangers_sudo.account_id.mapped("display_name")
                ),
            )
        )
    for item_sudo in items_sudo:
        value_sudo = item_sudo.stored_value_id
        if (
            item_sudo.account_id != value_sudo.liability_account_id
            or item_sudo.partner_id != value_sudo.partner_id
            or item_sudo.company_id != value_sudo.company_id
            or item_sudo.currency_id != value_sudo.currency_id
        ):
            raise UserError(
                moves.env._(
                    "%(move)s: a line on %(account)s must name the stored value, "
                    "the account, the company and the currency that it is held in.",
                    move=item_sudo.move_id.display_name,
                    account=item_sudo.account_id.display_name,
                )
            )


def check_holds_nothing(partners):
    """Check that no money is held for accounts, in any company.

    :param partners: ``res.partner`` records
    :raise UserError: names the account and what is held
    """
    values_sudo = (
        partners.env["account.stored.value"]
        .sudo()
        .search([("partner_id", "in", partners.ids), ("state", "!=", "draft")])
    )
    for value_sudo in values_sudo:
        if not value_sudo.currency_id.is_zero(value_sudo.balance):
            raise UserError(
                partners.env._(
                    "%(account)s has %(balance)s left on %(name)s: the money is "
                    "still owed. Use, move or refund it first.",
                    account=value_sudo.partner_id.display_name,
                    balance=value_sudo.currency_id.format(value_sudo.balance),
                    name=value_sudo.name,
                )
            )


def find_companies(accounts):
    """Return which companies hold money for accounts.

    :param accounts: sudoed ``res.partner`` records
    :return: ``{account: companies}``
    """
    values = accounts.env["account.stored.value"].search(
        [("partner_id", "in", accounts.ids), ("state", "!=", "draft")]
    )
    holding = values.filtered(
        lambda value: not value.currency_id.is_zero(value.balance)
    )
    return {
        account: part.company_id
        for account, part in holding.grouped("partner_id").items()
    }
