from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_till import TillCommon


@tagged("post_install", "-at_install")
class TestAccountMove(TillCommon):
    """Orders with gift cards that are invoiced at the till."""

    def _invoiced(self, *lines, **vals):
        return self._order(*lines, partner_id=self.account.id, to_invoice=True, **vals)

    def test_invoiced_order_sells_its_cards_by_the_invoice(self):
        order = self._invoiced((self.product, 2), (self.book, 1))
        invoice = order.account_move
        cards = self.assertCards(order, [("active", 50)] * 2)
        self.assertItems(
            invoice,
            [
                *[(self.sold, -50, -50)] * 2,
                (self.revenue, -20, -20),
                (self.receivable, 120, 120),
            ],
        )
        self.assertEqual(invoice.sold_value_ids, cards)
        self.assertRecordValues(
            cards,
            [
                {
                    "funding": "invoice",
                    "invoice_id": invoice.id,
                    "partner_id": self.account.id,
                    "funding_account_id": self.receivable.id,
                    "awaits_payment": False,
                }
            ]
            * 2,
        )
        told = order.with_user(self.cashier).tell_gift_card_codes()
        self.assertEqual([card["is_told"] for card in told], [True, True])
        move = self._close()
        self.assertItems(move, [(self.till, 120, 120), (self.till, -120, -120)])
        self.assertFalse(move.stored_value_event)
        self.assertCards(order, [("active", 50)] * 2)

    def test_invoice_that_is_paid_later_blocks_its_card(self):
        order = self._invoiced((self.product, 1), method=self.later_method)
        card = self.assertCards(order, [("blocked", 50)])
        self._close()
        self.assertEqual(card.state, "blocked")
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=order.account_move.ids
        ).create({})._create_payments()
        self.assertEqual(card.state, "active")

    def test_order_is_invoiced_before_the_session_is_closed(self):
        order = self._order((self.product, 1))
        [told] = order.with_user(self.cashier).tell_gift_card_codes()
        card = order.lines.gift_card_ids
        order.partner_id = self.account
        order.action_pos_order_invoice()
        self.assertEqual(order.account_move.sold_value_ids, card)
        self.assertEqual(card.partner_id, self.account)
        self.assertCards(order, [("active", 50)])
        move = self._close()
        self.assertItems(move, [(self.till, 50, 50), (self.till, -50, -50)])
        answer = self.values.with_user(self.clerk).balance_of(told["code"])
        self.assertEqual(answer["balance"], 50)

    def test_order_is_not_invoiced_after_the_session_is_closed(self):
        order = self._order((self.product, 1), partner_id=self.account.id)
        self._close()
        with self.assertRaisesRegex(UserError, "A gift card is not a sale"):
            order.action_pos_order_invoice()

    def test_card_that_was_taken_back_is_not_invoiced(self):
        order = self._order((self.product, 1), partner_id=self.account.id)
        self._refund(order.lines)
        with self.assertRaisesRegex(UserError, "was taken back"):
            order.action_pos_order_invoice()

    def test_invoiced_refund_takes_the_card_back(self):
        order = self._invoiced((self.product, 2))
        self._close()
        session = self._open()
        card, kept = order.lines.gift_card_ids
        refund = self._refund(
            card.pos_line_id,
            session=session,
            partner_id=self.account.id,
            to_invoice=True,
        )
        note = refund.account_move
        self.assertEqual(note.reversed_entry_id, order.account_move)
        self.assertItems(note, [(self.sold, 50, 50), (self.receivable, -50, -50)])
        self.assertEqual((card.state, card.balance), ("void", 0))
        self.assertEqual((kept.state, kept.balance), ("active", 50))
        self._close(session)

    def test_invoiced_order_is_refunded_without_an_invoice(self):
        order = self._invoiced((self.product, 1))
        self._refund(order.lines)
        # The cash came and went: only what the invoice was paid by is left.
        self.assertItems(self._close(), [(self.sold, 50, 50), (self.till, -50, -50)])
        self.assertCards(order, [("void", 0)])

    def test_refund_is_of_the_kind_of_its_order(self):
        order = self._order((self.product, 1), partner_id=self.account.id)
        with (
            self.assertRaisesRegex(UserError, "Refund it without one"),
            self.cr.savepoint(),
        ):
            self._refund(order.lines, partner_id=self.account.id, to_invoice=True)
        order = self._invoiced((self.product, 1), method=self.later_method)
        with self.assertRaisesRegex(UserError, "Refund it with an invoice"):
            self._refund(order.lines)

    def assertPartials(self, invoice, expected):
        """Assert all that pays an invoice.

        :param expected: ``[(entry, amount)]`` in the order of paying
        """
        partials = invoice.line_ids.matched_credit_ids.sorted("id")
        self.assertEqual(
            [(item.credit_move_id.move_id, item.amount) for item in partials], expected
        )

    def test_what_was_paid_at_the_till_pays_before_credits(self):
        credit = self._post_line(50)
        order = self._invoiced((self.book, 5))
        invoice, paid = order.account_move, order.payment_ids.account_move_id
        self.assertItems(
            invoice, [(self.revenue, -100, -100), (self.receivable, 100, 100)]
        )
        self.assertItems(paid, [(self.receivable, -100, -100), (self.till, 100, 100)])
        self.assertPartials(invoice, [(paid, 100)])
        self.assertEqual(credit.move_id.amount_residual, 50)
        self.assertItems(
            self._close(), [(self.till, 100, 100), (self.till, -100, -100)]
        )
        self.assertEqual(credit.move_id.amount_residual, 50)

    def test_credits_pay_what_is_left_for_later(self):
        credit = self._post_line(50)
        order = self._invoiced(
            (self.book, 5),
            payment_ids=[
                Command.create(
                    {
                        "amount": amount,
                        "name": fields.Datetime.now(),
                        "payment_method_id": method.id,
                    }
                )
                for amount, method in (
                    (60, self.cash_method),
                    (40, self.later_method),
                )
            ],
        )
        [paid] = order.payment_ids.account_move_id
        self.assertPartials(order.account_move, [(paid, 60), (credit.move_id, 40)])
        self.assertEqual(order.account_move.amount_residual, 0)
        self.assertEqual(credit.move_id.amount_residual, 10)
        self._close()

    def test_order_of_a_closed_session_is_paid_before_credits(self):
        order = self._order((self.book, 5), partner_id=self.account.id)
        self._close()
        credit = self._post_line(50)
        order.action_pos_order_invoice()
        self.assertPartials(
            order.account_move, [(order.payment_ids.account_move_id, 100)]
        )
        self.assertEqual(credit.move_id.amount_residual, 50)

    def test_invoice_is_printed_as_it_is_paid(self):
        self._post_line(50)
        printed = []
        order = self._order((self.book, 5), partner_id=self.account.id)

        def send(move, **kwargs):
            printed.append((move, move.env, move.amount_residual))

        moves = self.env.registry["account.move"]
        with patch.object(moves, "_generate_and_send", send):
            order.with_context(generate_pdf=False)._generate_pos_order_invoice()
            self.assertFalse(printed)
            other = self._order((self.book, 5), partner_id=self.account.id)
            invoice = other._generate_pos_order_invoice()
        self.assertNotIn("credit_posting", invoice.env.context)
        [(move, env, residual)] = printed
        self.assertEqual((move, residual), (invoice, 0))
        self.assertTrue(env.context["skip_invoice_sync"])
