from itertools import count

from odoo.fields import Command

# As a module: its tests would else be found here as well.
from odoo.addons.account_credit_posting.tests import common_application


class OnlineCommon(common_application.AccountCreditApplicationCommon):
    """A payment provider, and customers who pay by it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.method = cls.env.ref("payment.payment_method_unknown")
        cls.provider = cls.env["payment.provider"].create(
            {
                "name": "Provider",
                "code": "none",
                "state": "test",
                "payment_method_ids": [Command.set(cls.method.ids)],
            }
        )
        cls.method.active = True
        cls._create_dummy_payment_method_for_provider(
            provider=cls.provider, journal=cls.company_data["default_journal_bank"]
        )
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.numbers = count(1)

    def setUp(self):
        super().setUp()
        self.credit = self._post_line(50)

    def _pay_online(self, amount, **vals):
        """Let the customer pay; return the transaction, before Odoo looks at it."""
        transaction = self.env["payment.transaction"].create(
            {
                "amount": amount,
                "currency_id": self.company.currency_id.id,
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "operation": "online_direct",
                "partner_id": self.account.id,
                "reference": f"Online {next(self.numbers)}",
                **vals,
            }
        )
        transaction._set_done()
        return transaction

    def assertPartials(self, invoice, expected):
        """Assert all that pays an invoice.

        :param expected: ``[(payment or credit line, amount)]`` in the order of paying
        """
        partials = invoice.line_ids.matched_credit_ids.sorted("id")
        self.assertEqual(
            [(item.credit_move_id.move_id, item.amount) for item in partials],
            [(document.move_id, amount) for document, amount in expected],
        )

    def assertPayment(self, payment, amount):
        """Assert all journal items of the payment of a transaction."""
        self.assertItems(
            payment.move_id,
            [
                (payment.outstanding_account_id, amount, amount),
                (self.receivable, -amount, -amount),
            ],
        )
