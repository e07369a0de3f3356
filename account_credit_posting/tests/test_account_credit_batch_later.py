from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common_approval import PAST, ApprovalCommon


@tagged("post_install", "-at_install")
class TestAccountCreditBatchLater(ApprovalCommon):
    """What is posted later waits, queued, for its time."""

    def setUp(self):
        super().setUp()
        self.later = fields.Datetime.now() + timedelta(days=3)

    def _schedule(self, amounts=None, **vals):
        batch = self._prepare(amounts or [10, 10], post_at=self.later, **vals)
        batch.action_post()
        self.assertScheduled(batch)
        return batch

    def _make_due(self, batch):
        batch.sudo()._write_guarded({"post_at": PAST})
        self._run("ir_cron_post_later")

    def assertScheduled(self, batch):
        self.assertRecordValues(batch, [{"state": "queued", "is_scheduled": True}])
        self.assertEqual(set(batch.line_ids.mapped("state")), {"pending"})

    def test_is_posted_at_its_time(self):
        triggers = self.env["ir.cron.trigger"]
        cron = self.env.ref("account_credit_posting.ir_cron_post_later")
        batch = self._schedule()
        self.assertTrue(
            triggers.search([("cron_id", "=", cron.id), ("call_at", "=", self.later)])
        )
        self._run("ir_cron_post_later")
        self._run("ir_cron_post_credits_1")
        self.assertScheduled(batch)
        self.assertFalse(batch.progress_info["is_working"])
        self._make_due(batch)
        self.assertRecordValues(batch, [{"state": "queued", "is_scheduled": False}])
        self._run("ir_cron_post_credits_1")
        self.assertPosted(batch)
        # In the name of who asked, with the date that was chosen.
        moves = batch.line_ids.move_id
        self.assertEqual(moves.create_uid, self.clerk)
        self.assertEqual(set(moves.mapped("date")), {batch.date})
        self._make_due(batch)
        self._run("ir_cron_post_credits_1")
        self.assertEqual(batch.line_ids.move_id, moves)

    def test_time_in_the_past_is_now(self):
        batch = self._prepare([10], post_at=PAST)
        batch.action_post()
        self.assertPosted(batch)

    def test_can_be_cancelled_before(self):
        batch = self._schedule()
        batch.action_cancel()
        self.assertRecordValues(batch, [{"state": "cancelled", "is_scheduled": False}])
        self._make_due(batch)
        self._run("ir_cron_post_credits_1")
        self.assertEqual(set(batch.line_ids.mapped("state")), {"pending"})

    def test_is_not_resumed_or_changed_before(self):
        batch = self._schedule()
        for action in (
            batch.action_pause,
            batch.action_resume,
            batch.action_cancel_pending,
        ):
            with self.assertRaisesRegex(UserError, "is scheduled"):
                action()
        for vals in ({"post_at": False}, {"date": "2024-03-16"}):
            with self.assertRaisesRegex(UserError, "about to be posted"):
                batch.write(vals)
        with self.assertRaisesRegex(UserError, "about to be posted"):
            batch.line_ids[0].amount = 20
        batch.action_post()
        self.assertScheduled(batch)

    def test_approval_comes_first_then_the_time(self):
        batch = self._wait(post_at=self.later)
        batch.with_user(self.manager).action_approve()
        self.assertScheduled(batch)
        self.assertEqual(batch.approved_by_id, self.manager)
        self._make_due(batch)
        self._run("ir_cron_post_credits_1")
        self.assertPosted(batch)
        self.assertEqual(batch.line_ids.move_id.create_uid, self.clerk)

    def test_time_does_not_replace_the_approval(self):
        batch = self._wait(post_at=self.later)
        self._make_due(batch)
        self._run("ir_cron_post_credits_1")
        self.assertWaits(batch)
        # Approved after its time, it is posted at once.
        batch.with_user(self.manager).action_approve()
        self.assertPosted(batch)

    def test_limit_lowered_meanwhile_counts(self):
        batch = self._schedule([40, 40])
        self.company.credit_approval_amount = 50
        self._make_due(batch)
        self.assertWaits(batch)
        self.assertEqual(batch.requested_by_id, self.clerk)

    def test_author_without_the_right_posts_nothing(self):
        batch = self._schedule()
        self.clerk.active = False
        self._make_due(batch)
        batch = batch.with_user(self.manager)
        self.assertWaits(batch)
        self.assertIn("credit_clerk", batch.approval_text)
        batch.action_approve()
        self.assertPosted(batch)
        self.assertEqual(batch.line_ids.move_id.create_uid, self.manager)

    def test_what_was_approved_is_posted_without_its_author(self):
        batch = self._wait(post_at=self.later)
        batch.with_user(self.manager).action_approve()
        self.clerk.group_ids = self.env.ref("base.group_user")
        self._make_due(batch)
        self._run("ir_cron_post_credits_1")
        batch = batch.with_user(self.manager)
        self.assertPosted(batch)
        self.assertEqual(batch.line_ids.move_id.create_uid, self.manager)

    def test_without_author_and_approver_it_waits_again(self):
        batch = self._wait(post_at=self.later)
        batch.with_user(self.manager).action_approve()
        (self.clerk | self.manager).active = False
        self._make_due(batch)
        self.assertWaits(batch.with_user(self.chief))

    def test_what_cannot_be_posted_fails_with_the_reason(self):
        batch = self._schedule()
        good = self._schedule()
        self.company.credit_journal_id = False
        self._make_due(batch)
        self.assertEqual(batch.state, "partial")
        self.assertEqual(set(batch.line_ids.mapped("state")), {"failed"})
        self.assertIn("has no journal for credits", batch.line_ids[0].error)
        self.company.credit_journal_id = self.journal
        self._make_due(good)
        self._run("ir_cron_post_credits_1")
        self.assertPosted(good)
        batch.action_retry()
        self.assertPosted(batch)

    def test_wizard_takes_the_time(self):
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:2])
        transaction = transactions.browse(action["res_id"])
        TransactionLines(transaction).set_amounts(10)
        transaction.step = "setup"
        with Form(transaction) as form:
            form.credit_item_id = self.item
            form.post_at = self.later
        transaction.action_post()
        self.assertScheduled(transaction.batch_id)
        self.assertTrue(transaction.is_waiting)
        self.assertIn("The credits are posted on", transaction.result_text)
