from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common_approval import ApprovalCommon


@tagged("post_install", "-at_install")
class TestAccountCreditBatchApprovalLimits(ApprovalCommon):
    """Above a limit, or for an own account, a batch waits, on whatever way it comes."""

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
    # OWN ACCOUNTS
    # -------------------------------------------------------------------------

    def test_own_account_waits_without_any_limit(self):
        # README says: "Nobody can credit their own account without approval"
        self.company.credit_approval_amount = 0
        for user in (self.clerk, self.manager):
            self._own(user)
            batch = self._wait([1, 1], user)
            self.assertIn("own account need approval: Family 0.", batch.approval_text)
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
        # README says: "a user who belongs to the account cannot approve it."
        self._own(self.manager, self.accounts[1])
        batch = self._wait()
        self.assertNotIn(self.manager.name, batch.approval_text)
        with self.assertRaisesRegex(AccessError, "your own account Family 1"):
            batch.with_user(self.manager).action_approve()
        self.assertFalse(batch.with_user(self.manager).can_approve)
        batch.with_user(self.chief).action_approve()
        self.assertPosted(batch)

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
        self.assertIn("Waiting for approval by", transaction.result_text)
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
        self.assertIn(
            "Credits to the user's own account need approval: Family 0.", warning
        )

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
