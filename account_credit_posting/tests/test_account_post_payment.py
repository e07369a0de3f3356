from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestPostPayment(StoredValueCommon):
    """Payments of one account: on the oldest or on chosen invoices, and the rest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("base.group_multi_currency")
        cls.old = cls._create_due("2024-03-10", 50)
        cls.new = cls._create_due("2024-04-10", 70)
        cls.cash = cls.company_data["default_journal_cash"]

    @classmethod
    def _create_due(cls, date_due, amount, account=None, **vals):
        return cls._create_invoice(
            account or cls.account,
            amount,
            invoice_date_due=date_due,
            invoice_payment_term_id=False,
            **vals,
        )

    def _open(self, user=None, **vals):
        pages = self.env["account.post.payment"].with_user(user or self.clerk)
        return pages.create(
            {
                "partner_id": self.account.id,
                "amount": 80,
                "date": "2024-03-20",
                "journal_id": self.cash.id,
                **vals,
            }
        )

    def _post(self, **vals):
        page = self._open(**vals)
        page.action_post()
        self.assertEqual(page.step, "result")
        return page, page.sudo().payment_ids

    def assertPayment(self, payment, amount):
        """Assert the payment and all items of its entry."""
        self.assertRecordValues(
            payment,
            [
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": self.account.id,
                    "amount": amount,
                    "journal_id": self.cash.id,
                    "date": fields.Date.to_date("2024-03-20"),
                    "is_reconciled": payment.is_reconciled,
                }
            ],
        )
        self.assertEqual(payment.move_id.state, "posted")
        self.assertItems(
            payment.move_id,
            [
                (self.outstanding, amount, amount),
                (self.receivable, -amount, -amount),
            ],
        )

    def test_oldest_first(self):
        page, payment = self._post(memo="Cheque 17")
        self.assertPayment(payment, 80)
        self.assertEqual(payment.memo, "Cheque 17")
        self.assertEqual(self.old.amount_residual, 0)
        self.assertEqual(self.new.amount_residual, 40)
        self.assertTrue(payment.is_reconciled)
        self.assertShows(page.result, f"{self.old.name}: $ 50.00, paid in full")
        self.assertShows(page.result, "$ 40.00 still open")

    def test_chosen_invoice_and_the_rest_stays_open(self):
        page, payment = self._post(
            order="chosen", invoice_ids=[Command.set(self.new.ids)]
        )
        self.assertPayment(payment, 80)
        self.assertEqual((self.old.amount_residual, self.new.amount_residual), (50, 0))
        [item] = payment.move_id.line_ids.filtered(
            lambda line: line.account_id == self.receivable
        )
        self.assertEqual(item.amount_residual, -10)
        self.assertShows(page.result, "$ 10.00 stays on the account as open credit")

    def test_rest_becomes_a_prepayment(self):
        page, payment = self._post(amount=150, rest_as="prepayment", memo="Spring")
        self.assertPayment(payment, 150)
        self.assertEqual((self.old.amount_residual, self.new.amount_residual), (0, 0))
        value = self.values.search([("partner_id", "=", self.account.id)])
        self.assertRecordValues(
            value,
            [
                {
                    "value_type": "prepayment",
                    "funding": "reclass",
                    "balance": 30,
                    "state": "active",
                    "memo": "Spring",
                }
            ],
        )
        self.assertEvents(
            value,
            [("issue", [(self.receivable, 30, 30), (self.prepaid, -30, -30)])],
        )
        self.assertTrue(payment.is_reconciled)
        self.assertShows(page.result, f"$ 30.00 is held as prepayment {value.name}")

    def test_rest_is_taken_from_this_payment(self):
        other = self.account.property_account_receivable_id.copy({"code": "OTHER"})
        older = self._create_payment(50, destination_account_id=other.id)
        disputed = self._create_payment(40)
        _page, payment = self._post(amount=150, rest_as="prepayment")
        self.assertTrue(payment.is_reconciled)
        self.assertFalse((older | disputed).filtered("is_reconciled"))
        value = self.values.search([("partner_id", "=", self.account.id)])
        self.assertEvents(
            value,
            [("issue", [(self.receivable, 30, 30), (self.prepaid, -30, -30)])],
        )

    def test_no_rest_no_prepayment(self):
        self._post(amount=120, rest_as="prepayment")
        self.assertFalse(self.values.search([("partner_id", "=", self.account.id)]))

    def test_without_invoices(self):
        _page, payment = self._post(partner_id=self.accounts[1].id, amount=25)
        self.assertItems(
            payment.move_id,
            [(self.outstanding, 25, 25), (self.receivable, -25, -25)],
        )

    def test_pays_for_gift_cards(self):
        product = self.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "taxes_id": False}
        )
        account = self.accounts[2]
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": account.id,
                "invoice_date": "2024-03-01",
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "price_unit": 40})
                ],
            }
        )
        invoice.action_post()
        self._post(partner_id=account.id, amount=40)
        self.assertEqual(invoice.amount_residual, 0)
        self.assertEqual(
            self.values.search([("invoice_id", "=", invoice.id)]).state, "active"
        )

    def test_preview_is_what_is_posted(self):
        page = self._open(amount=130)
        self.assertShows(page.preview, self.old.name, self.new.name, "$ 10.00")
        self.assertEqual((page.rest, page.amount_due), (10, 120))
        page.order = "chosen"
        page.invoice_ids = self.old
        self.assertNotIn(self.new.name, page.preview)
        self.assertEqual((page.rest, page.amount_due), (80, 50))

    def test_form_leads_an_enrollee_to_the_account(self):
        enrollee = self.env["res.partner"].create(
            {"name": "Kid", "parent_id": self.account.id}
        )
        with Form(self.env["account.post.payment"].with_user(self.clerk)) as form:
            form.partner_id = enrollee
            self.assertEqual(form.partner_id, self.account)
            self.assertEqual(form.amount_due, 120)
            self.assertEqual(form.amount, 120)
            self.assertEqual(form.journal_id.type, "bank")
            form.amount = 20
            self.assertIn(self.old.name, form.preview)

    def test_what_is_owed_is_proposed_until_an_amount_is_typed(self):
        other = self.accounts[1]
        self._create_due("2024-04-10", 33, account=other)
        with Form(self.env["account.post.payment"].with_user(self.clerk)) as form:
            self.assertEqual(form.amount, 0)
            form.partner_id = self.account
            self.assertEqual(form.amount, 120)
            form.order = "chosen"
            self.assertEqual(form.amount, 0)
            form.invoice_ids.add(self.old)
            self.assertEqual(form.amount, 50)
            form.order = "oldest"
            form.partner_id = other
            self.assertEqual(form.amount, 33)
            form.amount = 20
            form.partner_id = self.account
            self.assertEqual(form.amount, 20)

    def test_what_others_are_owed_is_not_proposed(self):
        euro = self.setup_other_currency("EUR", rates=[("2016-01-01", 2.0)])
        self._create_due("2024-04-10", 1000, currency_id=euro.id)
        academy = self._create_company(name="Academy")
        with Form(self.env["account.post.payment"].with_user(self.clerk)) as form:
            form.partner_id = self.account
            # In the currency of the payment; other invoices need another one.
            self.assertEqual(form.amount, 120)
            form.currency_id = euro
            self.assertEqual(form.amount, 1000)
        page = self.env["account.post.payment"].with_user(self.clerk)
        page = page.new({"partner_id": self.account.id, "company_id": academy.id})
        self.assertEqual(page._get_proposed_amount(), 0)

    def test_second_click_shows_the_first(self):
        page, payment = self._post()
        page.action_post()
        self.assertEqual(page.sudo().payment_ids, payment)
        self.assertEqual(
            self.env["account.payment"].search([("partner_id", "=", self.account.id)]),
            payment,
        )

    def test_private_comment_is_a_note_of_the_office(self):
        _page, payment = self._post(private_comment="Paid by the aunt")
        [note] = payment.message_ids.filtered(lambda msg: "aunt" in (msg.body or ""))
        self.assertTrue(note.subtype_id.internal)
        self.assertNotIn("aunt", (payment.memo or "") + (payment.move_id.ref or ""))
        self.assertFalse(self.account.message_ids.filtered("body"))

    def test_amounts(self):
        for amount in (0, -1, 0.004):
            page = self._open(amount=amount)
            with self.assertRaisesRegex(ValidationError, "above zero"):
                page.action_post()
            self.assertEqual(page.step, "setup")

    def test_chosen_but_none(self):
        with self.assertRaisesRegex(UserError, "Choose the invoices"):
            self._open(order="chosen").action_post()

    def test_chosen_that_cannot_be_paid(self):
        other = self._create_due("2024-03-10", 60, self.accounts[3])
        self._create_payment(50)
        self.old.js_assign_outstanding_line(
            self.env["account.move.line"]
            .search(
                [
                    ("payment_id.partner_id", "=", self.account.id),
                    ("account_id", "=", self.receivable.id),
                ]
            )
            .id
        )
        for invoice in (other, self.old):
            page = self._open(order="chosen", invoice_ids=[Command.set(invoice.ids)])
            with self.assertRaisesRegex(UserError, "cannot be paid with it"):
                page.action_post()

    def test_locked_date(self):
        self.company.fiscalyear_lock_date = "2024-12-31"
        with self.assertRaisesRegex(UserError, "is locked"):
            self._open().action_post()

    def test_account_of_another_company(self):
        other = self.setup_other_company()["company"]
        foreign = self.env["res.partner"].create(
            {"name": "Foreign", "company_id": other.id}
        )
        page = self._open()
        page.sudo().partner_id = foreign
        with self.assertRaises(AccessError):
            page.action_post()
        with self.assertRaisesRegex(UserError, "another company"):
            page.sudo().action_post()

    def test_company_of_somebody_else(self):
        other = self.setup_other_company()["company"]
        page = self._open()
        with self.assertRaises(AccessError):
            page.company_id = other
        page.sudo().company_id = other
        self.assertFalse(page.amount_due)
        with self.assertRaises(AccessError):
            page.action_post()

    def test_journal_is_for_money(self):
        page = self._open(journal_id=self.journal.id)
        with self.assertRaisesRegex(UserError, "bank or cash journal"):
            page.action_post()

    def test_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2024-01-01", 2.0)])
        invoice = self._create_due(
            "2024-03-01", 30, self.accounts[4], currency_id=currency.id
        )
        plain = self._create_due("2024-03-01", 30, self.accounts[4])
        _page, payment = self._post(
            partner_id=self.accounts[4].id, amount=30, currency_id=currency.id
        )
        self.assertEqual((invoice.amount_residual, plain.amount_residual), (0, 30))
        self.assertItems(
            payment.move_id,
            [(self.outstanding, 15, 30), (self.receivable, -15, -30)],
        )

    def test_rights(self):
        with self.assertRaises(AccessError):
            self._open(user=self.accountant)
        page = self._open(user=self.clerk)
        with self.assertRaises(AccessError):
            page.with_user(self.manager).read(["amount"])
        # It lists invoices, which this right alone does not show.
        poster = self._create_user("poster", "account_credit_posting.group_credit_user")
        with self.assertRaisesRegex(AccessError, "the access right Invoicing"):
            self._open(user=poster).action_post()
        transaction = self.env["account.post.transaction"].with_user(poster).create({})
        for page_type in ("payment", "refund"):
            transaction.transaction_type = page_type
            with self.assertRaisesRegex(AccessError, "the access right Invoicing"):
                transaction.action_next()
        self.assertEqual(transaction.step, "type")

    def test_from_post_transaction(self):
        transactions = self.env["account.post.transaction"].with_user(self.clerk)
        action = transactions._get_open_action(partners=self.account)
        transaction = transactions.browse(action["res_id"])
        transaction.transaction_type = "payment"
        action = transaction.action_next()
        page = self.env[action["res_model"]].with_user(self.clerk)
        page = page.browse(action["res_id"])
        self.assertEqual(page.partner_id, self.account)
        self.assertEqual(page.amount, 120)
        self.assertEqual(page.action_back()["res_id"], transaction.id)
        transaction.step = "setup"
        with self.assertRaisesRegex(UserError, "on their own page"):
            transaction.action_post()

    def test_from_an_invoice(self):
        action = self.new.with_user(self.clerk).action_post_credit()
        transaction = self.env["account.post.transaction"].browse(action["res_id"])
        transaction = transaction.with_user(self.clerk)
        transaction.transaction_type = "payment"
        page = self.env["account.post.payment"].browse(
            transaction.action_next()["res_id"]
        )
        self.assertRecordValues(
            page,
            [
                {
                    "order": "chosen",
                    "invoice_ids": self.new.ids,
                    "amount_due": 70,
                    "amount": 70,
                }
            ],
        )
