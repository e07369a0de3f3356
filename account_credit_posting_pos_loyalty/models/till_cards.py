"""Loyalty cards of the ledger at the till: used, sold, and booked with the session.

Steps of the hooks of ``pos.order`` and ``pos.session``, in the order of their calls.
Whoever sells need not see stored value.
"""

from odoo.exceptions import UserError
from odoo.tools import float_is_zero

from odoo.addons.account_credit_posting.models.stored_value import gift_card_sale
from odoo.addons.account_credit_posting.tools.posting import with_posting
from odoo.addons.account_credit_posting_loyalty.models import card_ledger
from odoo.addons.account_credit_posting_pos.models import till_sale


def check(order):
    """Check what an order that is about to be paid does with cards in the ledger.

    :param order: a ``pos.order``
    :raise UserError: when a card cannot pay it, or is given back
    """
    selling = order.lines.filtered(lambda line: line._sells_gift_cards())
    card_ledger.check_sold(selling, order)
    for line in order.lines.filtered("refunded_orderline_id"):
        if line.refunded_orderline_id._pays_from_ledger():
            raise UserError(
                order.env._(
                    "%(order)s was paid with a gift card or wallet. Refund what was "
                    "sold, and leave out the line of the card.",
                    order=line.refunded_orderline_id.order_id.name,
                )
            )
    lines = order._get_ledger_lines()
    if not lines:
        return
    if selling:
        card_ledger.raise_sells_cards(order)
    for line in lines:
        _check_line(line)


def _check_line(line):
    """Check that a line uses an amount of money, without tax.

    :raise UserError: when it does not
    """
    order = line.order_id
    currency = order.currency_id
    card_sudo = line._get_used_card()
    card_ledger.check_place(card_sudo, order)
    amount = line._get_used_amount()
    is_exact = float_is_zero(amount + line.price_unit, precision_digits=6)
    if currency.compare_amounts(amount, 0) <= 0 or not is_exact:
        raise UserError(
            order.env._(
                "%(order)s would use %(amount)s of %(card)s, which is not a valid "
                "amount. Remove the line of the card, then add it again.",
                order=order.name,
                amount=-line.price_unit,
                card=card_sudo.display_name,
            )
        )
    if not gift_card_sale.is_untaxed(line.tax_ids_after_fiscal_position):
        raise UserError(
            order.env._(
                "%(product)s pays with a gift card or wallet and cannot be taxed. "
                "Remove the taxes of this product.",
                product=line.product_id.display_name,
            )
        )


def check_invoiced(orders):
    """Check that an invoice can still be what draws on cards.

    :param orders: ``pos.order`` records
    :raise UserError: when the entry of their session has done it
    """
    for order in orders:
        if order.session_id.state == "closed" and order._get_ledger_lines():
            raise UserError(
                order.env._(
                    "%(order)s was paid with a gift card or wallet, and is posted "
                    "with %(session)s: it can no longer be invoiced.",
                    order=order.name,
                    session=order.session_id.name,
                )
            )


# -----------------------------------------------------------------------------
# SOLD
# -----------------------------------------------------------------------------


def attach(order, coupon_data):
    """Let the cards that loyalty has for an order be the gift cards that it sold.

    :param order: a ``pos.order``
    :param dict coupon_data: of ``confirm_coupon_programs``: what each card gets
    """
    order_sudo = order.sudo()
    amounts = {  # {code: amount}
        data.get("code") or data.get("barcode"): data.get("points") or 0
        for data in coupon_data.values()
    }
    programs = order_sudo.env["loyalty.program"]
    for line_sudo in order_sudo.lines:
        value_sudo = line_sudo.gift_card_ids
        # One whose code was told already is a gift card without loyalty.
        if (
            not value_sudo
            or value_sudo.code_last4
            or value_sudo.loyalty_card_id
            or value_sudo.top_up_card_id
        ):
            continue
        program_sudo = programs._find_program_of(
            line_sudo.product_id, order_sudo.company_id
        )
        if not program_sudo:
            continue
        card_sudo = _find_card(order_sudo, program_sudo, value_sudo, amounts)
        card_ledger.attach(
            card_sudo or card_ledger.create_card(program_sudo, value_sudo.partner_id),
            value_sudo,
        )
        card_ledger.arrive(value_sudo)


def _find_card(order_sudo, program_sudo, value_sudo, amounts):
    """Return the card that loyalty has for what was sold, or none.

    :param dict amounts: what each code gets
    """
    if program_sudo.program_type == "ewallet":
        partner_sudo = order_sudo.partner_id or value_sudo.partner_id
        return card_ledger.find_wallet(program_sudo, partner_sudo)
    currency = value_sudo.currency_id
    named_sudo = program_sudo.env["loyalty.card"].search(
        [
            ("program_id", "=", program_sudo.id),
            "|",
            ("source_pos_order_id", "=", order_sudo.id),
            ("code", "in", [code for code in amounts if code]),
        ],
        order="id",
    )
    taken_sudo = order_sudo.lines.gift_card_ids
    taken_sudo = taken_sudo.loyalty_card_id | taken_sudo.top_up_card_id
    return (named_sudo - taken_sudo).sorted(
        lambda card: bool(
            currency.compare_amounts(
                amounts.get(card.code, 0), value_sudo.initial_amount
            )
        )
    )[:1]


# -----------------------------------------------------------------------------
# WHEN THE SESSION IS CLOSED
# -----------------------------------------------------------------------------


def get_item_vals(value_sudo):
    """Return what the item of a use adds to that of sales."""
    return till_sale.name_item(value_sudo, value_sudo.env._("used at the till"))


def set_event(session):
    """Say on the entry of a session that it uses cards, where it does nothing else.

    :param session: a ``pos.session`` whose entry is a draft
    """
    move_sudo = session.move_id.sudo()
    lines_sudo = (
        session.sudo().order_ids.filtered(lambda order: not order.is_invoiced).lines
    )
    used_sudo = lines_sudo.filtered(lambda line: line._pays_from_ledger())
    values_sudo = used_sudo._get_used_card().stored_value_ids
    items_sudo = move_sudo.line_ids.filtered("stored_value_id")
    if items_sudo and items_sudo.stored_value_id <= values_sudo:
        is_use = all(item.amount_currency > 0 for item in items_sudo)
        if is_use:
            with_posting(move_sudo, "event").stored_value_event = "use"
