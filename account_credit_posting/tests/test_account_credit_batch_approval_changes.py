from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_approval import PAST, ApprovalCommon


@tagged("post_install", "-at_install")
class TestAccountCreditBatchApprovalChanges(ApprovalCommon):
    """What was approved is what is posted."""

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
                    {"contact_id": False},
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
                    {"private_comment": "x"},
                    {"notify_customers": True},
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
        # README says: "While it waits or is posted nothing of it changes"
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

    def test_private_comment_changes_by_whom_it_is_and_with_a_log(self):
        batch = self._prepare([10])
        batch.private_comment = "Draft"
        self.assertNotIn("Private comment", " ".join(batch.message_ids.mapped("body")))
        batch.action_post()
        other = self._create_user("other", "account.group_account_invoice")
        with self.assertRaisesRegex(AccessError, "by the user who posted it"):
            batch.with_user(other).private_comment = "Theirs"
        for user in (self.clerk, self.manager):
            batch.with_user(user).private_comment = f"Of {user.login}"
            note = batch.message_ids.sorted("id")[-1]
            self.assertEqual(note.author_id, user.partner_id)
            self.assertIn("Private comment changed.", note.body)
            self.assertNotIn(user.login, note.body)
        with self.assertRaises(UserError):
            batch.notify_customers = True
        with self.assertRaises(UserError):
            batch.write({"private_comment": "x", "public_comment": "x"})

    def test_what_was_refused_stays_as_it_was(self):
        # README says: "What was refused stays as it was, with its log, and nobody
        # deletes it."
        for user in (self.clerk, self.manager):
            batch = self._wait()
            batch.with_user(user).action_cancel("No")
            self.assertEqual(batch.state, "cancelled")
            line = batch.line_ids[0]
            for change in (
                batch.unlink,
                batch.with_user(self.manager).unlink,
                line.unlink,
                lambda line=line: line.write({"amount": 1}),
                lambda batch=batch: batch.write({"public_comment": "x"}),
                lambda batch=batch: batch.write({"private_comment": "x"}),
                lambda line=line: line.create(
                    {
                        "batch_id": line.batch_id.id,
                        "partner_id": self.accounts[5].id,
                        "amount": 1,
                    }
                ),
            ):
                with self.assertRaises(UserError):
                    change()
            self.assertEqual(batch.line_ids.mapped("amount"), [60, 60])
            self.assertIn("No", " ".join(batch.message_ids.mapped("body")))
        # What nobody was asked for is nobody's loss.
        draft = self._prepare([10])
        draft.action_cancel()
        draft.unlink()
        self.assertFalse(draft.exists())

    def test_draft_takes_no_number_and_no_key(self):
        first = self._prepare([10])
        second = self._prepare([10], name=first.name)
        self.assertNotEqual(second.name, first.name)
        for vals in ({"idempotency_key": "k1"}, {"request_hash": "0"}):
            with self.assertRaises(AccessError):
                self._prepare([10], **vals)
            with self.assertRaises(AccessError):
                second.write(vals)
            [(name, value)] = vals.items()
            defaults = second.with_context(**{f"default_{name}": value})
            self.assertFalse(defaults.create({"credit_item_id": self.item.id})[name])
        with self.assertRaises(AccessError):
            second.write({"name": first.name})
        answer = self.batches.with_user(self.clerk).post_credits(
            self.item.id,
            [{"account_id": self.account.id, "amount": 10}],
            idempotency_key="k1",
        )
        self.assertEqual(answer["state"], "done")
        card = self.env["account.stored.value"].with_user(self.clerk)
        with self.assertRaises(AccessError):
            card.create(
                {
                    "value_type": "gift_card",
                    "partner_id": self.account.id,
                    "code_hash": "x",
                }
            )

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
