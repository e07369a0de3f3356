from odoo.fields import Command
from odoo.http import Request
from odoo.tests import HttpCase, JsonRpcException, tagged

from .common_shop import ShopCommon


@tagged("post_install", "-at_install")
class TestShopBalance(ShopCommon, HttpCase):
    """A customer pays a cart with what is on the account: a credit of 50."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "credit_application_policy": "manual",
                "portal_pay_credits": True,
                "portal_pay_orders": True,
            }
        )
        cls.buyer = cls._create_user("buyer", "base.group_portal")
        cls.account = cls.buyer.partner_id
        cls.account.write(
            {
                "email": "buyer@example.com",
                "phone": "+1 555 0100",
                "street": "1 Long Street",
                "city": "Scranton",
                "zip": "18503",
                "country_id": cls.env.ref("base.us").id,
                "state_id": cls.env.ref("base.state_us_39").id,
            }
        )
        cls.own = cls.company._find_balance_providers()
        cls.own_method = cls.env.ref(
            "account_credit_posting_sale.payment_method_balance"
        )

    def _begin(self, cart, amount=None):
        """Begin to pay a cart, as the form of the checkout does."""
        self.authenticate(self.buyer.login, self.buyer.login)
        return self.make_jsonrpc_request(
            f"/shop/payment/transaction/{cart.id}",
            {
                "access_token": cart._portal_ensure_token(),
                "provider_id": self.own.id,
                "payment_method_id": self.own_method.id,
                "token_id": None,
                "amount": cart.amount_total if amount is None else amount,
                "flow": "redirect",
                "tokenization_requested": False,
                "landing_route": "/shop/payment/validate",
                "is_validation": False,
                "csrf_token": None,
            },
        )

    def _end(self, processing):
        response = self.url_open(
            "/payment/account_credit/process",
            data={
                "csrf_token": Request.csrf_token(self),
                "reference": processing["reference"],
            },
            allow_redirects=False,
        )
        self.env.invalidate_all()
        return response.headers["Location"]

    def assertPaid(self, order, used):
        """Assert that an order is paid with so much of the credit."""
        [tx] = order.transaction_ids.filtered(lambda tx: tx.state == "done")
        self.assertEqual((order.state, tx.amount), ("sale", used))
        self.assertFalse(tx.payment_id)
        [invoice] = order.invoice_ids
        self.assertItems(
            invoice,
            [
                *[
                    (line.account_id, 0, 0)
                    for line in invoice.line_ids
                    if line.display_type == "line_section"
                ],
                (self.revenue, -used, -used),
                (self.receivable, used, used),
            ],
        )
        self.assertPartials(invoice, [(self.credit, used)])
        self.assertEqual(self.credit.amount_open, 50 - used)
        self.assertTiesOut()

    def test_tour(self):
        known = self.env["sale.order"].search([])
        self.start_tour(
            "/shop?search=Book", "account_balance_shop", login=self.buyer.login
        )
        self.env.invalidate_all()
        [order] = self.env["sale.order"].search([]) - known
        self.assertPaid(order, 20)

    def test_cart_is_paid_once(self):
        cart = self._put_in_cart((self.book, 2))
        first, second = self._begin(cart), self._begin(cart)
        self.assertIn("/payment/status", self._end(second))
        self.assertPaid(cart, 40)
        self._end(first)
        self._end(second)
        self.assertPaid(cart, 40)
        with self.assertRaises(JsonRpcException):
            self._begin(cart)

    def test_cart_that_changed_meanwhile(self):
        cart = self._put_in_cart((self.book, 2))
        processing = self._begin(cart)
        cart.order_line.product_uom_qty = 1
        # Back to where the customer pays, with the reason.
        self.assertTrue(self._end(processing).endswith("/shop/payment"))
        tx = cart.transaction_ids
        self.assertEqual((tx.state, cart.state), ("cancel", "draft"))
        self.assertIn("is left to pay", tx.state_message)
        processing = self._begin(cart)
        cart.order_line.product_uom_qty = 2
        self._end(processing)
        tx = cart.transaction_ids.sorted("id")[-1]
        self.assertIn("cart has been updated", tx.state_message)
        self.assertFalse(cart.invoice_ids)
        self.assertEqual(self.credit.amount_open, 50)
        with self.assertRaises(JsonRpcException):
            self._begin(cart, 1)
        self._end(self._begin(cart))
        self.assertPaid(cart, 40)

    def test_gift_cards_take_money(self):
        cart = self._put_in_cart((self.card, 1))
        self._end(self._begin(cart))
        self.assertEqual(cart.transaction_ids.state, "cancel")
        self.assertNothingSold(cart)
        self.assertEqual(self.credit.amount_open, 50)

    def test_who_pays_for_whom(self):
        # The cart of another customer, with its token.
        other = self.env["res.partner"].create({"name": "Other"})
        cart = self._put_in_cart((self.book, 1), partner_id=other.id)
        self._end(self._begin(cart))
        self.assertEqual((cart.transaction_ids.state, cart.state), ("cancel", "draft"))
        self.assertEqual(self.credit.amount_open, 50)

    def test_only_where_it_covers_the_cart(self):
        providers = self.env["payment.provider"].with_user(self.buyer).sudo()
        for count, is_offered in ((2, True), (3, False)):
            cart = self._put_in_cart((self.book, count))
            found = providers._get_compatible_providers(
                self.company.id,
                self.account.id,
                cart.amount_total,
                currency_id=cart.currency_id.id,
                sale_order_id=cart.id,
                website_id=self.website.id,
            )
            self.assertEqual(self.own in found, is_offered)
            self.assertEqual(cart.transaction_ids, cart.transaction_ids.browse())
            cart.order_line = [Command.clear()]
