"""Do a set at once; where something refuses it, find out which part it refuses."""

from psycopg2 import IntegrityError, InterfaceError, OperationalError

from odoo.exceptions import ConcurrencyError, UserError

from .. import const
from .triggers import check_now, explain_refusal

#: Not the fault of any record: Odoo repeats the whole transaction.
CONFLICTS = (OperationalError, InterfaceError, ConcurrencyError)


def isolate(cr, items, attempt, on_error):
    """Attempt a set; where that is refused, divide it, down to single items.

    An error that no check foresaw (an override of another addon, a constraint of the
    database) so costs the good items a few more rounds, and nothing else.

    :param cr: the cursor; a set that is refused leaves nothing behind
    :param items: what can be sliced: a recordset or a list
    :param attempt: called with a set
    :param on_error: called with a set of one item and the exception that came of it
    :return: list of what the attempts that were not refused returned
    :raise OperationalError: and the like: Odoo repeats the whole transaction, see
        ``odoo.service.model.retrying``
    """
    if not items:
        return []
    # What came before is none of this set's: an error of it must not be taken for one.
    check_now(cr)
    try:
        with cr.savepoint():
            done = attempt(items)
            check_now(cr)
        return [done]
    except CONFLICTS:
        raise
    except Exception as error:  # noqa: BLE001 pylint: disable=broad-except
        # Whatever another addon raises for one must not stop the others.
        raised = error
    if len(items) == 1:
        on_error(items, raised)
        return []
    size = -(-len(items) // const.ISOLATED_PARTS)
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return [done for part in parts for done in isolate(cr, part, attempt, on_error)]


def explain_error(env, error, logger, label):
    """Return the reason of an error as a sentence; log what no user can correct.

    :param error: an exception
    :param logger: of the caller
    :param label: what was refused, for the log: ids, no names
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, IntegrityError):
        logger.warning("%s was refused by the database", label, exc_info=error)
        return explain_refusal(env, error)
    logger.error("%s was refused", label, exc_info=error)
    return env._(
        "An unexpected error came up (%(error)s); the server log has the details. Tell "
        "your administrator.",
        error=type(error).__name__,
    )
