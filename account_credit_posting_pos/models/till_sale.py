"""Gift cards at the till: sold, taken back, and booked when the session is closed.

Steps of the hooks of ``pos.order``, ``pos.session`` and ``account.move``, in the order
of their calls. Whoever sells need not see stored value.
"""

from odoo.exceptions import UserError
from odoo.tools import float_is_zero

from odoo.addons.account_credit_posting.models.stored_value import (
    account_gift_card,
    gift_card_sale,
    stored_value_changes,
    stored_value_events,
    stored_value_request,
)
from odoo.addons.account_credit_posting.tools.days import get_today
from odoo.addons.account_credit_posting.tools.posting import with_posting

# -----------------------------------------------------------------------------
# WHEN AN ORDER IS PAID
# -----------------------------------------------------------------------------


def check(order):
    """Check what an order that is about to be paid does with gift cards.

    :param order: a ``pos.order``
    :raise UserError: when something of it cannot be
    """
    selling = order.lines.filtered(lambda line: line._sells_gift_cards())
    for line in selling:
        gift_card_sale.refuse_line(line, line.full_product_name, _find_problem(line))
    if selling:
        _check_liability(order)
        _check_others(order, selling)
        check_paid(order)
    for line in order.lines.filtered(lambda line: line._takes_back_gift_cards()):
        _check_taken_back(line)


def _find_problem(line):
    """Return why a line can be no gift cards, as ``gift_card_sale.find_problem``."""
    env = line.env
    currency = line.order_id.currency_id
    if line.qty < 0:
        return env._("take a card back with Refund, on the order that sold it")
    if line.combo_parent_id:
        return env._(
            "a card is worth what is paid for it, so it cannot be part of a combo"
        )
    if line.product_id.voucher_kind == "single":
        return env._(
            "the tax of a single-purpose voucher is charged card by card, which is "
            "not possible at the till. Sell it on an invoice"
        )
    problem = gift_card_sale.find_problem(
        line, line.qty, line.tax_ids_after_fiscal_position
    )
    cents = line.price_unit - currency.round(line.price_unit)
    if not problem and not float_is_zero(cents, precision_digits=6):
        return env._(
            "the price is not valid in %(currency)s, which is rounded to %(rounding)s",
            currency=currency.name,
            rounding=currency.rounding,
        )
    return problem


def _check_liability(order):
    """Check that the company has an account that the cards are owed on.

    :raise UserError: when it has none
    """
    if not order.company_id.sudo()._get_liability_account("gift_card", "payment"):
        raise UserError(
            order.env._(
                "%(company)s has no liability account for gift cards. Ask an "
                "administrator to set one under Invoicing, Configuration, Settings, "
                "Account Credits.",
                company=order.company_id.display_name,
            )
        )


def _check_others(order, selling):
    """Check that no discount on the order pays for the gift cards on it.

    What is taken back in exchange for a card has been paid for, and may.

    :param selling: the lines that sell gift cards
    :raise UserError: when the others are below zero together
    """
    others = (order.lines - selling).filtered(
        lambda line: not line.refunded_orderline_id
    )
    total = sum(others.mapped("price_subtotal_incl"))
    if order.currency_id.compare_amounts(total, 0) < 0:
        raise UserError(
            order.env._(
                "This order would cost less than its gift cards are worth: the other "
                "lines come to %(total)s. Sell gift cards on an order of their own.",
                total=order.currency_id.format(total),
            )
        )


def check_paid(order):
    """Check that gift cards are paid for now, or owed on an invoice.

    :raise UserError: when they are paid for later, without an invoice
    """
    later = order.payment_ids.filtered(
        lambda payment: payment.payment_method_id.type == "pay_later"
    )
    sells = any(line._sells_gift_cards() for line in order.lines)
    if sells and later and not order.to_invoice and not order.account_move:
        raise UserError(
            order.env._(
                "A gift card is paid for when it is sold. Choose another payment "
                "method than %(method)s, or invoice this order.",
                method=later.payment_method_id[:1].display_name,
            )
        )


def _check_taken_back(line):
    """Check that a refund takes back a whole card, which nothing was used of.

    Where the card is not booked yet, its sale and its refund are by the same entry.

    :raise UserError: when it cannot be taken back
    """
    env = line.env
    order = line.order_id
    sold = line.refunded_orderline_id.order_id
    value_sudo = line._get_gift_card()
    if not value_sudo:
        raise UserError(
            env._(
                "%(order)s did not sell this as a gift card. Leave the line out.",
                order=sold.name,
            )
        )
    value_sudo._lock()
    label = dict(value_sudo._fields["state"]._description_selection(env))
    if value_sudo.state not in ("active", "blocked") or (
        value_sudo.state == "blocked" and not value_sudo.awaits_payment
    ):
        raise UserError(
            env._(
                "%(name)s is %(state)s: it cannot be taken back.",
                name=value_sudo.name,
                state=label[value_sudo.state].lower(),
            )
        )
    _check_documents(order, sold, value_sudo)
    _check_amount(line, value_sudo)


def _check_documents(order, sold, value_sudo):
    """Check that a card is taken back by the kind of document that sold it.

    :param sold: the ``pos.order`` that sold it
    :raise UserError: when it is not
    """
    env = order.env
    name = value_sudo.name
    if order.to_invoice and not value_sudo.invoice_id:
        raise UserError(
            env._(
                "%(order)s, which sold %(name)s, has no invoice. Refund it without "
                "one.",
                order=sold.name,
                name=name,
            )
        )
    if not order.to_invoice and value_sudo.invoice_id and value_sudo.awaits_payment:
        raise UserError(
            env._(
                "%(invoice)s, which sold %(name)s, is not paid. Refund it with an "
                "invoice.",
                invoice=value_sudo.invoice_id.name,
                name=name,
            )
        )
    if not value_sudo._is_booked() and sold.session_id != order.session_id:
        raise UserError(
            env._(
                "%(name)s was sold in %(session)s, which is still open. Take it back "
                "there, or close that session first.",
                name=name,
                session=sold.session_id.name,
            )
        )


def _check_amount(line, value_sudo):
    """Check that a card is taken back for what is left on it, all of it.

    :raise UserError: when it is not
    """
    currency = value_sudo.currency_id
    is_booked = value_sudo._is_booked()
    left = value_sudo.balance if is_booked else value_sudo.initial_amount
    price = -line._compute_amount_line_all()["price_subtotal_incl"]
    if currency.compare_amounts(left, price):
        raise UserError(
            line.env._(
                "%(name)s has %(left)s left, and %(price)s would be paid back. An "
                "unused card is taken back in full; for any other, refund the rest "
                "on its page.",
                name=value_sudo.name,
                left=currency.format(left),
                price=currency.format(price),
            )
        )
    if is_booked:
        stored_value_events.check_available(
            value_sudo, price, get_today(value_sudo.company_id)
        )


def split(order):
    """Give each gift card a line of its own, so that each can be taken back.

    :param order: a ``pos.order`` that was checked
    """
    for line in order.lines.filtered(lambda line: line._sells_gift_cards()):
        count = round(line.qty)
        if count == 1:
            continue
        line.write(_prepare_single(line))
        for _number in range(count - 1):
            line.copy({"order_id": order.id, **_prepare_single(line)})


def _prepare_single(line):
    return {
        "qty": 1,
        "price_subtotal": line.price_unit,
        "price_subtotal_incl": line.price_unit,
        "extra_tax_data": False,
    }


def trade(order):
    """Create the gift cards that a paid order sells, and void those that it refunds.

    They can be used when the session is closed, or the order's invoice is paid.

    :param order: a ``pos.order`` that was checked
    """
    for line in order.lines:
        value_sudo = line._get_gift_card()
        if line._sells_gift_cards() and not value_sudo:
            value_sudo = _create_card(line)
            line.full_product_name = f"{line.full_product_name} ({value_sudo.name})"
        elif line._takes_back_gift_cards() and not order.to_invoice:
            # Nobody uses it between the refund and the entry of the session.
            value_sudo._update_state("void", awaits_payment=False)


def _create_card(line):
    """Create the gift card that a line sells; it waits for the session's entry."""
    order = line.order_id
    company_sudo = order.company_id.sudo()
    till_sudo = company_sudo.account_default_pos_receivable_account_id
    date = get_today(company_sudo)
    account = order.partner_id.commercial_partner_id
    values_sudo = with_posting(line.env["account.stored.value"].sudo(), "event")
    value_sudo = values_sudo.create(
        {
            "value_type": "gift_card",
            "partner_id": (account or company_sudo._get_walk_in_account()).id,
            "company_id": company_sudo.id,
            "currency_id": order.currency_id.id,
            "initial_amount": line.price_subtotal_incl,
            "funding": "payment",
            "funding_account_id": till_sudo.id,
            "liability_account_id": company_sudo._get_liability_account(
                "gift_card", "payment"
            ).id,
            "issue_date": date,
            "expiry_date": stored_value_request.get_default_expiry(
                company_sudo, "gift_card", "payment", date
            ),
            "pos_line_id": line.id,
        }
    )
    value_sudo._update_state("blocked", awaits_payment=True)
    return value_sudo


# -----------------------------------------------------------------------------
# WHEN AN ORDER IS INVOICED
# -----------------------------------------------------------------------------


def check_invoiced(orders):
    """Check that an invoice can still be what sells, or takes back, gift cards.

    :param orders: ``pos.order`` records
    :raise UserError: when the entry of their session has done it
    """
    for order in orders:
        for line in order.lines:
            value_sudo = line._get_gift_card()
            if not value_sudo:
                continue
            if order.session_id.state == "closed":
                raise UserError(
                    order.env._(
                        "%(order)s sold or took back gift cards, and is posted with "
                        "%(session)s. A gift card is not a sale: what it pays for is "
                        "invoiced.",
                        order=order.name,
                        session=order.session_id.name,
                    )
                )
            if line._takes_back_gift_cards():
                _check_documents(order, line.refunded_orderline_id.order_id, value_sudo)


def bill(line, value_sudo):
    """Let an invoice sell the gift card of its order, whose code is told already.

    :param line: of the invoice, with all rights
    :param value_sudo: the card
    :raise UserError: when the card was taken back meanwhile
    """
    if value_sudo.state != "blocked" or value_sudo._is_booked():
        raise UserError(
            line.env._(
                "%(name)s was taken back, or is already posted: it cannot be invoiced.",
                name=value_sudo.name,
            )
        )
    value_sudo._write_guarded(
        {
            "funding": "invoice",
            "invoice_id": line.move_id.id,
            "partner_id": line.move_id.commercial_partner_id.id,
            "liability_account_id": line.account_id.id,
        }
    )


# -----------------------------------------------------------------------------
# WHEN THE SESSION IS CLOSED
# -----------------------------------------------------------------------------


def get_item_vals(value_sudo, is_sold):
    """Return what the item of a card adds to that of other sales.

    :param is_sold: whether the card is sold, or taken back
    """
    env = value_sudo.env
    label = env._("sold at the till") if is_sold else env._("taken back at the till")
    return name_item(value_sudo, label)


def name_item(value_sudo, label):
    """Return the values by which an item of a session is that of a card."""
    return {
        "stored_value_id": value_sudo.id,
        "partner_id": value_sudo.partner_id.id,
        "name": f"{value_sudo.name}: {label}",
    }


def set_event(move):
    """Say on the entry of a session what it does with gift cards.

    :param move: the draft
    """
    items_sudo = move.sudo().line_ids.filtered("stored_value_id")
    if items_sudo:
        is_sale = any(item.amount_currency < 0 for item in items_sudo)
        with_posting(move.sudo(), "event").stored_value_event = (
            "issue" if is_sale else "void"
        )


def update(moves):
    """Let the gift cards that sessions have sold be used.

    :param moves: their posted entries
    """
    for move_sudo in moves.sudo():
        for value_sudo in move_sudo.line_ids.stored_value_id:
            if value_sudo.state == "blocked" and value_sudo.awaits_payment:
                value_sudo._update_state(
                    "active", awaits_payment=False, issue_date=move_sudo.date
                )
                if value_sudo.send_date:
                    account_gift_card.trigger_sending(value_sudo.env)
            if value_sudo.state != "void":
                stored_value_changes.update_from_balance(value_sudo)
