from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_till_loyalty import TillLoyaltyCommon


@tagged("post_install", "-at_install")
class TestPosOrder(TillLoyaltyCommon):
    """What a till cannot do with cards of the ledger is refused, with a sentence."""

    def setUp(self):
        super().setUp()
        self.card = self._get_sold_card()

    def _assert_refused(self, reason, *args, **vals):
        with self.assertRaisesRegex(UserError, reason), self.cr.savepoint():
            self._use(*args, **vals)
        self.env.invalidate_all()

    def test_two_tills_do_not_use_the_same_money(self):
        config = self._create_config(methods=self.bank_method)
        other = self._open(config)
        self._use(self.card, 30)
        self._assert_refused(
            "less than", self.card, 30, session=other, method=self.bank_method
        )
        self._use(self.card, 20, session=other, method=self.bank_method)
        self.assertPoints(self.card, 0)
        self._close(other)
        self._close()
        self.assertEqual(self.card.stored_value_ids.balance, 0)

    def test_till_says_that_there_is_not_enough(self):
        self._use(self.card, 30)
        orders = self.env["pos.order"].with_user(self.cashier)
        answer = orders.validate_coupon_programs({str(self.card.id): -30}, [])
        self.assertFalse(answer["successful"])
        self.assertEqual(answer["payload"]["updated_points"], {self.card.id: 20})

    def test_money_of_a_till_is_not_taken_elsewhere(self):
        self._use(self.card, 30)
        value = self.card.stored_value_ids
        with self.assertRaisesRegex(UserError, "less than"), self.cr.savepoint():
            value.with_user(self.manager).refund(30, self.bank.id)
        value.with_user(self.manager).refund(20, self.bank.id)
        self._close()
        self.assertEqual((value.state, value.balance), ("used", 0))

    def test_cards_and_top_ups_are_paid_with_money(self):
        for product in (self.card_product, self.top_up_product):
            self._assert_refused("are paid with money", self.card, 50, (product, 1))

    def test_blocked_card_pays_nothing(self):
        value = self.card.stored_value_ids.with_user(self.manager)
        value.action_block("lost")
        self._assert_refused("is blocked", self.card, 30)
        value.action_unblock()
        self._use(self.card, 30)
        # What was used before it was blocked is booked.
        value.action_block("lost")
        self._close()
        self.assertEqual((value.state, value.balance), ("blocked", 20))

    def test_expired_card_pays_nothing(self):
        self.company.paid_value_expires = True
        self.card.stored_value_ids.expiry_date = "2020-01-01"
        self._assert_refused("has expired", self.card, 30)

    def test_card_that_is_not_booked_pays_nothing(self):
        self._sell_at_till(self.card_product, "044-NEW")
        card = self.program.coupon_ids.filtered(lambda card: card.code == "044-NEW")
        self._assert_refused("not paid yet", card, 30)

    def test_amount_is_above_zero_and_whole_cents(self):
        self._assert_refused("which is not a valid amount", self.card, -30)
        self._assert_refused("which is not a valid amount", self.card, 10.005)

    def test_card_pays_in_its_own_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        program = self.program.sudo()
        self.cr.execute(
            "UPDATE loyalty_program SET company_id = %s WHERE id = %s",
            [other.id, program.id],
        )
        program.invalidate_recordset()
        self._assert_refused("it can only be used there", self.card, 30)

    def test_taxed_discount_is_refused(self):
        tax = self.company_data["default_tax_sale"]
        line = self._prepare_use(self.card, 30, tax_ids=[(6, 0, tax.ids)])
        with self.assertRaisesRegex(UserError, "cannot be taxed"), self.cr.savepoint():
            self._order((self.book, 5), line)

    def test_what_was_used_stays(self):
        order = self._use(self.card, 30)
        line = order.lines.filtered("coupon_id").with_user(self.cashier)
        for vals in ({"price_unit": -10}, {"coupon_id": False}, {"qty": 2}):
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                line.write(vals)
        with self.assertRaisesRegex(
            UserError, "its balance follows from the posted entries"
        ):
            self.card.with_user(self.cashier).points = 50

    def test_line_of_a_card_is_not_refunded(self):
        order = self._use(self.card, 30)
        line = order.lines.filtered("coupon_id")
        with self.assertRaisesRegex(UserError, "leave out"), self.cr.savepoint():
            self._refund(line)
        self._refund(order.lines - line)

    def test_order_of_a_closed_session_gets_no_invoice(self):
        order = self._use(self.card, 30, partner_id=self.account.id)
        self._close()
        with self.assertRaisesRegex(UserError, "can no longer be invoiced"):
            order.action_pos_order_invoice()

    def test_taking_over_waits_for_open_sessions(self):
        self.assertEqual(self.program._find_open_documents(), [])
        self._use(self.card, 30)
        self.assertEqual(self.program._find_open_documents(), [self.pos_session.name])
        self._close()
        self.assertEqual(self.program._find_open_documents(), [])

    def test_card_that_was_told_before_stays_a_gift_card(self):
        order = self._order((self.card_product, 1))
        [told] = order.with_user(self.cashier).tell_gift_card_codes()
        self._confirm(
            order,
            {
                -1: {
                    "points": 50,
                    "program_id": self.program.id,
                    "coupon_id": -1,
                    "code": "044-LATE",
                }
            },
        )
        self._close()
        answer = self.values.with_user(self.clerk).balance_of(told["code"])
        self.assertEqual(answer["balance"], 50)
        late = self.program.coupon_ids.filtered(lambda card: card.code == "044-LATE")
        self.assertPoints(late, 0)

    def test_card_is_topped_up_by_its_code(self):
        self.card_product.list_price = 40
        code = self.card.code
        self._sell_at_till(self.card_product, code)
        self.assertPoints(self.card, 50)
        self._close()
        self.assertPoints(self.card, 90)
        self.assertEqual(self.card.stored_value_ids.balance, 90)
