"""Readers of what comes from outside: each gives it its one form, or says why not.

Arguments of public methods are read by their names, see :func:`read_arguments`.
"""

import functools
import inspect
import math
import reprlib
from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError, ValidationError

from .. import const
from .requests import is_id, parse_amount

#: Arguments that are texts; those that are ids or dates end with ``_id`` or ``date``.
TEXTS = frozenset(
    (
        *("code", "design", "email", "funding", "memo", "message", "mode"),
        *("private_comment", "public_comment", "reason", "recipient_email"),
        *("recipient_name", "sender_name", "value_type"),
    )
)

#: Arguments that hold others by their names.
GROUPS = ("details", "labels")

#: The first and the last year of a date.
YEARS = range(1900, 3000)


def read_amount(env, value, currency):
    """Return an amount of a request; nothing is ever rounded.

    :param value: number or decimal string
    :param currency: that the amount is in
    :return: the number, the same to the last digit
    :raise ValidationError: when it is none, too precise or too much, as a sentence
    """
    if error := find_amount_error(env, value, currency):
        raise ValidationError(error)
    return float(parse_amount(value))


def find_amount_error(env, value, currency):
    """Return why something is no amount in a currency, or None.

    :param value: number or decimal string, of whatever sign
    """
    try:
        amount = parse_amount(value)
    except ValueError:
        return env._(
            "%(amount)s is not a valid amount. Enter a number above zero, then retry.",
            amount=reprlib.repr(value),
        )
    rounding = Decimal(repr(currency.rounding))
    if amount % rounding:
        if rounding != Decimal(10) ** -currency.decimal_places:
            return env._(
                "%(amount)s is more precise than %(currency)s, which is rounded to "
                "%(rounding)s. Enter such an amount, then retry.",
                amount=value,
                currency=currency.name,
                rounding=rounding,
            )
        return env._(
            "%(amount)s is more precise than %(currency)s. Enter an amount with "
            "%(decimals)s decimals, then retry.",
            amount=value,
            currency=currency.name,
            decimals=currency.decimal_places,
        )
    limit = Decimal(10) ** (const.AMOUNT_DIGITS - currency.decimal_places)
    if abs(amount) > limit:
        return env._(
            "%(amount)s exceeds %(limit)s, the highest amount allowed. Enter a lower "
            "one, then retry.",
            amount=value,
            limit=currency.format(float(limit)),
        )
    return None


def are_within(env, amounts, limit, currency):
    """Tell whether amounts are none below zero, and together no more than there is.

    :param list amounts: all that is taken of one source
    :raise UserError: when one of them is no amount in the currency
    """
    for amount in amounts:
        if error := find_amount_error(env, amount, currency):
            raise UserError(error)
    return (
        min(currency.compare_amounts(amount, 0) for amount in amounts) >= 0
        and currency.compare_amounts(sum(amounts), limit) <= 0
    )


def check_number(env, name, value):
    """Check that a value for a field is a number, or none.

    :raise ValidationError: when it is something else, or not finite
    """
    if value is None or value is False:
        return
    try:
        is_number = value is not True and math.isfinite(float(value))
    except (OverflowError, TypeError, ValueError):
        is_number = False
    if not is_number:
        raise ValidationError(
            env._(
                "%(name)s is not a number: %(value)s.",
                name=name,
                value=reprlib.repr(value),
            )
        )


def read_id(env, name, value):
    """Return an id, or None where there is none.

    :raise ValidationError: when it can be the id of no record
    """
    if value is None or value is False:
        return None
    if not is_id(value):
        raise ValidationError(
            env._(
                "%(name)s is not a valid ID: %(value)s. Enter the ID of a record.",
                name=name,
                value=reprlib.repr(value),
            )
        )
    return value


def read_date(env, _name, value):
    """Return a date, or None where there is none.

    :param value: date, or text such as 2024-03-15
    :raise ValidationError: when it is no date
    """
    if value is None or value is False or value == "":
        return None
    try:
        day = fields.Date.to_date(value)
    except (AttributeError, TypeError, ValueError):
        day = None
    if not day or day.year not in YEARS:
        raise ValidationError(
            env._(
                "%(date)s is not a valid date. Enter it as YYYY-MM-DD.",
                date=reprlib.repr(value),
            )
        )
    return day


def read_text(env, name, value):
    """Return a text, or what stands for none.

    :raise ValidationError: when it is something else
    """
    if value is None or value is False or isinstance(value, str):
        return value
    raise ValidationError(
        env._(
            "%(name)s is not a text: %(value)s.", name=name, value=reprlib.repr(value)
        )
    )


def read_choice(env, name, value, choices):
    """Return one of several texts.

    :param choices: what it may be
    :raise ValidationError: names them
    """
    if not isinstance(value, str) or value not in choices:
        raise ValidationError(
            env._(
                "%(value)s is not a valid %(name)s. Choose one of these: %(choices)s.",
                value=reprlib.repr(value),
                name=name,
                choices=", ".join(choices),
            )
        )
    return value


def read_arguments(env, arguments):
    """Read the arguments of a public method by their names, in place.

    :param dict arguments: ``{name: value}``; what groups of them hold is read, too
    :raise ValidationError: names the argument that is something else
    """
    for name, value in arguments.items():
        if name in GROUPS:
            if not isinstance(value, dict):
                raise ValidationError(
                    env._(
                        "%(name)s must be an object with names and values.", name=name
                    )
                )
            read_arguments(env, value)
        elif name.endswith("_id"):
            arguments[name] = read_id(env, name, value)
        elif name.endswith("date"):
            arguments[name] = read_date(env, name, value)
        elif name in TEXTS:
            arguments[name] = read_text(env, name, value)


def reads_arguments(method):
    """Let a public method get its arguments read, see :func:`read_arguments`."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def read(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        read_arguments(self.env, bound.arguments)
        return method(*bound.args, **bound.kwargs)

    return read
