from odoo.tests import tagged

from .common_till_loyalty import TillLoyaltyCommon


@tagged("post_install", "-at_install")
class TestPosSession(TillLoyaltyCommon):
    """The entry of a session books what cards were sold and used, to the last item."""

    def test_card_pays_at_the_till(self):
        card = self._get_sold_card()
        value = card.stored_value_ids
        self._use(card, 30)
        self.assertPoints(card, 20)
        self.assertEqual(value.balance, 50)
        self._use(card, 20)
        self.assertPoints(card, 0)
        move = self._close()
        self.assertItems(
            move,
            [(self.revenue, -200, -200), (self.sold, 50, 50), (self.till, 150, 150)],
        )
        self.assertEqual(move.stored_value_event, "use")
        item = move.line_ids.filtered("stored_value_id")
        self.assertEqual(item.name, f"{value.name}: used at the till")
        self.assertEqual((value.state, value.balance), ("used", 0))
        self.assertEqual(self._get_events(value), ["issue", "use"])
        self.assertPoints(card, 0)
        used = card.history_ids.filtered("used").mapped("used")
        self.assertCountEqual(used, [30, 20])

    def test_card_is_used_by_whoever_has_it(self):
        card = self._get_sold_card()
        self._use(card, 30, partner_id=self.accounts[1].id)
        move = self._close()
        item = move.line_ids.filtered("stored_value_id")
        self.assertEqual(item.partner_id, self.account)
        self.assertPoints(card, 20)

    def test_what_is_used_is_not_taxed(self):
        tax = self.company_data["default_tax_sale"].copy({"name": "21%", "amount": 21})
        self.book.taxes_id = tax
        card = self._get_sold_card(amount=121)
        line = {
            "product": self.book,
            "qty": 1,
            "price_unit": 100,
            "price_subtotal_incl": 121,
            "tax_ids": [(6, 0, tax.ids)],
        }
        self._use(card, 121, line)
        move = self._close()
        self.assertItems(
            move,
            [
                (self.revenue, -100, -100),
                (tax.invoice_repartition_line_ids.account_id, -21, -21),
                (self.sold, 121, 121),
            ],
        )

    def test_card_sold_at_the_till_is_that_of_loyalty(self):
        order = self._sell_at_till(self.card_product, "044-ONE", "044-TWO")
        cards = self.program.coupon_ids.sorted("id")
        self.assertEqual(cards.mapped("code"), ["044-ONE", "044-TWO"])
        self.assertEqual(order.lines.gift_card_ids.loyalty_card_id, cards)
        self.assertPoints(cards, 0, 0)
        self.assertEqual(cards[0]._get_face_value(), 50)
        # Loyalty tells the codes of its cards.
        self.assertEqual(order.with_user(self.cashier).tell_gift_card_codes(), [])
        move = self._close()
        self.assertItems(move, [*[(self.sold, -50, -50)] * 2, (self.till, 100, 100)])
        self.assertPoints(cards, 50, 50)
        self.assertEqual(
            self.values.with_user(self.clerk).balance_of("044-ONE")["balance"], 50
        )

    def test_wallet_is_topped_up_at_the_till(self):
        self._sell_at_till(self.top_up_product, partner_id=self.account.id)
        wallet = self.wallets.coupon_ids
        self.assertEqual((len(wallet), wallet.partner_id), (1, self.account))
        self.assertPoints(wallet, 0)
        self._close()
        self.assertPoints(wallet, 30)
        self.pos_session = self._open()
        self._sell_at_till(self.top_up_product, partner_id=self.account.id)
        self.assertPoints(wallet, 30)
        self._close()
        self.assertEqual(self.wallets.coupon_ids, wallet)
        self.assertPoints(wallet, 60)
        self.assertEqual(wallet.stored_value_ids.balance, 60)

    def test_one_entry_sells_uses_and_takes_back(self):
        used = self._get_sold_card()
        self.card_product.list_price = 50
        kept = self._sell_at_till(self.card_product, "044-KEPT")
        back = self._sell_at_till(self.card_product, "044-BACK")
        self._refund(back.lines)
        self._use(used, 10)
        move = self._close()
        self.assertItems(
            move,
            [
                (self.sold, -50, -50),
                (self.sold, -50, -50),
                (self.sold, 50, 50),
                (self.sold, 10, 10),
                (self.revenue, -100, -100),
                (self.till, 140, 140),
            ],
        )
        self.assertEqual(self._get_events(used.stored_value_ids), ["issue", "use"])
        self.assertEqual(self._get_events(back.lines.gift_card_ids), ["issue", "void"])
        self.assertEqual(kept.lines.gift_card_ids.state, "active")
        self.assertPoints(used, 40)

    def test_invoice_of_an_order_draws_on_the_card(self):
        card = self._get_sold_card()
        order = self._use(card, 30, partner_id=self.account.id, to_invoice=True)
        invoice = order.account_move
        self.assertItems(
            invoice,
            [
                (self.revenue, -100, -100),
                (self.sold, 30, 30),
                (self.receivable, 70, 70),
            ],
        )
        self.assertEqual(invoice.stored_value_event, "use")
        self.assertPoints(card, 20)
        move = self._close()
        self.assertFalse(move.line_ids.stored_value_id)
        self.assertEqual(card.stored_value_ids.balance, 20)
        self.assertPoints(card, 20)

    def test_invoice_of_another_customer_redeems_what_it_uses(self):
        card = self._get_sold_card()
        order = self._use(card, 30, partner_id=self.accounts[1].id, to_invoice=True)
        used = order.account_move.line_ids.stored_value_id
        self.assertEqual(used.origin_id, card.stored_value_ids)
        self.assertEqual(used.partner_id, self.accounts[1])
        self.assertPoints(card, 20)
        self._close()
        self.assertPoints(card, 20)

    def test_each_cent_is_used(self):
        for amount in (0.01, 33.33, 16.66):
            card = self._get_sold_card(amount=amount)
            self._use(card, amount)
        self._close()
        self.assertPoints(self.program.coupon_ids, 0, 0, 0)
        self.assertTiesOut()

    def test_other_programs_stay_as_they_are(self):
        product = self.env["product.product"].create(
            {"name": "Voucher", "list_price": 40, "taxes_id": []}
        )
        program = self._create_program("gift_card", product)
        card = self._create_cards(program, 40)
        order = self._use(card, 30)
        self.assertEqual(card.points, 10)
        self.assertFalse(order.lines._get_used_card())
        move = self._close()
        self.assertFalse(move.line_ids.stored_value_id)
        self.assertFalse(move.stored_value_event)
        self.assertItems(
            move,
            [(self.revenue, -100, -100), (self.revenue, 30, 30), (self.till, 70, 70)],
        )
