import logging
from typing import Any, NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL, html_escape
from odoo.tools.sql import add_constraint, constraint_definition

from ... import const
from ...tools.isolating import explain_error, isolate
from ...tools.locks import lock_rows
from ...tools.posting import Decision, get_posting, is_written_by, with_posting
from ...tools.requests import count_decimals
from ...tools.working import work

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


class Facts(NamedTuple):
    """What a credit is: how much, why, and whose."""

    amount: float
    #: A ``product.product``.
    item: Any
    #: A ``res.partner``.
    account: Any


class Use(NamedTuple):
    """What took of a credit, and how much of it, in the currency of the credit."""

    #: The ``account.move.line`` of the invoice.
    item: Any
    amount: float
    #: See ``account.credit.application.rule``; False when that knows nothing of it.
    rule: Any


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
        "(move_id) WHERE move_id IS NOT NULL AND debit_line_id IS NULL",
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
        help="The journal item that is the credit.",
        written_by="posting",
    )
    debit_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Debit Item",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="In a journal entry for many accounts: the item that holds the other "
        "side, with that of others.",
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
    replaces_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The credit that was reversed when this one was posted instead.",
        written_by="posting",
    )
    replacement_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="replaces_id",
        readonly=True,
    )
    replaced_by_id = fields.Many2one(
        comodel_name="account.credit.line",
        compute="_compute_replaced_by_id",
        help="The credit that was posted instead of this one.",
    )
    _replaces_id_unique = models.UniqueIndex(
        "(replaces_id) WHERE replaces_id IS NOT NULL",
        "A credit is replaced once only.",
    )
    moved_from_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The credit of another account that this one was part of.",
        written_by="posting",
    )
    moved_line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="moved_from_id",
        string="Moved To",
        readonly=True,
        help="The credits of other accounts that parts of this one became.",
    )
    notified_date = fields.Datetime(
        string="Told On",
        readonly=True,
        copy=False,
        help="When the e-mail to the customer was written.",
        written_by="posting",
    )
    notice_error = fields.Text(
        string="Not Told",
        readonly=True,
        copy=False,
        help="Why there is no e-mail to the customer.",
        written_by="posting",
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
        "move_line_id.amount_currency", "move_line_id.amount_residual_currency"
    )
    def _compute_move_amounts(self):
        for line in self:
            item = line.move_line_id
            line.move_amount_total = -item.amount_currency or 0
            line.amount_open = -item.amount_residual_currency or 0

    @api.depends("application_ids.partial_id.credit_amount_currency")
    def _compute_amount_applied(self):
        for line in self:
            partials = line.application_ids.partial_id
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
                self._check_not_posted()
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
    # WHAT IS POSTED, BY THE FORM OF THE BATCH
    # -------------------------------------------------------------------------

    def _get_form(self):
        """Return what the lines are posted as, see ``account.credit.form``."""
        batch = self.batch_id
        if batch.charge_item_id:
            return self.env["account.credit.form.invoice"]
        if batch.document_form == "entry":
            return self.env["account.credit.form.entry"]
        return self.env["account.credit.form.note"]

    def _post(self):
        """Post the lines of a chunk, or give a reason for each that cannot be.

        The caller holds the lock on the lines, and has checked the right.
        """
        for observer in self.env["account.credit.observer"]._find_observers():
            observer._lock(self)
        errors = self._get_errors()
        for line, error in errors.items():
            line._set_failed(error)
        sound = self.browse(line.id for line in self if line not in errors)
        if sound:
            # Odoo asks for the users of each new customer, one by one: read all now.
            sound.partner_id.mapped("user_ids")
            sound._get_form()._post(sound)

    def _get_errors(self):
        """Return why lines cannot be posted, see ``account.credit.check``."""
        return self.env["account.credit.check"]._get_errors(self)

    def _get_error_message(self, error):
        """Turn an exception into a sentence that says what to do.

        :param error: the exception that came of posting this line alone
        """
        self.ensure_one()
        return self._get_not_credited_message(
            explain_error(self.env, error, _logger, f"Credit line {self.id}")
        )

    def _get_not_credited_message(self, reason):
        return self.env._(
            "%(account)s was not credited. %(reason)s",
            account=self.partner_id.display_name,
            reason=reason,
        )

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
        return positions._get_fiscal_position(
            self.partner_id, delivery=self.env["res.partner"].browse(delivery)
        )

    def _is_taxed(self):
        """Tell whether the credit item has taxes in the company."""
        self.ensure_one()
        return self._get_form()._is_taxed(self.company_id, self.credit_item_id)

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

    # -------------------------------------------------------------------------
    # TAKE POSTED CREDITS BACK: ALL OF THEM, OR WHAT IS UNUSED
    # -------------------------------------------------------------------------

    def _reverse_isolating(self):
        """Reverse the lines as one set; those that are refused say why.

        The caller holds the lock on the lines, and has checked the right.
        """
        form = self._get_form()
        # The batch keeps the log, as when they were posted.
        lines = self.with_context(**form._get_log_context(self.company_id))
        isolate(
            self.env.cr,
            lines,
            form.with_env(lines.env)._reverse,
            lambda line, error: line._set_not_reversed(
                explain_error(self.env, error, _logger, f"Reversal of line {line.id}")
            ),
        )

    def _set_not_reversed(self, reason):
        self._write_result({"is_to_reverse": False, "reversal_error": reason})

    def _get_receivable_item(self):
        return self.move_line_id

    def _get_open_amounts(self):
        item = self.move_line_id
        return item.amount_residual_currency, item.amount_residual

    def _get_preview_items(self):
        items = self._get_form()._get_items(self)[self]
        ledgers = self.env["account.account"]
        return {
            "total": items.total,
            "receivable": ledgers.browse(items.ledger_id),
            "balances": [
                (ledgers.browse(vals["account_id"]), vals["balance"])
                for vals in items.all
            ],
        }

    def _get_charge_preview_items(self):
        return {"total": self._get_form()._get_charges(self)[self].total}

    def _create_complete_entry(self, vals):
        return self._get_form()._create_complete(self.company_id, vals)

    def _prepare_entry_vals(self, items):
        return self._get_form()._prepare_entry_vals(self.batch_id, items)

    def _get_item_label(self):
        return self._get_form()._get_label(
            self.batch_id, self.credit_item_id, self.partner_id.lang
        )

    def _get_reconciliations(self):
        """Return what took of the credits, but for what was taken back before.

        What was moved is not among them: it is the credit of another account.

        :return: ``account.partial.reconcile`` records
        """
        partials = self.env["account.partial.reconcile"]
        for line in self:
            item = line.move_line_id
            partials += item.matched_debit_ids.filtered(
                lambda partial, move=item.move_id: (
                    partial.debit_move_id.move_id.reversed_entry_id != move
                    and not partial._is_credit_move()
                )
            )
        return partials

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
            return origin._split_counterparts(origin.move_line_id, amount, balance)
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

    # -------------------------------------------------------------------------
    # COMMENTS AND ENROLLEE OF A POSTED CREDIT: NO FACTS, SO THEY CAN BE MENDED
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
        self._check_may_change_labels()
        unknown = labels.keys() - const.LABEL_FIELDS
        if unknown:
            raise UserError(
                self.env._(
                    "%(names)s cannot be changed this way: reverse the credit and "
                    "post another.",
                    names=", ".join(sorted(unknown)),
                )
            )
        self._check_is_posted()
        self._lock()
        # The right was checked, and nobody writes posted lines directly.
        self.sudo()._change_labels(labels)
        return True

    def _may_change_labels(self):
        """Tell whether the user posted the credit, or is an administrator."""
        self.ensure_one()
        user = self.env.user
        if self.env.su or user.has_group("account_credit_posting.group_credit_manager"):
            return True
        # The entry is in the name of whoever posted it, the batch in that of whoever
        # prepared it.
        authors_sudo = self.sudo().move_id.create_uid | self.sudo().batch_id.create_uid
        return user in authors_sudo and user.has_group(
            "account_credit_posting.group_credit_user"
        )

    def _check_may_change_labels(self):
        self.check_access("read")
        if not self._may_change_labels():
            raise AccessError(
                self.env._(
                    "Comments and the enrollee of a credit are changed by whoever "
                    "posted it, or by an administrator of credits."
                )
            )

    def _check_is_posted(self):
        self.ensure_one()
        if self.state != "posted":
            raise UserError(
                self.env._(
                    "%(line)s is not posted, or reversed already: there is nothing to "
                    "correct.",
                    line=self.display_name,
                )
            )

    def _change_labels(self, labels):
        self.ensure_one()
        vals = {}
        notes = []
        for name in ("public_comment", "private_comment"):
            comment = labels.get(name, self[name]) or False
            vals[f"own_{name}"] = comment
            if comment == (self[name] or False):
                continue
            vals["has_own_comments"] = True
            notes.append(self._get_comment_note(name, comment))
        changed = vals if vals.get("has_own_comments") else {}
        if "contact_id" in labels:
            contact = self.env["res.partner"].browse(labels["contact_id"] or [])
            if contact != self.contact_id:
                self._check_contact(contact)
                notes.append(
                    self.env._(
                        "Enrollee: %(old)s → %(new)s",
                        old=self.contact_id.name or "–",
                        new=contact.name or "–",
                    )
                )
                changed = {**changed, "contact_id": contact.id}
        if not changed:
            return
        self._write_result(changed)
        self.batch_id.message_post(
            body=Markup("<br/>").join(
                html_escape(note) for note in (self.display_name, *notes)
            ),
            subtype_xmlid="mail.mt_note",
        )

    def _get_comment_note(self, name, comment):
        """Say what changed; of a private comment only that it did."""
        if name == "private_comment":
            return self.env._("Private comment changed.")
        return self.env._(
            "Public comment: %(old)s → %(new)s",
            old=self.public_comment or "–",
            new=comment or "–",
        )

    def _check_contact(self, contact):
        if contact and (
            not contact.exists() or contact.commercial_partner_id != self.partner_id
        ):
            raise UserError(
                self.env._(
                    "The enrollee must be a contact of %(account)s.",
                    account=self.partner_id.display_name,
                )
            )

    # -------------------------------------------------------------------------
    # WHAT A CORRECTION OF A CREDIT WOULD DO, BEFORE IT IS DONE; AND ITS DIALOG
    # -------------------------------------------------------------------------

    def action_change(self):
        """Open the dialog for what the context names as ``change``.

        :return: a window action on ``account.credit.line.change``
        """
        dialog = self.env["account.credit.line.change"]
        change = self.env.context.get("change")
        labels = dict(dialog._fields["change"]._description_selection(self.env))
        line = self[:1]
        return {
            "type": "ir.actions.act_window",
            "name": f"{labels[change]}: {line.move_name}",
            "res_model": dialog._name,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_line_id": line.id,
                "default_line_ids": self.ids,
                "default_change": change,
            },
        }

    def _prepare_reversal(self, mode):
        """Tell what reversing the credit would do, without doing it.

        :param mode: "all" or "unused"
        :return: see :meth:`_prepare_replacement`
        :raise UserError: when it cannot be reversed
        """
        self.ensure_one()
        self._check_is_posted()
        self._check_is_not_moved()
        currency = self.currency_id
        amount, balance = self._get_open_amounts()
        uses = self._get_uses() if mode == "all" else []
        if uses:
            partials = self._get_reconciliations()
            amount -= sum(partials.mapped("credit_amount_currency"))
            balance -= sum(partials.mapped("amount"))
        amount = currency.round(amount)
        if currency.is_zero(amount):
            raise UserError(self.env._("Nothing is unused of the credit."))
        balance = self.company_id.currency_id.round(balance)
        item = self._get_receivable_item()
        return {
            "items": [
                (item.account_id, self.partner_id, -balance),
                *(
                    (other.account_id, other.partner_id, part)
                    for other, _amount, part in self._split_counterparts(
                        item, amount, balance
                    )
                ),
            ],
            "currency": self.company_id.currency_id,
            "before": self._get_figures(),
            "after": {
                **self._get_figures(),
                "open": currency.format(0),
                "credited": currency.format(self.move_amount_total + amount),
            },
            "invoices": [
                (use.item.move_id.name, currency.format(use.amount), "") for use in uses
            ],
        }

    def _prepare_replacement(self, facts, date):
        """Tell what replacing the credit would do, without doing it.

        :param facts: of the new credit, see :meth:`_get_facts`
        :param date: of the new credit
        :return: ``{"items": [(ledger account, account, balance)], "currency": theirs,
            "before", "after": see :meth:`_get_figures`, "invoices": [(number, what the
            credit pays, what it will pay)]}``
        :raise UserError: when it cannot be replaced
        """
        self._check_replace(facts)
        self.batch_id._check_reversal_date(date)
        prepared = self._prepare_reversal("all")
        line = self._get_unsaved(facts, date)
        errors = line._get_errors()
        if errors:
            raise UserError(next(iter(errors.values())))
        preview = line._get_preview_items()
        currency = self.currency_id
        uses = self._get_uses()
        plan = self._plan_carry_over(
            uses, facts.account, preview["receivable"], preview["total"]
        )
        carried = {use.item: amount for use, amount in plan}
        prepared["items"] += [
            (ledger, facts.account, balance) for ledger, balance in preview["balances"]
        ]
        prepared["after"] = {
            "account": facts.account.display_name,
            "item": facts.item.display_name,
            "credited": currency.format(preview["total"]),
            "open": currency.format(
                currency.round(preview["total"] - sum(carried.values()))
            ),
        }
        prepared["invoices"] = [
            (
                use.item.move_id.name,
                currency.format(use.amount),
                currency.format(carried.get(use.item, 0)),
            )
            for use in uses
        ]
        return prepared

    def _prepare_move(self, account, amount):
        """Tell what moving these credits would post, without doing it.

        :param account: ``res.partner``
        :param amount: see :meth:`move_to`
        :return: ``{"items", "currency"}``, see :meth:`_prepare_replacement`
        :raise UserError: when it cannot be moved
        """
        date = fields.Date.context_today(self)
        items = []
        for line, share in self._check_move(account, amount):
            line.batch_id._check_reversal_date(date)
            target = line._get_unsaved(line._get_facts(share, None, account.id), date)
            receivable = target._get_receivable(target._get_fiscal_position())
            own = line._get_receivable_item().account_id
            items += [(own, line.partner_id, share), (receivable, account, -share)]
        return {"items": items, "currency": self.currency_id}

    def _get_figures(self):
        """Return what the dialog shows of the credit as it is, as texts."""
        self.ensure_one()
        currency = self.currency_id
        return {
            "account": self.partner_id.display_name,
            "item": self.credit_item_id.display_name,
            "credited": currency.format(self.move_amount_total),
            "open": currency.format(self.amount_open),
        }

    def _get_unsaved(self, facts, date):
        """Return the credit line that a correction would post, not saved."""
        vals = self._prepare_replacement_vals(facts, date)
        [[_create, _id, line_vals]] = vals.pop("line_ids")
        batch = self.env["account.credit.batch"].new(vals)
        return self.new({**line_vals, "batch_id": batch})

    # -------------------------------------------------------------------------
    # REPLACE A POSTED CREDIT BY ANOTHER ONE, IN ONE STEP
    # -------------------------------------------------------------------------

    @api.depends("replacement_ids")
    def _compute_replaced_by_id(self):
        for line in self:
            line.replaced_by_id = line.replacement_ids[:1]

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
        self.batch_id._check_may_manage()
        if mode not in ("all", "unused"):
            raise UserError(self.env._("%(mode)s is no mode of reversal.", mode=mode))
        self._lock()
        for line in self:
            line._check_is_posted()
            line._check_is_not_moved()
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        for batch, lines in self.grouped("batch_id").items():
            self.env["account.credit.run"]._reverse(batch, mode, date, reason, lines)
            errors = [
                line.reversal_error
                for line in lines
                if line.reversal_error
                and line.reversal_error != line._get_moved_message()
            ]
            if errors:
                raise UserError("\n".join(errors))
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
        self.batch_id._check_may_manage()
        facts = self._get_facts(amount, credit_item_id, account_id)
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the log."))
        self._lock()
        self._check_replace(facts)
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        # The rule would give the invoices to other credits in between.
        line = with_posting(self, is_carrying_over=True)
        # Whoever may replace it may know what it paid, as with `action_reverse`.
        uses = line.sudo()._get_uses()
        self.env["account.credit.run"]._reverse(line.batch_id, "all", date, None, line)
        if line.state != "reversed":
            raise UserError(line.reversal_error or self._get_not_replaced_message())
        replacement = line._post_replacement(facts, date)
        replacement.sudo()._carry_over(uses)  # As above.
        self._log_replacement(replacement, reason)
        replacement = replacement.with_env(self.env)
        self.env["account.credit.application"]._apply(
            self.partner_id | replacement.partner_id,
            self.company_id,
            "credit",
            fresh=replacement.sudo().move_id,
        )
        return replacement

    def _lock(self):
        """Make other transactions on these credits wait until this one has ended.

        They then fail to serialize and start again, see ``account.credit.batch._lock``:
        whatever takes of a credit, or reverses it, changes its journal item.
        """
        for batch in self.batch_id.sorted("id"):
            batch._lock()
        # The rows are read by id, whatever the user may see of them.
        items = self.env["account.move.line"].union(
            *(
                line._get_receivable_item()
                for line in self.sudo()
                if line.state == "posted"
            )
        )
        lock_rows(items)

    def _get_facts(self, amount=None, credit_item_id=None, account_id=None):
        """Return what the credit should be, where nothing is said what it is."""
        self.ensure_one()
        account = self.env["res.partner"].browse(account_id or self.partner_id.id)
        return Facts(
            self.amount if amount is None else self.currency_id.round(amount),
            self.env["product.product"].browse(
                credit_item_id or self.credit_item_id.id
            ),
            account.commercial_partner_id,
        )

    def _is_same(self, facts):
        return (
            not self.currency_id.compare_amounts(self.amount, facts.amount)
            and facts.item == self.credit_item_id
            and facts.account == self.partner_id
        )

    def _check_replace(self, facts):
        """Check whether the credit can be replaced by such a one.

        :param Facts facts: of the new credit
        :raise UserError: when it cannot, with the reason
        """
        self.ensure_one()
        self._check_is_posted()
        if self._is_same(facts):
            raise UserError(
                self.env._(
                    "Nothing is changed. Enter another amount, credit item or account."
                )
            )
        if self.currency_id.compare_amounts(facts.amount, 0) <= 0:
            raise UserError(
                self.env._("Enter an amount above zero, or delete the credit.")
            )
        if self.moved_line_ids:
            raise UserError(self._get_moved_message())
        if facts.account != self.partner_id:
            self._check_not_own_account(facts.account)

    def _check_not_own_account(self, account):
        """Check that nobody gives a credit to themselves.

        :raise UserError: when the account is that of the user's own contact
        """
        if account and account == self.env.user.partner_id.commercial_partner_id:
            raise UserError(
                self.env._(
                    "This is your own account: another administrator must give it the "
                    "credit."
                )
            )

    def _get_not_replaced_message(self):
        return self.env._(
            "%(line)s cannot be replaced in one step: the new credit was not posted, "
            "or waits for approval. Delete the credit, and post another one.",
            line=self.display_name,
        )

    def _post_replacement(self, facts, date):
        """Post the new credit, by the way that every credit goes.

        :raise UserError: when it is refused
        """
        batch = self.env["account.credit.batch"].create(
            self._prepare_replacement_vals(facts, date)
        )
        # Nobody but posting says what a batch corrects.
        batch.sudo()._write_posting({"correction": "replace"})
        line = batch.line_ids
        line.sudo()._write_result({"replaces_id": self.id})
        batch.action_post()
        if line.state != "posted":
            raise UserError(line.error or self._get_not_replaced_message())
        return line

    def _prepare_replacement_vals(self, facts, date):
        """Prepare the batch of the new credit."""
        self.ensure_one()
        batch = self.batch_id
        is_same_account = facts.account == self.partner_id
        taxes = facts.item.sudo().taxes_id  # As in `_get_document_form_error`.
        is_taxed = bool(taxes._filter_taxes_by_company(self.company_id))
        return {
            "company_id": self.company_id.id,
            "date": date,
            "credit_item_id": facts.item.id,
            "public_comment": self.public_comment,
            "private_comment": self.private_comment,
            "analytic_distribution": batch.analytic_distribution,
            "expiry_date": batch.expiry_date,
            "document_form": "credit_note" if is_taxed else batch.document_form,
            "line_ids": [
                fields.Command.create(
                    {
                        "partner_id": facts.account.id,
                        "contact_id": is_same_account and self.contact_id.id,
                        "currency_id": self.currency_id.id,
                        "amount": facts.amount,
                    }
                )
            ],
        }

    def _log_replacement(self, replacement, reason):
        message = self.env._(
            "%(old)s (%(old_amount)s) is replaced by %(new)s (%(new_amount)s).",
            old=self.display_name,
            old_amount=self.currency_id.format(self.amount),
            new=replacement.display_name,
            new_amount=self.currency_id.format(replacement.amount),
        )
        for batch in self.batch_id | replacement.batch_id:
            batch._log_correction(message, reason)

    def _is_carrying_over(self):
        """Tell whether the rule must wait until a new credit pays as the first did."""
        return get_posting(self.env).is_carrying_over

    def _get_uses(self):
        """Return what took of the credit, the first one first.

        :return: list of :class:`Use`
        """
        self.ensure_one()
        partials = self._get_reconciliations().sorted("id")
        applications = self.env["account.credit.application"].search(
            [("partial_id", "in", partials.ids)]
        )
        rules = {
            application.partial_id: application.rule for application in applications
        }
        return [
            Use(
                partial.debit_move_id,
                partial.credit_amount_currency,
                rules.get(partial, False),
            )
            for partial in partials
        ]

    def _plan_carry_over(self, uses, account, ledger, total):
        """Plan which of these uses a new credit takes over.

        :param list uses: of :meth:`_get_uses`
        :param account: ``res.partner`` of the new credit
        :param ledger: its receivable ``account.account``
        :param total: how much it is, in the currency of the line
        :return: ``[(use, amount)]``
        """
        currency = self.currency_id
        plan = []
        for use in uses:
            amount = min(use.amount, total)
            if (
                currency.compare_amounts(amount, 0) > 0
                and use.item.partner_id.commercial_partner_id == account
                and use.item.account_id == ledger
                and use.item.currency_id == currency
            ):
                plan.append((use, amount))
                total = currency.round(total - amount)
        return plan

    def _carry_over(self, uses):
        """Let the new credit take over these uses, as far as it goes."""
        self.ensure_one()
        item = self._get_receivable_item()
        plan = self._plan_carry_over(
            uses, self.partner_id, item.account_id, -item.amount_residual_currency
        )
        for use, amount in plan:
            rules = {(item.id, use.item.id): use.rule} if use.rule else {}
            with_posting(
                self.env["account.move.line"],
                decision=Decision("user", rules),
                cap=amount,
            )._reconcile_plan([item + use.item])

    # -------------------------------------------------------------------------
    # MOVE WHAT IS OPEN OF A CREDIT TO ANOTHER ACCOUNT, AS ONE JOURNAL ENTRY
    # -------------------------------------------------------------------------

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
        self.batch_id._check_may_manage()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the log."))
        self._lock()
        # Whoever may move it may know what is open, as with `action_reverse`.
        account = self.env["res.partner"].sudo().browse(account_id).exists()
        account = account.commercial_partner_id
        observers = self.env["account.credit.observer"].sudo()._find_observers()
        for observer in observers:
            observer._lock(self.sudo(), account)
        shares = self.sudo()._check_move(account, amount)
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        moved = self.browse()
        for line_sudo, share in shares:
            line_sudo.batch_id._check_reversal_date(date)
            moved += line_sudo._move(account, share, date, reason).with_env(self.env)
        for observer in observers:
            observer._check_credited(account, self.company_id)
        return moved

    def _check_move(self, account, amount=None):
        """Check whether so much can be moved to an account, and share it out.

        :param account: ``res.partner``
        :param amount: see :meth:`move_to`
        :return: ``[(credit line, amount)]``
        :raise UserError: when it cannot be moved, with the reason
        """
        if not self:
            raise UserError(self.env._("Choose the credit that is to be moved."))
        for line in self:
            line._check_is_posted()
        currency = self.currency_id
        if len(currency) > 1 or len(self.company_id) > 1:
            raise UserError(
                self.env._("Move credits of one company and one currency at a time.")
            )
        opens = {line: -line._get_open_amounts()[0] for line in self}
        total = currency.round(sum(opens.values()))
        amount = total if amount is None else currency.round(amount)
        if currency.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._("Nothing is moved. Enter an amount above zero.")
                if currency.compare_amounts(total, 0) > 0
                else self.env._("Nothing is open of the credit.")
            )
        if currency.compare_amounts(amount, total) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s cannot be moved: only %(open)s is open.",
                    amount=currency.format(amount),
                    open=currency.format(total),
                )
            )
        self._check_target(account)
        shares = []
        for line in self:
            share = min(amount, opens[line])
            if currency.compare_amounts(share, 0) > 0:
                shares.append((line, share))
                amount = currency.round(amount - share)
        return shares

    def _check_target(self, account):
        """Check whether credits can be moved to an account.

        :raise UserError: when they cannot, with the reason
        """
        if not account or account in self.partner_id:
            raise UserError(
                self.env._("Choose another account than the one that has the credit.")
            )
        if not account.active or account._is_foreign_to(self.company_id):
            raise UserError(
                self.env._(
                    "The credit cannot be moved to this account: it is archived or of "
                    "another company. Choose another account."
                )
            )
        self._check_not_own_account(account)
        if not self.company_id._get_credit_entry_journal():
            raise UserError(
                self.env["account.credit.batch"]
                .new({"company_id": self.company_id.id, "document_form": "entry"})
                ._get_no_journal_message()
            )

    def _move(self, account, amount, date, reason):
        """Move a part of the credit; the caller holds the lock, and has checked it.

        :return: the new line, of a batch of its own
        """
        self.ensure_one()
        batch = self.env["account.credit.batch"].create(
            self._prepare_move_batch_vals(account, amount, date)
        )
        batch._write_posting({"correction": "move"})
        run = self.env["account.credit.run"]._begin(batch, "post")
        line = batch.line_ids
        line._write_result({"moved_from_id": self.id})
        move = line._create_complete_entry(
            line._prepare_entry_vals(self._prepare_move_items(line))
        )
        debit, credit = move.line_ids.sorted("id")
        # As in `_create_entry`: when it is posted, it may pay an invoice.
        line._set_posted(move, credit, debit)
        # No rule may use the credit before it is taken from this account.
        with_posting(move, is_carrying_over=True)._post(soft=False)
        debit._reconcile_plan([self._get_receivable_item() + debit])
        run._end()
        message = self.env._(
            "%(amount)s was moved from %(old)s to %(new)s by %(move)s.",
            amount=self.currency_id.format(amount),
            old=self.display_name,
            new=line.display_name,
            move=move.name,
        )
        for moved_batch in self.batch_id | batch:
            moved_batch._log_correction(message, reason)
        engine = self.env["account.credit.application"]
        engine._apply(account, self.company_id, "credit", fresh=move)
        return line

    def _prepare_move_batch_vals(self, account, amount, date):
        """Prepare the batch of the moved credit: item and expiry date stay."""
        self.ensure_one()
        batch = self.batch_id
        return {
            "company_id": self.company_id.id,
            "date": date,
            "credit_item_id": self.credit_item_id.id,
            "expiry_date": batch.expiry_date,
            "document_form": "entry",
            "line_ids": [
                Command.create(
                    {
                        "partner_id": account.id,
                        "currency_id": self.currency_id.id,
                        "amount": amount,
                    }
                )
            ],
        }

    def _prepare_move_items(self, line):
        """Prepare the items of the entry: of this account, and of the other one.

        At the rate of the credit, so that no exchange difference comes of it.

        :param line: the credit line of the other account
        """
        self.ensure_one()
        amount = line.amount
        item = self._get_receivable_item()
        open_amount, open_balance = self._get_open_amounts()
        balance = self.company_id.currency_id.round(open_balance * amount / open_amount)
        # Neither account reads the name of the other one.
        label = self.env._(
            "%(credit)s: moved to another account", credit=self.move_id.name
        )
        common_vals = {
            "currency_id": self.currency_id.id,
            "date_maturity": line.date,
            "tax_ids": [],
            "no_followup": False,
            "analytic_distribution": False,
        }
        return [
            {
                **common_vals,
                "partner_id": self.partner_id.id,
                "account_id": item.account_id.id,
                "name": label,
                "amount_currency": amount,
                "balance": balance,
            },
            {
                **common_vals,
                "partner_id": line.partner_id.id,
                "account_id": line._get_receivable(line._get_fiscal_position()).id,
                "name": line._get_item_label(),
                "amount_currency": -amount,
                "balance": -balance,
            },
        ]

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

    def _check_is_not_moved(self):
        """Check that something of the credit is still here.

        :raise UserError: when all of it was moved
        """
        self.ensure_one()
        line_sudo = self.sudo()  # Whoever reverses may know what became of it.
        if (
            line_sudo.moved_line_ids
            and self.currency_id.is_zero(line_sudo._get_open_amounts()[0])
            and not line_sudo._get_reconciliations()
        ):
            raise UserError(line_sudo._get_moved_message())

    def _warn_of_moved(self):
        """Say of which credits a part cannot be taken back here."""
        for line in self:
            if line.moved_line_ids and line.batch_id.reversal_mode == "all":
                line._write_result({"reversal_error": line._get_moved_message()})

    # -------------------------------------------------------------------------
    # TELL THE CUSTOMERS BY E-MAIL WHAT THEY WERE CREDITED, EACH ONCE FOR EACH BATCH
    # -------------------------------------------------------------------------

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
        return [
            (
                application.invoice_id.name,
                application.partial_id.credit_amount_currency,
            )
            for application in self.application_ids.sorted("id")
            if application.partial_id
        ]

    @api.model
    def _get_to_notify_domain(self):
        """Return which lines have something to tell that was not told."""
        return [
            ("state", "=", "posted"),
            ("is_to_reverse", "=", False),
            ("notified_date", "=", False),
        ]

    @api.model
    def _cron_notify(self):
        """Write the e-mails of all batches that are to be told, chunk by chunk.

        Any number of workers may do this at once: each takes lines that no other has.
        """
        is_done = work(
            self.env,
            lambda: self._lock_lines_to_notify(const.CHUNK_MAILS),
            lambda lines: lines._notify(),
            count_remaining=self._count_to_notify,
        )
        if is_done:
            self.env["account.credit.batch"]._end_notices()

    @api.model
    def _count_to_notify(self):
        return self.search_count(
            [
                ("batch_id.is_notifying", "=", True),
                ("notice_error", "=", False),
                *self._get_to_notify_domain(),
            ]
        )

    @api.model
    def _lock_lines_to_notify(self, limit):
        """Return up to so many lines that nobody has, locked: the first of an account.

        The other lines of an account go with the first one, whoever has that.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id
                  FROM account_credit_line line
                  JOIN account_credit_batch batch ON batch.id = line.batch_id
                 WHERE batch.is_notifying
                   AND %(is_notifying)s
                   AND NOT EXISTS (
                       SELECT
                         FROM account_credit_line earlier
                        WHERE earlier.batch_id = line.batch_id
                          AND earlier.partner_id = line.partner_id
                          AND earlier.id < line.id
                          AND %(is_earlier_to_notify)s
                   )
              ORDER BY line.id
                 LIMIT %(limit)s
                   FOR UPDATE OF line SKIP LOCKED
                """,
                is_notifying=self._get_to_notify_sql("line"),
                is_earlier_to_notify=self._get_to_notify_sql("earlier"),
                limit=limit,
            )
        )
        return self.browse(row[0] for row in rows)

    @api.model
    def _get_to_notify_sql(self, alias):
        """Return the condition on a line that waits for its e-mail."""
        return SQL(
            "(%(alias)s.state = 'posted' AND %(alias)s.is_to_reverse IS NOT TRUE"
            " AND %(alias)s.notified_date IS NULL AND %(alias)s.notice_error IS NULL)",
            alias=SQL.identifier(alias),
        )

    def _notify(self):
        """Write an e-mail for each of the lines, which are locked; or say why not.

        :return: how many lines that were
        """
        reachable = self.filtered(lambda line: line.partner_id.email_normalized)
        for line in self - reachable:
            line._set_notice_error(
                line.batch_id._as_author().env._(
                    "The account has no e-mail address that can be used. Enter one, "
                    "then tell the customers again."
                )
            )
        isolate(
            self.env.cr,
            reachable,
            lambda lines: lines._write_mails(),
            lambda line, error: line._set_notice_error(
                explain_error(
                    line.batch_id._as_author().env,
                    error,
                    _logger,
                    f"E-mail of credit line {line.id}",
                )
            ),
        )
        return len(self)

    def _write_mails(self):
        """Write the e-mails, and the stamps on all lines that they tell about."""
        template = self.env.ref("account_credit_posting.mail_template_credit_posted")
        template.send_mail_batch(self.ids)
        for line in self:
            line._get_notified_lines()._write_result(
                {"notified_date": fields.Datetime.now(), "notice_error": False}
            )

    def _set_notice_error(self, reason):
        """Say why an account is not told, on all of its lines."""
        self.ensure_one()
        self._get_notified_lines()._write_result({"notice_error": reason})
