from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.account_credit_posting.tools.days import get_today

from .common_cards_online import CardsOnlineCommon


@tagged("post_install", "-at_install")
class TestGiftCardsPaidOnline(CardsOnlineCommon):
    """Who pays an order online gets its gift cards by email, once."""

    def assertInvoice(self, invoice, *items):
        self.assertEqual(invoice.state, "posted")
        self.assertItems(invoice, list(items))

    def assertSold(self, order, transaction, count=1):
        """Assert all journal items of cards of 50 that are sold and paid."""
        [invoice] = order.invoice_ids
        total = 50 * count
        self.assertInvoice(
            invoice,
            *[(self.sold, -50, -50)] * count,
            (self.receivable, total, total),
        )
        self.assertPayment(transaction.payment_id, total)
        self.assertPartials(invoice, [(transaction.payment_id, total)])
        self.assertEqual(order.invoice_status, "invoiced")
        cards = self._get_cards(order)
        self.assertEqual(cards.mapped("state"), ["active"] * count)
        self.assertEqual(cards.mapped("balance"), [50] * count)
        # The credit that the buyer has is still there.
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        self.assertTiesOut()
        return cards

    def test_card_is_sold_and_sent(self):
        order = self._quote((self.card, 1))
        transaction = self._pay_order(order)
        self.assertEqual(order.state, "sale")
        card = self.assertSold(order, transaction)
        self.assertEqual(card.recipient_email, "buyer@example.com")
        self.assertEqual(card.send_date, get_today(self.company))
        self.assertFalse(card.code_last4)
        self.assertSent(card)

    def test_three_cards_have_three_codes(self):
        order = self._quote((self.card, 3))
        cards = self.assertSold(order, self._pay_order(order), 3)
        self.assertEqual(order.order_line.qty_invoiced, 3)
        self.assertSent(cards)
        self.assertEqual(len(set(cards.sudo().mapped("code_hash"))), 3)

    def test_all_of_a_paid_order_is_invoiced(self):
        order = self._quote((self.card, 1), (self.book, 2))
        transaction = self._pay_order(order)
        [invoice] = order.invoice_ids
        self.assertInvoice(
            invoice,
            (self.sold, -50, -50),
            (self.revenue, -40, -40),
            (self.receivable, 90, 90),
        )
        self.assertPartials(invoice, [(transaction.payment_id, 90)])
        self.assertSent(self._get_cards(order))

    def test_order_without_cards_is_not_invoiced(self):
        order = self._quote((self.book, 2))
        transaction = self._pay_order(order)
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.invoice_ids)
        self.assertPayment(transaction.payment_id, 40)

    def test_automatic_invoice_sells_once_too(self):
        self.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")
        order = self._quote((self.card, 2))
        transaction = self._pay_order(order)
        cards = self.assertSold(order, transaction, 2)
        transaction._post_process()
        self.assertSold(order, transaction, 2)
        self.assertSent(cards)

    def test_repeated_post_processing_changes_nothing(self):
        order = self._quote((self.card, 1))
        transaction = self._pay_order(order)
        transaction._post_process()
        card = self.assertSold(order, transaction)
        self.assertEqual(transaction.invoice_ids, order.invoice_ids)
        self.assertSent(card)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(self.assertSold(order, transaction), card)
        self.assertEqual(self._send_cards(), [])

    def test_pending_then_done(self):
        order = self._quote((self.card, 1))
        transaction = self._start(order)
        transaction._set_pending()
        transaction._post_process()
        self.assertNothingSold(order)
        transaction._set_done()
        transaction._post_process()
        self.assertSent(self.assertSold(order, transaction))

    def test_canceled_payment_sells_nothing(self):
        order = self._quote((self.card, 1))
        transaction = self._start(order)
        transaction._set_pending()
        transaction._post_process()
        transaction._set_canceled()
        transaction._post_process()
        self.assertNothingSold(order)
        self.assertEqual(order.state, "sent")

    def test_failed_payment_sells_nothing(self):
        order = self._quote((self.card, 1))
        transaction = self._start(order)
        transaction._set_error("No money")
        transaction._post_process()
        self.assertNothingSold(order)

    def test_part_of_the_price_sells_nothing_until_the_rest_is_paid(self):
        order = self._quote((self.card, 2), prepayment_percent=0.5)
        first = self._pay_order(order, 50)
        self.assertEqual(order.state, "sale")
        self.assertNothingSold(order)
        second = self._pay_order(order, 50)
        [invoice] = order.invoice_ids
        self.assertInvoice(
            invoice, *[(self.sold, -50, -50)] * 2, (self.receivable, 100, 100)
        )
        self.assertPartials(invoice, [(first.payment_id, 50), (second.payment_id, 50)])
        self.assertSent(self._get_cards(order))

    def test_order_in_a_foreign_currency(self):
        currency = self.setup_other_currency("JPY", rounding=1)
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Yen",
                "currency_id": currency.id,
                "item_ids": [
                    Command.create({"compute_price": "fixed", "fixed_price": 5001})
                ],
            }
        )
        order = self._quote((self.card, 1), pricelist_id=pricelist.id)
        transaction = self._pay_order(order)
        [invoice] = order.invoice_ids
        rate = invoice.line_ids[0].currency_rate
        balance = self.company.currency_id.round(5001 / rate)
        self.assertInvoice(
            invoice,
            (self.sold, -balance, -5001),
            (self.receivable, balance, 5001),
        )
        self.assertEqual(invoice.amount_residual, 0)
        self.assertPartials(invoice, [(transaction.payment_id, balance)])
        card = self._get_cards(order)
        self.assertEqual((card.currency_id, card.balance), (currency, 5001))
        self.assertSent(card)

    def test_refund_takes_the_card_back_and_nothing_is_billed_again(self):
        order = self._quote((self.card, 1))
        transaction = self._pay_order(order)
        card = self.assertSold(order, transaction)
        self.assertSent(card)
        [invoice] = order.invoice_ids
        reversal = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        reversal = reversal.create({"journal_id": invoice.journal_id.id})
        credit_note = self.env["account.move"].browse(reversal.refund_moves()["res_id"])
        credit_note.action_post()
        self.assertItems(
            credit_note, [(self.sold, 50, 50), (self.receivable, -50, -50)]
        )
        self.assertEqual((card.state, card.balance), ("void", 0))
        for _repeated in range(2):
            transaction._post_process()
            self.assertEqual(order.invoice_ids, invoice | credit_note)
        refund = transaction._create_child_transaction(50, is_refund=True)
        refund._set_done()
        refund._post_process()
        self.assertItems(
            refund.payment_id.move_id,
            [
                (refund.payment_id.outstanding_account_id, -50, -50),
                (self.receivable, 50, 50),
            ],
        )
        self.assertEqual(order.invoice_ids, invoice | credit_note)
        self.assertEqual(self._send_cards(), [])
        self.assertTiesOut()

    def test_invoice_of_a_clerk_keeps_the_code_for_the_desk(self):
        order = self._quote((self.card, 1))
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        card = self._get_cards(order)
        self.assertEqual((card.state, card.send_date), ("blocked", False))
        self.assertFalse(card.recipient_email)
        payments = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        payments.create({}).action_create_payments()
        self.assertEqual(card.state, "active")
        self.assertEqual(self._send_cards(), [])

    def test_clerk_invoices_an_order_whose_transfer_is_awaited(self):
        order = self._quote((self.card, 1))
        transaction = self._start(order)
        transaction._set_pending()
        transaction._post_process()
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        card = self._get_cards(order)
        self.assertEqual(card.state, "blocked")
        self.assertEqual(self._send_cards(), [])
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(self.assertSold(order, transaction), card)
        self.assertSent(card)

    def test_discount_of_the_order_pays_for_no_card(self):
        order = self._quote((self.card, 1), (self.book, 1))
        discount = self.env["product.product"].create(
            {"name": "Discount", "type": "service", "list_price": -30, "taxes_id": []}
        )
        order.order_line = [Command.create({"product_id": discount.id})]
        with self.assertRaisesRegex(UserError, r"other lines come to .*10\.00"):
            order._check_gift_cards()
        for automatic in (False, "True"):
            self.env["ir.config_parameter"].set_param(
                "sale.automatic_invoice", automatic
            )
            transaction = self._pay_order(order, 20 if automatic else 40)
            # The order is confirmed, the money is booked, and the rest is said.
            self.assertEqual(order.state, "sale")
            self.assertNothingSold(order)
            self.assertPayment(transaction.payment_id, transaction.amount)
            said = [
                body
                for body in order.message_ids.mapped("body")
                if "not invoic" in body
            ]
            self.assertEqual(len(said), 2 if automatic else 1)

    def test_contact_of_an_account_gets_what_the_contact_bought(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.account.id, "email": "ann@example.com"}
        )
        order = self._quote((self.card, 1), partner_id=contact.id)
        card = self.assertSold(order, self._pay_order(order))
        self.assertEqual(card.partner_id, self.account)
        [(addresses, _code)] = self._send_cards()
        self.assertEqual(addresses, ["ann@example.com"])

    def test_order_of_another_company(self):
        data = self.setup_other_company()
        other = data["company"]
        provider = self.provider.copy(
            {"company_id": other.id, "state": "test", "name": "Other"}
        )
        provider.journal_id = data["default_journal_bank"]
        order = self._quote((self.card, 1), company_id=other.id)
        # The scheduled action runs in whatever company.
        self.assertNotEqual(self.env.company, other)
        transaction = self._pay_order(order, provider_id=provider.id)
        [invoice] = order.invoice_ids
        self.assertEqual(invoice.company_id, other)
        self.assertCountEqual(
            [(line.account_id, line.balance) for line in invoice.line_ids],
            [
                (other.gift_card_liability_account_id, -50),
                (data["default_account_receivable"], 50),
            ],
        )
        self.assertEqual(transaction.payment_id.company_id, other)
        card = self._get_cards(order)
        self.assertEqual((card.company_id, card.state), (other, "active"))
        self.assertEqual(card.send_date, get_today(other))
        self.assertEqual(len(self._send_cards()), 1)

    def test_buyer_without_an_address_comes_to_the_desk(self):
        self.account.email = False
        order = self._quote((self.card, 1))
        card = self.assertSold(order, self._pay_order(order))
        self.assertFalse(card.send_date)
        self.assertEqual(self._send_cards(), [])

    def _start(self, order, **vals):
        """Let the customer begin to pay."""
        return self.env["payment.transaction"].create(
            {
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "operation": "online_direct",
                "partner_id": order.partner_invoice_id.id,
                "reference": f"Online {next(self.numbers)}",
                "sale_order_ids": [Command.set(order.ids)],
                **vals,
            }
        )
