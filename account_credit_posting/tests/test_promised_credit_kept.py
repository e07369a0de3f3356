from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models.billing import invoice_payment
from ..models.billing.customer_page import CustomerPage
from .common_promise import PromisedCreditCommon

DAY = "2024-03-20"


@tagged("post_install", "-at_install")
@freeze_time(DAY)
class TestPromisedCreditKept(PromisedCreditCommon):
    """What was promised stays so, whatever changes around it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.env["account.tax"].create(
            {"name": "21%", "amount": 21, "type_tax_use": "sale"}
        )

    def _create_taxed(self, *prices, account=None, taxes=None, **vals):
        """Post an invoice of these prices, each with the tax of 21 %."""
        taxes = self.tax if taxes is None else taxes
        return self._create_invoice(
            account or self.account,
            0,
            invoice_line_ids=[
                Command.create(
                    {"name": "Course", "price_unit": price, "tax_ids": taxes.ids}
                )
                for price in prices
            ],
            **vals,
        )

    def _find_reversal(self, draw):
        return draw.move_line_id.matched_debit_ids.debit_move_id.move_id

    def test_item_that_is_archived_later(self):
        line = self._promise(10)
        self.promotion.active = False
        invoice = self._create_invoice(self.account, 6)
        self.assertFalse(invoice.account_credit_error)
        self.assertPromise(line, 6, 4)

    def test_item_that_is_a_compensation_later(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        line = self._promise(12.1)
        self.promotion.credit_vat_treatment = "compensation"
        invoice = self._create_taxed(100)
        self.assertFalse(invoice.account_credit_error)
        self.assertPromise(line, 12.1, 0)
        self.assertEqual(line.draw_ids.move_id.amount_tax, 2.1)

    def test_reversal_of_a_part_stays_posted(self):
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        draw = line.draw_ids
        invoice.credit_application_ids.with_user(self.clerk).action_unapply()
        reversal = self._find_reversal(draw).with_user(self.manager)
        self.assertFalse(reversal.show_reset_to_draft_button)
        for name in ("button_draft", "button_cancel"):
            with self.assertRaisesRegex(UserError, "can be used again"):
                getattr(reversal, name)()
        self.assertPromise(line, 0, 10)
        line.batch_id.with_user(self.manager).action_reverse(mode="unused")
        self.assertPromise(line, 0, 0, "reversed")

    def test_taxed_invoice_that_is_reversed_gives_it_back(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        line = self._promise(12.1)
        for is_at_once in (True, False):
            with self.subTest(is_at_once=is_at_once):
                invoice = self._create_taxed(100)
                self.assertPromise(line, 12.1, 0)
                reversal = invoice._reverse_moves(
                    [{"invoice_date": DAY}], cancel=is_at_once
                )
                if not is_at_once:
                    reversal.action_post()
                self.assertPromise(line, 0, 12.1)
                self.assertEqual(invoice.payment_state, "reversed")

    def test_taxed_invoice_that_is_reset_gives_it_back(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        line = self._promise(12.1)
        invoice = self._create_taxed(100)
        invoice.button_draft()
        self.assertPromise(line, 0, 12.1)
        invoice.invoice_line_ids.price_unit = 5
        invoice.action_post()
        self.assertPromise(line, 6.05, 6.05)

    def test_whoever_posts_the_invoice_follows_nothing(self):
        line = self._promise(10, private_comment="Pays late")
        # As in a screen: tests switch off emails and their followers.
        screen = {"default_public_comment": "Not ours", "default_notify_customers": 1}
        invoice = self.env(user=self.clerk, context=screen)["account.move"].create(
            self._prepare_invoice_vals(self.account, 6)
        )
        invoice.with_context(**screen).action_post()
        batch = line.draw_ids.batch_id
        self.assertFalse(batch.message_partner_ids)
        self.assertFalse(batch.notify_customers)
        self.assertFalse(batch.public_comment)
        self.assertEqual(batch.private_comment, "Pays late")

    def test_dashboard_names_who_gave_it(self):
        batch = self._create_batch(credit_item_id=self.promotion.id)
        batch = batch.with_user(self.manager).copy()
        batch.action_post()
        invoice = self.env["account.move"].with_user(self.clerk)
        invoice.create(self._prepare_invoice_vals(self.account, 6)).action_post()
        self.env.flush_all()
        rows = self.env["account.credit.dashboard"].search(
            [("product_id", "=", self.promotion.id), ("given", "!=", 0)]
        )
        self.assertEqual((rows.user_id, rows.given), (self.manager, 6))

    def test_preview_takes_the_older_promise_first(self):
        older = self._promise(10, date=DAY)
        self.company.credit_application_policy = "manual"
        invoice = self._create_invoice(self.account, 6)
        self.company.credit_application_policy = "posted"
        transaction = self.env["account.post.transaction"].create(
            {
                "step": "setup",
                "company_id": self.company.id,
                "credit_item_id": self.promotion.id,
                "date": DAY,
                "line_ids": [
                    Command.create({"partner_id": self.account.id, "amount": 10})
                ],
            }
        )
        [row] = transaction.preview["accounts"]
        self.assertEqual(
            (row["pays"], [one["name"] for one in row["also"]]), ([], [invoice.name])
        )
        transaction.action_post()
        self.assertPromise(older, 6, 4)
        self.assertPromise(transaction.batch_id.line_ids, 0, 10)

    def test_customer_locks_in_the_order_of_all(self):
        self.company.write(
            {"credit_application_policy": "manual", "portal_pay_credits": True}
        )
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        payer = new_test_user(
            self.env,
            login="credit_payer",
            groups="base.group_portal",
            partner_id=self.account.id,
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        page = CustomerPage(self.env(user=payer))
        payment = invoice_payment.InvoicePayment(page, invoice.id)
        locked = []
        with patch.object(
            invoice_payment, "touch_rows", lambda rows: locked.append(rows)
        ):
            payment.use({f"p{line.id}": 6})
        self.assertEqual(locked[0], line)
        self.assertEqual(locked[1]._name, "account.move.line")
        self.assertPromise(line, 6, 4)

    def test_foreign_part_is_reversed_with_its_exchange_difference(self):
        currency = self.env.ref("base.EUR")
        currency.active = True
        self.env["res.currency.rate"].search(
            [("currency_id", "=", currency.id)]
        ).unlink()
        self.env["res.currency.rate"].create(
            [
                {"currency_id": currency.id, "name": "2024-01-01", "rate": 0.5},
                {"currency_id": currency.id, "name": "2024-03-10", "rate": 0.8},
            ]
        )
        batch = self._create_batch(credit_item_id=self.promotion.id)
        batch.line_ids.write({"currency_id": currency.id, "amount": 10})
        batch.action_post()
        line = batch.line_ids
        invoice = self._create_invoice(self.account, 6, currency_id=currency.id)
        self.assertPromise(line, 6, 4)
        self.assertRest({invoice: (0, "paid")})
        draw = line.draw_ids
        invoice.credit_application_ids.with_user(self.clerk).action_unapply()
        self.assertPromise(line, 0, 10)
        self.assertTrue(draw.move_line_id.reconciled)
        self.assertRest({invoice: (6, "not_paid")})
        balance = sum(
            self.env["account.move.line"]
            .search(
                [
                    ("account_id", "=", self.receivable.id),
                    ("partner_id", "=", self.account.id),
                    ("parent_state", "=", "posted"),
                ]
            )
            .mapped("balance")
        )
        self.assertEqual(balance, 12)

    def test_installments_and_two_invoices_of_one_set(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 30)
                ],
            }
        )
        self.promotion.credit_vat_treatment = "price_reduction"
        self.company.credit_application_policy = "manual"
        first = self._create_taxed(
            33.33, 0.01, invoice_payment_term_id=term.id, invoice_date_due=False
        )
        second = self._create_taxed(100)
        line = self._promise(200)
        (first | second).apply_account_credits()
        self.assertEqual((line.amount_applied, line.amount_open), (161.34, 38.66))
        self.assertRest({first: (0, "paid"), second: (0, "paid")})
        # No cent of tax too much, or too little.
        notes = line.draw_ids.filtered(lambda draw: draw.invoice_id == first).move_id
        self.assertEqual(len(notes), 2)
        self.assertAlmostEqual(sum(notes.mapped("amount_tax")), first.amount_tax)
        first.credit_application_ids[:1].action_unapply()
        self.assertEqual((line.amount_applied, line.amount_open), (141.17, 58.83))
        self.assertRest({first: (20.17, "partial")})

    def test_price_is_lowered_to_the_cent_by_many_parts(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        included = self.tax.copy(
            {"name": "incl.", "price_include_override": "tax_included"}
        )
        nothing = self.tax.copy({"name": "0%", "amount": 0})
        for taxes in (self.tax, included, self.tax | nothing):
            invoice = self._create_invoice(
                self.account,
                0,
                invoice_line_ids=[
                    Command.create(
                        {"name": tax.name, "price_unit": 9.99, "tax_ids": tax.ids}
                    )
                    for tax in taxes
                ],
            )
            lines = self.env["account.credit.line"]
            for amount in (1.01, 1.01, 1.01, 2.02, 50):
                lines |= self._promise(amount)
            self.assertRest({invoice: (0, "paid")})
            notes = lines.draw_ids.move_id
            self.assertAlmostEqual(
                sum(notes.mapped("amount_total")), invoice.amount_total
            )
            self.assertAlmostEqual(sum(notes.mapped("amount_tax")), invoice.amount_tax)
            lines[-1].batch_id.action_reverse(mode="unused")

    def test_tax_that_is_due_when_paid(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        self.company.tax_exigibility = True
        waiting = self.receivable.copy(
            {"account_type": "liability_current", "reconcile": True, "name": "Waiting"}
        )
        tax = self.tax.copy(
            {
                "name": "when paid",
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": waiting.id,
            }
        )
        due = self.company_data["default_account_tax_sale"]
        for lines in (
            tax.invoice_repartition_line_ids,
            tax.refund_repartition_line_ids,
        ):
            lines.filtered(lambda one: one.repartition_type == "tax").account_id = due
        line = self._promise(12.1)
        invoice = self._create_taxed(100, taxes=tax)

        def sum_items(account):
            items = self.env["account.move.line"].search(
                [("account_id", "=", account.id), ("parent_state", "=", "posted")]
            )
            return self.company.currency_id.round(sum(items.mapped("balance")))

        self.assertPromise(line, 12.1, 0)
        invoice.credit_application_ids.action_unapply()
        self.assertPromise(line, 0, 12.1)
        self.assertEqual((sum_items(waiting), sum_items(due)), (-21, 0))

    def test_copy_of_parts_is_promised(self):
        line = self._promise(10)
        self._create_invoice(self.account, 6)
        copy = line.draw_ids.batch_id.copy()
        self.assertEqual((copy.credit_booking, copy.draws_of_id.ids), ("used", []))
        copy.action_post()
        self.assertTrue(copy.line_ids.is_promised)
        self.promotion.credit_booking = "given"
        copy = line.batch_id.copy()
        copy.action_post()
        self.assertTrue(copy.line_ids.move_id)

    def test_rounded_invoice_is_paid_whole(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        rounding = self._create_cash_rounding(rounding_method="UP")
        line = self._promise(200)
        invoice = self._create_taxed(82.63, invoice_cash_rounding_id=rounding.id)
        self.assertEqual(invoice.amount_total, 100)
        self.assertFalse(invoice.account_credit_error)
        self.assertPromise(line, 100, 100)
        self.assertRest({invoice: (0, "paid")})

    def test_receipt_is_paid(self):
        self.promotion.credit_vat_treatment = "price_reduction"
        line = self._promise(200)
        receipt = self._create_taxed(100, move_type="out_receipt")
        self.assertFalse(receipt.account_credit_error)
        self.assertPromise(line, 121, 79)

    def test_hashed_journal(self):
        self.company.credit_journal_id.restrict_mode_hash_table = True
        self.company.restrictive_audit_trail = True
        line = self._promise(10)
        invoice = self._create_invoice(self.account, 6)
        self.assertPromise(line, 6, 4)
        invoice.credit_application_ids.action_unapply()
        self.assertPromise(line, 0, 10)

    def test_parts_of_a_set_cost_no_query_each(self):
        figures = []
        for count in (20, 40):
            accounts = self.env["res.partner"].create(
                [{"name": f"{number} of {count}"} for number in range(count)]
            )
            batch = self._create_batch(
                dict.fromkeys(accounts, 10),
                credit_item_id=self.promotion.id,
                document_form="entry",
            )
            batch.action_post()
            self.company.credit_application_policy = "manual"
            invoices = self.env["account.move"].create(
                [self._prepare_invoice_vals(account, 6) for account in accounts]
            )
            invoices.action_post()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            invoices.apply_account_credits()
            self.env.flush_all()
            figures.append(self.env.cr.sql_log_count - before)
            self.assertEqual(set(invoices.mapped("payment_state")), {"paid"})
        self.assertLess(figures[1] - figures[0], 20, figures)
