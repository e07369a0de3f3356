from random import Random

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models.stored_value import stored_value_expiry
from ..models.vat.discount_items import get_discount
from .common_taxes import TaxedValueCommon


@tagged("post_install", "-at_install")
class TestBelowFace(TaxedValueCommon):
    """Gift cards that are sold for less than they are worth: 100 for 80."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.gift_card_tax_policy = "reduce"
        cls.product = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 100}
        )

    def _sell(self, discount=20, price=100, **vals):
        """Sell a card on an invoice; return the card, which is not paid yet."""
        invoice = self._draft(discount, price, **vals).with_user(self.clerk)
        invoice.action_post()
        return invoice.sudo().sold_value_ids.sudo(False).with_env(self.env)

    def _draft(self, discount=20, price=100, **vals):
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "price_unit": price,
                            "discount": discount,
                        }
                    )
                ],
                **vals,
            }
        )

    def _pay(self, invoice):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": "2024-03-02"})._create_payments()

    def _sell_paid(self, *args, **vals):
        value = self._sell(*args, **vals)
        self._pay(value.invoice_id)
        self.assertEqual(value.state, "active")
        return value

    def _get_events(self, value, event):
        moves = value.move_line_ids.move_id.sorted("id")
        return moves.filtered(lambda move: move.stored_value_event == event)

    def test_sold_for_less(self):
        value = self._sell()
        self.assertRecordValues(
            value,
            [
                {
                    "initial_amount": 100,
                    "balance": 100,
                    "given_amount": 20,
                    "given_account_id": self.given.id,
                    "liability_account_id": self.sold.id,
                    "tax_policy": "reduce",
                    "state": "blocked",
                }
            ],
        )
        invoice, given = self._get_events(value, "issue")
        self.assertItems(invoice, [(self.sold, -80, -80), (self.receivable, 80, 80)])
        self.assertItems(given, [(self.given, -20, -20), (self.promotion, 20, 20)])
        self.assertEqual(given.date, invoice.date)
        self._pay(invoice)
        self.assertEqual(value.state, "active")

    def test_used_whole(self):
        """On 121 at 21 %: consideration 101, net 83.47, tax 17.53."""
        value = self._sell_paid()
        invoice = self._bill((100, self.tax))
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual((value.state, invoice.amount_residual), ("used", 21))
        self.assertTaxed(
            self._get_events(value, "use"),
            [
                (self.sold, 80, [], False, []),
                (self.given, 20, [], False, []),
                (self.receivable, -100, [], False, []),
                (self.promotion, -20, [], False, []),
                (self.promotion, 16.53, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, 3.47, [], "VAT 21", ["VAT 21 tax back"]),
            ],
        )
        sums = {
            kind: self._sum_tags(f"VAT 21 {kind}")
            for kind in ("base", "base back", "tax", "tax back")
        }
        self.assertAlmostEqual(sums["base"] + sums["base back"], -83.47)
        self.assertAlmostEqual(sums["tax"] + sums["tax back"], -17.53)
        [application] = invoice.credit_application_ids
        self.assertRecordValues(
            application, [{"amount": 100, "discount_amount": 20, "discount_tax": 3.47}]
        )

    def test_used_in_proportion(self):
        value = self._sell_paid()
        first, second = self._bill((50, self.tax)), self._bill((50, self.tax))
        value.with_user(self.clerk).apply_to_invoice(first.id)
        self.assertItems(
            self._get_events(value, "use"),
            [
                (self.sold, 48.4, 48.4),
                (self.given, 12.1, 12.1),
                (self.receivable, -60.5, -60.5),
                (self.promotion, -12.1, -12.1),
                (self.promotion, 10, 10),
                (self.vat, 2.1, 2.1),
            ],
        )
        value.with_user(self.clerk).apply_to_invoice(second.id)
        self.assertItems(
            self._get_events(value, "use")[1],
            [
                (self.sold, 31.6, 31.6),
                (self.given, 7.9, 7.9),
                (self.receivable, -39.5, -39.5),
                (self.promotion, -7.9, -7.9),
                (self.promotion, 6.53, 6.53),
                (self.vat, 1.37, 1.37),
            ],
        )

    def test_set_takes_no_cent_twice(self):
        value = self._sell_paid(discount=33, price=10)
        invoices = self.env["account.move"].union(
            *(self._bill((price, self.tax)) for price in (1.11, 2.22, 3.33))
        )
        action = invoices[0].with_user(self.clerk).action_use_stored_value()
        dialogs = self.env["account.stored.value.use"].with_user(self.clerk)
        dialog = dialogs.browse(action["res_id"])
        dialog.invoice_ids = [Command.set(invoices.ids)]
        dialog._propose()
        self.assertShows(dialog.preview, f"{value.name} lowers the taxable amount of")
        dialog.action_confirm()
        self.assertEqual(invoices.mapped("amount_residual"), [0, 0, 0])
        left = value.balance
        self.assertAlmostEqual(value._sum_given()[0], left * 0.33, delta=0.01)
        last = self._bill((left, self.env["account.tax"]))
        value.with_user(self.clerk).apply_to_invoice(last.id)
        self.assertEqual((value.state, value._sum_given()), ("used", (0, 0)))

    def test_undone(self):
        value = self._sell_paid()
        invoice = self._bill((100, self.tax))
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertTaxed(
            self._get_events(value, "undo"),
            [
                (self.sold, -80, [], False, []),
                (self.given, -20, [], False, []),
                (self.receivable, 100, [], False, []),
                (self.promotion, 20, [], False, []),
                (self.promotion, -16.53, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, -3.47, [], "VAT 21", ["VAT 21 tax back"]),
            ],
        )
        self.assertEqual((value.state, value.balance), ("active", 100))
        self.assertEqual(value._sum_given(), (20, 20))

    def test_product_says_more_than_the_company(self):
        self.product.gift_card_tax_policy = "cost"
        value = self._sell_paid()
        # Frozen on the card.
        self.product.gift_card_tax_policy = "reduce"
        self.assertEqual(value.tax_policy, "cost")
        value.with_user(self.clerk).apply_to_invoice(self._bill((100, self.tax)).id)
        self.assertItems(
            self._get_events(value, "use"),
            [
                (self.sold, 80, 80),
                (self.given, 20, 20),
                (self.receivable, -100, -100),
            ],
        )

    def test_expires(self):
        self.company.write({"paid_value_expires": True, "breakage_tax_id": self.tax.id})
        value = self._sell_paid()
        value.with_user(self.manager).expiry_date = "2024-03-31"
        stored_value_expiry._expire_today(value.sudo())
        self.assertEqual(value.state, "expired")
        # What was paid is taxed, what was given away is not.
        self.assertTaxed(
            self._get_events(value, "expire"),
            [
                (self.sold, 80, [], False, []),
                (self.given, 20, [], False, []),
                (self.breakage, -66.12, ["VAT 21"], False, ["VAT 21 base"]),
                (self.vat, -13.88, [], "VAT 21", ["VAT 21 tax"]),
                (self.breakage, -20, [], False, []),
            ],
        )

    def test_moved(self):
        value = self._sell_paid()
        target = self.values.browse(
            value.with_user(self.manager).move_to(self.accounts[1].id, 50)
        )
        self.assertItems(
            self._get_events(value, "move"),
            [
                (self.sold, 40, 40),
                (self.given, 10, 10),
                (self.sold, -40, -40),
                (self.given, -10, -10),
            ],
        )
        for card in (value, target):
            self.assertEqual((card.balance, card._sum_given()), (50, (10, 10)))
        self.assertRecordValues(
            target,
            [{"initial_amount": 50, "given_amount": 10, "tax_policy": "reduce"}],
        )
        self.assertEqual(target.move_line_ids.partner_id, self.accounts[1])

    def test_redeemed(self):
        value = self._sell_paid()
        code = value.with_user(self.manager).action_new_code()
        self.assertEqual(
            self.values.with_user(self.clerk).balance_of(code)["balance"], 100
        )
        answer = self.values.with_user(self.clerk).redeem(code, self.accounts[1].id)
        self.assertEqual(answer["balance"], 100)
        self.assertEqual(self.values.browse(answer["id"])._sum_given(), (20, 20))

    def test_only_money_is_refunded(self):
        value = self._sell_paid()
        with self.assertRaisesRegex(UserError, "80.00 left"):
            value.with_user(self.manager).refund(81, self.bank.id)
        value.with_user(self.manager).refund(80, self.bank.id)
        self.assertEqual((value.balance, value._sum_given()), (20, (20, 20)))
        move = self._get_events(value, "refund")
        self.assertEqual(
            move.line_ids.filtered("stored_value_id").mapped("balance"), [80]
        )

    def test_rest_that_nobody_paid_for_is_taken_back(self):
        value = self._sell_paid()
        value.with_user(self.manager).refund(80, self.bank.id)
        value.with_user(self.manager).action_void("All of the money is refunded")
        self.assertEqual((value.state, value.balance), ("void", 0))
        self.assertItems(
            self._get_events(value, "void"),
            [(self.given, 20, 20), (self.promotion, -20, -20)],
        )

    def test_expected_breakage_is_of_what_was_paid(self):
        value = self._sell_paid()
        self._issue(100)
        estimate = self.env["account.breakage.estimate"].new(
            {
                "company_id": self.company.id,
                "kind": "sold",
                "date_from": "2024-03-01",
                "date_to": "2024-03-01",
                "date": "2024-12-31",
            }
        )
        self.assertEqual(value.issue_date, estimate.date_from)
        self.assertEqual(estimate._read_cohort().sold, 80)

    def test_paid_out_in_cash_is_what_was_paid(self):
        state = self.env.ref("base.state_us_5")
        self.account.write({"country_id": state.country_id.id, "state_id": state.id})
        value = self._sell_paid(price=5)
        due = self.env["account.unclaimed.due"].search(
            [("stored_value_id", "=", value.id)]
        )
        self.assertEqual((due.balance, due.may_cash_out), (4, True))
        due.with_user(self.manager).cash_out(self.bank.id)
        self.assertEqual((value.balance, value._sum_given()), (1, (1, 1)))

    def test_what_was_paid_is_handed_to_a_state(self):
        state = self._owe_to_a_state()
        self.account.write({"country_id": state.country_id.id, "state_id": state.id})
        value = self._sell_paid()
        value.with_user(self.clerk).apply_to_invoice(
            self._bill((50, self.env["account.tax"])).id
        )
        with freeze_time("2030-01-01 12:00:00"):
            due = self.env["account.unclaimed.due"].with_user(self.manager)
            due = due.search([("stored_value_id", "=", value.id)])
            self.assertEqual(due.balance, 40)
            due.action_hand()
        self.assertEqual((value.state, value.balance), ("handed", 0))
        handed = self._get_events(value, "hand")
        self.assertItems(
            handed,
            [
                (self.sold, 40, 40),
                (self.payable, -40, -40),
                (self.given, 10, 10),
                (self.promotion, -10, -10),
            ],
        )
        owed = self.env["account.unclaimed.property"].search([])
        self.assertRecordValues(
            owed, [{"stored_value_id": value.id, "amount": 40, "state": "handed"}]
        )
        self.assertRecordValues(
            owed.item_id, [{"account_id": self.payable.id, "balance": -40}]
        )
        liability = self.env["account.stored.value.liability"].with_context(
            liability_from="2030-01-01", liability_to="2030-01-01"
        )
        flows = liability._read_group(
            [("stored_value_id", "=", value.id)],
            ["kind"],
            ["handed:sum", "voided:sum", "closing:sum"],
        )
        self.assertCountEqual(flows, [("sold", -40, 0, 0), ("given", 0, -10, 0)])
        with freeze_time("2030-01-02 12:00:00"):
            owed.with_user(self.manager).action_take_back()
        self.assertItems(
            self._get_events(value, "hand") - handed,
            [
                (self.sold, -40, -40),
                (self.payable, 40, 40),
                (self.given, -10, -10),
                (self.promotion, 10, 10),
            ],
        )
        self.assertEqual((value.state, value.balance), ("active", 50))
        self.assertEqual(value._sum_given(), (10, 10))

    def test_taken_back(self):
        value = self._sell_paid()
        note = value.invoice_id._reverse_moves(
            [{"date": "2024-03-20", "invoice_date": "2024-03-20"}]
        )
        note.action_post()
        self.assertEqual((value.state, value.balance), ("void", 0))
        credit_note, given = self._get_events(value, "void")
        self.assertItems(
            credit_note, [(self.sold, 80, 80), (self.receivable, -80, -80)]
        )
        self.assertItems(given, [(self.given, 20, 20), (self.promotion, -20, -20)])

    def test_taken_back_in_part_after_a_use(self):
        value = self._sell_paid()
        invoice = self._bill((50, self.env["account.tax"]))
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        note = value.invoice_id._reverse_moves(
            [{"date": "2024-03-20", "invoice_date": "2024-03-20"}]
        )
        with self.assertRaisesRegex(UserError, "40.00 left"):
            note.action_post()
        note.invoice_line_ids.price_unit = 50
        note.invoice_date = note.date = self.env.cr.now().date()
        note.action_post()
        self.assertEqual((value.state, value.balance), ("void", 0))
        self.assertEqual(value._sum_given(), (0, 0))
        # What comes back to it goes where it came from.
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual((value.state, value.balance), ("void", 0))
        self.assertItems(
            self._get_events(value, "void")[-1],
            [
                (self.sold, 40, 40),
                (self.given, 10, 10),
                (self.receivable, -40, -40),
                (self.promotion, -10, -10),
            ],
        )

    def test_taken_back_by_notes_of_one_set(self):
        """Each gives back its share, as if they were posted one after the other."""
        value = self._sell_paid()
        notes = self.env["account.move"]
        for price in (25, 50, 10):
            note = value.invoice_id._reverse_moves(
                [{"date": "2024-03-20", "invoice_date": "2024-03-20"}]
            )
            note.invoice_line_ids.price_unit = price
            notes |= note
        notes[:2].action_post()
        self.assertEqual((value.balance, value._sum_given()), (25, (5, 5)))
        taken = self._get_events(value, "void")
        self.assertEqual(taken[:2], notes[:2])
        for note, given, price in zip(notes, taken[2:], (20, 40), strict=False):
            self.assertItems(
                note, [(self.sold, price, price), (self.receivable, -price, -price)]
            )
            back = price / 4
            self.assertItems(
                given, [(self.given, back, back), (self.promotion, -back, -back)]
            )
        # More than is left of what was paid is refused, by whichever of a set.
        notes[2].invoice_line_ids.price_unit = 25.01
        with self.assertRaisesRegex(UserError, "20.00 left"), self.env.cr.savepoint():
            notes[2].action_post()
        more = notes[2].copy({"invoice_date": "2024-03-20", "date": "2024-03-20"})
        more.invoice_line_ids.stored_value_id = value
        for note in notes[2] | more:
            note.invoice_line_ids.price_unit = 12.51
        with self.assertRaisesRegex(UserError, "20.00 left"), self.env.cr.savepoint():
            (notes[2] | more).action_post()
        notes[2].invoice_line_ids.price_unit = 25
        notes[2].action_post()
        self.assertEqual((value.state, value.balance), ("void", 0))

    def test_what_it_cannot_have(self):
        value = self._sell_paid()
        for change in (
            lambda: value.with_user(self.manager).adjust(120, "A typo"),
            lambda: value.with_user(self.manager).adjust(90, "A typo"),
        ):
            with self.assertRaisesRegex(UserError, "sold below its value"):
                change()

    def test_what_cannot_be_sold(self):
        for discount in (100, 101, -5):
            with (
                self.subTest(discount),
                self.assertRaisesRegex(UserError, "must be above zero"),
            ):
                self._draft(discount).action_post()
        self.company.promotional_liability_account_id = False
        with self.assertRaisesRegex(UserError, "no account for gift cards given away"):
            self._draft().action_post()

    def test_limits_of_what_is_given_away(self):
        self.company.credit_approval_amount = 15
        with self.assertRaisesRegex(UserError, "gives away .*above the limit"):
            self._draft().with_user(self.clerk).action_post()
        self._draft(discount=10).with_user(self.clerk).action_post()
        self.company.credit_approval_amount = 0
        self.company.credit_open_cap = 15
        with self.assertRaisesRegex(UserError, "the most that an account may have"):
            self._draft().with_user(self.clerk).action_post()

    def test_each_unit_is_a_card(self):
        invoice = self._draft()
        invoice.invoice_line_ids.quantity = 2
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 160)
        self.assertEqual(invoice.sold_value_ids.mapped("balance"), [100, 100])

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR")
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"name": "2024-01-01", "rate": 3, "currency_id": currency.id}
        )
        value = self._sell_paid(currency_id=currency.id)
        # 33.33 in all: what is used leaves nothing in company currency.
        for price in (33.33, 33.33, 33.34):
            invoice = self._bill(
                (price, self.env["account.tax"]), currency_id=currency.id
            )
            value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(value.state, "used")
        for account in (self.sold, self.given):
            items = value.move_line_ids.filtered(
                lambda item, account=account: item.account_id == account
            )
            self.assertAlmostEqual(sum(items.mapped("balance")), 0)
            self.assertAlmostEqual(sum(items.mapped("amount_currency")), 0)

    def test_any_sequence(self):
        """What uses take off is never above face less price, and is that in the end."""
        random = Random(3)
        for _round in range(3):
            price = random.randrange(500, 10000) / 100
            value = self._sell_paid(random.randrange(1, 99), price)
            invoices = self.env["account.move"].union(
                *(self._bill((price / 4, self.tax)) for _number in range(5))
            )
            for _step in range(12):
                invoice = random.choice(invoices)
                if random.random() < 0.3:
                    invoice.with_user(self.clerk).unapply_account_credits()
                elif value.state == "active" and invoice.amount_residual:
                    most = min(value.balance, invoice.amount_residual)
                    amount = random.randrange(1, round(most * 100) + 1) / 100
                    value.with_user(self.clerk).apply_to_invoice(invoice.id, amount)
                self._check_discounts(value, invoices)
            for invoice in invoices:
                if value.state == "active" and invoice.amount_residual:
                    value.with_user(self.clerk).apply_to_invoice(invoice.id)
            amount = self._check_discounts(value, invoices)
            self.assertEqual(value.state, "used")
            self.assertAlmostEqual(amount, value.given_amount)

    def _check_discounts(self, value, invoices):
        """Check what is in force; return the sum of the discounts."""
        applied = invoices.credit_application_ids.filtered(
            lambda application: application.state == "applied"
        )
        amount, tax = get_discount(applied.credit_move_id)
        self.assertLessEqual(amount, value.given_amount + 0.001)
        self.assertAlmostEqual(value._sum_given()[0], value.given_amount - amount)
        self.assertLessEqual(abs(tax - amount * 21 / 121), 0.06)
        return amount

    def test_shown_on_the_card_and_the_product(self):
        value = self._sell_paid()
        arch = value.get_view(view_type="form")["arch"]
        self.assertIn("given_amount", arch)
        with Form(self.product) as form:
            form.gift_card_tax_policy = "cost"
        self.assertEqual(self.product.gift_card_tax_policy, "cost")
