from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common import AccountCreditCommon

PAST = fields.Datetime.to_datetime("2024-03-20 08:00:00")


class ApprovalCommon(AccountCreditCommon):
    """A company whose batches wait above 100.00, with two administrators."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_approval_amount = 100
        cls.chief = cls._create_user("chief", "account.group_account_manager")

    def _prepare(self, amounts, user=None, **vals):
        """Create a draft batch as a user does, the clerk by default.

        :param amounts: of the first accounts, or ``{account: amount}``
        """
        if isinstance(amounts, list):
            amounts = dict(zip(self.accounts, amounts, strict=False))
        return self.batches.with_user(user or self.clerk).create(
            {
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": amount})
                    for account, amount in amounts.items()
                ],
                **vals,
            }
        )

    def _wait(self, amounts=None, user=None, **vals):
        """Return a batch that waits for approval."""
        batch = self._prepare(amounts or [60, 60], user, **vals)
        batch.action_post()
        self.assertWaits(batch)
        return batch

    def _run(self, name):
        """Run a scheduled action."""
        with self.enter_registry_test_mode():
            self.env.ref(f"account_credit_posting.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def _own(self, user, account=None):
        """Make an account that of a user."""
        user.partner_id.parent_id = account or self.account

    def assertWaits(self, batch):
        self.assertEqual(batch.state, "to_approve")
        self.assertFalse(batch.line_ids.filtered(lambda line: line.state == "posted"))
        self.assertFalse(batch.approved_by_id)
        self.assertLedgerSound(batch)

    def assertPosted(self, batch):
        self.assertEqual(set(batch.line_ids.mapped("state")), {"posted"})
        self.assertEqual(batch.state, "done")
        self.assertLedgerSound(batch)


@tagged("post_install", "-at_install")
class TestAccountCreditBatchApproval(ApprovalCommon):
    """Above a limit, or for an own account, a second person decides."""

    # -------------------------------------------------------------------------
    # LIMITS
    # -------------------------------------------------------------------------

    def test_up_to_the_limit_is_posted_at_once(self):
        batch = self._prepare([60, 40])
        batch.action_post()
        self.assertPosted(batch)
        self.assertFalse(batch.approved_by_id)

    def test_above_the_limit_waits(self):
        batch = self._wait([60, 40.01])
        self.assertEqual(batch.requested_by_id, self.clerk)
        self.assertIn("The total of $\xa0100.01 is above", batch.approval_text)
        self.assertIn(self.manager.name, batch.approval_text)

    def test_largest_credit_above_its_limit_waits(self):
        self.company.credit_approval_amount = 0
        self.company.credit_approval_line_amount = 50
        batch = self._prepare([50, 50, 50])
        batch.action_post()
        self.assertPosted(batch)
        batch = self._wait([10, 50.01])
        self.assertIn("The largest credit, $\xa050.01, is", batch.approval_text)

    def test_zero_is_no_limit(self):
        self.company.credit_approval_amount = 0
        batch = self._prepare([1000000])
        batch.action_post()
        self.assertPosted(batch)

    def test_limits_hold_for_administrators(self):
        self._wait(user=self.manager)

    def test_administrators_may_have_limits_of_their_own(self):
        self.company.credit_approval_has_manager_limits = True
        batch = self._prepare([60, 60], self.manager)
        batch.action_post()
        self.assertPosted(batch)
        self.company.credit_approval_manager_amount = 110
        self._wait(user=self.manager)
        self.company.credit_approval_manager_amount = 0
        self.company.credit_approval_manager_line_amount = 50
        self._wait(user=self.manager)
        self.company.credit_approval_manager_line_amount = 0
        self._wait(user=self.clerk)

    def test_negative_limits_are_refused(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(CheckViolation, "credit_limits_not_negative"),
            self.env.cr.savepoint(flush=False),
        ):
            self.company.credit_approval_amount = -1
            self.env.flush_all()

    def test_limits_are_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        batch = self._prepare([30, 30])
        batch.line_ids.currency_id = euro
        batch.action_post()
        self.assertWaits(batch)
        batch = self._prepare([25, 25])
        batch.line_ids.currency_id = euro
        batch.action_post()
        self.assertPosted(batch)

    def test_amounts_below_zero_hide_nothing(self):
        batch = self._prepare([150, -100])
        batch.action_post()
        self.assertWaits(batch)

    def test_limit_is_that_of_the_classification(self):
        other = self.setup_other_company()["company"]
        self.clerk.company_ids += other
        batch = self._prepare([150], company_id=other.id)
        batch = batch.with_context(allowed_company_ids=other.ids)
        batch.action_post()
        self.assertPosted(batch)
        other.credit_approval_amount = 100
        batch = self._prepare([150], company_id=other.id)
        batch.with_context(allowed_company_ids=other.ids).action_post()
        self.assertWaits(batch)

    def test_branch_has_the_limits_of_its_company(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.assertEqual(branch._get_credit_limits(self.clerk), (100, 0))
        branch.credit_approval_line_amount = 7
        self.assertEqual(branch._get_credit_limits(self.clerk), (0, 7))

    # -------------------------------------------------------------------------
    # ROUTES
    # -------------------------------------------------------------------------

    def test_api_answers_that_it_waits(self):
        request = (
            self.item.id,
            [{"account_id": account.id, "amount": 60} for account in self.accounts[:2]],
        )
        api = self.batches.with_user(self.clerk)
        answer = api.post_credits(*request, idempotency_key="k")
        self.assertEqual(answer["state"], "to_approve")
        self.assertEqual([line["state"] for line in answer["lines"]], ["pending"] * 2)
        self.assertEqual(api.post_credits(*request, idempotency_key="k"), answer)
        batch = self.batches.browse(answer["batch_id"])
        batch.with_user(self.manager).action_approve()
        answer = api.post_credits(*request, idempotency_key="k")
        self.assertEqual(answer["state"], "done")
        self.assertPosted(batch)

    def test_failed_line_of_a_request_counts(self):
        """It may be posted by a retry, without a change."""
        answer = self.batches.with_user(self.clerk).post_credits(
            self.item.id,
            [
                {"account_id": self.account.id, "amount": 1},
                {"account_id": self.account.id, "amount": 150, "invoice_id": 2**31 - 1},
            ],
        )
        self.assertEqual(answer["state"], "to_approve")
        batch = self.batches.browse(answer["batch_id"]).with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "waits for approval"):
            batch.action_retry()
        batch.with_user(self.manager).action_approve()
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])

    def test_wizard_warns_and_waits(self):
        transaction = self._prepare_transaction(60)
        self.assertIn("The total of $\xa0120.00", transaction.approval_warning)
        self.assertIn("an administrator who is not you", transaction.approval_warning)
        transaction.action_post()
        batch = transaction.batch_id
        self.assertWaits(batch)
        self.assertTrue(transaction.is_waiting)
        self.assertIn("Waits for approval by", transaction.result_text)
        batch.with_user(self.manager).action_approve()
        transaction.invalidate_recordset()
        self.assertFalse(transaction.is_waiting)
        self.assertIn("credited to 2 accounts", transaction.result_text)
        self.assertPosted(batch)

    def test_wizard_says_nothing_up_to_the_limit(self):
        transaction = self._prepare_transaction(50)
        self.assertFalse(transaction.approval_warning)
        transaction.action_post()
        self.assertPosted(transaction.batch_id)

    def test_wizard_warns_of_the_largest_credit_and_the_own_account(self):
        self.company.credit_approval_amount = 0
        self.company.credit_approval_line_amount = 40
        self._own(self.clerk)
        warning = self._prepare_transaction(50).approval_warning
        self.assertIn("The largest credit", warning)
        self.assertIn("Nobody credits the own account alone: Family 0.", warning)

    def _prepare_transaction(self, amount, **vals):
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:2])
        transaction = transactions.browse(action["res_id"])
        TransactionLines(transaction).set_amounts(amount)
        transaction.write(
            {
                "step": "setup",
                "date": "2024-03-15",
                "credit_item_id": self.item.id,
                **vals,
            }
        )
        return transaction

    def test_posting_again_retrying_and_workers_post_nothing(self):
        batch = self._wait()
        batch.action_post()
        for action in (
            batch.action_retry,
            batch.action_resume,
            batch.action_cancel_pending,
        ):
            with self.assertRaises(UserError):
                action()
        self._run("ir_cron_post_credits_1")
        self._run("ir_cron_post_later")
        self.assertWaits(batch)

    def test_large_batch_waits_and_is_queued_when_it_is_approved(self):
        self.company.credit_background_lines = 5
        batch = self._wait([20] * 10)
        self._run("ir_cron_post_credits_1")
        self.assertWaits(batch)
        batch.with_user(self.manager).action_approve()
        self.assertRecordValues(
            batch, [{"state": "queued", "requested_by_id": self.clerk.id}]
        )
        self._run("ir_cron_post_credits_1")
        self.assertPosted(batch)
        self.assertEqual(batch.line_ids.move_id.create_uid, self.clerk)

    def test_what_only_posting_writes_is_not_written(self):
        batch = self._wait()
        for vals in (
            {"state": "queued"},
            {"approved_by_id": self.manager.id},
            {"approved_on": "2024-03-15 00:00:00"},
            {"editor_ids": [Command.clear()]},
            {"requested_by_id": self.manager.id},
            {"work": "reverse"},
            {"is_scheduled": True},
            {"amount_total": 1},
        ):
            with self.assertRaises(AccessError, msg=vals):
                batch.write(vals)
            with self.assertRaises(AccessError, msg=vals):
                batch.sudo().write(vals)
        for vals in (
            {"amount_company": 1},
            {"company_id": self.company.id},
            {"date": "2024-03-15"},
            {"credit_item_id": self.item.id},
        ):
            with self.assertRaises(AccessError, msg=vals):
                batch.line_ids.write(vals)

    def test_no_default_says_that_it_is_approved(self):
        forged = {
            "state": "queued",
            "approved_by_id": self.manager.id,
            "amount_total": 1,
        }
        line = {"amount_company": 1, "is_to_reverse": True}
        context = {
            f"default_{name}": value for name, value in {**forged, **line}.items()
        }
        defaults = self.env["ir.default"].with_user(self.clerk)
        defaults.set("account.credit.batch", "approved_by_id", self.manager.id, True)
        defaults.set("account.credit.batch", "state", "queued", True)
        batches = self.batches
        self.batches = batches.with_context(**context)
        batch = self._prepare([60, 60]).with_env(batches.with_user(self.clerk).env)
        self.assertRecordValues(
            batch, [{"state": "draft", "approved_by_id": False, "amount_total": 120}]
        )
        self.assertEqual(batch.line_ids.mapped("amount_company"), [60, 60])
        self.assertFalse(any(batch.line_ids.mapped("is_to_reverse")))
        batch.action_post()
        self.assertWaits(batch)

    def test_copy_of_an_approved_batch_waits_again(self):
        batch = self._wait()
        batch.with_user(self.manager).action_approve()
        copy = batch.copy()
        self.assertFalse(copy.approved_by_id or copy.approved_on or copy.editor_ids)
        copy.action_post()
        self.assertWaits(copy)

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
            self.assertIn("may no longer post credits", batch.sudo().approval_text)
            batch.with_user(self.manager).action_approve()
            self.assertPosted(batch.with_user(self.manager))
            self.assertEqual(batch.sudo().line_ids.move_id.create_uid, self.manager)

    # -------------------------------------------------------------------------
    # WHAT WAS APPROVED IS WHAT IS POSTED
    # -------------------------------------------------------------------------

    def _get_changes(self, batch):
        """Return attempts to change what is posted, each as a function."""
        line = batch.line_ids[0]
        draft = self._prepare([1])
        return [
            *(
                lambda vals=vals: line.write(vals)
                for vals in (
                    {"amount": 500},
                    {"partner_id": self.accounts[5].id},
                    {"currency_id": self.env.ref("base.EUR").id},
                    {"invoice_id": False},
                    {"batch_id": draft.id},
                )
            ),
            *(
                lambda vals=vals: batch.write(vals)
                for vals in (
                    {"date": "2024-03-16"},
                    {"credit_item_id": self._create_credit_item("Other").id},
                    {"company_id": self.company.id},
                    {"public_comment": "x"},
                    {"document_form": "entry"},
                    {"expiry_date": "2025-01-01"},
                    {"post_at": "2030-01-01 00:00:00"},
                    {"line_ids": [Command.update(line.id, {"amount": 500})]},
                    {"line_ids": [Command.link(draft.line_ids.id)]},
                    {"line_ids": [Command.delete(line.id)]},
                )
            ),
            lambda: line.copy(),
            lambda: line.unlink(),
            lambda: batch.unlink(),
            lambda: draft.line_ids.write({"batch_id": batch.id}),
            lambda: line.create(
                {"batch_id": batch.id, "partner_id": self.account.id, "amount": 1}
            ),
        ]

    def test_nothing_changes_while_it_waits(self):
        batch = self._wait()
        for user in (self.clerk, self.manager):
            for change in self._get_changes(batch.with_user(user)):
                with self.assertRaises(UserError):
                    change()
        self.assertEqual(batch.line_ids.mapped("amount"), [60, 60])
        self.assertWaits(batch)

    def test_nothing_changes_while_it_is_queued(self):
        self.company.credit_background_lines = 1
        below = self._prepare([1, 1])
        below.action_post()
        above = self._wait()
        above.with_user(self.manager).action_approve()
        for batch in (below, above):
            self.assertEqual(batch.state, "queued")
            for change in self._get_changes(batch):
                with self.assertRaises(UserError):
                    change()
        self._run("ir_cron_post_credits_1")
        self.assertEqual(above.line_ids.move_id.mapped("amount_total"), [60, 60])
        self.assertPosted(above)
        self.assertPosted(below)

    def test_labels_and_notes_stay_open(self):
        batch = self._wait()
        batch.private_comment = "Agreed by phone"
        child = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.account.id}
        )
        batch.line_ids[0].contact_id = child
        batch.with_user(self.manager).action_approve()
        self.assertPosted(batch)

    def _approve_in_part(self):
        """Return an approved batch of which the second line failed."""
        batch = self._wait()
        self.accounts[1].active = False
        batch.with_user(self.manager).action_approve()
        self.accounts[1].active = True
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])
        return batch

    def test_retry_of_what_was_approved_is_posted(self):
        batch = self._approve_in_part()
        batch.action_retry()
        self.assertPosted(batch)
        self.assertEqual(batch.approved_by_id, self.manager)

    def test_changed_line_takes_the_approval_back(self):
        for vals in ({"amount": 61}, {"partner_id": self.accounts[5].id}):
            batch = self._approve_in_part()
            batch.line_ids[1].write(vals)
            self.assertFalse(batch.approved_by_id or batch.approved_on)
            batch.action_retry()
            self.assertEqual(batch.state, "to_approve")
            self.assertEqual(batch.line_ids.mapped("state"), ["posted", "pending"])
            batch.with_user(self.manager).action_approve()
            self.assertPosted(batch)

    def test_line_raised_after_posting_waits(self):
        batch = self._prepare([50, 50])
        self.accounts[1].active = False
        batch.action_post()
        self.accounts[1].active = True
        self.assertEqual(batch.state, "partial")
        batch.line_ids[1].amount = 50.01
        batch.action_retry()
        self.assertEqual(batch.state, "to_approve")
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "pending"])

    def test_every_change_is_seen_by_other_sessions(self):
        batch = self._prepare([60, 40])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_credit_batch SET write_date = %s WHERE id = %s",
            (PAST, batch.id),
        )
        batch.invalidate_recordset()
        # The total stays the same.
        batch.line_ids[0].currency_id = self.company.currency_id
        batch.flush_recordset()
        batch.invalidate_recordset()
        self.assertGreater(batch.write_date, PAST)

    def test_reversal_of_what_is_posted_releases_nothing(self):
        batch = self._approve_in_part()
        batch.line_ids[1].amount = 61
        batch.action_retry()
        with self.assertRaisesRegex(UserError, "waits for approval"):
            batch.with_user(self.manager).action_reverse()
        posted = batch.sudo().line_ids[0].move_id
        posted._reverse_moves([{"date": "2024-03-20"}], cancel=True)
        self.assertEqual(batch.line_ids.mapped("state"), ["reversed", "pending"])
        self.assertEqual(batch.state, "to_approve")
        self._run("ir_cron_post_credits_1")
        self.assertEqual(batch.line_ids[1].state, "pending")

    # -------------------------------------------------------------------------
    # OWN ACCOUNTS
    # -------------------------------------------------------------------------

    def test_own_account_waits_without_any_limit(self):
        self.company.credit_approval_amount = 0
        for user in (self.clerk, self.manager):
            self._own(user)
            batch = self._wait([1, 1], user)
            self.assertIn("own account alone: Family 0.", batch.approval_text)
            batch.with_user(self.chief).action_approve()
            self.assertPosted(batch)
        other = self._prepare({self.accounts[1]: 1})
        other.action_post()
        self.assertPosted(other)

    def test_own_account_of_who_prepared_it_waits(self):
        self.company.credit_approval_amount = 0
        self._own(self.manager)
        batch = self._prepare([1, 1], self.manager)
        batch.with_user(self.clerk).action_post()
        self.assertWaits(batch)
        with self.assertRaisesRegex(AccessError, "Another administrator"):
            batch.action_approve()

    def test_who_owns_an_account_cannot_approve(self):
        self._own(self.manager, self.accounts[1])
        batch = self._wait()
        self.assertNotIn(self.manager.name, batch.approval_text)
        with self.assertRaisesRegex(AccessError, "your own account Family 1"):
            batch.with_user(self.manager).action_approve()
        self.assertFalse(batch.with_user(self.manager).can_approve)
        batch.with_user(self.chief).action_approve()
        self.assertPosted(batch)

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
        self.assertIn("It was not approved.", batch.line_ids[1].error)
        batch.action_retry()
        self.assertEqual(batch.state, "to_approve")
        self.assertLedgerSound(batch)

    def test_batch_in_work_is_not_cancelled_as_a_whole(self):
        self.company.credit_background_lines = 1
        batch = self._prepare([1, 1])
        batch.action_post()
        batch.sudo()._start()
        with self.assertRaisesRegex(UserError, "in work"):
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
        batch.sudo()._write_posting({"post_at": PAST})
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
            with self.assertRaisesRegex(UserError, "waits for its time"):
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


@tagged("post_install", "-at_install")
class TestAccountCreditOpenCap(AccountCreditCommon):
    """No account gets more open credit than the company allows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.credit_open_cap = 100

    def _post(self, *pairs):
        """Post a batch and return the states of its lines.

        :param pairs: ``(account, amount)``
        """
        batch = self.batches.with_user(self.clerk).create(
            {
                "credit_item_id": self.item.id,
                "date": "2024-03-15",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": amount})
                    for account, amount in pairs
                ],
            }
        )
        batch.action_post()
        self.assertLedgerSound(batch)
        self.errors = batch.line_ids.mapped("error")
        return batch.line_ids.mapped("state")

    def test_line_above_the_cap_fails_alone(self):
        first, second = self.accounts[:2]
        states = self._post((first, 100), (second, 100.01))
        self.assertEqual(states, ["posted", "failed"])
        self.assertIn("Family 1 was not credited", self.errors[1])
        self.assertIn("$\xa0100.01 of open credit, and $\xa0100.00", self.errors[1])

    def test_what_is_open_counts(self):
        self.assertEqual(self._post((self.account, 60)), ["posted"])
        self.assertEqual(self._post((self.account, 40.01)), ["failed"])
        self.assertEqual(self._post((self.account, 40)), ["posted"])

    def test_lines_of_one_account_count_together(self):
        other = self.accounts[1]
        states = self._post(
            (self.account, 60), (self.account, 60), (other, 60), (self.account, 40)
        )
        self.assertEqual(states, ["posted", "failed", "posted", "posted"])

    def test_zero_is_no_cap(self):
        self.company.credit_open_cap = 0
        self.assertEqual(self._post((self.account, 1000)), ["posted"])

    def test_what_it_pays_at_once_is_not_open(self):
        invoice = self._create_invoice(self.account, 150)
        self.assertEqual(self._post((self.account, 250.01)), ["failed"])
        self.assertEqual(
            self._post((self.account, 200), (self.account, 50.01)),
            ["posted", "failed"],
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(self._post((self.account, 50)), ["posted"])

    def test_what_it_may_not_pay_yet_does_not_help(self):
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 150)
        self.assertEqual(self._post((self.account, 110)), ["failed"])
        batch = self._create_batch({self.account: 110})
        batch.line_ids.invoice_id = invoice
        batch.action_post()
        self.assertEqual(batch.line_ids.state, "posted")
        self.assertEqual(invoice.amount_residual, 40)

    def test_cap_is_in_company_currency_taxes_included(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        batch = self._create_batch({self.accounts[0]: 50, self.accounts[1]: 50.01})
        batch.line_ids.currency_id = euro
        batch.action_post()
        self.assertEqual(batch.line_ids.mapped("state"), ["posted", "failed"])
        tax = self.env["account.tax"].create(
            {
                "name": "Ten",
                "amount": 10,
                "price_include_override": "tax_excluded",
                "type_tax_use": "sale",
            }
        )
        self.item = self._create_credit_item("Taxed", taxes_id=tax.ids)
        states = self._post((self.accounts[2], 90), (self.accounts[3], 91))
        self.assertEqual(states, ["posted", "failed"])

    def test_cap_of_the_company_holds_in_the_branch(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.assertEqual(branch._get_credit_open_cap(), 100)

    def test_preview_says_who_is_skipped(self):
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:2])
        transaction = transactions.browse(action["res_id"])
        TransactionLines(transaction).set_amounts(100.01)
        transaction.line_ids[0].amount = 100
        transaction.write({"step": "setup", "credit_item_id": self.item.id})
        skipped = [row["skipped"] for row in transaction.preview["accounts"]]
        self.assertFalse(skipped[0])
        self.assertIn("of open credit", skipped[1])

    def test_queries_do_not_grow_with_the_lines(self):
        counts = []
        for size in (2, 10):
            batch = self._create_batch(dict.fromkeys(self.accounts[:size], 5))
            self.env.flush_all()
            self.env.invalidate_all()
            lines = batch.line_ids
            lines._get_errors()
            before = self.env.cr.sql_log_count
            lines._get_cap_errors(batch)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
