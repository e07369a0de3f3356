from odoo.exceptions import UserError, ValidationError
from odoo.http import request, route
from odoo.tools import format_date

from odoo.addons.account_credit_posting.const import CARD_DESIGNS
from odoo.addons.account_credit_posting.controllers.portal import AccountBalance
from odoo.addons.account_credit_posting.models.billing.customer_page import (
    CustomerPage,
)
from odoo.addons.account_credit_posting.tools.days import get_today
from odoo.addons.payment.controllers.portal import PaymentPortal

from ..models.account_top_up import MESSAGE_LENGTH, NAME_LENGTH
from . import own_transaction


class TopUp(AccountBalance, PaymentPortal):
    """Buy a prepayment for the own account, or a gift card for somebody."""

    def _render_balance(self, **values):
        kinds = [
            kind
            for company in self._get_offers(CustomerPage(request.env))
            for kind in company.sudo()._get_top_up_kinds()
        ]
        return super()._render_balance(top_up_kinds=kinds, **values)

    @staticmethod
    def _get_offers(page, kind=None):
        """Return the companies that offer something, or that kind, to a customer."""
        partner = request.env.user.sudo().partner_id
        return page.companies.filtered(
            # Customers need not see the settings of the company.
            lambda company: (
                (kinds := company.sudo()._get_top_up_kinds())
                and (not kind or kind in kinds)
                and PaymentPortal._can_partner_pay_in_company(partner, company)
            )
        )

    def _render_top_up(self, template, page, **values):
        return request.render(
            f"account_credit_posting_payment.{template}",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "account_balance",
                "page": page,
                **values,
            },
        )

    # -------------------------------------------------------------------------
    # CHOOSE
    # -------------------------------------------------------------------------

    @route(
        "/my/credits/top-up",
        type="http",
        auth="user",
        methods=["GET", "POST"],
        website=True,
    )
    def top_up(self, kind="prepayment", company_id=None, **form):
        """Ask what to buy; with a POST go on to the payment.

        :param kind: "prepayment" or "gift_card"
        :param company_id: where several companies offer it
        """
        page = CustomerPage(request.env)
        offers = self._get_offers(page, kind)
        company = offers.filtered(lambda own: str(own.id) == company_id) or offers[:1]
        if not company or (company_id and str(company.id) != company_id):
            return request.redirect("/my/credits")
        error = None
        if request.httprequest.method == "POST":
            top_ups = request.env["account.top.up"]
            try:
                top_up_sudo = top_ups._create_of_form(
                    page, company, {**form, "kind": kind}
                )
            except UserError as refusal:
                error = str(refusal)
            else:
                return request.redirect(f"/my/credits/top-up/{top_up_sudo.id}")
        company_sudo = company.sudo()
        return self._render_top_up(
            "portal_top_up",
            page,
            list_name=self._get_title(kind),
            kind=kind,
            company=company,
            offers=offers,
            currency=company_sudo.currency_id,
            amounts=company_sudo._get_top_up_amounts(),
            least=company_sudo.top_up_min,
            most=company_sudo.top_up_max,
            designs=self._get_designs(),
            today=get_today(company),
            lengths={"name": NAME_LENGTH, "message": MESSAGE_LENGTH},
            form={"sender_name": request.env.user.name, **form},
            error=error,
        )

    @staticmethod
    def _get_title(kind):
        env = request.env
        if kind == "gift_card":
            return env._("Buy a Gift Card")
        return env._("Top Up")

    @staticmethod
    def _get_designs():
        """Return the designs of the card: ``[(name, label)]``."""
        field = request.env["account.top.up"]._fields["design"]
        labels = dict(field._description_selection(request.env))
        return [(name, labels[name]) for name, _label in CARD_DESIGNS]

    # -------------------------------------------------------------------------
    # PAY
    # -------------------------------------------------------------------------

    @staticmethod
    def _find_own(page, top_up_id):
        """Return what the user chose to buy; none where it is somebody else's."""
        # Customers have no rights to top-ups; it is their own.
        return (
            request.env["account.top.up"]
            .sudo()
            .search(
                [
                    ("id", "=", top_up_id),
                    ("create_uid", "=", request.env.uid),
                    ("partner_id", "=", page.account_sudo.id),
                    ("company_id", "in", page.companies.ids),
                ]
            )
        )

    @route(
        "/my/credits/top-up/<int:top_up_id>",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def top_up_pay(self, top_up_id, **_kwargs):
        """Show what is bought, and pay it; or what became of it."""
        page = CustomerPage(request.env)
        top_up_sudo = self._find_own(page, top_up_id)
        if not top_up_sudo:
            return request.redirect("/my/credits")
        status = top_up_sudo._get_status()
        form = {}
        if status in ("open", "failed"):
            form = self._prepare_payment_form(top_up_sudo)
        return self._render_top_up(
            "portal_top_up_pay",
            page,
            list_name=self._get_title(top_up_sudo.value_type),
            top_up=top_up_sudo,
            design=dict(self._get_designs()).get(top_up_sudo.design),
            send_day=top_up_sudo.send_date
            and format_date(request.env, top_up_sudo.send_date),
            status=status,
            **form,
        )

    def _prepare_payment_form(self, top_up_sudo):
        """Return what the form of the payment providers needs."""
        env, partner_sudo = request.env, request.env.user.sudo().partner_id
        report = {}
        providers_sudo = self._get_providers(top_up_sudo, report)
        methods_sudo = env["payment.method"].sudo()
        return {
            "amount": top_up_sudo.amount,
            "currency": top_up_sudo.currency_id,
            "partner_id": partner_sudo.id,
            "providers_sudo": providers_sudo,
            "payment_methods_sudo": methods_sudo._get_compatible_payment_methods(
                providers_sudo.ids,
                partner_sudo.id,
                currency_id=top_up_sudo.currency_id.id,
                report=report,
            ),
            "tokens_sudo": own_transaction.find_tokens(providers_sudo),
            "availability_report": report,
            "show_tokenize_input_mapping": self._compute_show_tokenize_input_mapping(
                providers_sudo
            ),
            "transaction_route": f"/my/credits/top-up/{top_up_sudo.id}/transaction",
            "landing_route": f"/my/credits/top-up/{top_up_sudo.id}",
            "access_token": None,
        }

    @staticmethod
    def _get_providers(top_up_sudo, report=None):
        """Return the providers of the company: the money is in its own ledger."""
        company = top_up_sudo.company_id
        return own_transaction.find_providers(
            company, top_up_sudo.amount, top_up_sudo.currency_id, report
        ).filtered(lambda provider: provider.company_id == company)

    @route(
        "/my/credits/top-up/<int:top_up_id>/transaction",
        type="jsonrpc",
        auth="user",
        website=True,
    )
    def top_up_transaction(self, top_up_id, **kwargs):
        """Begin the payment; what is bought is issued when it is confirmed.

        :param kwargs: see ``PaymentPortal._create_transaction``; the amount, the
            currency and the page afterwards are those of what is bought
        :return: what the form of the provider needs
        :raise ValidationError: when it cannot be paid, or not so
        """
        self._validate_transaction_kwargs(kwargs, ("access_token",))
        top_up_sudo = self._find_own(CustomerPage(request.env), top_up_id)
        if not top_up_sudo or top_up_sudo._get_status() not in ("open", "failed"):
            raise ValidationError(
                request.env._("This cannot be paid right now. Reload the page.")
            )
        return own_transaction.begin(
            self,
            self._get_providers(top_up_sudo),
            lambda tx_sudo: tx_sudo._buy(top_up_sudo),
            kwargs,
            amount=top_up_sudo.amount,
            currency_id=top_up_sudo.currency_id.id,
            landing_route=f"/my/credits/top-up/{top_up_sudo.id}",
        )
