"""Do a set at once; where something refuses it, find out which part it refuses."""

from psycopg2 import InterfaceError, OperationalError

from odoo.exceptions import ConcurrencyError, UserError

#: Parts of a set that was refused. Each round costs all that is in doubt once more:
#: many parts mean few rounds, and halves would mean the most.
PARTS = 8


def narrow(cr, items, attempt, refuse):
    """Attempt a set; where that is refused, divide it, down to single items.

    A refusal that no check foresaw (an override of another addon, a constraint of the
    database) so costs the good items a few more rounds, and nothing else.

    :param cr: the cursor; a set that is refused leaves nothing behind
    :param items: what can be sliced: a recordset or a list
    :param attempt: called with a set
    :param refuse: called with a set of one item and the exception that came of it
    :raise OperationalError: and the like: Odoo repeats the whole transaction, see
        ``odoo.service.model.retrying``
    """
    if not items:
        return
    try:
        with cr.savepoint():
            attempt(items)
        return
    except (OperationalError, InterfaceError, ConcurrencyError):
        raise
    except Exception as error:  # noqa: BLE001 pylint: disable=broad-except
        # Whatever another addon raises for one must not stop the others.
        refusal = error
    if len(items) == 1:
        refuse(items, refusal)
        return
    size = -(-len(items) // PARTS)
    for start in range(0, len(items), size):
        narrow(cr, items[start : start + size], attempt, refuse)


def explain_refusal(env, refusal, logger, label):
    """Return the reason of a refusal as a sentence; log what no user can mend.

    :param refusal: an exception
    :param logger: of the caller
    :param label: what was refused, for the log: ids, no names
    """
    if isinstance(refusal, UserError):
        return str(refusal)
    logger.error("%s was refused", label, exc_info=refusal)
    return env._(
        "An unexpected error came up (%(error)s); the server log has the details. Tell "
        "your administrator.",
        error=type(refusal).__name__,
    )
