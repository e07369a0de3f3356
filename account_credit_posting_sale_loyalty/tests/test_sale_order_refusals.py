from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_sale_loyalty import SaleLoyaltyCommon


@tagged("post_install", "-at_install")
class TestSaleOrderRefusals(SaleLoyaltyCommon):
    """What an order cannot do with cards of the ledger is refused, with a sentence."""

    def setUp(self):
        super().setUp()
        self.card = self._sell_on_order(self.card_product).coupon_point_ids.coupon_id

    def _order_with_card(self, *lines, **vals):
        order = self._order(*(lines or [(self.book, 1)]), **vals)
        self._use(order, self.card)
        return order

    def test_two_orders_do_not_use_the_same_money(self):
        first, second = self._order_with_card(), self._order_with_card()
        first.action_confirm()
        with self.assertRaises(UserError), self.cr.savepoint():
            second.action_confirm()
        self.assertPoints(self.card, 0)

    def test_confirmed_order_uses_no_more_than_there_is(self):
        order = self._order_with_card((self.book, 2))
        order.action_confirm()
        reward = order.order_line.filtered("is_reward_line")
        for name, amount in (("price_unit", -60), ("product_uom_qty", 2)):
            with (
                self.assertRaisesRegex(UserError, "less than"),
                self.env.cr.savepoint(),
            ):
                reward[name] = amount
        with (
            self.assertRaisesRegex(UserError, "less than"),
            self.env.cr.savepoint(),
            self.cr.savepoint(),
        ):
            reward.copy({"order_id": order.id, "points_cost": 50})

    def test_price_of_a_quotation_is_no_way_around(self):
        order = self._order_with_card((self.book, 2))
        order.order_line.filtered("is_reward_line").write(
            {"price_unit": -150, "points_cost": 0}
        )
        order.action_confirm()
        self.assertEqual(order.amount_total, 150)
        self.assertPoints(self.card, 0)

    def test_invoice_uses_no_more_than_its_order(self):
        order = self._order_with_card((self.book, 1))
        order.order_line.filtered("is_reward_line").price_unit = -20
        order.action_confirm()
        invoice = order._create_invoices()
        line = invoice.invoice_line_ids.filtered(lambda line: line.price_unit < 0)
        line.price_unit = line.price_unit - 10
        with (
            self.assertRaisesRegex(UserError, "more than its order says"),
            self.cr.savepoint(),
        ):
            invoice.action_post()

    def test_credit_note_gives_back_no_more_than_was_used(self):
        order = self._order_with_card()
        order.action_confirm()
        invoice = self._invoice(order)
        note = invoice._reverse_moves([{"invoice_date": invoice.date}])
        line = note.invoice_line_ids.filtered(lambda line: line.price_unit < 0)
        line.price_unit = -60
        with (
            self.assertRaisesRegex(UserError, "not the amount used"),
            self.cr.savepoint(),
        ):
            note.action_post()
        line.price_unit = -20
        note.action_post()
        self.assertEqual(self.card.stored_value_ids.balance, 20)

    def test_cards_and_top_ups_are_paid_with_money(self):
        for product in (self.card_product, self.top_up_product):
            order = self._order((self.book, 1), (product, 1))
            rewards = order._try_apply_code(self.card.code)
            with (
                self.assertRaisesRegex(UserError, "are paid with money"),
                self.cr.savepoint(),
            ):
                order._apply_program_reward(rewards[self.card], self.card)
            # Nor by a line that is added later.
            order = self._order_with_card()
            order.order_line = [Command.create({"product_id": product.id})]
            with (
                self.assertRaisesRegex(UserError, "are paid with money"),
                self.cr.savepoint(),
            ):
                order.action_confirm()
        wallet = self._sell_on_order(self.top_up_product, 5).coupon_point_ids.coupon_id
        order = self._order((self.top_up_product, 1))
        order._update_programs_and_rewards()
        with (
            self.assertRaisesRegex(UserError, "are paid with money"),
            self.cr.savepoint(),
        ):
            order._apply_program_reward(self.wallets.reward_ids, wallet)

    def test_invoice_that_a_card_pays_sells_none(self):
        order = self._order_with_card()
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.invoice_line_ids = [
            Command.create({"product_id": self.card_product.id, "tax_ids": []})
        ]
        with (
            self.assertRaisesRegex(UserError, "are paid with money"),
            self.cr.savepoint(),
        ):
            invoice.action_post()

    def test_blocked_card_pays_nothing(self):
        order = self._order_with_card()
        self.card.stored_value_ids.with_user(self.manager).action_block("lost")
        with self.assertRaises(UserError), self.cr.savepoint():
            order.action_confirm()
        with self.assertRaises(KeyError), self.cr.savepoint():
            self._order((self.book, 1))._try_apply_code(self.card.code)[self.card]

    def test_card_blocked_after_the_order_pays_no_invoice(self):
        order = self._order_with_card()
        order.action_confirm()
        value = self.card.stored_value_ids.with_user(self.manager)
        value.action_block("lost")
        with self.assertRaisesRegex(UserError, "is blocked"), self.cr.savepoint():
            self._invoice(order)
        value.action_unblock()
        self.assertPoints(self.card, 0)

    def test_expired_card_pays_nothing(self):
        self.company.paid_value_expires = True
        order = self._order_with_card()
        self.card.stored_value_ids.expiry_date = "2020-01-01"
        with self.assertRaises(UserError), self.cr.savepoint():
            order.action_confirm()

    def test_card_that_is_not_paid_pays_nothing(self):
        order = self._order((self.card_product, 1))
        order._update_programs_and_rewards()
        order.action_confirm()
        self._invoice(order)
        card = order.coupon_point_ids.coupon_id
        answer = self._order((self.book, 1))._try_apply_code(card.code)
        self.assertIn("already been used", answer["error"])

    def test_card_pays_in_its_own_currency(self):
        self.other_currency = self.setup_other_currency("EUR")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": self.other_currency.id}
        )
        order = self._order((self.book, 1), pricelist_id=pricelist.id)
        rewards = order._try_apply_code(self.card.code)
        with (
            self.assertRaisesRegex(UserError, "are sold and used in this currency"),
            self.cr.savepoint(),
        ):
            order._apply_program_reward(rewards[self.card], self.card)
        order = self._order((self.card_product, 1), pricelist_id=pricelist.id)
        order._update_programs_and_rewards()
        with (
            self.assertRaisesRegex(UserError, "are sold and used in this currency"),
            self.cr.savepoint(),
        ):
            order.action_confirm()

    def test_card_pays_in_its_own_company(self):
        other = self.setup_other_company(name="Elsewhere")["company"]
        self.env.user.company_ids |= other
        order = (
            self.env["sale.order"]
            .with_company(other)
            .create(
                {
                    "partner_id": self.account.id,
                    "company_id": other.id,
                    "order_line": [
                        Command.create({"product_id": self.book.id, "tax_ids": []}),
                        Command.create(
                            {
                                "product_id": (
                                    self.program.reward_ids.discount_line_product_id.id
                                ),
                                "name": "Gift Card",
                                "price_unit": -50,
                                "tax_ids": [],
                                "reward_id": self.program.reward_ids.id,
                                "coupon_id": self.card.id,
                            }
                        ),
                    ],
                }
            )
        )
        with (
            self.assertRaisesRegex(UserError, "it can only be used there"),
            self.cr.savepoint(),
        ):
            order.action_confirm()

    def test_taxed_discount_is_refused(self):
        order = self._order_with_card()
        order.order_line.filtered("is_reward_line").tax_ids = self.tax
        with self.assertRaisesRegex(UserError, "Remove its taxes"), self.cr.savepoint():
            order.action_confirm()

    def test_money_of_an_order_is_not_taken_elsewhere(self):
        self._order_with_card().action_confirm()
        value = self.card.stored_value_ids
        with self.assertRaisesRegex(UserError, "less than"), self.cr.savepoint():
            self.values.with_user(self.clerk).redeem(
                self.card.code, self.accounts[1].id
            )
        with self.assertRaisesRegex(UserError, "less than"), self.cr.savepoint():
            value.with_user(self.manager).refund(10, self.bank.id)
        invoice = self._create_invoice(self.account, 10)
        with self.assertRaises(UserError), self.cr.savepoint():
            value.apply_to_invoice(invoice.id)
        self.assertEqual(value.balance, 50)

    def test_nobody_draws_on_a_card_without_an_order(self):
        line = {
            "name": "Discount",
            "price_unit": -50,
            "account_id": self.sold.id,
            "tax_ids": [],
        }
        for vals in (line, {**line, "stored_value_id": self.card.stored_value_ids.id}):
            invoice = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.account.id,
                    "invoice_date": "2024-03-01",
                    "invoice_line_ids": [
                        Command.create({"name": "Book", "price_unit": 80}),
                        Command.create(vals),
                    ],
                }
            )
            with (
                self.assertRaisesRegex(UserError, "hold the money of gift cards"),
                self.cr.savepoint(),
            ):
                invoice.action_post()

    def test_invoice_that_a_card_paid_stays_posted(self):
        order = self._order_with_card()
        order.action_confirm()
        invoice = self._invoice(order)
        self.assertFalse(invoice.show_reset_to_draft_button)
        with self.assertRaisesRegex(UserError, "cannot be reset"), self.cr.savepoint():
            invoice.button_draft()
