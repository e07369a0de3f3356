"""The tax of single-purpose vouchers: due when these are sold, and not when used."""

from odoo.tools import float_compare

#: What a gift card product sells.
KINDS = [("multi", "Multi-purpose"), ("single", "Single-purpose")]


def find_tax_problem(taxes):
    """Return why a single-purpose voucher cannot be sold with these taxes.

    :param taxes: ``account.tax`` records, of one company
    :return: a part of a sentence; None where nothing is wrong
    """
    env = taxes.env
    if len(taxes) != 1:
        return env._("it has one tax, that of what it is good for")
    if taxes.type_tax_use != "sale" or taxes.amount_type != "percent":
        return env._("its tax is a percentage of sales")
    if taxes.amount <= 0:
        return env._("its tax charges something")
    if taxes.tax_exigibility != "on_invoice":
        return env._("its tax is due when it is sold, not when an invoice is paid")
    return _find_repartition_problem(taxes)


def _find_repartition_problem(tax):
    env = tax.env
    shares = tax.invoice_repartition_line_ids + tax.refund_repartition_line_ids
    shares = shares.filtered(lambda line: line.repartition_type == "tax")
    factors = shares.mapped("factor")
    if min(factors, default=0) <= 0 or float_compare(
        sum(factors), 2, precision_digits=6
    ):
        return env._("all of its tax is owed to the state")
    if not all(line.account_id for line in shares):
        return env._("its tax has ledger accounts of its own")
    return None
