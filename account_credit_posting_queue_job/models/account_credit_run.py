from datetime import timedelta

from odoo import api, fields, models

#: When no job was begun within it, the scheduled actions take over.
SILENCE = timedelta(minutes=10)


class AccountCreditRun(models.Model):
    """Leave what workers do to jobs."""

    _inherit = "account.credit.run"

    def _trigger_workers(self):
        """Enqueue jobs for each batch."""
        for run in self:
            run.batch_id._enqueue_jobs()
        # Without a run, a scheduled action has taken over and goes on.
        return None if self else super()._trigger_workers()

    @api.model
    def _cron_post(self):
        """Leave the batches to jobs; take over when none is begun any more.

        So the capacity of the channel holds, and a batch ends also where the job
        runner is off, or the last job of it has failed.
        """
        recent_jobs = [
            ("method_name", "=", "_work_as_job"),
            ("date_started", ">=", fields.Datetime.now() - SILENCE),
        ]
        is_alive = self.env["queue.job"].sudo().search_count(recent_jobs, limit=1)
        return None if is_alive else super()._cron_post()
