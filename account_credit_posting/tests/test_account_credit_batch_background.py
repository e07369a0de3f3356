from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import const
from ..models.run.worker_watch import WorkerWatch
from ..tools.posting import with_posting
from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountCreditBatchBackground(AccountCreditCommon):
    """Large batches are queued, and posted by workers chunk by chunk."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_background_lines = 5

    def setUp(self):
        super().setUp()
        patched = patch.object(const, "CHUNK_LINES", 4)
        patched.start()
        self.addCleanup(patched.stop)

    def _queue(self, amount=10, user=None, **vals):
        batch = self._create_batch(dict.fromkeys(self.accounts, amount), **vals)
        batch.with_user(user or self.clerk).action_post()
        return batch

    def _run_worker(self, number=1):
        """Do what is queued."""
        self._run_scheduled_action(number)

    def _run_scheduled_action(self, number=1):
        with self.enter_registry_test_mode():
            self.env.ref(
                f"account_credit_posting.ir_cron_post_credits_{number}"
            ).method_direct_trigger()
        self.env.invalidate_all()

    def test_small_batch_is_posted_at_once(self):
        batch = self._create_batch(dict.fromkeys(self.accounts[:5], 10))
        batch.with_user(self.clerk).action_post()
        self.assertEqual((batch.state, batch.posted_count), ("done", 5))
        self.assertEqual(batch.requested_by_id, self.clerk)

    def test_workers_are_triggered(self):
        trigger = self.env["ir.cron.trigger"]
        before = trigger.search_count([])
        self._queue()
        self.assertEqual(trigger.search_count([]), before + len(const.WORKERS))

    def test_large_batch_is_queued_and_posted_by_a_worker(self):
        batch = self._queue()
        self.assertEqual((batch.state, batch.posted_count), ("queued", 0))
        self._run_worker()
        self.assertRecordValues(
            batch,
            [{"state": "done", "posted_count": 10, "failed_count": 0, "progress": 100}],
        )
        self.assertTrue(batch.posting_start <= batch.posting_end)
        self.assertLedgerSound(batch)
        for line in batch.line_ids:
            self.assertItems(
                line.move_id,
                [(self.credit_account, 10, 10), (self.receivable, -10, -10)],
            )

    def test_credit_notes_are_in_the_name_of_who_posted(self):
        batch = self._queue()
        self._run_worker()
        self.assertEqual(batch.line_ids.move_id.create_uid, self.clerk)

    def test_second_click_changes_nothing(self):
        batch = self._queue()
        batch.with_user(self.manager).action_post()
        self.assertEqual(batch.requested_by_id, self.clerk)
        self._run_worker()
        batch.with_user(self.clerk).action_post()
        self._run_worker(2)
        self.assertEqual(batch.posted_count, 10)
        self.assertLedgerSound(batch)

    def test_credits_pay_invoices(self):
        invoice = self._create_invoice(self.account, 25)
        self._queue()
        self._run_worker()
        self.assertEqual(invoice.amount_residual, 15)

    def test_bad_lines_stop_no_other(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        self.accounts[3].active = False
        batch.with_user(self.clerk).action_post()
        self._run_worker()
        self.assertRecordValues(
            batch, [{"state": "partial", "posted_count": 9, "failed_count": 1}]
        )
        self.accounts[3].active = True
        batch.with_user(self.clerk).action_retry()
        self.assertEqual(batch.state, "queued")
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))
        self.assertLedgerSound(batch)

    def test_oldest_batch_first(self):
        first, second = self._queue(), self._queue(20)
        runs = self.runs.sudo()
        self.assertEqual(runs._find_queued(), first.run_id)
        self.assertEqual(runs._count_queued_lines(), 20)
        self._run_worker()
        self.assertEqual((first | second).mapped("state"), ["done", "done"])
        self.assertFalse(runs._find_queued())

    def test_worker_stops_when_its_time_is_up(self):
        batch = self._queue()
        steps = []
        self.patch(
            self.env.registry["ir.cron"],
            "_commit_progress",
            lambda _self, processed=0, *, remaining=None: (
                steps.append((processed, remaining)) or max(3 - len(steps), 0)
            ),
        )
        triggers = self.env["ir.cron.trigger"]
        workers = [self.env.ref(name).id for name in const.WORKERS]
        before = triggers.search_count([("cron_id", "in", workers)])
        self.runs._cron_post()
        # The first says how much there is, the second that posting has begun, the last
        # wakes the workers again.
        self.assertEqual(steps, [(0, 10), (0, 10), (4, 6), (0, None)])
        woken = triggers.search_count([("cron_id", "in", workers)])
        self.assertEqual(woken, before + len(workers))
        self.assertEqual((batch.state, batch.posted_count), ("posting", 4))
        # Odoo calls again at once: what it does then keeps the others waiting.
        self.runs._cron_post()
        self.assertEqual(steps[4:], [(0, 6)])
        self.assertEqual(batch.posted_count, 4)
        steps.clear()
        self.runs._cron_post()
        self.assertEqual(steps, [(0, 6), (4, 2), (2, 0)])
        self.assertEqual(batch.state, "done")
        self.assertLedgerSound(batch)

    def test_pause_and_resume(self):
        batch = self._queue()
        batch.with_user(self.clerk).action_pause()
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("queued", 0))
        batch.with_user(self.clerk).action_resume()
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))

    def test_cancel_pending(self):
        batch = self._queue()
        self.runs.sudo()._find_queued()._start()
        self.runs.sudo()._find_queued()._work_chunk()
        batch.with_user(self.clerk).action_cancel_pending()
        self.assertRecordValues(
            batch, [{"state": "partial", "posted_count": 4, "failed_count": 6}]
        )
        self._run_worker()
        self.assertEqual(batch.posted_count, 4)
        self.assertLedgerSound(batch)

    def _post_chunk_with_a_failed_line(self):
        """Return a batch of which a worker has posted a chunk, but for one line."""
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        self.accounts[0].active = False
        batch.with_user(self.clerk).action_post()
        batch.run_id._start()
        batch.run_id._work_chunk()
        self.accounts[0].active = True
        self.assertEqual((batch.state, batch.failed_count), ("posting", 1))
        return batch

    def test_retry_while_it_is_posted_is_a_run_of_its_own(self):
        batch = self._post_chunk_with_a_failed_line()
        first = batch.run_id
        batch.with_user(self.manager).action_retry()
        self.assertEqual(batch.state, "queued")
        self.assertTrue(first.end and not batch.run_id.end)
        self.assertEqual(batch.requested_by_id, self.manager)
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))
        self.assertLedgerSound(batch)

    def test_retry_while_it_is_posted_may_need_an_approval(self):
        batch = self._post_chunk_with_a_failed_line()
        self.company.credit_approval_amount = 50
        batch.with_user(self.clerk).action_retry()
        self.assertEqual(batch.state, "to_approve")
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("to_approve", 3))

    def test_many_failed_lines_are_posted_while_the_user_waits(self):
        batch = self._create_batch(dict.fromkeys(self.accounts[:5], 10))
        self.accounts.active = False
        batch.with_user(self.clerk).action_post()
        self.assertEqual((batch.state, batch.failed_count), ("partial", 5))
        self.accounts.active = True
        batch.with_user(self.clerk).action_retry()
        self.assertEqual((batch.state, batch.posted_count), ("done", 5))

    def test_batch_of_which_all_failed_can_be_cancelled(self):
        batch = self._create_batch(dict.fromkeys(self.accounts[:2], 10))
        self.accounts.active = False
        batch.with_user(self.clerk).action_post()
        batch.with_user(self.clerk).action_cancel()
        self.assertEqual(batch.state, "cancelled")

    def test_one_run_is_in_force(self):
        batch = self._queue()
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            with_posting(batch.run_id.sudo(), "posting").copy()

    def test_runs_are_written_by_posting_alone(self):
        run = self._queue().run_id
        for user in (self.clerk, self.manager, self.env.user):
            mine = run.with_user(user)
            self.assertEqual(mine.requested_by_id, self.clerk)
            for change in (
                lambda mine=mine: mine.write({"is_paused": True}),
                lambda mine=mine: mine.sudo().write({"work": "reverse"}),
                lambda mine=mine: mine.copy(),
            ):
                with self.assertRaises(AccessError):
                    change()

    def test_actions_are_of_batches_in_work_and_of_who_may_post(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        for name in ("action_pause", "action_resume", "action_cancel_pending"):
            with self.assertRaisesRegex(UserError, "not being posted"):
                getattr(batch.with_user(self.clerk), name)()
            with self.assertRaises(AccessError):
                getattr(batch.with_user(self.accountant), name)()

    def test_posting_facts_are_not_the_users(self):
        batch = self._queue()
        for vals in ({"requested_by_id": self.manager.id}, {"is_paused": True}):
            with self.assertRaises(AccessError):
                batch.with_user(self.clerk).write(vals)

    def test_api_answers_at_once(self):
        answer = self.batches.with_user(self.clerk).post_credits(
            self.item.id,
            [{"account_id": account.id, "amount": 10} for account in self.accounts],
            idempotency_key="district",
        )
        self.assertEqual(answer["state"], "queued")
        self.assertEqual({line["state"] for line in answer["lines"]}, {"pending"})
        self._run_worker()
        answer = self.batches.with_user(self.clerk).post_credits(
            self.item.id,
            [{"account_id": account.id, "amount": 10} for account in self.accounts],
            idempotency_key="district",
        )
        self.assertEqual(answer["state"], "done")
        self.assertEqual({line["state"] for line in answer["lines"]}, {"posted"})

    def test_progress_is_told_to_who_posted(self):
        batch = self._queue()
        sent = []
        self.patch(
            self.env.registry["res.partner"],
            "_bus_send",
            lambda partner, kind, message, **_kw: sent.append((partner, kind, message)),
        )
        self._run_worker()
        self.assertEqual(
            {partner for partner, _kind, _message in sent}, {self.clerk.partner_id}
        )
        kinds = [kind for _partner, kind, _message in sent]
        self.assertEqual(
            kinds,
            [*["account_credit_posting/progress"] * 4, "simple_notification"],
        )
        self.assertEqual(sent[0][2], {"batch_id": batch.id})
        self.assertEqual(batch.progress_info["done"], batch.progress_info["line_count"])
        self.assertFalse(batch.progress_info["is_working"])

    # -------------------------------------------------------------------------
    # NO WORKER COMES
    # -------------------------------------------------------------------------

    def _let_pass(self, batch, minutes):
        """Let time pass since the batch was queued and a worker was seen."""
        self.env.flush_all()
        past = fields.Datetime.now() - timedelta(minutes=minutes)
        for statement, values in (
            ("UPDATE account_credit_run SET create_date = %s WHERE id = %s", [past]),
            (
                "UPDATE account_credit_line SET write_date = %s"
                " WHERE batch_id IN (SELECT id FROM account_credit_batch"
                " WHERE run_id = %s OR state IN ('queued', 'posting'))",
                [past],
            ),
            (
                "UPDATE ir_cron_progress SET write_date = %s"
                " WHERE %s IS NOT NULL AND write_date > now() - interval '1 day'",
                [past],
            ),
        ):
            self.env.cr.execute(statement, [*values, batch.run_id.id])
        self.env.invalidate_all()

    def test_batch_says_that_no_worker_comes(self):
        batch = self._queue()
        for minutes, is_said in ((0, False), (4, False), (7, True)):
            self._let_pass(batch, minutes)
            idle = batch.with_user(self.clerk).progress_info["idle"]
            self.assertEqual(bool(idle), is_said)
            health = WorkerWatch(self.env).get_health()
            self.assertEqual(health["status"], "late" if is_said else "ok")
            self.assertEqual(health["queued"], 1)
            self.assertGreaterEqual(health["oldest_queued_seconds"], 60 * minutes)
        self.assertIn("for 7 minutes", idle)
        self.assertIn("restart Odoo", idle)
        # A worker that is busy elsewhere comes back.
        cron = self.env.ref("account_credit_posting.ir_cron_post_credits_2")
        progress = self.env["ir.cron.progress"].create({"cron_id": cron.id})
        self.env.invalidate_all()
        self.assertFalse(batch.progress_info["idle"])
        progress.unlink()
        # Others leave their trace on the lines.
        batch.line_ids[0]._write_guarded({"error": False})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_credit_line SET write_date = now() at time zone 'UTC'"
            " WHERE id = %s",
            [batch.line_ids[0].id],
        )
        self.env.invalidate_all()
        self.assertFalse(batch.progress_info["idle"])

    def test_nothing_is_late_that_waits_for_somebody(self):
        batch = self._queue()
        batch.action_pause()
        self._let_pass(batch, 60)
        self.assertFalse(batch.progress_info["idle"])
        self.assertEqual(WorkerWatch(self.env).get_health()["status"], "ok")
        batch.action_resume()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(batch.progress_info["idle"])
        self._run_worker()
        self.assertFalse(batch.progress_info["idle"])
        health = WorkerWatch(self.env).get_health()
        self.assertEqual(
            (health["status"], health["queued"], health["oldest_queued_seconds"]),
            ("ok", 0, None),
        )

    # -------------------------------------------------------------------------
    # REVERSAL
    # -------------------------------------------------------------------------

    def _post_large(self):
        batch = self._queue()
        self._run_worker()
        return batch

    def test_large_batch_is_reversed_by_a_worker(self):
        invoice = self._create_invoice(self.account, 25)
        batch = self._post_large()
        batch.with_user(self.manager).action_reverse()
        self.assertEqual((batch.state, batch.reversed_count), ("queued", 0))
        self._run_worker()
        self.assertEqual((batch.state, batch.reversed_count), ("reversed", 10))
        reversals = batch.line_ids.move_id.reversal_move_ids
        self.assertEqual(len(reversals), 10)
        self.assertEqual(reversals.create_uid, self.manager)
        self.assertEqual(invoice.amount_residual, 25)
        self.assertLedgerSound(batch)

    def test_second_click_reverses_nothing_more(self):
        batch = self._post_large()
        batch.with_user(self.manager).action_reverse()
        with self.assertRaisesRegex(UserError, "is being processed"):
            batch.with_user(self.manager).action_reverse()
        self._run_worker()
        batch.with_user(self.manager).action_reverse()
        self._run_worker()
        self.assertEqual(len(batch.line_ids.move_id.reversal_move_ids), 10)

    def test_worker_stops_in_the_middle_of_a_reversal(self):
        batch = self._post_large()
        batch.with_user(self.manager).action_reverse()
        runs = self.runs.sudo()
        runs._find_queued()._start()
        runs._find_queued()._work_chunk()
        self.assertEqual((batch.state, batch.reversed_count), ("posting", 4))
        self.assertEqual(batch.progress_info["done"], 4)
        self._run_worker(3)
        self.assertEqual((batch.state, batch.reversed_count), ("reversed", 10))
        self.assertLedgerSound(batch)

    def test_what_cannot_be_reversed_says_why_and_can_be_tried_again(self):
        # README says: "A large batch is reversed in the background, and each line that
        # cannot be reversed shows the reason."
        batch = self._post_large()
        bad = batch.line_ids[3]
        form = self.env.registry["account.credit.form"]
        reverse = form._reverse

        def refuse(forms, lines):
            if bad in lines:
                raise UserError(lines.env._("The year is closed"))
            return reverse(forms, lines)

        self.patch(form, "_reverse", refuse)
        batch.with_user(self.manager).action_reverse()
        self._run_worker()
        self.assertEqual((batch.state, batch.reversed_count), ("done", 9))
        self.assertRecordValues(
            bad, [{"state": "posted", "reversal_error": "The year is closed"}]
        )
        self.patch(form, "_reverse", reverse)
        batch.with_user(self.manager).action_reverse()
        self._run_worker()
        self.assertEqual((batch.state, batch.reversed_count), ("reversed", 10))
        self.assertFalse(bad.reversal_error)

    def test_retry_waits_until_it_is_reversed(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 10))
        self.accounts[0].active = False
        batch.with_user(self.clerk).action_post()
        self._run_worker()
        batch.with_user(self.manager).action_reverse()
        with self.assertRaisesRegex(UserError, "is being processed"):
            batch.with_user(self.clerk).action_retry()
        self._run_worker()
        self.assertEqual((batch.state, batch.reversed_count), ("partial", 9))
        self.accounts[0].active = True
        batch.with_user(self.clerk).action_retry()
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 1))
        self.assertLedgerSound(batch)

    def test_cancel_what_is_reversed_already(self):
        batch = self._post_large()
        batch.with_user(self.manager).action_reverse()
        batch.line_ids.move_id._reverse_moves(cancel=True)
        self.assertEqual((batch.state, batch.reversed_count), ("queued", 10))
        batch.with_user(self.manager).action_cancel_pending()
        self.assertEqual(batch.state, "reversed")

    def test_cancel_what_is_not_reversed(self):
        batch = self._post_large()
        batch.with_user(self.manager).action_reverse()
        batch.with_user(self.manager).action_cancel_pending()
        self._run_worker()
        self.assertEqual((batch.state, batch.posted_count), ("done", 10))
