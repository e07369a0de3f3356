from odoo.fields import Command
from odoo.tests import tagged

# As a module: its tests would else be found here as well.
from odoo.addons.account_credit_posting_payment.tests import common_online


@tagged("post_install", "-at_install")
class TestAccountMove(common_online.OnlineCommon):
    """What was paid online for an order pays its invoice before credits do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.product = cls.env["product.product"].create(
            {
                "name": "Book",
                "list_price": 100,
                "taxes_id": [],
                "invoice_policy": "order",
            }
        )

    def _order(self, paid, account=None):
        """Confirm an order that is paid online; return it and its transaction."""
        order = self.env["sale.order"].create(
            {
                "partner_id": (account or self.account).id,
                "require_payment": True,
                "order_line": [Command.create({"product_id": self.product.id})],
            }
        )
        order.action_confirm()
        transaction = self._pay_online(
            paid,
            sale_order_ids=[Command.set(order.ids)],
            partner_id=order.partner_id.id,
        )
        transaction._post_process()
        return order, transaction

    def assertInvoice(self, invoice, order):
        self.assertItems(
            invoice, [(self.revenue, -100, -100), (self.receivable, 100, 100)]
        )
        self.assertEqual(order.invoice_status, "invoiced")

    def test_order_paid_in_part_is_paid_before_credits(self):
        order, transaction = self._order(60)
        payment = transaction.payment_id
        self.assertPayment(payment, 60)
        invoice = order._create_invoices()
        self.assertEqual(invoice.transaction_ids, transaction)
        invoice.action_post()
        self.assertInvoice(invoice, order)
        self.assertPartials(invoice, [(payment, 60), (self.credit, 40)])
        self.assertPays(self.credit, [(invoice, 40)])
        self.assertRest({self.credit.move_id: (10, "partial")})
        self.assertTrue(payment.is_reconciled)

    def test_order_paid_whole_leaves_credits_alone(self):
        order, transaction = self._order(100)
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertInvoice(invoice, order)
        self.assertPartials(invoice, [(transaction.payment_id, 100)])
        self.assertRest({self.credit.move_id: (50, "not_paid")})
        self.assertTrue(transaction.payment_id.is_reconciled)

    def test_orders_invoiced_at_once(self):
        other = self.accounts[1]
        self._post_line(50, other)
        first, first_paid = self._order(60)
        second, second_paid = self._order(100, other)
        invoices = first._create_invoices() | second._create_invoices()
        invoices.action_post()
        self.assertPartials(
            first.invoice_ids, [(first_paid.payment_id, 60), (self.credit, 40)]
        )
        self.assertPartials(second.invoice_ids, [(second_paid.payment_id, 100)])

    def test_order_that_nobody_paid_is_paid_by_credits(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.account.id,
                "order_line": [Command.create({"product_id": self.product.id})],
            }
        )
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertInvoice(invoice, order)
        self.assertPartials(invoice, [(self.credit, 50)])

    def test_order_is_invoiced_by_its_payment(self):
        self.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")
        order, transaction = self._order(100)
        [invoice] = order.invoice_ids
        self.assertInvoice(invoice, order)
        self.assertPartials(invoice, [(transaction.payment_id, 100)])
        self.assertRest({self.credit.move_id: (50, "not_paid")})

    def test_down_payment_is_paid_by_what_was_paid(self):
        self.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")
        order, transaction = self._order(60)
        [invoice] = order.invoice_ids
        self.assertEqual(invoice.amount_total, 60)
        self.assertPartials(invoice, [(transaction.payment_id, 60)])
        final = order._create_invoices(final=True)
        final.action_post()
        self.assertEqual(final.amount_total, 40)
        self.assertPartials(final, [(self.credit, 40)])
        self.assertRest({self.credit.move_id: (10, "partial")})
