"""Scheduled work: wake it, and the one loop: take some, do it, commit, have patience.

Any number of workers may be at the same work: each takes what no other has. Whoever
dies loses what it had in hand, and the next one finds it.
"""

import logging

from .. import const
from .isolating import CONFLICTS

_logger = logging.getLogger(__name__)


def trigger(env, xmlid, at=None):
    """Let a scheduled action run as soon as this transaction is committed, or later.

    :param xmlid: of the ``ir.cron``; without it nothing is done
    :param at: when, a datetime
    """
    cron = env.ref(xmlid, raise_if_not_found=False)
    if cron:
        cron.sudo()._trigger(at)  # Whoever leaves work to it need not see it.


def work(env, take, do, *, count_remaining=None, on_time_up=None):
    """Do what there is, part by part, each in a transaction of its own.

    :param env: environment of the scheduled action
    :param take: called without arguments; returns the next part, empty when there is
        nothing left for this worker
    :param do: called with the part; returns how many are done
    :param count_remaining: called without arguments; returns how many are left, for
        ``ir.cron._commit_progress``
    :param on_time_up: called when Odoo ends this call and something is left
    :return: whether all is done, as far as this worker can see
    """
    progress = env["ir.cron"]
    count_remaining = count_remaining or (lambda: 0)
    if not progress._commit_progress(remaining=count_remaining()):
        # Odoo calls ten times at once. What goes on when the time is up keeps the other
        # scheduled actions waiting, and its watchdog restarts the server.
        return False
    lost = 0
    while lost < const.PATIENCE:
        try:
            part = take()
            if not part:
                # What is left is in the hands of others.
                progress._commit_progress(remaining=0)
                return True
            count = do(part)
            # Nothing of this part is needed for the next: memory does not grow.
            env.flush_all()
            env.invalidate_all()
            remaining = count_remaining()
            if not progress._commit_progress(count, remaining=remaining):
                if remaining and on_time_up:
                    on_time_up()
                    progress._commit_progress()
                return not remaining
            lost = 0
        except CONFLICTS as error:
            # Somebody was at the same rows: look again, at what they have left.
            _logger.info("Scheduled work was in the way of others: %s", error)
            env.cr.rollback()
            env.invalidate_all()
            lost += 1
    if on_time_up:
        on_time_up()
        progress._commit_progress()
    return False


def work_list(env, parts, do, *, count=len):
    """Do the parts of a list that was made beforehand, each committed by itself.

    One that somebody else works on at this moment is left to the next run.

    :param env: environment of the scheduled action
    :param list parts: what is done one after the other
    :param do: called with a part
    :param count: called with a part: how much of the progress it is
    """
    progress = env["ir.cron"]
    remaining = sum(map(count, parts))
    progress._commit_progress(remaining=remaining)
    for part in parts:
        try:
            do(part)
        except CONFLICTS:
            _logger.info("Scheduled work is left to the next run")
            env.cr.rollback()
            env.invalidate_all()
        remaining -= count(part)
        if not progress._commit_progress(count(part), remaining=remaining):
            return
