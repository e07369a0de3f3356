"""Journal items with taxes that Odoo's tax engine computes for entries of ours."""

from typing import Any, NamedTuple

from odoo.fields import Command


class TaxItem(NamedTuple):
    """A journal item of a reduction: debit above zero."""

    #: The ``account.account``.
    account: Any
    #: In the currency of the invoice.
    amount: float
    #: In company currency.
    balance: float
    #: The name of the tax; None for what is no tax.
    tax: str | None
    #: Values of the journal item: its taxes and tags.
    vals: dict


class Key(NamedTuple):
    """What items of one invoice have in common that are summed up."""

    #: Id of the ledger account; None for that of the discount itself.
    account: int | None
    repartition: int | None
    group: int | None
    taxes: frozenset
    tags: frozenset


def compute_included(taxes, company, amount, balance, **vals):
    """Compute the taxes that an amount includes, whatever the prices of these say.

    :param taxes: ``account.tax``, in the environment that computes
    :param amount: taxes included, in its currency
    :param balance: the same in company currency
    :param vals: of the base line: taxes, currency, sign, account
    :return: a base line of Odoo's tax engine, with its rounded tax details
    """
    line = taxes._prepare_base_line_for_taxes_computation(
        {},
        price_unit=amount,
        quantity=1,
        rate=amount / balance if balance else 1,
        special_mode="total_included",
        **vals,
    )
    taxes._add_tax_details_in_base_lines([line], company)
    taxes._round_base_lines_tax_details([line], company)
    return line


def compute_sums(lines, company):
    """Sum up what the base lines of Odoo's tax engine come to, in its last steps.

    What is paid is due: of a tax that is due when paid, what is due is computed.

    :param lines: of ``account.tax``, with their rounded tax details
    :return: ``{key: [amount, balance, base, tax]}``
    """
    taxes = company.env["account.tax"]
    taxes._add_accounting_data_in_base_lines_tax_details(
        lines, company, include_caba_tags=True
    )
    prepared = taxes._prepare_tax_lines(lines, company)
    sums = {}
    for vals in (
        *(
            {"tax_ids": [Command.set(line["tax_ids"].ids)], **amounts}
            for line, amounts in prepared["base_lines_to_update"]
        ),
        *prepared["tax_lines_to_add"],
    ):
        tax = vals["name"] if vals.get("tax_repartition_line_id") else None
        of_key = sums.setdefault(_read_key(taxes, vals), [0, 0, 0, tax])
        of_key[0] += vals["amount_currency"]
        of_key[1] += vals["balance"]
        of_key[2] += vals.get("tax_base_amount", 0)
    return sums


def _read_key(taxes, vals):
    """Return the key of an item that Odoo's tax engine prepared.

    Of a tax that is due when paid, the item has the tags alone: Odoo would wait for a
    payment of this entry, too.
    """
    repartition = taxes.env["account.tax.repartition.line"].browse(
        vals.get("tax_repartition_line_id") or ()
    )
    charged = taxes.browse(vals["tax_ids"][0][2])
    is_late = "on_payment" in (
        charged.flatten_taxes_hierarchy() | repartition.tax_id
    ).mapped("tax_exigibility")
    return Key(
        vals.get("account_id") or None,
        None if is_late else repartition.id or None,
        None if is_late else vals.get("group_tax_id") or None,
        frozenset() if is_late else frozenset(charged.ids),
        frozenset(vals["tax_tag_ids"][0][2]),
    )


def prepare_vals(key, base):
    """Prepare what a journal item says of taxes: values for ``create``."""
    return {
        "tax_ids": [Command.set(sorted(key.taxes))],
        "tax_tag_ids": [Command.set(sorted(key.tags))],
        "tax_repartition_line_id": key.repartition,
        "group_tax_id": key.group,
        "tax_base_amount": base,
    }
