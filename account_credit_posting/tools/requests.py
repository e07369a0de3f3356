"""Pure helpers for requests that come from outside: no records, no database."""

import hashlib
import json
import re
from datetime import date
from decimal import Decimal

#: A plain decimal number: no exponent, no grouping, a point for the fraction.
DECIMAL_PATTERN = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)

#: Blanks, also those that do not break.
SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")

#: How people write amounts: ``{decimal point: pattern}``.
WRITTEN_PATTERNS = {
    point: re.compile(
        rf"(?P<sign>[+-]?)"
        rf"(?P<whole>\d{{1,15}}|\d{{1,3}}([{group}'’ ])\d{{3}}(\3\d{{3}})*|"
        rf"(?={re.escape(point)}))"
        rf"({re.escape(point)}(?P<part>\d{{1,15}}))?",
        re.ASCII,
    )
    for point, group in ((".", ","), (",", "."))
}

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


def normalize_amount(text, decimal_point, symbols=()):
    """Read an amount as people write it, in one convention; nothing is guessed.

    The other of point and comma, an apostrophe or a space may group the digits by
    three, all of them or none.

    :param text: such as ``"1.234,50 €"``
    :param decimal_point: ``"."`` or ``","``
    :param symbols: what may stand before or behind it, such as ``"€"`` and ``"EUR"``
    :return: the same as :func:`parse_amount` reads it, such as ``"1234.50"``
    :raise ValueError: when it is no amount in this convention
    """
    plain = SPACES.sub(" ", text).replace("\N{MINUS SIGN}", "-").strip()
    for symbol in sorted(filter(None, symbols), key=len, reverse=True):
        symbol = SPACES.sub(" ", symbol)
        plain = plain.removeprefix(symbol).removesuffix(symbol).strip()
    match = WRITTEN_PATTERNS[decimal_point].fullmatch(plain)
    if not match:
        raise ValueError(text)
    digits = re.sub(r"\D", "", match["whole"], flags=re.ASCII)
    return f"{match['sign']}{digits or 0}" + (
        f".{match['part']}" if match["part"] else ""
    )


def find_decimal_points(texts, symbols=()):
    """Return in which conventions amounts can be read, all of them together.

    :param texts: as people write them
    :param symbols: as in :func:`normalize_amount`
    :return: of ``"."`` and ``","`` those in which most can be read
    """
    counts = dict.fromkeys(WRITTEN_PATTERNS, 0)
    for text in texts:
        for point in counts:
            try:
                normalize_amount(text, point, symbols)
            except ValueError:
                continue
            counts[point] += 1
    return [point for point in counts if counts[point] == max(counts.values())]


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
