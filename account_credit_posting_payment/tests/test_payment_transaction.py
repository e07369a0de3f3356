from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.account_move_line import BOOKING_TIME
from .common_online import OnlineCommon


@tagged("post_install", "-at_install")
class TestPaymentTransaction(OnlineCommon):
    """What was paid online for an invoice pays it before credits do."""

    def _draft(self, amount=100):
        vals = self._prepare_invoice_vals(self.account, amount)
        return self.env["account.move"].create(vals)

    def _pay_for(self, invoice, amount):
        invoice_ids = [Command.set(invoice.ids)]
        return self._pay_online(amount, invoice_ids=invoice_ids)

    def test_draft_is_posted_and_paid_before_credits(self):
        invoice = self._draft()
        transaction = self._pay_for(invoice, 60)
        transaction._post_process()
        payment = transaction.payment_id
        self.assertPartials(invoice, [(payment, 60), (self.credit, 40)])
        self.assertRest({self.credit.move_id: (10, "partial")})
        self.assertEqual(invoice.amount_residual, 0)
        self.assertPayment(payment, 60)
        self.assertItems(invoice, [(self.revenue, -100, -100)] + self._get_due(100))

    def test_draft_that_is_paid_whole_leaves_credits_alone(self):
        invoice = self._draft()
        transaction = self._pay_for(invoice, 100)
        transaction._post_process()
        self.assertPartials(invoice, [(transaction.payment_id, 100)])
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        self.assertPayment(transaction.payment_id, 100)

    def test_two_payments_of_one_draft_come_before_credits(self):
        invoice = self._draft(150)
        transactions = self._pay_for(invoice, 60) | self._pay_for(invoice, 70)
        transactions._post_process()
        first, second = transactions.payment_id
        self.assertPartials(invoice, [(first, 60), (second, 70), (self.credit, 20)])

    def test_credits_wait_for_a_payment_that_is_not_booked_yet(self):
        invoice = self._draft()
        transaction = self._pay_for(invoice, 60)
        invoice.action_post()
        self.assertPartials(invoice, [])
        self._post_line(5, date="2024-03-20")
        self.assertPartials(invoice, [])
        transaction._post_process()
        payment = transaction.payment_id
        self.assertPartials(invoice, [(payment, 60), (self.credit, 40)])
        self.assertRest({self.credit.move_id: (10, "partial")})

    def test_who_asks_for_credits_does_not_wait(self):
        invoice = self._draft()
        self._pay_for(invoice, 60)
        invoice.action_post()
        invoice.apply_account_credits()
        self.assertPartials(invoice, [(self.credit, 50)])

    def test_credits_do_not_wait_for_a_payment_that_is_never_booked(self):
        invoices = self._draft() | self._draft() | self._draft()
        failed, validated, given_up = (
            self._pay_for(invoice, amount)
            for invoice, amount in zip(invoices, (60, 0, 60), strict=True)
        )
        failed.state = "error"
        validated.operation = "validation"
        given_up.last_state_change -= BOOKING_TIME + timedelta(hours=1)
        self._post_line(250, date="2024-03-20")
        invoices.action_post()
        self.assertEqual(set(invoices.mapped("amount_residual")), {0})

    def test_payment_link_pays_what_credits_left(self):
        invoice = self._draft()
        invoice.action_post()
        transaction = self._pay_for(invoice, invoice.amount_residual)
        transaction._post_process()
        payment = transaction.payment_id
        self.assertPartials(invoice, [(self.credit, 50), (payment, 50)])
        self.assertPayment(payment, 50)

    def test_payment_made_by_another_call_comes_before_credits(self):
        invoice = self._draft()
        transaction = self._pay_for(invoice, 60)
        payment = transaction._create_payment(memo="By hand")
        self.assertNotIn("credit_posting", payment.env.context)
        self.assertEqual(payment.memo, "By hand")
        self.assertPartials(invoice, [(payment, 60), (self.credit, 40)])

    def test_error_leaves_nothing_waiting(self):
        invoice = self._draft()
        transaction = self._pay_for(invoice, 60)
        reconcile = "odoo.addons.account.models.account_move_line.AccountMoveLine"
        with (
            patch(f"{reconcile}.reconcile", side_effect=UserError("Not today.")),
            self.assertRaisesRegex(UserError, "Not today."),
            self.cr.savepoint(),
        ):
            transaction._post_process()
        self.assertEqual(invoice.state, "draft")
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        transaction._post_process()
        self.assertPartials(invoice, [(transaction.payment_id, 60), (self.credit, 40)])

    def _get_due(self, amount):
        return [(self.receivable, amount, amount)]
