"""Gift cards on invoices: a liability, no revenue, and no tax unless single-purpose.

Steps of the hooks of ``account.move``, in the order of their calls. Whoever bills need
not see stored value.
"""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import float_compare, float_is_zero

from ...tools.days import get_today
from ...tools.posting import with_posting
from ..credit.account_credit_form import charges_nothing
from ..voucher.voucher_tax import find_tax_problem
from .stored_value_changes import follow_invoices
from .stored_value_events import check_available, give, take_given_back
from .stored_value_posting import post_entries
from .stored_value_request import check_cap, get_default_expiry, get_reasons

# -----------------------------------------------------------------------------
# BEFORE POSTING
# -----------------------------------------------------------------------------


def sell(invoices):
    """Create a gift card for each unit of a gift card product on these invoices.

    They are posted with the invoice, and blocked until it is paid. A quantity above one
    becomes so many lines: each line names its card.

    :param invoices: ``account.move`` records
    :raise UserError: when a line is taxed, discounted, or on another account, or
        others lower what is to be paid
    """
    for invoice_sudo in with_posting(invoices.sudo(), "event"):
        lines_sudo = _get_card_lines(invoice_sudo)
        if not lines_sudo:
            continue
        for line_sudo in lines_sudo:
            _check_line(line_sudo)
        _check_others(invoice_sudo, lines_sudo)
        _split_lines(invoice_sudo, lines_sudo)
        for line_sudo in _get_card_lines(invoice_sudo):
            line_sudo.stored_value_id = line_sudo._create_gift_card()
            _check_given(line_sudo)
        _charge(invoice_sudo)
        invoice_sudo.stored_value_event = "issue"


def _charge(invoice):
    """Let each single-purpose voucher of an invoice have its own tax item.

    What it is good for is then what the items say.
    """
    lines = _get_card_lines(invoice).filtered(
        lambda line: line.product_id.voucher_kind == "single"
    )
    for line in lines:
        line.stored_value_id._freeze_voucher(line.tax_ids)
    # Odoo divides the tax anew when a line has another one.
    for line in lines:
        taxes = line.tax_ids
        line.tax_ids = False
        line.tax_ids = taxes
    for line in lines:
        value = line.stored_value_id
        items = invoice.line_ids.filtered(
            lambda item, value=value: item.stored_value_id == value
        )
        total = -sum(items.mapped("amount_currency"))
        value._write_guarded({"initial_amount": value.currency_id.round(total)})


def _check_given(line):
    """Check that who posts may give away what nobody pays for.

    :param line: of an invoice, with its gift card
    :raise UserError: when the discount is above a limit, or the card is of an addon
        that knows no discount
    """
    value = line.stored_value_id
    face = line.currency_id.round(line.price_unit)
    if float_is_zero(line.discount, precision_digits=6):
        return
    if line.currency_id.compare_amounts(value.initial_amount, face):
        raise UserError(
            line.env._(
                "%(name)s is also sold elsewhere, for its full value. Remove the "
                "discount.",
                name=value.name,
            )
        )
    if not value.given_account_id:
        raise UserError(
            line.env._(
                "%(company)s has no account for gift cards given away. Choose one "
                "under Invoicing, Configuration, Settings, Account Credits.",
                company=line.move_id.company_id.display_name,
            )
        )
    check_cap(value, value.given_amount, is_given=True)
    if reasons := get_reasons(value, value.given_amount):
        raise UserError(
            line.env._(
                "%(line)s gives away %(amount)s: %(reasons)s Lower the discount, "
                "then issue a gift card for the rest.",
                line=line.name or line.product_id.display_name,
                amount=line.currency_id.format(value.given_amount),
                reasons=" ".join(reasons),
            )
        )


def _get_card_lines(invoice):
    return invoice.invoice_line_ids.filtered("product_id.is_gift_card")


def _check_line(line):
    """Check that a line can become gift cards.

    :raise UserError: when it is taxed, discounted, or on another account, or when its
        quantity or price can be no gift card's
    """
    env = line.env
    liability = line.move_id.company_id._get_liability_account("gift_card", "invoice")
    is_multi = line.product_id.voucher_kind == "multi"
    problem = find_problem(line, line.quantity, line.tax_ids, may_discount=is_multi)
    if not problem and line.account_id != liability:
        problem = env._(
            "it is booked on %(account)s",
            account=liability.display_name or env._("a liability account"),
        )
    refuse_line(line, line.name, problem)


def find_problem(line, quantity, taxes, *, may_discount=False):
    """Return why a line can be no gift cards, whatever document it is on.

    :param line: a record with ``price_unit`` and ``discount``
    :param quantity: how many cards it sells
    :param taxes: ``account.tax`` records of the line
    :param may_discount: whether it may be sold for less than it is worth
    :return: a part of a sentence; None where nothing is wrong
    """
    env = line.env
    is_whole = not float_compare(quantity, round(quantity), precision_digits=6)
    if not is_whole or quantity < 1:
        return env._("the quantity is one for each card, a whole number")
    if line.price_unit <= 0:
        return env._("the price is what the card is worth, above zero")
    if not float_is_zero(line.discount, precision_digits=6) and not (
        may_discount and 0 < line.discount < 100  # noqa: PLR2004 (percent)
    ):
        return (
            env._(
                "the price after the discount must be above zero and below the value "
                "of the card. To give away a card, issue a gift card given away"
            )
            if may_discount
            else env._(
                "a card is worth what is paid for it, so there is no discount. Post a "
                "credit instead"
            )
        )
    if line.product_id.voucher_kind == "single":
        return find_tax_problem(taxes)
    if not is_untaxed(taxes):
        return env._(
            "it is taxed when it is used, not when it is sold. Where the law wants a "
            "tax on each line, choose the one that is zero"
        )
    return None


def is_untaxed(taxes):
    """Tell whether there is no tax, or the one of 0 % that a law wants on each line.

    :param taxes: ``account.tax`` records
    """
    return len(taxes) < 2 and all(map(charges_nothing, taxes.flatten_taxes_hierarchy()))


def refuse_line(line, name, problem):
    """Refuse a line that can be no gift cards.

    :param line: a record with ``product_id``
    :param name: what the line says
    :param problem: see :func:`find_problem`
    :raise UserError: where there is a problem
    """
    if problem:
        raise UserError(
            line.env._(
                "%(line)s sells gift cards: %(problem)s. Change this line.",
                line=name or line.product_id.display_name,
                problem=problem,
            )
        )


def _check_others(invoice, lines):
    """Check that no other line of an invoice pays for the gift cards on it.

    :param lines: that sell gift cards
    :raise UserError: when the others are below zero together
    """
    others = invoice.invoice_line_ids - lines
    others = others.filtered(lambda line: line.display_type == "product")
    total = sum(others.mapped("price_total"))
    if invoice.currency_id.compare_amounts(total, 0) < 0:
        raise UserError(
            invoice.env._(
                "%(invoice)s would cost less than its gift cards are worth: the "
                "other lines come to %(total)s. Invoice gift cards separately.",
                invoice=invoice.display_name,
                total=invoice.currency_id.format(total),
            )
        )


def _split_lines(invoice, lines):
    """Give each unit a line of its own, which is a copy: what it was billed for stays.

    As where Odoo reverses an invoice, that includes the links of other addons, such as
    the lines of a sale order.
    """
    commands = []
    for line in lines.with_context(include_business_fields=True):
        count = round(line.quantity)
        if count > 1:
            commands.append(Command.update(line.id, {"quantity": 1}))
            [vals] = line.copy_data({"quantity": 1})
            del vals["move_id"]
            commands += [Command.create(dict(vals)) for _number in range(count - 1)]
    if commands:
        invoice.write({"invoice_line_ids": commands})


def create_card(line):
    """Create the gift card that a line sells, as a draft.

    :param line: of an invoice, with all rights
    :return: the ``account.stored.value``
    """
    invoice = line.move_id
    company = invoice.company_id
    date = invoice.invoice_date or get_today(company)
    return line.env["account.stored.value"].create(
        {
            "value_type": "gift_card",
            "partner_id": invoice.commercial_partner_id.id,
            "company_id": company.id,
            "currency_id": line.currency_id.id,
            "initial_amount": line.price_subtotal,
            "funding": "invoice",
            "product_id": line.product_id.id,
            "invoice_id": invoice.id,
            "liability_account_id": line.account_id.id,
            "issue_date": date,
            "expiry_date": get_default_expiry(company, "gift_card", "invoice", date),
            **_prepare_given(line),
        }
    )


def _prepare_given(line):
    """Prepare what of a card nobody pays for, if any: values for ``create``.

    :param line: of an invoice
    """
    face = line.currency_id.round(line.price_unit)
    given = line.currency_id.round(face - line.price_subtotal)
    if float_is_zero(line.discount, precision_digits=6) or given <= 0:
        return {}
    company = line.move_id.company_id
    return {
        "initial_amount": face,
        "given_amount": given,
        "given_account_id": company._get_liability_account("gift_card", "promotion").id,
        "tax_policy": line.product_id.gift_card_tax_policy
        or company.gift_card_tax_policy,
    }


def take_back(credit_notes):
    """Let credit notes take back gift cards of the invoices that they reverse.

    :param credit_notes: ``account.move`` records
    :raise UserError: when more than what is left of a card would be taken back, by
        all of them together
    """
    lines_sudo = credit_notes.sudo().line_ids.filtered("stored_value_id")
    # What a card paid for is given back by whoever let it pay.
    lines_sudo = lines_sudo.filtered(
        lambda line: line.move_id.stored_value_event != "undo"
    )
    lines_sudo.stored_value_id._lock()
    for value_sudo, taking_sudo in lines_sudo.grouped("stored_value_id").items():
        currency = value_sudo.currency_id
        amounts = taking_sudo.mapped("amount_currency")
        given, _balance = value_sudo._sum_given()
        left = currency.round(value_sudo.balance - given)
        if currency.compare_amounts(sum(amounts), left) > 0:
            raise UserError(
                value_sudo.env._(
                    "%(name)s has %(limit)s left. Take back at most that: lower "
                    "the price on this credit note.",
                    name=value_sudo.name,
                    limit=currency.format(left),
                )
            )
        if currency.compare_amounts(min(amounts), 0) <= 0:
            raise UserError(
                value_sudo.env._(
                    "%(name)s is taken back with a price above zero, on a credit "
                    "note of %(invoice)s. Change this credit note.",
                    name=value_sudo.name,
                    invoice=value_sudo.invoice_id.name,
                )
            )
        taken = 0
        by_date = taking_sudo.filtered(sells_gift_card).grouped("date")
        for date, lines_of_date_sudo in sorted(by_date.items()):
            taken += sum(lines_of_date_sudo.mapped("amount_currency"))
            check_available(value_sudo, taken, date)
    with_posting(lines_sudo.move_id, "event").stored_value_event = "void"


def sells_gift_card(line):
    """Tell whether an invoice line sells its gift card, or takes it back."""
    move = line.move_id
    invoices = {"out_invoice": move, "out_refund": move.reversed_entry_id}
    invoice = invoices.get(move.move_type)
    return bool(invoice) and line.stored_value_id.invoice_id == invoice


# -----------------------------------------------------------------------------
# AFTER POSTING
# -----------------------------------------------------------------------------


def update(documents):
    """Say what posted invoices and credit notes did with gift cards.

    :param documents: ``account.move`` records
    """
    documents_sudo = documents.sudo()
    taken = _sum_taken(
        documents_sudo.filtered(lambda move: move.stored_value_event == "void")
    )
    for move_sudo in documents_sudo.filtered(
        lambda move: move.stored_value_event in ("issue", "void")
    ):
        values_sudo = move_sudo.line_ids.stored_value_id
        if move_sudo.stored_value_event == "issue":
            receivable_sudo = move_sudo.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            ).account_id[:1]
            values_sudo._update_state(
                "blocked",
                awaits_payment=True,
                funding_account_id=receivable_sudo.id,
                # Where the date of the invoice is locked, Odoo posts it later.
                issue_date=move_sudo.date,
            )
            if given_sudo := values_sudo.filtered("given_account_id"):
                post_entries([give(value_sudo) for value_sudo in given_sudo])
            continue
        for value_sudo in values_sudo:
            if value_sudo.given_account_id:
                _take_given_back(move_sudo, value_sudo, taken)
            # What is used up, or has expired, stays so.
            is_empty = value_sudo.currency_id.is_zero(value_sudo.balance)
            if is_empty and value_sudo.state in ("active", "blocked"):
                value_sudo._update_state("void", awaits_payment=False)


def _sum_taken(credit_notes):
    """Return what credit notes of one set take of cards sold below their face.

    :return: ``{stored value: amount}``
    """
    lines = credit_notes.line_ids.filtered("stored_value_id.given_account_id")
    return {
        value: sum(of_value.mapped("amount_currency"))
        for value, of_value in lines.grouped("stored_value_id").items()
    }


def _take_given_back(credit_note, value, taken):
    """Give back to discounts given what nobody paid for of what is taken back.

    :param dict taken: of :func:`_sum_taken`, less what is given back already
    """
    lines = credit_note.line_ids.filtered(lambda line: line.stored_value_id == value)
    amount = sum(lines.mapped("amount_currency"))
    if entry := take_given_back(value, amount, taken[value], credit_note.date):
        post_entries([entry])
    taken[value] -= amount


def follow(invoices):
    """Let the gift cards sold on invoices be used while those are paid.

    :param invoices: ``account.move`` records
    """
    follow_invoices(invoices.sudo().sold_value_ids)
