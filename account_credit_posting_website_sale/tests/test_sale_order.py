from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.website_sale.tests.common import MockRequest

from .common_shop import ShopCommon


@tagged("post_install", "-at_install")
class TestShop(ShopCommon):
    """A cart with gift cards sells them once it is paid, and says what it cannot."""

    def assertSold(self, order, payment, count=1):
        """Assert all journal items of cards of 50 that are sold and paid."""
        total = 50 * count
        [invoice] = order.invoice_ids
        self.assertItems(
            invoice, [(self.sold, -50, -50)] * count + [(self.receivable, total, total)]
        )
        self.assertPayment(payment, total)
        self.assertPartials(invoice, [(payment, total)])
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        cards = self._get_cards(order)
        self.assertEqual(cards.mapped("state"), ["active"] * count)
        self.assertTiesOut()
        return cards

    def test_cart_that_is_paid_sells_its_cards_once(self):
        cart = self._put_in_cart((self.card, 3))
        transaction = self._check_out(cart)
        self._answer(transaction, "done")
        cards = self.assertSold(cart, transaction.payment_id, 3)
        # The provider tells it again.
        self._answer(transaction, "done")
        self.assertEqual(self.assertSold(cart, transaction.payment_id, 3), cards)
        self.assertSent(cards)

    def test_pending_payment_that_is_confirmed_later(self):
        cart = self._put_in_cart((self.card, 1))
        transaction = self._check_out(cart)
        self._answer(transaction, "pending")
        self.assertEqual((cart.state, transaction.state), ("sent", "pending"))
        self.assertNothingSold(cart)
        transaction.action_demo_set_done()
        self._process(transaction)
        self.assertSent(self.assertSold(cart, transaction.payment_id))

    def test_payment_that_is_canceled_or_fails_sells_nothing(self):
        for state in ("cancel", "error"):
            cart = self._put_in_cart((self.card, 1))
            transaction = self._check_out(cart)
            self._answer(transaction, "pending")
            self._answer(transaction, state)
            self.assertEqual((cart.state, transaction.state), ("sent", state))
            self.assertNothingSold(cart)

    def test_authorized_payment_that_is_captured(self):
        self.provider.capture_manually = True
        cart = self._put_in_cart((self.card, 1))
        transaction = self._check_out(cart)
        self._answer(transaction, "done")
        self.assertEqual((cart.state, transaction.state), ("sale", "authorized"))
        self.assertNothingSold(cart)
        capture = transaction._capture()
        self._process(capture)
        self.assertEqual((transaction.state, capture.state), ("done", "done"))
        self.assertSent(self.assertSold(cart, capture.payment_id))

    def test_price_of_the_product_page_has_no_tax(self):
        with MockRequest(self.env, website=self.website):
            for product, price in ((self.card, 50), (self.book, 20)):
                template = product.product_tmpl_id
                shown = template._get_combination_info(product_id=product.id)
                self.assertEqual(shown["price"], price)
        self.assertTrue(self.env["product.product"].create({"name": "Taxed"}).taxes_id)

    def test_discount_on_the_cart_is_refused_before_it_is_paid(self):
        # README says: "a cart that cannot be sold so is refused before it is paid"
        cart = self._put_in_cart((self.card, 1))
        discount = self.env["product.product"].create(
            {"name": "Discount", "type": "service", "list_price": -5, "taxes_id": []}
        )
        cart.order_line = [Command.create({"product_id": discount.id})]
        with self.assertRaisesRegex(UserError, "Order gift cards separately"):
            self._check_out(cart)
        cart.order_line = [
            Command.create({"product_id": self.book.id, "product_uom_qty": 1})
        ]
        transaction = self._check_out(cart)
        self._answer(transaction, "done")
        [invoice] = cart.invoice_ids
        self.assertItems(
            invoice,
            [
                (self.sold, -50, -50),
                (self.revenue, 5, 5),
                (self.revenue, -20, -20),
                (self.receivable, 65, 65),
            ],
        )
        self.assertSent(self._get_cards(cart))
