from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.sql import add_constraint, constraint_definition

#: In the context, by identity, it lets the posting write what nobody else may:
#: states, reasons and links. A caller over RPC can send a value, never this object.
POSTING = object()

#: Fields that only the posting writes.
RESULT_FIELDS = {
    "state",
    "error",
    "charge_move_id",
    "is_to_reverse",
    "told_date",
    "tell_error",
    "reversal_error",
    "move_id",
    "move_line_id",
    "debit_line_id",
}


class AccountCreditLine(models.Model):
    """One account's part of a credit batch, and what became of it."""

    _name = "account.credit.line"
    _description = "Credit Line"
    _order = "batch_id desc, id"
    _check_company_auto = True

    # The index over its lines and their states serves it, too.
    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        required=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="batch_id.company_id",
        store=True,
        precompute=True,
    )
    date = fields.Date(related="batch_id.date", store=True, precompute=True)
    credit_item_id = fields.Many2one(
        related="batch_id.credit_item_id",
        store=True,
        precompute=True,
    )

    # Whom, and how much.
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        index=True,
        ondelete="restrict",
        help="The account that gets the credit. An enrollee leads to its account.",
    )
    contact_id = fields.Many2one(
        comodel_name="res.partner",
        string="Enrollee",
        index="btree_not_null",
        ondelete="set null",
        help="The enrollee the account was found by: a label, never a restriction.",
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="The currency of the invoice, or else of the account.",
    )
    amount = fields.Monetary(
        required=True,
        help="Above zero, in the currency of the line: the price on the credit note. "
        "Zero where an account is invoiced without a credit. Taxes of the credit item "
        "come on top, or are included, as the tax says.",
    )
    amount_company = fields.Monetary(
        compute="_compute_amount_company",
        store=True,
        precompute=True,
        currency_field="company_currency_id",
        string="Amount in Company Currency",
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
    )
    error = fields.Text(string="Reason", readonly=True, copy=False)
    reversal_error = fields.Text(
        string="Not Reversed",
        readonly=True,
        copy=False,
        help="Why the credit could not be reversed; it stays posted.",
    )
    move_id = fields.Many2one(
        comodel_name="account.move",
        string="Document",
        readonly=True,
        copy=False,
        check_company=True,
        ondelete="restrict",
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

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

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

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create pending lines of batches that were not posted yet.

        A line for an enrollee becomes a line for the account, with the enrollee as
        its label.

        :raise AccessError: when the values say that something was posted
        :raise UserError: when a batch was posted already
        """
        if not self._is_posting():
            for vals in vals_list:
                if vals.get("state", "pending") != "pending" or any(
                    vals.get(name) for name in RESULT_FIELDS - {"state"}
                ):
                    raise AccessError(self._get_result_guard_message())
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
        return lines

    def write(self, vals):
        """Change lines that are not posted; posted lines are facts.

        :raise AccessError: when a result is written by anything but the posting
        :raise UserError: when a line is posted
        """
        if not self._is_posting():
            if RESULT_FIELDS & vals.keys():
                raise AccessError(self._get_result_guard_message())
            self._check_not_posted()
            self._lead_to_account([vals])
        return super().write(vals)

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
        return self.env.context.get("credit_posting") is POSTING

    def _get_result_guard_message(self):
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

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

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

    # -------------------------------------------------------------------------
    # RESULTS
    # -------------------------------------------------------------------------

    def _set_pending(self):
        self._write_result({"state": "pending", "error": False})

    def _set_failed(self, reason):
        self._write_result({"state": "failed", "error": reason})

    def _set_posted(self, move, item=None, debit_item=None):
        """Write down what the line was posted as.

        :param move: the credit note, or the entry for many accounts
        :param item: of such an entry, the receivable item of the line
        :param debit_item: of such an entry, the item that holds the other side
        """
        vals = {"state": "posted", "error": False, "move_id": move.id}
        if item:
            vals |= {"move_line_id": item.id, "debit_line_id": debit_item.id}
        self._write_result(vals)

    def _set_reversed(self):
        self._write_result({"state": "reversed"})

    def _write_result(self, vals):
        self.with_context(credit_posting=POSTING).write(vals)
