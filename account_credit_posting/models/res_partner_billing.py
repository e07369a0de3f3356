from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..const import BILLING_GROUPS

#: Invoices and movements that each section of the billing page lists; the first ones.
SECTION = 40


class ResPartner(models.Model):
    """The billing page of an account: balances at a glance, and its documents."""

    # One file per concern.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

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
        help="What of it was due before today.",
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
        help="What is due on that day.",
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

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends_context("company")
    def _compute_dues(self):
        today = fields.Date.context_today(self)
        rows = self.env["account.move.line"]._read_group(
            self._get_open_due_domain(),
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

    def _get_open_due_domain(self):
        """Return which journal items are open invoices of these accounts."""
        return [
            ("partner_id", "in", self.commercial_partner_id.ids),
            ("company_id", "=", self.env.company.id),
            ("parent_state", "=", "posted"),
            ("account_type", "=", "asset_receivable"),
            ("reconciled", "=", False),
            ("amount_residual", ">", 0),
        ]

    @api.depends_context("company")
    def _compute_billing_sections(self):
        invoices = self.env["account.move"]
        movements = self.env["account.billing.movement"]
        for partner in self:
            partner.current_invoice_ids = invoices.search(
                partner._get_invoice_domain("current"),
                limit=SECTION,
                order="invoice_date_due, id",
            )
            partner.paid_invoice_ids = invoices.search(
                partner._get_invoice_domain("paid"),
                limit=SECTION,
                order="invoice_date desc, id desc",
            )
            partner.future_invoice_ids = invoices.search(
                partner._get_invoice_domain("future"),
                limit=SECTION,
                order="invoice_date, id",
            )
            partner.billing_movement_ids = movements.search(
                partner._get_movement_domain(), limit=SECTION
            )

    def _get_invoice_domain(self, section):
        """Return which documents belong to a section of the billing page.

        :param section: "current" (posted and open), "paid", or "future" (drafts, and
            those dated ahead)
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
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

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def _check_may_see_billing(self):
        user = self.env.user
        if not (
            self.env.su
            or user.has_group("account_credit_posting.group_credit_user")
            or user.has_group("account.group_account_readonly")
        ):
            raise AccessError(self.env._("You may not see the billing of accounts."))

    def action_view_section(self):
        """Open all invoices of a section: the context's ``section`` says which.

        :return: a window action on ``account.move``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        section = self.env.context.get("section", "current")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        names = {
            "current": self.env._("Current Invoices"),
            "paid": self.env._("Paid Invoices"),
            "future": self.env._("Future Invoices"),
        }
        return {
            **action,
            "name": names[section],
            "domain": list(self._get_invoice_domain(section)),
            "context": {"default_move_type": "out_invoice", "create": False},
        }

    def action_view_movements(self):
        """Open the transaction history of the account: to filter, search and export.

        :return: a window action on ``account.billing.movement``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_credit_posting.account_billing_movement_action"
        )
        return {
            **action,
            "name": self.env._(
                "%(account)s: Transaction History",
                account=self.commercial_partner_id.name,
            ),
            "domain": self._get_movement_domain(),
        }

    def action_print_statement(self):
        """Ask for the period of an account statement.

        :return: a window action on ``account.billing.statement``
        :raise AccessError: when the user has no part in billing
        """
        self.ensure_one()
        self._check_may_see_billing()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Account Statement"),
            "res_model": "account.billing.statement",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_partner_id": self.commercial_partner_id.id},
        }
