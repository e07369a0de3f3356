from datetime import timedelta
from unittest.mock import patch

from psycopg2 import OperationalError

from odoo import fields
from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged

# As a module: its tests would else be found here as well.
from odoo.addons.account_credit_posting.tests import (
    test_account_credit_batch_background as background,
)
from odoo.addons.queue_job.exception import FailedJobError, RetryableJobError
from odoo.addons.queue_job.job import Job

from ..hooks import uninstall_hook
from ..models import account_credit_batch as glue


@tagged("post_install", "-at_install")
class TestAccountCreditBatchJobs(background.TestAccountCreditBatchBackground):
    """What scheduled actions do for large batches, and the same tests, with jobs."""

    def _find_jobs(self):
        """Return the jobs that wait, in the order of the job runner."""
        jobs = self.env["queue.job"].sudo()
        return jobs.search([("state", "=", "pending")], order="priority, id")

    def _get_numbers(self):
        return [job.args[0] for job in self._find_jobs()]

    def _run_job(self, record):
        """Do what the job runner does, but for commits."""
        job = Job.load(self.env, record.uuid)
        job.set_started()
        job.store()
        job.perform()
        job.set_done()
        job.store()

    def _run_worker(self, number=1):
        # What waits may enqueue more.
        while jobs := self._find_jobs():
            self._run_job(jobs[0])
        self.env.invalidate_all()

    # -------------------------------------------------------------------------
    # ENQUEUE
    # -------------------------------------------------------------------------

    def test_workers_are_triggered(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        batch = self._queue()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([]), triggers)
        self.assertEqual(self._get_numbers(), [4, 3, 2, 1, glue.REST])
        jobs = self._find_jobs()
        self.assertEqual(set(jobs.mapped("channel")), {"root.account_credit_posting"})
        self.assertEqual(jobs.company_id, batch.company_id)
        self.assertEqual(jobs.user_id, self.clerk)
        self.assertEqual(
            jobs[0].identity_key, f"account_credit_posting,{batch.id},post,4"
        )
        self.assertEqual(jobs[0].name, f"{batch.name}: 4 more to come")

    def test_second_enqueue_makes_no_second_job(self):
        batch = self._queue()
        jobs = self._find_jobs()
        batch.run_id._trigger_workers()
        self.assertEqual(self._find_jobs(), jobs)
        # One begins, one works a chunk: the others are there already.
        for job in jobs[:2]:
            self._run_job(job)
        batch.run_id._trigger_workers()
        self.assertEqual(self._find_jobs(), jobs[2:])

    def test_job_of_the_rest_is_new_with_each_request(self):
        batch = self._queue()
        later = fields.Datetime.now() + timedelta(hours=1)
        with patch.object(type(self.env.cr), "now", lambda _cr: later):
            batch.with_user(self.clerk).action_resume()
        self.assertEqual(self._get_numbers(), [4, 3, 2, 1, glue.REST, glue.REST])
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))

    def test_batches_have_jobs_of_their_own(self):
        self._queue()
        self._queue()
        self.assertEqual(self._get_numbers(), [4, 3, 2, 1, 0, 4, 3, 2, 1, 0])

    def test_reversal_has_jobs_of_its_own(self):
        batch = self._post_large()
        batch.with_user(self.manager).action_reverse()
        jobs = self._find_jobs()
        self.assertEqual(len(jobs), 5)
        self.assertEqual(
            jobs[0].identity_key, f"account_credit_posting,{batch.id},reverse,4"
        )

    def test_scheduled_action_goes_on_with_scheduled_actions(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        self.runs._trigger_workers()
        self.assertGreater(self.env["ir.cron.trigger"].search_count([]), triggers)
        self.assertFalse(self._find_jobs())

    # -------------------------------------------------------------------------
    # WORK
    # -------------------------------------------------------------------------

    def test_each_job_does_a_chunk(self):
        batch = self._queue()
        posted = []
        for job in self._find_jobs():
            self._run_job(job)
            posted.append((batch.state, batch.posted_count))
        self.assertEqual(
            posted,
            [
                ("posting", 0),
                ("posting", 4),
                ("posting", 8),
                ("done", 10),
                ("done", 10),
            ],
        )
        self.assertFalse(self._find_jobs())

    def test_jobs_of_a_paused_batch_end_and_resume_enqueues_again(self):
        batch = self._queue()
        jobs = self._find_jobs()
        batch.with_user(self.clerk).action_pause()
        self._run_worker()
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual((batch.state, batch.posted_count), ("queued", 0))
        batch.with_user(self.clerk).action_resume()
        self.assertEqual(self._get_numbers(), [4, 3, 2, 1, glue.REST])

    def test_jobs_of_a_cancelled_or_deleted_batch_find_nothing(self):
        cancelled, deleted = self._queue(), self._queue()
        cancelled.with_user(self.clerk).action_cancel_pending()
        deleted.action_cancel()
        deleted.unlink()
        jobs = self._find_jobs()
        self._run_worker()
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual((cancelled.state, cancelled.posted_count), ("partial", 0))

    def test_concurrency_is_retried(self):
        self._queue()
        record = self._find_jobs()[0]
        for error in (OperationalError("serialize"), ConcurrencyError("taken")):
            job = Job.load(self.env, record.uuid)
            with (
                patch.object(type(self.runs), "_start", side_effect=error),
                self.assertRaises(RetryableJobError),
            ):
                job.perform()
            job.postpone()
            wait = job.eta - fields.Datetime.now()
            self.assertLess(wait, timedelta(seconds=5))
        job.retry = job.max_retries
        with (
            patch.object(type(self.runs), "_start", side_effect=error),
            self.assertRaises(FailedJobError),
        ):
            job.perform()

    def test_job_of_the_rest_does_what_failed_jobs_have_left(self):
        batch = self._queue()
        failed = self._find_jobs().filtered(lambda job: job.args[0] != glue.REST)
        failed.write({"state": "failed"})
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))
        self.assertLedgerSound(batch)

    def test_job_of_the_rest_looks_again_where_others_are_at_work(self):
        batch = self._queue()
        first, *_others, rest = self._find_jobs()
        self._run_job(first)
        # As if others had all lines in their hands.
        nothing = self.env["account.credit.line"]
        with patch.object(type(self.runs), "_lock_lines", lambda *_args: nothing):
            self._run_job(rest)
        again = self._find_jobs()[0]
        self.assertEqual(again.args, [glue.REST])
        self.assertTrue(again.eta)
        self.assertEqual(batch.state, "posting")

    # -------------------------------------------------------------------------
    # SCHEDULED ACTIONS
    # -------------------------------------------------------------------------

    def test_scheduled_actions_leave_batches_to_jobs(self):
        batch = self._queue()
        self._run_job(self._find_jobs()[0])
        self._run_scheduled_action()
        self.assertEqual((batch.state, batch.posted_count), ("posting", 0))

    def test_scheduled_actions_take_over_when_no_job_was_begun_for_a_while(self):
        batch = self._queue()
        first = self._find_jobs()[0]
        self._run_job(first)
        first.date_started = fields.Datetime.now() - timedelta(minutes=11)
        self._run_scheduled_action()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))
        self._run_worker()
        self.assertLedgerSound(batch)

    def test_scheduled_actions_work_without_a_job_runner(self):
        batch = self._queue()
        self._run_scheduled_action()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))

    def test_removal_of_the_addon_cancels_jobs(self):
        self._queue()
        jobs = self._find_jobs()
        uninstall_hook(self.env(su=True))
        self.assertEqual(set(jobs.mapped("state")), {"cancelled"})
