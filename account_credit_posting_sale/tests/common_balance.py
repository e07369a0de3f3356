from odoo.http import Request

from odoo.addons.account_credit_posting.tests.common_portal import PortalCommon

from .common_order import OrderCommon


class BalanceCommon(PortalCommon, OrderCommon):
    """Customers who pay orders with what is on their account.

    There are a credit of 50, a prepayment of 40 and a gift card of 60.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nothing pays by itself: the customer chooses.
        cls.company.credit_application_policy = "manual"
        cls.company.write(
            {
                "portal_pay_credits": True,
                "portal_pay_prepayments": True,
                "portal_pay_gift_cards": True,
                "portal_pay_orders": True,
            }
        )
        cls.own = cls.company._find_balance_providers()
        cls.own_method = cls.env.ref(
            "account_credit_posting_sale.payment_method_balance"
        )
        cls.lesson, cls.gift = cls.env["product.product"].create(
            [
                {
                    "name": "Lesson",
                    "type": "service",
                    "list_price": 20,
                    "taxes_id": [],
                    "invoice_policy": "order",
                },
                {"name": "Gift Card", "is_gift_card": True, "list_price": 50},
            ]
        )

    def setUp(self):
        super().setUp()
        self.prepayment = self._issue(40, "prepayment")
        self.gift_card = self._issue(60)

    def _begin(self, order, amount=None, user=None, provider=None, **kwargs):
        """Begin to pay an order, as the form of its page does.

        :return: what the form gets
        """
        self._login(self.payer if user is None else user)
        return self.make_jsonrpc_request(
            self._get_route(order),
            {
                "provider_id": (provider or self.own).id,
                "payment_method_id": self.own_method.id,
                "token_id": None,
                "amount": order.amount_total if amount is None else amount,
                "flow": "redirect",
                "tokenization_requested": False,
                "landing_route": order.get_portal_url(),
                "is_validation": False,
                "access_token": order.access_token,
                "csrf_token": None,
                **kwargs,
            },
        )

    @staticmethod
    def _get_route(order):
        order._portal_ensure_token()
        return f"/my/orders/{order.id}/transaction"

    def _end(self, reference, user=None):
        """Send the form that pays at once; return the answer.

        :param user: by default whoever began
        """
        if user is not None:
            self._login(user)
        form = {"csrf_token": self._get_token(), "reference": reference}
        return self.url_open("/payment/account_credit/process", data=form)

    def _get_token(self):
        return Request.csrf_token(self)

    def _pay(self, order, amount=None, user=None, **kwargs):
        """Pay an order with the account, and return its transaction."""
        processing = self._begin(order, amount, user, **kwargs)
        response = self._end(processing["reference"])
        self.assertEqual(response.status_code, 200, response.text[-2000:])
        return self._find(order)

    def _find(self, order):
        """Return the last transaction of an order."""
        self.env.invalidate_all()
        return order.sudo().transaction_ids.sorted("id")[-1:]

    def assertPaid(self, order, tx, expected):
        """Assert what pays the invoice of the order.

        :param dict expected: ``{credit line or stored value: amount}``
        :return: the invoice
        """
        self.assertEqual((tx.state, tx.account_credit_state), ("done", "used"))
        self.assertTrue(tx.is_post_processed)
        self.assertFalse(tx.payment_id)
        self.assertEqual(order.state, "sale")
        [invoice] = tx.invoice_ids
        self.assertIn(invoice, order.invoice_ids)
        self.assertEqual(invoice.state, "posted")
        applied = invoice.credit_application_ids.filtered("partial_id")
        self.assertEqual(
            {
                application.stored_value_id
                or application.credit_line_id: application.amount
                for application in applied
            },
            expected,
        )
        self.assertAlmostEqual(sum(applied.mapped("amount")), tx.amount)
        self.assertTiesOut()
        return invoice

    def assertBooked(self, invoice, *expected):
        """Assert all journal items of an invoice that has a section.

        :param expected: as in ``assertItems``
        """
        sections = invoice.line_ids.filtered(
            lambda line: line.display_type == "line_section"
        )
        self.assertItems(
            invoice, [*expected, *[(section.account_id, 0, 0) for section in sections]]
        )

    def assertRefused(self, order, tx, state="sent"):
        """Assert that nothing at all was done; return what the customer is told."""
        self.assertEqual(tx.state, "cancel")
        self.assertFalse(tx.invoice_ids | tx.payment_id.move_id | order.invoice_ids)
        self.assertEqual(order.state, state)
        self.assertLeft(50, 40, 60)
        return tx.state_message

    def assertLeft(self, *amounts):
        """Assert what is left of the credit, the prepayment and the gift card."""
        self.env.invalidate_all()
        self.assertEqual(
            (
                self.credit.amount_open,
                self.prepayment.balance,
                self.gift_card.balance,
            ),
            amounts,
        )
