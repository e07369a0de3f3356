from odoo.exceptions import UserError, ValidationError
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
        with self.assertRaisesRegex(ValidationError, "without a down payment"):
            self._create_down_payment(order)
        with self.assertRaisesRegex(ValidationError, "without a down payment"):
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

    def test_single_purpose_voucher_is_sold_with_its_tax(self):
        tax = self.company_data["default_tax_sale"]
        voucher = self.env["product.product"].create(
            {
                "name": "Massage",
                "is_gift_card": True,
                "voucher_kind": "single",
                "taxes_id": [Command.set(tax.ids)],
                "list_price": 100,
                "invoice_policy": "order",
            }
        )
        order = self._confirm(voucher, self.book)
        order.order_line[0].product_uom_qty = 2
        invoice = order._create_invoices()
        invoice.action_post()
        vat = self.company_data["default_account_tax_sale"]
        sold = [(self.sold, -100, -100), (vat, -15, -15)]
        self.assertItems(
            invoice,
            [
                *sold,
                *sold,
                (self.revenue, -20, -20),
                (self.receivable, 250, 250),
            ],
        )
        self.assertEqual(invoice.sold_value_ids.mapped("balance"), [115, 115])
        self.assertEqual(set(invoice.sold_value_ids.mapped("voucher_kind")), {"single"})

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

    def test_what_is_no_card_is_refused_on_the_order(self):
        tax = self.tax_sale_a
        for vals, reason in (
            ({"discount": 10}, "there is no discount"),
            ({"price_unit": 0}, "above zero"),
            ({"product_uom_qty": 1.5}, "a whole number"),
            ({"product_uom_qty": -1}, "one for each card"),
            ({"tax_ids": [Command.set(tax.ids)]}, "taxed when it is used"),
        ):
            order = self._confirm(self.book)
            with self.assertRaisesRegex(UserError, reason):
                order.order_line = [
                    Command.create({"product_id": self.card.id, **vals})
                ]
        order = self._confirm(self.card)
        with self.assertRaisesRegex(UserError, "there is no discount"):
            order.order_line.discount = 5
        # Nothing is left of this line.
        order.order_line.product_uom_qty = 0
        self.assertFalse(order.order_line.qty_to_invoice)

    def test_card_is_worth_the_price_of_the_pricelist(self):
        group = self.env.ref("sale.group_discount_per_so_line")
        self.env.ref("base.group_user")._apply_group(group)
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Regulars",
                "currency_id": self.company.currency_id.id,
                "item_ids": [
                    Command.create(
                        {
                            "compute_price": "percentage",
                            "percent_price": 10,
                            "applied_on": "3_global",
                        }
                    )
                ],
            }
        )
        order = self._confirm(self.card, self.book, pricelist_id=pricelist.id)
        card, book = order.order_line
        self.assertEqual((card.price_unit, card.discount), (45, 0))
        self.assertEqual((book.price_unit, book.discount), (20, 10))
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertItems(
            invoice,
            [
                (self.sold, -45, -45),
                (self.revenue, -18, -18),
                (self.receivable, 63, 63),
            ],
        )
        self.assertEqual(invoice.sold_value_ids.initial_amount, 45)

    def test_fiscal_position_adds_no_tax(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self.company.account_sale_tax_id = self.tax_sale_a
        taxed = self.env["product.product"].create({"name": "Taxed"})
        self.assertEqual(taxed.taxes_id, self.tax_sale_a)
        self.tax_sale_b.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.tax_sale_a.ids)],
            }
        )
        order = self._confirm(self.card, taxed, fiscal_position_id=position.id)
        card, other = order.order_line
        self.assertFalse(card.tax_ids)
        self.assertEqual(other.tax_ids, self.tax_sale_b)
