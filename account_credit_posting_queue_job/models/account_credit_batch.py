from math import ceil

from psycopg2 import OperationalError

from odoo import models
from odoo.exceptions import ConcurrencyError

from odoo.addons.account_credit_posting import const
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import DEFAULT_PRIORITY

#: Number of the last job: chunk by chunk, it does what is left and settles the batch.
REST = 0

#: Seconds after which a job looks again at what other jobs have in hand.
REST_SECONDS = 3


class AccountCreditBatch(models.Model):
    """Let jobs of ``queue_job`` do what scheduled actions do: a job for each chunk."""

    _inherit = "account.credit.batch"

    def _enqueue_jobs(self):
        """Enqueue a job that begins, one for each chunk and one for the rest.

        They are counted down: where some are done, those that are left have the same
        numbers as when they were enqueued, and are not enqueued twice.
        """
        self.ensure_one()
        count = ceil(self._count_lines_to_do() / const.CHUNK_LINES)
        for number in range(count + (self.state == "queued"), REST - 1, -1):
            self._enqueue_job(number)

    def _enqueue_job(self, number, **options):
        """Enqueue a job, unless one with this number waits to be done.

        :param number: how many jobs come after it
        :param options: of ``with_delay``
        """
        self.ensure_one()
        identity = ["account_credit_posting", self.id, self.work, number]
        if number == REST:
            # A job that ends while this is being committed seems to wait, and would be
            # missed. Whoever posts, retries or resumes has written the run before.
            identity.append(self.run_id.write_date)
        # Whoever posts need not see jobs; managers of jobs see those of their company.
        self.sudo().with_company(self.company_id).with_delay(
            identity_key=",".join(map(str, identity)),
            description=self.env._(
                "%(batch)s: %(number)s more to come", batch=self.name, number=number
            ),
            max_retries=const.PATIENCE,
            **options,
        )._work_as_job(number)

    def _work_as_job(self, number):
        """Work a chunk that no other job has; do nothing when there is nothing to do.

        Lines and job are committed together by ``queue_job``.

        :param number: see :meth:`_enqueue_job`
        :return: how many lines are done
        :raise RetryableJobError: when somebody was at the same rows, or posts in a
            journal with inalterable entries, which is for one at a time
        """
        batch = self.exists()
        if not batch._is_in_work():
            return 0
        if not batch.run_id._try_lock_chain():
            raise RetryableJobError(
                "others post in this journal", seconds=REST_SECONDS, ignore_retry=True
            )
        try:
            count = batch.run_id._work_step()
        except (OperationalError, ConcurrencyError) as error:
            raise RetryableJobError(str(error)) from error
        if number == REST and batch._is_in_work():
            # Jobs that end at the same time do not see each other's lines done, and one
            # that fails leaves its lines. This is not to wait for newer batches.
            batch._enqueue_job(
                REST,
                eta=None if count else REST_SECONDS,
                priority=DEFAULT_PRIORITY - 1,
            )
        return count

    def _is_in_work(self):
        is_waiting = self.is_paused or self.is_scheduled
        return self.state in const.IN_WORK and not is_waiting
