"""What credits do to VAT, in sentences with amounts."""

from odoo.tools import float_repr, format_list


def describe_vat(env, documents):
    """Say by how much VAT goes down, for each currency.

    :param documents: ``[(res.currency, values of journal items)]``, those of a credit
        each, but for the receivable
    :return: list of sentences; none where there is no document
    """
    sums = {}  # {currency: {tax: amount}}
    for currency, items in documents:
        by_tax = sums.setdefault(currency, {})
        for vals in items:
            if vals.get("display_type") == "tax":
                line = env["account.tax.repartition.line"].browse(
                    vals["tax_repartition_line_id"]
                )
                tax = line.tax_id
                by_tax[tax] = by_tax.get(tax, 0) + vals["amount_currency"]
    return [_describe(env, currency, by_tax) for currency, by_tax in sums.items()]


def _describe(env, currency, by_tax):
    lowered = {tax: amount for tax, amount in by_tax.items() if amount > 0}
    if not any(not currency.is_zero(amount) for amount in lowered.values()):
        return env._("Outside VAT: no change.")
    return env._(
        "VAT goes down by %(amounts)s.",
        amounts=format_list(
            env,
            [
                f"{currency.format(amount)} ({_get_rate(tax)})"
                for tax, amount in lowered.items()
            ],
        ),
    )


def _get_rate(tax):
    """Return the rate of a tax as it is said: ``21 %``, or its name if it has none."""
    if tax.amount_type != "percent":
        return tax.name
    rate = float_repr(tax.amount, 4).rstrip("0").rstrip(".")
    return f"{rate} %"
