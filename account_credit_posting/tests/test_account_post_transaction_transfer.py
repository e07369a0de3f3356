from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from .. import const
from ..wizard.post_transaction.transaction_lines import TransactionLines
from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestPostTransactionHandover(AccountCreditCommon):
    """Very many accounts are taken over into the batch while nobody waits."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(const, "TRANSFERRED_LINES", 5))
        self.transactions = self.env["account.post.transaction"]

    def _open(self, count=10, **vals):
        transactions = self.transactions.with_user(self.clerk)
        action = transactions._get_open_action(partners=self.accounts[:count])
        transaction = transactions.browse(action["res_id"])
        transaction.write(
            {"step": "setup", "credit_item_id": self.item.id, "date": "2024-03-15"}
        )
        TransactionLines(transaction).set_amounts(10)
        transaction.write(vals)
        return transaction

    def _run_cron(self):
        cron = self.env.ref("account_credit_posting.ir_cron_transfer_lines")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _refusing(self, error):
        def action_post(_batches):
            raise error

        return patch.object(type(self.batches), "action_post", action_post)

    def test_taken_over_and_posted(self):
        transaction = self._open()
        cron = self.env.ref("account_credit_posting.ir_cron_transfer_lines")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        transaction.action_post()
        woken = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(len(woken - triggers), 1)
        batch = transaction.batch_id
        self.assertFalse(batch.line_ids)
        self.assertRecordValues(
            transaction,
            [{"step": "result", "batch_state": "queued", "is_transferring": True}],
        )
        self.assertEqual(transaction.progress_info["line_count"], 10)
        self.assertTrue(transaction.progress_info["is_working"])
        self.assertIn("You can close this page", transaction.result_text)
        # A second click is none.
        transaction.action_post()
        self._run_cron()
        self.assertEqual((transaction.batch_id, batch.state), (batch, "done"))
        self.assertFalse(transaction.is_transferring)
        self.assertEqual(batch.line_ids.mapped("state"), ["posted"] * 10)
        self.assertEqual(batch.line_ids.move_id.create_uid, self.clerk)
        self.assertEqual(batch.requested_by_id or batch.create_uid, self.clerk)
        self.assertLedgerSound(batch)
        # Nor is a second run.
        self._run_cron()
        self.assertEqual(len(batch.line_ids), 10)

    def test_few_are_posted_at_once(self):
        transaction = self._open(4)
        transaction.action_post()
        self.assertFalse(transaction.is_transferring)
        self.assertEqual(transaction.batch_id.state, "done")

    def test_refused(self):
        transaction = self._open()
        transaction.action_post()
        batch = transaction.batch_id
        with self._refusing(UserError("Not today.")):
            self._run_cron()
        self.assertRecordValues(
            transaction,
            [
                {
                    "step": "setup",
                    "batch_id": False,
                    "transfer_error": "Not today.",
                    "is_transferring": False,
                    "line_count": 10,
                }
            ],
        )
        self.assertFalse(batch.exists())
        transaction.action_post()
        self._run_cron()
        self.assertEqual(transaction.batch_id.state, "done")
        self.assertFalse(transaction.transfer_error)

    def test_unforeseen(self):
        transaction = self._open()
        transaction.action_post()
        with (
            self._refusing(KeyError("x")),
            self.assertLogs("odoo.addons.account_credit_posting", "ERROR"),
        ):
            self._run_cron()
        self.assertIn("unexpected error", transaction.transfer_error)

    def test_approval_is_asked_as_ever(self):
        self.company.credit_approval_amount = 50
        transaction = self._open()
        transaction.action_post()
        self._run_cron()
        self.assertEqual(transaction.batch_id.state, "to_approve")

    def test_nobody_says_so_by_hand(self):
        transaction = self._open()
        with self.assertRaises(AccessError):
            transaction.write({"is_transferring": True})
        with self.assertRaises(AccessError):
            self.transactions.with_user(self.clerk).create({"is_transferring": True})

    def test_kept_until_taken_over(self):
        transaction = self._open()
        transaction.action_post()
        for records in (transaction, transaction.line_ids):
            records.flush_recordset()
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET write_date = '2020-01-01'",
                    SQL.identifier(records._table),
                )
            )
            records.sudo()._transient_vacuum()
        self.assertEqual(len(transaction.exists().line_ids), 10)
        self._run_cron()
        self.assertEqual(len(transaction.batch_id.line_ids), 10)
