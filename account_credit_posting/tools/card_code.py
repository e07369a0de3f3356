"""Codes of gift cards: random, readable aloud, and safe against one wrong character.

And kept out of the log.
"""

import logging
import secrets
import unicodedata

from ..const import CODE_METHODS

#: Crockford's base 32: no I, L, O and U, which are read as something else.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: Characters of a code, the last one is the check character: 75 bits of chance.
LENGTH = 16

#: Characters that are looked at of what somebody typed.
TYPED = 200


def create_code():
    """Return a new code of 16 characters."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + compute_check_character(body)


def compute_check_character(body):
    """Return the check character (Luhn's algorithm modulo 32).

    It finds one wrong character, and two neighbours that changed places.

    :param body: characters of the alphabet
    """
    total = 0
    factor = 2
    for character in reversed(body):
        addend = factor * ALPHABET.index(character)
        total += addend // len(ALPHABET) + addend % len(ALPHABET)
        factor = 3 - factor
    return ALPHABET[-total % len(ALPHABET)]


def normalize_code(text):
    """Return a code as it was made, from whatever somebody typed or pasted.

    Case and width do not matter, nor what stands between letters and digits: spaces,
    dashes, dots, signs of no width. O is 0, I and L are 1.

    :return: the code; empty where it can be none
    """
    plain = unicodedata.normalize("NFKC", str(text or "")[:TYPED])
    code = "".join(filter(str.isalnum, plain)).upper()
    code = code.replace("O", "0").replace("I", "1").replace("L", "1")
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        return ""
    return code if compute_check_character(code[:-1]) == code[-1] else ""


class CodeFilter(logging.Filter):
    """Hide the arguments of calls that hold a code.

    Odoo logs each call with its arguments at the level of debugging, see
    ``odoo.service.model.call_kw``.
    """

    def filter(self, record):
        """Replace the arguments; nothing is ever left out of the log."""
        if record.args and len(record.args) == 3 and record.args[1] in CODE_METHODS:
            record.args = (*record.args[:2], "…")
        return True


logging.getLogger("odoo.service.model").addFilter(CodeFilter())
