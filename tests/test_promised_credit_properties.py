"""Credits that are booked when used, after any sequence of events."""

from datetime import timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo import fields
from odoo.tests import tagged

from odoo.addons.account_credit_posting.tests.common_promise import PromisedCreditCommon

START = fields.Date.to_date("2024-03-15")
EVENTS = 12


class PromiseMachine(RuleBasedStateMachine):
    """Give, invoice, unapply, reverse, take back, expire, extend: in any order.

    The model is a sheet of paper: for each promise what was given and what was taken
    back, for each account what its invoices come to.
    """

    promises = Bundle("promises")
    test = None

    @initialize()
    def start(self):
        """Take a savepoint, so that the next sequence starts from nothing."""
        self.given = {}  # {line: amount}
        self.taken_back = {}  # {line: amount}
        self.today = START
        self.savepoint = self.test.env.cr.savepoint()
        self.savepoint.__enter__()

    def teardown(self):
        """Undo the sequence."""
        self.savepoint.close(rollback=True)
        self.test.env.invalidate_all()

    def is_past(self, line):
        return bool(line.expiry_date) and line.expiry_date < self.today

    def get_used(self, line):
        """Return what the ledger has of a promise: items that are not taken back."""
        items = line.draw_ids.filtered(lambda draw: draw.state == "posted").move_line_id
        return -sum(items.mapped("amount_currency"))

    @rule(
        target=promises,
        number=st.integers(0, 1),
        amount=st.integers(1, 40),
        days=st.sampled_from([None, 3, 10]),
        form=st.sampled_from(["credit_note", "entry"]),
    )
    def give(self, number, amount, days, form):
        with freeze_time(self.today):
            line = self.test._promise(
                amount / 4,
                self.test.accounts[number],
                date=self.today,
                document_form=form,
                expiry_date=days is not None and self.today + timedelta(days=days),
            )
        self.given[line] = amount / 4
        self.taken_back[line] = 0
        return line

    @rule(number=st.integers(0, 1), amount=st.integers(1, 40))
    def invoice(self, number, amount):
        account = self.test.accounts[number]
        usable = {
            line: line.amount_open
            for line in self.given
            if line.partner_id == account and not self.is_past(line)
        }
        with freeze_time(self.today):
            invoice = self.test._create_invoice(
                account, amount / 4, invoice_date=self.today
            )
        # No more than was there; earlier invoices come first.
        left = max(amount / 4 - sum(usable.values()), 0)
        self.test.assertGreaterEqual(round(invoice.amount_residual - left, 2), 0)

    @rule(number=st.integers(0, 9), how=st.sampled_from(["unapply", "reset", "cancel"]))
    def free(self, number, how):
        paid = self.find_applications().invoice_id.sorted("id")
        if not paid:
            return
        invoice = paid[number % len(paid)]
        with freeze_time(self.today):
            if how == "unapply":
                invoice.unapply_account_credits()
                return
            invoice.button_draft()
            if how == "cancel":
                invoice.button_cancel()

    @rule(number=st.integers(0, 9))
    def reverse_part(self, number):
        draws = self.find_applications().credit_line_id.sorted("id")
        if draws:
            with freeze_time(self.today):
                draws[number % len(draws)].action_reverse(date=self.today)

    @rule(line=promises, mode=st.sampled_from(["unused", "all"]))
    def take_back(self, line, mode):
        if line.state != "posted":
            return
        used = self.get_used(line)
        if mode == "unused" and self.given[line] == self.taken_back[line] + used:
            return
        with freeze_time(self.today):
            line.action_reverse(mode=mode, date=self.today)
        self.taken_back[line] = self.given[line] - (used if mode == "unused" else 0)

    @rule(days=st.integers(1, 6))
    def wait(self, days):
        self.today += timedelta(days=days)
        with freeze_time(self.today):
            self.test._run_cron("expire_credits")
            self.test._run_cron("apply_credits")

    @rule(line=promises, days=st.integers(0, 9))
    def extend(self, line, days):
        if line.state != "posted" or not line.expiry_date:
            return
        day = max(line.expiry_date + timedelta(days=1), self.today)
        with freeze_time(self.today):
            line.extend(day + timedelta(days=days), "Goodwill")

    def find_applications(self):
        return self.test.env["account.credit.application"].search(
            [
                ("credit_line_id.drawn_from_id", "in", [one.id for one in self.given]),
                ("state", "=", "applied"),
            ]
        )

    @invariant()
    def no_more_is_used_than_was_given(self):
        with freeze_time(getattr(self, "today", START)):
            self.test.env.invalidate_all()
            self.test.assertTiesOut()
            for line, given in getattr(self, "given", {}).items():
                used = self.get_used(line)
                left = given - self.taken_back[line] - used
                self.test.assertGreaterEqual(left, 0)
                self.test.assertEqual(line.amount, given)
                self.test.assertAlmostEqual(line.amount_applied, used)
                self.test.assertAlmostEqual(
                    line.amount_open, 0 if self.is_past(line) else left
                )
                is_gone = self.taken_back[line] == given
                self.test.assertEqual(line.state, "reversed" if is_gone else "posted")
                self.test.assertFalse(line.move_id)
            # The ledger has the used parts, and nothing else of the item.
            items = self.test.env["account.move.line"].search(
                [
                    ("account_id", "=", self.test.credit_account.id),
                    ("parent_state", "=", "posted"),
                    ("partner_id", "in", [*self.test.accounts[:2].ids, False]),
                ]
            )
            self.test.assertAlmostEqual(
                sum(items.mapped("balance")),
                sum(map(self.get_used, getattr(self, "given", ()))),
            )


@tagged("post_install", "-at_install")
class TestPromisedCreditProperties(PromisedCreditCommon):
    def test_any_sequence_keeps_the_promises(self):
        machine = type("Machine", (PromiseMachine,), {"test": self})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=8,
                stateful_step_count=EVENTS,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
