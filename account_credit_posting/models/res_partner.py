from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import BILLING_GROUPS


class ResPartner(models.Model):
    """Show the open credit of an account, and post credits to it."""

    _inherit = "res.partner"

    account_credit_balance = fields.Monetary(
        compute="_compute_account_credit_balance",
        compute_sudo=True,
        string="Open Credit",
        groups=BILLING_GROUPS,
        help="What is left of the credits posted to the account, in company currency.",
    )

    gift_card_balance = fields.Monetary(
        compute="_compute_stored_value_balances",
        compute_sudo=True,
        string="Gift Cards",
        groups=BILLING_GROUPS,
        help="What is left on the gift cards of the account, in company currency.",
    )
    prepayment_balance = fields.Monetary(
        compute="_compute_stored_value_balances",
        compute_sudo=True,
        string="Prepayments",
        groups=BILLING_GROUPS,
        help="What is left of the prepayments of the account, in company currency.",
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
    credit_application_ids = fields.One2many(
        comodel_name="account.credit.application",
        inverse_name="partner_id",
        string="Credits Applied",
        readonly=True,
        groups=BILLING_GROUPS,
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
                    "|",
                    ("move_line_id.amount_residual", "<", 0),
                    "&",
                    ("move_line_id", "=", False),
                    ("move_id.amount_residual", ">", 0),
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
            Domain(
                [
                    ("partner_id", "in", self.ids),
                    ("company_id", "=", company.id),
                    ("parent_state", "=", "posted"),
                    ("account_type", "=", "asset_receivable"),
                    ("reconciled", "=", False),
                ]
            )
            & domain,
            ["partner_id"],
            ["amount_residual:sum"],
        )
        return {account.id: residual for account, residual in items}

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

    def apply_account_credits(self):
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
        return {
            "type": "ir.actions.act_window",
            "name": self.commercial_partner_id.display_name,
            "res_model": "res.partner",
            "res_id": self.commercial_partner_id.id,
            "view_mode": "form",
            "views": [
                (
                    self.env.ref(
                        "account_credit_posting.res_partner_view_form_billing"
                    ).id,
                    "form",
                )
            ],
        }
