import uuid

from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.account.controllers.portal import PortalAccount

from ..const import KEY_LENGTH
from ..models.billing.customer_page import CustomerPage
from ..models.billing.invoice_payment import PREFIX, InvoicePayment
from .portal import NO_STORE, AccountBalance


class InvoiceBalance(AccountBalance, PortalAccount):
    """Pay an own invoice with what is on the own account."""

    def _get_invoice_payment(self, invoice_id):
        return InvoicePayment(CustomerPage(request.env), invoice_id)

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        # A link with a token shows the invoice: the account is its own user's alone.
        payment = self._get_invoice_payment(invoice.id)
        return {
            **values,
            "balance_payment": payment,
            "balance_sources": payment.get_sources(),
            "is_balance_used": bool(kwargs.get("balance_used")),
        }

    @route(
        "/my/invoices/<int:invoice_id>/balance",
        type="http",
        auth="user",
        methods=["GET", "POST"],
        website=True,
    )
    def invoice_balance(self, invoice_id, **form):
        """Show what would be paid with what was chosen; pay it with a POST."""
        payment = self._get_invoice_payment(invoice_id)
        if not payment.invoice_sudo:
            return request.redirect(f"/my/invoices/{invoice_id}")
        error, amounts, rest = None, None, None
        try:
            amounts = payment.read_form(form)
            if request.httprequest.method == "POST":
                self._use_once(payment, amounts, form.get("key"))
                url = f"/my/invoices/{invoice_id}?balance_used=1"
                return request.redirect(url)
            if any(name.startswith(PREFIX) for name in form):
                rest = payment.check(amounts)
        except UserError as refusal:
            error = str(refusal)
        response = self._render_own(
            "portal_invoice_balance",
            payment.page,
            **self._prepare_review(payment, amounts, rest, error),
        )
        response.headers["Cache-Control"] = NO_STORE
        return response

    def _use_once(self, payment, amounts, key):
        """Use what was chosen, once for each form that was shown.

        :param key: of the form, see :meth:`_prepare_review`
        """
        # Customers have no rights to answers; it is their own form.
        request.env["account.credit.answer"].sudo()._answer(
            payment.company_sudo,
            f"portal {request.env.uid} {key or uuid.uuid4()}"[:KEY_LENGTH],
            {"invoice_id": payment.invoice_sudo.id, "amounts": amounts},
            lambda: payment.use(amounts) or True,
            "portal.invoice_balance",
        )

    def _prepare_review(self, payment, amounts, rest, error):
        """Return what the page shows before anything is used.

        :param amounts: what was chosen; None where it is nothing that could be read
        :param rest: what is left to pay then; None where there is an error
        :param error: why it cannot be used so
        """
        sources = payment.get_sources(None if error else amounts)
        return {
            "page_name": "invoice_balance",
            "balance_payment": payment,
            "balance_sources": sources,
            "chosen_sources": [source for source in sources if source["amount"]],
            "due": payment.get_due(),
            "rest": rest,
            "ended": rest is not None and payment.explain_ended(amounts),
            "error": error,
            "key": uuid.uuid4().hex,
        }
