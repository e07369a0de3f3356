import logging

from odoo.exceptions import UserError
from odoo.http import content_disposition, request, route

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from .. import const
from ..models.billing.customer_page import CustomerPage
from ..models.stored_value.account_gift_card import find_by_code

_logger = logging.getLogger(__name__)

#: No cache, and no Back button, keeps what came of a code.
NO_STORE = "no-store"


class AccountBalance(CustomerPortal):
    """The own page of a customer: what the account has, owes and has coming."""

    def _prepare_portal_layout_values(self):
        return {
            **super()._prepare_portal_layout_values(),
            "shows_account_balance": bool(CustomerPage(request.env).companies),
        }

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "account_credit_count" in counters:
            values["account_credit_count"] = CustomerPage(request.env).count()
        return values

    def _render_own(self, template, page, **values):
        return request.render(
            f"account_credit_posting.{template}",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "account_balance",
                "page": page,
                **values,
            },
        )

    # -------------------------------------------------------------------------
    # MY ACCOUNT BALANCE
    # -------------------------------------------------------------------------

    @route("/my/credits", type="http", auth="user", website=True)
    def account_balance(self, **_kwargs):
        """Show balances, what comes due next, and what is open."""
        return self._render_balance()

    def _render_balance(self, **values):
        page = CustomerPage(request.env)
        if not page.companies:
            return request.redirect("/my")
        limit = const.PORTAL_LISTED
        return self._render_own(
            "portal_account_balance",
            page,
            balances=page.get_balances(),
            dues=page.get_dues(),
            credits=page.get_credits("open", "date desc, id desc", limit),
            credit_count=page.count_credits("all"),
            held_rows=page.get_held("open", "issue_date desc, id desc", limit),
            held_count=page.count_held("all"),
            **values,
        )

    # -------------------------------------------------------------------------
    # LISTS
    # -------------------------------------------------------------------------

    @route(
        ["/my/credits/all", "/my/credits/all/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def account_credits(self, page=1, sortby=None, filterby=None, **_kwargs):
        """List the credits of the account: open, used, expired, reversed."""
        env = request.env
        own = CustomerPage(env)
        return self._render_list(
            "portal_account_credits",
            own,
            url="/my/credits/all",
            list_name=env._("Credits"),
            sortings={
                "date": {"label": env._("Newest"), "order": "date desc, id desc"},
                "oldest": {"label": env._("Oldest"), "order": "date, id"},
                "amount": {"label": env._("Amount"), "order": "amount desc, id desc"},
            },
            filters={
                "all": {"label": env._("All")},
                "open": {"label": env._("Open")},
                "used": {"label": env._("Used")},
                "expired": {"label": env._("Expired")},
                "reversed": {"label": env._("Reversed")},
            },
            asked=(page, sortby, filterby),
            count=own.count_credits,
            read=own.get_credits,
        )

    @route(
        ["/my/credits/held", "/my/credits/held/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def account_held(self, page=1, sortby=None, filterby=None, **_kwargs):
        """List the gift cards and prepayments of the account."""
        env = request.env
        own = CustomerPage(env)
        return self._render_list(
            "portal_account_held",
            own,
            url="/my/credits/held",
            list_name=env._("Gift Cards and Prepayments"),
            sortings={
                "date": {"label": env._("Newest"), "order": "issue_date desc, id desc"},
                "oldest": {"label": env._("Oldest"), "order": "issue_date, id"},
                "expiry": {"label": env._("Expiry"), "order": "expiry_date, id"},
            },
            filters={
                "all": {"label": env._("All")},
                "open": {"label": env._("Open")},
                "past": {"label": env._("Used or Expired")},
            },
            asked=(page, sortby, filterby),
            count=own.count_held,
            read=own.get_held,
        )

    def _render_list(self, template, own, *, url, asked, count, read, **values):
        """Render a list of the account.

        :param asked: page, sorting and filter as they came; what is not known is as if
            nothing was asked
        :param count: method of the page that counts
        :param read: method of the page that reads
        """
        if not own.companies:
            return request.redirect("/my")
        page, sortby, filterby = asked
        sortings, filters = values.pop("sortings"), values.pop("filters")
        sortby = sortby if sortby in sortings else next(iter(sortings))
        filterby = filterby if filterby in filters else next(iter(filters))
        pager = portal_pager(
            url=url,
            url_args={"sortby": sortby, "filterby": filterby},
            total=count(filterby),
            page=page,
            step=self._items_per_page,
        )
        return self._render_own(
            template,
            own,
            rows=read(
                filterby,
                sortings[sortby]["order"],
                self._items_per_page,
                pager["offset"],
            ),
            pager=pager,
            default_url=url,
            searchbar_sortings=sortings,
            sortby=sortby,
            searchbar_filters=filters,
            filterby=filterby,
            **values,
        )

    @route(
        [
            "/my/credits/held/<int:value_id>",
            "/my/credits/held/<int:value_id>/page/<int:page>",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def account_held_history(self, value_id, page=1, redeemed=None, **_kwargs):
        """Show a gift card or prepayment of the account, with its history."""
        own = CustomerPage(request.env)
        value_sudo = own.companies and own.find_held(value_id)
        if not value_sudo:
            return request.redirect("/my")
        pager = portal_pager(
            url=f"/my/credits/held/{value_sudo.id}",
            total=own.count_movements(value_sudo),
            page=page,
            step=self._items_per_page,
        )
        return self._render_own(
            "portal_account_held_history",
            own,
            list_name=value_sudo.name,
            value=own.prepare_held(value_sudo),
            rows=own.get_movements(value_sudo, self._items_per_page, pager["offset"]),
            pager=pager,
            is_redeemed=bool(redeemed),
        )

    # -------------------------------------------------------------------------
    # STATEMENT
    # -------------------------------------------------------------------------

    @route(
        "/my/credits/statement",
        type="http",
        auth="user",
        methods=["GET"],
        website=True,
    )
    def account_statement(
        self, company_id=None, date_from=None, date_to=None, **_kwargs
    ):
        """Print the statement of a period: a PDF, as the office prints it.

        :param company_id: where several companies show the account
        :param date_from: the first day, such as 2024-03-15
        :param date_to: the last day
        """
        page = CustomerPage(request.env)
        if not page.companies:
            return request.redirect("/my")
        try:
            statement_sudo = page.create_statement(company_id, date_from, date_to)
        except UserError as error:
            return self._render_balance(statement_error=str(error))
        content, kind = page.print_statement(statement_sudo)
        content_types = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}
        name = f"{request.env._('Account Statement')} {statement_sudo.date_to}.{kind}"
        headers = [
            ("Content-Type", content_types[kind]),
            ("Content-Length", len(content)),
            ("Cache-Control", NO_STORE),
        ]
        if kind == "pdf":
            headers.append(("Content-Disposition", content_disposition(name)))
        return request.make_response(content, headers)

    # -------------------------------------------------------------------------
    # CODES: IN THE BODY OF A REQUEST, SO THAT THEY ARE IN NO LOG OF ADDRESSES
    # -------------------------------------------------------------------------

    @route(
        "/my/credits/redeem",
        type="http",
        auth="user",
        methods=["GET", "POST"],
        website=True,
        captcha="gift_card_redeem",
    )
    def account_redeem(self, **_kwargs):
        """Ask for the code of a gift card, and put what is on it on the own account."""
        page = CustomerPage(request.env)
        if not page.may_redeem:
            return request.redirect("/my")
        error = None
        if request.httprequest.method == "POST":
            try:
                value_sudo = page.redeem(self._read_code())
            except UserError as refusal:
                error = str(refusal)
            else:
                url = f"/my/credits/held/{value_sudo.id}?redeemed=1"
                return request.redirect(url)
        response = self._render_own(
            "portal_account_redeem",
            page,
            list_name=request.env._("Redeem a Gift Card"),
            error=error,
        )
        response.headers["Cache-Control"] = NO_STORE
        return response

    @route(
        "/gift-card",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
        captcha="gift_card_balance",
    )
    def gift_card_balance(self, **_kwargs):
        """Tell whoever has the code of a gift card what is left on it.

        There is no such page where no company has switched it on.
        """
        # The public does not see companies; the switch says that it may ask this.
        companies_sudo = request.env["res.company"].sudo()
        companies_sudo = companies_sudo.search([("gift_card_public_check", "=", True)])
        if not companies_sudo:
            raise request.not_found()
        values = {"page_name": "gift_card_balance"}
        if request.httprequest.method == "POST":
            values |= self._look_up(companies_sudo)
        response = request.render(
            "account_credit_posting.portal_gift_card_balance", values
        )
        response.headers["Cache-Control"] = NO_STORE
        return response

    def _look_up(self, companies_sudo):
        """Return what is to be said of the code in the request.

        :param companies_sudo: whose cards the public may look up
        """
        env_sudo = request.env(
            context={
                **request.env.context,
                "allowed_company_ids": companies_sudo.ids,
            },
            # The public is in one company, and may ask about cards of each of these.
            su=True,
        )
        try:
            value_sudo = find_by_code(env_sudo, self._read_code())
        except UserError as refusal:
            # Without the code.
            address = request.httprequest.remote_addr
            _logger.info("A gift card code was refused, at %s", address)
            return {"error": str(refusal)}
        return {
            "balance": value_sudo.balance,
            "currency": value_sudo.currency_id,
            "expiry_date": value_sudo._may_expire() and value_sudo.expiry_date,
        }

    @staticmethod
    def _read_code():
        """Return the code in the body: one in the address is none."""
        return request.httprequest.form.get("code")
