from odoo.tests import HttpCase, tagged

from .common_shop import ShopCommon


@tagged("post_install", "-at_install")
class TestShopTours(ShopCommon, HttpCase):
    """A visitor buys gift cards in the browser."""

    def _buy(self, tour, login=None):
        known = self.env["sale.order"].search([])
        self.start_tour("/shop?search=Gift Card", tour, login=login)
        self.env.invalidate_all()
        [order] = self.env["sale.order"].search([]) - known
        return order

    def assertSold(self, order, count):
        [invoice] = order.invoice_ids
        total = 50 * count
        payment = order.transaction_ids.payment_id
        self.assertItems(
            invoice, [(self.sold, -50, -50)] * count + [(self.receivable, total, total)]
        )
        self.assertPayment(payment, total)
        self.assertPartials(invoice, [(payment, total)])
        cards = self._get_cards(order)
        self.assertEqual(cards.mapped("state"), ["active"] * count)
        self.assertTiesOut()
        return cards

    def test_visitor_buys_three_cards(self):
        order = self._buy("gift_card_shop")
        self.assertEqual(order.partner_id.email, "buyer@example.com")
        cards = self.assertSold(order, 3)
        self.assertEqual(cards.partner_id, order.partner_id)
        self.assertSent(cards)

    def test_customer_pays_later_what_was_pending(self):
        user = self._create_user("buyer", "base.group_portal")
        user.partner_id.write(
            {
                "email": "buyer@example.com",
                "phone": "+1 555 0100",
                "street": "1 Long Street",
                "city": "Scranton",
                "zip": "18503",
                "country_id": self.env.ref("base.us").id,
                "state_id": self.env.ref("base.state_us_39").id,
            }
        )
        order = self._buy("gift_card_shop_pending", login=user.login)
        self.assertEqual(order.state, "sent")
        self.assertNothingSold(order)
        order.transaction_ids.action_demo_set_done()
        with self.enter_registry_test_mode():
            self.env.ref("payment.cron_post_process_payment_tx").method_direct_trigger()
        self.env.invalidate_all()
        self.assertSent(self.assertSold(order, 1))
