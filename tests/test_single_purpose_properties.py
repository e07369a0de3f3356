"""What holds for single-purpose vouchers after any sequence of events.

Net and tax are never below zero, are together what is left on paper, and the tax report
has the tax of each voucher once.
"""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo.tests import tagged

from odoo.addons.account_credit_posting.models.stored_value import stored_value_expiry
from odoo.addons.account_credit_posting.tests.common_single_purpose import (
    SinglePurposeCommon,
)

SEQUENCES = 12
AMOUNTS = st.decimals("0.01", "90", places=2).map(float)
RATES = st.sampled_from([1, 5.5, 7, 19, 21, 99])
NUMBERS = st.integers(0, 9)


class SinglePurposeMachine(RuleBasedStateMachine):
    """Sell, use, undo, refund, lower, move, expire and void single-purpose vouchers."""

    test = None

    @initialize(rate=RATES)
    def start(self, rate):
        """Take a savepoint, so that the next sequence starts from nothing."""
        self.savepoint = self.test.env.cr.savepoint()
        self.savepoint.__enter__()
        self.test.tax.amount = rate
        self.paper = {}  # {voucher: what is left}
        self.kept = {}  # {voucher: what is owed to the state for ever}
        self.used = []  # [(invoice, voucher, amount)]

    def teardown(self):
        """Let the ledger be proven, then undo the sequence."""
        try:
            if hasattr(self, "paper"):
                self.test.assertTiesOut()
        finally:
            self.savepoint.close(rollback=True)
            self.test.env.invalidate_all()

    def pick(self, number, amount=0):
        """Return a voucher with so much left, and what can be taken of it."""
        usable = [voucher for voucher, left in self.paper.items() if left > 0]
        if not usable:
            return None, 0
        voucher = usable[number % len(usable)]
        return voucher, min(amount, self.paper[voucher])

    def take(self, voucher, amount):
        """Note on paper what was taken of a voucher, or given back."""
        self.paper[voucher] = round(self.paper[voucher] - amount, 2)

    @rule(amount=AMOUNTS, is_foreign=st.booleans())
    def sell(self, amount, is_foreign):
        """Sell one for money."""
        currency = self.test.foreign if is_foreign else self.test.company.currency_id
        voucher = self.test._sell_voucher(amount, currency_id=currency.id)
        self.paper[voucher] = amount

    @rule(number=NUMBERS, amount=AMOUNTS)
    def use(self, number, amount):
        """Let one pay an invoice."""
        voucher, amount = self.pick(number, amount)
        if voucher:
            invoice = self.test._create_invoice(
                voucher.partner_id, amount, currency_id=voucher.currency_id.id
            )
            voucher.apply_to_invoice(invoice.id)
            self.take(voucher, amount)
            self.used.append((invoice, voucher, amount))

    @rule(number=NUMBERS)
    def undo(self, number):
        """Undo a use."""
        if self.used:
            invoice, voucher, amount = self.used.pop(number % len(self.used))
            if voucher.state != "expired":
                invoice.unapply_account_credits()
                self.take(voucher, -amount)

    @rule(number=NUMBERS, amount=AMOUNTS)
    def refund(self, number, amount):
        """Pay a part of the price back."""
        voucher, amount = self.pick(number, amount)
        if voucher:
            voucher.refund(amount, self.test.bank.id)
            self.take(voucher, amount)

    @rule(number=NUMBERS, amount=AMOUNTS)
    def lower(self, number, amount):
        """Lower what one was sold for."""
        voucher, amount = self.pick(number, amount)
        if voucher and amount < voucher.initial_amount:
            voucher.adjust(
                voucher.currency_id.round(voucher.initial_amount - amount), "A typo"
            )
            self.take(voucher, amount)

    @rule(number=NUMBERS, amount=AMOUNTS)
    def move(self, number, amount):
        """Move a part to another account."""
        voucher, amount = self.pick(number, amount)
        if voucher:
            accounts = self.test.accounts[:2] - voucher.partner_id
            target = voucher.browse(voucher.move_to(accounts[0].id, amount))
            self.take(voucher, amount)
            self.paper[target] = amount

    @rule(number=NUMBERS)
    def expire(self, number):
        """Let one expire: its tax stays due."""
        voucher, _amount = self.pick(number)
        if voucher:
            self.kept[voucher] = self.get_parts(voucher)
            voucher.expiry_date = "2024-03-20"
            stored_value_expiry._expire_today(voucher.sudo())
            self.paper[voucher] = 0

    def get_parts(self, voucher):
        """Return net and tax that a voucher holds, in company currency."""
        items = voucher.move_line_ids
        taxes = items.filtered("tax_repartition_line_id")
        return tuple(
            round(-sum(part.mapped("balance")), 2) for part in (items - taxes, taxes)
        )

    @invariant()
    def parts_are_the_paper(self):
        """Net and tax are both there, and together what is left."""
        if not hasattr(self, "paper"):
            return
        self.test.env.flush_all()
        for voucher, left in self.paper.items():
            net, tax = self.test._get_parts(voucher)
            assert net >= 0, (voucher.name, net)
            assert tax >= 0, (voucher.name, tax)
            assert round(net + tax, 2) == left == round(voucher.balance, 2)
            if not left:
                assert self.get_parts(voucher) == (0, 0)

    @invariant()
    def tax_is_reported_once(self):
        """The report says what vouchers hold, and what has expired of them."""
        if not hasattr(self, "paper"):
            return
        vouchers = self.test.values.union(*self.paper)
        items = vouchers.move_line_ids.move_id.line_ids
        held = [self.get_parts(voucher) for voucher in vouchers]
        for number, name in enumerate(("base", "tax")):
            tagged_items = items.filtered(
                lambda item, tag=self.test.tags[name]: tag in item.tax_tag_ids
            )
            reported = round(-sum(tagged_items.mapped("balance")), 2)
            owed = sum(parts[number] for parts in (*held, *self.kept.values()))
            assert reported == round(owed, 2), (name, reported, owed)


@tagged("post_install", "-at_install")
class TestSinglePurposeProperties(SinglePurposeCommon):
    """Single-purpose vouchers keep net and tax apart, whatever is done with them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.paid_value_expires = True
        cls.foreign = cls.setup_other_currency("EUR", rates=[("2020-01-01", 0.7)])

    def test_any_sequence_keeps_net_and_tax(self):
        SinglePurposeMachine.test = self
        run_state_machine_as_test(
            SinglePurposeMachine,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=12,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
