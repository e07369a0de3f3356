from unittest.mock import patch

from lxml import html

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import JsonRpcException, tagged

from odoo.addons.account_credit_posting.tools.days import get_today
from odoo.addons.mail.tests.common import MailCase
from odoo.addons.payment.utils import generate_access_token

from .common_balance import BalanceCommon


@tagged("post_install", "-at_install")
class TestBalance(BalanceCommon, MailCase):
    """An order that its customer pays with what is on the account."""

    # -------------------------------------------------------------------------
    # PAID
    # -------------------------------------------------------------------------

    def test_page(self):
        order = self._quote((self.lesson, 4))
        page = self._see(order.get_portal_url())
        [option] = page.xpath("//input[@data-provider-code='account_credit']")
        self.assertEqual(option.get("data-provider-id"), str(self.own.id))
        [text] = self._read_all(page, "account_balance_parts")
        self.assertIn(f"{self.credit.move_id.name}: $ 50.00, left: $ 0.00", text)
        self.assertIn(f"{self.prepayment.name}: $ 30.00, left: $ 10.00", text)
        self.assertNotIn(self.gift_card.name, text)
        self.assertLeft(50, 40, 60)

    def test_order_is_paid_whole(self):
        order = self._quote((self.lesson, 4))
        processing = self._begin(order)
        self.assertEqual((processing["state"], processing["amount"]), ("draft", 80))
        form = html.fromstring(processing["redirect_form_html"])
        self.assertEqual(form.get("action"), "/payment/account_credit/process")
        self.assertLeft(50, 40, 60)
        with self.mock_mail_gateway():
            response = self._end(processing["reference"])
        self.assertIn("/payment/status", response.url)
        # The customer gets one email: that the order is confirmed.
        [mail] = self._new_mails.filtered(lambda mail: "assigned" not in mail.subject)
        self.assertIn(f"Order (Ref {order.name})", mail.subject)
        tx = self._find(order)
        invoice = self.assertPaid(order, tx, {self.credit: 50, self.prepayment: 30})
        self.assertItems(invoice, [(self.revenue, -80, -80), (self.receivable, 80, 80)])
        self.assertEqual(invoice.payment_state, "paid")
        self.assertLeft(0, 10, 60)
        self.assertEqual((order.amount_paid, order.invoice_status), (80, "invoiced"))
        self.assertEqual(invoice.credit_application_ids.create_uid, self.payer)
        self.assertFalse(
            self.env["account.payment"].search([("payment_transaction_id", "=", tx.id)])
        )
        # The page of the status, again and again.
        answer = self.make_jsonrpc_request("/payment/status/poll", {})
        self.assertEqual(answer["state"], "done")
        tx._post_process()
        tx.env["payment.transaction"]._cron_post_process()
        self.assertPaid(order, tx, {self.credit: 50, self.prepayment: 30})
        self.assertEqual(order.invoice_ids, invoice)

    def test_delivered_later(self):
        order = self._quote((self.book, 3))
        tx = self._pay(order)
        advance = self.assertPaid(order, tx, {self.credit: 50, self.prepayment: 10})
        self.assertTrue(advance.invoice_line_ids.filtered("is_downpayment"))
        self.assertItems(advance, [(self.revenue, -60, -60), (self.receivable, 60, 60)])
        order.order_line.filtered(
            lambda line: line.product_id == self.book
        ).qty_delivered = 3
        final = order._create_invoices(final=True)
        self.assertFalse(final.transaction_ids)
        final.action_post()
        self.assertEqual(final.amount_total, 0)
        self.assertBooked(
            final,
            (self.revenue, -60, -60),
            (self.revenue, 60, 60),
            (self.receivable, 0, 0),
        )
        self.assertLeft(0, 30, 60)

    def test_down_payment_then_the_rest(self):
        order = self._quote((self.lesson, 5), prepayment_percent=0.3)
        tx = self._pay(order, 30)
        first = self.assertPaid(order, tx, {self.credit: 30})
        self.assertEqual((first.amount_total, order.amount_paid), (30, 30))
        second_tx = self._pay(order, 70)
        second = self.assertPaid(
            order, second_tx, {self.credit: 20, self.prepayment: 40, self.gift_card: 10}
        )
        self.assertBooked(
            second,
            (self.revenue, -100, -100),
            (self.revenue, 30, 30),
            (self.receivable, 70, 70),
        )
        self.assertEqual(order.invoice_ids, first | second)
        self.assertEqual((order.amount_paid, order.invoice_status), (100, "invoiced"))
        # And not once more.
        third = self._pay(order, 10)
        self.assertEqual(third.state, "cancel")
        self.assertIn(f"$\xa00.00 of {order.name} is left to pay", third.state_message)
        self.assertLeft(0, 0, 50)

    def test_provider_first_then_the_rest(self):
        order = self._quote((self.lesson, 5), prepayment_percent=0.3)
        paid = self._pay_online(
            30,
            sale_order_ids=[Command.set(order.ids)],
            partner_id=order.partner_invoice_id.id,
        )
        paid._post_process()
        self.assertEqual((order.state, order.invoice_ids.ids), ("sale", []))
        tx = self._pay(order, 70)
        invoice = self.assertPaid(order, tx, {self.credit: 50, self.prepayment: 20})
        self.assertEqual((invoice.amount_total, invoice.amount_residual), (100, 0))
        self.assertIn(
            paid.payment_id.move_id,
            invoice.line_ids.matched_credit_ids.credit_move_id.move_id,
        )

    def test_automatic_invoices(self):
        self.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")
        for order, expected in (
            (self._quote((self.lesson, 2)), {self.credit: 40}),
            (self._quote((self.book, 1)), {self.credit: 10, self.prepayment: 10}),
        ):
            tx = self._pay(order)
            invoice = self.assertPaid(order, tx, expected)
            tx._post_process()
            self.assertEqual(order.invoice_ids, invoice)

    def test_taxes(self):
        tax = self.env["account.tax"].create(
            {"name": "Seven", "amount": 7, "type_tax_use": "sale"}
        )
        self.lesson.taxes_id = tax
        self.book.taxes_id = tax
        self.book.list_price = 33.33
        order = self._quote((self.lesson, 1))
        tx = self._pay(order)
        invoice = self.assertPaid(order, tx, {self.credit: 21.4})
        self.assertEqual((invoice.amount_total, invoice.amount_tax), (21.4, 1.4))
        order = self._quote((self.book, 1))
        tx = self._pay(order)
        advance = self.assertPaid(order, tx, {self.credit: 28.6, self.prepayment: 7.06})
        self.assertEqual(advance.amount_total, order.amount_total)

    def test_currencies_without_and_with_three_decimals(self):
        for code, rounding, price in (("JPY", 1, 5001), ("KWD", 0.001, 10.005)):
            currency = self.setup_other_currency(code, rounding=rounding)
            pricelist = self.env["product.pricelist"].create(
                {
                    "name": code,
                    "currency_id": currency.id,
                    "item_ids": [
                        Command.create({"compute_price": "fixed", "fixed_price": price})
                    ],
                }
            )
            card = self._issue(price + 1, currency_id=currency.id)
            order = self._quote((self.lesson, 1), pricelist_id=pricelist.id)
            tx = self._pay(order)
            self.assertPaid(order, tx, {card: price})
            self.assertEqual(card.balance, 1)
        self.assertLeft(50, 40, 60)

    def test_policy_that_pays_at_once_takes_what_was_chosen(self):
        self.company.credit_application_policy = "posted"
        self.company.portal_pay_credits = False
        order = self._quote((self.lesson, 2))
        tx = self._pay(order)
        self.assertPaid(order, tx, {self.prepayment: 40})
        self.assertLeft(50, 0, 60)

    # -------------------------------------------------------------------------
    # NOT OFFERED
    # -------------------------------------------------------------------------

    def _is_offered(self, order, user=None):
        page = self._see(order.get_portal_url(), user)
        return bool(page.xpath("//input[@data-provider-code='account_credit']"))

    def test_who_gets_it_offered(self):
        order = self._quote((self.lesson, 4))
        self.assertTrue(self._is_offered(order))
        self.assertTrue(self._is_offered(order, self.member))
        # README says: "A link with a token opens nobody's account"
        for user in (self.stranger, False):
            self.assertFalse(self._is_offered(order, user))
        self.company.credit_portal_access = "payer"
        self.assertFalse(self._is_offered(order, self.member))

    def test_only_where_it_covers_what_is_to_be_paid(self):
        self.assertTrue(self._is_offered(self._quote((self.lesson, 7))))
        order = self._quote((self.lesson, 8))
        self.assertFalse(self._is_offered(order))
        order.prepayment_percent = 0.5
        self.assertTrue(self._is_offered(order))
        self.company.portal_pay_gift_cards = False
        self.company.portal_pay_prepayments = False
        self.assertFalse(self._is_offered(order))
        self.assertTrue(self._is_offered(self._quote((self.lesson, 2))))
        self.company.portal_pay_credits = False
        self.assertFalse(self._is_offered(self._quote((self.lesson, 2))))

    def test_gift_cards_take_money(self):
        order = self._quote((self.gift, 1))
        self.assertFalse(self._is_offered(order))
        self.assertRefused(order, self._pay(order))

    def test_switch(self):
        order = self._quote((self.lesson, 2))
        self.company.portal_pay_orders = False
        self.assertEqual(self.own.state, "disabled")
        self.assertFalse(self._is_offered(order))
        self.assertRefused(order, self._pay(order))
        self.company.portal_pay_orders = True
        self.assertEqual(self.company._find_balance_providers(), self.own)
        self.assertTrue(self._is_offered(order))

    def test_provider_of_its_own_for_each_company(self):
        other = self.setup_other_company()["company"]
        other.portal_pay_orders = True
        [provider] = other._find_balance_providers()
        self.assertNotEqual(provider, self.own)
        self.assertTrue(self.company.portal_pay_orders)
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.assertFalse(branch.portal_pay_orders)
        branch.portal_pay_orders = True
        self.assertEqual(branch._find_balance_providers().company_id, branch)
        self.assertFalse(
            self.own.journal_id.inbound_payment_method_line_ids.filtered(
                lambda line: line.payment_provider_id == self.own
            )
        )

    def test_never_for_anything_else(self):
        providers = self.env["payment.provider"].with_user(self.payer).sudo()
        for kwargs in ({}, {"is_validation": True}, {"sale_order_id": 2**30}):
            found = providers._get_compatible_providers(
                self.company.id,
                self.payer.partner_id.id,
                10,
                currency_id=self.company.currency_id.id,
                **kwargs,
            )
            self.assertNotIn(self.own, found)
        page = self._see("/my/payment_method")
        self.assertFalse(page.xpath("//input[@data-provider-code='account_credit']"))

    # -------------------------------------------------------------------------
    # REFUSED
    # -------------------------------------------------------------------------

    def test_tampered_amounts(self):
        order = self._quote((self.lesson, 5), prepayment_percent=0.3)
        for amount in (29.99, 100.01, 1000, -30, 0, 0.001):
            with self.subTest(amount=amount):
                self.assertRefused(order, self._pay(order, amount))
        order.prepayment_percent = 1
        tx = self._pay(order, 50)
        self.assertIn(
            "is confirmed when $\xa0100.00 is paid", self.assertRefused(order, tx)
        )
        tx = self._pay(order, is_validation=True)
        self.assertRefused(order, tx)
        with self.assertRaises(JsonRpcException):
            self._begin(order, custom_create_values={"state": "done"})

    def test_others(self):
        order = self._quote((self.lesson, 2))
        self._issue(100, account=self.accounts[1])
        for user in (self.stranger, self.clerk):
            with self.subTest(user=user.login):
                self.assertRefused(order, self._pay(order, user=user))
        # Whoever is not logged in is sent to the login page.
        processing = self._begin(order, user=False)
        response = self._end(processing["reference"], False)
        self.assertIn("/web/login", response.url)
        self.assertEqual(self._find(order).state, "draft")
        # Somebody logged in ends what the public, or another customer, began.
        self._end(processing["reference"], self.payer)
        self.assertEqual(self._find(order).state, "draft")
        processing = self._begin(order, user=self.stranger)
        self._end(processing["reference"], self.payer)
        self.assertEqual(self._find(order).state, "draft")
        processing = self._begin(order)
        self._end(processing["reference"], self.member)
        self.assertEqual(self._find(order).state, "draft")
        self.assertLeft(50, 40, 60)
        # No other provider's answer ends it.
        self.env["payment.transaction"]._process(
            "none", {"reference": processing["reference"]}
        )
        self.assertEqual(self._find(order).state, "draft")

    def test_form_needs_its_token(self):
        order = self._quote((self.lesson, 2))
        processing = self._begin(order)
        response = self.url_open(
            "/payment/account_credit/process",
            data={"reference": processing["reference"]},
        )
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self._find(order).state, "draft")

    def test_same_transaction_twice(self):
        order = self._quote((self.lesson, 2))
        processing = self._begin(order)
        for _number in range(2):
            self._end(processing["reference"])
            tx = self._find(order)
            invoice = self.assertPaid(order, tx, {self.credit: 40})
            self.assertEqual(order.invoice_ids, invoice)
        self.assertLeft(10, 40, 60)

    def test_two_tabs(self):
        order = self._quote((self.lesson, 2))
        first, second = self._begin(order), self._begin(order)
        self._end(second["reference"])
        tx = self._find(order)
        invoice = self.assertPaid(order, tx, {self.credit: 40})
        response = self._end(first["reference"])
        self.assertIn(f"/my/orders/{order.id}", response.url)
        self.env.invalidate_all()
        first_tx = order.sudo().transaction_ids - tx
        self.assertEqual((first_tx.state, tx.state), ("cancel", "done"))
        self.assertEqual(order.invoice_ids, invoice)
        self.assertIn("is left to pay", first_tx.state_message)
        self.assertLeft(10, 40, 60)

    def test_gone_meanwhile(self):
        order = self._quote((self.lesson, 7))
        processing = self._begin(order)
        invoice = self._create_invoice(self.account, 15)
        self.gift_card.with_user(self.clerk).apply_to_invoice(invoice.id)
        self._end(processing["reference"])
        tx = self._find(order)
        self.assertEqual(tx.state, "cancel")
        self.assertIn("cannot pay this, or not that much", tx.state_message)
        self.assertEqual((order.state, order.invoice_ids.ids), ("sent", []))
        self.assertLeft(50, 40, 45)
        page = self._see(order.get_portal_url())
        self.assertIn("cannot pay this, or not that much", page.text_content())

    def test_less_can_be_applied_than_was_shown(self):
        # What is on another receivable account cannot pay the invoice.
        receivable = self.receivable.copy({"name": "Other", "code": "121999"})
        self.account.property_account_receivable_id = receivable
        order = self._quote((self.lesson, 5))
        tx = self._pay(order)
        self.assertPaid(order, tx, {self.prepayment: 40, self.gift_card: 60})
        order = self._quote((self.lesson, 1))
        tx = self._pay(order)
        self.assertEqual(tx.state, "cancel")
        self.assertIn("cannot pay $\xa020.00 of this order", tx.state_message)
        self.assertEqual((order.state, order.invoice_ids.ids), ("sent", []))
        self.assertLeft(50, 0, 0)

    def test_locked_date(self):
        self.company.fiscalyear_lock_date = get_today(self.company)
        order = self._quote((self.lesson, 2))
        told = self.assertRefused(order, self._pay(order))
        self.assertIn("Lock Date", told)

    def test_what_cannot_be_posted_is_not_paid(self):
        order = self._quote((self.lesson, 2))
        move = "odoo.addons.account.models.account_move.AccountMove"
        with patch(f"{move}._post", side_effect=UserError("Not today.")):
            tx = self._pay(order)
        self.assertEqual(self.assertRefused(order, tx), "Not today.")
        # The next try.
        self.assertPaid(order, self._pay(order), {self.credit: 40})

    def test_transaction_of_anything_else(self):
        invoice = self._create_invoice(self.account, 40)
        partner = self.payer.partner_id
        self._login(self.payer)
        kwargs = {
            "provider_id": self.own.id,
            "payment_method_id": self.own_method.id,
            "token_id": None,
            "amount": 40,
            "flow": "redirect",
            "tokenization_requested": False,
            "landing_route": "/my",
            "is_validation": False,
        }
        token = generate_access_token(
            partner.id, 40.0, self.company.currency_id.id, env=self.env
        )
        for route, more in (
            (
                "/payment/transaction",
                {
                    "partner_id": partner.id,
                    "currency_id": self.company.currency_id.id,
                    "access_token": token,
                },
            ),
            (
                f"/invoice/transaction/{invoice.id}",
                {"access_token": invoice._portal_ensure_token()},
            ),
        ):
            with self.subTest(route=route):
                processing = self.make_jsonrpc_request(route, {**kwargs, **more})
                self._end(processing["reference"])
                self.env.invalidate_all()
                tx = self.env["payment.transaction"].search(
                    [("reference", "=", processing["reference"])]
                )
                self.assertEqual(tx.state, "cancel")
                self.assertEqual(invoice.amount_residual, 40)
                self.assertLeft(50, 40, 60)

    def test_order_that_expired_or_is_cancelled(self):
        order = self._quote((self.lesson, 2))
        processing = self._begin(order)
        order.validity_date = "2000-01-01"
        self._end(processing["reference"])
        self.assertRefused(order, self._find(order))
        order.validity_date = False
        processing = self._begin(order)
        order._action_cancel()
        self._end(processing["reference"])
        self.assertRefused(order, self._find(order), "cancel")

    def test_order_that_was_invoiced_by_the_office(self):
        order = self._quote((self.lesson, 2))
        processing = self._begin(order)
        order.action_confirm()
        invoice = order._create_invoices()
        self._end(processing["reference"])
        tx = self._find(order)
        self.assertEqual((tx.state, order.invoice_ids), ("cancel", invoice))
        self.assertIn("is already invoiced", tx.state_message)
        self.assertLeft(50, 40, 60)

    # -------------------------------------------------------------------------
    # GIVEN BACK
    # -------------------------------------------------------------------------

    def test_no_money_to_refund(self):
        order = self._quote((self.lesson, 4))
        tx = self._pay(order)
        self.assertEqual(self.own.support_refund, "none")
        [invoice] = tx.invoice_ids
        with self.assertRaisesRegex(UserError, invoice.name):
            tx.action_refund()
        self.assertFalse(tx.child_transaction_ids)
        # What paid it goes back where it came from.
        invoice.credit_application_ids.filtered("partial_id").action_unapply()
        self.assertLeft(50, 40, 60)
        self.assertEqual(invoice.amount_residual, 80)
        reversal = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        reversal = reversal.create({"journal_id": invoice.journal_id.id})
        note = self.env["account.move"].browse(reversal.refund_moves()["res_id"])
        note.action_post()
        self.assertItems(note, [(self.revenue, 80, 80), (self.receivable, -80, -80)])
        self.assertLeft(50, 40, 60)
