from lxml import html

from odoo import http

from .common_portal import PortalCommon


class PortalInvoiceCommon(PortalCommon):
    """A customer has an invoice, a credit, a prepayment and a gift card."""

    invoice_vals = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nothing pays by itself: the customer chooses.
        cls.company.credit_application_policy = "manual"
        cls.company.portal_pay_credits = True
        cls.company.portal_pay_prepayments = True
        cls.company.portal_pay_gift_cards = True
        cls.invoice = cls._create_invoice(cls.account, 100, **cls.invoice_vals)

    def setUp(self):
        super().setUp()
        self.credit = self._post_line(30)
        self.prepayment = self._issue(40, "prepayment")
        self.card = self._issue(60)
        self.url = self._get_url(self.invoice)

    @staticmethod
    def _get_url(invoice):
        return f"/my/invoices/{invoice.id}/balance"

    @staticmethod
    def _get_field(source):
        """Return the field of the form that says how much of it is used."""
        if source._name == "account.stored.value":
            return f"use_v{source.id}"
        return f"use_c{source.move_line_id.id}"

    def _choose(self, amounts):
        """Return the fields of a form.

        :param dict amounts: ``{credit line or stored value: amount}``
        """
        return {
            self._get_field(source): str(amount) for source, amount in amounts.items()
        }

    def _review(self, amounts, user=None, invoice=None):
        """Return the page that says what would happen."""
        self._login(self.payer if user is None else user)
        url = self._get_url(invoice or self.invoice)
        response = self.url_open(url, params=self._choose(amounts))
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.text)

    def _use(self, amounts, user=None, invoice=None, **form):
        """Send what was chosen; return the answer."""
        url = self._get_url(invoice or self.invoice)
        return self._send(url, user, **{**self._choose(amounts), **form})

    def _read_refusal(self, amounts, **kwargs):
        """Return why something is refused, before and when it is used."""
        [error] = self._read_all(self._review(amounts, **kwargs), "error")
        self.assertEqual(self._read_error(self._use(amounts, **kwargs)), error)
        self.assertNothingUsed()
        return error

    def assertUsed(self, expected, invoice=None):
        """Assert what pays the invoice, and what is left of it.

        :param dict expected: ``{credit line or stored value: amount}``
        """
        invoice = invoice or self.invoice
        self.env.invalidate_all()
        applications = invoice.credit_application_ids.filtered("partial_id")
        self.assertEqual(
            {
                application.stored_value_id
                or application.credit_line_id: application.amount
                for application in applications
            },
            expected,
        )
        self.assertEqual(
            applications.mapped("partial_id.debit_amount_currency"),
            applications.mapped("amount"),
        )
        self.assertEqual(len(applications), len(expected))

    def assertNothingUsed(self):
        self.assertUsed({})
        self.assertEqual(self.invoice.amount_residual, 100)
        self.assertEqual(
            (self.credit.amount_open, self.prepayment.balance, self.card.balance),
            (30, 40, 60),
        )

    def _get_token(self):
        return http.Request.csrf_token(self)
