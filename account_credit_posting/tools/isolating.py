"""Do a set at once; where something refuses it, find out which part it refuses."""

from copy import copy

from psycopg2 import IntegrityError, InterfaceError, OperationalError

from odoo.exceptions import ConcurrencyError, UserError

from .triggers import check_now, explain_refusal

#: Not the fault of any record: Odoo repeats the whole transaction.
CONFLICTS = (OperationalError, InterfaceError, ConcurrencyError)

#: What is refused is divided into so many parts.
PARTS = 5


def isolate(cr, items, attempt, on_error, first=None):
    """Attempt a set; where that is refused, divide it, down to single items.

    An error that no check foresaw (an override of another addon, a constraint of the
    database) so costs the good items a few more rounds, and nothing else.

    :param cr: the cursor; a set that is refused leaves nothing behind
    :param items: what can be sliced: a recordset or a list
    :param attempt: called with a set
    :param on_error: called with a set of one item and the exception that came of it
    :param int first: so many first, and more from set to set until one is refused, as
        many as divide evenly after that: what is refused takes the work of its set with
        it. Without it all are one set
    :return: list of what the attempts that were not refused returned
    :raise OperationalError: and the like: Odoo repeats the whole transaction, see
        ``odoo.service.model.retrying``
    """
    if not items:
        return []
    # What came before is none of this set's: an error of it must not be taken for one.
    check_now(cr)
    done = []
    start, size, grows = 0, first or len(items), True
    while start < len(items):
        if grows and len(items) - start < 2 * size:
            size = len(items) - start
        part = items[start : start + size]
        start += len(part)
        answers, is_whole = _attempt_or_divide(cr, part, attempt, on_error)
        done += answers
        if not is_whole:
            size, grows = PARTS**2, False
        elif grows:
            size *= 2
    return done


def _attempt_or_divide(cr, items, attempt, on_error):
    """Attempt a set, and divide it where it is refused.

    :return: ``(as isolate, whether it was not refused)``
    """
    answer, error = _attempt(cr, items, attempt)
    if error:
        return _divide(cr, items, error, attempt, on_error), False
    return [answer], True


def _divide(cr, items, error, attempt, on_error):
    """Divide a set that was refused, down to single items.

    An attempt costs as much as ten items. So what follows the first part that is
    refused is attempted as one. Where no part before it is refused, the last one is,
    and is divided without an attempt.

    :param error: None where that is known of the other parts alone
    :return: as :func:`isolate`
    """
    if len(items) == 1:
        if not error:
            # Two that are refused together only may be none alone.
            return _attempt_or_divide(cr, items, attempt, on_error)[0]
        on_error(items, error)
        return []
    done = []
    size = -(-len(items) // PARTS)
    while len(items) > size:
        answers, is_whole = _attempt_or_divide(cr, items[:size], attempt, on_error)
        done += answers
        items = items[size:]
        if not is_whole:
            return done + _attempt_or_divide(cr, items, attempt, on_error)[0]
    return done + _divide(cr, items, None, attempt, on_error)


def _attempt(cr, items, attempt):
    """Attempt a set.

    :return: ``(what it returned, None)``, or ``(None, the exception)``
    """
    cr.flush()
    known = _copy_cache(cr.transaction)
    try:
        with cr.savepoint():
            done = attempt(items)
            check_now(cr)
    except CONFLICTS:
        raise
    except Exception as error:  # noqa: BLE001 pylint: disable=broad-except
        # Whatever another addon raises for one must not stop the others.
        cr.transaction.field_data.update(known)
        return None, error
    return done, None


def _copy_cache(transaction):
    """Return what is in the cache: a rollback to this moment makes it true again.

    Odoo forgets all, and would read it anew for each attempt.

    :param transaction: an ``odoo.orm.environments.Transaction`` with nothing to flush
    """
    has_contexts = transaction.registry.field_depends_context
    return {
        field: {key: copy(value) for key, value in values.items()}
        # By context, or by language.
        if field.translate or field in has_contexts
        else copy(values)
        for field, values in transaction.field_data.items()
    }


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
        "An unexpected error occurred (%(error)s). The server log has the details. "
        "Contact your administrator.",
        error=type(error).__name__,
    )
