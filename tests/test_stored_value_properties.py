"""What holds for gift cards and prepayments after any sequence of events.

Against a plain Python model: for each record what a careful clerk has on paper.
"""

import random
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.account_credit_posting.models.report.liability_period import FLOWS
from odoo.addons.account_credit_posting.models.report.liability_rows import (
    LiabilityRows,
)
from odoo.addons.account_credit_posting.models.stored_value import stored_value_changes
from odoo.addons.account_credit_posting.models.unclaimed.account_unclaimed_due import (
    ACTIVITIES,
)
from odoo.addons.account_credit_posting.tests.test_account_stored_value import (
    StoredValueCommon,
)

START = date(2024, 3, 1)
TODAY = fields.Date.today()
#: What is dated ahead is there by then.
LAST = TODAY + timedelta(days=30)
NOW = (TODAY - START).days
#: How many sequences, and on how many days each is compared.
SEQUENCES, DAYS = 15, 20
AMOUNTS = st.decimals("0.01", "90", places=2).map(float)
NUMBERS = st.integers(0, 9)
ACCOUNTS = st.integers(0, 2)
PAST = st.integers(0, (LAST - START).days)


class StoredValueMachine(RuleBasedStateMachine):
    """Issue, sell, use, undo, correct, move, redeem, refund, block, expire, void.

    At once or dated ahead; accounts get a parent, and payments bounce. What nobody
    claims is handed to a state, paid to it or taken back; expected breakage is booked
    and reversed.
    """

    test = None
    #: What has happened in any sequence.
    seen = set()

    @initialize(days=st.lists(PAST, min_size=DAYS, max_size=DAYS))
    def start(self, days):
        """Take a savepoint, so that the next sequence starts from nothing."""
        self.days = days
        self.savepoint = self.test.env.cr.savepoint()
        self.savepoint.__enter__()
        self.paper = {}  # {record: [account, amount issued, what is left]}
        self.codes = {}  # {code: record}
        self.used = {}  # {invoice: {record: amount}}
        self.ahead = set()  # records that are there from a later day on
        self.sold = {}  # {invoice: its payment, or None}
        self.handed = {}  # {what is owed to a state: [record, amount, its payment]}
        self.estimates = []  # those posted, in order
        self.booked = []  # their entries, and the reversals of these

    def teardown(self):
        """Compare report and ledger on random days, then undo the sequence."""
        try:
            if hasattr(self, "paper"):
                self.compare_days()
        finally:
            self.savepoint.close(rollback=True)
            self.test.env.invalidate_all()

    def compare_days(self):
        """Let the closing of each random day be what the ledger says of it."""
        self.seen.update(self.paper_moves().mapped("stored_value_event"))
        report = self.open_report(START, START)
        for days in self.days:
            report.date_to = START + timedelta(days=days)
            # As the page, which keeps them.
            self.check_roll_forward(report, LiabilityRows(report).prepare())

    def paper_moves(self):
        """Return the entries of the records."""
        records = self.test.values.union(*self.paper)
        return records.move_line_ids.move_id

    def pick(self, number):
        """Return one of the records, as the administrator; None before the first."""
        records = list(self.paper)
        if not records:
            return None
        return records[number % len(records)].with_user(self.test.manager)

    def expect(self, is_possible, call):
        """Call it, and expect success or a sentence that says why not.

        :return: what the call returned; None where it was refused
        """
        try:
            with self.test.env.cr.savepoint():
                result = call()
        except UserError as error:
            assert not is_possible, error
            return None
        assert is_possible, f"{call} should be refused"
        return result or True

    def get_account(self, number):
        """Return whom a contact belongs to: itself, or its parent."""
        return self.test.accounts[number].commercial_partner_id

    def get_usable(self, record):
        """Return what can be taken of a record today."""
        return 0 if record in self.ahead else self.paper[record][2]

    @rule(
        account=ACCOUNTS,
        amount=AMOUNTS,
        kind=st.sampled_from(
            [
                ("gift_card", "payment"),
                ("gift_card", "promotion"),
                ("prepayment", "payment"),
                ("prepayment", "opening"),
            ]
        ),
        is_foreign=st.booleans(),
        days=st.integers(0, 20),
        is_ahead=st.sampled_from([False, False, True]),
    )
    def issue(self, account, amount, kind, is_foreign, days, is_ahead):  # noqa: PLR0913
        test = self.test
        day = (TODAY if is_ahead else START) + timedelta(days=days + 1)
        value_type, funding = kind
        details = {}
        if funding == "opening":
            details["opening_account_id"] = test.opening.id
        # Opening balances are for administrators.
        user = test.manager if funding == "opening" else test.clerk
        answer = test.values.with_user(user).issue(
            value_type,
            test.accounts[account].id,
            amount,
            funding,
            journal_id=test.bank.id,
            date=fields.Date.to_string(day),
            currency_id=test.currencies[is_foreign].id,
            **details,
        )
        value = test.values.browse(answer["id"])
        self.paper[value] = [self.get_account(account), amount, amount]
        if is_ahead:
            self.ahead.add(value)
        if answer["code"]:
            self.codes[answer["code"]] = value

    @rule(account=ACCOUNTS, amount=AMOUNTS, quantity=st.integers(1, 2))
    def sell(self, account, amount, quantity):
        test = self.test
        line = {
            "product_id": test.product.id,
            "quantity": quantity,
            "price_unit": amount,
        }
        invoice = test.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": test.accounts[account].id,
                "invoice_date": START,
                "invoice_line_ids": [Command.create(line)],
            }
        )
        invoice.action_post()
        self.sold[invoice] = None
        for value in invoice.sold_value_ids:
            self.paper[value] = [self.get_account(account), amount, amount]

    @rule(number=NUMBERS)
    def pay_or_bounce(self, number):
        """Pay an invoice that sold cards, or let its payment bounce."""
        if not self.sold:
            return
        invoice = list(self.sold)[number % len(self.sold)]
        if self.sold[invoice]:
            self.sold[invoice].action_cancel()
            self.sold[invoice] = None
        elif invoice.payment_state == "not_paid":
            wizards = self.test.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            )
            wizard = wizards.create({"payment_date": START})
            self.sold[invoice] = wizard._create_payments()

    @rule(number=NUMBERS, shares=st.lists(st.integers(1, 100), min_size=1, max_size=2))
    def take_back(self, number, shares):
        """Take back parts of a sold card by credit notes that are posted together."""
        if not self.sold:
            return
        invoice = list(self.sold)[number % len(self.sold)]
        value = invoice.sold_value_ids[0]
        _account, issued, left = self.paper[value]
        amounts = [max(round(issued * share / 100, 2), 0.01) for share in shares]

        def post():
            notes = self.test.env["account.move"]
            for amount in amounts:
                note = invoice._reverse_moves([{"invoice_date": TODAY, "date": TODAY}])
                own = note.invoice_line_ids.filtered(
                    lambda item: item.stored_value_id == value
                )
                (note.invoice_line_ids - own).unlink()
                change = Command.update(own.id, {"price_unit": amount})
                note.write({"invoice_line_ids": [change]})
                notes += note
            notes.action_post()
            return notes

        if self.expect(round(sum(amounts), 2) <= left, post):
            self.take(value, sum(amounts))

    @rule(number=ACCOUNTS)
    def change_parent(self, number):
        """Let an account, and what it has, go to another one; or leave it again."""
        account = self.test.accounts[number]
        parent = self.test.accounts[5]
        if account.parent_id:
            account.parent_id = False
            return
        account.parent_id = parent
        for paper in self.paper.values():
            if paper[0] == account:
                paper[0] = parent

    @rule(number=NUMBERS, amount=AMOUNTS, days=st.integers(0, 20))
    def use(self, number, amount, days):
        value = self.pick(number)
        if not value:
            return
        record = value.sudo(False).with_env(self.test.env)
        invoice = self.test._create_invoice(
            self.paper[record][0],
            amount,
            currency_id=value.currency_id.id,
            invoice_date=START + timedelta(days=days),
        )
        paid = self.expect(
            value.state == "active" and self.get_usable(record) > 0,
            lambda: value.apply_to_invoice(invoice.id),
        )
        if paid:
            assert paid == min(amount, self.get_usable(record))
            self.take(record, paid)
            self.used[invoice] = {record: paid}

    @rule(number=NUMBERS, how=st.sampled_from(["cancel", "unapply", "reverse"]))
    def undo_use(self, number, how):
        if not self.used:
            return
        invoice = list(self.used)[number % len(self.used)]
        if how == "cancel":
            invoice.button_cancel()
        elif how == "unapply":
            invoice.with_user(self.test.clerk).unapply_account_credits()
        else:
            invoice._reverse_moves(
                [{"date": START, "invoice_date": START}], cancel=True
            )
        for record, amount in self.used.pop(invoice).items():
            self.take(record, -amount)

    @rule(number=NUMBERS, amount=AMOUNTS)
    def adjust(self, number, amount):
        value = self.pick(number)
        if not value:
            return
        record = value.with_env(self.test.env)
        _account, issued, left = self.paper[record]
        done = self.expect(
            value.state in ("active", "used", "blocked")
            and round(left + amount - issued, 2) >= 0,
            lambda: value.adjust(amount, "Typing error"),
        )
        if done:
            self.paper[record][1] = amount
            self.take(record, issued - amount)

    @rule(number=NUMBERS, account=ACCOUNTS, amount=AMOUNTS)
    def move(self, number, account, amount):
        value = self.pick(number)
        if not value:
            return
        record = value.with_env(self.test.env)
        target = self.get_account(account)
        new_id = self.expect(
            value.state == "active"
            and amount <= self.get_usable(record)
            and target != self.paper[record][0],
            lambda: value.move_to(target.id, amount),
        )
        if new_id:
            self.take(record, amount)
            self.paper[self.test.values.browse(new_id)] = [target, amount, amount]

    @rule(number=NUMBERS, account=ACCOUNTS)
    def redeem(self, number, account):
        if not self.codes:
            return
        code = list(self.codes)[number % len(self.codes)]
        record = self.codes[code]
        target = self.get_account(account)
        answer = self.expect(
            record.state == "active"
            and self.get_usable(record) > 0
            and target != self.paper[record][0],
            lambda: self.test.values.with_user(self.test.clerk).redeem(code, target.id),
        )
        if answer:
            left = self.paper[record][2]
            assert answer["balance"] == left
            self.take(record, left)
            new = self.test.values.browse(answer["id"])
            self.paper[new] = [target, left, left]
            # Never twice.
            del self.codes[code]
            self.expect(
                False,
                lambda: self.test.values.with_user(self.test.clerk).redeem(
                    code, self.test.accounts[9].id
                ),
            )

    @rule(number=NUMBERS, amount=AMOUNTS)
    def refund(self, number, amount):
        value = self.pick(number)
        if not value:
            return
        record = value.with_env(self.test.env)
        done = self.expect(
            value.state == "active"
            and value.funding != "promotion"
            and amount <= self.get_usable(record),
            lambda: value.refund(amount, self.test.bank.id),
        )
        if done:
            self.take(record, amount)

    @rule(number=NUMBERS)
    def block_or_unblock(self, number):
        value = self.pick(number)
        if value and value.state == "active":
            value.action_block("Lost")
        elif value and value.state == "blocked":
            self.expect(not value.awaits_payment, value.action_unblock)

    @rule(number=NUMBERS)
    def expire(self, number):
        value = self.pick(number)
        if not value:
            return
        record = value.with_env(self.test.env)
        done = self.expect(
            value.state in ("active", "blocked")
            and value.funding == "promotion"
            and record not in self.ahead,
            lambda: stored_value_changes.expire(record, START + timedelta(days=60)),
        )
        if done:
            self.paper[record][2] = 0

    @rule(number=NUMBERS)
    def void(self, number):
        value = self.pick(number)
        if not value:
            return
        record = value.with_env(self.test.env)
        is_untouched = len(record.move_line_ids) == 1 and not (
            record.origin_id or record.invoice_id
        )
        done = self.expect(
            value.state in ("active", "blocked")
            and (value.funding == "promotion" or is_untouched),
            lambda: value.action_void("Mistake"),
        )
        if done:
            self.paper[record][2] = 0

    def get_due_date(self, record):
        """Return when a year without activity of its owner is over."""
        return max(
            item.date
            for item in record.move_line_ids
            if item.parent_state == "posted"
            and item.move_id.stored_value_event in ACTIVITIES
        ) + relativedelta(years=1)

    @rule(number=NUMBERS)
    def hand(self, number):
        """Hand what is left to the state of the owner."""
        value = self.pick(number)
        if not value:
            return
        record = value.with_env(self.test.env)
        row = self.test.env["account.unclaimed.due"].browse(record.id)
        action = self.expect(
            value.state in ("active", "blocked")
            and not value.awaits_payment
            and value.funding != "promotion"
            and self.paper[record][2] > 0
            and self.get_due_date(record) <= TODAY,
            row.with_user(self.test.manager).action_hand,
        )
        if action:
            owed = self.test.env["account.unclaimed.property"].search(action["domain"])
            assert owed.amount == self.paper[record][2]
            self.handed[owed] = [record, owed.amount, None]
            self.paper[record][2] = 0

    @rule(number=NUMBERS)
    def pay_to_state(self, number):
        """Pay the state, or reset that payment."""
        if not self.handed:
            return
        owed = list(self.handed)[number % len(self.handed)]
        handed = self.handed[owed]
        if handed[2]:
            handed[2].action_draft()
            handed[2].action_cancel()
            handed[2] = None
        else:
            rows = owed.with_user(self.test.manager)
            handed[2] = rows._remit(self.test.accounts[9], self.test.bank, TODAY)
            self.seen.add("paid to the state")

    @rule(number=NUMBERS)
    def take_back_of_state(self, number):
        """Owe it to its owner again."""
        if not self.handed:
            return
        owed = list(self.handed)[number % len(self.handed)]
        record, amount, payment = self.handed[owed]
        rows = owed.with_user(self.test.manager)
        if self.expect(not payment, rows.action_take_back):
            self.take(record, -amount)
            del self.handed[owed]
            self.seen.add("taken back of the state")

    @rule(
        days=PAST,
        kind=st.sampled_from(["sold", "prepayment"]),
        share=st.integers(1, 60),
        state_share=st.integers(0, 30),
    )
    def estimate(self, days, kind, share, state_share):
        """Book what is expected to stay unused of those issued in 2024."""
        day = START + timedelta(days=days)
        estimate = self.test.env["account.breakage.estimate"].create(
            {
                "kind": kind,
                "issue_date": START,
                "date": day,
                "unused_share": share,
                "state_share": state_share,
            }
        )
        is_last = all(
            other.kind != kind or other.date <= day for other in self.estimates
        )
        rows = estimate.with_user(self.test.keeper)
        self.expect(is_last, rows.action_post)
        if not is_last:
            estimate.unlink()
            return
        self.estimates.append(estimate)
        if estimate.move_id:
            self.booked.append(estimate.move_id)
            self.seen.add("breakage expected")

    @rule(number=NUMBERS, days=PAST)
    def reverse_estimate(self, number, days):
        """Reverse an entry of expected breakage, or its reversal."""
        if not self.booked:
            return
        move = self.booked[number % len(self.booked)].with_user(self.test.keeper)
        if move.reversal_move_ids:
            return
        day = START + timedelta(days=days)
        self.booked.append(move._reverse_moves([{"date": day}], cancel=True))
        self.seen.add("estimate reversed")

    def take(self, record, amount):
        """Take an amount from what is left on paper."""
        self.paper[record][2] = round(self.paper[record][2] - amount, 2)

    @rule(
        before=st.integers(1, 1000),
        length=st.integers(0, 1000),
        in_currency=st.booleans(),
        grouping=st.sampled_from([False, "issue_date:month", "product_id"]),
    )
    def roll_forward(self, before, length, in_currency, grouping):
        """The report of any period goes on where the one before it ends."""
        first = START + timedelta(days=before)
        options = {"in_currency": in_currency, "grouping": grouping}
        report = self.open_report(first, first + timedelta(days=length), **options)
        previous = self.open_report(START, first - timedelta(days=1), **options)
        rows = report.line_ids.sudo().read(load=None)
        self.check_roll_forward(report, rows)
        assert self.get_figures(rows, "opening") == self.get_figures(
            previous.line_ids.sudo().read(load=None), "closing"
        )

    def open_report(self, first, last, **options):
        """Return the report of a period, as read-only accounting."""
        reports = self.test.env["account.liability.report"]
        report = reports.with_user(self.test.accountant).create(
            {"date_from": first, "date_to": last, **options}
        )
        report.action_show()
        return report

    def check_roll_forward(self, report, rows):
        """Compare a report with the items of the records, summed up in Python.

        :param rows: the values of its lines
        """
        name = "amount_currency" if report.in_currency else "balance"
        held = {}  # {(liability account, currency): amount}
        for record in self.paper:
            key = (record.liability_account_id.id, record.currency_id.id)
            items = record.move_line_ids.filtered(
                lambda item: (
                    item.parent_state == "posted" and item.date <= report.date_to
                )
            )
            held[key] = held.get(key, 0) - sum(items.mapped(name))
        contra = self.test.company.breakage_contra_account_id
        key = (contra.id, self.test.company.currency_id.id)
        held[key] = -sum(
            item.balance
            for move in self.booked
            for item in move.line_ids
            if item.account_id == contra and item.date <= report.date_to
        )
        assert self.get_figures(rows, "closing") == {
            key: amount for key, total in held.items() if (amount := round(total, 2))
        }
        for row in rows:
            assert row["level"] == "part" or row["difference"] == 0
            if row["level"] != "total" and row["ledger_account_id"] != contra.id:
                assert 0 <= row["revenue_from_opening"] <= row["opening"]
        if report.grouping:
            for name in ("opening", *FLOWS, "closing"):
                parts, accounts = (
                    sum(row[name] for row in rows if row["level"] == level)
                    for level in ("part", "account")
                )
                assert round(parts - accounts, 2) == 0

    def get_figures(self, rows, name):
        """Return a figure of each account: ``{(account, currency): amount}``."""
        return {
            (row["ledger_account_id"], row["currency_id"]): row[name]
            for row in rows
            if row["level"] == "account" and row[name]
        }

    @invariant()
    def ledger_is_the_paper(self):
        """Promises 1, 2 and 5, after each event, today and on each other day."""
        if not hasattr(self, "paper"):
            return
        self.test.assertTiesOut()
        for record, (account, issued, left) in self.paper.items():
            record.invalidate_recordset()
            self.test.assertEqual(
                (record.partner_id, record.initial_amount, record.balance),
                (account, issued, left),
                record.name,
            )
            self.test.assertFalse(record.state == "active" and not left)
            if record.state == "active" and record.invoice_id:
                assert record.invoice_id.payment_state in ("paid", "in_payment")
            if not left:
                # Nothing is left in company currency either.
                self.test.assertAlmostEqual(
                    sum(record.move_line_ids.mapped("balance")), 0
                )
        for owed, (_record, _amount, payment) in self.handed.items():
            assert owed.state == ("remitted" if payment else "handed")
        for invoice, uses in self.used.items():
            self.test.assertAlmostEqual(
                invoice.account_credit_amount, sum(uses.values())
            )
            assert invoice.amount_residual >= 0


def _issue(account, amount, *kind, is_foreign=False, is_ahead=False):
    arguments = {"account": account, "amount": amount, "kind": kind, "days": 1}
    return "issue", {**arguments, "is_foreign": is_foreign, "is_ahead": is_ahead}


#: Each event at least once, by the rules of the machine.
STORY = (
    _issue(0, 100.0, "gift_card", "payment"),  # 0
    _issue(0, 50.0, "gift_card", "promotion"),  # 1
    _issue(1, 60.0, "prepayment", "opening"),  # 2
    _issue(1, 40.0, "gift_card", "payment", is_foreign=True),  # 3
    _issue(2, 30.0, "gift_card", "payment", is_ahead=True),  # 4
    ("sell", {"account": 0, "amount": 80.0, "quantity": 1}),  # 5
    ("pay_or_bounce", {"number": 0}),
    ("use", {"number": 0, "amount": 30.0, "days": 10}),
    ("use", {"number": 0, "amount": 20.0, "days": 11}),
    ("undo_use", {"number": 1, "how": "unapply"}),
    ("use", {"number": 3, "amount": 10.0, "days": 12}),
    ("use", {"number": 2, "amount": 5.0, "days": 13}),
    ("undo_use", {"number": 2, "how": "reverse"}),
    ("adjust", {"number": 2, "amount": 70.0}),
    ("adjust", {"number": 2, "amount": 65.0}),
    ("take_back", {"number": 0, "shares": [10, 5]}),
    ("estimate", {"days": NOW, "kind": "sold", "share": 10, "state_share": 5}),
    ("estimate", {"days": NOW + 5, "kind": "sold", "share": 15, "state_share": 5}),
    ("reverse_estimate", {"number": 0, "days": NOW + 10}),
    ("expire", {"number": 1}),
    ("hand", {"number": 0}),  # Its owner has used it today.
    ("hand", {"number": 5}),
    ("pay_to_state", {"number": 0}),
    ("take_back_of_state", {"number": 0}),
    ("pay_to_state", {"number": 0}),
    ("pay_or_bounce", {"number": 0}),
    ("take_back_of_state", {"number": 0}),
    ("pay_or_bounce", {"number": 0}),
    ("hand", {"number": 5}),
    ("pay_to_state", {"number": 0}),
    ("redeem", {"number": 2, "account": 0}),  # 6
    ("move", {"number": 2, "account": 2, "amount": 5.0}),  # 7
    ("refund", {"number": 7, "amount": 2.0}),
    _issue(0, 12.0, "gift_card", "payment"),  # 8
    ("void", {"number": 8}),
    ("change_parent", {"number": 1}),
    ("estimate", {"days": NOW, "kind": "prepayment", "share": 5, "state_share": 0}),
)


@tagged("post_install", "-at_install")
class TestStoredValueProperties(StoredValueCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        euro = cls.setup_other_currency(
            "EUR", rates=[("2024-01-01", 0.83), ("2024-03-10", 0.97)]
        )
        cls.currencies = [cls.company.currency_id, euro]
        cls.product = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True}
        )
        # Where an account has no address, the law of the company's state counts.
        cls.company.partner_id.state_id = cls._owe_to_a_state()
        cls.keeper = cls._create_user("keeper", "account.group_account_user")

    def test_any_sequence_keeps_the_promises(self):
        machine = type("Machine", (StoredValueMachine,), {"test": self, "seen": set()})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                # A sequence takes seconds: a failing one is shown as it was found.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )

    def test_all_events_tie_out_on_a_thousand_days(self):
        """One sequence in which all happens, on 1,000 random days of its 33 months."""
        machine = type("Machine", (StoredValueMachine,), {"test": self, "seen": set()})
        days = random.Random(18)  # The same in each run.
        one = machine()
        one.start(days=[days.randint(0, (LAST - START).days) for _day in range(1000)])
        try:
            for name, arguments in STORY:
                getattr(one, name)(**arguments)
                one.ledger_is_the_paper()
        finally:
            one.teardown()
        events = self.env["account.move"]._fields["stored_value_event"].selection
        self.assertEqual(
            machine.seen - {False},
            {
                *(event for event, _label in events),
                "paid to the state",
                "taken back of the state",
                "breakage expected",
                "estimate reversed",
            },
        )
