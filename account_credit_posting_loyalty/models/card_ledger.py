"""What cards of loyalty programs do in the ledger: sold, topped up, used, given back.

Steps of the hooks of ``account.move`` and ``loyalty.card``. Whoever bills or sells need
not see stored value: records come with all rights.
"""

from odoo import fields
from odoo.exceptions import UserError

from odoo.addons.account_credit_posting.models.stored_value import (
    account_gift_card,
    gift_card_sale,
    stored_value_changes,
    stored_value_events,
)
from odoo.addons.account_credit_posting.tools.days import get_today
from odoo.addons.account_credit_posting.tools.posting import with_posting

from . import flow

# -----------------------------------------------------------------------------
# THE CARD AND ITS MONEY
# -----------------------------------------------------------------------------


def find_balances(cards):
    """Return what can be used of cards: what is booked, less what open orders have.

    :param cards: ``loyalty.card`` records in the ledger
    :return: ``{card: amount}``, in the currency of the program; 0 for a card that
        is not paid yet, blocked or expired
    """
    cards_sudo = cards.sudo()
    reserved = cards_sudo._find_reserved()
    balances = {}
    for card_sudo in cards_sudo:
        value_sudo = card_sudo.stored_value_ids
        is_usable = value_sudo.state == "active" and not value_sudo._is_expired()
        balance = value_sudo.balance if is_usable else 0
        balances[card_sudo] = balance - reserved.get(card_sudo, 0)
    return balances


def is_used_by(line):
    """Tell whether a line of an order pays with a card that is kept in the ledger.

    :param line: with ``coupon_id`` and ``reward_id``, of an order or a till
    """
    line_sudo = line.sudo()
    return bool(line_sudo.coupon_id) and line_sudo.reward_id.program_id.is_in_ledger


def find_wallet(program_sudo, partner_sudo):
    """Return the wallet that a customer has, or none."""
    return program_sudo.env["loyalty.card"].search(
        [("program_id", "=", program_sudo.id), ("partner_id", "=", partner_sudo.id)],
        limit=1,
    )


def link(value_sudo, card_sudo):
    """Let a gift card be the money of a loyalty card, under the code of that card."""
    # Loyalty sends its cards itself, with the code that they have.
    value_sudo._write_guarded({"loyalty_card_id": card_sudo.id, "send_date": False})
    set_code(value_sudo, card_sudo)


def set_code(value_sudo, card_sudo):
    """Let a gift card have the code of its loyalty card."""
    env = value_sudo.env
    code = env["account.stored.value.attempt"]._normalize_code(card_sudo.code)
    value_sudo._write_guarded(
        {
            "code_hash": account_gift_card.hash_code(env, code),
            "code_last4": code[-4:],
        }
    )


def check_covered(cards_sudo):
    """Check that open orders have no more of cards than there is.

    Of two orders at once the second begins again, and finds what the first one has.

    :param cards_sudo: ``loyalty.card`` records that orders have just reserved
    :raise UserError: names the card and what is left
    """
    reserved = cards_sudo._find_reserved()
    values_sudo = cards_sudo.stored_value_ids
    values_sudo._lock()
    available = stored_value_events.find_available(values_sudo)
    for card_sudo in cards_sudo:
        amount = reserved.get(card_sudo, 0)
        if not amount:
            continue
        value_sudo = card_sudo.stored_value_ids
        check_usable(card_sudo, value_sudo)
        today = get_today(value_sudo.company_id)
        left = max(
            (held for day, held in available[value_sudo] if day <= today),
            default=-amount,
        )
        if value_sudo.currency_id.compare_amounts(left, 0) < 0:
            refuse_amount(card_sudo, amount, left + amount)


def check_usable(card_sudo, value_sudo):
    """Check that a card can pay now.

    :raise UserError: when it is not paid yet, blocked, expired or empty
    """
    env = card_sudo.env
    if not value_sudo or value_sudo.awaits_payment:
        raise UserError(
            env._(
                "%(card)s is not paid yet: it can be used once it is paid.",
                card=card_sudo.display_name,
            )
        )
    if value_sudo._is_expired():
        raise UserError(env._("%(card)s has expired.", card=card_sudo.display_name))
    stored_value_events.check_state(value_sudo, "active")
    if value_sudo._is_single_purpose():
        raise UserError(
            env._(
                "%(card)s is a single-purpose voucher: its tax was charged when it "
                "was sold. Invoice the order, then pay the invoice with the voucher.",
                card=card_sudo.display_name,
            )
        )
    if value_sudo.given_account_id:
        raise UserError(
            env._(
                "%(card)s was sold below its value and has two liabilities. Invoice "
                "the order, then pay the invoice with the card.",
                card=card_sudo.display_name,
            )
        )


def refuse_amount(card_sudo, amount, left):
    """Refuse to use more of a card than there is.

    :raise UserError: always
    """
    currency = card_sudo.currency_id
    raise UserError(
        card_sudo.env._(
            "%(card)s has %(left)s left, less than %(amount)s. Use at most what is "
            "left.",
            card=card_sudo.display_name,
            left=currency.format(max(0, left)),
            amount=currency.format(amount),
        )
    )


# -----------------------------------------------------------------------------
# SOLD, AND TOPPED UP
# -----------------------------------------------------------------------------


def sell(line_sudo, value_sudo):
    """Let a gift card that an invoice sells be a loyalty card, or top one up.

    :param line_sudo: of the invoice
    :param value_sudo: the gift card, a draft
    """
    company_sudo = line_sudo.company_id
    program_sudo = line_sudo.env["loyalty.program"]._find_program_of(
        line_sudo.product_id, company_sudo
    )
    # What was sold elsewhere before is no draft any more, and known there.
    if not program_sudo or value_sudo.state != "draft":
        return
    check_currency(program_sudo, line_sudo.move_id)
    card_sudo = line_sudo._find_sold_card(program_sudo, value_sudo)
    attach(card_sudo or create_card(program_sudo, value_sudo.partner_id), value_sudo)


def check_sold(lines, document):
    """Check that lines sell cards of programs in the ledger in their own currency.

    :param lines: that sell gift cards, with ``product_id``
    :param document: the order that they are of
    :raise UserError: when one sells in another currency
    """
    programs = document.env["loyalty.program"]
    for line in lines:
        program_sudo = programs._find_program_of(line.product_id, document.company_id)
        if program_sudo:
            check_currency(program_sudo, document)


def attach(card_sudo, value_sudo):
    """Let a card get the money of what was sold, once it is paid."""
    # A card that has money already is topped up, too.
    if card_sudo.program_type == "ewallet" or card_sudo.stored_value_ids:
        value_sudo._write_guarded({"top_up_card_id": card_sudo.id})
    else:
        link(value_sudo, card_sudo)


def create_card(program_sudo, partner_sudo):
    """Return a new card, or the wallet that a customer has."""
    is_wallet = program_sudo.program_type == "ewallet"
    if is_wallet and (wallet_sudo := find_wallet(program_sudo, partner_sudo)):
        return wallet_sudo
    return program_sudo.env["loyalty.card"].create(
        {
            "program_id": program_sudo.id,
            "partner_id": partner_sudo.id if is_wallet else False,
        }
    )


def arrive(values_sudo):
    """Let wallets have what was paid for them, and send the cards that are paid.

    :param values_sudo: ``account.stored.value``, sold on what is paid now
    """
    for value_sudo in values_sudo.filtered(lambda value: value.state == "active"):
        wallet_sudo = value_sudo.top_up_card_id
        if wallet_sudo and not value_sudo.loyalty_card_id:
            _top_up(wallet_sudo, value_sudo)
        elif value_sudo.loyalty_card_id and not value_sudo.sent_date:
            value_sudo._write_guarded({"sent_date": fields.Datetime.now()})
            value_sudo.loyalty_card_id._send_creation_communication()


def _top_up(wallet_sudo, value_sudo):
    """Let money join a wallet; the first becomes its record."""
    held_sudo = wallet_sudo.stored_value_ids
    if held_sudo and held_sudo.state != "void":
        stored_value_changes.join(value_sudo, held_sudo, value_sudo.balance)
        return
    if held_sudo:
        held_sudo._write_guarded({"loyalty_card_id": False, "code_hash": False})
    link(value_sudo, wallet_sudo)


# -----------------------------------------------------------------------------
# USED ON AN INVOICE, AND GIVEN BACK BY A CREDIT NOTE
# -----------------------------------------------------------------------------


def find_using(moves):
    """Return the invoices and credit notes that cards pay, or get something back of.

    :param moves: ``account.move`` records that are about to be posted
    """
    return moves.filtered(
        lambda move: move.is_sale_document() and _get_lines(move.sudo())
    )


def _get_lines(move_sudo):
    return move_sudo.invoice_line_ids.filtered(lambda line: line._get_used_card())


def prepare(moves):
    """Let the discount lines of cards draw on the liability, without tax.

    :param moves: drafts, see :func:`find_using`
    :raise UserError: when a card cannot pay so much, or the document sells cards
    """
    for move_sudo in moves.sudo():
        lines_sudo = _get_lines(move_sudo)
        for line_sudo in lines_sudo:
            _check_line(line_sudo)
        _check_others(move_sudo, lines_sudo)
        is_refund = move_sudo.move_type == "out_refund"
        event = "undo" if is_refund else "use"
        with_posting(move_sudo, "event").stored_value_event = event
        for card_sudo, its_lines_sudo in lines_sudo.grouped(
            lambda line: line._get_used_card()
        ).items():
            if is_refund:
                _prepare_undo(card_sudo, its_lines_sudo)
            else:
                _prepare_use(card_sudo, its_lines_sudo)


def _check_line(line_sudo):
    """Check that a line takes what it says of its card.

    :raise UserError: when it is taxed, in another currency or of another company
    """
    env = line_sudo.env
    card_sudo = line_sudo._get_used_card()
    check_place(card_sudo, line_sudo.move_id)
    if not gift_card_sale.is_untaxed(line_sudo.tax_ids):
        raise UserError(
            env._(
                "%(line)s pays with %(card)s: what it pays is taxed, and it is not. "
                "Remove its taxes.",
                line=line_sudo.name or line_sudo.product_id.display_name,
                card=card_sudo.display_name,
            )
        )


def check_place(card_sudo, document):
    """Check that a card pays in its own company and currency.

    :param document: an order or an invoice
    :raise UserError: when it would pay elsewhere
    """
    env = document.env
    program_sudo = card_sudo.program_id
    if document.company_id != program_sudo.company_id:
        raise UserError(
            env._(
                "%(card)s is money owed by %(company)s: it can only be used there.",
                card=card_sudo.display_name,
                company=program_sudo.company_id.display_name,
            )
        )
    check_currency(program_sudo, document)


def check_currency(program_sudo, document):
    """Check that cards are sold and used in their own currency.

    :param document: an order or an invoice
    :raise UserError: when it is in another one
    """
    if document.currency_id != program_sudo.currency_id:
        raise UserError(
            document.env._(
                "Cards of %(program)s are in %(currency)s: they are sold and used in "
                "this currency. %(document)s is in %(other)s.",
                program=program_sudo.name,
                currency=program_sudo.currency_id.name,
                document=document.display_name,
                other=document.currency_id.name,
            )
        )


def _check_others(move_sudo, lines_sudo):
    """Check that a document which cards pay moves no other money of gift cards.

    :raise UserError: when it sells some, or a line names one
    """
    others_sudo = move_sudo.line_ids - lines_sudo
    if others_sudo.product_id.filtered("is_gift_card") or others_sudo.stored_value_id:
        raise_sells_cards(move_sudo)


def raise_sells_cards(document):
    """Refuse to pay gift cards, or a top-up, with a card.

    :raise UserError: always
    """
    raise UserError(
        document.env._(
            "%(document)s sells gift cards, or tops up a wallet: these are paid with "
            "money, not with a gift card or a wallet. Sell them separately.",
            document=document.display_name,
        )
    )


def _prepare_use(card_sudo, lines_sudo):
    """Let lines draw on a card; what another account uses is moved to that first."""
    move_sudo = lines_sudo.move_id
    currency = card_sudo.currency_id
    value_sudo = card_sudo.stored_value_ids
    check_usable(card_sudo, value_sudo)
    value_sudo._lock()
    for line_sudo in lines_sudo:
        amount = line_sudo.amount_currency
        if currency.compare_amounts(amount, 0) < 0:
            raise UserError(
                card_sudo.env._(
                    "%(move)s gives an amount back to %(card)s: only a credit note "
                    "can do that.",
                    move=move_sudo.display_name,
                    card=card_sudo.display_name,
                )
            )
        if currency.compare_amounts(amount, line_sudo._get_usable_amount()) > 0:
            raise UserError(
                card_sudo.env._(
                    "%(move)s would use %(amount)s of %(card)s, more than its order "
                    "says. Change the order, then invoice it again.",
                    move=move_sudo.display_name,
                    amount=currency.format(amount),
                    card=card_sudo.display_name,
                )
            )
    total = sum(lines_sudo.mapped("amount_currency"))
    if currency.is_zero(total):
        return
    released_sudo = flow.with_released(value_sudo, lines_sudo._get_order_lines())
    account_sudo = move_sudo.commercial_partner_id
    if value_sudo.partner_id != account_sudo:
        value_sudo = stored_value_changes.move(
            released_sudo, account_sudo, total, "redeem"
        ).with_env(value_sudo.env)
        released_sudo = value_sudo
    date = move_sudo.invoice_date or get_today(move_sudo.company_id)
    stored_value_events.check_available(released_sudo, total, date)
    _name(lines_sudo.filtered("amount_currency"), value_sudo)


def _prepare_undo(card_sudo, lines_sudo):
    """Let lines of a credit note give back what was drawn, to where it came from."""
    currency = card_sudo.currency_id
    for line_sudo in lines_sudo:
        amount = -line_sudo.amount_currency
        used = {}  # {stored value: amount}
        for item_sudo in line_sudo._find_used_items():
            value_sudo = item_sudo.stored_value_id
            used[value_sudo] = used.get(value_sudo, 0) + item_sudo.amount_currency
        values_sudo = [
            value_sudo
            for value_sudo, total in used.items()
            if currency.compare_amounts(total, amount) >= 0
        ]
        if currency.compare_amounts(amount, 0) < 0 or not values_sudo:
            raise UserError(
                card_sudo.env._(
                    "%(move)s gives %(amount)s back to %(card)s, which is not the "
                    "amount used of it. Change this credit note.",
                    move=line_sudo.move_id.display_name,
                    amount=currency.format(amount),
                    card=card_sudo.display_name,
                )
            )
        values_sudo[0]._lock()
        _name(line_sudo.filtered("amount_currency"), values_sudo[0])


def _name(lines_sudo, value_sudo):
    with_posting(lines_sudo, "event").write(
        {
            "account_id": value_sudo.liability_account_id.id,
            "stored_value_id": value_sudo.id,
        }
    )


def update(moves):
    """Say what posted invoices and credit notes did with cards.

    :param moves: see :func:`find_using`, posted
    """
    for move_sudo in moves.sudo().filtered(lambda move: move.state == "posted"):
        items_sudo = move_sudo.line_ids.filtered("stored_value_id")
        stored_value_changes.update_from_balance(items_sudo.stored_value_id)
        if move_sudo.stored_value_event != "undo":
            continue
        for value_sudo, its_items_sudo in items_sudo.grouped("stored_value_id").items():
            # What was moved to the account that used it goes back to the card.
            card_value_sudo = value_sudo.origin_id
            if not value_sudo.loyalty_card_id and card_value_sudo.loyalty_card_id:
                amount = -sum(its_items_sudo.mapped("amount_currency"))
                if not value_sudo.currency_id.is_zero(amount):
                    stored_value_changes.join(value_sudo, card_value_sudo, amount)
