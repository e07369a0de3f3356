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
    :return: list of what the attempts that were not refused returned
    :raise OperationalError: and the like: Odoo repeats the whole transaction, see
        ``odoo.service.model.retrying``
    """
    if not items:
        return []
    # What came before is none of this set's: an error of it must not be taken for one.
    cr.flush()
    try:
        with cr.savepoint():
            done = attempt(items)
        return [done]
    except (OperationalError, InterfaceError, ConcurrencyError):
        raise
    except Exception as error:  # noqa: BLE001 pylint: disable=broad-except
        # Whatever another addon raises for one must not stop the others.
        refusal = error
    if len(items) == 1:
        refuse(items, refusal)
        return []
    size = -(-len(items) // PARTS)
    parts = [items[start : start + size] for start in range(0, len(items), size)]
    return [done for part in parts for done in narrow(cr, part, attempt, refuse)]


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
