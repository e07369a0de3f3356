"""Numbers, amounts and names as a clerk reads them."""

from odoo.tools import format_list, formatLang

from .. import const


def format_count(env, count):
    """Return a whole number as text."""
    return formatLang(env, count, digits=0)


def format_accounts(env, count):
    """Return a number of accounts as text."""
    if count == 1:
        return env._("1 account")
    return env._("%(count)s accounts", count=format_count(env, count))


def format_totals(totals, own):
    """Return amounts as text.

    :param totals: ``{currency: amount}``
    :param own: the currency that comes first
    """
    currencies = sorted(
        filter(None, totals), key=lambda currency: (currency != own, currency.name)
    )
    return " + ".join(currency.format(totals[currency]) for currency in currencies)


def format_amounts(totals, own):
    """Return amounts as text, without those of zero.

    :param totals: ``{currency: amount}``
    :param own: the currency that comes first
    """
    return format_totals(
        {
            currency: amount
            for currency, amount in totals.items()
            if currency and not currency.is_zero(amount)
        },
        own,
    )


def format_names(env, names, count=None):
    """Return a list of names as text, cut where it gets long.

    :param names: all of them, or the first
    :param count: how many there are, where that is known to be more
    """
    names = list(names)
    count = count or len(names)
    if count <= const.NAMES_LISTED:
        return format_list(env, names)
    return env._(
        "%(names)s and %(count)s more",
        names=", ".join(names[: const.NAMES_LISTED]),
        count=format_count(env, count - const.NAMES_LISTED),
    )


def format_account_names(lines):
    """Return the names of the accounts of lines as text."""
    listed = lines[: const.NAMES_LISTED].with_prefetch()
    return format_names(lines.env, listed.mapped("partner_id.name"), len(lines))


def get_side_labels(env):
    """Return what the two sides of an entry are called: as Odoo calls them.

    In other languages the credit side is not called as a customer's credit is.

    :return: ``{"debit", "credit"}``
    """
    fields = env["account.move.line"]._fields
    return {side: fields[side]._description_string(env) for side in ("debit", "credit")}
