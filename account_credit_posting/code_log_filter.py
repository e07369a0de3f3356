"""Keep the codes of gift cards out of the log."""

import logging

#: Methods of ``account.stored.value`` that take a code.
METHODS = ("balance_of", "redeem")


class CodeFilter(logging.Filter):
    """Hide the arguments of calls that hold a code.

    Odoo logs each call with its arguments at the level of debugging, see
    ``odoo.service.model.call_kw``.
    """

    def filter(self, record):
        """Replace the arguments; nothing is ever left out of the log."""
        if record.args and len(record.args) == 3 and record.args[1] in METHODS:
            record.args = (*record.args[:2], "…")
        return True


logging.getLogger("odoo.service.model").addFilter(CodeFilter())
