import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_date
from odoo.tools.sql import add_constraint, constraint_definition

from ...tools.isolating import explain_error, isolate
from ...tools.locks import touch_rows
from ...tools.posting import get_posting, is_written_by, with_posting
from ...tools.requests import count_decimals

_logger = logging.getLogger(__name__)

#: What is posted of a line.
CONTENT_FIELDS = {
    "amount",
    "batch_id",
    "charge_amount",
    "currency_id",
    "invoice_id",
    "partner_id",
}


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
        "reversed": (),
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
    reversal_error = fields.Text(
        string="Not Reversed",
        readonly=True,
        copy=False,
        help="Why the credit could not be reversed; it stays posted.",
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
        help="What the account was credited, taxes included.",
    )
    amount_applied = fields.Monetary(
        compute="_compute_amount_applied",
        compute_sudo=True,
        string="Paid Invoices",
        help="What invoices have taken of the credit.",
    )
    amount_open = fields.Monetary(
        compute="_compute_move_amounts",
        compute_sudo=True,
        string="Rest",
        help="What is left of the credit on the account.",
    )
    expiry_date = fields.Date(related="batch_id.expiry_date")
    _move_id_unique = models.UniqueIndex(
        "(move_id) WHERE move_id IS NOT NULL AND move_line_id IS NULL",
        "A credit note belongs to one credit line only.",
    )
    # The target of the foreign key of `_add_mutual_constraint`.
    _move_id_id_unique = models.Constraint("UNIQUE (move_id, id)")
    _posted_has_move = models.Constraint(
        "CHECK ((state IN ('posted', 'reversed'))"
        " = (move_id IS NOT NULL OR charge_move_id IS NOT NULL))",
        "A credit line is posted when it has an entry, and only then.",
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
        help="The item of this account in a journal entry for many accounts.",
        written_by="posting",
    )
    debit_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Debit Item",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The item of that entry which holds the other side, with that of others.",
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
        "CHECK ((move_line_id IS NULL) = (debit_line_id IS NULL)"
        " AND (move_line_id IS NULL OR move_id IS NOT NULL))",
        "A credit line within a journal entry for many accounts names that entry.",
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
        help="What this line was invoiced by.",
        written_by="posting",
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
    is_to_reverse = fields.Boolean(
        readonly=True,
        copy=False,
        help="Its reversal was asked for, and is not done yet.",
        written_by="posting",
    )
    _to_reverse_idx = models.Index("(batch_id, id) WHERE is_to_reverse")
    public_comment = fields.Text(
        compute="_compute_comments",
        search="_search_public_comment",
        help="For the customer: that of the batch, until it is changed here.",
    )
    private_comment = fields.Text(
        compute="_compute_comments",
        help="For the office only: that of the batch, until it is changed here.",
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
        help="The correction that the credit came of.",
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
        string="E-mail",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The e-mail that tells the customer of it.",
        written_by="posting",
    )
    notified_date = fields.Datetime(
        related="notice_id.notified_date",
        string="Told On",
        help="When the e-mail to the customer was written.",
        written_by="compute",
    )
    notice_error = fields.Text(
        related="notice_id.error",
        string="Not Told",
        help="Why there is no e-mail to the customer.",
        written_by="compute",
    )

    def init(self):
        """Add what no model can declare: a key between the tables of two models."""
        # At the end, when both tables have their columns.
        self.pool.post_init(self._add_mutual_constraint)

    @api.model
    def _add_mutual_constraint(self):
        """Make the database check that an entry's line names that very entry.

        Deferred to the end of the transaction, because the entry is created before
        the line can name it.
        """
        name = "account_move_credit_line_mutual"
        if constraint_definition(self.env.cr, "account_move", name):
            return
        add_constraint(
            self.env.cr,
            "account_move",
            name,
            # Not the other way round: Odoo would take a key that starts with the
            # column of a field for its own, and replace it.
            "FOREIGN KEY (id, credit_line_id) REFERENCES account_credit_line "
            "(move_id, id) DEFERRABLE INITIALLY DEFERRED",
        )

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

    @api.depends("amount", "currency_id", "batch_id.date", "batch_id.company_id")
    def _compute_amount_company(self):
        for line in self:
            company = line.batch_id.company_id or self.env.company
            line.amount_company = line.currency_id._convert(
                line.amount,
                company.currency_id,
                company,
                line.batch_id.date or fields.Date.context_today(line),
            )

    @api.depends(
        "move_id.amount_total",
        "move_id.amount_residual",
        "move_line_id.amount_currency",
        "move_line_id.amount_residual_currency",
    )
    def _compute_move_amounts(self):
        for line in self:
            item, move = line.move_line_id, line.move_id
            if item:
                line.move_amount_total = -item.amount_currency
                line.amount_open = -item.amount_residual_currency
            else:
                line.move_amount_total = move.amount_total
                line.amount_open = move.amount_residual

    @api.depends(
        "move_id.used_application_ids.partial_id.credit_amount_currency",
        "application_ids.partial_id.credit_amount_currency",
    )
    def _compute_amount_applied(self):
        for line in self:
            applications = (
                line.application_ids
                if line.move_line_id
                else line.move_id.used_application_ids
            )
            partials = applications.partial_id
            line.amount_applied = sum(partials.mapped("credit_amount_currency"))

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
        self._lead_to_account(vals_list)
        lines = super().create(vals_list)
        for batch in lines.batch_id:
            if batch.state != "draft" and not self._is_posting():
                raise UserError(
                    self.env._(
                        "%(batch)s takes no more accounts: it was posted. Post "
                        "another batch.",
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
            self._lead_to_account([vals])
            if "batch_id" in vals:
                self._check_stays(vals["batch_id"])
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
            "What became of a credit line is written by posting alone. Use Post, "
            "Retry or Reverse on its batch."
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

    @api.model
    def _lead_to_account(self, vals_list):
        """Replace enrollees by their accounts in values for create or write."""
        partners = self.env["res.partner"].browse(
            [vals["partner_id"] for vals in vals_list if vals.get("partner_id")]
        )
        for vals in vals_list:
            if not vals.get("partner_id"):
                continue
            # With the prefetch of all partners, one query reads them.
            partner = partners.browse(vals["partner_id"]).with_prefetch(partners.ids)
            account = partner.commercial_partner_id
            if account and account != partner:
                vals["partner_id"] = account.id
                vals.setdefault("contact_id", partner.id)

    def action_open_business_doc(self):
        """Open the credit note of the line, or the entry that it is part of.

        The name is that of Odoo's own entries and payments, so that their link to a
        document works here, too.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.move_id.name,
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _set_pending(self):
        self._update_state("pending", error=False)

    def _set_failed(self, reason):
        self._update_state("failed", error=reason)

    def _set_posted(self, move, item=None, debit_item=None):
        """Write down what the line was posted as.

        :param move: the credit note, or the entry for many accounts
        :param item: of such an entry, the receivable item of the line
        :param debit_item: of such an entry, the item that holds the other side
        """
        vals = {"error": False, "move_id": move.id}
        if item:
            vals |= {"move_line_id": item.id, "debit_line_id": debit_item.id}
        self._update_state("posted", **vals)

    def _set_reversed(self):
        self._update_state("reversed")

    def _write_result(self, vals):
        with_posting(self, "posting").write(vals)

    # -------------------------------------------------------------------------
    # KEEP LINES AS THEY ARE WHILE THEIR BATCH WAITS FOR APPROVAL OR IS POSTED
    # -------------------------------------------------------------------------

    @api.ondelete(at_uninstall=False)
    def _unlink_noted(self):
        for batch in self.batch_id:
            if batch.state == "draft":
                batch._mark_changed()

    def _check_stays(self, batch_id):
        for line in self:
            if line.batch_id.id != batch_id:
                raise UserError(
                    self.env._(
                        "%(line)s belongs to its batch for good. Add the account to "
                        "the other batch instead.",
                        line=line.display_name,
                    )
                )

    # -------------------------------------------------------------------------
    # WHY A CREDIT LINE CANNOT BE POSTED, IN SENTENCES FOR THE CLERK
    # -------------------------------------------------------------------------

    def _get_errors(self):
        """Find the lines that cannot be posted, before anything is created.

        :return: ``{line: sentence}``, the sentence names the account and says what
            to do; lines without a fault are not in it
        """
        errors = {}  # {line: sentence}
        for batch, lines in self.grouped("batch_id").items():
            locks = batch._get_lock_description()
            unrated = lines._get_currencies_without_rate(batch)
            for line in lines:
                error = (
                    line._get_account_error()
                    or line._get_item_error()
                    or line._get_amount_error(unrated)
                    or line._get_invoice_error()
                    or line._get_date_error(locks)
                )
                if error:
                    errors[line] = error
            sound = self.browse().union(*(line for line in lines if line not in errors))
            errors |= sound._get_cap_errors(batch)
        return errors

    def _get_account_error(self):
        self.ensure_one()
        account = self.partner_id
        company = self.company_id
        if not account:
            return self.env._("This line names no account. Choose one, then retry.")
        if not account.active:
            return self.env._(
                "%(account)s is archived. Unarchive the account, then retry.",
                account=account.display_name,
            )
        if account != account.commercial_partner_id:
            return self.env._(
                "%(account)s belongs to the account %(parent)s. Choose that account, "
                "then retry.",
                account=account.display_name,
                parent=account.commercial_partner_id.display_name,
            )
        if account._is_foreign_to(company):
            return self.env._(
                "%(account)s is an account of %(other)s. Post its credit with that "
                "company as classification.",
                account=account.display_name,
                other=account.company_id.display_name,
            )
        receivable = account.with_company(company).property_account_receivable_id
        if not receivable.active:
            return self.env._(
                "%(account)s has no receivable account in use at %(company)s. Set "
                "Account Receivable on the contact, then retry.",
                account=account.display_name,
                company=company.display_name,
            )
        return None

    def _get_item_error(self):
        self.ensure_one()
        if not self._is_credited():
            return None
        item = self.credit_item_id.with_company(self.company_id)
        if not item:
            reason = self.env._("Choose a credit item, then retry.")
        elif not item.active:
            reason = self.env._(
                "%(item)s is archived. Unarchive the credit item, then retry.",
                item=item.display_name,
            )
        elif not item.is_credit_item:
            reason = self.env._(
                "%(item)s is no credit item. Choose a credit item, then retry.",
                item=item.display_name,
            )
        elif not item._get_product_accounts()["income"]:
            reason = self.env._(
                "%(item)s has no ledger account. Set one on the credit item, then "
                "retry.",
                item=item.display_name,
            )
        elif error := self.batch_id._get_document_form_error():
            reason = error
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_amount_error(self, unrated):
        """Return the fault of the amount or of its currency.

        :param unrated: currencies that have no rate on the date of the batch
        """
        self.ensure_one()
        currency = self.currency_id
        is_charge = bool(self.batch_id.charge_item_id)
        amount = self.charge_amount if is_charge else self.amount
        if (
            currency.compare_amounts(amount, 0) <= 0
            or currency.compare_amounts(self.amount, 0) < 0
        ):
            return self.env._(
                "%(account)s has the amount %(amount)s. Enter an amount above zero, "
                "then retry.",
                account=self.partner_id.display_name,
                amount=currency.format(min(amount, self.amount)),
            )
        if not currency.active:
            reason = self.env._(
                "The currency %(currency)s is archived. Activate it, then retry.",
                currency=currency.name,
            )
        elif currency in unrated:
            reason = self.env._(
                "%(currency)s has no exchange rate on %(date)s. Enter one under "
                "Configuration, Currencies, then retry.",
                currency=currency.name,
                date=format_date(self.env, self.date),
            )
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_invoice_error(self):
        self.ensure_one()
        invoice = self.invoice_id
        if not invoice:
            return None
        if (
            invoice.move_type != "out_invoice"
            or invoice.state != "posted"
            or invoice.commercial_partner_id != self.partner_id
            or invoice.company_id != self.company_id
        ):
            reason = self.env._(
                "%(invoice)s is not a posted invoice of this account. Choose another "
                "invoice or none, then retry.",
                invoice=invoice.display_name,
            )
        elif invoice.currency_id != self.currency_id:
            reason = self.env._(
                "%(invoice)s is in %(other)s and the credit in %(currency)s. Use the "
                "currency of the invoice, then retry.",
                invoice=invoice.display_name,
                other=invoice.currency_id.name,
                currency=self.currency_id.name,
            )
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_date_error(self, locks):
        """Return the fault of the date.

        Odoo would move the date silently (``account.move._post``). A clerk who chose
        a date is told instead.

        :param locks: the lock dates that the batch violates, as text
        """
        self.ensure_one()
        if not locks:
            return None
        return self._get_not_credited_message(
            self.env._(
                "The date %(date)s is locked (%(locks)s). Choose a later date, then "
                "retry.",
                date=format_date(self.env, self.date),
                locks=locks,
            )
        )

    def _get_currencies_without_rate(self, batch):
        """Return the foreign currencies of the lines that have no rate on the date."""
        foreign = self.currency_id - batch.company_id.currency_id
        if not foreign:
            return foreign
        rated = self.env["res.currency.rate"]._read_group(
            [
                ("currency_id", "in", foreign.ids),
                ("company_id", "in", (False, batch.company_id.root_id.id)),
                ("name", "<=", batch.date),
            ],
            ["currency_id"],
        )
        return foreign.browse(set(foreign.ids) - {currency.id for [currency] in rated})

    def _get_request_error(self, requested, amount):
        """Return why the line cannot be what a request asked for.

        :param requested: ``[account id, amount, invoice id or None]`` as they came
        :param amount: the amount as ``Decimal``; None when it is no amount
        """
        self.ensure_one()
        account_id, original, invoice_id = requested
        if not self.partner_id:
            return self.env._(
                "There is no account with the id %(id)s at %(company)s. Choose an "
                "account, then retry.",
                id=account_id,
                company=self.company_id.display_name,
            )
        if amount is None:
            reason = self.env._(
                "%(amount)s is no amount. Enter a number above zero, then retry.",
                amount=repr(original),
            )
        elif count_decimals(amount) > self.currency_id.decimal_places:
            # A rounded amount would be posted by a retry: leave none.
            self._write_result({"amount": 0})
            reason = self.env._(
                "%(amount)s is more precise than %(currency)s. Enter an amount with "
                "%(decimals)s decimals, then retry.",
                amount=original,
                currency=self.currency_id.name,
                decimals=self.currency_id.decimal_places,
            )
        elif invoice_id and not self.invoice_id:
            reason = self.env._(
                "There is no invoice with the id %(id)s. Choose another invoice or "
                "none, then retry.",
                id=invoice_id,
            )
        else:
            return None
        return self._get_not_credited_message(reason)

    def _get_not_credited_message(self, reason):
        return self.env._(
            "%(account)s was not credited. %(reason)s",
            account=self.partner_id.display_name,
            reason=reason,
        )

    # -------------------------------------------------------------------------
    # REFUSE CREDITS THAT WOULD LEAVE AN ACCOUNT WITH MORE THAN IT MAY HOLD
    # -------------------------------------------------------------------------

    def _lock_capped_accounts(self, accounts=None):
        """Let one transaction at a time credit an account that has a cap.

        :param accounts: those of the lines by default
        """
        if self.company_id._get_credit_open_cap():
            touch_rows(accounts or self.partner_id)

    def _get_cap_errors(self, batch):
        """Find the lines that would lift the open credit of an account over the cap.

        What a credit pays at once is not open: the invoice that it names, and those
        that the policy of the company lets it pay. Lines of one account follow each
        other: one that does not fit leaves room for the next.

        :param batch: that of all lines
        :return: ``{line: sentence}``
        """
        company = batch.company_id
        cap = company._get_credit_open_cap()
        if not cap:
            return {}
        currency = company.currency_id
        credits = self.partner_id._get_open_credits(company)
        terms = self._find_terms_to_pay(credits, cap)
        errors = {}  # {line: sentence}
        for line in self:
            account = line.partner_id
            payable = [
                term
                for term in terms.get((account, line.currency_id), [])
                if term.is_payable or term.move == line.invoice_id
            ]
            rest, paid = line._pay_terms(payable)
            lifted = credits.get(account.id, 0) + line._convert_to_company(rest)
            if line.currency_id.compare_amounts(rest, 0) > 0 and (
                currency.compare_amounts(lifted, cap) > 0
            ):
                errors[line] = line._get_cap_message(lifted, cap)
                continue
            credits[account.id] = lifted
            for term, amount in paid:
                term.residual -= amount
        return errors

    def _find_terms_to_pay(self, credits, cap):
        """Return what is owed by those accounts whose credits do not fit as they are.

        :param credits: ``{account id: open credit}``, in company currency
        :return: ``{(account, currency): [open items, earliest due first]}``
        """
        totals = dict(credits)
        for line in self:
            account_id = line.partner_id.id
            amount = line._convert_to_company(line._get_credited_amount())
            totals[account_id] = totals.get(account_id, 0) + amount
        currency = self.company_id.currency_id
        tight = self.partner_id.filtered(
            lambda account: currency.compare_amounts(totals[account.id], cap) > 0
        )
        engine = self.env["account.credit.application"].sudo()  # As `_apply` does.
        terms = engine._find_open_terms(tight, self.company_id, "credit")
        by_key = {}  # {(account, currency): [open items]}
        for term in sorted(terms, key=lambda term: term.order):
            by_key.setdefault((term.account, term.currency), []).append(term)
        return by_key

    def _pay_terms(self, terms):
        """Return what is left of the credit after it has paid, nothing being booked.

        :param terms: open items in the currency of the line
        :return: ``(rest, [(term, what it would be paid)])``
        """
        self.ensure_one()
        rest = self._get_credited_amount()
        if self.batch_id.charge_item_id:
            # Its own invoice comes first, and is posted along with it.
            rest = max(rest - self._get_charge_preview_items()["total"], 0)
        paid = []
        for term in terms:
            amount = min(rest, term.residual)
            paid.append((term, amount))
            rest -= amount
        return self.currency_id.round(rest), paid

    def _get_credited_amount(self):
        """Return what the account is credited, taxes included."""
        self.ensure_one()
        return self._get_preview_items()["total"] if self._is_taxed() else self.amount

    def _check_cap_of(self, account):
        """Check that an account has no more open credit than it may have.

        :raise UserError: when it has, with both amounts
        """
        cap = self.company_id._get_credit_open_cap()
        lifted = account._get_open_credits(self.company_id).get(account.id, 0)
        if cap and self.company_id.currency_id.compare_amounts(lifted, cap) > 0:
            raise UserError(self._get_cap_reason(lifted, cap))

    def _get_cap_message(self, lifted, cap):
        return self._get_not_credited_message(self._get_cap_reason(lifted, cap))

    def _get_cap_reason(self, lifted, cap):
        currency = self.company_id.currency_id
        return self.env._(
            "It would have %(lifted)s of open credit, and %(cap)s is the most that an "
            "account may have. Lower the amount, then retry.",
            lifted=currency.format(lifted),
            cap=currency.format(cap),
        )

    # -------------------------------------------------------------------------
    # TURN PENDING CREDIT LINES INTO POSTED CREDIT NOTES, AND REVERSE THEM
    # -------------------------------------------------------------------------

    def _post(self):
        """Post the lines of a chunk, or give a reason for each that cannot be.

        The caller holds the lock on the lines, and has checked the right.
        """
        self._lock_capped_accounts()
        errors = self._get_errors()
        for line, error in errors.items():
            line._set_failed(error)
        self.browse(line.id for line in self if line not in errors)._post_isolating()

    def _post_isolating(self):
        """Post the lines as one set; those that are refused alone fail alone.

        Credit notes are created, and then posted, each narrowed down for itself: what
        is refused on posting does not cost the others their creation.
        """
        # Odoo asks for the users of each new customer, one by one: read all at once.
        self.partner_id.mapped("user_ids")
        batch = self.batch_id
        if batch.charge_item_id:
            self._isolate(lambda lines: lines._charge_and_credit())
        elif batch.document_form == "entry":
            self._isolate(lambda lines: lines._create_entry())
        else:
            drafts = self._isolate(lambda lines: lines._create_moves())
            moves = self._get_posted_moves()
            moves.concat(*drafts)._post_credits_isolating()

    def _isolate(self, attempt):
        """Do something with the lines; those that are refused alone fail alone.

        :param attempt: called with a set of lines
        :return: list of what it returned
        """
        return isolate(
            self.env.cr,
            self,
            attempt,
            lambda line, error: line._set_failed(line._get_error_message(error)),
        )

    def _get_error_message(self, error):
        """Turn an exception into a sentence that says what to do.

        :param error: the exception that came of posting this line alone
        """
        self.ensure_one()
        return self._get_not_credited_message(
            explain_error(self.env, error, _logger, f"Credit line {self.id}")
        )

    def _create_moves(self):
        """Create one draft credit note per line.

        :return: ``account.move`` records, in the order of the lines
        """
        if not self:
            return self.env["account.move"]
        models_sudo = self.env["account.analytic.distribution.model"].sudo()
        # Odoo looks for one for each line: once is enough to know that there is none.
        has_models = bool(models_sudo.search_count([], limit=1))
        lines = self.with_context(has_analytic_models=has_models)
        vals_list = [line._prepare_move_vals() for line in lines]
        if not self[0]._is_taxed():
            return self._create_complete_entry(vals_list)
        # Taxes, and what follows from them, are Odoo's to compute.
        moves = self._get_posted_moves()
        return moves.create(vals_list)

    def _prepare_move_vals(self):
        """Prepare the credit note of the line.

        The private comment is nowhere on it.

        :return: values for ``account.move.create``: ``out_refund``, one invoice line
            with the credit item, no payment term, so that one receivable line is due
            at once
        """
        self.ensure_one()
        batch = self.batch_id
        company = batch.company_id
        position = self._get_fiscal_position()
        move_vals = {
            "move_type": "out_refund",
            "journal_id": company._get_credit_journal().id,
            "company_id": company.id,
            "partner_id": self.partner_id.id,
            "fiscal_position_id": position.id,
            "currency_id": self.currency_id.id,
            "date": batch.date,
            "invoice_date": batch.date,
            "invoice_date_due": batch.date,
            "invoice_payment_term_id": False,
            "invoice_origin": batch.name,
            "credit_line_id": self.id,
        }
        item_vals = self._prepare_item_vals()
        if self._is_taxed():
            # Taxes are Odoo's to compute.
            move_vals["invoice_line_ids"] = [Command.create(item_vals)]
        else:
            move_vals["line_ids"] = self._prepare_untaxed_lines_commands(
                item_vals, self._get_item_account(position), position
            )
        return move_vals

    def _prepare_item_vals(self):
        """Prepare the invoice line of the credit note: item, label and price."""
        self.ensure_one()
        batch = self.batch_id
        vals = {
            "product_id": batch.credit_item_id.id,
            "name": self._get_item_label(),
            "quantity": 1,
            "price_unit": self.amount,
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        elif not self.env.context.get("has_analytic_models", True):
            vals["analytic_distribution"] = False
        return vals

    def _get_item_label(self):
        """Return what the customer reads: the credit item and the public comment."""
        self.ensure_one()
        item = self.credit_item_id.with_context(lang=self.partner_id.lang)
        label = item.get_product_multiline_description_sale()
        comment = self.batch_id.public_comment
        return f"{label}\n{comment}" if comment else label

    def _get_item_account(self, position):
        """Return the ledger account that the credit item debits.

        :param position: the fiscal position of the account
        """
        self.ensure_one()
        item = self.credit_item_id.with_company(self.company_id)
        accounts = item.product_tmpl_id.get_product_accounts(fiscal_pos=position)
        return accounts["income"]

    def _prepare_untaxed_lines_commands(self, item_vals, account, position):
        """Prepare both journal items of a credit note without tax.

        Given complete, Odoo need not derive one from the other, which is half of
        what an entry costs (``account.move._sync_dynamic_lines``). The values are
        those that it would derive.

        :param item_vals: of :meth:`_prepare_item_vals`
        :param account: the ledger account of the item, after the fiscal position
        :param position: the fiscal position of the account
        """
        self.ensure_one()
        balance = self._convert_to_company(self.amount)
        receivable = self._get_receivable(position)
        common_vals = {
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
        }
        return [
            Command.create(
                {
                    **common_vals,
                    **item_vals,
                    "display_type": "product",
                    "product_uom_id": self.credit_item_id.uom_id.id,
                    "account_id": account.id,
                    "amount_currency": self.amount,
                    "balance": balance,
                    "tax_ids": [],
                }
            ),
            Command.create(
                {
                    **common_vals,
                    "display_type": "payment_term",
                    "account_id": receivable.id,
                    "date_maturity": self.date,
                    "amount_currency": -self.amount,
                    "balance": -balance,
                }
            ),
        ]

    def _get_preview_items(self):
        """Return what the credit note of the line will book, without creating it.

        :return: ``{"total": in the currency of the line, "receivable": its ledger
            account, "balances": [(ledger account, balance in company currency)]}``
        """
        self.ensure_one()
        position = self._get_fiscal_position()
        receivable = self._get_receivable(position)
        company = self.company_id
        income = self._get_item_account(position)
        taxes = self.credit_item_id.taxes_id._filter_taxes_by_company(company)
        computed = position.map_tax(taxes).compute_all(
            self.amount,
            currency=self.currency_id,
            product=self.credit_item_id,
            partner=self.partner_id,
            is_refund=True,
        )
        balances = [(income, self._convert_to_company(computed["total_excluded"]))]
        for tax in computed["taxes"]:
            account = self.env["account.account"].browse(tax["account_id"]) or income
            balances.append((account, self._convert_to_company(tax["amount"])))
        total_company = sum(balance for _account, balance in balances)
        return {
            "total": computed["total_included"],
            "receivable": receivable,
            "balances": [*balances, (receivable, -total_company)],
        }

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
        return positions._get_fiscal_position(
            self.partner_id, delivery=self.env["res.partner"].browse(delivery)
        )

    def _is_taxed(self):
        """Tell whether the credit item has taxes in the company.

        Default taxes of its ledger account do not count: a credit item without taxes
        lowers none.
        """
        self.ensure_one()
        return bool(
            self.credit_item_id.taxes_id._filter_taxes_by_company(self.company_id)
        )

    # -------------------------------------------------------------------------
    # POST MANY CREDIT LINES AS ONE JOURNAL ENTRY, AND REVERSE THEM BY ANOTHER
    # -------------------------------------------------------------------------

    def _create_entry(self):
        """Create and post one journal entry for all lines, and mark them.

        :return: the posted ``account.move``
        """
        debits, receivables, keys = self._prepare_entry_items()
        move = self._create_complete_entry(
            self._prepare_entry_vals([*debits.values(), *receivables])
        )
        items = move.line_ids.sorted("id")
        debit_items = dict(zip(debits, items, strict=False))
        # Before it is posted, because then each item may pay an invoice.
        for line, item, key in zip(self, items[len(debits) :], keys, strict=True):
            line._set_posted(move, item, debit_items[key])
        move._post(soft=False)
        return move

    def _create_complete_entry(self, vals):
        """Create an entry that is given complete, so that Odoo derives nothing."""
        moves = self._get_posted_moves()
        move = moves.with_context(
            skip_analytic_sync=True, skip_invoice_sync=True
        ).create(vals)
        return move.with_env(moves.env)

    def _prepare_entry_vals(self, items):
        """Prepare the journal entry of the lines.

        The private comment is nowhere on it.

        :param list items: values of its journal items
        """
        batch = self.batch_id
        return {
            "move_type": "entry",
            "journal_id": batch._get_journal().id,
            "company_id": batch.company_id.id,
            "currency_id": batch.company_id.currency_id.id,
            "date": batch.date,
            "ref": batch.name,
            "credit_batch_id": batch.id,
            "line_ids": [Command.create(item) for item in items],
        }

    def _prepare_entry_items(self):
        """Prepare the journal items of the entry, complete and balanced.

        Each debit is the sum of what was rounded line by line, so that the entry is
        balanced to the cent in each currency and in that of the company.

        :return: ``({(ledger account, currency): values of a debit}, [values of the
            receivable item of each line], [key of the debit of each line])``
        """
        debits = {}  # {(ledger account, currency): values}
        receivables = []
        keys = []
        ledgers = {}  # {fiscal position: ledger account}
        labels = {}  # {language: label}
        for line in self:
            position = line._get_fiscal_position()
            if position not in ledgers:
                ledgers[position] = line._get_item_account(position)
            lang = line.partner_id.lang
            if lang not in labels:
                labels[lang] = line._get_item_label()
            key = (ledgers[position], line.currency_id)
            if key not in debits:
                debits[key] = line._prepare_debit_vals(*key)
            debit = debits[key]
            balance = line._convert_to_company(line.amount)
            debit["amount_currency"] += line.amount
            debit["balance"] += balance
            receivables.append(
                {
                    "partner_id": line.partner_id.id,
                    "account_id": line._get_receivable(position).id,
                    "currency_id": line.currency_id.id,
                    "name": labels[lang],
                    "date_maturity": line.date,
                    "amount_currency": -line.amount,
                    "balance": -balance,
                    "tax_ids": [],
                    # Odoo's mark of what is disputed; a general journal sets it.
                    "no_followup": False,
                    "analytic_distribution": False,
                }
            )
            keys.append(key)
        self._round_items(debits.values())
        return debits, receivables, keys

    def _prepare_debit_vals(self, account, currency):
        """Prepare the sum of many credits on one ledger account, still zero."""
        batch = self.batch_id
        vals = {
            "partner_id": False,
            "account_id": account.id,
            "currency_id": currency.id,
            "product_id": batch.credit_item_id.id,
            "name": batch.credit_item_id.display_name,
            "amount_currency": 0,
            "balance": 0,
            "tax_ids": [],
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        return vals

    @api.model
    def _round_items(self, items):
        """Round sums of rounded amounts: floats add up with a trace of dust."""
        currencies = self.env["res.currency"]
        for item in items:
            currency = currencies.browse(item["currency_id"])
            item["amount_currency"] = currency.round(item["amount_currency"])
            item["balance"] = self.company_id.currency_id.round(item["balance"])

    def _get_posted_moves(self):
        """Return ``account.move`` as entries of credits are created and posted."""
        moves = self.env["account.move"].with_context(**self._get_log_context())
        return with_posting(moves, "posting")

    def _get_log_context(self):
        """Return the context in which entries of credits keep no log of their own."""
        return {
            # The batch keeps the log; the entry keeps only what changes later. Where
            # the law wants an audit trail, the entry keeps its own.
            "mail_create_nolog": True,
            "mail_create_nosubscribe": True,
            "tracking_disable": not any(
                self.company_id.mapped("restrictive_audit_trail")
            ),
        }

    # -------------------------------------------------------------------------
    # POST A CUSTOMER INVOICE FOR A CREDIT LINE, WHICH THE CREDIT THEN PAYS
    # -------------------------------------------------------------------------

    def action_open_charge(self):
        """Open the invoice of the line.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.charge_move_id.name,
            "res_model": "account.move",
            "res_id": self.charge_move_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _is_credited(self):
        """Tell whether the line gives a credit: beside an invoice it need not."""
        self.ensure_one()
        return (
            not self.batch_id.charge_item_id
            or self.currency_id.compare_amounts(self.amount, 0) > 0
        )

    def _charge_and_credit(self):
        """Post the invoices of the lines, and then the credits that pay them.

        All of it or nothing: the caller narrows down what is refused, so that no line
        is left with an invoice and without its credit.
        """
        invoices = self._create_charges()
        # The credit of the line comes first, before what else is on the account.
        with_posting(invoices, is_charging=True)._post(soft=False)
        for line, invoice in zip(self, invoices, strict=True):
            line._write_result({"invoice_id": invoice.id})
        credited = self.filtered(lambda line: line._is_credited())
        if credited:
            credited._create_moves()._post_credits()
        for line in self:
            line._update_state("posted", error=False, charge_move_id=line.invoice_id.id)
        (self - credited).charge_move_id._apply_credits_of_accounts("invoice")

    def _create_charges(self):
        """Create one draft invoice per line.

        :return: ``account.move`` records, in the order of the lines
        """
        moves = self._get_posted_moves()
        moves = moves.with_company(self.company_id)
        return moves.create([line._prepare_charge_vals() for line in self])

    def _prepare_charge_vals(self):
        """Prepare the invoice of the line, as a user would type it.

        The private comment is nowhere on it.

        :return: values for ``account.move.create``: ``out_invoice``, one invoice line
        """
        self.ensure_one()
        batch = self.batch_id
        item = batch.charge_item_id.with_context(lang=self.partner_id.lang)
        label = item.get_product_multiline_description_sale()
        vals = {
            "product_id": item.id,
            "name": f"{label}\n{comment}"
            if (comment := batch.public_comment)
            else label,
            "quantity": 1,
            "price_unit": self.charge_amount,
        }
        if batch.analytic_distribution:
            vals["analytic_distribution"] = batch.analytic_distribution
        move_vals = {
            "move_type": "out_invoice",
            "company_id": batch.company_id.id,
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "date": batch.date,
            "invoice_date": batch.date,
            "invoice_origin": batch.name,
            "invoice_line_ids": [Command.create(vals)],
        }
        if batch.invoice_payment_term_id:
            move_vals["invoice_payment_term_id"] = batch.invoice_payment_term_id.id
        elif batch.invoice_date_due:
            move_vals["invoice_payment_term_id"] = False
            move_vals["invoice_date_due"] = batch.invoice_date_due
        return move_vals

    def _get_charge_preview_items(self):
        """Return what the invoice of the line will book, without creating it.

        :return: as :meth:`_get_preview_items`, and ``"terms": [(due date, amount in
            the currency of the line)]``
        """
        self.ensure_one()
        position = self._get_fiscal_position()
        receivable = self._get_receivable(position)
        item = self.batch_id.charge_item_id.with_company(self.company_id)
        accounts = item.product_tmpl_id.get_product_accounts(fiscal_pos=position)
        taxes = item.taxes_id._filter_taxes_by_company(self.company_id)
        computed = position.map_tax(taxes).compute_all(
            self.charge_amount,
            currency=self.currency_id,
            product=item,
            partner=self.partner_id,
        )
        balances = [
            (
                accounts["income"],
                -self._convert_to_company(computed["total_excluded"]),
            )
        ]
        for tax in computed["taxes"]:
            account = self.env["account.account"].browse(tax["account_id"])
            balances.append(
                (
                    account or accounts["income"],
                    -self._convert_to_company(tax["amount"]),
                )
            )
        total_company = sum(balance for _account, balance in balances)
        return {
            "total": computed["total_included"],
            "receivable": receivable,
            "balances": [(receivable, -total_company), *balances],
            "terms": self._get_charge_terms(computed),
        }

    def _get_charge_terms(self, computed):
        """Return when how much of the invoice is due.

        :param computed: of ``account.tax.compute_all``
        :return: ``[(due date, amount in the currency of the line)]``
        """
        self.ensure_one()
        batch = self.batch_id
        term = batch.invoice_payment_term_id
        if not term and not batch.invoice_date_due:
            term = self.partner_id.with_company(
                self.company_id
            ).property_payment_term_id
        if not term:
            due = batch.invoice_date_due or batch.date
            return [(due, computed["total_included"])]
        untaxed = computed["total_excluded"]
        tax = computed["total_included"] - untaxed
        terms = term._compute_terms(
            date_ref=batch.date,
            currency=self.currency_id,
            company=self.company_id,
            tax_amount=self._convert_to_company(tax),
            tax_amount_currency=tax,
            sign=1,
            untaxed_amount=self._convert_to_company(untaxed),
            untaxed_amount_currency=untaxed,
        )
        return [(part["date"], part["foreign_amount"]) for part in terms["line_ids"]]

    # -------------------------------------------------------------------------
    # TAKE POSTED CREDITS BACK: ALL OF THEM, OR WHAT IS UNUSED
    # -------------------------------------------------------------------------

    def _reverse_isolating(self):
        """Reverse the lines as one set; those that are refused say why.

        The caller holds the lock on the lines, and has checked the right.
        """
        isolate(
            self.env.cr,
            self,
            # The batch keeps the log, as when they were posted.
            lambda lines: lines.with_context(**self._get_log_context())._reverse(),
            lambda line, error: line._set_not_reversed(
                explain_error(self.env, error, _logger, f"Reversal of line {line.id}")
            ),
        )

    def _reverse(self):
        """Take back what is open of the lines, as their batch says."""
        is_all = self.batch_id.reversal_mode == "all"
        freed = self._free() if is_all else self.env["res.partner"]
        open_lines = self.filtered(
            lambda line: not line.currency_id.is_zero(line._get_open_amounts()[0])
        )
        documents = open_lines._filter_taxed_documents()
        documents._reverse_documents()
        (open_lines - documents)._reverse_by_entries()
        self._end_reversal(freed)

    def _reverse_with(self, counterparts):
        """Reverse lines of an entry that somebody else has reversed.

        :param counterparts: what reverses them, one journal item for each line
        """
        freed = self._free()
        self._reconcile_reversals(
            [
                line.move_line_id + counterpart
                for line, counterpart in zip(self, counterparts, strict=True)
            ]
        )
        self._end_reversal(freed)

    def _get_receivable_item(self):
        """Return the receivable journal item of a posted line, in either form."""
        self.ensure_one()
        return self.move_line_id or self.move_id.line_ids.filtered(
            lambda item: item.account_type == "asset_receivable"
        )

    def _get_open_amounts(self):
        """Return what is left of the credit: in its currency, in that of the company.

        Both below zero, as the journal item has them.
        """
        item = self._get_receivable_item()
        return item.amount_residual_currency, item.amount_residual

    def _get_reconciliations(self):
        """Return what took of the credits, but for what was taken back before.

        What was moved is not among them: it is the credit of another account.

        :return: ``account.partial.reconcile`` records
        """
        partials = self.env["account.partial.reconcile"]
        for line in self:
            item = line._get_receivable_item()
            partials += item.matched_debit_ids.filtered(
                lambda partial, move=item.move_id: (
                    partial.debit_move_id.move_id.reversed_entry_id != move
                    and not partial._is_credit_move()
                )
            )
        return partials

    def _free(self):
        """Undo what took of the credits.

        :return: the accounts whose invoices are open again, ``res.partner`` records
        """
        partials = self._get_reconciliations()
        accounts = partials.debit_move_id.partner_id
        partials.unlink()
        return accounts

    def _filter_taxed_documents(self):
        """Return taxed credit notes of which nothing is used.

        The customer gets a document with the taxes for these, as Odoo makes it.
        """
        return self.filtered(
            lambda line: (
                not line.move_line_id
                and line.move_id.line_ids.tax_line_id
                and not line.currency_id.compare_amounts(
                    line.move_id.amount_residual, line.move_id.amount_total
                )
            )
        )

    def _reverse_documents(self):
        """Reverse whole credit notes, see ``account.move._reverse_moves``."""
        moves = self.move_id
        date = self.batch_id.reversal_date
        moves._reverse_moves(
            [
                {
                    "date": date,
                    "invoice_date": date,
                    "ref": self._get_reversal_ref(move),
                }
                for move in moves
            ],
            cancel=True,
        )

    def _reverse_by_entries(self):
        """Take back what is open by journal entries, and reconcile both.

        One entry for each credit note, or one for the lines of an entry for many
        accounts. Each is at the rate of the credit: no exchange difference comes of it.
        """
        groups = list(self.grouped("move_id").values())
        if not groups:
            return
        journal = self.company_id._get_credit_entry_journal()
        moves = self._create_complete_entry(
            [lines._prepare_counter_entry_vals(journal) for lines in groups]
        )
        pairs = []  # [both items of a line]
        for lines, move in zip(groups, moves, strict=True):
            counterparts = move.line_ids.sorted("id")
            pairs += [
                line._get_receivable_item() + counterpart
                for line, counterpart in zip(lines, counterparts, strict=False)
            ]
        moves._post_as_block()
        self._reconcile_reversals(pairs)

    def _reconcile_reversals(self, pairs):
        items = self.env["account.move.line"].with_context(move_reverse_cancel=True)
        items._reconcile_plan(pairs)

    def _prepare_counter_entry_vals(self, journal):
        """Prepare the entry that takes back what is open of lines of one entry.

        :param journal: the general journal of credits; empty for that of the credit
        :return: values for ``account.move.create``; the first journal items are those
            of the lines, in their order
        """
        company = self.company_id
        original = self.move_id
        date = self.batch_id.reversal_date
        items_vals = []
        others = {}  # {journal item of the original: [amount in currency, balance]}
        for line in self:
            item = line._get_receivable_item()
            amount, balance = line._get_open_amounts()
            items_vals.append(
                {
                    **self._prepare_counter_item_vals(item, -amount, -balance),
                    "partner_id": item.partner_id.id,
                    "date_maturity": date,
                    "no_followup": False,
                    "analytic_distribution": False,
                }
            )
            for other, *shares in line._split_counterparts(item, amount, balance):
                sums = others.setdefault(other, [0, 0])
                sums[0] += shares[0]
                sums[1] += shares[1]
        items_vals += [
            {
                **self._prepare_counter_item_vals(
                    other,
                    other.currency_id.round(amount),
                    company.currency_id.round(balance),
                ),
                "partner_id": other.partner_id.id,
                "product_id": other.product_id.id,
                "tax_ids": [Command.set(other.tax_ids.ids)],
                "tax_tag_ids": [Command.set(other.tax_tag_ids.ids)],
                "tax_repartition_line_id": other.tax_repartition_line_id.id,
                "analytic_distribution": other.analytic_distribution,
            }
            for other, (amount, balance) in others.items()
        ]
        return {
            "move_type": "entry",
            "journal_id": (journal or original.journal_id).id,
            "company_id": company.id,
            "currency_id": original.currency_id.id,
            "partner_id": original.partner_id.id,
            # Said, so that Odoo need not look for one: nothing is mapped here.
            "fiscal_position_id": False,
            "invoice_payment_term_id": False,
            "date": date,
            "ref": self._get_reversal_ref(original),
            "reversed_entry_id": original.id,
            "line_ids": [Command.create(vals) for vals in items_vals],
        }

    def _prepare_counter_item_vals(self, item, amount, balance):
        return {
            "account_id": item.account_id.id,
            "currency_id": item.currency_id.id,
            "name": item.name,
            "amount_currency": amount,
            "balance": balance,
            "is_storno": self.company_id.account_storno,
        }

    def _split_counterparts(self, item, amount, balance):
        """Share what is taken back among the other side of the credit, to the cent.

        :param item: the receivable item of the line
        :param amount: what is open of it, below zero, in its currency
        :param balance: the same in company currency
        :return: ``[(journal item, amount, balance)]``; together what is open
        """
        self.ensure_one()
        origin = self.moved_from_id
        if origin:
            # Its own other side is the receivable of the account that had it.
            return origin._split_counterparts(
                origin._get_receivable_item(), amount, balance
            )
        if self.debit_line_id:
            return [(self.debit_line_id, amount, balance)]
        others = item.move_id.line_ids - item
        currency = item.currency_id
        own = self.company_id.currency_id
        share = amount / item.amount_currency
        shares = [
            (
                other,
                currency.round(-other.amount_currency * share),
                own.round(-other.balance * share),
            )
            for other in others[:-1]
        ]
        rest = amount - sum(part for _item, part, _balance in shares)
        rest_balance = balance - sum(part for _item, _amount, part in shares)
        return [*shares, (others[-1], rest, rest_balance)]

    def _get_reversal_ref(self, move):
        return self.env._("Reversal of: %(move)s", move=move.name)

    def _end_reversal(self, freed):
        """Write down which lines are reversed: those that nothing else has used.

        :param freed: accounts whose invoices are open again: other open credits of
            theirs may pay these
        """
        reversed_lines = self.filtered(
            lambda line: (
                line.state == "posted"
                and not line.moved_line_ids
                and not line._get_reconciliations()
            )
        )
        reversed_lines._set_reversed()
        self._write_result({"is_to_reverse": False})
        self._warn_of_moved()
        if freed:
            engine = self.env["account.credit.application"]
            engine._apply(freed, self.company_id, "freed")

    def _set_not_reversed(self, reason):
        self._write_result({"is_to_reverse": False, "reversal_error": reason})

    # -------------------------------------------------------------------------
    # CORRECTIONS OF A POSTED CREDIT, FOR VIEWS AND OTHER PROGRAMS
    # -------------------------------------------------------------------------

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
        for line in self:
            origins = line.origin_ids.grouped("kind")
            corrections = line.correction_ids.grouped("kind")
            none = line.origin_ids.browse()
            line.replaces_id = origins.get("replace", none).line_id
            line.moved_from_id = origins.get("move", none).line_id
            line.replacement_ids = corrections.get("replace", none).new_line_id
            line.replaced_by_id = line.replacement_ids[:1]
            line.moved_line_ids = corrections.get("move", none).new_line_id

    def change_labels(self, labels):
        """Change comments and the enrollee of a posted credit; nothing is posted.

        :param dict labels: new values of ``public_comment``, ``private_comment`` and
            ``contact_id`` (an id or False); what is not in it stays
        :return: True
        :raise AccessError: when the user neither posted the credit nor is an
            administrator of credits
        :raise UserError: when the credit is not posted, or the enrollee is none of
            the account
        """
        self.ensure_one()
        self.env["account.credit.correction.label"]._change(self, labels)
        return True

    def action_change(self):
        """Open the dialog for what the context names as ``change``.

        :return: a window action on ``account.credit.line.change``
        """
        return self.env["account.credit.line.change"]._open(self)

    def action_reverse(self, mode="all", date=None, reason=None):
        """Reverse posted credits, as ``account.credit.batch.action_reverse`` does all.

        :param mode: "all" or "unused"
        :param date: of the reversals; today by default
        :param reason: kept in the log of the batches, for the office
        :return: True
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when a credit is not posted or cannot be reversed, with the
            reason
        """
        self.env["account.credit.correction.reverse"]._reverse(self, mode, date, reason)
        return True

    def replace(
        self, amount=None, credit_item_id=None, account_id=None, date=None, reason=None
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
        return replacements._replace(self, facts, date, reason)

    def move_to(self, account_id, amount=None, date=None, reason=None):
        """Move what is open of credits to another account of the same company.

        Each credit is moved by one journal entry and keeps its item and its expiry
        date; its comments stay where they are, because they may be of a person.
        Invoices of the other account may be paid at once, by the rule.

        :param account_id: the account, or an enrollee of it
        :param amount: how much, in the currency of the credits, taken from the first
            ones first; all that is open by default
        :param date: of the entries; today by default
        :param reason: kept in the logs, for the office
        :return: the new ``account.credit.line`` records
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        moves = self.env["account.credit.correction.move"]
        return moves._move(self, account_id, amount, date, reason)

    def _is_carrying_over(self):
        """Tell whether the rule must wait until a new credit pays as the first did."""
        return get_posting(self.env).is_carrying_over

    def _get_moved_message(self):
        """Say where parts of the credit are; False when they are all here."""
        self.ensure_one()
        moved = self.moved_line_ids
        if not moved:
            return False
        return self.env._(
            "Part of this credit was moved and is a credit of %(accounts)s now (see "
            "%(batches)s): reverse it there, or move it back.",
            accounts=", ".join(moved.partner_id.mapped("display_name")),
            batches=", ".join(moved.batch_id.mapped("name")),
        )

    def _warn_of_moved(self):
        """Say of which credits a part cannot be taken back here."""
        for line in self:
            if line.moved_line_ids and line.batch_id.reversal_mode == "all":
                line._write_result({"reversal_error": line._get_moved_message()})

    # -------------------------------------------------------------------------
    # WHAT THE E-MAILS TO THE CUSTOMERS SAY
    # -------------------------------------------------------------------------

    @api.model
    def _get_to_notify_domain(self):
        """Return which lines have something to tell that was not told."""
        return [
            ("state", "=", "posted"),
            ("is_to_reverse", "=", False),
            ("notified_date", "=", False),
        ]

    def _get_notified_lines(self):
        """Return the lines that one e-mail tells about: those of the account.

        :return: ``account.credit.line`` records of the batch, this one among them
        """
        self.ensure_one()
        lines = self.search(
            [
                ("batch_id", "=", self.batch_id.id),
                ("partner_id", "=", self.partner_id.id),
                *self._get_to_notify_domain(),
            ],
            order="id",
        )
        return lines | self

    def _get_notice_payments(self):
        """Return which invoices the credit pays.

        :return: ``[(number of the invoice, amount in the currency of the line)]``
        """
        self.ensure_one()
        applications = (
            self.application_ids
            if self.move_line_id
            else self.move_id.used_application_ids
        )
        return [
            (
                application.invoice_id.name,
                application.partial_id.credit_amount_currency,
            )
            for application in applications.sorted("id")
            if application.partial_id
        ]
