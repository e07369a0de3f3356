from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...tools.actions import open_known, open_record
from ...tools.days import get_today
from ...tools.posting import with_posting
from ...tools.reading import read_choice
from .liability_period import FLOWS, KINDS, figure
from .liability_rows import LiabilityRows

#: Changing one of these changes the figures.
OPTIONS = frozenset(
    (
        *("date_from", "date_to", "company_ids", "kind", "currency_id"),
        *("grouping", "in_currency"),
    )
)

#: How long the cohorts of each grouping are.
LENGTHS = {
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
}

#: What each line has beside :data:`FLOWS`.
BALANCES = ("opening", "closing", "ledger", "difference", "revenue_from_opening")


class AccountLiabilityReport(models.TransientModel):
    """The roll-forward of gift cards and prepayments, beside the general ledger.

    The figures come from ``account.stored.value.liability``, the ledger from the
    journal items of the liability accounts.
    """

    _name = "account.liability.report"
    _inherit = "account.credit.guard"
    _description = "Liability of Gift Cards & Prepayments"
    _writer = "reporting"

    date_from = fields.Date(
        string="From",
        required=True,
        default=lambda self: self._get_first_day(),
    )
    date_to = fields.Date(
        string="To",
        required=True,
        default=lambda self: get_today(self.env.company),
    )
    company_ids = fields.Many2many(
        comodel_name="res.company",
        relation="account_liability_report_company",
        column1="report_id",
        column2="company_id",
        string="Companies",
        default=lambda self: self.env.companies,
        domain="[('id', 'in', allowed_company_ids)]",
    )
    kind = fields.Selection(
        selection=KINDS,
        help="Empty: all of them.",
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        help="Of the gift cards and prepayments; empty: all of them.",
    )
    in_currency = fields.Boolean(
        string="Amounts in This Currency",
        help="Amounts in the currency of the gift cards and prepayments. Otherwise "
        "they are in company currency.",
    )
    grouping = fields.Selection(
        selection=[
            ("issue_date:month", "Month of issue"),
            ("issue_date:quarter", "Quarter of issue"),
            ("issue_date:year", "Year of issue"),
            ("product_id", "Product"),
        ],
        string="Divided By",
        help="Gift cards that were moved or redeemed keep the month of their first "
        "issue, and the product that they were sold as.",
    )
    line_ids = fields.One2many(
        comodel_name="account.liability.report.line",
        inverse_name="report_id",
        readonly=True,
        written_by="reporting",
    )
    is_shown = fields.Boolean(
        readonly=True,
        written_by="reporting",
        help="The lines are those of the options.",
    )
    is_tied = fields.Boolean(
        compute="_compute_is_tied",
        help="Closing and general ledger are equal, on each line.",
    )
    unused_figures = fields.Char(
        compute="_compute_unused_figures",
        help="The names of the empty columns.",
    )

    @api.depends("line_ids.difference")
    def _compute_is_tied(self):
        for report in self:
            report.is_tied = report.is_shown and not any(
                report.line_ids.mapped("difference")
            )

    @api.depends("line_ids")
    def _compute_unused_figures(self):
        for report in self:
            report.unused_figures = " ".join(
                name for name in FLOWS if not any(report.line_ids.mapped(name))
            )

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for report in self:
            report.display_name = self._description

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for report in self:
            if report.date_to < report.date_from:
                raise UserError(
                    self.env._("The period ends before it begins. Change a date.")
                )

    @api.model
    def _get_first_day(self):
        """Return the first day of the fiscal year."""
        company = self.env.company
        return company.compute_fiscalyear_dates(get_today(company))["date_from"]

    def write(self, vals):
        """Drop the figures where an option changes: they are of the others."""
        result = super().write(vals)
        if OPTIONS & vals.keys():
            self._drop_lines()
        return result

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    @api.model
    def action_open(self):
        """Open the report of the fiscal year until today.

        :return: a window action
        :raise AccessError: when the user may not read it
        """
        report = self.create({})
        report._show()
        return open_record(report.display_name, report)

    def action_show(self):
        """Show the figures of the options.

        :return: True
        """
        self.ensure_one()
        self._drop_lines()
        self._show()
        return True

    def action_print(self):
        """Print the report.

        :return: a report action
        """
        self.ensure_one()
        self._show()
        report = self.env.ref("account_credit_posting.action_report_liability")
        return report.report_action(self)

    def action_export(self):
        """Download the report as a spreadsheet with formulas.

        :return: an action that opens a URL of this addon's controller
        """
        self.ensure_one()
        self._show()
        return {
            "type": "ir.actions.act_url",
            "url": f"/account_credit_posting/liability/{self.id}/liability.xlsx",
            "target": "download",
        }

    def action_pivot(self):
        """Open the same figures as a pivot and as graphs.

        :return: a window action on ``account.stored.value.liability``
        """
        return self._open(
            "account_stored_value_liability_action", self._get_domain(), {}
        )

    def action_ageing(self):
        """Open what is left at the end of the last day, by age.

        :return: a window action on ``account.stored.value.ageing``
        """
        return self._open("account_stored_value_ageing_action", self._get_domain(), {})

    def _open(self, action, domain, context, **vals):
        """Return one of the actions of the report, of its period."""
        return open_known(
            self.env,
            f"account_credit_posting.{action}",
            domain=list(domain),
            context={**self._get_context(), **context},
            **vals,
        )

    # -------------------------------------------------------------------------
    # FIGURES
    # -------------------------------------------------------------------------

    def _get_context(self):
        """Return the context that the views of the report want."""
        self.ensure_one()
        return {
            "liability_from": fields.Date.to_string(self.date_from),
            "liability_to": fields.Date.to_string(self.date_to),
            "liability_in_currency": self.in_currency,
        }

    def _get_companies(self):
        """Return the companies chosen, as far as the user works in them now."""
        companies = self.env.companies
        return self.company_ids & companies or companies

    def _get_domain(self):
        """Return what the report is about, for each of its views."""
        domain = Domain("company_id", "in", self._get_companies().ids)
        if self.kind:
            domain &= Domain("kind", "in", (self.kind, False))
        if self.currency_id:
            domain &= Domain("currency_id", "=", self.currency_id.id)
        return domain

    def _show(self):
        """Work out the lines, where they are not there yet.

        :raise AccessError: when the user may not read what they come from
        """
        self.ensure_one()
        if self.is_shown:
            return
        vals_list = [
            {"report_id": self.id, "sequence": sequence, **vals}
            for sequence, vals in enumerate(LiabilityRows(self).prepare())
        ]
        # Nobody else may say what a line is.
        with_posting(self.line_ids.sudo(), "reporting").create(vals_list)
        self._write_guarded({"is_shown": True})

    def _drop_lines(self):
        self.line_ids.sudo().unlink()  # As in `_show`.
        self._write_guarded({"is_shown": False})

    # -------------------------------------------------------------------------
    # PAPER AND SPREADSHEET
    # -------------------------------------------------------------------------

    def _get_columns(self):
        """Return the columns that have something in them, and what they are called.

        :return: ``[(name, title)]``, from the opening to the difference
        """
        self.ensure_one()
        unused = (self.unused_figures or "").split()
        return [pair for pair in self._get_all_columns() if pair[0] not in unused]

    @api.model
    def _get_all_columns(self):
        """Return all columns in their order, see :meth:`_get_columns`."""
        lines = self.env["account.liability.report.line"]
        names = ("opening", *FLOWS, *BALANCES[1:])
        titles = lines.fields_get(names, ["string"])
        return [(name, titles[name]["string"]) for name in names]

    def _get_title(self):
        """Return what the report is about, as one sentence."""
        self.ensure_one()
        parts = [
            self.env._(
                "%(first)s to %(last)s",
                first=format_date(self.env, self.date_from),
                last=format_date(self.env, self.date_to),
            ),
            ", ".join(self._get_companies().mapped("name")),
        ]
        if self.kind:
            kinds = dict(self._fields["kind"]._description_selection(self.env))
            parts.append(kinds[self.kind])
        if self.currency_id:
            parts.append(self.currency_id.name)
        return " · ".join(parts)


def _kept(string, explanation):
    return figure(string, explanation, written_by="reporting")


class AccountLiabilityReportLine(models.TransientModel):
    """A line of the report: a liability account, a part of it, or a total."""

    _name = "account.liability.report.line"
    _inherit = "account.credit.guard"
    _description = "Line of the Liability Report"
    _order = "sequence, id"
    _writer = "reporting"

    report_id = fields.Many2one(
        comodel_name="account.liability.report",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        written_by="reporting",
    )
    sequence = fields.Integer(readonly=True, written_by="reporting")
    level = fields.Selection(
        selection=[
            ("account", "Liability account"),
            ("part", "Part of it"),
            ("total", "Total"),
        ],
        required=True,
        readonly=True,
        written_by="reporting",
    )
    name = fields.Char(string="What", readonly=True, written_by="reporting")
    company_id = fields.Many2one(
        comodel_name="res.company", readonly=True, written_by="reporting"
    )
    ledger_account_id = fields.Many2one(
        comodel_name="account.account", readonly=True, written_by="reporting"
    )
    ledger_account_name = fields.Char(
        string="Liability Account", readonly=True, written_by="reporting"
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", readonly=True, written_by="reporting"
    )
    shown_currency_id = fields.Many2one(
        comodel_name="res.currency", readonly=True, written_by="reporting"
    )
    kind = fields.Selection(
        selection=KINDS,
        readonly=True,
        written_by="reporting",
    )
    # Of a part.
    product_id = fields.Many2one(
        comodel_name="product.product", readonly=True, written_by="reporting"
    )
    cohort_date = fields.Date(
        readonly=True,
        written_by="reporting",
        help="The first day of the month, quarter or year of issue.",
    )
    opening = _kept("Opening", "The amount owed before the first day.")
    sold = _kept(
        "Sold or Received", "Money that was received, or was already on the account."
    )
    taken_over = _kept("Taken Over", "Opening balances of another system.")
    given = _kept("Given Away", "Issued without receiving money.")
    used = _kept("Used on Invoices", "The amounts that paid invoices.")
    undone = _kept("Use Undone", "Taken back from invoices.")
    refunded = _kept("Refunded", "Money paid back to the customer.")
    moved_in = _kept("Moved In", "Moved or redeemed, to another account.")
    moved_out = _kept("Moved Out", "Moved or redeemed, from an account.")
    raised = _kept("Corrected Up", "Increases of the amount issued.")
    lowered = _kept("Corrected Down", "Decreases of the amount issued.")
    voided = _kept(
        "Taken Back",
        "Sales that a credit note took back, mistakes, and the rest of cards given "
        "away.",
    )
    expired = _kept("Expired", "Breakage that was taken to income.")
    estimated = _kept(
        "Expected Breakage",
        "Income from expected breakage; the gift cards still hold the money.",
    )
    handed = _kept("Handed to a State", "Unclaimed, and now owed to a state.")
    closing = _kept("Closing", "Opening balance and all movements.")
    ledger = _kept(
        "General Ledger", "The balance of the liability account on the last day."
    )
    difference = _kept("Difference", "Closing less general ledger.")
    revenue_from_opening = _kept(
        "Revenue from Opening",
        "The amount used on invoices or expired in the period that was owed at its "
        "opening (IFRS 15.116): for each gift card or prepayment, the opening "
        "balance is used first.",
    )

    def action_open_figure(self):
        """Open the gift cards, and their entries, that make a figure of the line.

        The context names it as ``figure``.

        :return: a window action on ``account.stored.value.liability``
        :raise ValidationError: when the context names no figure
        """
        self.ensure_one()
        report = self.report_id
        name = self.env.context.get("figure")
        titles = dict(report._get_all_columns())
        read_choice(self.env, "figure", name, titles)
        context = {"search_default_group_by_stored_value": 1}
        if name == "revenue_from_opening":
            context["liability_shows_revenue"] = True
        title = f"{self.name}: {titles[name]}"
        return report._open(
            "account_stored_value_liability_action",
            self._get_domain() & Domain(name, "!=", 0),
            context,
            name=title,
            display_name=title,
            view_mode="list,pivot,graph,form",
            views=[
                (False, view_type) for view_type in ("list", "pivot", "graph", "form")
            ],
        )

    def _get_domain(self):
        """Return the items that the line adds up."""
        domain = self.report_id._get_domain()
        if self.level == "total":
            return domain & Domain("shown_currency_id", "=", self.shown_currency_id.id)
        for name, value in (
            ("company_id", self.company_id),
            ("account_id", self.ledger_account_id),
            ("currency_id", self.currency_id),
        ):
            domain &= Domain(name, "=", value.id)
        if self.level == "account":
            return domain
        domain &= Domain("kind", "=", self.kind)
        grouping = self.report_id.grouping
        if grouping == "product_id":
            return domain & Domain("product_id", "=", self.product_id.id)
        if grouping and not self.cohort_date:
            return domain & Domain("issue_date", "=", False)
        if grouping:
            _field, period = grouping.split(":")
            end = self.cohort_date + LENGTHS[period]
            domain &= Domain("issue_date", ">=", self.cohort_date)
            domain &= Domain("issue_date", "<", end)
        return domain
