from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models.stored_value import stored_value_events, stored_value_expiry
from ..tools.posting import with_posting
from ..tools.triggers import check_now
from .common import AccountCreditCommon
from .common_single_purpose import SinglePurposeCommon


@tagged("post_install", "-at_install")
class TestSinglePurposeProduct(AccountCreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.templates = cls.env["product.template"]

    def _create_product(self, **vals):
        return self.templates.create({"name": "Voucher", "is_gift_card": True, **vals})

    def test_gift_card_is_multi_purpose_and_untaxed(self):
        product = self._create_product()
        self.assertEqual(product.voucher_kind, "multi")
        self.assertFalse(product.taxes_id)
        with self.assertRaisesRegex(ValidationError, "a service without taxes"):
            product.taxes_id = self.tax

    def test_single_purpose_has_the_tax_of_sold_products(self):
        product = self._create_product(voucher_kind="single")
        self.assertIn(self.tax, product.taxes_id)
        self.assertEqual(product.type, "service")

    def test_single_purpose_has_one_tax_that_charges(self):
        other = self.tax.copy({"name": "Another"})
        zero = self.tax.copy({"name": "Zero", "amount": 0})
        fixed = self.tax.copy({"name": "Fixed", "amount_type": "fixed"})
        later = self.tax.copy({"name": "Later"})
        waiting = self.company_data["default_account_receivable"].copy()
        later.write(
            {
                "cash_basis_transition_account_id": waiting.id,
                "tax_exigibility": "on_payment",
            }
        )
        shared = self.tax.copy({"name": "Without an account"})
        shared.invoice_repartition_line_ids.account_id = False
        for taxes, problem in (
            (self.tax.browse(), "it must have exactly one tax"),
            (self.tax + other, "it must have exactly one tax"),
            (zero, "its tax must charge an amount"),
            (fixed, "its tax must be a percentage"),
            (later, "its tax must be due on the invoice"),
            (shared, "tax accounts of its own"),
        ):
            with (
                self.subTest(taxes=taxes.mapped("name")),
                self.assertRaisesRegex(ValidationError, f"single-purpose.*{problem}"),
            ):
                self._create_product(
                    voucher_kind="single", taxes_id=[Command.set(taxes.ids)]
                )

    def test_form_proposes_the_tax_and_takes_it_away(self):
        with Form(self.templates, "product.product_template_form_view") as form:
            form.name = "Voucher"
            form.is_gift_card = True
            self.assertFalse(form.taxes_id)
            form.voucher_kind = "single"
            self.assertEqual(form.taxes_id[:], self.tax)
            form.voucher_kind = "multi"
            self.assertFalse(form.taxes_id)
            form.voucher_kind = "single"
        self.assertEqual(form.record.taxes_id, self.tax)


@tagged("post_install", "-at_install")
class TestSinglePurposeEvents(SinglePurposeCommon):
    """Each event of a single-purpose voucher, to the last item and tax tag."""

    def _get_sale(self, factor=-1):
        return [
            (self.sold, 100 * factor, 100 * factor, "base", "base"),
            (self.vat, 21 * factor, 21 * factor, "tax", "tax"),
        ]

    def _get_part(self, net, tax):
        return [
            (self.sold, net, net, "base", "base"),
            (self.vat, tax, tax, "tax", "tax"),
        ]

    def _get_issue(self, account=None):
        return (
            "issue",
            [(account or self.outstanding, 121, 121, "", ""), *self._get_sale()],
        )

    def test_sold_for_money(self):
        value = self._sell_voucher()
        self.assertTaxed(
            value,
            [("issue", [(self.outstanding, 121, 121, "", ""), *self._get_sale()])],
        )
        self.assertRecordValues(
            value,
            [
                {
                    "state": "active",
                    "balance": 121,
                    "initial_amount": 121,
                    "voucher_kind": "single",
                    "voucher_tax_id": self.tax.id,
                    "funding_account_id": self.outstanding.id,
                }
            ],
        )
        [tax_item] = value.move_line_ids.filtered("tax_repartition_line_id")
        self.assertEqual(tax_item.tax_line_id, self.tax)
        self.assertEqual(tax_item.tax_base_amount, -100)
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})
        self.assertEqual(self.account.gift_card_balance, 121)

    def test_used_on_an_invoice_reports_the_tax_once(self):
        value = self._sell_voucher()
        invoice = self._invoice()
        self.assertEqual(self._get_report(), {"base": 200, "tax": 42})
        value.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertTaxed(
            value,
            [
                ("issue", [(self.outstanding, 121, 121, "", ""), *self._get_sale()]),
                ("use", [(self.receivable, -121, -121, "", ""), *self._get_sale(1)]),
            ],
        )
        self.assertEqual((value.state, value.balance), ("used", 0))
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})

    def test_parts_add_up_to_the_cent(self):
        value = self._sell_voucher(100)
        self.assertEqual(self._get_parts(value), (82.64, 17.36))
        for amount, parts in (
            (33.33, (55.10, 11.57)),
            (33.33, (27.55, 5.79)),
            (0.01, (27.54, 5.79)),
            (33.33, (0, 0)),
        ):
            value.apply_to_invoice(self._invoice(amount).id)
            self.assertEqual(self._get_parts(value), parts)
        self.assertEqual(value.state, "used")
        self.assertTiesOut()

    def test_undone(self):
        value = self._sell_voucher()
        invoice = self._invoice(60.5)
        value.apply_to_invoice(invoice.id)
        self.assertEqual(self._get_parts(value), (50, 10.5))
        invoice.unapply_account_credits()
        self.assertTaxed(
            value,
            [
                self._get_issue(),
                (
                    "use",
                    [
                        (self.receivable, -60.5, -60.5, "", ""),
                        *self._get_part(50, 10.5),
                    ],
                ),
                (
                    "undo",
                    [
                        (self.receivable, 60.5, 60.5, "", ""),
                        *self._get_part(-50, -10.5),
                    ],
                ),
            ],
        )
        self.assertEqual(value.balance, 121)
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertEqual(self._get_report(), {"base": 150, "tax": 31.5})

    def test_made_of_money_on_the_account(self):
        self._create_payment(121)
        value = self._sell_voucher(funding="reclass")
        self.assertTaxed(value, [self._get_issue(self.receivable)])
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})
        self.assertTrue(
            all(
                item.reconciled
                for item in value.move_line_ids.move_id.line_ids
                if item.account_id == self.receivable
            )
        )

    def test_price_paid_back(self):
        value = self._sell_voucher()
        value.refund(60.5, self.bank.id)
        value.refund(60.5, self.bank.id)
        refunded = [
            (self.paid_back, -60.5, -60.5, "", ""),
            *self._get_part(50, 10.5),
        ]
        self.assertTaxed(
            value, [self._get_issue(), ("refund", refunded), ("refund", refunded)]
        )
        self.assertEqual(value.state, "used")
        self.assertEqual(self._get_report(), {})

    def test_taken_back_as_a_mistake(self):
        value = self._sell_voucher()
        value.action_void("Wrong account")
        self.assertTaxed(
            value,
            [
                self._get_issue(),
                (
                    "void",
                    [(self.outstanding, -121, -121, "", ""), *self._get_sale(1)],
                ),
            ],
        )
        self.assertEqual(value.state, "void")
        self.assertEqual(self._get_report(), {})

    def test_lowered(self):
        value = self._sell_voucher()
        value.adjust(60.5, "Typed twice as much")
        self.assertTaxed(
            value,
            [
                self._get_issue(),
                (
                    "adjust",
                    [
                        (self.outstanding, -60.5, -60.5, "", ""),
                        *self._get_part(50, 10.5),
                    ],
                ),
            ],
        )
        self.assertEqual(value.initial_amount, 60.5)
        self.assertEqual(self._get_report(), {"base": 50, "tax": 10.5})
        with self.assertRaisesRegex(UserError, "cannot be raised"):
            value.adjust(70, "More")

    def test_expired_leaves_the_tax_due(self):
        self.company.paid_value_expires = True
        value = self._sell_voucher(expiry_date="2024-03-20")
        with freeze_time("2024-04-20"):
            stored_value_expiry._expire_today(value.sudo())
        self.assertTaxed(
            value,
            [
                self._get_issue(),
                (
                    "expire",
                    [
                        (self.sold, 100, 100, "", ""),
                        (self.breakage, -100, -100, "", ""),
                        (self.vat, 21, 21, "tax", "tax"),
                        (self.vat, -21, -21, "tax", "tax"),
                    ],
                ),
            ],
        )
        self.assertEqual((value.state, value.balance), ("expired", 0))
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})

    def test_moved_and_used_there(self):
        value = self._sell_voucher()
        target = self.values.browse(value.move_to(self.other_account.id, 60.5))
        self.assertTaxed(
            value,
            [
                self._get_issue(),
                ("move", [*self._get_part(50, 10.5), *self._get_part(-50, -10.5)]),
            ],
        )
        self.assertRecordValues(
            target,
            [
                {
                    "balance": 60.5,
                    "voucher_kind": "single",
                    "voucher_tax_id": self.tax.id,
                    "product_id": self.product.id,
                }
            ],
        )
        self.assertEqual(self._get_parts(target), (50, 10.5))
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})
        invoice = self._invoice(60.5, self.other_account)
        target.apply_to_invoice(invoice.id)
        self.assertEqual((target.state, value.balance), ("used", 60.5))
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})
        self.assertTiesOut()

    def test_moved_where_the_tax_rounds_to_nothing(self):
        value = self._sell_voucher(0.02)
        self.assertEqual(self._get_report(), {"base": 0.02})
        target = self.values.browse(value.move_to(self.other_account.id, 0.02))
        self.assertEqual(self._get_parts(target), (0.02, 0))
        self.assertEqual(self._get_report(), {"base": 0.02})
        self.assertTiesOut()

    def test_redeemed(self):
        value = self._sell_voucher()
        target = self.values.redeem(self.code, self.other_account.id)
        target = self.values.browse(target["id"])
        self.assertEqual(self._get_parts(target), (100, 21))
        self.assertEqual(self._get_parts(value), (0, 0))
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})
        self.assertTiesOut()

    # -------------------------------------------------------------------------
    # WHAT IS NOT POSSIBLE
    # -------------------------------------------------------------------------

    def test_refused(self):
        # README says: "It cannot be given away"
        for vals, sentence in (
            ({"funding": "promotion"}, "nothing is paid for a gift card given away"),
            (
                {
                    "funding": "opening",
                    "opening_account_id": self.opening.id,
                    "user": self.manager,
                },
                "its tax was reported where it was sold",
            ),
            ({"value_type": "prepayment"}, "has no gift card product"),
        ):
            with (
                self.subTest(sentence),
                self.assertRaisesRegex(UserError, sentence),
                self.cr.savepoint(),
            ):
                self._sell_voucher(**vals)
        value = self._sell_voucher()
        other = self._issue(10)
        with self.assertRaisesRegex(UserError, "cannot become a part of"):
            stored_value_events.join(value, other, 10)
        with self.assertRaisesRegex(UserError, "is tax that was already charged"):
            stored_value_events.hand(value, self.payable, "Handed")

    def test_pays_nothing_by_itself(self):
        self.company.write(
            {"auto_apply_gift_cards": True, "credit_application_policy": "posted"}
        )
        value = self._sell_voucher()
        card = self._issue(10)
        invoice = self._invoice()
        self.assertEqual((value.balance, card.balance), (121, 0))
        self.assertEqual(invoice.amount_residual, 111)

    def test_locked_taxes(self):
        value = self._sell_voucher()
        self.company.tax_lock_date = "2024-03-31"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._sell_voucher()
        # Without a tax, it is not.
        self.assertEqual(self._issue(10).balance, 10)
        with freeze_time("2024-03-20"), self.assertRaisesRegex(UserError, "is locked"):
            value.refund(10, self.bank.id)

    def test_cents_of_a_rate_that_rounds(self):
        self.tax.amount = 99
        value = self._sell_voucher(0.01)
        self.assertEqual(self._get_parts(value), (0.01, 0))
        other = self._sell_voucher(0.03)
        self.assertEqual(self._get_parts(other), (0.02, 0.01))
        other.refund(0.01, self.bank.id)
        other.refund(0.02, self.bank.id)
        value.refund(0.01, self.bank.id)
        self.assertEqual((value.state, other.state), ("used", "used"))
        self.assertEqual(self._get_report(), {})

    def test_same_request_under_a_key_is_done_once(self):
        key = {"idempotency_key": "massage"}
        value = self._sell_voucher(**key)
        self.assertEqual(self._sell_voucher(**key), value)
        value.refund(60.5, self.bank.id, idempotency_key="back")
        value.refund(60.5, self.bank.id, idempotency_key="back")
        self.assertEqual(self._get_parts(value), (50, 10.5))

    def test_product_of_another_company_is_refused(self):
        other = self.setup_other_company()
        product = self.product.create(
            {
                "name": "Massage",
                "is_gift_card": True,
                "voucher_kind": "single",
                "taxes_id": [Command.set(other["default_tax_sale"].ids)],
                "company_id": other["company"].id,
            }
        )
        with self.assertRaises(AccessError):
            self._issue(10, product_id=product.id)

    def test_database_refuses_more_than_the_net_or_the_tax(self):
        # README says: "Net and tax are each never below zero"
        """Even where both together are there."""
        # README says: "Net and tax are each never below zero"
        value = self._sell_voucher()
        tax_item = value.move_line_ids.filtered("tax_repartition_line_id")
        shares = {"tax_repartition_line_id": tax_item.tax_repartition_line_id.id}
        for account, amount, vals in (
            (self.sold, 110, {}),
            (self.vat, 22, shares),
        ):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self._post_use(value, account, amount, **vals)
                check_now(self.env.cr)
            self.env.invalidate_all()
        self._post_use(value, self.vat, 21, **shares)
        check_now(self.env.cr)
        # No item of a multi-purpose card is on the account of a tax.
        other = self._issue(10)
        with self.assertRaisesRegex(UserError, "must name"):
            self._post_use(other, self.vat, 5, **shares)
        # And what is posted stays.
        with self.assertRaisesRegex(UserError, "cannot be changed|stays"):
            tax_item.account_id = self.credit_account
        self.not_proven = ("uses", "events")

    def _post_use(self, value, account, amount, **vals):
        """Post a use that no builder builds."""
        values = {"partner_id": self.account.id}
        move = with_posting(self.env["account.move"], "event").create(
            {
                "stored_value_event": "use",
                "line_ids": [
                    Command.create(
                        {
                            **values,
                            **vals,
                            "account_id": account.id,
                            "balance": amount,
                            "stored_value_id": value.id,
                        }
                    ),
                    Command.create(
                        {
                            **values,
                            "account_id": self.receivable.id,
                            "balance": -amount,
                        }
                    ),
                ],
            }
        )
        move.action_post()

    def test_product_says_what_can_be_charged(self):
        self.tax.invoice_repartition_line_ids.account_id = False
        with self.assertRaisesRegex(UserError, "tax accounts of its own"):
            self._sell_voucher()

    # -------------------------------------------------------------------------
    # FROZEN
    # -------------------------------------------------------------------------

    def test_later_changes_change_nothing(self):
        value = self._sell_voucher()
        self.tax.amount = 10
        self.tax.copy({"name": "Another"})
        template = self.product.product_tmpl_id
        template.write({"voucher_kind": "multi", "taxes_id": False})
        invoice = self._invoice(60.5)
        value.apply_to_invoice(invoice.id)
        self.assertEqual(self._get_parts(value), (50, 10.5))
        self.assertEqual(value.voucher_kind, "single")
        self.assertIn("VAT 21%", value.voucher_note)
        # And a card that was sold as multi-purpose stays so.
        other = self._sell_voucher(50)
        template.write(
            {"taxes_id": [Command.set(self.tax.ids)], "voucher_kind": "single"}
        )
        self.assertEqual(other.voucher_kind, "multi")
        self.assertEqual(self._get_parts(other), (50, 0))
        with self.assertRaises(AccessError):
            other.with_user(self.manager).voucher_kind = "single"

    # -------------------------------------------------------------------------
    # CURRENCIES
    # -------------------------------------------------------------------------

    def test_other_currencies(self):
        for name, rounding, amount, parts, first in (
            ("KWD", 0.001, 12.1, (10, 2.1), 3.333),
            ("JPY", 1, 121, (100, 21), 33),
        ):
            currency = self.setup_other_currency(
                name, rounding=rounding, rates=[("2020-01-01", 3)]
            )
            currency.rounding = rounding
            value = self._sell_voucher(amount, currency_id=currency.id)
            self.assertEqual(self._get_parts(value), parts)
            sale = value.move_line_ids.move_id
            self.assertAlmostEqual(sum(sale.line_ids.mapped("balance")), 0)
            self.env["res.currency.rate"].create(
                {"name": "2024-03-16", "rate": 5, "currency_id": currency.id}
            )
            with freeze_time("2024-03-18"):
                for used in (first, first):
                    value.apply_to_invoice(self._invoice_in(currency, used).id)
                value.refund(value.balance, self.bank.id)
            self.assertEqual(self._get_parts(value), (0, 0))
            # Nothing is left in company currency, either, at whatever rate.
            for tax in (False, self.tax):
                items = value.move_line_ids.filtered(
                    lambda item, tax=tax: bool(item.tax_line_id) == bool(tax)
                )
                self.assertAlmostEqual(sum(items.mapped("balance")), 0)
            self.assertTiesOut()

    def _invoice_in(self, currency, amount):
        return self._create_invoice(self.account, amount, currency_id=currency.id)

    # -------------------------------------------------------------------------
    # WHAT IS SHOWN
    # -------------------------------------------------------------------------

    def test_history_shows_what_it_is_good_for(self):
        value = self._sell_voucher()
        value.apply_to_invoice(self._invoice(60.5).id)
        self.env.flush_all()
        self.assertEqual(
            [
                (row.event, row.amount, row.balance_after)
                for row in self.env["account.stored.value.movement"].search(
                    [("stored_value_id", "=", value.id)], order="id"
                )
            ],
            [("issue", 121, 121), ("use", -60.5, 60.5)],
        )
        rows = self.env["account.billing.movement"].search(
            [("partner_id", "=", self.account.id), ("stored_value_id", "=", value.id)],
            order="id",
        )
        self.assertEqual(rows.mapped("amount_held"), [121, -60.5])
        self.assertEqual(rows.mapped("balance_held"), [121, 60.5])

    def test_note_says_the_kind_and_the_tax(self):
        value = self._sell_voucher()
        self.assertShows(
            value.voucher_note, "Single-purpose", "VAT 21%", "100.00", "21.00"
        )
        draft = self.values.new(
            {"value_type": "gift_card", "product_id": self.product.id}
        )
        self.assertShows(draft.voucher_note, "VAT 21% is due when it is issued")
        self.assertShows(self._issue(10).voucher_note, "Multi-purpose")
        self.assertFalse(self._issue(10, value_type="prepayment").voucher_note)


@tagged("post_install", "-at_install")
class TestSinglePurposeInvoice(SinglePurposeCommon):
    """Single-purpose vouchers that are sold on an invoice."""

    def _sell_on_invoice(self, lines=(), quantity=1, **vals):
        invoice = (
            self.env["account.move"]
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.account.id,
                    "invoice_date": "2024-03-01",
                    "invoice_line_ids": [
                        Command.create(
                            {"product_id": self.product.id, "quantity": quantity}
                        ),
                        *map(Command.create, lines),
                    ],
                    **vals,
                }
            )
            .with_user(self.clerk)
        )
        invoice.action_post()
        return invoice.with_user(self.env.user)

    def _pay(self, invoice):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": "2024-03-02"})._create_payments()

    def test_each_voucher_has_its_own_tax_item(self):
        lesson = {
            "name": "Lesson",
            "price_unit": 121,
            "tax_ids": [Command.set(self.tax.ids)],
        }
        invoice = self._sell_on_invoice([lesson], quantity=2)
        income = self.company_data["default_account_revenue"]
        sold = [(self.sold, -100, -100), (self.vat, -21, -21)]
        self.assertItems(
            invoice,
            [
                *sold,
                *sold,
                (income, -100, -100),
                (self.vat, -21, -21),
                (self.receivable, 363, 363),
            ],
        )
        vouchers = invoice.sold_value_ids
        self.assertRecordValues(
            vouchers,
            [
                {
                    "state": "blocked",
                    "balance": 121,
                    "initial_amount": 121,
                    "voucher_kind": "single",
                    "voucher_tax_id": self.tax.id,
                    "product_id": self.product.id,
                }
            ]
            * 2,
        )
        for voucher in vouchers:
            self.assertEqual(self._get_parts(voucher), (100, 21))
        self.assertEqual(self._get_report(), {"base": 300, "tax": 63})
        self._pay(invoice)
        self.assertEqual(set(vouchers.mapped("state")), {"active"})
        vouchers[0].apply_to_invoice(self._invoice().id)
        self.assertEqual(self._get_report(), {"base": 300, "tax": 63})
        self.assertTiesOut()

    def test_net_price_is_raised_by_the_tax(self):
        self.tax.price_include_override = "tax_excluded"
        invoice = self._sell_on_invoice()
        self.assertEqual(invoice.amount_total, 146.41)
        self.assertEqual(invoice.sold_value_ids.initial_amount, 146.41)
        self.assertEqual(self._get_parts(invoice.sold_value_ids), (121, 25.41))
        self.assertTiesOut()

    def test_rounding_of_the_whole_document(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self.product.list_price = 10.03
        invoice = self._sell_on_invoice(quantity=3)
        self.assertAlmostEqual(
            sum(invoice.sold_value_ids.mapped("initial_amount")), invoice.amount_total
        )
        self.assertTiesOut()

    def test_credit_note_takes_it_back(self):
        invoice = self._sell_on_invoice(quantity=2)
        note = invoice._reverse_moves(
            [{"date": "2024-03-20", "invoice_date": "2024-03-20"}], cancel=True
        )
        self.assertEqual(note.state, "posted")
        self.assertEqual(set(invoice.sold_value_ids.mapped("state")), {"void"})
        for voucher in invoice.sold_value_ids:
            self.assertEqual(self._get_parts(voucher), (0, 0))
        self.assertEqual(
            self._get_report(),
            {"base": 200, "tax": 42, "base credited": -200, "tax credited": -42},
        )
        self.assertTiesOut()

    def test_half_is_taken_back_and_the_rest_used(self):
        invoice = self._sell_on_invoice()
        self._pay(invoice)
        note = invoice._reverse_moves(
            [{"date": "2024-03-20", "invoice_date": "2024-03-20"}]
        )
        note.invoice_line_ids.price_unit = 60.5
        note.action_post()
        voucher = invoice.sold_value_ids
        self.assertEqual(self._get_parts(voucher), (50, 10.5))
        voucher.apply_to_invoice(self._invoice(60.5).id)
        self.assertEqual(voucher.state, "used")
        self.assertTiesOut()

    def test_without_its_tax_it_is_refused(self):
        zero = self.tax.copy({"name": "Zero", "amount": 0})
        with self.assertRaisesRegex(UserError, "its tax must charge an amount"):
            self._sell_on_invoice(
                invoice_line_ids=[
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "tax_ids": [Command.set(zero.ids)],
                        }
                    )
                ]
            )

    def test_dialog_warns_where_the_tax_is_another(self):
        voucher = self._sell_voucher()
        other = self.tax.copy({"name": "VAT 9%", "amount": 9})
        invoice = self._create_invoice(
            self.account,
            121,
            invoice_line_ids=[
                Command.create(
                    {
                        "name": name,
                        "price_unit": 60.5,
                        "tax_ids": [Command.set(tax.ids)],
                    }
                )
                for name, tax in (("Massage", self.tax), ("Book", other))
            ],
        )
        action = invoice.with_user(self.clerk).action_use_stored_value()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        self.assertShows(dialog.preview, voucher.name, "VAT 21%", "60.50", "taxed")
        invoice = self._invoice()
        action = invoice.with_user(self.clerk).action_use_stored_value()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        self.assertNotIn("was taxed with", dialog.preview)


@tagged("post_install", "-at_install")
class TestSinglePurposeDesk(SinglePurposeCommon):
    """Single-purpose vouchers from Post Transaction and from Post Payment."""

    def _get_issue(self, account):
        return [
            (
                "issue",
                [
                    (account, 121, 121, "", ""),
                    (self.sold, -100, -100, "base", "base"),
                    (self.vat, -21, -21, "tax", "tax"),
                ],
            )
        ]

    def _open_payment(self, **vals):
        pages = self.env["account.post.payment"].with_user(self.clerk)
        return pages.create(
            {
                "partner_id": self.account.id,
                "amount": 221,
                "date": "2024-03-20",
                "journal_id": self.bank.id,
                "rest_as": "prepayment",
                "product_id": self.product.id,
                **vals,
            }
        )

    def _find_held(self):
        return self.values.search([("partner_id", "=", self.account.id)])

    def test_dialog_of_post_transaction(self):
        transaction = (
            self.env["account.post.transaction"]
            .with_user(self.clerk)
            .create(
                {
                    "transaction_type": "gift_card",
                    "line_ids": [Command.create({"partner_id": self.account.id})],
                }
            )
        )
        action = transaction.action_next()
        values = self.values.with_user(self.clerk).with_context(**action["context"])
        with Form(values, action["views"][0][0]) as form:
            form.initial_amount = 121
            form.journal_id = self.bank
            self.assertShows(form.voucher_note, "Multi-purpose voucher")
            form.product_id = self.product
            self.assertShows(form.voucher_note, "Single-purpose voucher")
        form.record.action_issue()
        self.assertTaxed(
            self.values.browse(form.record.id), self._get_issue(self.outstanding)
        )

    def test_rest_of_a_payment(self):
        invoice = self._create_invoice(self.account, 100)
        page = self._open_payment(memo="Spring")
        self.assertTrue(page.has_vouchers)
        self.assertShows(page.preview, "Is held as a gift card: Massage", "121.00")
        for _click in range(2):
            page.action_post()
        voucher = self._find_held()
        self.assertTaxed(voucher, self._get_issue(self.receivable))
        self.assertRecordValues(
            voucher,
            [
                {
                    "value_type": "gift_card",
                    "funding": "reclass",
                    "state": "active",
                    "balance": 121,
                    "voucher_kind": "single",
                    "voucher_tax_id": self.tax.id,
                    "product_id": self.product.id,
                    "expiry_date": False,
                    "memo": "Spring",
                }
            ],
        )
        self.assertEqual(invoice.amount_residual, 0)
        payment = page.sudo().payment_ids
        self.assertItems(
            payment.move_id,
            [(self.outstanding, 221, 221), (self.receivable, -221, -221)],
        )
        self.assertTrue(payment.is_reconciled)
        self.assertEqual(self._get_report(), {"base": 100, "tax": 21})
        self.assertShows(page.result, f"$ 121.00 is held as gift card {voucher.name}.")
        voucher.with_user(self.clerk).action_show_new_code()
        self.assertTrue(voucher.code_last4)

    def test_voucher_from_a_payment_expires_as_others(self):
        self.company.write({"paid_value_expires": True, "gift_card_validity_months": 6})
        self._open_payment().action_post()
        self.assertEqual(self._find_held().expiry_date, date(2024, 9, 20))

    def test_without_a_rest_that_is_held_no_voucher(self):
        self._create_invoice(self.account, 100)
        self._open_payment(amount=100).action_post()
        self._open_payment(amount=121, rest_as="credit").action_post()
        self.assertFalse(self._find_held())
        self.assertEqual(self._get_report(), {})

    def test_payment_that_cannot_be_held_is_not_posted(self):
        other = self.env["product.product"].create(
            {"name": "Card", "is_gift_card": True, "taxes_id": False}
        )
        page = self._open_payment(product_id=other.id)
        with (
            self.assertRaisesRegex(UserError, "Card is not a single-purpose voucher"),
            self.env.cr.savepoint(),
        ):
            page.action_post()
        self.company.tax_lock_date = "2024-03-31"
        page = self._open_payment()
        with (
            self.assertRaisesRegex(UserError, "is locked"),
            self.env.cr.savepoint(),
        ):
            page.action_post()
        self.assertFalse(self._find_held())
        self.assertFalse(page.sudo().payment_ids)

    def test_asked_for_only_where_there_are_vouchers(self):
        pages = self.env["account.post.payment"].with_user(self.clerk)
        with Form(pages) as form:
            form.partner_id = self.account
            form.rest_as = "prepayment"
            form.product_id = self.product
        self.assertEqual(form.record.product_id, self.product)
        self.product.active = False
        with Form(pages) as form:
            form.partner_id = self.account
            form.rest_as = "prepayment"
            with self.assertRaisesRegex(AssertionError, "invisible"):
                form.product_id = self.product
