from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_till import TillCommon


@tagged("post_install", "-at_install")
class TestPosSession(TillCommon):
    """The entry of a session books each gift card with an item of its own."""

    def test_cards_are_booked_when_the_session_is_closed(self):
        order = self._order((self.product, 3), (self.book, 1))
        cards = self.assertCards(order, [("blocked", 0)] * 3)
        self.assertTrue(all(cards.mapped("awaits_payment")))
        move = self._close()
        self.assertItems(
            move,
            [
                *[(self.sold, -50, -50)] * 3,
                (self.revenue, -20, -20),
                (self.till, 170, 170),
            ],
        )
        self.assertEqual(move.stored_value_event, "issue")
        self.assertRecordValues(
            cards,
            [
                {
                    "state": "active",
                    "awaits_payment": False,
                    "balance": 50,
                    "initial_amount": 50,
                    "funding": "payment",
                    "funding_account_id": self.till.id,
                    "liability_account_id": self.sold.id,
                    "invoice_id": False,
                    "pos_order_name": order.name,
                    "pos_session_name": self.pos_session.name,
                    "issue_date": move.date,
                }
            ]
            * 3,
        )
        items = move.line_ids.filtered("stored_value_id")
        self.assertEqual(items.stored_value_id, cards)
        self.assertEqual(
            set(items.mapped("name")),
            {f"{card.name}: sold at the till" for card in cards},
        )
        self.assertEqual(self._get_events(cards), ["issue"] * 3)

    def test_card_is_held_for_the_customer_or_for_walk_in_customers(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.account.id}
        )
        known = self._order((self.product, 1), partner_id=contact.id)
        strangers = self._order((self.product, 1)) | self._order((self.product, 1))
        walk_in = self.company.walk_in_account_id
        self.assertRecordValues(
            walk_in, [{"name": "Walk-In Customers", "company_id": self.company.id}]
        )
        move = self._close()
        self.assertEqual(known.lines.gift_card_ids.partner_id, self.account)
        self.assertEqual(strangers.lines.gift_card_ids.partner_id, walk_in)
        items = move.line_ids.filtered("stored_value_id")
        self.assertEqual(
            sorted(items.partner_id.mapped("name")),
            sorted([self.account.name, "Walk-In Customers"]),
        )

    def test_code_moves_the_money_to_the_account_of_its_holder(self):
        order = self._order((self.product, 1))
        [told] = order.with_user(self.cashier).tell_gift_card_codes()
        values = self.values.with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "no gift card to use"):
            values.redeem(told["code"], self.account.id)
        self._close()
        answer = values.redeem(told["code"], self.account.id)
        self.assertEqual(answer["balance"], 50)
        card = order.lines.gift_card_ids
        self.assertEqual((card.state, card.balance), ("used", 0))
        invoice = self._create_invoice(self.account, 80)
        target = self.values.browse(answer["id"])
        target.with_user(self.clerk).apply_to_invoice(invoice.id)
        self.assertEqual(invoice.amount_residual, 30)

    def test_card_is_active_when_its_session_is_closed_and_not_before(self):
        card = self._order((self.product, 1)).lines.gift_card_ids
        manager_card = card.with_user(self.manager)
        with self.assertRaisesRegex(UserError, "as soon as .* is closed"):
            manager_card.action_unblock()
        with self.assertRaisesRegex(UserError, "sold at the till"):
            manager_card.action_void("mistake")
        self._close()
        with self.assertRaisesRegex(UserError, "sold at the till"):
            manager_card.action_void("mistake")
        with self.assertRaisesRegex(UserError, "sold at the till"):
            manager_card._prepare_change("void", None, None, None)
        self.assertEqual(card.state, "active")

    def test_office_refunds_what_is_left(self):
        card = self._order((self.product, 1)).lines.gift_card_ids
        self._close()
        card.with_user(self.manager).refund(50, self.bank.id)
        self.assertEqual((card.state, card.balance), ("used", 0))

    def test_entry_stays_posted(self):
        self._order((self.product, 1))
        move = self._close()
        self.assertFalse(move.show_reset_to_draft_button)
        with self.assertRaisesRegex(UserError, "cannot be reset"):
            move.button_draft()
        with self.assertRaises(UserError), self.cr.savepoint():
            move._reverse_moves(cancel=True)
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            move.line_ids.filtered("stored_value_id").name = "Sales"

    def test_session_without_gift_cards_is_booked_as_before(self):
        self._order((self.book, 2))
        move = self._close()
        self.assertItems(move, [(self.revenue, -40, -40), (self.till, 40, 40)])
        self.assertFalse(move.stored_value_event)

    def test_another_currency(self):
        euro = self.setup_other_currency(
            "EUR", rates=[("2020-01-01", 2), (fields.Date.today(), 4)]
        )
        journal = self.company_data["default_journal_sale"].copy(
            {"currency_id": euro.id, "code": "EUR"}
        )
        cash = self.cash.copy({"currency_id": euro.id, "code": "CEUR"})
        method = self.env["pos.payment.method"].create(
            {"name": "Euro", "journal_id": cash.id}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        config = self._create_config(
            name="Airport",
            journal_id=journal.id,
            invoice_journal_id=journal.id,
            methods=method,
            use_pricelist=True,
            available_pricelist_ids=pricelist.ids,
            pricelist_id=pricelist.id,
        )
        session = self._open(config)
        order = self._order((self.product, 2), method=method, session=session)
        move = self._close(session)
        self.assertItems(move, [*[(self.sold, -12.5, -50)] * 2, (self.till, 25, 100)])
        cards = order.lines.gift_card_ids
        self.assertEqual(cards.currency_id, euro)
        self.assertEqual(cards.mapped("balance"), [50, 50])
        session = self._open(config)
        self._refund(order.lines[0], session=session, method=method)
        move = self._close(session)
        self.assertItems(move, [(self.sold, 12.5, 50), (self.till, -12.5, -50)])

    def test_two_sessions_book_their_own_cards(self):
        config = self._create_config(
            name="Kiosk", methods=self.bank_method | self.later_method
        )
        other = self._open(config)
        here = self._order((self.product, 1))
        there = self._order((self.product, 1), method=self.bank_method, session=other)
        move = self._close()
        self.assertEqual(move.line_ids.stored_value_id, here.lines.gift_card_ids)
        self.assertEqual(there.lines.gift_card_ids.state, "blocked")
        session = self._open()
        with (
            self.assertRaisesRegex(UserError, "which is still open"),
            self.cr.savepoint(),
        ):
            self._refund(there.lines, session=session)
        move = self._close(other)
        self.assertEqual(move.line_ids.stored_value_id, there.lines.gift_card_ids)
        self._refund(there.lines, session=session)
        self.assertEqual(there.lines.gift_card_ids.state, "void")
        move = self._close(session)
        self.assertItems(move, [(self.sold, 50, 50), (self.till, -50, -50)])

    def test_taxes_of_other_lines_cost_the_card_no_cent(self):
        tax = self.env["account.tax"].create(
            {
                "name": "Included",
                "amount": 21,
                "price_include_override": "tax_included",
            }
        )
        self.company.tax_calculation_rounding_method = "round_globally"
        line = {
            "product": self.book,
            "qty": 3,
            "price_unit": 1.99,
            "tax_ids": tax.ids,
            "price_subtotal": 4.93,
            "price_subtotal_incl": 5.97,
        }
        self._order((self.product, 1), line)
        move = self._close()
        items = move.line_ids.filtered("stored_value_id")
        self.assertItems(items, [(self.sold, -50, -50)])

    def assertItems(self, move, expected):
        # Also of some items.
        items = move if move._name == "account.move.line" else move.line_ids
        self.assertCountEqual(
            [
                (item.account_id.code, item.balance, item.amount_currency)
                for item in items
            ],
            [(account.code, *amounts) for account, *amounts in expected],
        )
