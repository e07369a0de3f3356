from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, date_utils, format_date

from ...const import PROVING_GROUPS
from ...tools.actions import open_known, open_record
from ...tools.days import get_today
from ...tools.locks import touch_rows
from ...tools.rights import check_right
from ..account_credit_guard import COMPUTE, DRAFT, STATE
from ..stored_value.account_stored_value_movement import IS_TILL_USE, PRODUCTS
from ..stored_value.stored_value_posting import check_lock_dates
from . import breakage_formula

#: What is computed of the ledger.
FIGURES = ("sold", "used", "expired", "expected", "breakage", "booked", "amount")

#: What estimates booked: ``move_id``, with reversals and what reverses those;
#: ``first_id``, the entry of the estimate; ``account_id``, its contra account.
BOOKED = SQL(
    """(
        WITH RECURSIVE booked AS (
            SELECT move_id,
                   move_id AS first_id,
                   contra_account_id AS account_id,
                   company_id,
                   kind,
                   product_id,
                   date_from,
                   date_to
              FROM account_breakage_estimate
             WHERE move_id IS NOT NULL
         UNION
            SELECT move.id,
                   booked.first_id,
                   booked.account_id,
                   booked.company_id,
                   booked.kind,
                   booked.product_id,
                   booked.date_from,
                   booked.date_to
              FROM account_move move
              JOIN booked ON booked.move_id = move.reversed_entry_id
        )
        SELECT * FROM booked
    )"""
)

#: The contra accounts: those that companies chose, and those that were ever used.
CONTRA_ACCOUNTS = SQL(
    """
    SELECT breakage_contra_account_id FROM res_company
     UNION
    SELECT contra_account_id FROM account_breakage_estimate
    """
)


class AccountBreakageEstimate(models.Model):
    """What a cohort is expected to leave unused, and the income of it at a day.

    A cohort is what was sold in a month, a quarter or a year. A draft proposes the
    entry of the period with its computation; an accountant posts it, on a contra
    account of the liability, never on a gift card. What is posted stays: a new
    estimate follows it, and books the difference.
    """

    _name = "account.breakage.estimate"
    _inherit = ["account.credit.guard", "analytic.mixin"]
    _description = "Expected Breakage"
    _order = "date_from desc, kind, date desc, id desc"
    _check_company_auto = True
    _state_changes = {"draft": ("posted",), "posted": ()}

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        written_by=DRAFT,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        selection=[("sold", "Gift Cards Sold"), ("prepayment", "Prepayments")],
        required=True,
        default="sold",
        help="Gift cards that were given away brought in no money and have no "
        "breakage.",
        written_by=DRAFT,
    )
    period = fields.Selection(
        selection=[("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        string="Issued in One",
        required=True,
        default="year",
        written_by=DRAFT,
    )
    issue_date = fields.Date(
        string="With the Day",
        required=True,
        default=lambda self: get_today(self.env.company),
        help="Any date in the month, quarter or year of issue.",
        written_by=DRAFT,
    )
    product_id = fields.Many2one(
        comodel_name="product.product",
        domain=[("is_gift_card", "=", True)],
        check_company=True,
        ondelete="restrict",
        help="The product that they were sold as; empty: whatever they were sold as.",
        written_by=DRAFT,
    )
    date_from = fields.Date(
        string="Issued From",
        compute="_compute_period",
        store=True,
        written_by=COMPUTE,
    )
    date_to = fields.Date(
        string="Issued To",
        compute="_compute_period",
        store=True,
        written_by=COMPUTE,
    )
    date = fields.Date(
        string="As of",
        required=True,
        default=lambda self: get_today(self.env.company),
        help="The last day that counts, and the date of the entry.",
        written_by=DRAFT,
    )
    method = fields.Selection(
        selection=[("proportional", "Proportional"), ("remote", "Remote")],
        required=True,
        default="proportional",
        help="Proportional: income in proportion to what customers use. Remote, if "
        "there is too little evidence: only once it is unlikely to be used any more.",
        written_by=DRAFT,
    )
    unused_share = fields.Float(
        string="Expected Unused (%)",
        help="The share of the amount sold that is expected to stay unused.",
        written_by=DRAFT,
    )
    unused_amount = fields.Monetary(
        string="Expected Unused",
        help="The same as an amount; used instead of the share, unless zero.",
        written_by=DRAFT,
    )
    state_share = fields.Float(
        string="Expected for a State (%)",
        help="The share that is expected to be handed to a state as unclaimed "
        "property.",
        written_by=DRAFT,
    )
    remote_months = fields.Integer(
        string="Months without Use",
        help="After this many months without use, it is unlikely to be used. Zero: "
        "only once it expires.",
        written_by=DRAFT,
    )
    evidence = fields.Text(
        help="The evidence for the estimate.",
        written_by=DRAFT,
    )
    # The computation; once posted, as it was booked.
    sold = fields.Monetary(compute="_compute_figures", store=True, written_by=COMPUTE)
    used = fields.Monetary(compute="_compute_figures", store=True, written_by=COMPUTE)
    expired = fields.Monetary(
        compute="_compute_figures",
        store=True,
        help="Taken to income when each gift card expires.",
        written_by=COMPUTE,
    )
    expected = fields.Monetary(
        string="Expected to Be Used",
        compute="_compute_figures",
        store=True,
        written_by=COMPUTE,
    )
    breakage = fields.Monetary(
        string="Expected Breakage",
        compute="_compute_figures",
        store=True,
        help="The target balance of the contra account for the cohort: the expected "
        "unused amount, less what has expired, multiplied by the share used of what "
        "is expected to be used.",
        written_by=COMPUTE,
    )
    booked = fields.Monetary(
        string="Booked Before",
        compute="_compute_figures",
        store=True,
        help="The balance of the contra account for the cohort, in the ledger.",
        written_by=COMPUTE,
    )
    amount = fields.Monetary(
        string="Entry",
        compute="_compute_figures",
        store=True,
        help="Above zero: income. Below zero: income that is taken back.",
        written_by=COMPUTE,
    )
    state = fields.Selection(
        selection=[("draft", "Draft"), ("posted", "Posted")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        written_by=STATE,
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Journal Entry",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Empty if there was nothing to post.",
        written_by="posting",
    )
    contra_account_id = fields.Many2one(
        comodel_name="account.account",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The account that it lowers the liability on.",
        written_by="posting",
    )
    posted_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        written_by="posting",
    )

    _shares_are_shares = models.Constraint(
        "CHECK (unused_share >= 0 AND state_share >= 0 AND unused_amount >= 0"
        " AND unused_share + state_share < 100 AND remote_months >= 0)",
        "Shares, amounts and months must be zero or above, and both shares together "
        "less than 100 %.",
    )

    @api.depends("kind", "product_id", "date_from", "date_to", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for estimate in self:
            product = estimate.product_id.sudo().display_name
            estimate.display_name = self.env._(
                "%(kind)s, issued %(first)s to %(last)s, as of %(date)s",
                kind=product or kinds.get(estimate.kind, ""),
                first=format_date(self.env, estimate.date_from),
                last=format_date(self.env, estimate.date_to),
                date=format_date(self.env, estimate.date),
            )

    @api.depends("period", "issue_date")
    def _compute_period(self):
        for estimate in self:
            day, period = estimate.issue_date, estimate.period
            known = day and period
            estimate.date_from = known and date_utils.start_of(day, period)
            estimate.date_to = known and date_utils.end_of(day, period)

    @api.depends(
        "company_id",
        "kind",
        "product_id",
        "date_from",
        "date_to",
        "date",
        "method",
        "unused_share",
        "unused_amount",
        "state_share",
        "remote_months",
    )
    def _compute_figures(self):
        for estimate in self:
            currency = estimate.currency_id
            cohort = estimate._read_cohort()
            unused = estimate.unused_amount
            unused = unused or cohort.sold * estimate.unused_share / 100
            to_state = cohort.sold * estimate.state_share / 100
            if estimate.method == "remote":
                target = breakage_formula.find_remote(cohort)
            else:
                target = breakage_formula.find_proportional(cohort, unused, to_state)
            estimate.sold = cohort.sold
            estimate.used = cohort.used
            estimate.expired = cohort.expired
            estimate.expected = currency.round(cohort.sold - unused - to_state)
            estimate.breakage = currency.round(target)
            estimate.booked = estimate._read_booked()
            estimate.amount = currency.round(estimate.breakage - estimate.booked)

    @api.constrains("company_id", "kind", "period", "issue_date", "product_id")
    def _check_cohorts_apart(self):
        for estimate in self:
            domain = Domain(estimate._get_cohort_domain(with_days=False))
            domain &= Domain("date_from", "<=", estimate.date_to)
            domain &= Domain("date_to", ">=", estimate.date_from)
            other_days = Domain("date_from", "!=", estimate.date_from)
            other_days |= Domain("date_to", "!=", estimate.date_to)
            other_products = Domain("product_id", "!=", estimate.product_id.id)
            if estimate.product_id:
                # Those of another product are not the same gift cards.
                domain &= Domain("product_id", "in", (False, estimate.product_id.id))
            domain &= other_days | other_products
            if other := self.search(domain, limit=1):
                raise ValidationError(
                    self.env._(
                        "%(estimate)s covers some of the same gift cards as "
                        "%(other)s. Choose the same month, quarter or year, and the "
                        "same product.",
                        estimate=estimate.display_name,
                        other=other.display_name,
                    )
                )

    def _check_draft(self, names):
        for estimate in self:
            if estimate.state == "posted":
                raise UserError(
                    self.env._(
                        "%(estimate)s is posted and cannot be changed. Create a new "
                        "estimate: it posts the difference.",
                        estimate=estimate.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        self._check_draft(())

    # -------------------------------------------------------------------------
    # WHAT THE LEDGER SAYS
    # -------------------------------------------------------------------------

    def _get_cohort_domain(self, *, with_days=True):
        """Return which estimates are of the same cohort."""
        self.ensure_one()
        domain = [("company_id", "=", self.company_id.id), ("kind", "=", self.kind)]
        if with_days:
            domain += [
                ("date_from", "=", self.date_from),
                ("date_to", "=", self.date_to),
                ("product_id", "=", self.product_id.id),
            ]
        return domain

    def _read_cohort(self):
        """Return what the ledger says of the cohort until its day.

        In company currency. What was moved or redeemed counts as issued when it was
        issued first; what is refunded or taken back counts as not sold.

        :return: a ``breakage_formula.Cohort``
        """
        self.ensure_one()
        if not (self.date_from and self.date and self.company_id and self.kind):
            return breakage_formula.Cohort(0, 0)
        self.env["account.move.line"].flush_model()
        self.env["account.stored.value"].flush_model()
        since = self.date - relativedelta(months=self.remote_months)
        [row] = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE family AS (
                    SELECT id
                      FROM account_stored_value value
                     WHERE origin_id IS NULL
                       AND company_id = %(company)s
                       AND value_type = %(value_type)s
                       AND funding <> 'promotion'
                       AND issue_date BETWEEN %(first)s AND %(last)s
                       AND %(of_product)s
                 UNION
                    SELECT target.id
                      FROM account_stored_value target
                      JOIN family ON family.id = target.origin_id
                ),
                card AS (
                    SELECT COALESCE(SUM(-line.balance) FILTER (
                               WHERE move.stored_value_event
                                     IN ('issue', 'adjust', 'void', 'refund')
                                 AND NOT %(is_till_use)s
                           ), 0) AS sold,
                           COALESCE(SUM(line.balance) FILTER (
                               WHERE move.stored_value_event IN ('use', 'undo')
                                  OR %(is_till_use)s
                           ), 0) AS used,
                           COALESCE(SUM(line.balance) FILTER (
                               WHERE move.stored_value_event = 'expire'
                           ), 0) AS expired,
                           COALESCE(SUM(line.balance) FILTER (
                               WHERE move.stored_value_event = 'hand'
                           ), 0) AS handed,
                           CASE WHEN MAX(line.date) <= %(since)s
                                THEN SUM(-line.balance) ELSE 0 END AS forgotten
                      FROM family
                      JOIN account_stored_value value ON value.id = family.id
                      JOIN account_move_line line ON line.stored_value_id = family.id
                      JOIN account_move move ON move.id = line.move_id
                     WHERE line.parent_state = 'posted' AND line.date <= %(date)s
                       -- Tax that was due when it was sold is never income.
                       AND line.tax_repartition_line_id IS NULL
                       -- Nor is what nobody paid for.
                       AND line.account_id IS DISTINCT FROM value.given_account_id
                  GROUP BY family.id
                )
                SELECT COALESCE(SUM(sold), 0),
                       COALESCE(SUM(used), 0),
                       COALESCE(SUM(expired), 0),
                       COALESCE(SUM(forgotten), 0),
                       COALESCE(SUM(handed), 0)
                  FROM card
                """,
                company=self.company_id.id,
                value_type="gift_card" if self.kind == "sold" else "prepayment",
                first=self.date_from,
                last=self.date_to,
                date=self.date,
                since=since,
                of_product=self._get_product_condition(),
                is_till_use=IS_TILL_USE,
            )
        )
        sold, used, expired, forgotten, handed = map(float, row)
        if not self.remote_months:
            forgotten = 0.0
        return breakage_formula.Cohort(sold, used, expired, forgotten, handed)

    def _get_product_condition(self):
        """Return which stored values are of the product, as SQL on ``value``."""
        if not self.product_id:
            return SQL("TRUE")
        return SQL(
            "%s = (SELECT product_id FROM %s product WHERE stored_value_id = value.id)",
            self.product_id.id,
            PRODUCTS,
        )

    def _read_booked(self):
        """Return what the contra account has for the cohort, reversals included."""
        self.ensure_one()
        if not (self.date_from and self.company_id and self.kind):
            return 0.0
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model(["reversed_entry_id"])
        self.flush_model()
        [[booked]] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(SUM(line.balance), 0)
                  FROM %(booked)s booked
                  JOIN account_move_line line
                    ON line.move_id = booked.move_id
                   AND line.account_id = booked.account_id
                 WHERE line.parent_state = 'posted'
                   AND booked.company_id = %(company)s
                   AND booked.kind = %(kind)s
                   AND booked.date_from = %(first)s
                   AND booked.date_to = %(last)s
                   AND booked.product_id IS NOT DISTINCT FROM %(product)s
                """,
                booked=BOOKED,
                company=self.company_id.id,
                kind=self.kind,
                first=self.date_from,
                last=self.date_to,
                product=self.product_id.id or None,
            )
        )
        return float(booked)

    @api.model
    def _get_contra_accounts(self):
        """Return the contra accounts of all companies, those used once as well."""
        self.flush_model(["contra_account_id"])
        self.env["res.company"].flush_model(["breakage_contra_account_id"])
        rows = self.env.execute_query(CONTRA_ACCOUNTS)
        return self.env["account.account"].browse(row for [row] in rows if row)

    @api.model
    def _get_booked(self, domain):
        """Return the entries of estimates, reversals included.

        :param domain: which estimates
        """
        self.flush_model()
        self.env["account.move"].flush_model(["reversed_entry_id"])
        first = self._search(domain).subselect("move_id")
        rows = self.env.execute_query(
            SQL("SELECT move_id FROM %s booked WHERE first_id IN %s", BOOKED, first)
        )
        return self.env["account.move"].browse(move_id for [move_id] in rows)

    # -------------------------------------------------------------------------
    # POST
    # -------------------------------------------------------------------------

    def action_compute(self):
        """Compute the proposal anew from the ledger of now.

        :raise UserError: when it is posted
        """
        self.check_access("write")
        self._check_draft(())
        self._compute_again()

    def _compute_again(self):
        for name in FIGURES:
            self.env.add_to_compute(self._fields[name], self)
        self.flush_recordset()

    def action_post(self):
        """Book the difference to what was booked before, per cohort.

        What is posted already stays as it is.

        :raise AccessError: when the user is neither accountant nor administrator
        :raise UserError: when its day is locked or before that of a later estimate, or
            no account or journal is set
        """
        check_right(
            self,
            PROVING_GROUPS,
            self.env._(
                "Only accountants and administrators of account credits can post "
                "expected breakage."
            ),
            "write",
        )
        for estimate in self.filtered(lambda one: one.state == "draft"):
            estimate._post_one()

    def _post_one(self):
        self._lock_cohort()
        self._check_last()
        self._compute_again()
        move = self._book() if not self.currency_id.is_zero(self.amount) else None
        self._update_state(
            "posted",
            move_id=move and move.id,
            contra_account_id=self._get_contra_account().id,
            posted_by_id=self.env.uid,
        )

    def _lock_cohort(self):
        """Let whoever posts for the same cohort at once begin again."""
        self.flush_recordset()
        touch_rows(self.sudo().search(self._get_cohort_domain()))

    def _check_last(self):
        later = self.search(
            Domain(self._get_cohort_domain())
            & Domain("state", "=", "posted")
            & Domain("date", ">", self.date),
            limit=1,
        )
        if later:
            raise UserError(
                self.env._(
                    "%(later)s is already posted. Choose that date or a later one.",
                    later=later.display_name,
                )
            )

    def _get_contra_account(self):
        """Return the account that the entry is booked to."""
        return self.company_id._get_own_or_parent("breakage_contra_account_id")

    def _book(self):
        """Post the entry of the period.

        :return: the ``account.move``
        """
        company = self.company_id
        contra = self._get_contra_account()
        income = company._get_own_or_parent("breakage_account_id")
        journal = company._get_own_or_parent("stored_value_journal_id")
        if not (contra and income and journal):
            raise UserError(
                self.env._(
                    "%(company)s has no account for expected breakage, or no journal "
                    "of gift cards. Choose them in Settings, Account Credits.",
                    company=company.display_name,
                )
            )
        check_lock_dates(self.display_name, company, self.date, journal)
        # Accountants decide; the entry is the addon's own.
        moves_sudo = self.env["account.move"].sudo().with_company(company)
        move_sudo = moves_sudo.create(
            {
                "company_id": company.id,
                "journal_id": journal.id,
                "date": self.date,
                "ref": self.display_name,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "name": self.display_name,
                            "balance": balance,
                            **vals,
                        }
                    )
                    for account, balance, vals in (
                        (contra, self.amount, {}),
                        (
                            income,
                            -self.amount,
                            {"analytic_distribution": self.analytic_distribution},
                        ),
                    )
                ],
            }
        )
        move_sudo.action_post()
        return move_sudo.sudo(False)

    def action_view_move(self):
        """Open the journal entry.

        :return: a window action
        """
        self.ensure_one()
        return open_record(self.env._("Journal Entry"), self.move_id)

    def action_curves(self):
        """Open how earlier cohorts were used, by age: the evidence of an estimate.

        :return: a window action on ``account.stored.value.curve``
        """
        self.ensure_one()
        context = {
            f"search_default_{self.period}": 1,
            f"search_default_{self.kind}": 1,
            "search_default_all_products": not self.product_id,
            "search_default_each_product": bool(self.product_id),
            "search_default_product_id": self.product_id.id,
        }
        return open_known(
            self.env,
            "account_credit_posting.account_stored_value_curve_action",
            context=context,
        )
