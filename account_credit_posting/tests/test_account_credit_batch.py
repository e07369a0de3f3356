from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import const
from ..tools.posting import with_posting
from .common import AccountCreditCommon

LINE_LOGGER = "odoo.addons.account_credit_posting.models.credit.account_credit_line"


@tagged("post_install", "-at_install")
class TestAccountCreditBatch(AccountCreditCommon):
    """Posting a batch: once, all accounted for, one failure alone."""

    def test_batches_are_numbered_per_company(self):
        other = self.setup_other_company()["company"]
        names = [
            self.batches.create(
                {"company_id": company.id, "credit_item_id": self.item.id}
            ).name
            for company in (self.company, other, self.company, other)
        ]
        numbers = [int(name.rsplit("/", 1)[1]) for name in names]
        self.assertEqual(numbers[2], numbers[0] + 1)
        self.assertEqual(numbers[3], numbers[1] + 1)

    def test_post_marks_lines_and_batch(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        self.assertRecordValues(
            batch,
            [{"state": "draft", "line_count": 10, "posted_count": 0, "progress": 0}],
        )
        batch.action_post()
        self.assertRecordValues(
            batch,
            [
                {
                    "state": "done",
                    "line_count": 10,
                    "posted_count": 10,
                    "failed_count": 0,
                    "progress": 100,
                    "amount_total": 50,
                }
            ],
        )
        self.assertLedgerSound(batch)

    def test_second_click_posts_nothing_more(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        batch.action_post()
        moves = batch.line_ids.move_id
        batch.action_post()
        batch.action_retry()
        self.assertEqual(batch.line_ids.move_id, moves)
        self.assertLedgerSound(batch)

    def test_more_lines_than_a_chunk_are_posted_alike(self):
        module = "odoo.addons.account_credit_posting.const"
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        with patch(f"{module}.CHUNK_LINES", 3):
            batch.action_post()
        self.assertEqual(batch.posted_count, 10)
        self.assertEqual(
            [move.sequence_number for move in batch.line_ids.sorted("id").move_id],
            list(range(1, 11)),
        )
        self.assertLedgerSound(batch)

    def test_empty_batch_cannot_be_posted(self):
        batch = self.batches.create({"credit_item_id": self.item.id})
        with self.assertRaisesRegex(UserError, f"{batch.name} has no account"):
            batch.action_post()
        self.assertEqual(batch.state, "draft")

    def test_company_without_journal_cannot_post(self):
        self.company.credit_journal_id = False
        batch = self._create_batch()
        with self.assertRaisesRegex(UserError, "has no journal for credits"):
            batch.action_post()
        self.assertEqual(batch.line_ids.state, "pending")

    def test_cancelled_batch_cannot_be_posted(self):
        batch = self._create_batch()
        batch.action_cancel()
        with self.assertRaisesRegex(UserError, "is cancelled"):
            batch.action_post()

    def test_posted_batch_cannot_be_cancelled_changed_or_deleted(self):
        batch = self._post_line().batch_id
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            batch.action_cancel()
        for vals in (
            {"date": "2024-04-01"},
            {"credit_item_id": self._create_credit_item("Other").id},
            {"public_comment": "Other"},
            {"analytic_distribution": {}},
        ):
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                batch.write(vals)
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            batch.unlink()
        with (
            self.assertRaisesRegex(UserError, "no account can be added"),
            self.env.cr.savepoint(),
        ):
            batch.line_ids = [
                Command.create({"partner_id": self.accounts[1].id, "amount": 1})
            ]

    def test_draft_batch_can_be_deleted(self):
        batch = self._create_batch()
        line = batch.line_ids
        batch.unlink()
        self.assertFalse((batch + self.batches).exists() or line.exists())

    def test_state_is_not_writable_by_anybody(self):
        batch = self._create_batch()
        for vals in ({"state": "done"}, {"state": "draft", "date": "2024-03-01"}):
            with self.assertRaises(AccessError):
                batch.write(vals)
        with self.assertRaises(AccessError):
            self.batches.create({"credit_item_id": self.item.id, "state": "done"})
        # What a caller over RPC can put into a context is no key.
        for forged in (True, "POSTING", {}, 1):
            with self.assertRaises(AccessError):
                batch.with_context(credit_posting=forged).write({"state": "done"})

    def test_refusal_of_another_addon_fails_one_account_alone(self):
        on_hold = self.accounts[6]
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        with self._refusing(on_hold, UserError("The account is on hold.")):
            batch.action_post()
        failed = batch.line_ids.filtered(lambda line: line.state == "failed")
        self.assertEqual(failed.partner_id, on_hold)
        self.assertEqual(
            failed.error, "Family 6 was not credited. The account is on hold."
        )
        self.assertRecordValues(
            batch, [{"state": "partial", "posted_count": 9, "failed_count": 1}]
        )
        self.assertLedgerSound(batch)
        # No number is lost to the refusal.
        numbers = batch.line_ids.move_id.mapped("sequence_number")
        self.assertEqual(sorted(numbers), list(range(1, 10)))

    @mute_logger(LINE_LOGGER)
    def test_unexpected_error_fails_one_account_alone(self):
        odd = self.accounts[0]
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        with self._refusing(odd, KeyError("private")):
            batch.action_post()
        failed = batch.line_ids.filtered(lambda line: line.state == "failed")
        self.assertEqual(failed.partner_id, odd)
        self.assertIn("An unexpected error occurred (KeyError)", failed.error)
        self.assertNotIn("private", failed.error)
        self.assertLedgerSound(batch)

    def test_retry_posts_the_failed_lines_after_the_cause_is_mended(self):
        batch = self._create_batch(dict.fromkeys(self.accounts, 5))
        with self._refusing(self.accounts[2], UserError("On hold.")):
            batch.action_post()
            batch.action_retry()
        self.assertEqual(batch.failed_count, 1)
        posted_before = batch.line_ids.move_id
        batch.action_retry()
        self.assertEqual(batch.state, "done")
        self.assertEqual(len(batch.line_ids.move_id), 10)
        self.assertFalse(posted_before - batch.line_ids.move_id)
        self.assertFalse(batch.line_ids.filtered("error"))
        self.assertFalse(batch.line_ids.filtered("is_refused"))
        self.assertLedgerSound(batch)

    def _refusing(self, account, error):
        """Make another addon's override of posting refuse an account."""
        Move = type(self.env["account.move"])
        post = Move._post

        def _post(moves, soft=True):
            if account in moves.partner_id:
                raise error
            return post(moves, soft=soft)

        return patch.object(Move, "_post", _post)

    def _find_sets(self, refused=None, unsound=None):
        """Post eight lines, two at once; return how many were attempted at once.

        :param refused: accounts that another addon refuses
        :param unsound: accounts that a check finds
        """
        refused = refused or self.accounts.browse()
        unsound = unsound or self.accounts.browse()
        form = self.env.registry["account.credit.form.note"]
        create, sizes = form._create_notes, []
        refusal = UserError("On hold.")

        def watch(records, lines):
            sizes.append(len(lines))
            if lines.partner_id & refused:
                raise refusal
            return create(records, lines)

        batch = self._create_batch(dict.fromkeys(self.accounts[:8], 10))
        lines = batch.line_ids
        lines.filtered(lambda line: line.partner_id in unsound).amount = 0
        with (
            patch.object(const, "CHUNK_LINES", 2),
            patch.object(const, "ISOLATED_FIRST", 1),
            patch.object(form, "_create_notes", watch),
        ):
            batch.action_post()
        failed = lines.filtered(lambda line: line.state == "failed")
        self.assertEqual(failed.partner_id, refused | unsound)
        self.assertEqual(failed.filtered("is_refused").partner_id, refused)
        self.assertEqual(batch.posted_count, 8 - len(failed))
        return sizes

    def test_sets_are_small_at_first_and_where_one_was_refused(self):
        self.assertEqual(self._find_sets(), [1, 1, 2, 2, 2])
        # The second chunk as one is refused, and divided; those after it are not.
        third = self.accounts[2]
        self.assertEqual(self._find_sets(refused=third), [1, 1, 2, 1, 1, 1, 1, 1, 1])
        # What a check finds says nothing of the others.
        self.assertEqual(self._find_sets(unsound=third), [1, 1, 1, 2, 2])

    def test_reverse_mirrors_every_credit_note(self):
        batch = self._create_batch({self.accounts[0]: 10, self.accounts[1]: 20})
        batch.action_post()
        batch.action_reverse()
        self.assertRecordValues(
            batch, [{"state": "reversed", "posted_count": 0, "reversed_count": 2}]
        )
        for line, amount in zip(batch.line_ids.sorted("id"), (10, 20), strict=True):
            reversal = line.move_id.reversal_move_ids
            self.assertEqual(reversal.state, "posted")
            self.assertItems(
                reversal,
                [
                    (self.credit_account, -amount, -amount),
                    (self.receivable, amount, amount),
                ],
            )
            self.assertEqual(line.move_id.amount_residual, 0)
            self.assertFalse(reversal.credit_line_id)
        self.assertLedgerSound(batch)

    def test_reverse_twice_reverses_once(self):
        batch = self._post_line().batch_id
        batch.action_reverse()
        batch.action_reverse()
        self.assertEqual(len(batch.line_ids.move_id.reversal_move_ids), 1)

    def test_reverse_entry_of_odoo_reverses_the_credit(self):
        line = self._post_line()
        line.move_id._reverse_moves([{"date": "2024-03-20"}], cancel=True)
        self.assertEqual(line.state, "reversed")
        self.assertEqual(line.batch_id.state, "reversed")

    def test_partial_reversal_of_odoo_leaves_the_credit_posted(self):
        line = self._post_line(10)
        reversal = line.move_id._reverse_moves([{"date": "2024-03-20"}])
        reversal.invoice_line_ids.price_unit = 4
        reversal.action_post()
        self.assertEqual(line.state, "posted")
        self.assertEqual(line.move_id.amount_residual, 6)

    def test_reversing_frees_the_invoice_it_paid(self):
        invoice = self._create_invoice(self.account, 30)
        line = self._post_line(30)
        self.assertEqual(invoice.amount_residual, 0)
        line.batch_id.action_reverse()
        self.assertEqual(invoice.amount_residual, 30)
        self.assertEqual(line.state, "reversed")

    def test_copy_is_a_new_draft(self):
        batch = self._create_batch()
        with_posting(batch, "posting").idempotency_key = "once"
        batch.action_post()
        copy = batch.copy()
        self.assertRecordValues(
            copy, [{"state": "draft", "idempotency_key": False, "line_count": 1}]
        )
        self.assertRecordValues(
            copy.line_ids, [{"state": "pending", "move_id": False, "amount": 10}]
        )
        self.assertNotEqual(copy.name, batch.name)

    def test_amount_total_is_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        batch = self._create_batch({self.accounts[0]: 10, self.accounts[1]: 10})
        batch.line_ids[0].currency_id = euro
        self.assertEqual(batch.amount_total, 30)

    def test_queries_do_not_grow_per_line_beyond_odoo(self):
        """One more line costs few queries: those that Odoo makes per entry."""
        counts = []
        for size in (2, 10):
            batch = self._create_batch(dict.fromkeys(self.accounts[:size], 5))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            batch.action_post()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual((counts[1] - counts[0]) / 8, 4, counts)

    def test_last_number_is_asked_for_once_in_a_set(self):
        """Odoo asks for it at each entry, which makes a long set slower and slower."""
        model = self.registry["account.move"]
        first = self._create_batch({self.account: 5})  # Has none before it.
        first.action_post()
        first.action_reverse()
        counts = []  # [(times asked when posted, when reversed)]
        for size in (2, 10):
            batch = self._create_batch(dict.fromkeys(self.accounts[:size], 5))
            with patch.object(
                model,
                "_get_last_sequence",
                autospec=True,
                side_effect=model._get_last_sequence,
            ) as ask:
                batch.action_post()
                posted = ask.call_count
                batch.action_reverse()
                counts.append((posted, ask.call_count - posted))
            self.assertEqual(batch.state, "reversed")
        self.assertEqual(counts, [(1, 1), (1, 1)])
