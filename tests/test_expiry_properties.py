"""What holds for credits that expire, whatever else becomes of them."""

from datetime import date, timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.account_credit_posting.models.proof.credit_checks import CREDIT_CHECKS
from odoo.addons.account_credit_posting.tests.common import AccountCreditCommon

START = date(2024, 3, 1)
AMOUNTS = st.decimals("0.01", "40", places=2).map(float)
NUMBERS = st.integers(0, 9)


class ExpiryMachine(RuleBasedStateMachine):
    """Give, pay, undo, expire, extend and reverse credits: in any order."""

    test = None

    @initialize()
    def start(self):
        """Take a savepoint, and stop the clock."""
        self.freezer = freeze_time(START)
        self.clock = self.freezer.start()
        self.today = START
        self.savepoint = self.test.env.cr.savepoint()
        self.savepoint.__enter__()
        self.lines = self.test.env["account.credit.line"]
        self.invoices = self.test.env["account.move"]

    def teardown(self):
        """Undo the sequence."""
        self.savepoint.close(rollback=True)
        self.test.env.invalidate_all()
        self.freezer.stop()

    def pick(self, records, number):
        """Return one of the records, or an empty set."""
        return records[number % len(records)] if records else records

    @rule(
        amounts=st.lists(AMOUNTS, min_size=1, max_size=2),
        days=st.one_of(st.none(), st.integers(0, 20)),
        form=st.sampled_from(["credit_note", "entry"]),
    )
    def give(self, amounts, days, form):
        """Post a batch, which may expire soon."""
        batch = self.test._create_batch(
            dict(zip(self.test.accounts[:2], amounts, strict=False)),
            date=self.today,
            document_form=form,
            expiry_date=days is not None and self.today + timedelta(days=days),
        )
        batch.action_post()
        self.lines += batch.line_ids

    @rule(account=st.integers(0, 1), amount=AMOUNTS)
    def invoice(self, account, amount):
        """Post an invoice, which credits pay."""
        self.invoices += self.test._create_invoice(
            self.test.accounts[account], amount, invoice_date=self.today
        )

    @rule(number=NUMBERS)
    def undo(self, number):
        """Undo what pays an invoice."""
        self.pick(self.invoices, number).unapply_account_credits()

    @rule(days=st.integers(1, 15))
    def pass_days(self, days):
        """Let the daily run come, some days later."""
        self.today += timedelta(days=days)
        self.clock.move_to(self.today)
        company = self.test.company
        expiries = self.test.env["account.credit.correction.expire"]
        due = self.lines.search(expiries._get_expired_domain(company))
        if due:
            expiries._expire(due, None)
        left = self.lines.filtered(
            lambda line: (
                line.state == "posted"
                and line.expiry_date
                and line.expiry_date < self.today
            )
        )
        assert not any(left.mapped("amount_open"))

    @rule(number=NUMBERS, days=st.integers(1, 20), is_batch=st.booleans())
    def extend(self, number, days, is_batch):
        """Extend a credit, or the batch that it is of."""
        line = self.pick(self.lines, number)
        last = max(
            filter(None, line.batch_id.line_ids.mapped("expiry_date")), default=0
        )
        if not last or line.state != "posted" or line.batch_id.state != "done":
            return
        until = max(last, self.today) + timedelta(days=days)
        if is_batch:
            line.batch_id.action_extend(until, "Illness")
        else:
            line.extend(until, "Illness")
        assert not line.expired_on

    @rule(number=NUMBERS, mode=st.sampled_from(["all", "unused"]))
    def reverse(self, number, mode):
        """Reverse a batch, as far as there is something to reverse."""
        batch = self.pick(self.lines, number).batch_id
        try:
            with self.test.env.cr.savepoint():
                batch.action_reverse(mode, self.today, "A mistake")
        except UserError as error:
            assert "are used" in str(error), error

    @invariant()
    def ledger_is_sound(self):
        """Nothing is below zero, and the ledger has what is open or used."""
        if not self.lines:
            return
        self.test.assertCommittable()
        for check in CREDIT_CHECKS:
            self.test.env.cr.execute(check.get_failed_query())
            assert self.test.env.cr.fetchall() == [], check.code
        left = 0
        for line in self.lines:
            assert 0 <= line.amount_open <= line.amount
            assert line.amount_applied + line.amount_open <= line.amount + 0.001
            left += line.amount_open + line.amount_applied
        items = self.test.env["account.move.line"].search(
            [
                ("account_id", "=", self.test.credit_account.id),
                ("parent_state", "=", "posted"),
                # Odoo may propose the account for the invoices of the customer, too.
                ("move_id", "not in", self.invoices.ids),
                ("company_id", "=", self.test.company.id),
            ]
        )
        self.test.assertAlmostEqual(
            sum(items.mapped("balance")), self.test.given_before + left
        )


@tagged("post_install", "-at_install")
class TestExpiryProperties(AccountCreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        items = cls.env["account.move.line"].search(
            [
                ("account_id", "=", cls.credit_account.id),
                ("parent_state", "=", "posted"),
                ("company_id", "=", cls.company.id),
            ]
        )
        cls.given_before = sum(items.mapped("balance"))

    def test_any_sequence_keeps_the_ledger_sound(self):
        machine = type("Machine", (ExpiryMachine,), {"test": self})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=15,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
