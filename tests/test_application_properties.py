"""What holds for credits and invoices after any sequence of events."""

from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo import fields
from odoo.tests import tagged

from odoo.addons.account_credit_posting.tests.common import AccountCreditCommon
from odoo.addons.account_credit_posting.tests.test_account_post_transaction_preview import (  # noqa: E501
    PreviewMixin,
)
from odoo.addons.account_credit_posting.tools.applying import (
    OpenItem,
    plan_applications,
)

START = date(2024, 3, 1)
TODAY = fields.Date.today()
AMOUNTS = st.decimals("0.01", "40", places=2).map(float)
NUMBERS = st.integers(0, 9)


class Cents:
    """A currency with two decimals, as the plan needs it."""

    def round(self, amount):
        return round(amount, 2)

    def compare_amounts(self, first, second):
        difference = round(first - second, 2)
        return (difference > 0) - (difference < 0)


CURRENCIES = [Cents(), Cents()]


@st.composite
def open_items(draw, kind):
    """Draw open items of two accounts, two ledgers and two currencies."""
    return [
        OpenItem(
            move=(kind, number),
            line=number,
            account=draw(st.integers(0, 1)),
            ledger=draw(st.sampled_from(["students", "students", "others"])),
            currency=draw(st.sampled_from(CURRENCIES)),
            residual=draw(AMOUNTS),
            order=(draw(st.integers(0, 5)), number),
            is_payable=draw(st.booleans()),
            named_invoice=draw(
                st.one_of(st.none(), st.tuples(st.just("term"), NUMBERS))
            )
            if kind == "credit"
            else None,
            date=draw(st.integers(0, 3)),
            usable_from=draw(st.sampled_from([None, None, 1, 3])),
        )
        for number in range(draw(st.integers(0, 7)))
    ]


@settings(deadline=None, derandomize=True, database=None, max_examples=300)
@given(
    credits=open_items("credit"),
    terms=open_items("term"),
    kept_apart=st.sets(
        st.tuples(
            st.tuples(st.just("credit"), NUMBERS), st.tuples(st.just("term"), NUMBERS)
        )
    ),
)
def test_plan_keeps_its_rules(credits, terms, kept_apart):
    """Nothing is overpaid or lost, the order holds, and nothing is left undone."""
    before = {item: item.residual for item in (*credits, *terms)}
    applications, _blocked = plan_applications(credits, terms, kept_apart)
    paid = dict.fromkeys(before, 0)
    for application in applications:
        credit, term, amount, _rule = application
        assert amount > 0
        assert (credit.account, credit.ledger) == (term.account, term.ledger)
        assert credit.currency is term.currency
        assert (credit.move, term.move) not in kept_apart
        assert term.is_payable or credit.named_invoice == term.move
        assert credit.is_there_for(term.date)
        paid[credit] += amount
        paid[term] += amount
    for item, residual in before.items():
        assert item.residual >= 0
        assert round(paid[item] + item.residual - residual, 2) == 0
    for credit in credits:
        for term in terms:
            can_meet = (
                (credit.account, credit.ledger, credit.currency)
                == (term.account, term.ledger, term.currency)
                and (credit.move, term.move) not in kept_apart
                and credit.is_there_for(term.date)
                and (term.is_payable or credit.named_invoice == term.move)
            )
            # What can meet and is open on both sides would have met.
            assert not (can_meet and credit.is_open and term.is_open)
    by_due_date = [item for item in applications if item.rule == "due_date"]
    for position, application in enumerate(by_due_date):
        for later in by_due_date[position + 1 :]:
            if later.credit is application.credit:
                assert later.term.order > application.term.order


class ApplicationMachine(RuleBasedStateMachine):
    """Invoices, credits, payments, cancellations, unapplications: in any order.

    At once or dated ahead; and accounts get a parent, payments bounce, and reversals
    are undone.
    """

    test = None

    @initialize()
    def start(self):
        """Take a savepoint, so that the next sequence starts from nothing."""
        self.savepoint = self.test.env.cr.savepoint()
        self.savepoint.__enter__()
        self.invoices = self.test.env["account.move"]
        self.lines = self.test.env["account.credit.line"]
        self.payments = self.test.env["account.payment"]

    def teardown(self):
        """Undo the sequence."""
        self.savepoint.close(rollback=True)
        self.test.env.invalidate_all()

    def get_account(self, number):
        """Return whom a contact belongs to: itself, or its parent."""
        return self.test.accounts[number].commercial_partner_id

    @rule(
        account=st.integers(0, 1),
        is_foreign=st.booleans(),
        amounts=st.lists(AMOUNTS, min_size=1, max_size=2),
        due=st.integers(0, 60),
        day=st.integers(0, 20),
        is_ahead=st.sampled_from([False, False, True]),
    )
    def post_invoices(self, account, is_foreign, amounts, due, day, is_ahead):  # noqa: PLR0913
        """Post one invoice, or two together."""
        date = (TODAY if is_ahead else START) + timedelta(days=day)
        account = self.get_account(account)
        drafts = self.test.env["account.move"].create(
            [
                {
                    **self.test._prepare_invoice_vals(account, amount),
                    "currency_id": self.test.currencies[is_foreign].id,
                    "invoice_date": date,
                    "invoice_date_due": date + timedelta(days=due),
                }
                for amount in amounts
            ]
        )
        drafts._post(soft=False)
        self.invoices += drafts
        self.expect_nothing_to_apply(account)

    @rule(number=st.integers(0, 1))
    def change_parent(self, number):
        """Let an account, and what it has, go to another one; or leave it again."""
        account = self.test.accounts[number]
        account.parent_id = not account.parent_id and self.test.accounts[5]

    @rule(number=NUMBERS)
    def bounce(self, number):
        paid = self.payments.filtered(lambda payment: payment.state != "canceled")
        if paid:
            paid[number % len(paid)].action_cancel()

    @rule(number=NUMBERS)
    def undo_reversal(self, number):
        reversals = self.lines.move_id.reversal_move_ids.filtered(
            lambda move: move.state == "posted"
        )
        if reversals:
            reversal = reversals[number % len(reversals)]
            line = reversal.reversed_entry_id.credit_line_id
            reversal.button_cancel()
            assert line.state == "posted"

    @rule(
        account=st.integers(0, 1),
        is_foreign=st.booleans(),
        amount=AMOUNTS,
        day=st.integers(0, 20),
        is_ahead=st.sampled_from([False, False, True]),
    )
    def post_credit(self, account, is_foreign, amount, day, is_ahead):  # noqa: PLR0913
        account = self.get_account(account)
        before = self.invoices.credit_application_ids
        date = (TODAY if is_ahead else START) + timedelta(days=day)
        transaction = self.test._create_transaction({account: amount}, date=date)
        transaction.line_ids.currency_id = self.test.currencies[is_foreign]
        # The preview equals the result.
        self.test.assertPreviewHolds(transaction)
        line = transaction.batch_id.line_ids
        self.lines += line
        self.expect_nothing_to_apply(account)
        self.expect_order(self.invoices.credit_application_ids - before)

    @rule(number=NUMBERS, share=st.sampled_from([0.3, 1]))
    def pay(self, number, share):
        open_invoices = self.invoices.filtered(
            lambda invoice: invoice.state == "posted" and invoice.amount_residual
        )
        if open_invoices:
            invoice = open_invoices[number % len(open_invoices)]
            amount = invoice.currency_id.round(invoice.amount_residual * share)
            if amount:
                self.payments += (
                    self.test.env["account.payment.register"]
                    .with_context(active_model="account.move", active_ids=invoice.ids)
                    .create({"amount": amount, "payment_date": START})
                    ._create_payments()
                )

    @rule(number=NUMBERS, how=st.sampled_from(["draft", "again", "cancel", "reverse"]))
    def undo_invoice(self, number, how):
        posted = self.invoices.filtered(lambda invoice: invoice.state == "posted")
        if not posted:
            return
        invoice = posted[number % len(posted)]
        if how == "reverse":
            if not invoice.reversal_move_ids:
                refund = invoice._reverse_moves(
                    [{"invoice_date": START, "date": START}], cancel=True
                )
                assert refund.state == "posted"
                assert not invoice.amount_residual
        elif how == "cancel":
            if not invoice.reversal_move_ids:
                invoice.button_cancel()
        elif not invoice.reversal_move_ids:
            invoice.button_draft()
            assert not invoice.account_credit_amount
            if how == "again":
                invoice.action_post()

    @rule(number=NUMBERS)
    def unapply(self, number):
        applied = self.invoices.credit_application_ids.filtered("partial_id")
        if applied:
            application = applied[number % len(applied)]
            application.action_unapply()
            assert application.is_pinned
            assert application.state == "unapplied"

    @rule(number=NUMBERS)
    def unpin(self, number):
        pinned = self.invoices.credit_application_ids.filtered("is_pinned")
        if pinned:
            pinned[number % len(pinned)].action_unpin()

    @rule(number=NUMBERS)
    def apply_now(self, number):
        if self.invoices:
            self.invoices[number % len(self.invoices)].apply_account_credits()

    @rule(number=NUMBERS)
    def reverse_credit(self, number):
        posted = self.lines.filtered(lambda line: line.state == "posted")
        if posted:
            line = posted[number % len(posted)]
            line.batch_id.action_reverse(date=max(line.date, TODAY))

    def get_open_pairs(self, account):
        """Return open credits and invoices that nothing keeps apart."""
        kept_apart = {
            (item.credit_move_id, item.invoice_id)
            for item in self.invoices.credit_application_ids
            if item.is_pinned and item.state == "unapplied"
        }
        return [
            (line.move_id, invoice)
            for line in self.lines
            if line.state == "posted" and line.partner_id == account
            for invoice in self.invoices
            if invoice.state == "posted"
            and invoice.commercial_partner_id == account
            and invoice.currency_id == line.currency_id
            and line.date <= max(TODAY, invoice.date)
            and line.move_id.amount_residual
            and invoice.amount_residual
            and (line.move_id, invoice) not in kept_apart
        ]

    def expect_nothing_to_apply(self, account):
        """After posting, the rule has nothing left to do on the account."""
        assert not self.get_open_pairs(account)

    def expect_order(self, applications):
        """What was just paid was due before what is still open."""
        for application in applications.filtered("partial_id"):
            paid = application.invoice_id
            for line_move, invoice in self.get_open_pairs(application.partner_id):
                assert (
                    line_move != application.credit_move_id
                    or invoice.invoice_date_due >= paid.invoice_date_due
                )

    @invariant()
    def ledger_is_sound(self):
        if not hasattr(self, "invoices"):
            return
        self.test.env.flush_all()
        receivable = self.test.env["account.move.line"].search(
            [
                ("account_id", "=", self.test.receivable.id),
                ("partner_id", "in", self.test.accounts.ids),
                # Odoo keeps payments on an invoice that is reset to draft.
                ("parent_state", "!=", "cancel"),
            ]
        )
        # Applying changes no sum of what is open.
        for items in receivable.grouped("partner_id").values():
            self.test.assertAlmostEqual(
                sum(items.mapped("amount_residual")), sum(items.mapped("balance"))
            )
            for of_currency in items.grouped("currency_id").values():
                self.test.assertAlmostEqual(
                    sum(of_currency.mapped("amount_residual_currency")),
                    sum(of_currency.mapped("amount_currency")),
                )
        # Nothing is overpaid, and the ledger says what the applications say.
        for move in (*self.invoices, *self.lines.move_id):
            if move.state != "posted":
                continue
            assert 0 <= move.amount_residual <= move.amount_total, move.name
            applied = (
                move.credit_application_ids | move.used_application_ids
            ).filtered(lambda item: item.state == "applied")
            for application in applied:
                self.test.assertEqual(
                    application.amount, application.partial_id.debit_amount_currency
                )
                # On each day on which it pays, the credit is there.
                paid = application.invoice_id.date
                assert application.credit_move_id.date <= max(TODAY, paid)
            self.test.assertAlmostEqual(
                move.account_credit_amount,
                sum((applied & move.credit_application_ids).mapped("amount")),
            )


@tagged("post_install", "-at_install")
class TestApplicationProperties(PreviewMixin, AccountCreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        euro = cls.env.ref("base.EUR")
        euro.active = True
        cls.currencies = [cls.company.currency_id, euro]
        cls.env["res.currency.rate"].search([("currency_id", "=", euro.id)]).unlink()
        cls.env["res.currency.rate"].create(
            [
                {
                    "name": fields.Date.to_string(START + timedelta(days=days)),
                    "currency_id": euro.id,
                    "company_id": cls.company.id,
                    "rate": rate,
                }
                for days, rate in ((0, 0.8), (7, 0.93), (14, 1.17))
            ]
        )

    def test_any_sequence_keeps_the_ledger_sound(self):
        machine = type("Machine", (ApplicationMachine,), {"test": self})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=20,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                # A sequence takes seconds: a failing one is shown as it was found.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
