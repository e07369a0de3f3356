from odoo.tests import tagged

from .common_sale_loyalty import SaleLoyaltyCommon


@tagged("post_install", "-at_install")
class TestSaleOrder(SaleLoyaltyCommon):
    """Orders sell and use cards of the ledger, to the last journal item."""

    def test_cards_sold_on_an_order_are_those_of_loyalty(self):
        order = self._order((self.card_product, 2))
        order._update_programs_and_rewards()
        order.with_user(self.seller).action_confirm()
        cards = order.coupon_point_ids.coupon_id
        self.assertEqual(len(cards), 2)
        self.assertPoints(cards, 0, 0)
        invoice = self._invoice(order)
        self.assertItems(
            invoice, [*[(self.sold, -50, -50)] * 2, (self.receivable, 100, 100)]
        )
        self.assertEqual(invoice.sold_value_ids.loyalty_card_id, cards)
        self.assertPoints(cards, 0, 0)
        self._pay(invoice)
        self.assertPoints(cards, 50, 50)
        self.assertEqual(self.program.coupon_ids, cards)

    def test_top_up_of_an_order_joins_the_wallet(self):
        first = self._sell_on_order(self.top_up_product)
        wallet = first.coupon_point_ids.coupon_id
        self.assertPoints(wallet, 30)
        self._sell_on_order(self.top_up_product, 2)
        self.assertPoints(wallet, 90)
        self.assertEqual(self.wallets.coupon_ids, wallet)
        self.assertEqual(wallet.stored_value_ids.balance, 90)

    def test_card_pays_an_order_without_tax_and_revenue(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        order = self._order((self.taxed, 1))
        self._use(order, card)
        self.assertEqual(order.amount_total, 71)
        self.assertEqual(order.amount_tax, 21)
        self.assertPoints(card, 50)
        order.with_user(self.seller).action_confirm()
        self.assertPoints(card, 0)
        self.assertEqual(card.stored_value_ids.balance, 50)
        self.assertCountEqual(card.history_ids.mapped("used"), [50, 0])
        invoice = self._invoice(order)
        self.assertItems(
            invoice,
            [
                (self.revenue, -100, -100),
                (self.tax_account, -21, -21),
                (self.sold, 50, 50),
                (self.receivable, 71, 71),
            ],
        )
        self.assertEqual(invoice.stored_value_event, "use")
        value = card.stored_value_ids
        self.assertEqual((value.state, value.balance), ("used", 0))
        self.assertPoints(card, 0)
        self.assertEqual(order.invoice_status, "invoiced")
        self._pay(invoice)
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))

    def test_wallet_pays_a_part_and_keeps_the_rest(self):
        wallet = self._sell_on_order(self.top_up_product, 5).coupon_point_ids.coupon_id
        order = self._order((self.taxed, 1))
        self._use(order, wallet)
        self.assertEqual(order.amount_total, 0)
        order.action_confirm()
        self.assertPoints(wallet, 29)
        invoice = self._invoice(order)
        self.assertItems(
            invoice,
            [
                (self.revenue, -100, -100),
                (self.tax_account, -21, -21),
                (self.sold, 121, 121),
                (self.receivable, 0, 0),
            ],
        )
        self.assertEqual(invoice.payment_state, "paid")
        self.assertPoints(wallet, 29)

    def test_no_cent_is_lost_by_rounding_and_tax(self):
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for price, quantity, rate in ((33.33, 3, 7.7), (0.07, 7, 21), (9.99, 1, 5)):
                self.tax.amount = rate
                wallet = self._sell_on_order(
                    self.top_up_product, 5
                ).coupon_point_ids.coupon_id
                before = wallet.points
                order = self._order(
                    {
                        "product_id": self.taxed.id,
                        "product_uom_qty": quantity,
                        "price_unit": price,
                    }
                )
                total, tax = order.amount_total, order.amount_tax
                self._use(order, wallet)
                self.assertEqual((order.amount_total, order.amount_tax), (0, tax))
                order.action_confirm()
                invoice = self._invoice(order)
                self.assertEqual(invoice.amount_total, 0)
                drawn = invoice.line_ids.filtered("stored_value_id")
                self.assertAlmostEqual(drawn.balance, total)
                self.assertAlmostEqual(wallet.points, before - total)
                self.assertTiesOut()

    def test_last_cents_can_be_used(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        invoice = self._create_invoice(self.account, 49.6)
        card.stored_value_ids.apply_to_invoice(invoice.id)
        self.assertPoints(card, 0.4)
        order = self._order((self.book, 1))
        self._use(order, card)
        self.assertEqual(order.amount_total, 99.6)

    def test_card_of_another_account_is_redeemed_by_who_uses_it(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        other = self.accounts[1]
        order = self._order((self.book, 1), account=other)
        self._use(order, card)
        order.action_confirm()
        invoice = self._invoice(order)
        self.assertItems(
            invoice,
            [
                (self.revenue, -100, -100),
                (self.sold, 50, 50),
                (self.receivable, 50, 50),
            ],
        )
        used = invoice.line_ids.stored_value_id
        self.assertEqual(used.partner_id, other)
        self.assertEqual(used.origin_id, card.stored_value_ids)
        self.assertEvents(
            used,
            [
                ("use", invoice.line_ids.mapped(self._get_item)),
                ("redeem", [(self.sold, 50, 50), (self.sold, -50, -50)]),
            ],
        )
        self.assertPoints(card, 0)
        # What is given back comes back to the card.
        self._credit(invoice)
        self.assertEqual(used.balance, 0)
        self.assertEqual(card.stored_value_ids.balance, 50)

    @staticmethod
    def _get_item(item):
        return (item.account_id, item.balance, item.amount_currency)

    def test_credit_note_gives_back_what_was_used(self):
        # README says: "stays posted; a credit note gives it back"
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        order = self._order((self.taxed, 1))
        self._use(order, card)
        order.action_confirm()
        invoice = self._invoice(order)
        note = self._credit(invoice)
        self.assertItems(
            note,
            [
                (self.revenue, 100, 100),
                (self.tax_account, 21, 21),
                (self.sold, -50, -50),
                (self.receivable, -71, -71),
            ],
        )
        self.assertEqual(note.stored_value_event, "undo")
        self.assertEqual(card.stored_value_ids.balance, 50)
        self.assertEqual(card.stored_value_ids.state, "active")
        # The order is to invoice again, and has it still.
        self.assertPoints(card, 0)
        order._action_cancel()
        self.assertPoints(card, 50)

    def test_order_is_invoiced_again_after_a_credit_note(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        order = self._order((self.book, 1))
        self._use(order, card)
        order.action_confirm()
        self._credit(self._invoice(order))
        invoice = self._invoice(order)
        self.assertEqual(invoice.amount_total, 50)
        self.assertPoints(card, 0)
        self.assertEqual(card.stored_value_ids.state, "used")

    def test_credits_pay_what_the_card_has_left_over(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        order = self._order((self.book, 1))
        self._use(order, card)
        order.action_confirm()
        self._post_line(20)
        invoice = self._invoice(order)
        self.assertEqual(invoice.amount_residual, 30)

    def test_cancelled_order_gives_back_what_it_has(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        order = self._order((self.book, 1))
        self._use(order, card)
        order.action_confirm()
        self.assertPoints(card, 0)
        order._action_cancel()
        self.assertPoints(card, 50)
        self.assertFalse(order.order_line.filtered("is_reward_line"))

    def test_cancelled_order_leaves_what_it_sold(self):
        order = self._sell_on_order(self.card_product)
        card = order.coupon_point_ids.coupon_id
        order._action_cancel()
        self.assertPoints(card, 50)
        # What is not invoiced yet is nothing.
        order = self._order((self.card_product, 1))
        order._update_programs_and_rewards()
        order.action_confirm()
        unpaid = order.coupon_point_ids.coupon_id
        order._action_cancel()
        self.assertFalse(unpaid.exists())

    def test_reward_of_a_confirmed_order_can_be_removed(self):
        card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id
        order = self._order((self.book, 2))
        self._use(order, card)
        order.action_confirm()
        reward = order.order_line.filtered("is_reward_line")
        reward.price_unit = -20
        self.assertPoints(card, 30)
        reward.points_cost = 0
        self.assertPoints(card, 30)
        invoice = self._invoice(order)
        self.assertEqual(invoice.amount_total, 180)
        self.assertEqual(card.stored_value_ids.balance, 30)
        self.assertPoints(card, 30)

    def test_other_programs_stay_as_they_are(self):
        product = self.env["product.product"].create(
            {"name": "Voucher", "list_price": 40, "taxes_id": []}
        )
        program = self._create_program("gift_card", product)
        order = self._order((product, 1))
        order._update_programs_and_rewards()
        order.action_confirm()
        card = order.coupon_point_ids.coupon_id
        self.assertEqual(card.points, 40)
        invoice = self._invoice(order)
        self.assertItems(invoice, [(self.revenue, -40, -40), (self.receivable, 40, 40)])
        order = self._order((self.taxed, 1), (self.card_product, 1))
        self._use(order, card)
        order.action_confirm()
        self.assertEqual(card.points, 0)
        self.assertEqual(order.amount_total, 131)
        self.assertFalse(program.coupon_ids.stored_value_ids)
        order = self._order((self.taxed, 1))
        card.points = 10
        self._use(order, card)
        order.action_confirm()
        invoice = self._invoice(order)
        self.assertItems(
            invoice,
            [
                (self.revenue, -100, -100),
                (self.tax_account, -21, -21),
                (self.revenue, 10, 10),
                (self.receivable, 111, 111),
            ],
        )
        self.assertFalse(invoice.stored_value_event)

    def test_taking_over_waits_for_open_orders(self):
        product = self._create_card_product()
        program = self._create_program("gift_card", product)
        card = self._create_cards(program, 60)
        order = self._order((self.book, 1))
        self._use(order, card)
        order.action_confirm()
        self.assertEqual(program._find_open_documents(), [order.name])
        invoice = order._create_invoices()
        self.assertEqual(program._find_open_documents(), [order.name])
        invoice.action_post()
        self.assertEqual(program._find_open_documents(), [])
        card.points = 60
        self._take_over(program)
        self.assertPoints(card, 60)
        # What was booked before is given back as it was booked.
        note = self._credit(invoice)
        self.assertFalse(note.stored_value_event)
