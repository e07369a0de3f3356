"""Pure helpers for requests that come from outside: no records, no database."""

import hashlib
import json
import re
from datetime import date
from decimal import Decimal

#: A plain decimal number: no exponent, no grouping, a point for the fraction.
DECIMAL_PATTERN = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)

LINE_KEYS = {"account_id", "amount", "invoice_id"}


def parse_amount(value):
    """Read an amount of a request without losing a digit.

    A float is read as it prints, so that ``0.1`` is one tenth.

    :param value: int, float or decimal string such as ``"12.50"``
    :return: the amount as a ``Decimal``
    :raise ValueError: when the value is no plain decimal number
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    text = value.strip() if isinstance(value, str) else f"{Decimal(repr(value)):f}"
    if not DECIMAL_PATTERN.fullmatch(text):
        raise ValueError(value)
    return Decimal(text)


def find_malformed_lines(lines):
    """Check the shape of the lines of a request, not what they say.

    :return: ``[(position from 1, what is wrong)]``, in English, for developers
    """
    if not isinstance(lines, list | tuple) or not lines:
        return [(0, "lines must be a list with at least one line")]
    errors = []  # [(position, text)]
    for position, line in enumerate(lines, start=1):
        if not isinstance(line, dict):
            errors.append((position, "is not an object"))
        elif unknown := sorted(map(str, line.keys() - LINE_KEYS)):
            errors.append((position, f"has unknown keys {', '.join(unknown)}"))
        elif not is_id(line.get("account_id")):
            errors.append((position, "account_id is not an id"))
        elif "amount" not in line:
            errors.append((position, "has no amount"))
        elif line.get("invoice_id") and not is_id(line["invoice_id"]):
            errors.append((position, "invoice_id is not an id"))
    return errors


def is_id(value):
    """Tell whether a value can be the id of a record."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def hash_request(**request):
    """Return the SHA-256 of a request, to know it again.

    :param request: values that JSON can hold, dates among them
    :return: 64 hexadecimal digits; equal requests give equal digests
    """
    text = json.dumps(
        request,
        sort_keys=True,
        default=lambda value: (
            value.isoformat() if isinstance(value, date) else str(value)
        ),
    )
    return hashlib.sha256(text.encode()).hexdigest()
