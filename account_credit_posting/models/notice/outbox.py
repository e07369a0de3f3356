"""Emails that wait in a table until a worker writes them, or says why it cannot.

Any number of workers may do this at once: each takes what no other has. The model of
such an email has ``partner_id``, ``error`` and a field of when it was written, and it
has ``_set_error``.
"""

from odoo.fields import Domain
from odoo.tools import SQL

from ... import const
from ...tools.isolating import explain_error, isolate
from ...tools.locks import lock_free_rows
from ...tools.working import trigger, work


def count_waiting(mails, written):
    """Return how many emails wait to be written.

    :param mails: the model
    :param str written: the field of when each was written
    """
    return mails.search_count(Domain(written, "=", False) & Domain("error", "=", False))


def lock_waiting(mails, written, limit):
    """Return up to so many that wait and that nobody has, locked.

    :param mails: the model
    :param str written: see :func:`count_waiting`
    """
    mails.env.flush_all()
    waiting = SQL("%s IS NULL AND error IS NULL", SQL.identifier(written))
    return lock_free_rows(mails, waiting, limit)


def work_off(env, take, write, count_remaining):
    """Write all emails that wait, chunk by chunk, and let them leave.

    :param take: called with a limit; returns a chunk, see :func:`lock_waiting`
    :param write: called with a chunk; returns how many are done
    :param count_remaining: see ``tools.working.work``
    """
    is_done = work(
        env, lambda: take(const.CHUNK_MAILS), write, count_remaining=count_remaining
    )
    if is_done:
        trigger(env, "mail.ir_cron_mail_scheduler_action")


def write_isolated(mails, write, get_env, explain_unreachable, logger):
    """Write these emails; keep with each of them why it cannot be, where it cannot.

    :param mails: locked
    :param write: called with those that have an address
    :param get_env: returns the environment whose user and language an email has
    :param explain_unreachable: called with such an environment; returns what to do
        where there is no address
    :param logger: where it says what went wrong
    """
    unreachable = mails.filtered(lambda mail: not mail.partner_id.email_normalized)
    for mail in unreachable:
        mail._set_error(explain_unreachable(get_env(mail)))
    isolate(
        mails.env.cr,
        mails - unreachable,
        write,
        lambda mail, error: mail._set_error(
            explain_error(get_env(mail), error, logger, f"Email {mail}")
        ),
    )
