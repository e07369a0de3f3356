from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.account_credit_posting.tests.common_stored_value import (
    StoredValueCommon,
)


@tagged("post_install", "-at_install")
class TestSaleOrder(StoredValueCommon):
    """Orders with gift cards get a regular invoice, and no down payment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.card, cls.book = cls.env["product.product"].create(
            [
                {"name": "Gift Card", "is_gift_card": True, "list_price": 50},
                {
                    "name": "Book",
                    "list_price": 20,
                    "taxes_id": [],
                    "invoice_policy": "order",
                },
            ]
        )
        cls.revenue = cls.company_data["default_account_revenue"]

    def _confirm(self, *products, **vals):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.account.id,
                "order_line": [
                    Command.create({"product_id": product.id}) for product in products
                ],
                **vals,
            }
        )
        order.action_confirm()
        return order

    def _get_wizards(self, order):
        return self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        )

    def _create_down_payment(self, order, **vals):
        vals = {"advance_payment_method": "percentage", "amount": 50, **vals}
        wizard = self._get_wizards(order).create(vals)
        return wizard._create_invoices(order)

    def test_down_payment_is_refused_where_it_is_chosen(self):
        order = self._confirm(self.card, self.book)
        form = Form(self._get_wizards(order))
        for method in ("percentage", "fixed"):
            with self.assertRaisesRegex(ValidationError, "sells Gift Card"):
                form.advance_payment_method = method

    def test_down_payment_is_refused_from_outside_the_screen(self):
        order = self._confirm(self.card)
        with self.assertRaisesRegex(ValidationError, "no down payment"):
            self._create_down_payment(order)
        with self.assertRaisesRegex(ValidationError, "no down payment"):
            self._create_down_payment(
                order, advance_payment_method="fixed", fixed_amount=10
            )
        self.assertFalse(order.invoice_ids)

    def test_order_with_a_down_payment_gets_no_gift_card(self):
        order = self._confirm(self.book)
        self._create_down_payment(order)
        with self.assertRaisesRegex(ValidationError, "on an order of its own"):
            order.order_line = [Command.create({"product_id": self.card.id})]

    def test_other_orders_have_down_payments_as_before(self):
        invoice = self._create_down_payment(self._confirm(self.book))
        invoice.action_post()
        self.assertItems(invoice, [(self.revenue, -10, -10), (self.receivable, 10, 10)])

    def test_order_paid_in_part_online_gets_no_down_payment_invoice(self):
        cards, books = self._confirm(self.card), self._confirm(self.book)
        orders = cards | books
        invoices = orders.with_context(active_ids=[])._generate_downpayment_invoices
        # Nothing is paid: Odoo makes the down payment of what was paid.
        self.assertEqual(invoices().line_ids.sale_line_ids.order_id, books)
        self.assertFalse(cards.invoice_ids)

    def test_regular_invoice_sells_the_card(self):
        order = self._confirm(self.card, self.book)
        wizard = self._get_wizards(order).create({})
        invoice = wizard._create_invoices(order)
        invoice.action_post()
        self.assertItems(
            invoice,
            [
                (self.sold, -50, -50),
                (self.revenue, -20, -20),
                (self.receivable, 70, 70),
            ],
        )
        self.assertEqual(invoice.sold_value_ids.initial_amount, 50)
