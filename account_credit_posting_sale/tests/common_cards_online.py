import re

from odoo.fields import Command

from odoo.addons.account_credit_posting.models.stored_value.account_gift_card import (
    find_by_code,
)
from odoo.addons.account_credit_posting.tests import common_stored_value
from odoo.addons.mail.tests.common import MailCase

from .common_order import OrderCommon

CODE = re.compile(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}")


class CardsOnlineCommon(OrderCommon, common_stored_value.StoredValueCommon, MailCase):
    """Customers who buy gift cards on orders that they pay online."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card = cls.env["product.product"].create(
            {"name": "Gift Card", "is_gift_card": True, "list_price": 50}
        )

    def _pay_order(self, order, amount=None, **vals):
        """Let the customer pay an order, and Odoo look at it."""
        transaction = self._pay_online(
            amount or order.amount_total,
            **{
                "sale_order_ids": [Command.set(order.ids)],
                "partner_id": order.partner_invoice_id.id,
                "currency_id": order.currency_id.id,
                **vals,
            },
        )
        transaction._post_process()
        return transaction

    def _get_cards(self, order):
        self.env.flush_all()
        return order.invoice_ids.line_ids.stored_value_id.sorted("id")

    def _send_cards(self):
        """Let cards leave by email.

        :return: ``[(addresses, code)]``
        """
        with (
            self.mock_mail_gateway(mail_unlink_sent=True),
            self.enter_registry_test_mode(),
        ):
            self.env.ref(
                "account_credit_posting.ir_cron_send_gift_cards"
            ).method_direct_trigger()
        self.env.invalidate_all()
        sent = []
        for mail in self._mails:
            [code] = set(CODE.findall(mail["body"]))
            sent.append((mail["email_to"], code))
        return sent

    def assertSent(self, cards):
        """Assert that each card leaves once to the buyer, with a code that works."""
        sent = self._send_cards()
        self.assertEqual(
            [addresses for addresses, _code in sent],
            [["buyer@example.com"]] * len(cards),
        )
        env = self.env(user=self.clerk)
        found = [find_by_code(env, code).id for _addresses, code in sent]
        self.assertEqual(sorted(found), cards.ids)
        self.assertEqual(self._send_cards(), [])

    def assertNothingSold(self, order):
        """Assert that an order has sold nothing yet, and nothing leaves."""
        self.assertFalse(order.invoice_ids)
        self.assertFalse(self.values.search([("partner_id", "=", self.account.id)]))
        self.assertEqual(self._send_cards(), [])
