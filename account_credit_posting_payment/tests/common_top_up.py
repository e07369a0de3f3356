from datetime import timedelta

from lxml import html

from odoo import fields
from odoo.fields import Command

from odoo.addons.account_credit_posting.tests.common_portal import PortalCommon

#: What a customer enters for a card.
CARD = {
    "kind": "gift_card",
    "amount": "50.00",
    "recipient_name": "Maya",
    "recipient_email": "maya@example.com",
    "sender_name": "Grandma June",
    "message": "Keep on dancing!",
    "design": "birthday",
    "send": "now",
}


class TopUpCommon(PortalCommon):
    """A company that sells prepayments and gift cards, by Odoo's demo provider."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "top_up_prepayments": True,
                "top_up_gift_cards": True,
                "top_up_amounts": "25 50 100",
                "top_up_min": 10,
                "top_up_max": 500,
            }
        )
        cls.method = cls.env.ref("payment_demo.payment_method_demo").sudo()
        cls.method.active = True
        cls.provider = cls._create_provider(
            cls.company, cls.company_data["default_journal_bank"]
        )
        cls.today = fields.Date.today()
        cls.later = cls.today + timedelta(days=30)

    @classmethod
    def _create_provider(cls, company, journal):
        demo = cls.env.ref("payment.payment_provider_demo").sudo()
        provider = demo.copy(
            {"company_id": company.id, "state": "test", "is_published": True}
        )
        provider.payment_method_ids = [Command.set(cls.method.ids)]
        provider.journal_id = journal
        return provider

    # -------------------------------------------------------------------------
    # WHAT THE CUSTOMER DOES
    # -------------------------------------------------------------------------

    def _find(self):
        self.env.invalidate_all()
        return self.env["account.top.up"].sudo().search([], order="id")

    def _choose(self, user=None, **form):
        """Send the form; return what is to be paid."""
        known = self._find()
        response = self._send(
            "/my/credits/top-up", user, **{"kind": "prepayment", **form}
        )
        self.assertEqual(response.status_code, 200)
        top_up = self._find() - known
        self.assertEqual(len(top_up), 1, html.fromstring(response.text).text_content())
        return top_up

    def _refuse(self, user=None, **form):
        """Send a form that is refused; return why."""
        known = self._find()
        response = self._send(
            "/my/credits/top-up", user, **{"kind": "prepayment", **form}
        )
        self.assertEqual(self._find(), known)
        return self._read_error(response)

    def _begin(self, top_up, user=None, **kwargs):
        """Begin the payment, as the form of the page does."""
        self._login(self.payer if user is None else user)
        return self.make_jsonrpc_request(
            f"/my/credits/top-up/{top_up.id}/transaction",
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "amount": top_up.amount,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": f"/my/credits/top-up/{top_up.id}",
                "is_validation": False,
                "access_token": None,
                "csrf_token": None,
                **kwargs,
            },
        )

    def _answer(self, processing, state="done"):
        """Let the provider answer."""
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {
                "reference": processing["reference"],
                "payment_details": "1234",
                "simulated_state": state,
            },
        )

    def _poll(self):
        """Let the customer come back from the provider."""
        return self.make_jsonrpc_request("/payment/status/poll", {})

    def _pay(self, top_up, state="done", user=None):
        """Pay, and come back; return the transaction."""
        self._answer(self._begin(top_up, user), state)
        self._poll()
        self.env.invalidate_all()
        return top_up.transaction_ids.sorted("id")[-1]

    # -------------------------------------------------------------------------
    # WHAT BECAME OF IT
    # -------------------------------------------------------------------------

    def _find_values(self):
        self.env.invalidate_all()
        return self.values.search([("company_id", "=", self.company.id)], order="id")

    def assertNothingIssued(self):
        self.assertFalse(self._find_values())
        self.assertFalse(
            self.env["account.payment"].search(
                [("payment_transaction_id.provider_id", "=", self.provider.id)]
            )
        )

    def assertIssued(self, top_up, amount, **vals):
        """Assert that it is issued, once, to the last journal item.

        :return: the ``account.stored.value``
        """
        value = self._find_values()
        self.assertEqual(value, top_up.stored_value_id)
        liability = self.sold if top_up.value_type == "gift_card" else self.prepaid
        [payment] = self.env["account.payment"].search(
            [("payment_transaction_id", "in", top_up.transaction_ids.ids)]
        )
        self.assertRecordValues(
            value,
            [
                {
                    "value_type": top_up.value_type,
                    "partner_id": self.account.id,
                    "initial_amount": amount,
                    "balance": amount,
                    "state": "active",
                    "funding": "payment",
                    "funding_account_id": payment.outstanding_account_id.id,
                    "journal_id": self.provider.journal_id.id,
                    **vals,
                }
            ],
        )
        self.assertRecordValues(
            payment,
            [
                {
                    "stored_value_id": value.id,
                    "amount": amount,
                    "payment_type": "inbound",
                    "partner_id": self.account.id,
                    "journal_id": self.provider.journal_id.id,
                }
            ],
        )
        self.assertEvents(
            value,
            [
                (
                    "issue",
                    [
                        (payment.outstanding_account_id, amount, amount),
                        (liability, -amount, -amount),
                    ],
                )
            ],
        )
        return value
