"""Promises that hold after any sequence of events, against a plain Python model."""

from datetime import date, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account_credit_posting.tests.common import AccountCreditCommon

START = date(2024, 3, 15)
TODAY = fields.Date.today()
AMOUNTS = st.decimals("-1", "50", places=2)
EVENTS = 25


class BatchMachine(RuleBasedStateMachine):
    """Create, post, retry, reverse, undo, tamper: in any order, again and again.

    The model is what a clerk would keep on paper: for each batch and account the
    amount, whether the account is archived, and what was posted.
    """

    batches = Bundle("batches")
    test = None

    @initialize()
    def start(self):
        """Take a savepoint, so that the next sequence starts from nothing."""
        self.paper = {}  # {batch: {line: "pending", "posted", "failed", "reversed"}}
        self.archived = set()  # accounts
        self.savepoint = self.test.env.cr.savepoint()
        self.savepoint.__enter__()

    def teardown(self):
        """Undo the sequence."""
        self.savepoint.close(rollback=True)
        self.test.env.invalidate_all()

    @rule(
        target=batches,
        amounts=st.lists(AMOUNTS, min_size=1, max_size=4),
        days=st.sampled_from([0, 0, 30]),
    )
    def create_batch(self, amounts, days):
        accounts = self.test.accounts
        batch = self.test._create_batch(
            {
                account: float(amount)
                for account, amount in zip(accounts, amounts, strict=False)
            },
            # Or dated ahead.
            date=TODAY + timedelta(days=days) if days else START,
        )
        self.paper[batch] = dict.fromkeys(batch.line_ids, "pending")
        return multiple(batch)

    @rule(number=st.integers(0, 3))
    def archive_or_unarchive(self, number):
        account = self.test.accounts[number]
        account.active = not account.active
        self.archived ^= {account}

    @rule(number=st.integers(0, 3))
    def change_parent(self, number):
        """Let an account belong to another one, or to itself again."""
        account = self.test.accounts[number]
        account.parent_id = not account.parent_id and self.test.accounts[9]

    @rule(batch=batches, again=st.booleans())
    def post(self, batch, again):
        for _ in range(1 + again):
            batch.action_post()
        if "pending" in self.paper[batch].values():
            self.expect_posting(batch, "pending")

    @rule(batch=batches, again=st.booleans())
    def retry(self, batch, again):
        for _ in range(1 + again):
            batch.action_retry()
        self.expect_posting(batch, "failed")

    def expect_posting(self, batch, state):
        """Write down what becomes of the lines in a state when they are posted."""
        for line, before in self.paper[batch].items():
            if before == state:
                is_good = line.amount > 0 and line.partner_id not in self.archived
                self.paper[batch][line] = "posted" if is_good else "failed"

    @rule(batch=batches)
    def reverse(self, batch):
        batch.action_reverse(date=max(batch.date, TODAY))
        for line, before in self.paper[batch].items():
            if before == "posted":
                self.paper[batch][line] = "reversed"

    @rule(batch=batches, again=st.booleans())
    def undo_reversal(self, batch, again):
        """Cancel one reversal, which an administrator may do; or post it again."""
        reversals = batch.line_ids.move_id.reversal_move_ids.filtered(
            lambda move: move.state == "posted"
        )[:1]
        for reversal in reversals:
            line = reversal.reversed_entry_id.line_ids.credit_line_ids
            reversal.button_draft()
            self.test.assertEqual(line.amount_open, line.amount)
            self.paper[batch][line] = "posted"
            if again:
                reversal.action_post()
                self.paper[batch][line] = "reversed"
            else:
                reversal.button_cancel()

    @rule(batch=batches, amount=AMOUNTS)
    def change_amounts(self, batch, amount):
        for line, state in self.paper[batch].items():
            try:
                with self.test.env.cr.savepoint():
                    line.amount = float(amount)
            except UserError:
                assert state in ("posted", "reversed")
            else:
                assert state in ("pending", "failed")

    @rule(batch=batches)
    def tamper(self, batch):
        moves = batch.line_ids.move_id
        for change in (moves.button_draft, moves.unlink, batch.line_ids.unlink):
            if not moves:
                continue
            try:
                with self.test.env.cr.savepoint():
                    change()
            except UserError:
                continue
            raise AssertionError(f"{change} should be refused")

    @rule(batch=consumes(batches))
    def delete(self, batch):
        is_draft = batch.state == "draft"
        try:
            with self.test.env.cr.savepoint():
                batch.unlink()
        except UserError:
            assert not is_draft
        else:
            assert is_draft
            del self.paper[batch]

    @invariant()
    def every_line_is_accounted_for(self):
        """Promises 3, 4 and 6, and the ledger, after each event."""
        for batch, lines in getattr(self, "paper", {}).items():
            self.test.assertLedgerSound(batch)
            self.test.assertEqual({line: line.state for line in batch.line_ids}, lines)
            for line in batch.line_ids:
                is_open = lines[line] == "posted"
                self.test.assertAlmostEqual(line.amount_open, is_open * line.amount)
                if line.move_id:
                    self.test.assertItems(
                        line.move_id,
                        [
                            (self.test.credit_account, line.amount, line.amount),
                            (self.test.receivable, -line.amount, -line.amount),
                        ],
                    )


@tagged("post_install", "-at_install")
class TestBatchProperties(AccountCreditCommon):
    def test_any_sequence_keeps_the_promises(self):
        machine = type("Machine", (BatchMachine,), {"test": self})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=12,
                stateful_step_count=EVENTS,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
