"""The part of an invoice that a credit takes back, divided by its taxes.

Odoo divides it, as it divides a down payment: the parts come to the amount to the cent,
and each tax to its share of what was invoiced.
"""

from typing import Any, NamedTuple

#: Odoo rounds what has the same key together.
COMPUTATION_KEY = "price_reduction"


class TaxedPart(NamedTuple):
    """A part of an amount with the taxes that are on it: a line of a document."""

    #: ``account.tax`` records; none where nothing was charged.
    taxes: Any
    #: The price, with or without the taxes as these say.
    price: float
    #: What Odoo keeps beside a price, so that the taxes are to the cent.
    extra_tax_data: dict

    @property
    def vals(self):
        """Return the values of a line, of a document or for the computation of taxes.

        The ids of the taxes are left to whoever needs them.
        """
        return {"price_unit": self.price, "extra_tax_data": self.extra_tax_data}


def get_invoiced(invoice):
    """Return what an invoice charges, as Odoo computes with it.

    Gift cards are left out: they are taxed when they are used.

    :param invoice: an ``account.move`` that whoever computes may read
    :return: list of base lines of Odoo's tax computation, with their taxes
    """
    base_lines, _tax_lines = invoice._get_rounded_base_and_tax_lines()
    return [
        base_line
        for base_line in base_lines
        if base_line["record"].display_type == "product"
        and not base_line["product_id"].is_gift_card
    ]


def get_total(base_lines):
    """Return what base lines come to, taxes included, in their currency."""
    total = 0
    for base_line in base_lines:
        details = base_line["tax_details"]
        total += details["total_excluded_currency"]
        total += details["delta_total_excluded_currency"]
        total += sum(data["tax_amount_currency"] for data in details["taxes_data"])
    return base_lines[0]["currency_id"].round(total) if base_lines else 0


def find_price_items(move):
    """Return the journal items of what a document charges or gives back, with taxes.

    Gift cards are left out, as in :func:`get_invoiced`.

    :param move: an ``account.move`` that whoever asks may read
    """
    return move.line_ids.filtered(
        lambda item: (
            not item.product_id.is_gift_card
            if item.display_type == "product"
            # The tax of a single-purpose voucher names it.
            else item.display_type == "tax" and not item.stored_value_id
        )
    )


def sum_price(move):
    """Return what a document charges, or gives back, taxes included.

    Its journal items say what :func:`get_total` would compute of what was invoiced.

    :param move: see :func:`find_price_items`
    :return: above zero, in its currency
    """
    amounts = find_price_items(move).mapped("amount_currency")
    return move.currency_id.round(move.direction_sign * sum(amounts))


def divide(company, base_lines, amount, before=0):
    """Divide an amount by the taxes of what was invoiced, in proportion.

    Each takes what all of them come to, less what those before it came to: many small
    ones lower the taxes to the cent as one of their sum.

    :param company: whose taxes they are
    :param base_lines: of :func:`get_invoiced`
    :param amount: above zero, taxes included, in the currency of the base lines
    :param before: what was taken of them before
    :return: list of :class:`TaxedPart`; none where nothing was invoiced
    """
    if not get_total(base_lines):
        return []
    parts = _divide(company, base_lines, before + amount)
    if not before:
        return parts
    earlier = {part.taxes: part for part in _divide(company, base_lines, before)}
    rest = [_subtract(part, earlier.get(part.taxes), base_lines[0]) for part in parts]
    # Of a cent with several taxes, more than it could be due to them together.
    is_sound = all(
        min(part.price, part.extra_tax_data.get("manual_total_excluded_currency", 0))
        >= 0
        for part in rest
    )
    return rest if is_sound else _divide(company, base_lines, amount)


def _divide(company, base_lines, amount):
    taxes = company.env["account.tax"]
    parts = taxes._prepare_down_payment_lines(
        base_lines, company, "fixed", amount, computation_key=COMPUTATION_KEY
    )
    return [
        TaxedPart(
            part["tax_ids"],
            part["price_unit"],
            taxes._export_base_line_extra_tax_data(part),
        )
        for part in parts
    ]


def _subtract(part, other, base_line):
    """Return a part less another one of the same taxes."""
    if other is None:
        return part
    currency = base_line["currency_id"]
    own = base_line["record"].company_id.currency_id

    def subtract(name, ours, theirs):
        money = currency if name.endswith("_currency") else own
        return money.round(ours[name] - theirs[name])

    price = currency.round(part.price - other.price)
    data = {**part.extra_tax_data, "price_unit": price}
    for name in ("manual_total_excluded_currency", "manual_total_excluded"):
        if name in data:
            data[name] = subtract(name, part.extra_tax_data, other.extra_tax_data)
    if amounts := data.get("manual_tax_amounts"):
        theirs = other.extra_tax_data["manual_tax_amounts"]
        data["manual_tax_amounts"] = {
            tax_id: {name: subtract(name, ours, theirs[tax_id]) for name in ours}
            for tax_id, ours in amounts.items()
        }
    return TaxedPart(part.taxes, price, data)
