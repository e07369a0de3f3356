from random import Random

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.vat.discount_items import get_discount
from ..tools.days import get_today
from .common_taxes import TaxedValueCommon


@tagged("post_install", "-at_install")
class TestBaseReduction(TaxedValueCommon):
    """Gift cards that nobody paid for lower the taxable amount when they are used."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.gift_card_tax_policy = "reduce"

    def _use(self, value, invoice, amount=None):
        """Let a card pay an invoice; return the entry of the use."""
        value.with_user(self.clerk).apply_to_invoice(invoice.id, amount)
        return self._get_uses(invoice)[-1]

    def _get_uses(self, invoice):
        applied = invoice.credit_application_ids.filtered(
            lambda application: application.state == "applied"
        )
        return applied.sorted("id").credit_move_id

    def test_use_lowers_the_base(self):
        value = self._issue(20, funding="promotion")
        self.assertEqual(value.tax_policy, "reduce")
        invoice = self._bill((100, self.tax))
        move = self._use(value, invoice)
        self.assertTaxed(
            move,
            [
                (self.given, 20, [], False, []),
                (self.receivable, -20, [], False, []),
                (self.promotion, -20, [], False, []),
                (self.promotion, 16.53, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, 3.47, [], "VAT 21", ["VAT 21 tax back"]),
            ],
        )
        self.assertEqual(invoice.amount_residual, 101)
        self.assertEqual(invoice.amount_tax, 21)

    def test_taxes_are_those_of_what_was_paid(self):
        """Used whole on 121 at 21 % with 101 in cash: net 83.47, tax 17.53."""
        invoice = self._bill((100, self.tax))
        self._use(self._issue(20, funding="promotion"), invoice)
        self.assertEqual(self._sum_tags("VAT 21 base"), -100)
        self.assertEqual(self._sum_tags("VAT 21 base back"), 16.53)
        self.assertEqual(self._sum_tags("VAT 21 tax"), -21)
        self.assertEqual(self._sum_tags("VAT 21 tax back"), 3.47)
        items = self.env["account.move.line"].search([("account_id", "=", self.vat.id)])
        self.assertAlmostEqual(sum(items.mapped("balance")), -17.53)

    def test_undone_by_its_mirror(self):
        value = self._issue(20, funding="promotion")
        invoice = self._bill((100, self.tax))
        used = self._use(value, invoice)
        invoice.with_user(self.clerk).unapply_account_credits()
        undone = value.move_line_ids.move_id.sorted("id")[-1]
        self.assertEqual(undone.reversed_entry_id, used)
        self.assertTaxed(
            undone,
            [
                (self.given, -20, [], False, []),
                (self.receivable, 20, [], False, []),
                (self.promotion, 20, [], False, []),
                (self.promotion, -16.53, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, -3.47, [], "VAT 21", ["VAT 21 tax back"]),
            ],
        )
        for kind in ("base back", "tax back"):
            self.assertEqual(self._sum_tags(f"VAT 21 {kind}"), 0)
        self.assertEqual((value.balance, invoice.amount_residual), (20, 121))
        # Once more, to the same cent.
        again = self._use(value, invoice)
        self.assertEqual(
            sorted(again.line_ids.mapped("balance")),
            sorted(used.line_ids.mapped("balance")),
        )

    def test_several_rates_in_proportion(self):
        low = self._create_tax(6)
        invoice = self._bill((100, self.tax), (200, low), (67, self.env["account.tax"]))
        self.assertEqual(invoice.amount_total, 400)
        move = self._use(self._issue(40, funding="promotion"), invoice)
        self.assertTaxed(
            move,
            [
                (self.given, 40, [], False, []),
                (self.receivable, -40, [], False, []),
                (self.promotion, -40, [], False, []),
                (self.promotion, 10, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.promotion, 20, ["VAT 6"], False, ["VAT 6 base back"]),
                (self.promotion, 6.7, [], False, []),
                (self.vat, 2.1, [], "VAT 21", ["VAT 21 tax back"]),
                (
                    low.invoice_repartition_line_ids.account_id,
                    1.2,
                    [],
                    "VAT 6",
                    ["VAT 6 tax back"],
                ),
            ],
        )
        [application] = invoice.credit_application_ids
        self.assertEqual(
            (application.discount_amount, application.discount_tax), (40, 3.3)
        )

    def test_tax_included_in_the_price(self):
        tax = self._create_tax(21, name="incl", price_include_override="tax_included")
        invoice = self._bill((121, tax))
        self.assertEqual(invoice.amount_total, 121)
        move = self._use(self._issue(20, funding="promotion"), invoice)
        vat = tax.invoice_repartition_line_ids.account_id
        self.assertItems(
            move,
            [
                (self.given, 20, 20),
                (self.receivable, -20, -20),
                (self.promotion, -20, -20),
                (self.promotion, 16.53, 16.53),
                (vat, 3.47, 3.47),
            ],
        )

    def test_deposit_per_piece_is_no_part_of_a_price(self):
        deposit = self._create_tax(1, name="deposit", amount_type="fixed")
        invoice = self._bill((100, self.tax | deposit))
        self.assertEqual(invoice.amount_total, 122)
        move = self._use(self._issue(12.1, funding="promotion"), invoice)
        self.assertItems(
            move,
            [
                (self.given, 12.1, 12.1),
                (self.receivable, -12.1, -12.1),
                (self.promotion, -12.1, -12.1),
                (self.promotion, 10, 10),
                (self.vat, 2.1, 2.1),
            ],
        )

    def test_cost_of_promotion_leaves_the_tax(self):
        # README says: "Cost of promotion, unless the setting says otherwise: the tax
        # stays as it is."
        self.company.gift_card_tax_policy = "cost"
        value = self._issue(20, funding="promotion")
        # Frozen: a later setting does not count for it.
        self.company.gift_card_tax_policy = "reduce"
        self.assertEqual(value.tax_policy, "cost")
        invoice = self._bill((100, self.tax))
        self.assertItems(
            self._use(value, invoice),
            [(self.given, 20, 20), (self.receivable, -20, -20)],
        )
        self.assertFalse(invoice.credit_application_ids.discount_amount)

    def test_product_says_more_than_the_company(self):
        product = self.env["product.product"].create(
            {
                "name": "Gift Card",
                "is_gift_card": True,
                "gift_card_tax_policy": "cost",
            }
        )
        value = self._issue(20, funding="promotion", product_id=product.id)
        self.assertEqual(value.tax_policy, "cost")
        product.gift_card_tax_policy = False
        value = self._issue(20, funding="promotion", product_id=product.id)
        self.assertEqual(value.tax_policy, "reduce")

    def test_new_company_leaves_the_tax(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertEqual(company.gift_card_tax_policy, "cost")

    def test_paid_cards_leave_the_tax(self):
        value = self._issue(20)
        self.assertFalse(value.tax_policy)
        self.assertItems(
            self._use(value, self._bill((100, self.tax))),
            [(self.sold, 20, 20), (self.receivable, -20, -20)],
        )

    def test_invoice_without_tax(self):
        invoice = self._bill((100, self.env["account.tax"]))
        self.assertItems(
            self._use(self._issue(20, funding="promotion"), invoice),
            [(self.given, 20, 20), (self.receivable, -20, -20)],
        )

    def test_zero_rate_is_reported(self):
        tax = self._create_tax(0)
        move = self._use(self._issue(20, funding="promotion"), self._bill((100, tax)))
        self.assertTaxed(
            move,
            [
                (self.given, 20, [], False, []),
                (self.receivable, -20, [], False, []),
                (self.promotion, -20, [], False, []),
                (self.promotion, 20, ["VAT 0"], False, ["VAT 0 base back"]),
            ],
        )

    def test_moved_card_keeps_what_it_does(self):
        value = self._issue(30, funding="promotion", account=self.accounts[1])
        self.company.gift_card_tax_policy = "cost"
        target = self.values.browse(
            value.with_user(self.manager).move_to(self.account.id, 20)
        )
        self.assertEqual(target.tax_policy, "reduce")
        move = self._use(target, self._bill((100, self.tax)))
        self.assertItems(
            move,
            [
                (self.given, 20, 20),
                (self.receivable, -20, -20),
                (self.promotion, -20, -20),
                (self.promotion, 16.53, 16.53),
                (self.vat, 3.47, 3.47),
            ],
        )

    def test_set_of_cards_and_invoices(self):
        """One set, one entry for each use, and the taxes of an invoice as a whole."""
        values = [self._issue(amount, funding="promotion") for amount in (0.5, 0.5, 30)]
        invoices = self._bill((10, self.tax)) + self._bill((20, self.tax))
        action = invoices[0].with_user(self.clerk).action_use_stored_value()
        dialogs = self.env["account.stored.value.use"].with_user(self.clerk)
        dialog = dialogs.browse(action["res_id"])
        dialog.invoice_ids = [Command.set(invoices.ids)]
        dialog._propose()
        dialog.action_confirm()
        self.assertEqual([value.balance for value in values], [0, 0, 0])
        taxes = [
            sum(invoice.credit_application_ids.mapped("discount_tax"))
            for invoice in invoices
        ]
        # 12.10 is used on the first, 18.90 on the second.
        self.assertEqual([round(tax, 2) for tax in taxes], [2.1, 3.28])
        self.assertEqual(len(self._get_uses(invoices[0])), 3)

    def test_any_sequence_of_uses(self):
        """Whatever is used and undone, the taxes are those of the whole, to a cent."""
        random = Random(17)
        low = self._create_tax(6)
        for _round in range(4):
            price = random.randrange(100, 4000) / 100
            invoice = self._bill((price, self.tax), (7.77, low), (1.11, low))
            total = invoice.amount_total
            share = invoice.amount_tax / total
            values = [
                self._issue(random.randrange(1, 500) / 100, funding="promotion")
                for _number in range(4)
            ]
            for _step in range(10):
                value = random.choice(values)
                if random.random() < 0.3:
                    applied = invoice.credit_application_ids.filtered(
                        lambda item: item.state == "applied"
                    )
                    applied[:1].with_user(self.clerk).action_unapply()
                elif value.state == "active":
                    amount = random.randrange(1, round(value.balance * 100) + 1) / 100
                    if amount <= invoice.amount_residual:
                        self._use(value, invoice, amount)
                uses = self._get_uses(invoice)
                amount, tax = get_discount(uses)
                used = sum(issued.initial_amount - issued.balance for issued in values)
                self.assertAlmostEqual(amount, used)
                self.assertLessEqual(abs(tax - amount * share), 0.02)
            # The next use sets right what undoing left.
            value = self._issue(0.01, funding="promotion")
            self._use(value, invoice)
            amount, tax = get_discount(self._get_uses(invoice))
            expected = {
                tax: self.company.currency_id.round(
                    sum(
                        invoice.line_ids.filtered(
                            lambda item, tax=tax: item.tax_line_id == tax
                        ).mapped("amount_currency")
                    )
                    * -amount
                    / total
                )
                for tax in (self.tax, low)
            }
            self.assertAlmostEqual(tax, sum(expected.values()))

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR")
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            [
                {"name": day, "rate": rate, "currency_id": currency.id}
                for day, rate in (("2024-03-01", 2), ("2024-03-10", 4))
            ]
        )
        invoice = self._bill((100, self.tax), currency_id=currency.id)
        value = self._issue(20, funding="promotion", currency_id=currency.id)
        move = self._use(value, invoice)
        # The card at the rate of its issue, the taxes at that of the invoice.
        self.assertItems(
            move,
            [
                (self.given, 5, 20),
                (self.receivable, -5, -20),
                (self.promotion, -10, -20),
                (self.promotion, 8.26, 16.53),
                (self.vat, 1.74, 3.47),
            ],
        )

    def test_currencies_without_and_with_three_decimals(self):
        for rounding, price, given, taken in (
            (1, 100, 20, (17, 3)),
            (0.001, 100, 20, (16.529, 3.471)),
        ):
            with self.subTest(rounding):
                currency = self.setup_other_currency(
                    {1: "JPY", 0.001: "KWD"}[rounding], rounding=rounding
                )
                currency.rate_ids.unlink()
                self.env["res.currency.rate"].create(
                    {"name": "2024-01-01", "rate": 1, "currency_id": currency.id}
                )
                invoice = self._bill((price, self.tax), currency_id=currency.id)
                value = self._issue(given, funding="promotion", currency_id=currency.id)
                move = self._use(value, invoice)
                self.assertCountEqual(
                    move.line_ids.mapped("amount_currency"),
                    [given, -given, -given, *taken],
                )

    def test_tax_that_is_due_when_paid(self):
        """Of cash-basis taxes what the card pays is due, and lowered at once."""
        self.company.tax_exigibility = True
        transition = self.vat.copy({"name": "Later", "reconcile": True})
        tax = self._create_tax(
            20,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=transition.id,
        )
        vat = tax.invoice_repartition_line_ids.account_id
        invoice = self._bill((100, tax))
        move = self._use(self._issue(24, funding="promotion"), invoice)
        self.assertTaxed(
            move,
            [
                (self.given, 24, [], False, []),
                (self.receivable, -24, [], False, []),
                (self.promotion, -24, [], False, []),
                (self.promotion, 20, [], False, ["VAT 20 base back"]),
                (vat, 4, [], False, ["VAT 20 tax back"]),
            ],
        )
        sums = [
            self._sum_tags(f"VAT 20 {kind}")
            for kind in ("base", "base back", "tax", "tax back")
        ]
        self.assertEqual(sums, [-20, 20, -4, 4])
        # What is paid is all that is left.
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        sums = [
            self._sum_tags(f"VAT 20 {kind}")
            for kind in ("base", "base back", "tax", "tax back")
        ]
        self.assertEqual(sums, [-100, 20, -20, 4])

    def test_tax_lock_date(self):
        value = self._issue(20, funding="promotion")
        invoice = self._bill((100, self.tax))
        untaxed = self._bill((100, self.env["account.tax"]))
        self.company.tax_lock_date = get_today(self.company)
        with self.assertRaisesRegex(UserError, "is locked"):
            self._use(value, invoice)
        self.assertEqual((value.balance, invoice.amount_residual), (20, 121))
        self._use(value, untaxed, 5)
        self.assertEqual(value.balance, 15)

    def test_credit_lowers_only_the_price_that_is_left(self):
        value = self._issue(60.5, funding="promotion")
        invoice = self._bill((100, self.tax))
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertShows(self._reduce(invoice, 60.51).error, "$ 60.50 is left of it")
        line = self._reduce(invoice, 60.5)
        self.assertEqual((line.state, line.move_id.amount_tax), ("posted", 10.5))
        # The other way round: only what is left of the price is given away.
        invoice = self._bill((100, self.tax))
        line = self._reduce(invoice, 100)
        self.company.credit_application_policy = "manual"
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual((line.amount_open, invoice.amount_residual), (100, 121))
        other = self._issue(121, funding="promotion")
        self.assertTaxed(
            self._use(other, invoice),
            [
                (self.given, 121, [], False, []),
                (self.receivable, -121, [], False, []),
                (self.promotion, -21, [], False, []),
                (self.promotion, 17.36, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, 3.64, [], "VAT 21", ["VAT 21 tax back"]),
            ],
        )

    def test_credit_note_takes_back_what_is_left_of_the_price(self):
        """Odoo's own credit note: 83.47 net was paid, and no more comes back."""
        # README says: "A credit note takes back no more than is left of the price"
        value = self._issue(20, funding="promotion")
        invoice = self._bill((100, self.tax))
        self._use(value, invoice)
        self._pay(invoice)
        note = self._draft_note(invoice)
        with (
            self.assertRaisesRegex(UserError, "121.00 .*101.00 .* by .*20.00"),
            self.env.cr.savepoint(),
        ):
            note.with_user(self.clerk).action_post()
        # Two of one set, each of which would be small enough.
        other = self._draft_note(invoice)
        for half in note | other:
            half.invoice_line_ids.price_unit = 50
        with self.assertRaisesRegex(UserError, "101.00"), self.env.cr.savepoint():
            (note | other).action_post()
        note.action_post()
        # A part: the discount of the use stays.
        self.assertTaxed(
            note,
            [
                (self._get_income(), 50, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, 10.5, [], "VAT 21", ["VAT 21 tax back"]),
                (self.receivable, -60.5, [], False, []),
            ],
        )
        with self.assertRaisesRegex(UserError, "40.50"), self.env.cr.savepoint():
            other.action_post()
        # Taken off the invoice, the card has its amount again.
        invoice.with_user(self.clerk).unapply_account_credits()
        self.assertEqual((value.balance, invoice.amount_residual), (20, 20))
        other.action_post()
        for kinds in (("base", "base back"), ("tax", "tax back")):
            self.assertAlmostEqual(
                sum(self._sum_tags(f"VAT 21 {kind}") for kind in kinds), 0
            )

    def test_credit_note_and_price_reduction(self):
        invoice = self._bill((100, self.tax))
        self._pay(invoice)
        note = self._draft_note(invoice)
        note.invoice_line_ids.price_unit = 50
        note.action_post()
        line = self._reduce(invoice, 60.51)
        self.assertShows(line.error, "$ 60.50 is left of it")
        line = self._reduce(invoice, 50)
        self.assertEqual((line.state, line.move_id.amount_tax), ("posted", 8.68))
        # The other way round.
        other = self._draft_note(invoice)
        other.invoice_line_ids.price_unit = 10
        with (
            self.assertRaisesRegex(UserError, "12.10 .*10.50 .* by .*50.00"),
            self.env.cr.savepoint(),
        ):
            other.action_post()
        line.with_user(self.manager).action_reverse(reason="Mistake")
        other.action_post()
        self.assertEqual(other.state, "posted")

    def test_card_lowers_only_what_a_credit_note_has_left(self):
        invoice = self._bill((100, self.tax))
        note = self._draft_note(invoice)
        note.invoice_line_ids.price_unit = 80
        note.action_post()
        invoice.line_ids.remove_move_reconcile()
        move = self._use(self._issue(121, funding="promotion"), invoice)
        self.assertTaxed(
            move,
            [
                (self.given, 121, [], False, []),
                (self.receivable, -121, [], False, []),
                (self.promotion, -24.2, [], False, []),
                (self.promotion, 20, ["VAT 21"], False, ["VAT 21 base back"]),
                (self.vat, 4.2, [], "VAT 21", ["VAT 21 tax back"]),
            ],
        )

    def test_credit_note_where_nothing_lowered_the_price(self):
        """What Odoo leaves to whoever posts it, is left to them."""
        invoice = self._bill((100, self.tax))
        note = self._draft_note(invoice)
        note.invoice_line_ids.price_unit = 200
        note.action_post()
        self.assertEqual((note.state, note.amount_total), ("posted", 242))

    def test_credit_note_of_a_gift_card_beside_a_price_reduction(self):
        """The card that is sold is no part of the price that was lowered."""
        product = self.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 50}
        )
        invoice = self._create_invoice(
            self.account,
            0,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": "Course",
                        "price_unit": 100,
                        "tax_ids": [Command.set(self.tax.ids)],
                    }
                ),
                Command.create({"product_id": product.id}),
            ],
        )
        self.assertEqual(self._reduce(invoice, 121).state, "posted")
        note = self._draft_note(invoice)
        note.invoice_line_ids.filtered(lambda line: line.product_id != product).unlink()
        with (
            self.assertRaisesRegex(UserError, "more than the .*0.00 that is left"),
            self.env.cr.savepoint(),
        ):
            self._draft_note(invoice).action_post()
        note.action_post()
        self.assertItems(note, [(self.sold, 50, 50), (self.receivable, -50, -50)])

    def _pay(self, invoice):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertFalse(invoice.amount_residual)

    def _draft_note(self, invoice):
        return invoice._reverse_moves([{"invoice_date": "2024-03-20"}])

    def _get_income(self):
        return self.company_data["default_account_revenue"]

    def _reduce(self, invoice, amount):
        """Post a price reduction of an invoice; return its line."""
        reduction = self._create_credit_item(
            "Discount", credit_vat_treatment="price_reduction"
        )
        batch = self._create_batch(
            credit_item_id=reduction.id,
            line_ids=[
                Command.create(
                    {
                        "partner_id": self.account.id,
                        "invoice_id": invoice.id,
                        "amount": amount,
                    }
                )
            ],
        )
        batch.with_user(self.clerk).action_post()
        return batch.line_ids

    def test_invoice_is_reversed(self):
        value = self._issue(20, funding="promotion")
        invoice = self._bill((100, self.tax))
        self._use(value, invoice)
        invoice._reverse_moves([{"invoice_date": "2024-03-20"}], cancel=True)
        self.assertEqual(value.balance, 20)
        for kinds in (("base", "base back"), ("tax", "tax back")):
            self.assertAlmostEqual(
                sum(self._sum_tags(f"VAT 21 {kind}") for kind in kinds), 0
            )

    def test_invoice_stays_as_it_was_sent(self):
        # README says: "The invoice stays as it was posted and sent"
        invoice = self._bill((100, self.tax))
        before = invoice.line_ids.read(["balance", "tax_ids", "tax_tag_ids", "name"])
        self._use(self._issue(20, funding="promotion"), invoice)
        self.assertEqual(
            invoice.line_ids.read(["balance", "tax_ids", "tax_tag_ids", "name"]), before
        )
        self.assertEqual((invoice.amount_total, invoice.amount_tax), (121, 21))

    def test_shown_on_the_invoice(self):
        value = self._issue(20, funding="promotion")
        invoice = self._bill((100, self.tax))
        self._use(value, invoice)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", invoice.ids
        )
        self.assertShows(
            html.decode(), f"Discount by gift card {value.name}: $ 20.00, including tax"
        )
        application = invoice.credit_application_ids.with_user(self.accountant)
        self.assertRecordValues(
            application, [{"discount_amount": 20, "discount_tax": 3.47}]
        )
        application.sudo(False).with_user(self.clerk).action_unapply()
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", invoice.ids
        )
        self.assertNotIn("Discount by gift card", html.decode())

    def test_preview_says_what_happens_to_the_tax(self):
        value = self._issue(20, funding="promotion")
        self.company.gift_card_tax_policy = "cost"
        other = self._issue(20, funding="promotion")
        invoice = self._bill((100, self.tax))
        action = invoice.with_user(self.clerk).action_use_stored_value()
        dialog = self.env["account.stored.value.use"].browse(action["res_id"])
        self.assertShows(
            dialog.with_user(self.clerk).preview,
            f"{value.name} lowers the taxable amount of {invoice.name} by $ 16.53, and "
            "its tax by $ 3.47.",
            f"{other.name} does not change the tax of {invoice.name}.",
        )
        self.assertEqual(value.balance, 20)

    def test_policy_is_no_field_to_write(self):
        value = self._issue(20, funding="promotion")
        with self.assertRaises(AccessError):
            value.with_user(self.manager).tax_policy = "cost"
        move = self._use(value, self._bill((100, self.tax)))
        with self.assertRaises(AccessError):
            move.line_ids[0].with_user(self.manager).discount_value_id = value
