from functools import cached_property

from odoo import fields
from odoo.tools import SQL

from ... import const


class WorkerWatch:
    """Whether workers come for what is queued.

    By statements alone: whoever asks may have no user, as a supervisor has none.
    """

    def __init__(self, env):
        """Look at the database of an environment."""
        self.env = env
        self.now = fields.Datetime.now()

    def get_health(self):
        """Return how the work in the background does, without anything of its content.

        :return: ``{"status": "ok" or "late", "database": "ok", "queued": number of
            batches, "oldest_queued_seconds", "worker_seen_seconds"}``, the last two
            None where there is nothing
        """
        count, oldest = self._find_queued()
        is_late = count and self._get_idle_seconds(oldest) > const.WORKERS_AWAITED
        return {
            "status": "late" if is_late else "ok",
            "database": "ok",
            "queued": count,
            "oldest_queued_seconds": self._get_seconds(oldest),
            "worker_seen_seconds": self._get_seconds(self._seen),
        }

    def get_text(self, since):
        """Say that no worker came for some minutes, and what to do about it.

        :param since: when the work was left to workers, a datetime
        :return: a text, or False
        """
        idle = self._get_idle_seconds(since)
        if idle <= const.WORKERS_AWAITED:
            return False
        return self.env._(
            "Nothing has been processed for %(minutes)s minutes. Ask the server "
            "administrator to restart Odoo: its scheduled actions have stopped, as "
            "they do when PostgreSQL restarts, or no worker is running "
            "(max_cron_threads = 0). Nothing is lost, and the work continues "
            "automatically.",
            minutes=int(idle // 60),
        )

    def _get_idle_seconds(self, since):
        """Return for how long nothing was done that was left to workers."""
        seconds = self._get_seconds(max(filter(None, (since, self._seen))))
        if seconds > const.WORKERS_AWAITED:
            # Other workers than ours leave their trace on the lines alone.
            done = self._done
            seconds = min(seconds, self._get_seconds(done)) if done else seconds
        return seconds

    def _get_seconds(self, moment):
        return moment and max((self.now - moment).total_seconds(), 0)

    def _find_queued(self):
        """Return ``(number of queued batches, since when the oldest one waits)``."""
        return self.env.execute_query(
            SQL(
                """
                SELECT COUNT(*), MIN(GREATEST(run.create_date, batch.post_at))
                  FROM account_credit_batch batch
                  JOIN account_credit_run run ON run.id = batch.run_id
                 WHERE batch.state IN %s
                   AND run.is_paused IS NOT TRUE
                   AND run.is_scheduled IS NOT TRUE
                """,
                const.IN_WORK,
            )
        )[0]

    @cached_property
    def _seen(self):
        """When a worker came last, or None: Odoo keeps it for a week."""
        names = tuple(xmlid.partition(".")[2] for xmlid in const.WORKERS)
        return self.env.execute_query(
            SQL(
                """
                SELECT MAX(progress.write_date)
                  FROM ir_cron_progress progress
                  JOIN ir_model_data data
                    ON data.model = 'ir.cron' AND data.res_id = progress.cron_id
                 WHERE data.module = 'account_credit_posting' AND data.name IN %s
                """,
                names,
            )
        )[0][0]

    @cached_property
    def _done(self):
        """When a line of a queued batch was written last."""
        return self.env.execute_query(
            SQL(
                """
                SELECT MAX(line.write_date)
                  FROM account_credit_batch batch
                  JOIN account_credit_line line ON line.batch_id = batch.id
                 WHERE batch.state IN %s
                """,
                const.IN_WORK,
            )
        )[0][0]
