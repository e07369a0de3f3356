from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ... import const
from ...tools.actions import open_record
from ...tools.days import get_today
from ...tools.posting import is_written_by
from . import batch_figures, credit_wall
from .account_credit_answer import answered_once

#: What is posted of a line.
CONTENT_FIELDS = {
    "amount",
    "batch_id",
    "charge_amount",
    "contact_id",
    "currency_id",
    "invoice_id",
    "partner_id",
}

#: What says how much of a line is left.
LEFT_FIELDS = (
    "move_line_id.amount_currency",
    "move_line_id.amount_residual_currency",
    "is_promised",
    "expiry_date",
    "amount_taken_back",
    "draw_ids.state",
)


class AccountCreditLine(models.Model):
    """One account's part of a credit batch, and what became of it."""

    _name = "account.credit.line"
    _inherit = "account.credit.guard"
    _description = "Credit Line"
    _order = "batch_id desc, id"
    _check_company_auto = True
    _state_changes = {
        "pending": ("posted", "failed"),
        "posted": ("reversed",),
        "failed": ("pending", "failed"),
        # Its reversal was undone by an administrator.
        "reversed": ("posted",),
    }

    # The index over its lines and their states serves it, too.
    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        required=True,
        ondelete="cascade",
        written_by=("draft", "posting"),
    )
    company_id = fields.Many2one(
        related="batch_id.company_id",
        store=True,
        precompute=True,
        written_by="compute",
    )
    date = fields.Date(
        related="batch_id.date", store=True, precompute=True, written_by="compute"
    )
    credit_item_id = fields.Many2one(
        related="batch_id.credit_item_id",
        store=True,
        precompute=True,
        written_by="compute",
    )
    # Whom, and how much.
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        index=True,
        ondelete="restrict",
        help="The account that gets the credit. An enrollee leads to its account.",
        written_by=("draft", "posting"),
    )
    contact_id = fields.Many2one(
        comodel_name="res.partner",
        string="Enrollee",
        index="btree_not_null",
        ondelete="set null",
        help="The enrollee the account was found by: a label, never a restriction.",
        written_by=("draft", "posting"),
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="The currency of the invoice, or else of the account.",
        written_by=("draft", "posting"),
    )
    amount = fields.Monetary(
        required=True,
        help="Above zero, in the currency of the line: the price on the credit note. "
        "Zero where an account is invoiced without a credit. Taxes of the credit item "
        "come on top, or are included, as the tax says.",
        written_by=("draft", "posting"),
    )
    amount_company = fields.Monetary(
        compute="_compute_amount_company",
        store=True,
        precompute=True,
        currency_field="company_currency_id",
        string="Amount in Company Currency",
        written_by="compute",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id",
        string="Company Currency",
    )
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        string="Pay First",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain=[("move_type", "=", "out_invoice"), ("state", "=", "posted")],
        help="The invoice that the credit pays before all others.",
        written_by=("draft", "posting"),
    )
    # What became of it.
    state = fields.Selection(
        selection=[
            ("pending", "Pending"),
            ("posted", "Posted"),
            ("failed", "Failed"),
            ("reversed", "Reversed"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="pending",
        written_by="state",
    )
    error = fields.Text(
        string="Reason", readonly=True, copy=False, written_by="posting"
    )
    # Failed, and not by what a check found beforehand.
    is_refused = fields.Boolean(readonly=True, copy=False, written_by="posting")
    reversal_error = fields.Text(
        string="Not Reversed",
        readonly=True,
        copy=False,
        help="The reason why the credit could not be reversed; it stays posted.",
        written_by="posting",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Document",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="restrict",
        written_by="posting",
    )
    move_name = fields.Char(related="move_id.name", string="Document Number")
    move_amount_total = fields.Monetary(
        compute="_compute_move_amounts",
        compute_sudo=True,
        string="Credited",
        help="The amount credited to the account, taxes included.",
    )
    amount_applied = fields.Monetary(
        compute="_compute_amount_applied",
        compute_sudo=True,
        string="Paid Invoices",
        help="The amount of the credit that invoices have used.",
    )
    amount_open = fields.Monetary(
        compute="_compute_move_amounts",
        compute_sudo=True,
        string="Remaining",
        help="The open amount of the credit.",
    )
    expiry_date = fields.Date(
        compute="_compute_expiry_date",
        store=True,
        precompute=True,
        help="That of the batch, unless it was extended for this credit only.",
        written_by=("compute", "posting"),
    )
    expired_on = fields.Date(
        readonly=True,
        copy=False,
        help="The accounting date of the entry that took back the open amount.",
        written_by="posting",
    )
    _expiry_idx = models.Index(
        "(company_id, expiry_date) WHERE state = 'posted' AND expiry_date IS NOT NULL"
    )
    _move_id_unique = models.UniqueIndex(
        "(move_id) WHERE move_id IS NOT NULL AND debit_line_id IS NULL",
        "A credit note belongs to one credit line only.",
    )
    # The target of the key of `credit_wall.add_mutual_key`.
    _move_id_id_unique = models.Constraint("UNIQUE (move_id, id)")
    _posted_has_move = models.Constraint(
        "CHECK ((state IN ('posted', 'reversed')) = (is_promised IS TRUE"
        " OR move_id IS NOT NULL OR charge_move_id IS NOT NULL))",
        "A credit line is posted when it has an entry or is promised, and only then.",
    )
    _posted_is_complete = models.Constraint(
        "CHECK (move_id IS NULL OR (partner_id IS NOT NULL AND amount > 0))",
        "A posted credit line names an account and an amount above zero.",
    )
    _batch_state_idx = models.Index("(batch_id, state, id)")
    move_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Receivable Item",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The journal item that is the credit.",
        written_by="posting",
    )
    debit_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Debit Item",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="In a journal entry for many accounts: the counterpart item, shared with "
        "other credits.",
        written_by="posting",
    )
    application_ids = fields.One2many(
        comodel_name="account.credit.application",
        inverse_name="credit_line_id",
        readonly=True,
    )
    _move_line_id_unique = models.UniqueIndex(
        "(move_line_id) WHERE move_line_id IS NOT NULL",
        "A journal item belongs to one credit line only.",
    )
    _debit_line_id_idx = models.Index("(debit_line_id) WHERE debit_line_id IS NOT NULL")
    _item_is_of_entry = models.Constraint(
        "CHECK ((move_line_id IS NULL) = (move_id IS NULL)"
        " AND (debit_line_id IS NULL OR move_id IS NOT NULL))",
        "A posted credit line names its entry, and its receivable item there.",
    )
    charge_amount = fields.Monetary(
        string="Invoiced",
        help="The price on the invoice, in the currency of the line. Taxes of the item "
        "come on top, or are included, as the tax says.",
        written_by=("draft", "posting"),
    )
    charge_move_id = fields.Many2one(
        comodel_name="account.move",
        string="Invoice",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="restrict",
        help="The invoice of this line.",
        written_by="posting",
    )
    charge_total = fields.Monetary(
        related="charge_move_id.amount_total",
        currency_field="currency_id",
        string="Invoice Total",
    )
    charge_move_name = fields.Char(
        related="charge_move_id.name",
        string="Invoice Number",
    )
    _charge_move_id_unique = models.UniqueIndex(
        "(charge_move_id) WHERE charge_move_id IS NOT NULL",
        "An invoice belongs to one credit line only.",
    )
    _charged_is_complete = models.Constraint(
        "CHECK (charge_move_id IS NULL"
        " OR (partner_id IS NOT NULL AND charge_amount > 0))",
        "An invoiced line names an account and an amount above zero.",
    )
    is_promised = fields.Boolean(
        string="Promised",
        readonly=True,
        copy=False,
        help="Given without an entry: each part is posted when it pays an invoice.",
        written_by="posting",
    )
    drawn_from_id = fields.Many2one(
        comodel_name="account.credit.line",
        string="Part of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The promised credit that this one is the used part of.",
        written_by="posting",
    )
    draw_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="drawn_from_id",
        string="Used Parts",
        readonly=True,
    )
    amount_taken_back = fields.Monetary(
        readonly=True,
        copy=False,
        help="The part of a promised credit that was taken back before it was used.",
        written_by="posting",
    )
    _promised_is_no_entry = models.Constraint(
        "CHECK (is_promised IS NOT TRUE OR (move_id IS NULL AND charge_move_id IS NULL"
        " AND drawn_from_id IS NULL AND partner_id IS NOT NULL AND amount > 0))",
        "A promised credit names an account and an amount above zero, and no entry.",
    )
    _promised_idx = models.Index(
        "(partner_id, company_id) WHERE is_promised AND state = 'posted'"
    )
    is_to_reverse = fields.Boolean(
        readonly=True,
        copy=False,
        help="Its reversal was requested but is not done yet.",
        written_by="posting",
    )
    _to_reverse_idx = models.Index("(batch_id, id) WHERE is_to_reverse")
    public_comment = fields.Text(
        compute="_compute_comments",
        search="_search_public_comment",
        help="For the customer: that of the batch, unless changed here.",
    )
    private_comment = fields.Text(
        compute="_compute_comments",
        help="Internal note. That of the batch, unless it is changed here.",
    )
    has_own_comments = fields.Boolean(
        readonly=True,
        copy=False,
        help="Its comments were changed after it was posted.",
        written_by="posting",
    )
    own_public_comment = fields.Text(readonly=True, copy=False, written_by="posting")
    own_private_comment = fields.Text(readonly=True, copy=False, written_by="posting")
    correction_ids = fields.One2many(
        comodel_name="account.credit.correction",
        inverse_name="line_id",
        string="Corrections",
        readonly=True,
        help="How the credit was corrected.",
    )
    origin_ids = fields.One2many(
        comodel_name="account.credit.correction",
        inverse_name="new_line_id",
        readonly=True,
        help="The correction that created the credit.",
    )
    replaces_id = fields.Many2one(
        comodel_name="account.credit.line",
        compute="_compute_corrections",
        compute_sudo=True,
        help="The credit that was reversed when this one was posted instead.",
        written_by="compute",
    )
    replacement_ids = fields.Many2many(
        comodel_name="account.credit.line",
        compute="_compute_corrections",
        compute_sudo=True,
        written_by="compute",
    )
    replaced_by_id = fields.Many2one(
        comodel_name="account.credit.line",
        compute="_compute_corrections",
        compute_sudo=True,
        help="The credit that was posted instead of this one.",
        written_by="compute",
    )
    moved_from_id = fields.Many2one(
        comodel_name="account.credit.line",
        compute="_compute_corrections",
        compute_sudo=True,
        help="The credit of another account that this one was part of.",
        written_by="compute",
    )
    moved_line_ids = fields.Many2many(
        comodel_name="account.credit.line",
        compute="_compute_corrections",
        compute_sudo=True,
        string="Moved To",
        help="The credits of other accounts that parts of this one became.",
        written_by="compute",
    )
    notice_id = fields.Many2one(
        comodel_name="account.credit.notice",
        string="Email",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The email that notifies the customer.",
        written_by="posting",
    )
    notified_date = fields.Datetime(
        related="notice_id.notified_date",
        string="Notified On",
        help="When the email to the customer was written.",
        written_by="compute",
    )
    notice_error = fields.Text(
        related="notice_id.error",
        string="Not Notified",
        help="The reason why there is no email to the customer.",
        written_by="compute",
    )

    _sound = credit_wall.IS_SOUND
    _booked = credit_wall.BOOKED
    _covers = credit_wall.COVERS
    _promised = credit_wall.PROMISED

    def init(self):
        """Add what no model can declare: a key between the tables of two models."""
        # At the end, when both tables have their columns.
        self.pool.post_init(credit_wall.add_mutual_key, self.env.cr)

    @api.depends("partner_id", "invoice_id", "batch_id.company_id")
    def _compute_currency_id(self):
        for line in self:
            company = line.batch_id.company_id or self.env.company
            if line.invoice_id:
                line.currency_id = line.invoice_id.currency_id
            elif line.partner_id:
                line.currency_id = line.partner_id._get_credit_currency(company)
            else:
                line.currency_id = company.currency_id

    @api.depends("batch_id.expiry_date")
    def _compute_expiry_date(self):
        for line in self:
            line.expiry_date = line.batch_id.expiry_date

    @api.depends("amount", "currency_id", "batch_id.date", "batch_id.company_id")
    def _compute_amount_company(self):
        for line in self:
            company = line.batch_id.company_id or self.env.company
            line.amount_company = line.currency_id._convert(
                line.amount,
                company.currency_id,
                company,
                line.batch_id.date or get_today(company),
            )

    @api.depends(*LEFT_FIELDS)
    def _compute_move_amounts(self):
        batch_figures.assign_amounts(self)

    @api.depends(
        "application_ids.partial_id.credit_amount_currency",
        "draw_ids.application_ids.partial_id.credit_amount_currency",
    )
    def _compute_amount_applied(self):
        for line in self:
            paid = line._get_applications().partial_id.mapped("credit_amount_currency")
            line.amount_applied = sum(paid)

    def _get_applications(self):
        """Return what these paid; of promised credits, what their parts did."""
        return self.application_ids | self.draw_ids.application_ids

    @api.depends("batch_id.name", "partner_id.name")
    def _compute_display_name(self):
        for line in self:
            line.display_name = (
                f"{line.batch_id.name} · {line.partner_id.name or line.id}"
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Create pending lines of batches that were not posted yet.

        A line for an enrollee becomes a line for the account, with the enrollee as
        its label.

        :raise AccessError: when the values say that something was posted
        :raise UserError: when a batch was posted already
        """
        vals_list = [dict(vals) for vals in vals_list]
        batch_figures.lead_to_accounts(self.env, vals_list)
        lines = super().create(vals_list)
        for batch in lines.batch_id:
            if batch.state != "draft" and not self._is_posting():
                raise UserError(
                    self.env._(
                        "%(batch)s was posted: no account can be added. Post another "
                        "batch.",
                        batch=batch.display_name,
                    )
                )
        if not self._is_posting():
            lines.batch_id._mark_changed()
        return lines

    def write(self, vals):
        """Change lines that are not posted; posted lines are facts.

        :raise AccessError: when a result is written by anything but the posting
        :raise UserError: when a line is posted, its batch waits for approval or is
            being posted, or the line would go to another batch
        """
        if not self._is_posting():
            vals = dict(vals)
            batch_figures.lead_to_accounts(self.env, [vals])
            if "batch_id" in vals:
                self._check_not_posted()
                self.env["account.credit.check"]._check_stays(self, vals["batch_id"])
        return super().write(vals)

    def _check_draft(self, names):
        self._check_not_posted()
        if CONTENT_FIELDS & names:
            for batch in self.batch_id:
                # Before the lines: whoever posts at this moment skips no line.
                batch._lock()
                batch._mark_changed()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        self._check_not_posted()
        for line in self:
            if line.batch_id.state not in ("draft", "cancelled"):
                raise UserError(
                    self.env._(
                        "%(line)s cannot be deleted: its batch was posted and "
                        "accounts for each of its lines.",
                        line=line.display_name,
                    )
                )

    def _is_posting(self):
        return is_written_by(self.env, "posting")

    def _get_guard_message(self, names):
        return self.env._(
            "The result of a credit line is only written by posting. Use Post, Retry "
            "or Reverse on its batch."
        )

    def _check_not_posted(self):
        for line in self:
            if line.state in ("posted", "reversed"):
                raise UserError(
                    self.env._(
                        "%(line)s cannot be changed: it is posted as %(move)s. "
                        "Reverse it and post a new credit.",
                        line=line.display_name,
                        move=(line.move_id or line.charge_move_id).name,
                    )
                )

    def action_open_business_doc(self):
        """Open the credit note of the line, or the entry that it is part of.

        The name is that of Odoo's own entries and payments, so that their link to a
        document works here, too.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        return open_record(self.move_id.name, self.move_id)

    def _set_pending(self):
        self._update_state("pending", error=False, is_refused=False)

    def _set_failed(self, reason, is_refused=False):
        self._update_state("failed", error=reason, is_refused=is_refused)

    def _set_posted(self, move, item, debit_item=None):
        """Write down what the line was posted as.

        :param move: the credit note, or the entry for many accounts
        :param item: the receivable item of the line
        :param debit_item: where others share it, the item that holds the other side
        """
        self._update_state(
            "posted",
            error=False,
            move_id=move.id,
            move_line_id=item.id,
            debit_line_id=bool(debit_item) and debit_item.id,
        )

    def _set_reversed(self):
        self._update_state("reversed")

    def _set_posted_again(self):
        """Write down that what reversed the credit is undone."""
        self._update_state("posted")

    @api.ondelete(at_uninstall=False)
    def _unlink_noted(self):
        for batch in self.batch_id:
            if batch.state in ("draft", "cancelled"):
                batch._mark_changed()

    def _get_form(self):
        """Return what the lines are posted as, see ``account.credit.form``."""
        batch = self.batch_id
        name = batch.document_form or "credit_note"
        if batch.charge_item_id:
            name = "invoice"
        elif batch.credit_booking == "used":
            name = "promise"
        return self.env[const.FORMS[name]]

    def _post(self):
        """Post the lines of a chunk, or give a reason for each that cannot be.

        The caller holds the lock on the lines, and has checked the right.
        """
        for observer in self.env["account.credit.observer"]._find_observers():
            observer._lock(self)
        self.env["account.credit.check"]._lock(self)
        errors = self._get_errors()
        for line, error in errors.items():
            line._set_failed(error)
        sound = self.browse(line.id for line in self if line not in errors)
        if sound:
            sound._get_form()._post(sound)

    def _get_errors(self):
        """Return why lines cannot be posted, see ``account.credit.check``."""
        return self.env["account.credit.check"]._get_errors(self)

    def _get_not_credited_message(self, reason):
        return self.env._(
            "%(account)s was not credited. %(reason)s",
            account=self.partner_id.display_name,
            reason=reason,
        )

    def _is_credited(self):
        """Tell whether the line gives a credit: beside an invoice it need not."""
        self.ensure_one()
        return (
            not self.batch_id.charge_item_id
            or self.currency_id.compare_amounts(self.amount, 0) > 0
        )

    def _get_receivable(self, position):
        """Return the receivable account of the credit note.

        :param position: the fiscal position of the account
        """
        self.ensure_one()
        account = self.partner_id.with_company(self.company_id)
        return position.map_account(account.property_account_receivable_id)

    def _convert_to_company(self, amount):
        """Convert an amount to company currency, at the rate of the date."""
        self.ensure_one()
        company = self.company_id
        return self.currency_id._convert(
            amount, company.currency_id, company, self.date
        )

    def _get_fiscal_position(self):
        """Return the fiscal position as ``account.move`` finds it."""
        self.ensure_one()
        positions = self.env["account.fiscal.position"].with_company(self.company_id)
        delivery = self.partner_id.address_get(["delivery"])["delivery"]
        # With the prefetch of all accounts, one query reads them.
        delivery = self.env["res.partner"].browse(delivery)
        return positions._get_fiscal_position(
            self.partner_id,
            delivery=delivery.with_prefetch(self.partner_id._prefetch_ids),
        )

    def action_open_charge(self):
        """Open the invoice of the line.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        return open_record(self.charge_move_id.name, self.charge_move_id)

    def _set_not_reversed(self, reason):
        self._write_guarded({"is_to_reverse": False, "reversal_error": reason})

    @api.depends(
        "has_own_comments",
        "own_public_comment",
        "own_private_comment",
        "batch_id.public_comment",
        "batch_id.private_comment",
    )
    def _compute_comments(self):
        for line in self:
            batch = line.batch_id
            is_own = line.has_own_comments
            line.public_comment = (
                line.own_public_comment if is_own else batch.public_comment
            )
            line.private_comment = (
                line.own_private_comment if is_own else batch.private_comment
            )

    def _search_public_comment(self, operator, value):
        return (
            Domain("has_own_comments", "=", True)
            & Domain("own_public_comment", operator, value)
        ) | (
            Domain("has_own_comments", "!=", True)
            & Domain("batch_id.public_comment", operator, value)
        )

    @api.depends("correction_ids", "origin_ids")
    def _compute_corrections(self):
        batch_figures.assign_corrections(self)

    def change_labels(self, labels):
        """Change comments and the enrollee of a posted credit; nothing is posted.

        :param dict labels: new values of ``public_comment``, ``private_comment`` and
            ``contact_id`` (an id or False); what is not in it stays
        :return: True
        :raise AccessError: when the user neither posted the credit nor is an
            administrator of credits
        :raise UserError: when it is not posted, or the enrollee none of the account
        """
        self.ensure_one()
        self.env["account.credit.correction.label"]._change(self, labels)
        return True

    def action_change(self):
        """Open the dialog for what the context names as ``change``.

        :return: a window action on ``account.credit.line.change``
        """
        return self.env["account.credit.line.change"]._open(self)

    @answered_once
    def action_reverse(self, mode="all", date=None, reason=None, idempotency_key=None):
        """Reverse posted credits, as ``account.credit.batch.action_reverse`` does all.

        :param mode: "all" or "unused"
        :param date: of the reversals; today by default
        :param reason: kept in the log of the batches, for the office
        :return: True
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when one cannot be reversed, with the reason
        """
        self.env["account.credit.correction.reverse"]._reverse(self, mode, date, reason)
        return True

    @answered_once
    def replace(  # noqa: PLR0913 (a public name, see DESIGN)
        self,
        amount=None,
        credit_item_id=None,
        account_id=None,
        date=None,
        reason=None,
        idempotency_key=None,
    ):
        """Reverse a posted credit and post another one instead, in one transaction.

        Invoices that it paid are paid by the new one, in the same amounts as far as it
        goes, where the account is the same. The new one has the currency, the comments
        and the expiry date of the first.

        :param amount: of the new credit; that of the first by default
        :param credit_item_id: likewise
        :param account_id: likewise
        :param date: of the reversal and of the new credit; today by default
        :param reason: kept in the log of both batches
        :return: the new ``account.credit.line``
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        self.ensure_one()
        replacements = self.env["account.credit.correction.replace"]
        facts = replacements._get_facts(self, amount, credit_item_id, account_id)
        return replacements._post_instead(self, facts, date, reason)

    @answered_once
    def move_to(
        self, account_id, amount=None, date=None, reason=None, idempotency_key=None
    ):
        """Move what is open of credits to another account of the same company.

        Each is moved by one journal entry and keeps its item and its expiry date, not
        its comments. Invoices of the other account may be paid at once, by the rule.

        :param account_id: the account, or an enrollee of it
        :param amount: how much, in the currency of the credits, taken from the first
            ones first; all that is open by default
        :param date: of the entries; today by default
        :param reason: kept in the logs, for the office
        :return: the new ``account.credit.line`` records
        :raise UserError: when it cannot be done, with the reason
        """
        moves = self.env["account.credit.correction.move"]
        return moves._move(self, account_id, amount, date, reason)

    @answered_once
    def extend(self, expiry_date, reason, idempotency_key=None):
        """Give posted credits a later expiry date; those that have expired are open.

        The entry that booked the expiry is reversed by another one, dated today.

        :param expiry_date: the new one, today or later
        :param reason: kept in the logs of the batches, for the office
        :return: True
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        self.env["account.credit.correction.extend"]._extend(self, expiry_date, reason)
        return True

    def _get_notified_lines(self):
        """Return the lines that one email tells about: those of the account.

        :return: ``account.credit.line`` records of the batch, this one among them
        """
        return batch_figures.find_lines_told_with(self)

    def _get_notice_payments(self):
        """Return which invoices the credit pays.

        :return: ``[(number of the invoice, amount in the currency of the line)]``
        """
        return batch_figures.get_payments(self)
