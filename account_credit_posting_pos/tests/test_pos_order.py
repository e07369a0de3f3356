from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_till import TillCommon


@tagged("post_install", "-at_install")
class TestPosOrder(TillCommon):
    """Gift cards that orders at the till sell and take back."""

    # -------------------------------------------------------------------------
    # SELL
    # -------------------------------------------------------------------------

    def test_each_card_has_a_line_of_its_own(self):
        order = self._order((self.product, 3), (self.book, 2))
        cards = self.assertCards(order, [("blocked", 0)] * 3)
        self.assertRecordValues(
            order.lines.sorted("id"),
            [
                {
                    "qty": qty,
                    "price_subtotal_incl": total,
                    "full_product_name": name,
                }
                for qty, total, name in (
                    (1, 50, f"Studio Card ({cards[0].name})"),
                    (2, 40, "Book"),
                    (1, 50, f"Studio Card ({cards[1].name})"),
                    (1, 50, f"Studio Card ({cards[2].name})"),
                )
            ],
        )
        self.assertEqual(order.amount_total, 190)

    def test_order_that_comes_twice_sells_once(self):
        order = self._order((self.product, 1))
        again = self._order((self.product, 1), uuid=order.uuid)
        self.assertEqual(again, order)
        self.assertCards(order, [("blocked", 0)])

    def test_line_that_can_be_no_card_is_refused_when_it_is_paid(self):
        tax = self.company_data["default_tax_sale"]
        for vals, problem in (
            ({"discount": 10}, "no discount"),
            ({"tax_ids": tax.ids}, "taxed when it is used"),
            ({"price_unit": 0}, "above zero"),
            ({"price_unit": -50}, "above zero"),
            ({"price_unit": 50.001}, "the price is not valid"),
            ({"qty": 1.5}, "whole number"),
            ({"qty": -1}, "with Refund"),
        ):
            line = {"product": self.product, "qty": 1, **vals}
            with (
                self.subTest(problem=problem),
                self.assertRaisesRegex(UserError, problem),
                self.cr.savepoint(),
            ):
                self._order(line)
        self.assertFalse(self.values.search([("pos_line_id", "!=", False)]))

    def test_single_purpose_voucher_is_not_sold_at_the_till(self):
        tax = self.company_data["default_tax_sale"]
        self.product.product_tmpl_id.write(
            {"voucher_kind": "single", "taxes_id": [Command.set(tax.ids)]}
        )
        line = {"product": self.product, "qty": 1, "tax_ids": tax.ids}
        with self.assertRaisesRegex(UserError, "Sell it on an invoice"):
            self._order(line)

    def test_no_discount_of_the_order_pays_for_a_card(self):
        discount = {"product": self.book, "qty": 1, "price_unit": -20.01}
        with (
            self.assertRaisesRegex(UserError, "less than its gift cards are worth"),
            self.cr.savepoint(),
        ):
            self._order((self.product, 1), (self.book, 1), discount)
        discount["price_unit"] = -20
        order = self._order((self.product, 1), (self.book, 1), discount)
        self.assertCards(order, [("blocked", 0)])

    def test_what_is_taken_back_may_be_exchanged_for_a_card(self):
        books = self._order((self.book, 2))
        line = {
            "product": self.book,
            "qty": -2,
            "refunded_orderline_id": books.lines.id,
        }
        order = self._order((self.product, 1), line)
        self.assertCards(order, [("blocked", 0)])
        self.assertItems(
            self._close(),
            [
                (self.sold, -50, -50),
                (self.revenue, -40, -40),
                (self.revenue, 40, 40),
                (self.till, 50, 50),
            ],
        )

    def test_card_is_not_paid_for_later_without_an_invoice(self):
        with self.assertRaisesRegex(UserError, "Later"), self.cr.savepoint():
            self._order(
                (self.product, 1),
                method=self.later_method,
                partner_id=self.account.id,
            )
        order = self._order((self.product, 1), partner_id=self.account.id)
        payment = order.payment_ids
        with self.assertRaisesRegex(UserError, "Later"), self.cr.savepoint():
            order.payment_ids = [
                Command.update(payment.id, {"payment_method_id": self.later_method.id})
            ]

    def test_company_without_a_liability_account(self):
        self.company.gift_card_liability_account_id = False
        with self.assertRaisesRegex(UserError, "no liability account"):
            self._order((self.product, 1))

    def test_what_was_sold_stays_as_it_was(self):
        order = self._order((self.product, 1))
        line = order.lines.with_user(self.cashier)
        for vals in ({"price_unit": 1}, {"qty": 2}, {"product_id": self.book.id}):
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                line.write(vals)
        line.write({"price_unit": 50, "qty": 1})
        with self.assertRaisesRegex(UserError, "until that session is closed"):
            self.product.product_tmpl_id.is_gift_card = False

    def test_line_of_a_card_is_nobodys_to_say(self):
        card = self._order((self.product, 1)).lines.gift_card_ids
        other = self._order((self.book, 1)).lines
        with self.assertRaises(AccessError):
            card.with_user(self.manager).write({"pos_line_id": other.id})
        with self.assertRaises(AccessError):
            other.with_user(self.cashier).write(
                {"gift_card_ids": [Command.link(card.id)]}
            )

    # -------------------------------------------------------------------------
    # CODES
    # -------------------------------------------------------------------------

    def test_code_is_told_once(self):
        order = self._order((self.product, 2)).with_user(self.cashier)
        cards = order.sudo().lines.gift_card_ids
        told = order.tell_gift_card_codes()
        self.assertEqual([card["is_told"] for card in told], [True, True])
        self.assertEqual([card["name"] for card in told], cards.mapped("name"))
        self.assertEqual([card["amount"] for card in told], [50, 50])
        again = order.tell_gift_card_codes()
        self.assertEqual([card["is_told"] for card in again], [False, False])
        for card, first, second in zip(cards, told, again, strict=True):
            self.assertEqual(first["code"][-4:], card.code_last4)
            self.assertEqual(second["code"], f"••••-••••-••••-{card.code_last4}")
        self._close()
        answer = self.values.with_user(self.clerk).balance_of(told[0]["code"])
        self.assertEqual(answer["balance"], 50)

    def test_code_is_told_at_the_till_alone(self):
        order = self._order((self.product, 1))
        for user in (self.clerk, self.manager):
            with self.assertRaises(AccessError):
                order.with_user(user).tell_gift_card_codes()
        company = self.setup_other_company()["company"]
        self.cashier.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        with self.assertRaises(AccessError):
            order.with_user(self.cashier).tell_gift_card_codes()

    def test_card_is_e_mailed_instead_once_it_can_be_used(self):
        order = self._order((self.product, 1)).with_user(self.cashier)
        card = order.sudo().lines.gift_card_ids
        order.action_send_receipt("ann@example.com", "", "")
        [told] = order.tell_gift_card_codes()
        self.assertFalse(told["is_told"])
        self.assertEqual(card.recipient_email, "ann@example.com")
        self._send_cards()
        self.assertFalse(card.sent_date)
        self._close()
        self._send_cards()
        self.assertTrue(card.sent_date)
        self.assertTrue(card.code_last4)

    def test_code_that_was_printed_stays(self):
        order = self._order((self.product, 1)).with_user(self.cashier)
        card = order.sudo().lines.gift_card_ids
        order.tell_gift_card_codes()
        order.nb_print = 1
        last4 = card.code_last4
        order.action_send_receipt("ann@example.com", "", "")
        self._close()
        self._send_cards()
        self.assertFalse(card.sent_date)
        self.assertEqual(card.code_last4, last4)

    # -------------------------------------------------------------------------
    # TAKE BACK
    # -------------------------------------------------------------------------

    def test_refund_takes_the_card_back_at_once(self):
        order = self._order((self.product, 2))
        codes = order.with_user(self.cashier).tell_gift_card_codes()
        self._close()
        session = self._open()
        card, kept = order.lines.gift_card_ids
        self._refund(card.pos_line_id, session=session)
        self.assertEqual((card.state, card.balance), ("void", 50))
        with self.assertRaisesRegex(UserError, "no gift card to use"):
            self.values.with_user(self.clerk).redeem(codes[0]["code"], self.account.id)
        move = self._close(session)
        self.assertItems(move, [(self.sold, 50, 50), (self.till, -50, -50)])
        self.assertEqual(move.stored_value_event, "void")
        self.assertEqual((card.state, card.balance), ("void", 0))
        self.assertEqual((kept.state, kept.balance), ("active", 50))
        self.assertEqual(self._get_events(card), ["issue", "void"])

    def test_refund_in_the_same_session(self):
        order = self._order((self.product, 2))
        card, kept = order.lines.gift_card_ids
        self._refund(card.pos_line_id)
        self.assertEqual(card.state, "void")
        move = self._close()
        self.assertItems(
            move,
            [
                *[(self.sold, -50, -50)] * 2,
                (self.sold, 50, 50),
                (self.till, 50, 50),
            ],
        )
        self.assertEqual((card.state, card.balance), ("void", 0))
        self.assertEqual((kept.state, kept.balance), ("active", 50))
        self.assertEqual(sorted(self._get_events(card)), ["issue", "void"])

    def test_all_of_a_session_taken_back(self):
        order = self._order((self.product, 1))
        self._refund(order.lines)
        move = self._close()
        self.assertItems(move, [(self.sold, -50, -50), (self.sold, 50, 50)])
        self.assertEqual(order.lines.gift_card_ids.balance, 0)

    def test_card_is_taken_back_once(self):
        order = self._order((self.product, 1))
        self._refund(order.lines)
        with self.assertRaisesRegex(UserError, "is void"):
            self._refund(order.lines)

    def test_used_card_is_not_taken_back(self):
        order = self._order((self.product, 1), partner_id=self.account.id)
        card = order.lines.gift_card_ids
        self._close()
        invoice = self._create_invoice(self.account, 20)
        card.with_user(self.clerk).apply_to_invoice(invoice.id)
        session = self._open()
        with (
            self.assertRaisesRegex(UserError, "has .*30.00 left"),
            self.cr.savepoint(),
        ):
            self._refund(order.lines, session=session)
        invoice = self._create_invoice(self.account, 30)
        card.with_user(self.clerk).apply_to_invoice(invoice.id)
        with self.assertRaisesRegex(UserError, "is used"):
            self._refund(order.lines, session=session)

    def test_card_is_taken_back_as_a_whole(self):
        order = self._order((self.product, 1))
        self._close()
        session = self._open()
        line = {
            "product": self.product,
            "qty": -1,
            "refunded_orderline_id": order.lines.id,
        }
        for price in (20, 60):
            with (
                self.assertRaisesRegex(UserError, "in full"),
                self.cr.savepoint(),
            ):
                self._order({**line, "price_unit": price}, session=session)
        with self.assertRaisesRegex(UserError, "in full"):
            self._order({**line, "discount": 50}, session=session)

    def test_card_that_somebody_blocked_is_not_taken_back(self):
        order = self._order((self.product, 1))
        self._close()
        order.lines.gift_card_ids.with_user(self.clerk).action_block("stolen")
        with self.assertRaisesRegex(UserError, "is blocked"):
            self._refund(order.lines, session=self._open())

    def test_refund_names_an_order_that_sold_a_card(self):
        books = self._order((self.book, 1))
        line = {
            "product": self.product,
            "qty": -1,
            "refunded_orderline_id": books.lines.id,
        }
        with self.assertRaisesRegex(UserError, "did not sell this as a gift card"):
            self._order(line)
