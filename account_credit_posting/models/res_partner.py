from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .. import const
from ..const import BILLING_GROUPS
from ..tools.actions import open_dialog, open_known, open_record
from ..tools.days import get_today
from ..tools.reading import read_choice
from ..tools.rights import check_right
from .application import followed_accounts
from .credit.account_credit_answer import answered_once
from .promise.promise_drawing import get_domain
from .stored_value import stored_value_changes, stored_value_guard


class ResPartner(models.Model):
    """Show the open credit of an account, and post credits to it."""

    _inherit = "res.partner"

    account_credit_balance = fields.Monetary(
        compute="_compute_account_credit_balance",
        compute_sudo=True,
        string="Open Credit",
        groups=BILLING_GROUPS,
        help="The open amount of the credits of the account, in company currency.",
    )
    gift_card_balance = fields.Monetary(
        compute="_compute_stored_value_balances",
        compute_sudo=True,
        string="Gift Cards",
        groups=BILLING_GROUPS,
        help="The balance of the gift cards of the account, in company currency.",
    )
    prepayment_balance = fields.Monetary(
        compute="_compute_stored_value_balances",
        compute_sudo=True,
        string="Prepayments",
        groups=BILLING_GROUPS,
        help="The balance of the prepayments of the account, in company currency.",
    )
    stored_value_ids = fields.One2many(
        comodel_name="account.stored.value",
        inverse_name="partner_id",
        string="Gift Cards & Prepayments",
        readonly=True,
        groups=BILLING_GROUPS,
    )
    open_credit_line_ids = fields.Many2many(
        comodel_name="account.credit.line",
        compute="_compute_open_credit_line_ids",
        string="Open Credits",
        groups=BILLING_GROUPS,
    )
    promised_credit_line_ids = fields.Many2many(
        comodel_name="account.credit.line",
        compute="_compute_promised_credit_line_ids",
        string="Promised Credits",
        groups=BILLING_GROUPS,
        help="Credits that are posted when they pay an invoice. They are in no balance "
        "before.",
    )
    credit_application_ids = fields.One2many(
        comodel_name="account.credit.application",
        inverse_name="partner_id",
        string="Credits Applied",
        readonly=True,
        groups=BILLING_GROUPS,
    )
    amount_due_now = fields.Monetary(
        compute="_compute_dues",
        compute_sudo=True,
        string="Due Now",
        groups=BILLING_GROUPS,
        help="Open invoices that are due by today, in company currency.",
    )
    amount_overdue = fields.Monetary(
        compute="_compute_dues",
        compute_sudo=True,
        string="Overdue",
        groups=BILLING_GROUPS,
        help="The part that was due before today.",
    )
    next_due_date = fields.Date(
        compute="_compute_dues",
        compute_sudo=True,
        string="Next Due",
        groups=BILLING_GROUPS,
        help="The day after today on which an open invoice is due.",
    )
    next_due_amount = fields.Monetary(
        compute="_compute_dues",
        compute_sudo=True,
        groups=BILLING_GROUPS,
        help="The amount due on that day.",
    )
    current_invoice_ids = fields.Many2many(
        comodel_name="account.move",
        compute="_compute_billing_sections",
        string="Current Invoices",
        groups=BILLING_GROUPS,
    )
    paid_invoice_ids = fields.Many2many(
        comodel_name="account.move",
        compute="_compute_billing_sections",
        string="Paid Invoices",
        groups=BILLING_GROUPS,
    )
    future_invoice_ids = fields.Many2many(
        comodel_name="account.move",
        compute="_compute_billing_sections",
        string="Future Invoices",
        groups=BILLING_GROUPS,
    )
    billing_movement_ids = fields.Many2many(
        comodel_name="account.billing.movement",
        compute="_compute_billing_sections",
        string="Transaction History",
        groups=BILLING_GROUPS,
    )
    enrollee_ids = fields.One2many(
        comodel_name="res.partner",
        inverse_name="parent_id",
        string="Enrollees",
        domain=[("is_company", "=", False), ("type", "=", "contact")],
        readonly=True,
    )

    @api.depends_context("company")
    def _compute_account_credit_balance(self):
        balances = self.commercial_partner_id._get_open_credits(self.env.company)
        for partner in self:
            partner.account_credit_balance = balances.get(
                partner.commercial_partner_id.id, 0
            )

    @api.depends_context("company")
    def _compute_stored_value_balances(self):
        accounts = self.commercial_partner_id
        for value_type in ("gift_card", "prepayment"):
            sums = self.env["account.move.line"]._read_group(
                [
                    ("partner_id", "in", accounts.ids),
                    ("company_id", "=", self.env.company.id),
                    ("parent_state", "=", "posted"),
                    ("stored_value_id.value_type", "=", value_type),
                ],
                ["partner_id"],
                ["balance:sum"],
            )
            balances = {account: -balance for account, balance in sums}
            for partner in self:
                partner[f"{value_type}_balance"] = balances.get(
                    partner.commercial_partner_id, 0
                )

    @api.depends_context("allowed_company_ids")
    def _compute_open_credit_line_ids(self):
        lines = (
            self.env["account.credit.line"]
            .search(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("state", "=", "posted"),
                    ("move_line_id.amount_residual", "<", 0),
                ],
                order="date, id",
            )
            .sorted(lambda line: line.expiry_date or date.max)
        )
        lines_by_account = lines.grouped("partner_id")
        for partner in self:
            partner.open_credit_line_ids = lines_by_account.get(
                partner.commercial_partner_id
            )

    @api.depends_context("allowed_company_ids")
    def _compute_promised_credit_line_ids(self):
        domain = Domain.OR(map(get_domain, self.env.companies))
        lines = self.env["account.credit.line"].search(
            domain & Domain("partner_id", "in", self.commercial_partner_id.ids),
            order="expiry_date, date, id",
        )
        lines_by_account = lines.filtered("amount_open").grouped("partner_id")
        for partner in self:
            partner.promised_credit_line_ids = lines_by_account.get(
                partner.commercial_partner_id
            )

    def _get_open_credits(self, company):
        """Return what is left of the credits of these accounts.

        Read from posted journal items: what the receivable lines of the credits have
        not paid yet (``account.move.line.amount_residual``).

        :return: ``{account id: amount}``, in company currency, above zero
        """
        credits = self._sum_open_items(
            company, self.env["account.move.line"]._get_credit_item_domain()
        )
        return {account_id: -residual for account_id, residual in credits.items()}

    def _get_open_gifts(self, company, fundings=("promotion",)):
        """Return what is left of the gift cards that were given to these accounts.

        :param fundings: which stored value counts, see ``account.stored.value``
        :return: ``{account id: amount}``, in company currency
        """
        rows = self.env["account.move.line"]._read_group(
            [
                ("partner_id", "in", self.ids),
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("stored_value_id.funding", "in", fundings),
            ],
            ["partner_id"],
            ["balance:sum"],
        )
        return {account.id: -balance for account, balance in rows}

    def _get_open_dues(self, company):
        """Return what these accounts owe: their open invoices, before credits.

        :return: ``{account id: amount}``, in company currency, above zero
        """
        return self._sum_open_items(company, Domain("amount_residual", ">", 0))

    def _sum_open_items(self, company, domain):
        """Sum up open receivable items of these accounts.

        :param domain: which journal items count
        :return: ``{account id: residual}``, in company currency, debit positive
        """
        items = self.env["account.move.line"]._read_group(
            self._get_open_item_domain(company) & domain,
            ["partner_id"],
            ["amount_residual:sum"],
        )
        return {account.id: residual for account, residual in items}

    def _get_open_item_domain(self, company):
        """Return which journal items are open receivables of these accounts."""
        engine = self.env["account.credit.application"]._get_engine(company, "user")
        return engine.get_open_domain() & Domain("partner_id", "in", self.ids)

    def _get_credit_currency(self, company):
        """Return the currency in which an account is credited.

        That of its receivable account, else that of the pricelist it was given, else
        that of the company.

        :param company: the company that gives the credit
        """
        self.ensure_one()
        account = self.with_company(company)
        return (
            account.property_account_receivable_id.currency_id
            or account.specific_property_product_pricelist.currency_id
            or company.currency_id
        )

    def _find_credited_in_foreign(self, company):
        """Return which of these accounts are not credited in the company's currency.

        As :meth:`_get_credit_currency` says; the database finds them, however many
        accounts there are.

        :param company: the company that gives the credit
        :return: ``{account: currency}``
        """
        own = (False, company.currency_id.id)
        # Not among these ids: there are few, and there may be very many of these.
        candidates = self & self.with_company(company).search(
            Domain("property_account_receivable_id.currency_id", "not in", own)
            | Domain("specific_property_product_pricelist.currency_id", "not in", own)
        )
        currencies = {
            account: account._get_credit_currency(company) for account in candidates
        }
        return {
            account: currency
            for account, currency in currencies.items()
            if currency != company.currency_id
        }

    def _is_foreign_to(self, company):
        """Tell whether an account belongs to another company than this one.

        An account of a parent company is one of its branches, too.

        :param company: the company that gives a credit
        """
        self.ensure_one()
        return bool(self.company_id) and self.company_id not in company.parent_ids

    def action_post_transaction(self):
        """Open Post Transaction for these accounts, or for those of these enrollees.

        :return: a window action on ``account.post.transaction``
        :raise AccessError: when the user may not post credits
        """
        return self.env["account.post.transaction"]._get_open_action(partners=self)

    @answered_once
    def apply_account_credits(self, idempotency_key=None):
        """Let the open credits of these accounts pay their open invoices now.

        Whatever the policy, in all companies that the user works in. Credits that
        were unapplied from an invoice do not pay it.

        :raise AccessError: when the user may not apply credits, or see the accounts
        """
        engine = self.env["account.credit.application"]
        engine._check_may_apply()
        self.check_access("read")
        for company in self.env.companies:
            engine._apply(self.commercial_partner_id, company, "user")

    def action_apply_account_credits(self):
        """Apply open credits, and say what they paid.

        :return: a notification, after which the screen is read again
        """
        applications = self.env["account.credit.application"]
        domain = [
            ("partner_id", "in", self.commercial_partner_id.ids),
            ("state", "=", "applied"),
        ]
        before = applications.search(domain)
        self.apply_account_credits()
        paid = (applications.search(domain) - before)._sum_by_currency()
        return applications._get_applied_notification(paid)

    def action_view_billing(self):
        """Open the account of this contact.

        :return: a window action on ``res.partner``
        :raise AccessError: when the user has no part in billing
        :raise UserError: when the contact belongs to no account
        """
        self.ensure_one()
        self._check_may_see_billing()
        if not self.commercial_partner_id:
            raise UserError(
                self.env._("%(contact)s has no account.", contact=self.display_name)
            )
        view = self.env.ref("account_credit_posting.res_partner_view_form_billing")
        account = self.commercial_partner_id
        action = open_record(account.display_name, account)
        return {**action, "views": [(view.id, "form")]}

    # -------------------------------------------------------------------------
    # THE BILLING PAGE OF AN ACCOUNT: BALANCES AT A GLANCE, AND ITS DOCUMENTS
    # -------------------------------------------------------------------------

    @api.depends_context("company")
    def _compute_dues(self):
        today = get_today(self.env.company)
        rows = self.env["account.move.line"]._read_group(
            self.commercial_partner_id._get_open_item_domain(self.env.company)
            & Domain("amount_residual", ">", 0),
            ["partner_id", "date_maturity:day"],
            ["amount_residual:sum"],
        )
        dues = {}  # {account: [(due date, amount)]}
        for account, day, amount in rows:
            date_due = fields.Date.to_date(day) or today
            dues.setdefault(account, []).append((date_due, amount))
        for partner in self:
            by_day = sorted(dues.get(partner.commercial_partner_id, []))
            ahead = [(day, amount) for day, amount in by_day if day > today]
            partner.amount_due_now = sum(
                amount for day, amount in by_day if day <= today
            )
            partner.amount_overdue = sum(
                amount for day, amount in by_day if day < today
            )
            partner.next_due_date, partner.next_due_amount = (
                ahead[0] if ahead else (False, 0)
            )

    @api.depends_context("company")
    def _compute_billing_sections(self):
        invoices = self.env["account.move"]
        movements = self.env["account.billing.movement"]
        for partner in self:
            partner.current_invoice_ids = invoices.search(
                partner._get_invoice_domain("current"),
                limit=const.SECTION,
                order="invoice_date_due, id",
            )
            partner.paid_invoice_ids = invoices.search(
                partner._get_invoice_domain("paid"),
                limit=const.SECTION,
                order="invoice_date desc, id desc",
            )
            partner.future_invoice_ids = invoices.search(
                partner._get_invoice_domain("future"),
                limit=const.SECTION,
                order="invoice_date, id",
            )
            partner.billing_movement_ids = movements.search(
                partner._get_movement_domain(), limit=const.SECTION
            )

    def _get_invoice_domain(self, section):
        """Return which documents belong to a section of the billing page.

        :param section: "current" (posted and open), "paid", or "future" (drafts, and
            those dated ahead)
        """
        self.ensure_one()
        today = get_today(self.env.company)
        domain = Domain(
            [
                ("commercial_partner_id", "=", self.commercial_partner_id.id),
                ("company_id", "=", self.env.company.id),
                ("move_type", "in", ("out_invoice", "out_receipt")),
            ]
        )
        ahead = Domain("invoice_date", ">", today)
        if section == "future":
            return domain & (
                Domain("state", "=", "draft") | (Domain("state", "=", "posted") & ahead)
            )
        is_open = Domain("payment_state", "in", ("not_paid", "partial"))
        return (
            domain
            & Domain("state", "=", "posted")
            & ~ahead
            & (is_open if section == "current" else ~is_open)
        )

    def _get_movement_domain(self):
        """Return which movements are in the transaction history of the account."""
        self.ensure_one()
        return [
            ("partner_id", "=", self.commercial_partner_id.id),
            ("company_id", "=", self.env.company.id),
        ]

    def _check_may_see_billing(self):
        message = self.env._("You are not allowed to see the billing of accounts.")
        check_right(self, const.BILLING_GROUPS, message)

    def action_view_section(self):
        """Open all invoices of a section: the context's ``section`` says which.

        :return: a window action on ``account.move``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        section = self.env.context.get("section", "current")
        names = {
            "current": self.env._("Current Invoices"),
            "paid": self.env._("Paid Invoices"),
            "future": self.env._("Future Invoices"),
        }
        return open_known(
            self.env,
            "account.action_move_out_invoice_type",
            name=names[read_choice(self.env, "section", section, names)],
            domain=list(self._get_invoice_domain(section)),
            context={"default_move_type": "out_invoice", "create": False},
        )

    def action_view_movements(self):
        """Open the transaction history of the account: to filter, search and export.

        :return: a window action on ``account.billing.movement``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        return open_known(
            self.env,
            "account_credit_posting.account_billing_movement_action",
            name=self.env._(
                "%(account)s: Transaction History",
                account=self.commercial_partner_id.name,
            ),
            domain=self._get_movement_domain(),
        )

    def action_print_statement(self):
        """Ask for the period of an account statement.

        :return: a window action on ``account.billing.statement``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        return open_dialog(
            self.env._("Account Statement"),
            "account.billing.statement",
            partner_id=self.commercial_partner_id.id,
        )

    def _create_billing_statement(self, company, **days):
        """Prepare a statement; whoever calls has checked the right.

        :param company: whose documents are in it
        :param days: ``date_from`` and ``date_to``, as far as they are known
        :return: an ``account.billing.statement``
        """
        self.ensure_one()
        statements = self.env["account.billing.statement"].with_company(company)
        return statements.create(
            {"partner_id": self.id, "company_id": company.id, **days}
        )

    # -------------------------------------------------------------------------
    # KEEP THE ACCOUNTS FOR WHOM MONEY IS HELD
    # -------------------------------------------------------------------------

    def write(self, vals):
        """Keep accounts that money is held for in use, and let it follow them.

        :raise UserError: when one of them would be archived, or go to another company,
            or to an account of the user
        """
        if "active" in vals and not vals["active"]:
            stored_value_guard.check_holds_nothing(self)
        if not vals.keys() & {"company_id", "is_company", "parent_id"}:
            return super().write(vals)
        accounts_sudo = followed_accounts.find_accounts(self)
        companies = accounts_sudo._get_holding_companies()
        result = super().write(vals)
        followed_accounts.check_company(accounts_sudo, companies)
        followed_accounts.check_not_own(self.env.user, accounts_sudo, companies)
        for account_sudo in accounts_sudo:
            target_sudo = account_sudo.commercial_partner_id
            if target_sudo != account_sudo:
                followed_accounts.move_items(account_sudo, target_sudo)
                followed_accounts.move_credits(account_sudo, target_sudo)
                stored_value_changes.follow_account(account_sudo, target_sudo)
        return result

    def _get_holding_companies(self):
        """Return which companies have something of these accounts that is open.

        :return: ``{account: companies}``, for each of these
        """
        credits = followed_accounts.find_companies_of_credits(self)
        money = stored_value_guard.find_companies(self)
        none = self.env["res.company"]
        return {
            account: credits.get(account, none) | money.get(account, none)
            for account in self
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_holding(self):
        stored_value_guard.check_holds_nothing(self)

    def action_new_stored_value(self):
        """Open a new gift card or prepayment, as the context's ``value_type`` says.

        :return: a window action on ``account.stored.value``
        :raise AccessError: when the user may not issue
        """
        self.ensure_one()
        return self._get_new_stored_value_action()

    def _get_new_stored_value_action(self):
        """Return what opens the dialog; without an account it is chosen there."""
        values = self.env["account.stored.value"]
        values._check_may_use()
        value_type = self.env.context.get("value_type", "gift_card")
        is_card = value_type == "gift_card"
        view = self.env.ref(
            "account_credit_posting.account_stored_value_view_form_issue"
        )
        action = open_dialog(
            self.env._("New Gift Card") if is_card else self.env._("New Prepayment"),
            values._name,
            value_type=value_type,
            partner_id=self.commercial_partner_id.id,
            funding="payment",
        )
        return {**action, "views": [(view.id, "form")]}

    def action_redeem_code(self):
        """Ask for the code of a gift card, to put what is on it on this account.

        :return: a client action; what is typed is stored nowhere
        :raise AccessError: when the user may not use stored value
        """
        self.ensure_one()
        self.env["account.stored.value"]._check_may_use()
        account = self.commercial_partner_id
        return {
            "type": "ir.actions.client",
            "tag": "account_credit_posting.redeem_code",
            "name": self.env._("Redeem a Gift Card"),
            "target": "new",
            "params": {"account_id": account.id, "account": account.display_name},
        }

    def action_use_stored_value(self):
        """Offer what the account has for its open invoices.

        :return: a window action on ``account.stored.value.use``
        :raise AccessError: when the user may not use stored value
        """
        self.ensure_one()
        account = self.commercial_partner_id
        invoices = self.env["account.move"].search(
            [
                ("commercial_partner_id", "=", account.id),
                ("company_id", "=", self.env.company.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_receipt")),
                ("payment_state", "in", ("not_paid", "partial")),
                ("stored_value_event", "!=", "issue"),
            ]
        )
        return self.env["account.stored.value.use"]._get_open_action(
            account, self.env.company, invoices
        )

    def action_view_stored_value_history(self):
        """Open every movement of the gift cards and prepayments of the account.

        Of one kind, where the context names a ``value_type``.

        :return: a window action on ``account.stored.value.movement``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        value_type = self.env.context.get("value_type")
        return open_known(
            self.env,
            "account_credit_posting.account_stored_value_movement_action",
            name=self.env._(
                "%(account)s: Gift Cards & Prepayments", account=self.display_name
            ),
            domain=[("partner_id", "=", self.commercial_partner_id.id)],
            context={
                "search_default_group_by_stored_value": 1,
                "stored_value_details": True,
                **({f"search_default_{value_type}": 1} if value_type else {}),
            },
        )
