from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..tools.posting import with_posting
from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestGiftCardSale(StoredValueCommon):
    """Gift cards sold on an invoice: a liability, no revenue, no tax."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 50}
        )

    def _draft_sale(self, quantity=1, **line_vals):
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "quantity": quantity,
                            **line_vals,
                        }
                    )
                ],
            }
        )

    def _sell(self, quantity=1, **line_vals):
        invoice = self._draft_sale(quantity, **line_vals).with_user(self.clerk)
        invoice.action_post()
        return invoice.with_user(self.env.user)

    def _pay(self, invoice, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": "2024-03-02"})
        )
        if amount:
            wizard.amount = amount
        return wizard._create_payments()

    def test_each_unit_becomes_a_card(self):
        invoice = self._sell(3)
        cards = invoice.sold_value_ids
        self.assertItems(
            invoice,
            [*[(self.sold, -50, -50)] * 3, (self.receivable, 150, 150)],
        )
        self.assertRecordValues(
            cards,
            [
                {
                    "state": "blocked",
                    "awaits_payment": True,
                    "balance": 50,
                    "initial_amount": 50,
                    "funding": "invoice",
                    "partner_id": self.account.id,
                    "funding_account_id": self.receivable.id,
                    "code_last4": False,
                }
            ]
            * 3,
        )
        self.assertEqual(invoice.invoice_line_ids.mapped("quantity"), [1, 1, 1])
        self.assertEqual(invoice.line_ids.stored_value_id, cards)

    def test_each_line_is_a_copy(self):
        plan = self.env["account.analytic.plan"].create({"name": "Shops"})
        analytic = self.env["account.analytic.account"].create(
            {"name": "Downtown", "plan_id": plan.id}
        )
        section = {"display_type": "line_section", "name": "Presents", "sequence": 1}
        invoice = self._draft_sale(
            3,
            name="For Ada",
            sequence=2,
            analytic_distribution={str(analytic.id): 100},
        )
        invoice.invoice_line_ids = [
            Command.create(section),
            Command.create(
                {
                    "name": "Lesson",
                    "sequence": 3,
                    "quantity": 2,
                    "price_unit": 10,
                    "tax_ids": [],
                }
            ),
        ]
        invoice.with_user(self.clerk).action_post()
        self.assertRecordValues(
            invoice.invoice_line_ids.sorted("sequence"),
            [
                {**section, "quantity": 0, "analytic_distribution": False},
                *[
                    {
                        "display_type": "product",
                        "name": "For Ada",
                        "sequence": 2,
                        "quantity": 1,
                        "analytic_distribution": {str(analytic.id): 100},
                    }
                ]
                * 3,
                {
                    "display_type": "product",
                    "name": "Lesson",
                    "sequence": 3,
                    "quantity": 2,
                    "analytic_distribution": False,
                },
            ],
        )
        revenue = self.company_data["default_account_revenue"]
        self.assertItems(
            invoice,
            [
                (self.env["account.account"], 0, 0),  # The section.
                *[(self.sold, -50, -50)] * 3,
                (revenue, -20, -20),
                (self.receivable, 170, 170),
            ],
        )

    def test_product_has_no_taxes(self):
        self.assertFalse(self.product.taxes_id)
        with self.assertRaises(ValidationError):
            self.product.taxes_id = self.company_data["default_tax_sale"]
        with self.assertRaises(ValidationError):
            self.product.is_credit_item = True

    def test_nothing_beside_it_pays_for_it(self):
        invoice = self._draft_sale()
        invoice.invoice_line_ids = [
            Command.create({"name": name, "price_unit": price, "tax_ids": []})
            for name, price in (("Lesson", 20), ("Goodwill", -20.01))
        ]
        with self.assertRaisesRegex(UserError, "less than its gift cards"):
            invoice.with_user(self.clerk).action_post()
        self.assertEqual(invoice.state, "draft")
        invoice.invoice_line_ids[-1].price_unit = -20
        invoice.with_user(self.clerk).action_post()
        self.assertItems(
            invoice,
            [
                (self.sold, -50, -50),
                (self.company_data["default_account_revenue"], -20, -20),
                (self.company_data["default_account_revenue"], 20, 20),
                (self.receivable, 50, 50),
            ],
        )

    def test_active_when_paid_and_blocked_when_that_is_undone(self):
        invoice = self._sell()
        card = invoice.sold_value_ids
        with self.assertRaisesRegex(UserError, "as soon as"):
            card.with_user(self.manager).action_unblock()
        self._pay(invoice, 20)
        self.assertEqual(card.state, "blocked")
        payment = self._pay(invoice)
        self.assertEqual((card.state, card.awaits_payment), ("active", False))
        # Odoo keeps the reconciliation of a payment that is reset.
        payment.action_draft()
        payment.action_cancel()
        self.assertEqual((card.state, card.awaits_payment), ("blocked", True))
        self._pay(invoice)
        self.assertEqual(card.state, "active")
        [partial, _other] = invoice.line_ids.matched_credit_ids
        invoice.js_remove_outstanding_partial(partial.id)
        self.assertEqual((card.state, card.awaits_payment), ("blocked", True))

    def test_what_was_redeemed_is_blocked_too(self):
        invoice = self._sell()
        payment = self._pay(invoice)
        card = invoice.sold_value_ids
        code = card.with_user(self.clerk).action_new_code()
        answer = self.values.with_user(self.clerk).redeem(code, self.accounts[1].id)
        redeemed = self.values.browse(answer["id"])
        payment.action_cancel()
        self.assertEqual(redeemed.state, "blocked")
        self.assertEqual(card.state, "used")

    def test_what_comes_back_to_a_used_card_waits_for_its_payment(self):
        invoice = self._sell()
        payment = self._pay(invoice)
        card = invoice.sold_value_ids
        bill = self._create_invoice(self.account, 50)
        card.with_user(self.clerk).apply_to_invoice(bill.id)
        payment.action_cancel()
        self.assertEqual((card.state, card.balance), ("used", 0))
        bill.button_cancel()
        self.assertRecordValues(
            card, [{"state": "blocked", "balance": 50, "awaits_payment": True}]
        )
        self._pay(invoice)
        self.assertEqual((card.state, card.awaits_payment), ("active", False))

    def test_a_card_blocked_by_hand_stays_so(self):
        invoice = self._sell()
        payment = self._pay(invoice)
        card = invoice.sold_value_ids
        card.with_user(self.clerk).action_block("Lost")
        payment.action_cancel()
        self.assertEqual((card.state, card.awaits_payment), ("blocked", False))
        with self.assertRaisesRegex(UserError, "is active as soon as"):
            card.with_user(self.manager).action_unblock()
        self._pay(invoice)
        card.with_user(self.manager).action_unblock()
        self.assertEqual(card.state, "active")

    def test_stored_value_and_credits_do_not_pay_for_it(self):
        self.company.auto_apply_gift_cards = True
        self._issue(30, funding="promotion")
        prepayment = self._issue(40, "prepayment")
        credit = self._post_line(15)
        invoice = self._sell()
        self.assertEqual(invoice.amount_residual, 50)
        with self.assertRaisesRegex(UserError, "without gift cards"):
            prepayment.with_user(self.clerk).apply_to_invoice(invoice.id)
        invoice.with_user(self.clerk).apply_account_credits()
        self.assertEqual(invoice.amount_residual, 50)
        lines = (credit.move_id + invoice).line_ids.filtered(
            lambda line: line.account_id == self.receivable
        )
        with (
            self.assertRaisesRegex(UserError, "register a payment"),
            self.env.cr.savepoint(),
        ):
            lines.reconcile()

    def test_line_that_can_be_no_card(self):
        revenue = self.company_data["default_account_revenue"]
        tax = self.company_data["default_tax_sale"]
        for message, vals in (
            ("whole number", {"quantity": 1.5}),
            ("above zero", {"price_unit": 0}),
            ("must be above zero", {"discount": 100}),
            ("taxed", {"tax_ids": [Command.set(tax.ids)]}),
            ("booked on", {"account_id": revenue.id}),
        ):
            with self.subTest(message):
                invoice = self._draft_sale(**vals)
                with self.assertRaisesRegex(UserError, message):
                    invoice.action_post()

    def test_tax_of_zero_that_a_law_wants_on_each_line(self):
        exempt = self.company_data["default_tax_sale"].copy(
            {"name": "Exempt", "amount": 0}
        )
        self.product.taxes_id = exempt
        invoice = self._sell(2)
        self.assertItems(
            invoice, [*[(self.sold, -50, -50)] * 2, (self.receivable, 100, 100)]
        )
        for line in invoice.invoice_line_ids:
            self.assertEqual(line.tax_ids, exempt)
        self.assertEqual(invoice.sold_value_ids.mapped("initial_amount"), [50, 50])
        # One for each line, and one for each company.
        both = exempt | exempt.copy({"name": "Not subject"})
        with self.assertRaisesRegex(ValidationError, "service without taxes"):
            self.product.taxes_id = both
        invoice = self._draft_sale(tax_ids=[Command.set(both.ids)])
        with self.assertRaisesRegex(UserError, "choose the one that is zero"):
            invoice.action_post()

    def test_copy_sells_another_card(self):
        invoice = self._sell()
        copy = invoice.copy({"invoice_date": "2024-03-05"})
        copy.action_post()
        self.assertEqual(len(copy.sold_value_ids), 1)
        self.assertNotEqual(copy.sold_value_ids, invoice.sold_value_ids)

    def test_invoice_stays_posted(self):
        invoice = self._sell()
        self.assertFalse(invoice.show_reset_to_draft_button)
        for undo in (invoice.button_draft, invoice.button_cancel):
            with self.assertRaises(UserError):
                undo()
        with self.assertRaisesRegex(UserError, "credit note"):
            invoice.sold_value_ids.with_user(self.manager).action_void("Mistake")

    def _reverse(self, invoice, **vals):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": "2024-03-09"})
        )
        action = wizard.refund_moves()
        credit_note = self.env["account.move"].browse(action["res_id"])
        for line in credit_note.invoice_line_ids:
            line.write(vals)
        return credit_note

    def test_credit_note_takes_the_cards_back(self):
        invoice = self._sell(2)
        cards = invoice.sold_value_ids
        credit_note = self._reverse(invoice)
        credit_note.action_post()
        self.assertItems(
            credit_note,
            [*[(self.sold, 50, 50)] * 2, (self.receivable, -100, -100)],
        )
        self.assertRecordValues(
            cards, [{"state": "void", "balance": 0, "awaits_payment": False}] * 2
        )

    def test_credit_note_takes_back_what_is_left(self):
        invoice = self._sell()
        self._pay(invoice)
        card = invoice.sold_value_ids
        bill = self._create_invoice(self.account, 30)
        card.with_user(self.clerk).apply_to_invoice(bill.id)
        credit_note = self._reverse(invoice)
        with self.assertRaisesRegex(UserError, "has .*20.00 left"):
            credit_note.action_post()
        credit_note.invoice_line_ids.price_unit = 20
        credit_note.action_post()
        self.assertEqual((card.state, card.balance), ("void", 0))
        self.assertEqual(bill.payment_state, "paid")
        # What comes back goes onto the account, as what the credit note took.
        bill.button_cancel()
        self.assertEqual((card.state, card.balance), ("void", 0))
        void = card.move_line_ids.move_id.sorted("id")[-1]
        self.assertItems(void, [(self.sold, 30, 30), (self.receivable, -30, -30)])
        with self.assertRaisesRegex(UserError, "is void"):
            card.with_user(self.manager).action_unblock()

    def test_credit_note_names_no_other_card(self):
        other = self._issue(100)
        credit_note = self._reverse(self._sell())
        # What nobody can send over RPC.
        with_posting(credit_note.invoice_line_ids, "event").stored_value_id = other
        with (
            self.assertRaisesRegex(UserError, "hold the money"),
            self.env.cr.savepoint(),
        ):
            credit_note.action_post()

    def test_foreign_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2024-01-01", 0.5)])
        invoice = self._draft_sale(price_unit=40)
        invoice.currency_id = euro
        invoice.invoice_line_ids.price_unit = 40
        invoice.action_post()
        self.assertItems(invoice, [(self.sold, -80, -40), (self.receivable, 80, 40)])
        self.assertRecordValues(
            invoice.sold_value_ids, [{"currency_id": euro.id, "balance": 40}]
        )

    def test_sale_in_a_locked_month_says_when_it_is_booked(self):
        self.company.fiscalyear_lock_date = "2024-03-31"
        invoice = self._sell()
        self.assertGreater(str(invoice.date), "2024-03-31")
        card = invoice.sold_value_ids
        self.assertEqual(card.move_line_ids.date, invoice.date)
        self.assertEqual(card.issue_date, invoice.date)

    def test_dated_ahead_waits(self):
        invoice = self._draft_sale()
        invoice.invoice_date = "2099-01-01"
        invoice._post(soft=True)
        self.assertEqual(invoice.state, "draft")
        self.assertFalse(invoice.sold_value_ids)

    def test_who_bills_need_not_see_stored_value(self):
        biller = self._create_user("biller", "account.group_account_invoice")
        biller.group_ids -= self.env.ref("account_credit_posting.group_credit_user")
        invoice = self._draft_sale().with_user(biller)
        invoice.action_post()
        self.assertEqual(len(invoice.sudo().sold_value_ids), 1)
