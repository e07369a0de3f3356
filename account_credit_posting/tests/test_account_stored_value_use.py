from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_stored_value import StoredValueCommon


@tagged("post_install", "-at_install")
class TestStoredValueUseDialog(StoredValueCommon):
    """The dialog that pays one invoice, or several, with what is held."""

    def _open(self, record, user=None):
        action = record.with_user(user or self.clerk).action_use_stored_value()
        dialogs = self.env["account.stored.value.use"].with_user(user or self.clerk)
        return dialogs.browse(action["res_id"])

    def test_offers_in_order_and_proposes_what_the_rule_takes(self):
        card = self._issue(100)
        prepayment = self._issue(30, "prepayment")
        invoice = self._create_invoice(self.account, 50)
        self.assertTrue(invoice.with_user(self.clerk).has_stored_value)
        dialog = self._open(invoice)
        self.assertRecordValues(
            dialog.line_ids,
            [
                {"value_id": prepayment.id, "balance": 30, "amount": 30},
                {"value_id": card.id, "balance": 100, "amount": 20},
            ],
        )
        self.assertIn(invoice.name, dialog.preview)
        dialog.action_confirm()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual((prepayment.balance, card.balance), (0, 80))
        self.assertFalse(invoice.with_user(self.clerk).has_stored_value)

    def test_amount_is_the_users(self):
        card = self._issue(100)
        invoice = self._create_invoice(self.account, 95)
        with Form(self._open(invoice)) as form:
            with form.line_ids.edit(0) as line:
                line.amount = 60
            self.assertIn("60.00", form.preview)
        form.record.action_confirm()
        self.assertEqual((card.balance, invoice.amount_residual), (40, 35))
        [application] = invoice.credit_application_ids
        self.assertRecordValues(
            application,
            [
                {
                    "stored_value_id": card.id,
                    "amount": 60,
                    "origin": "user",
                    "state": "applied",
                }
            ],
        )
        [info] = invoice.invoice_payments_widget["content"]
        self.assertEqual(
            (info["credit_kind"], info["credit_label"]), ("Gift Card", card.name)
        )

    def test_several_invoices_earliest_due_first(self):
        card = self._issue(100)
        late = self._create_invoice(
            self.account,
            70,
            invoice_date_due="2024-05-01",
            invoice_payment_term_id=False,
        )
        early = self._create_invoice(
            self.account,
            60,
            invoice_date_due="2024-04-01",
            invoice_payment_term_id=False,
        )
        self._open(self.account).action_confirm()
        self.assertEqual((early.amount_residual, late.amount_residual), (0, 30))
        self.assertEqual(card.state, "used")

    def test_more_than_is_left(self):
        self._issue(100)
        dialog = self._open(self._create_invoice(self.account, 500))
        for amount in (100.01, -1):
            dialog.line_ids.amount = amount
            with self.assertRaisesRegex(UserError, "100.00 left"):
                dialog.action_confirm()

    def test_several_lines_of_one_card_are_added_up(self):
        card = self._issue(100)
        invoice = self._create_invoice(self.account, 500)
        dialog = self._open(invoice)
        [line] = dialog.line_ids
        line.sudo().copy()
        dialog.line_ids.amount = 60
        with self.assertRaisesRegex(UserError, "100.00 left"):
            dialog.action_confirm()
        dialog.line_ids.amount = 40
        dialog.action_confirm()
        self.assertEqual((card.balance, invoice.amount_residual), (20, 420))

    def test_nothing_to_pay(self):
        self._issue(100)
        dialog = self._open(self.account)
        self.assertFalse(dialog.invoice_ids)
        with self.assertRaisesRegex(UserError, "Nothing was paid"):
            dialog.action_confirm()

    def test_preview_of_a_credit_tells_what_is_used_by_itself(self):
        self.company.auto_apply_prepayments = True
        invoice = self._create_invoice(self.account, 90)
        # Issued after the invoice: it pays on the next occasion.
        prepayment = self._issue(50, "prepayment")
        transaction = self.env["account.post.transaction"].create(
            {
                "step": "setup",
                "company_id": self.company.id,
                "credit_item_id": self.item.id,
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": 60})
                ],
            }
        )
        [row] = transaction.preview["accounts"]
        self.assertEqual([pay["amount"] for pay in row["pays"]], [60])
        [also] = row["also"]
        self.assertEqual(
            (also["source"], also["invoice_id"], also["amount"]),
            (prepayment.name, invoice.id, 30),
        )
        transaction.action_post()
        self.assertEqual((prepayment.balance, invoice.amount_residual), (20, 0))

    def test_rights(self):
        self._issue(100)
        invoice = self._create_invoice(self.account, 50)
        with self.assertRaises(AccessError):
            self._open(invoice, self.accountant)
        dialog = self._open(invoice)
        with self.assertRaises(AccessError):
            dialog.with_user(self.manager).read(["partner_id"])

    def test_other_companies_value_is_no_use(self):
        company = self._create_company(name="Other")
        self.clerk.company_ids += company
        value = self.values.with_user(self.clerk).with_company(company)
        answer = value.issue("gift_card", self.account.id, 50, "promotion")
        invoice = self._create_invoice(self.account, 50)
        self.assertFalse(invoice.with_user(self.clerk).has_stored_value)
        dialog = self._open(invoice)
        self.assertFalse(dialog.line_ids)
        dialog.line_ids.create(
            {"use_id": dialog.id, "value_id": answer["id"], "amount": 50}
        )
        with self.assertRaises(UserError):
            dialog.action_confirm()
        self.assertEqual(invoice.amount_residual, 50)


@tagged("post_install", "-at_install")
class TestStoredValueAhead(StoredValueCommon):
    """What is dated ahead is there from its day on, and never below zero before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ahead = fields.Date.today() + timedelta(days=20)
        cls.day = freeze_time(fields.Date.to_string(cls.ahead))

    def _issue_ahead(self, amount=100, **vals):
        answer = self.values.with_user(self.clerk).issue(
            vals.pop("value_type", "gift_card"),
            self.account.id,
            amount,
            vals.pop("funding", "payment"),
            journal_id=self.bank.id,
            date=self.ahead,
            **vals,
        )
        self.code = answer["code"]
        return self.values.browse(answer["id"])

    def test_nothing_takes_of_it_before_its_day(self):
        value = self._issue_ahead()
        invoice = self._create_invoice(self.account, 30)
        self.company.write({"auto_apply_gift_cards": True})
        self._create_invoice(self.account, 5)
        self.assertEqual(value.balance, 100)
        clerks = value.with_user(self.clerk)
        managers = value.with_user(self.manager)
        for call in (
            lambda: clerks.apply_to_invoice(invoice.id),
            lambda: clerks.apply_to_invoice(invoice.id, 10),
            lambda: clerks.redeem(self.code, self.accounts[1].id),
            lambda: managers.move_to(self.accounts[1].id, 10),
            lambda: managers.refund(10, self.bank.id),
        ):
            with (
                self.assertRaisesRegex(
                    UserError, "the remaining amount has a later date"
                ),
                self.env.cr.savepoint(),
            ):
                call()
        self.assertEqual(value.move_line_ids.mapped("date"), [self.ahead])
        with self.day:
            self.assertEqual(clerks.apply_to_invoice(invoice.id), 30)
        self.assertEqual((value.balance, invoice.amount_residual), (70, 0))
        self.assertEqual(value.move_line_ids.mapped("date"), [self.ahead] * 2)

    def test_what_is_corrected_before_its_day_is_dated_as_it_is(self):
        value = self._issue_ahead(funding="promotion")
        value.with_user(self.manager).adjust(80, "Typing error")
        value.with_user(self.manager).action_void("Wrong child")
        self.assertEvents(
            value,
            [
                ("issue", [(self.promotion, 100, 100), (self.given, -100, -100)]),
                ("adjust", [(self.given, 20, 20), (self.promotion, -20, -20)]),
                ("void", [(self.given, 80, 80), (self.promotion, -80, -80)]),
            ],
        )
        self.assertEqual(set(value.move_line_ids.mapped("date")), {self.ahead})
        paid = self._issue_ahead()
        paid.with_user(self.manager).action_void("Wrong child")
        self.assertEqual(paid.move_line_ids.mapped("date"), [self.ahead] * 2)
        self.assertEqual((paid.balance, paid.state), (0, "void"))

    def test_part_of_it_dated_ahead(self):
        value = self._issue(100)
        with self.day:
            value.with_user(self.manager).adjust(150, "Typing error")
        self.assertEqual(value.balance, 150)
        invoice = self._create_invoice(self.account, 120)
        self.assertEqual(value.with_user(self.clerk).apply_to_invoice(invoice.id), 100)
        with self.assertRaisesRegex(UserError, "the remaining amount has a later date"):
            value.with_user(self.manager).refund(50, self.bank.id)
        with self.day:
            value.with_user(self.manager).refund(50, self.bank.id)
        self.assertEqual((value.balance, value.state), (0, "used"))

    def test_dialog_offers_what_is_there_today(self):
        self._issue_ahead()
        value = self._issue(10)
        invoice = self._create_invoice(self.account, 30)
        action = invoice.with_user(self.clerk).action_use_stored_value()
        dialog = self.env["account.stored.value.use"].browse(action["res_id"])
        self.assertEqual(dialog.line_ids.value_id, value)

    def test_credit_note_before_the_sale(self):
        product = self.env["product.product"].create(
            {"name": "Gift card", "is_gift_card": True}
        )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.account.id,
                "invoice_date": "2024-03-10",
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "price_unit": 40})
                ],
            }
        )
        invoice.action_post()
        with self.assertRaisesRegex(UserError, "the remaining amount has a later date"):
            invoice._reverse_moves(
                [{"date": "2024-03-09", "invoice_date": "2024-03-09"}], cancel=True
            )
