from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestPostPaymentDiscount(StoredValueCommon):
    """Early payment discounts: given as by Odoo's Register Payment, and as exactly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("base.group_multi_currency")
        cls.term = cls._create_term("excluded")
        cls.tax = cls.company_data["default_tax_sale"]
        cls.loss = cls.company.account_journal_early_pay_discount_loss_account_id
        cls.cash = cls.company_data["default_journal_cash"]
        cls.days = {
            "before": "2024-03-11",  # The last one.
            "after": "2024-03-12",
        }

    @classmethod
    def _create_term(cls, computation, **vals):
        return cls.env["account.payment.term"].create(
            {
                "name": f"2 % in 10 days, {computation}",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": computation,
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 100, "nb_days": 30}
                    )
                ],
                **vals,
            }
        )

    def _bill(self, amount=100, term=None, account=None, taxes=(), **vals):
        """Post an invoice of March 1 that is discounted until March 11."""
        account = account or self.account
        move_vals = self._prepare_invoice_vals(account, amount, [Command.set(taxes)])
        invoice = self.env["account.move"].create(
            {
                **move_vals,
                "invoice_payment_term_id": (term or self.term).id,
                **vals,
            }
        )
        invoice.action_post()
        return invoice

    def _open(self, amount, date="before", **vals):
        return (
            self.env["account.post.payment"]
            .with_user(self.clerk)
            .create(
                {
                    "partner_id": self.account.id,
                    "amount": amount,
                    "date": self.days[date],
                    "journal_id": self.cash.id,
                    **vals,
                }
            )
        )

    def _post(self, amount, **vals):
        page = self._open(amount, **vals)
        page.action_post()
        self.assertEqual(page.step, "result")
        return page, page.sudo().payment_ids

    def test_what_is_owed_is_proposed_less_its_discount(self):
        self._bill()
        action = (
            self.env["account.post.transaction"]
            .with_user(self.clerk)
            ._get_open_action(partners=self.account)
        )
        transaction = self.env["account.post.transaction"].browse(action["res_id"])
        transaction = transaction.with_user(self.clerk)
        transaction.transaction_type = "payment"
        page = self.env["account.post.payment"].with_user(self.clerk)
        page = page.browse(transaction.action_next()["res_id"])
        # Today is after the last day of the discount.
        self.assertEqual(page.amount, 100)
        with Form(page) as form:
            form.date = self.days["before"]
            self.assertEqual(form.amount, 98)
            form.date = self.days["after"]
            self.assertEqual(form.amount, 100)

    def _register(self, invoice, date="before"):
        """Pay an invoice as Odoo does."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": self.days[date], "journal_id": self.cash.id})
        )
        return wizard, wizard._create_payments()

    def _describe(self, move):
        """Return all journal items of an entry, with what they say about taxes."""
        return sorted(
            (
                line.account_id.code,
                line.balance,
                line.amount_currency,
                line.tax_repartition_line_id.id,
                line.tax_ids.ids,
                line.tax_tag_ids.ids,
            )
            for line in move.line_ids
        )

    def assertAsRegistered(self, payment, invoice, date="before"):
        """Assert that Odoo books the same where it pays such an invoice."""
        twin = invoice.copy({"invoice_date": invoice.invoice_date})
        twin.invoice_payment_term_id = invoice.invoice_payment_term_id
        twin.action_post()
        wizard, registered = self._register(twin, date)
        self.assertEqual(wizard.amount, payment.amount)
        self.assertEqual(
            self._describe(payment.move_id), self._describe(registered.move_id)
        )
        self.assertEqual(twin.payment_state, invoice.payment_state)

    def assertDiscounted(self, computation, total, amount, discount, others):
        """Assert what is proposed and posted, to the last journal item.

        :param others: ``[(account, balance, amount in currency)]`` beside the money and
            the receivable
        """
        invoice = self._bill(term=self._create_term(computation), taxes=self.tax.ids)
        self.assertEqual(invoice.amount_total, total)
        page = self._open(
            amount, order="chosen", invoice_ids=[Command.set(invoice.ids)]
        )
        self.assertEqual(page._get_proposed_amount(), amount)
        page.action_post()
        payment = page.sudo().payment_ids
        self.assertItems(
            payment.move_id,
            [
                (self.outstanding, amount, amount),
                (self.receivable, -total, -total),
                *others,
            ],
        )
        self.assertEqual((invoice.amount_residual, payment.is_reconciled), (0, True))
        self.assertShows(
            page.result,
            f"{invoice.name}: $ {amount:.2f} and an early payment discount of "
            f"$ {discount:.2f}, paid in full.",
        )
        self.assertAsRegistered(payment, invoice)

    def test_discount_of_tax_too(self):
        [tax_account] = self.tax.invoice_repartition_line_ids.account_id
        self.assertDiscounted(
            "included",
            115,
            112.7,
            2.3,
            [(self.loss, 2, 2), (tax_account, 0.3, 0.3)],
        )

    def test_discount_without_tax(self):
        self.assertDiscounted("excluded", 115, 113, 2, [(self.loss, 2, 2)])

    def test_discount_of_tax_that_the_invoice_lowered(self):
        self.assertDiscounted("mixed", 114.7, 112.7, 2, [(self.loss, 2, 2)])

    def test_after_the_last_day_nothing_is_discounted(self):
        invoice = self._bill()
        page = self._open(98, "after")
        self.assertNotIn("discount", page.preview)
        page.action_post()
        payment = page.sudo().payment_ids
        self.assertItems(
            payment.move_id, [(self.outstanding, 98, 98), (self.receivable, -98, -98)]
        )
        self.assertEqual(invoice.amount_residual, 2)
        self.assertShows(page.result, "$ 2.00 still open")

    def test_other_amounts_are_not_discounted(self):
        for amount, open_amount, rest in ((97.99, 2.01, 0), (100, 0, 0), (99, 1, 0)):
            with self.subTest(amount), self.cr.savepoint() as savepoint:
                invoice = self._bill()
                page = self._open(amount)
                self.assertShows(
                    page.preview,
                    "Until 03/11/2024 $ 98.00 pay all, with an early payment discount "
                    "of $ 2.00.",
                )
                page.action_post()
                self.assertItems(
                    page.sudo().payment_ids.move_id,
                    [
                        (self.outstanding, amount, amount),
                        (self.receivable, -amount, -amount),
                    ],
                )
                self.assertAlmostEqual(invoice.amount_residual, open_amount)
                self.assertEqual(page.rest, rest)
                savepoint.rollback()

    def test_discounted_and_other_invoices_by_one_payment(self):
        first, plain = self._bill(), self._create_invoice(self.account, 40)
        second = self._bill(50)
        page, payment = self._post(187)
        self.assertItems(
            payment.move_id,
            [
                (self.outstanding, 187, 187),
                (self.receivable, -190, -190),
                (self.loss, 3, 3),
            ],
        )
        invoices = first | plain | second
        self.assertEqual(set(invoices.mapped("amount_residual")), {0})
        self.assertTrue(payment.is_reconciled)
        self.assertShows(page.result, "$ 98.00 and an early payment discount of $ 2.00")
        self.assertShows(page.result, f"{plain.name}: $ 40.00, paid in full")

    def test_payment_that_ends_with_a_whole_invoice(self):
        first = self._bill(invoice_date_due="2024-03-20", invoice_payment_term_id=False)
        second, later = self._bill(50), self._bill(70)
        # The plain one, then one of those that are discounted.
        _page, payment = self._post(149)
        self.assertItems(
            payment.move_id,
            [
                (self.outstanding, 149, 149),
                (self.receivable, -150, -150),
                (self.loss, 1, 1),
            ],
        )
        self.assertEqual((first | second | later).mapped("amount_residual"), [0, 0, 70])

    def test_preview_shows_the_discount(self):
        invoice = self._bill()
        page = self._open(98)
        self.assertShows(page.preview, invoice.name, "$ 98.00", "discount $ 2.00")
        self.assertNotIn("pay all", page.preview)
        self.assertEqual((page.amount_due, page.rest), (100, 0))
        page.date = self.days["after"]
        self.assertNotIn("discount", page.preview)

    def test_chosen_invoices_propose_what_pays_them(self):
        invoice, plain = self._bill(), self._create_invoice(self.account, 40)
        pages = self.env["account.post.payment"].with_user(self.clerk)
        with Form(pages) as form:
            form.partner_id = self.account
            form.date = fields.Date.to_date(self.days["before"])
            self.assertEqual(form.amount, 138)
            form.order = "chosen"
            self.assertEqual(form.amount, 0)
            form.invoice_ids.add(invoice)
            self.assertEqual(form.amount, 98)
            form.invoice_ids.add(plain)
            self.assertEqual(form.amount, 138)
            form.date = fields.Date.to_date(self.days["after"])
            self.assertEqual(form.amount, 140)
            # What somebody typed stays.
            form.amount = 60
            form.date = fields.Date.to_date(self.days["before"])
            self.assertEqual(form.amount, 60)
            form.order = "oldest"
            self.assertEqual(form.amount, 60)

    def test_page_of_an_invoice_proposes_what_pays_it(self):
        term = self._create_term("excluded", discount_days=20000)
        invoice = self._bill(term=term)
        action = invoice.with_user(self.clerk).action_post_credit()
        transaction = self.env["account.post.transaction"].browse(action["res_id"])
        transaction = transaction.with_user(self.clerk)
        transaction.transaction_type = "payment"
        action = transaction.action_next()
        page = self.env[action["res_model"]].with_user(self.clerk)
        page = page.browse(action["res_id"])
        self.assertEqual(page.amount, 98)
        self.assertEqual(page.proposed_amount, 98)
        page.action_post()
        self.assertEqual(invoice.amount_residual, 0)

    def test_invoice_paid_in_part_is_not_discounted(self):
        invoice = self._bill()
        self._post_line(10)
        self.assertEqual(invoice.amount_residual, 90)
        page = self._open(88)
        self.assertNotIn("discount", page.preview)
        page.action_post()
        self.assertEqual(invoice.amount_residual, 2)

    def test_foreign_currency(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2024-01-01", 2.0), ("2024-03-05", 4.0)]
        )
        invoice = self._bill(currency_id=currency.id)
        _page, payment = self._post(98, currency_id=currency.id)
        gain = self.company.income_currency_exchange_account_id
        self.assertItems(
            payment.move_id,
            [
                (self.outstanding, 24.5, 98),
                (self.loss, 1, 2),
                (gain, -0.5, 0),
                (self.receivable, -25, -100),
            ],
        )
        self.assertEqual((invoice.amount_residual, payment.is_reconciled), (0, True))
        self.assertAsRegistered(payment, invoice)

    def test_currency_without_decimals(self):
        currency = self.setup_other_currency(
            "JPY", rates=[("2024-01-01", 1.0)], rounding=1
        )
        invoice = self._bill(1999, currency_id=currency.id)
        _page, payment = self._post(1959, currency_id=currency.id)
        self.assertItems(
            payment.move_id,
            [
                (self.outstanding, 1959, 1959),
                (self.loss, 39.98, 40),  # In dollars, which have cents.
                (self.company.expense_currency_exchange_account_id, 0.02, 0),
                (self.receivable, -1999, -1999),
            ],
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assertAsRegistered(payment, invoice)

    def test_second_click_shows_the_first(self):
        self._bill()
        page, payment = self._post(98)
        page.action_post()
        self.assertEqual(page.sudo().payment_ids, payment)

    def test_company_without_an_account_for_it(self):
        self._bill()
        self.company.account_journal_early_pay_discount_loss_account_id = False
        with self.assertRaisesRegex(
            UserError, "no account for early payment discounts"
        ):
            self._open(98).action_post()
        self._open(97).action_post()

    def test_locked_date(self):
        self._bill()
        self.company.fiscalyear_lock_date = "2024-12-31"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._open(98).action_post()

    # -------------------------------------------------------------------------
    # A CREDIT THAT PAYS A PART
    # -------------------------------------------------------------------------

    def _preview(self, amount, **vals):
        transaction = self.env["account.post.transaction"].create(
            {
                "step": "setup",
                "company_id": self.company.id,
                "credit_item_id": self.item.id,
                "date": fields.Date.to_date("2024-03-05"),
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": amount})
                ],
                **vals,
            }
        )
        [row] = transaction.preview["accounts"]
        return row["ended"]

    def test_preview_of_a_credit_says_that_the_discount_ends(self):
        term = self._create_term("excluded", discount_days=20000)
        invoice = self._bill(term=term)
        self._bill()  # Its last day was long ago.
        self.assertEqual(
            self._preview(30),
            f"This ends the early payment discount of {invoice.name}.",
        )
        # What is paid whole is no longer discounted, nor has it to be.
        self.assertFalse(self._preview(100))
        self.assertFalse(self._preview(150))
        self._post_line(10)
        self.assertFalse(self._preview(30))

    def test_preview_of_an_invoice_and_its_credit(self):
        term = self._create_term("excluded", discount_days=20000)
        item = self.env["product.product"].create({"name": "Tuition", "taxes_id": []})
        line = {"partner_id": self.account.id, "amount": 100, "credit_amount": 30}
        for payment_term, expected in (
            (term, "This ends the early payment discount of this invoice."),
            (self.term, False),
        ):
            self.account.property_payment_term_id = payment_term
            ended = self._preview(
                30,
                transaction_type="invoice",
                charge_item_id=item.id,
                is_credit_posted=True,
                line_ids=[Command.create(line)],
            )
            self.assertEqual(ended, expected)

    def test_preview_of_a_gift_card_says_that_the_discount_ends(self):
        term = self._create_term("excluded", discount_days=20000)
        invoice = self._bill(term=term)
        self._issue(30)
        action = invoice.with_user(self.clerk).action_use_stored_value()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        self.assertShows(
            dialog.preview, f"This ends the early payment discount of {invoice.name}."
        )
