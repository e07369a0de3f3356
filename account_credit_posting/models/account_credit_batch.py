from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .account_credit_line import POSTING

#: Fields that say what the posted lines of a batch were posted with.
FACT_FIELDS = {
    "analytic_distribution",
    "charge_item_id",
    "company_id",
    "credit_item_id",
    "date",
    "document_form",
    "expiry_date",
    "idempotency_key",
    "invoice_date_due",
    "invoice_payment_term_id",
    "name",
    "public_comment",
    "request_hash",
}


#: Fields that, beside the state, only posting writes.
POSTING_FIELDS = {
    "is_paused",
    "is_to_tell",
    "posting_end",
    "posting_start",
    "requested_by_id",
    "work",
}


class AccountCreditBatch(models.Model):
    """One posting of credits, for one account or for many, and its results.

    A batch is the lasting record of Post Transaction and of :meth:`post_credits`.
    Each of its lines becomes one customer credit note, or one item of a journal entry
    for many accounts, or a reason why not.
    """

    _name = "account.credit.batch"
    _inherit = [
        "account.credit.long.list",
        "mail.thread",
        "mail.activity.mixin",
        "analytic.mixin",
    ]
    _description = "Credit Batch"
    _order = "date desc, id desc"
    _check_company_auto = True
    # Failed ones first.
    _long_lists = {"line_ids": "state, id"}

    # What is posted.
    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("New"),
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        string="Classification",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="The company that gives the credits: they are posted in its ledger.",
    )
    date = fields.Date(
        required=True,
        copy=False,
        default=fields.Date.context_today,
        tracking=True,
        help="The accounting date of the credit notes.",
    )
    credit_item_id = fields.Many2one(
        comodel_name="product.product",
        index=True,
        check_company=True,
        ondelete="restrict",
        domain=[("is_credit_item", "=", True)],
        tracking=True,
        help="Says why the credits are given. Its ledger account and its taxes are "
        "debited, the account's receivable is credited.",
    )
    public_comment = fields.Text(
        help="The customer reads it on the credit note, under the credit item.",
    )
    private_comment = fields.Text(
        help="For the office only. It is on no document and in no message.",
    )
    document_form = fields.Selection(
        selection=[
            ("credit_note", "A credit note for each account"),
            ("entry", "One journal entry for many accounts"),
        ],
        string="Posted As",
        required=True,
        default="credit_note",
        tracking=True,
        help="A credit note is a document of the customer, with a number, to print or "
        "to send. One journal entry for many accounts credits the receivable of each "
        "account and debits the sum to the ledger account of the credit item, in a "
        "general journal: no document per customer, nothing to print or send. For "
        "credit items without taxes.",
    )
    expiry_date = fields.Date(
        help="The day after which what is left of the credits can no longer be used.",
    )

    # Where it stands.
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("to_approve", "To Approve"),
            ("queued", "Queued"),
            ("posting", "Posting"),
            ("done", "Posted"),
            ("partial", "Partly Posted"),
            ("reversed", "Reversed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        index=True,
        tracking=True,
    )
    line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="batch_id",
        string="Lines",
        copy=True,
    )
    currency_id = fields.Many2one(
        related="company_id.currency_id",
        string="Company Currency",
    )
    amount_total = fields.Monetary(
        compute="_compute_amount_total",
        store=True,
        string="Total",
        help="The amounts of all lines in company currency, at the rate of the date.",
    )
    line_count = fields.Integer(compute="_compute_counts", string="Accounts")
    posted_count = fields.Integer(compute="_compute_counts", string="Posted")
    failed_count = fields.Integer(compute="_compute_counts", string="Failed")
    reversed_count = fields.Integer(compute="_compute_counts", string="Reversed")
    progress = fields.Float(
        compute="_compute_counts",
        help="Lines that are no longer pending, in percent.",
    )

    # Who asked for it, for calls that may be repeated.
    idempotency_key = fields.Char(
        readonly=True,
        copy=False,
        help="A request with a key that was seen before gets the first answer again.",
    )
    request_hash = fields.Char(
        readonly=True,
        copy=False,
        help="SHA-256 of the request that came with the key.",
    )

    _idempotency_key_unique = models.UniqueIndex(
        "(company_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This idempotency key was used before in this company.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("line_ids.amount_company")
    def _compute_amount_total(self):
        totals = dict(
            self.env["account.credit.line"]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id"], ["amount_company:sum"]
            )
        )
        for batch in self:
            # In a form, what was typed is not in the database yet.
            batch.amount_total = (
                totals.get(batch, 0)
                if batch.id
                else sum(batch.line_ids.mapped("amount_company"))
            )

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {  # {(batch, state): number of lines}
            (batch, state): count
            for batch, state, count in self.env["account.credit.line"]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id", "state"], ["__count"]
            )
        }
        for batch in self:
            pending = counts.get((batch._origin, "pending"), 0)
            batch.posted_count = counts.get((batch._origin, "posted"), 0)
            batch.failed_count = counts.get((batch._origin, "failed"), 0)
            batch.reversed_count = counts.get((batch._origin, "reversed"), 0)
            settled = batch.posted_count + batch.failed_count + batch.reversed_count
            batch.line_count = pending + settled
            batch.progress = 100 * settled / batch.line_count if batch.line_count else 0

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Number the batches, each from the sequence of its company.

        :raise AccessError: when the values say that something was posted already
        """
        for vals in vals_list:
            if vals.get("state", "draft") != "draft" or POSTING_FIELDS & vals.keys():
                raise AccessError(self._get_state_guard_message())
            # Said here, so that no default of a user or a context says otherwise.
            vals |= dict.fromkeys(POSTING_FIELDS, False)
            vals |= {"state": "draft", "work": "post"}
            company_id = vals.get("company_id") or self.env.company.id
            vals["name"] = (
                self.env["ir.sequence"]
                .with_company(company_id)
                .next_by_code("account.credit.batch", sequence_date=vals.get("date"))
            ) or self.env._("New")
        return super().create(vals_list)

    def write(self, vals):
        """Keep the state to the posting, and what was posted as it was posted.

        :raise AccessError: when the state is written by anything but the posting
        :raise UserError: when a posted fact would change
        """
        if self.env.context.get("credit_posting") is not POSTING:
            if {"state", "amount_total", *POSTING_FIELDS} & vals.keys():
                raise AccessError(self._get_state_guard_message())
            if FACT_FIELDS & vals.keys():
                self._check_nothing_posted()
                self._mark_changed()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        for batch in self:
            if batch.state not in ("draft", "cancelled"):
                raise UserError(
                    self.env._(
                        "%(batch)s cannot be deleted: it was posted. Reverse it.",
                        batch=batch.display_name,
                    )
                )

    def _get_state_guard_message(self):
        return self.env._(
            "The state of a credit batch follows from its lines. Use Post, Retry, "
            "Reverse or Cancel."
        )

    def _check_nothing_posted(self):
        for batch in self:
            if batch.posted_count or batch.reversed_count:
                raise UserError(
                    self.env._(
                        "%(batch)s cannot be changed: credits were posted with these "
                        "values. Reverse the batch and post a new one.",
                        batch=batch.display_name,
                    )
                )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def action_post(self):
        """Post the pending lines of the batches, in the form that each batch says.

        Lines that cannot be posted fail alone, with a reason. A batch that was
        posted before is left as it is, so a second click changes nothing. One with
        more lines than the company says is left to the workers, one above its limits
        waits for approval, and one for later waits for its time.

        :return: True
        :raise AccessError: when the user may not post credits
        :raise UserError: when a batch as a whole cannot be posted
        """
        self._check_may_post()
        for batch in self:
            batch._check_not_cancelled()
            if batch.state == "draft":
                batch._post_or_queue()
        return True

    def action_retry(self):
        """Post the failed lines again, after the cause was mended.

        Where lines were changed, what was approved is to be approved again.

        :return: True
        :raise AccessError: when the user may not post credits
        :raise UserError: when a batch is cancelled, or waits for approval
        """
        self._check_may_post()
        for batch in self:
            batch._check_not_cancelled()
            batch._check_not_waiting()
            failed = batch.line_ids.filtered(lambda line: line.state == "failed")
            if failed:
                batch._take()
                failed._set_pending()
                batch._post_or_queue()
        return True

    def action_cancel(self, reason=None):
        """Cancel batches of which nothing was posted, or refuse those that wait.

        Where something was posted already, what waits for approval fails.

        :param reason: kept in the log of the batch, for the office
        :return: True
        :raise AccessError: when the user may not post credits
        :raise UserError: when a line is posted, or the batch is being posted
        """
        self._check_may_post()
        for batch in self:
            batch._cancel(reason)
        return True

    def action_view_moves(self):
        """Open the credit notes of the batch, or its journal entries.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        if self.document_form == "entry":
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Journal Entries of %(batch)s", batch=self.name),
                "res_model": "account.move",
                "view_mode": "list,form",
                "domain": [("credit_batch_id", "=", self.id)],
                "context": {"create": False},
            }
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_refund_type"
        )
        return {
            **action,
            "name": self.env._("Credit Notes of %(batch)s", batch=self.name),
            "domain": [("credit_line_id.batch_id", "=", self.id)],
            "context": {"create": False},
        }

    def action_view_lines(self):
        """Open all lines of the batch, however many there are.

        :return: a window action on ``account.credit.line``
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accounts of %(batch)s", batch=self.name),
            "res_model": "account.credit.line",
            "view_mode": "list,pivot,graph",
            "domain": [("batch_id", "=", self.id)],
            "context": {"create": False},
        }

    def action_export_results(self):
        """Download what became of each account, as a spreadsheet.

        :return: an action that opens a URL of this addon's controller
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/account_credit_posting/batch/{self.id}/results.xlsx",
            "target": "download",
        }

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _check_may_post(self):
        if not self.env.su and not self.env.user.has_group(
            "account_credit_posting.group_credit_user"
        ):
            raise AccessError(
                self.env._(
                    "You may not post credits. Ask an administrator for the right "
                    "Post credits."
                )
            )
        self.check_access("write")

    def _check_not_cancelled(self):
        self.ensure_one()
        if self.state == "cancelled":
            raise UserError(
                self.env._(
                    "%(batch)s is cancelled. Duplicate it, then post the copy.",
                    batch=self.display_name,
                )
            )

    def _check_ready(self):
        """Check what concerns the batch as a whole.

        :raise UserError: when there is no line, or the company has no journal
        """
        self.ensure_one()
        if not self.line_count:
            raise UserError(
                self.env._(
                    "%(batch)s has no account. Add at least one account and an amount.",
                    batch=self.display_name,
                )
            )
        if not self._get_journal():
            raise UserError(self._get_no_journal_message())

    def _get_no_journal_message(self):
        self.ensure_one()
        if self.document_form == "entry":
            return self.env._(
                "%(company)s has no general journal for credits of many accounts. "
                "Create one, or choose one under Invoicing, Configuration, Settings, "
                "Account Credits.",
                company=self.company_id.display_name,
            )
        return self.env._(
            "%(company)s has no journal for credits. Choose one under "
            "Invoicing, Configuration, Settings, Account Credits.",
            company=self.company_id.display_name,
        )

    def _get_journal(self):
        """Return the journal that the batch is posted in; it may be empty."""
        self.ensure_one()
        if self.document_form == "entry":
            return self.company_id._get_credit_entry_journal()
        return self.company_id._get_credit_journal()

    def _get_document_form_fault(self):
        """Return why the batch cannot be posted in the form it says, or False."""
        self.ensure_one()
        # Whoever posts need not see the taxes.
        taxes_sudo = self.credit_item_id.sudo().taxes_id
        if self.document_form != "entry" or not taxes_sudo._filter_taxes_by_company(
            self.company_id
        ):
            return False
        return self.env._(
            "%(item)s is taxed, and taxes need a credit note for each account. Post "
            "these credits as credit notes, or choose a credit item without taxes.",
            item=self.credit_item_id.display_name,
        )

    def _check_document_form(self):
        """Check that the batch can be posted in the form it says.

        :raise UserError: when the credit item is taxed, and no credit notes are wanted
        """
        self.ensure_one()
        if fault := self._get_document_form_fault():
            raise UserError(fault)

    def _get_lock_description(self, date=None):
        """Return the lock dates that a date violates, as text.

        A taxed credit item meets the tax lock date, too. Empty when nothing is locked.

        :param date: that of the batch by default
        """
        self.ensure_one()
        company = self.company_id
        items = self.credit_item_id + self.charge_item_id
        taxes = items.taxes_id._filter_taxes_by_company(company)
        locks = company._get_violated_lock_dates(
            date or self.date, bool(taxes), self._get_journal()
        )
        return company._format_lock_dates(locks) if locks else ""

    def _take(self):
        """Make other transactions on this batch wait until this one has ended.

        They then fail to serialize and start again from what this one committed:
        that is how a second click, or a second tab, finds the lines posted. Odoo
        repeats such requests by itself (``odoo.service.model.retrying``).
        """
        self.ensure_one()
        self.flush_recordset()
        # Not `lock_for_update`: that one does not wait, it refuses.
        self.env.execute_query(
            SQL(
                "SELECT id FROM account_credit_batch WHERE id = %(id)s "
                "FOR NO KEY UPDATE",
                id=self.id,
            )
        )

    def _post_or_queue(self):
        """Post the pending lines now, or let them wait for what they need.

        They may need an approval, then a time, then, where they are many, workers.
        """
        self._check_document_form()
        self._check_charge()
        if self._needs_approval():
            self._wait_for_approval(self.env.user)
        elif self._is_for_later():
            self._schedule()
        elif self._is_large():
            self._queue("post")
        else:
            self._post_now()

    def _update_state(self):
        """Settle the state of each batch from the states of its lines."""
        counts = self.env["account.credit.line"]._read_group(
            [("batch_id", "in", self.ids)], ["batch_id"], ["state:array_agg_distinct"]
        )
        for batch, states in counts:
            if batch._is_waiting():
                continue
            is_in_work = batch.state in ("queued", "posting")
            if is_in_work and batch._count_lines_to_do(limit=1):
                continue
            if "pending" in states:
                state = "posting"
            elif "failed" in states:
                state = "partial"
            elif states == ["reversed"]:
                state = "reversed"
            else:
                state = "done"
            if batch.state != state:
                batch._set_state(state)

    def _set_state(self, state):
        self.with_context(credit_posting=POSTING).write({"state": state})
