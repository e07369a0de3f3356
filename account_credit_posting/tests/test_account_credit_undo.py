from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import AccountCreditCommon


@tagged("post_install", "-at_install")
class TestAccountCreditUndo(AccountCreditCommon, HttpCase):
    """Retry, undo and post again: what a clerk does after posting."""

    def _post(self, user=None, accounts=None, **vals):
        """Post 10.00 to accounts in Post Transaction; return the transaction."""
        transactions = self.env["account.post.transaction"].with_user(
            user or self.clerk
        )
        transaction = transactions.create(
            {
                "credit_item_id": self.item.id,
                "public_comment": "The snow day",
                "private_comment": "Agreed by phone",
                "date": "2024-03-15",
                "step": "setup",
                "line_ids": [
                    Command.create({"partner_id": account.id, "amount": 10})
                    for account in accounts or self.accounts[:2]
                ],
                **vals,
            }
        )
        transaction.action_post()
        return transaction

    def _in(self, **time):
        return self.env.cr.now() + timedelta(**time)

    # -------------------------------------------------------------------------
    # UNDO
    # -------------------------------------------------------------------------

    def test_clerk_undoes_the_own_credits(self):
        invoice = self._create_invoice(self.account, 8)
        transaction = self._post()
        batch = transaction.batch_id
        self.assertEqual(invoice.amount_residual, 0)
        self.assertTrue(transaction.can_undo)
        self.assertTrue(transaction.action_undo())
        self.assertEqual(batch.state, "reversed")
        self.assertEqual(invoice.amount_residual, 8)
        self.assertFalse(transaction.can_undo)
        for line in batch.sudo().line_ids:
            self.assertItems(
                line.move_id.reversal_move_ids,
                [(self.credit_account, -10, -10), (self.receivable, 10, 10)],
            )
            self.assertEqual(line.move_id.reversal_move_ids.create_uid, self.clerk)
        self.assertIn("undone by who posted them", batch.sudo().message_ids[0].body)
        self.assertLedgerSound(batch)

    def test_second_click_reverses_once(self):
        transaction = self._post()
        transaction.action_undo()
        with self.assertRaisesRegex(UserError, "can be undone"):
            transaction.action_undo()
        moves = transaction.batch_id.sudo().line_ids.move_id
        self.assertEqual(len(moves.reversal_move_ids), 2)

    def test_time_is_that_of_the_company(self):
        # Settings say: "Whoever posted credits can undo them for so long".
        transaction = self._post()
        with freeze_time(self._in(minutes=59)):
            transaction.invalidate_recordset()
            self.assertTrue(transaction.can_undo)
        with freeze_time(self._in(minutes=61)):
            transaction.invalidate_recordset()
            self.assertFalse(transaction.can_undo)
            with self.assertRaisesRegex(UserError, "more than 60 minutes ago"):
                transaction.action_undo()
            self.company.credit_undo_minutes = 120
            transaction.action_undo()
        self.assertEqual(transaction.batch_id.state, "reversed")

    def test_zero_minutes_leave_it_to_administrators(self):
        self.company.credit_undo_minutes = 0
        transaction = self._post()
        self.assertFalse(transaction.can_undo)
        with self.assertRaises(UserError):
            transaction.action_undo()
        self.assertEqual(transaction.batch_id.state, "done")

    def test_retry_does_not_prolong_the_time(self):
        self.accounts[1].active = False
        transaction = self._post()
        self.accounts[1].active = True
        with freeze_time(self._in(minutes=61)):
            transaction.action_retry()
            self.assertEqual(transaction.batch_id.state, "done")
            with self.assertRaisesRegex(UserError, "more than 60 minutes ago"):
                transaction.action_undo()

    def test_nobody_undoes_what_others_posted(self):
        transaction = self._post()
        undo = self.env["account.credit.undo"]
        other = self._create_user("other", "account.group_account_invoice")
        batch = transaction.batch_id.with_user(other)
        self.assertIn("by somebody else", undo.with_user(other)._get_error(batch))
        with self.assertRaises(UserError):
            undo.with_user(other)._undo(batch)
        with self.assertRaises(AccessError):
            transaction.with_user(other).action_undo()
        with self.assertRaises(AccessError):
            batch.action_reverse()
        self.assertEqual(batch.state, "done")

    def test_above_the_limits_an_administrator_is_asked(self):
        transaction = self._post()
        batch = transaction.batch_id
        self.company.credit_approval_amount = 15
        for _click in range(2):
            action = transaction.action_undo()
        self.assertIn("Waiting for approval", action["params"]["message"])
        self.assertEqual(batch.state, "done")
        activities = batch.sudo().activity_ids
        self.assertEqual(len(activities), len(activities.user_id))
        self.assertIn(self.manager, activities.user_id)
        self.assertNotIn(self.clerk, activities.user_id)
        self.assertIn("asks to reverse it", activities[0].note)
        batch.with_user(self.manager).action_reverse()
        self.assertEqual(batch.state, "reversed")
        self.assertFalse(batch.sudo().activity_ids)

    def test_locked_date_is_no_obstacle_and_today_locked_is(self):
        transaction = self._post()
        self.company.fiscalyear_lock_date = "2024-03-31"
        transaction.action_undo()
        self.assertEqual(transaction.batch_id.state, "reversed")
        second = self._post(date="2024-04-15")
        self.company.fiscalyear_lock_date = "2099-12-31"
        with self.assertRaisesRegex(UserError, "locked"):
            second.action_undo()
        self.assertEqual(second.batch_id.state, "done")

    def test_currencies_without_and_with_three_decimals(self):
        for name, rounding, amount in (("JPY", 1, 333), ("KWD", 0.001, 1.005)):
            currency = self.setup_other_currency(
                name, rounding=rounding, rates=[("2024-01-01", 150)]
            )
            batch = self.batches.with_user(self.clerk).create(
                {
                    "credit_item_id": self.item.id,
                    "date": "2024-03-15",
                    "line_ids": [
                        Command.create(
                            {"partner_id": self.account.id, "amount": amount}
                        )
                    ],
                }
            )
            batch.line_ids.currency_id = currency
            batch.line_ids.amount = amount
            batch.action_post()
            self.env["account.credit.undo"].with_user(self.clerk)._undo(batch)
            items = batch.sudo().line_ids.move_id.reversal_move_ids.line_ids
            self.assertEqual(items.currency_id, currency)
            self.assertEqual(sorted(items.mapped("amount_currency")), [-amount, amount])
            self.assertEqual(batch.state, "reversed")

    def test_invoices_are_not_undone_here(self):
        product = self.env["product.product"].create({"name": "Lesson"})
        transaction = self._post(
            transaction_type="invoice", charge_item_id=product.id, credit_item_id=False
        )
        self.assertFalse(transaction.can_undo)
        with self.assertRaisesRegex(UserError, "more than credits"):
            transaction.action_undo()

    def test_nothing_posted_is_nothing_to_undo(self):
        transaction = self.env["account.post.transaction"].with_user(self.clerk)
        transaction = transaction.create({})
        self.assertFalse(transaction.can_undo)
        with self.assertRaisesRegex(UserError, "Nothing is posted yet"):
            transaction.action_undo()

    # -------------------------------------------------------------------------
    # RETRY
    # -------------------------------------------------------------------------

    def test_retry_says_that_it_was_tried(self):
        self.accounts[:2].active = False
        transaction = self._post(accounts=self.accounts[:3])
        action = transaction.action_retry()
        self.assertEqual(
            action["params"]["message"],
            "Tried again: 2 accounts. Posted: 0. Failed: 2.",
        )
        self.assertEqual(action["params"]["type"], "warning")
        self.accounts[:2].active = True
        action = transaction.action_retry()
        self.assertEqual(
            action["params"]["message"],
            "Tried again: 2 accounts. Posted: 2. Failed: 0.",
        )
        self.assertEqual(action["params"]["type"], "success")
        action = transaction.action_retry()
        self.assertIn("has failed", action["params"]["message"])

    # -------------------------------------------------------------------------
    # AGAIN
    # -------------------------------------------------------------------------

    def _open(self, user=None, **vals):
        transactions = self.env["account.post.transaction"]
        return transactions.with_user(user or self.clerk).create(vals)

    def test_again_proposes_item_comments_and_accounts(self):
        contact = self.env["res.partner"].create(
            {"name": "Anna", "parent_id": self.accounts[1].id}
        )
        before = self._post()
        before.batch_id.sudo().line_ids[1]._write_guarded({"contact_id": contact.id})
        transaction = self._open()
        self.assertIn("Goodwill, 2 accounts, 03/15/2024", transaction.again_text)
        transaction.action_again()
        self.assertRecordValues(
            transaction,
            [
                {
                    "step": "accounts",
                    "transaction_type": "credit",
                    "credit_item_id": self.item.id,
                    "public_comment": "The snow day",
                    "private_comment": "Agreed by phone",
                    "document_form": "credit_note",
                }
            ],
        )
        lines = transaction.line_ids
        self.assertEqual(lines.partner_id, self.accounts[:2])
        self.assertEqual(lines[1].contact_id, contact)
        self.assertEqual(lines.mapped("amount"), [0, 0])

    def test_again_keeps_the_accounts_that_are_chosen(self):
        self._post()
        transaction = self._open(
            line_ids=[Command.create({"partner_id": self.accounts[5].id})]
        )
        transaction.action_again()
        self.assertEqual(transaction.line_ids.partner_id, self.accounts[5])
        self.assertEqual(transaction.credit_item_id, self.item)

    def test_again_leaves_out_what_is_archived(self):
        self._post()
        self.item.active = False
        self.accounts[0].active = False
        transaction = self._open()
        transaction.action_again()
        self.assertFalse(transaction.credit_item_id)
        self.assertEqual(transaction.line_ids.partner_id, self.accounts[1])
        self.assertIn("Not added because they are archived", transaction.notice)

    def test_again_is_of_the_user_and_the_company(self):
        self._post(self.manager)
        transaction = self._open()
        self.assertFalse(transaction.again_text)
        transaction.action_again()
        self.assertEqual(transaction.step, "type")
        other = self._create_company(name="Lakeside")
        self.manager.company_ids += other
        elsewhere = self._open(self.manager, company_id=other.id)
        self.assertFalse(elsewhere.again_text)
        with self.assertRaises(AccessError):
            elsewhere.with_user(self.clerk).action_again()

    def test_duplicate_proposes_the_same(self):
        batch = self._post().batch_id
        copy = batch.copy()
        self.assertRecordValues(
            copy,
            [
                {
                    "state": "draft",
                    "credit_item_id": self.item.id,
                    "public_comment": "The snow day",
                    "private_comment": "Agreed by phone",
                }
            ],
        )
        self.assertEqual(copy.line_ids.partner_id, self.accounts[:2])
        self.assertEqual(set(copy.line_ids.mapped("state")), {"pending"})
        self.assertFalse(copy.line_ids.move_id)

    # -------------------------------------------------------------------------
    # IN A BROWSER
    # -------------------------------------------------------------------------

    def test_tour(self):
        self.accounts[1].active = False
        transaction = self._post()
        self.start_tour(
            f"/odoo/account.post.transaction/{transaction.id}",
            "account_credit_undo",
            login=self.clerk.login,
        )
        self.assertEqual(
            transaction.batch_id.sudo().line_ids.mapped("state"), ["reversed", "failed"]
        )
