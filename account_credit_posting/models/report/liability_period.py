"""The period of a report, which its views have in the context, and its figures."""

from typing import Any, NamedTuple

from odoo import fields

from ...tools.days import get_today
from ...tools.reading import read_date

#: Keys of the context: the first day, the last day, and whether amounts are in the
#: currency of each gift card rather than in company currency.
CONTEXT = ("liability_from", "liability_to", "liability_in_currency")

#: Of which kind a liability is.
KINDS = [
    ("sold", "Gift Cards Sold"),
    ("prepayment", "Prepayments"),
    ("given", "Gift Cards Given Away"),
]

#: What happens to a liability, in the order of the columns of a report.
FLOWS = (
    "sold",
    "taken_over",
    "given",
    "used",
    "undone",
    "refunded",
    "moved_in",
    "moved_out",
    "raised",
    "lowered",
    "voided",
    "expired",
    "estimated",
    "handed",
)

#: Events that are revenue: what was paid for is delivered, or will not be asked for.
REVENUE_FLOWS = ("used", "undone", "expired")


class Period(NamedTuple):
    """What a report is about."""

    #: None: from the beginning on.
    first: Any
    #: None: as long as there is something posted.
    last: Any
    in_currency: bool


def read_period(env):
    """Return the period that the context names.

    :return: a :class:`Period`; without one, all that was ever posted is in it
    :raise ValidationError: when the context names something else
    """
    first, last, in_currency = map(env.context.get, CONTEXT)
    return Period(
        read_date(env, "liability_from", first),
        read_date(env, "liability_to", last),
        bool(in_currency),
    )


def get_last_day(env):
    """Return the day of a report that has no first one: today by default."""
    return read_period(env).last or get_today(env.company)


def figure(string, explanation, **options):
    """Return a field for an amount of a report.

    :param string: what its column is called
    :param explanation: what is in it
    :param options: further ones of the field
    """
    return fields.Monetary(
        string=string,
        help=explanation,
        currency_field="shown_currency_id",
        readonly=True,
        **options,
    )
