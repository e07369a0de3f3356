"""The tax of single-purpose vouchers: due when these are sold, and not when used."""

from typing import Any, NamedTuple

from odoo.fields import Command
from odoo.tools import float_compare

from ..taxes.tax_items import compute_included

#: What a gift card product sells.
KINDS = [("multi", "Multi-purpose"), ("single", "Single-purpose")]


def find_tax_problem(taxes):
    """Return why a single-purpose voucher cannot be sold with these taxes.

    :param taxes: ``account.tax`` records, of one company
    :return: a part of a sentence; None where nothing is wrong
    """
    env = taxes.env
    if len(taxes) != 1:
        return env._("it must have exactly one tax, that of the items it can pay for")
    if taxes.type_tax_use != "sale" or taxes.amount_type != "percent":
        return env._("its tax must be a percentage on sales")
    if taxes.amount <= 0:
        return env._("its tax must charge an amount")
    if taxes.tax_exigibility != "on_invoice":
        return env._("its tax must be due on the invoice, not on payment")
    return _find_repartition_problem(taxes)


def _find_repartition_problem(tax):
    env = tax.env
    shares = tax.invoice_repartition_line_ids + tax.refund_repartition_line_ids
    shares = shares.filtered(lambda line: line.repartition_type == "tax")
    factors = shares.mapped("factor")
    if min(factors, default=0) <= 0 or float_compare(
        sum(factors), 2, precision_digits=6
    ):
        return env._("all of its tax must be owed to the state")
    if not all(line.account_id for line in shares):
        return env._("its tax must have tax accounts of its own")
    return None


# -----------------------------------------------------------------------------
# WHAT A VOUCHER OWES TO ITS HOLDER, AND WHAT OF IT TO THE STATE
# -----------------------------------------------------------------------------


class Part(NamedTuple):
    """A part of what a voucher is good for: the net, or a tax. Above zero when owed."""

    #: The ``account.account``.
    account: Any
    #: In the currency of the voucher.
    amount: float
    #: In company currency.
    balance: float
    #: What the tax report needs: values of ``account.move.line``.
    vals: dict

    @property
    def is_tax(self):
        """Tell whether it is owed to the state."""
        return "tax_repartition_line_id" in self.vals


def charge(voucher, amount, balance):
    """Compute what is booked when a voucher is sold, as Odoo does on an invoice.

    :param voucher: a record with ``voucher_tax_id`` and ``liability_account_id``
    :param amount: what is paid, with the tax, in its currency
    :param balance: the same in company currency
    :return: list of :class:`Part`, the net first
    """
    company, account = voucher.company_id, voucher.liability_account_id
    taxes = voucher.env["account.tax"].with_company(company)
    base_line = compute_included(
        taxes,
        company,
        amount,
        balance,
        tax_ids=voucher.voucher_tax_id,
        currency_id=voucher.currency_id,
        sign=1,
        account_id=account,
        partner_id=voucher.partner_id,
    )
    taxes._add_accounting_data_in_base_lines_tax_details([base_line], company)
    computed = taxes._prepare_tax_lines([base_line], company)
    shares = [
        Part(
            taxes.env["account.account"].browse(vals["account_id"]),
            vals["amount_currency"],
            vals["balance"],
            {
                "tax_repartition_line_id": vals["tax_repartition_line_id"],
                "tax_tag_ids": vals["tax_tag_ids"],
                "tax_base_amount": vals["tax_base_amount"],
            },
        )
        for vals in computed["tax_lines_to_add"]
    ]
    [[_base_line, net_vals]] = computed["base_lines_to_update"]
    net = Part(
        account,
        voucher.currency_id.round(amount - sum(share.amount for share in shares)),
        company.currency_id.round(balance - sum(share.balance for share in shares)),
        {
            "tax_ids": [Command.set(voucher.voucher_tax_id.ids)],
            "tax_tag_ids": net_vals["tax_tag_ids"],
        },
    )
    return [net, *shares]


def divide(voucher, amount):
    """Divide a part of what is left of a voucher into net and tax, in proportion.

    What it was sold with counts, whatever its tax says by now. Whoever takes the last
    part takes all that is left, to the cent, and nothing is ever below zero.

    :param amount: at most what is left, in its currency
    :return: list of :class:`Part`, the net first
    """
    held = _get_held(voucher)
    currency, own = voucher.currency_id, voucher.company_id.currency_id
    total = sum(part.amount for part in held)
    parts = []
    passed = taken = 0
    # The taxes first: what rounding leaves is the holder's.
    for part in reversed(held):
        passed += part.amount
        share = currency.round(passed * amount / total) - taken if total else 0
        share = currency.round(share)
        taken += share
        is_all = not currency.compare_amounts(share, part.amount)
        balance = part.balance
        if not is_all:
            balance = own.round(part.balance * share / part.amount)
        parts.append(part._replace(amount=share, balance=balance))
    net, *shares = reversed(parts)
    return [
        net,
        *(
            share._replace(vals={**share.vals, "tax_base_amount": net.balance})
            for share in shares
            if share.amount or share.balance
        ),
    ]


def _get_held(voucher):
    """Return what the ledger holds of a voucher, and how it was reported.

    :return: list of :class:`Part`, the net first
    """
    items = voucher.move_line_ids.filtered(lambda item: item.parent_state == "posted")
    parts = {}  # {what is owed, and to whom: part}
    for item in items.sorted(
        lambda item: (bool(item.tax_repartition_line_id), item.id)
    ):
        key = _get_sold_share(item.tax_repartition_line_id)
        if key not in parts:
            # The first one is that of its sale.
            parts[key] = Part(item.account_id, 0, 0, get_tax_vals(item))
        part = parts[key]
        parts[key] = part._replace(
            amount=part.amount - item.amount_currency,
            balance=part.balance - item.balance,
        )
    currency, own = voucher.currency_id, voucher.company_id.currency_id
    return [
        part._replace(
            amount=currency.round(part.amount), balance=own.round(part.balance)
        )
        for part in parts.values()
    ]


def _get_sold_share(line):
    """Return which share of a tax an item has: that of sales, also on a credit note.

    :param line: its ``account.tax.repartition.line``, which may be empty
    """
    if line.document_type != "refund":
        return line
    tax = line.tax_id
    position = tax.refund_repartition_line_ids.ids.index(line.id)
    return tax.invoice_repartition_line_ids[position]


def get_tax_vals(item):
    """Return what the tax report needs of a journal item.

    :return: values of ``account.move.line``
    """
    vals = {"tax_tag_ids": [Command.set(item.tax_tag_ids.ids)]}
    if item.tax_repartition_line_id:
        return {
            **vals,
            "tax_repartition_line_id": item.tax_repartition_line_id.id,
            "tax_base_amount": item.tax_base_amount,
        }
    return {**vals, "tax_ids": [Command.set(item.tax_ids.ids)]}
