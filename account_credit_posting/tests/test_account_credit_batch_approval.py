from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_approval import ApprovalCommon


@tagged("post_install", "-at_install")
class TestAccountCreditBatchApproval(ApprovalCommon):
    """A second person decides about what waits."""

    # -------------------------------------------------------------------------
    # APPROVING
    # -------------------------------------------------------------------------

    def test_approval_posts_in_the_name_of_who_asked(self):
        batch = self._wait()
        before = fields.Datetime.now() - timedelta(seconds=1)
        batch.with_user(self.manager).action_approve()
        self.assertPosted(batch)
        self.assertRecordValues(
            batch,
            [
                {
                    "approved_by_id": self.manager.id,
                    "requested_by_id": self.clerk.id,
                    "posted_count": 2,
                }
            ],
        )
        self.assertGreaterEqual(batch.approved_on, before)
        self.assertEqual(batch.line_ids.move_id.create_uid, self.clerk)
        for line in batch.line_ids:
            self.assertItems(
                line.move_id,
                [(self.credit_account, 60, 60), (self.receivable, -60, -60)],
            )

    def test_approval_is_in_the_log(self):
        self.batches = self.env(context={})["account.credit.batch"]
        batch = self._wait()
        self._log_changes()
        batch.with_user(self.manager).action_approve()
        self._log_changes()
        tracked = batch.message_ids.sudo().tracking_value_ids.filtered(
            lambda value: value.field_id.name == "approved_by_id"
        )
        self.assertEqual(tracked.new_value_char, self.manager.name)
        notified = batch.message_ids.filtered(
            lambda message: "Approved." in message.body
        )
        self.assertEqual(notified.author_id, self.manager.partner_id)
        self.assertEqual(notified.partner_ids, self.clerk.partner_id)

    def _log_changes(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

    def test_administrators_are_asked_until_it_is_decided(self):
        outsider = self._create_user("outsider", "account.group_account_manager")
        other = self.setup_other_company()["company"]
        outsider.write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        batch = self._wait(user=self.manager)
        asked = batch.activity_ids.user_id
        self.assertIn(self.chief, asked)
        self.assertFalse(asked & (self.manager | outsider | self.clerk))
        batch.with_user(self.chief).action_approve()
        self.assertFalse(batch.activity_ids)

    def test_second_approval_changes_nothing(self):
        batch = self._wait()
        batch.with_user(self.manager).action_approve()
        moves = batch.line_ids.move_id
        batch.with_user(self.chief).action_approve()
        self.assertEqual(batch.line_ids.move_id, moves)
        self.assertEqual(batch.approved_by_id, self.manager)

    def test_drafts_and_cancelled_batches_are_not_approved(self):
        batch = self._prepare([60, 60])
        with self.assertRaisesRegex(UserError, "is a draft"):
            batch.with_user(self.manager).action_approve()
        batch.action_cancel()
        with self.assertRaisesRegex(UserError, "is cancelled"):
            batch.with_user(self.manager).action_approve()

    def test_clerk_and_reader_cannot_approve(self):
        batch = self._wait(user=self.manager)
        for user in (self.clerk, self.accountant):
            with self.assertRaisesRegex(AccessError, "administrator of credits"):
                batch.with_user(user).action_approve()
            self.assertFalse(batch.with_user(user).can_approve)
        self.assertWaits(batch)

    def test_author_cannot_approve(self):
        batch = self._wait(user=self.manager)
        for mine in (batch, batch.sudo(), batch.with_company(self.company)):
            with self.assertRaisesRegex(AccessError, "Another administrator"):
                mine.action_approve()
        self.assertFalse(batch.can_approve)
        self.assertTrue(batch.with_user(self.chief).can_approve)
        self.assertWaits(batch)

    def test_who_asked_to_post_cannot_approve(self):
        batch = self._prepare([60, 60]).with_user(self.manager)
        batch.action_post()
        with self.assertRaisesRegex(AccessError, "Another administrator"):
            batch.action_approve()
        batch.with_user(self.chief).action_approve()
        self.assertPosted(batch)

    def test_who_changed_it_cannot_approve(self):
        for change in (
            lambda batch: batch.line_ids[0].write({"amount": 70}),
            lambda batch: batch.line_ids[0].unlink(),
            lambda batch: batch.write({"date": "2024-03-14"}),
            lambda batch: batch.write(
                {
                    "line_ids": [
                        Command.create({"partner_id": self.accounts[5].id, "amount": 1})
                    ]
                }
            ),
        ):
            batch = self._prepare([110, 110])
            change(batch.with_user(self.manager))
            # Somebody else changes the same afterwards.
            batch.line_ids[0].amount = 110
            batch.action_post()
            with self.assertRaisesRegex(AccessError, "Another administrator"):
                batch.with_user(self.manager).action_approve()
            batch.with_user(self.chief).action_approve()
            self.assertPosted(batch)

    def test_batch_of_another_company_is_not_approved(self):
        other = self.setup_other_company()["company"]
        other.credit_approval_amount = 100
        self.clerk.company_ids += other
        batch = self._prepare([150], company_id=other.id)
        batch.with_context(allowed_company_ids=other.ids).action_post()
        self.assertWaits(batch)
        with self.assertRaises(AccessError):
            batch.with_user(self.manager).action_approve()

    def test_author_without_the_right_leaves_it_to_who_approves(self):
        employees = self.env.ref("base.group_user")
        for name, change in (
            ("archived", {"active": False}),
            ("moved", {"group_ids": [Command.set(employees.ids)]}),
        ):
            user = self._create_user(name, "account.group_account_invoice")
            batch = self._wait(user=user)
            user.write(change)
            self.assertIn(
                "no longer allowed to post credits", batch.sudo().approval_text
            )
            batch.with_user(self.manager).action_approve()
            self.assertPosted(batch.with_user(self.manager))
            self.assertEqual(batch.sudo().line_ids.move_id.create_uid, self.manager)

    # -------------------------------------------------------------------------
    # REFUSING
    # -------------------------------------------------------------------------

    def test_refusal_cancels_and_says_why(self):
        batch = self._wait()
        batch.with_user(self.manager).action_cancel("Ask the director")
        self.assertEqual(batch.state, "cancelled")
        self.assertFalse(batch.activity_ids)
        notified = batch.message_ids.filtered(
            lambda message: "Not approved. Ask the director" in message.body
        )
        self.assertEqual(notified.partner_ids, self.clerk.partner_id)
        for action in (batch.action_post, batch.action_retry):
            with self.assertRaisesRegex(UserError, "is cancelled"):
                action()
        self.assertFalse(batch.line_ids.move_id)

    def test_what_was_opened_before_a_change_is_not_approved(self):
        """The author withdraws what waits, raises it and posts it again."""
        batch = self._approve_in_part()
        batch.line_ids[1].amount = 61
        batch.action_retry()
        opened = {"approval_round": batch.approval_round}
        batch.action_cancel()
        batch.line_ids[1].amount = 1000000
        batch.action_retry()
        mine = batch.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "has changed since you opened it"):
            mine.with_context(**opened).action_approve()
        self.assertEqual(batch.line_ids[1].state, "pending")
        mine.with_context(approval_round=batch.approval_round).action_approve()
        self.assertPosted(batch)

    def test_refusal_of_the_rest_leaves_what_is_posted(self):
        batch = self._approve_in_part()
        batch.line_ids[1].amount = 61
        batch.action_retry()
        batch.with_user(self.manager).action_cancel()
        self.assertEqual(batch.state, "partial")
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])
        self.assertIn("It was refused.", batch.line_ids[1].error)
        batch.action_retry()
        self.assertEqual(batch.state, "to_approve")
        self.assertLedgerSound(batch)

    def test_batch_in_work_is_not_cancelled_as_a_whole(self):
        self.company.credit_background_lines = 1
        batch = self._prepare([1, 1])
        batch.action_post()
        batch.sudo().run_id._start()
        with self.assertRaisesRegex(UserError, "is being processed"):
            batch.action_cancel()

    # -------------------------------------------------------------------------
    # SCREENS
    # -------------------------------------------------------------------------

    def test_forms_open(self):
        batch = self._wait()
        with Form(batch.with_user(self.manager)) as form:
            self.assertTrue(form.can_approve)
            self.assertEqual(form.approval_text, batch.approval_text)
        found = self.batches.with_user(self.manager).search(
            [("state", "=", "to_approve")]
        )
        self.assertIn(batch, found)
        settings = Form(self.env["res.config.settings"])
        settings.credit_approval_amount = 70
        settings.credit_approval_has_manager_limits = True
        settings.credit_approval_manager_amount = 700
        settings.save().execute()
        self.assertEqual(self.company._get_credit_limits(self.clerk), (70, 0))
        self.assertEqual(self.company._get_credit_limits(self.manager), (700, 0))
