from odoo import api, fields, models

from ... import const
from ...tools.actions import open_dialog, open_known, open_list
from ...tools.days import get_today
from ...tools.locks import lock_rows
from ...tools.reading import reads_arguments
from ...tools.rights import check_right
from .account_credit_answer import answered_once
from .batch_figures import BatchFigures
from .credit_request import CreditRequest, find_posting_company, get_answer


class AccountCreditBatch(models.Model):
    """One posting of credits, for one account or for many, and its results.

    A batch is the lasting record of Post Transaction and of :meth:`post_credits`.
    Each of its lines becomes one customer credit note, or one item of a journal entry
    for many accounts, or a reason why not.
    """

    _name = "account.credit.batch"
    _inherit = [
        "account.credit.vat",
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
    _state_changes = {
        "draft": ("to_approve", "queued", "posting", "done", "partial", "cancelled"),
        "to_approve": ("queued", "posting", "done", "partial", "cancelled"),
        "queued": ("posting", "to_approve", "done", "partial", "reversed", "cancelled"),
        "posting": ("queued", "to_approve", "done", "partial", "reversed"),
        "done": ("queued", "reversed"),
        "partial": ("queued", "to_approve", "posting", "done", "cancelled"),
        # A reversal was undone by an administrator.
        "reversed": ("done", "partial"),
        "cancelled": (),
    }

    # What is posted.
    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("New"),
        written_by="opener",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        string="Classification",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="The company that gives the credits: they are posted in its ledger.",
        written_by=("draft", "posting"),
    )
    date = fields.Date(
        required=True,
        copy=False,
        default=lambda self: get_today(self.env.company),
        tracking=True,
        help="The accounting date of the credit notes.",
        written_by=("draft", "posting"),
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
        written_by=("draft", "posting"),
    )
    analytic_distribution = fields.Json(written_by=("draft", "posting"))
    use_invoice_taxes = fields.Boolean(tracking=True)
    public_comment = fields.Text(
        help="The customer reads it on the credit note, under the credit item.",
        written_by=("draft", "posting"),
    )
    private_comment = fields.Text(
        help="Internal note. It is not printed on documents or included in messages.",
        written_by=("draft", "posting"),
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
        written_by=("draft", "posting"),
    )
    expiry_date = fields.Date(
        help="The day after which what is left of the credits can no longer be used.",
        written_by=("draft", "posting"),
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
        written_by="state",
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
        written_by="compute",
    )
    line_count = fields.Integer(compute="_compute_counts", string="Accounts")
    posted_count = fields.Integer(compute="_compute_counts", string="Posted")
    failed_count = fields.Integer(compute="_compute_counts", string="Failed")
    reversed_count = fields.Integer(compute="_compute_counts", string="Reversed")
    charge_count = fields.Integer(compute="_compute_counts", string="Invoices")
    credit_count = fields.Integer(compute="_compute_counts", string="Credits")
    progress = fields.Float(
        compute="_compute_counts",
        help="Lines that are no longer pending, in percent.",
    )
    # Who asked for it, for calls that may be repeated.
    idempotency_key = fields.Char(
        readonly=True,
        copy=False,
        help="A request with a known key gets the first answer again.",
        written_by="posting",
    )
    request_hash = fields.Char(
        readonly=True,
        copy=False,
        help="SHA-256 of the request that came with the key.",
        written_by="posting",
    )
    _idempotency_key_unique = models.UniqueIndex(
        "(company_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This idempotency key was used before in this company.",
    )
    charge_item_id = fields.Many2one(
        comodel_name="product.product",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        domain=const.CHARGE_ITEM_DOMAIN,
        tracking=True,
        help="The product that the accounts are invoiced for, with its ledger account "
        "and taxes. A credit of the same line pays the invoice.",
        written_by=("draft", "posting"),
    )
    invoice_date_due = fields.Date(
        string="Due Date",
        help="Of the invoices. The payment terms count before it.",
        written_by=("draft", "posting"),
    )
    invoice_payment_term_id = fields.Many2one(
        comodel_name="account.payment.term",
        string="Payment Terms",
        check_company=True,
        help="Of the invoices. Without terms and due date, those of each account.",
        written_by=("draft", "posting"),
    )
    charge_total = fields.Monetary(
        compute="_compute_charge_total",
        string="Invoiced",
        help="Total of the invoices, taxes included, in company currency. Where it is "
        "not posted yet: the prices.",
    )
    _credit_item_or_charge_item = models.Constraint(
        "CHECK (credit_item_id IS NOT NULL OR charge_item_id IS NOT NULL)",
        "A credit batch needs a credit item, or an item to invoice.",
    )
    approved_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        tracking=True,
        help="The administrator who approved it as it is.",
        written_by="posting",
    )
    approved_on = fields.Datetime(readonly=True, copy=False, written_by="posting")
    editor_ids = fields.Many2many(
        comodel_name="res.users",
        string="Prepared With",
        readonly=True,
        copy=False,
        help="Users who changed it or asked to post it, in addition to its creator: "
        "none of them can approve it.",
        written_by="posting",
    )
    approval_round = fields.Integer(
        readonly=True,
        copy=False,
        help="Number of times it was submitted for approval: a version opened before "
        "a change cannot be approved.",
        written_by="posting",
    )
    approval_text = fields.Char(
        compute="_compute_approval_text",
        help="The users who can approve it, and why an approval is needed.",
    )
    can_approve = fields.Boolean(compute="_compute_can_approve")
    post_at = fields.Datetime(
        string="Post Later",
        copy=False,
        tracking=True,
        help="The time of posting, after an approval if one is needed. The accounting "
        "date does not change. Empty, or in the past: at once.",
        written_by=("draft", "posting"),
    )
    run_id = fields.Many2one(
        comodel_name="account.credit.run",
        string="Progress of the Work",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The user who last requested to post or reverse it, and the progress.",
        written_by="posting",
    )
    requested_by_id = fields.Many2one(
        related="run_id.requested_by_id",
        written_by="posting",
    )
    work = fields.Selection(related="run_id.work", written_by="posting")
    is_scheduled = fields.Boolean(related="run_id.is_scheduled", written_by="posting")
    is_paused = fields.Boolean(related="run_id.is_paused", written_by="posting")
    posting_start = fields.Datetime(
        related="run_id.start",
        string="Posting Start",
        written_by="posting",
    )
    posting_end = fields.Datetime(
        related="run_id.end",
        string="Posting End",
        written_by="posting",
    )
    reversal_mode = fields.Selection(
        related="run_id.reversal_mode",
        written_by="posting",
    )
    reversal_date = fields.Date(related="run_id.reversal_date", written_by="posting")
    reversal_count = fields.Integer(
        related="run_id.reversal_count",
        written_by="posting",
    )
    progress_info = fields.Json(related="run_id.progress_info")
    correction_ids = fields.One2many(
        comodel_name="account.credit.correction",
        inverse_name="new_batch_id",
        string="Corrections",
        readonly=True,
    )
    correction = fields.Selection(
        related="correction_ids.kind",
        string="Correction",
        help="The reason of posting, when it corrects a credit.",
        written_by="compute",
    )
    draws_of_id = fields.Many2one(
        comodel_name="account.credit.batch",
        string="Used of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The promised credits of which this batch posts the used parts.",
        written_by="posting",
    )
    notify_customers = fields.Boolean(
        copy=False,
        help="When the batch is posted, each account gets one email with the public "
        "comment, the amount, what it paid and what is left.",
        written_by=("draft", "posting"),
    )
    notice_ids = fields.One2many(
        comodel_name="account.credit.notice",
        inverse_name="batch_id",
        readonly=True,
    )
    is_notifying = fields.Boolean(
        compute="_compute_is_notifying",
        compute_sudo=True,
        help="The emails are being written.",
        written_by="compute",
    )
    notified_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Notified",
        help="Posted lines whose account was notified by email.",
    )
    notice_failed_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Not Notified",
        help="Posted lines whose account could not be notified. Each one shows the "
        "reason.",
    )
    to_notify_count = fields.Integer(
        compute="_compute_notice_counts",
        string="To Notify",
        help="Posted lines whose account was not notified, for any reason.",
    )
    undelivered_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Not Delivered",
        help="Emails that the mail server refused.",
    )

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
        BatchFigures(self).count_lines()

    @api.model_create_multi
    def create(self, vals_list):
        """Number the batches, each from the sequence of its company.

        :raise AccessError: when the values say that something was posted already
        """
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
            company_id = vals.get("company_id") or self.env.company.id
            vals["name"] = (
                self.env["ir.sequence"]
                .with_company(company_id)
                .next_by_code("account.credit.batch", sequence_date=vals.get("date"))
            ) or self.env._("New")
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_posted(self):
        self.env["account.credit.check"]._check_deletable(self)

    def _get_guard_message(self, names):
        return self.env._(
            "The state of a credit batch follows from its lines. Use Post, Retry, "
            "Reverse or Cancel."
        )

    def _check_draft(self, names):
        checks = self.env["account.credit.check"]
        if names == {"private_comment"}:
            checks._check_private_comment(self)
            return
        checks._check_nothing_posted(self)
        self._mark_changed()

    @answered_once
    def action_post(self, idempotency_key=None):
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
        checks = self.env["account.credit.check"]
        for batch in self:
            checks._check_not_cancelled(batch)
            if batch.state == "draft":
                self.env["account.credit.run"]._begin(batch, "post")._post()
        return True

    @answered_once
    def action_retry(self, idempotency_key=None):
        """Post the failed lines again, after the cause was mended.

        Where lines were changed, what was approved is to be approved again.

        :return: a client action that says what became of them
        :raise AccessError: when the user may not post credits
        :raise UserError: when a batch is cancelled, or waits for approval
        """
        self._check_may_post()
        return self.env["account.credit.run"]._retry(self)

    @reads_arguments
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
            self.env["account.credit.run"]._cancel(batch, reason)
        return True

    def action_view_moves(self):
        """Open the credit notes of the batch, or its journal entries.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        path = self.document_form == "entry" and "credit_batch_id"
        if self.credit_booking == "used":
            path = "line_ids.credit_line_ids.drawn_from_id.batch_id"
        if path:
            return open_list(
                self.env._("Journal Entries of %(batch)s", batch=self.name),
                "account.move",
                [(path, "=", self.id)],
            )
        return open_known(
            self.env,
            "account.action_move_out_refund_type",
            name=self.env._("Credit Notes of %(batch)s", batch=self.name),
            domain=[("credit_line_id.batch_id", "=", self.id)],
            context={"create": False},
        )

    def action_view_lines(self):
        """Open all lines of the batch, however many there are.

        :return: a window action on ``account.credit.line``
        """
        self.ensure_one()
        return open_list(
            self.env._("Accounts of %(batch)s", batch=self.name),
            "account.credit.line",
            [("batch_id", "=", self.id)],
            view_mode="list,pivot,graph",
        )

    def action_export_results(self):
        """Download what became of each account, as a spreadsheet.

        :return: an action that opens a URL of this addon's controller
        :raise AccessError: when the user may not see the batch
        """
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/account_credit_posting/batch/{self.id}/results.xlsx",
            "target": "download",
        }

    def _check_may_post(self):
        check_right(
            self,
            const.GROUP_USER,
            self.env._(
                "You are not allowed to post credits. Ask an administrator for the "
                "access right Post credits."
            ),
            "write",
        )

    def _get_journal(self):
        """Return the journal that the batch is posted in; it may be empty."""
        self.ensure_one()
        if self.document_form == "entry":
            return self.company_id._get_credit_entry_journal()
        return self.company_id._get_credit_journal()

    def _lock(self):
        """Make other transactions on this batch wait, see ``tools.locks``.

        That is how a second click, or a second tab, finds the lines posted.
        """
        lock_rows(self)

    def _update_from_lines(self):
        """Update the state of each batch from the states of its lines."""
        counts = self.env["account.credit.line"]._read_group(
            [("batch_id", "in", self.ids)], ["batch_id"], ["state:array_agg_distinct"]
        )
        for batch, states in counts:
            if batch._is_waiting():
                continue
            is_in_work = batch.state in const.IN_WORK
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
                batch._update_state(state)

    def _update_state(self, state, **vals):
        """Change the state; let observers know when all is posted that can be."""
        result = super()._update_state(state, **vals)
        if state in ("done", "partial"):
            for observer in self.env["account.credit.observer"]._find_observers():
                observer._on_done(self)
        return result

    @api.depends("line_ids.charge_amount", "line_ids.state", "charge_item_id", "date")
    def _compute_charge_total(self):
        BatchFigures(self).sum_charges()

    def action_view_charges(self):
        """Open the invoices of the batch.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        lines = self.env["account.credit.line"]._search([("batch_id", "=", self.id)])
        return open_known(
            self.env,
            "account.action_move_out_invoice_type",
            name=self.env._("Invoices of %(batch)s", batch=self.name),
            domain=[("id", "in", lines.subselect("charge_move_id"))],
            context={"create": False},
        )

    @api.model
    def post_credits(  # noqa: PLR0913 - the signature that clients call.
        self,
        credit_item_id,
        lines,
        company_id=None,
        date=None,
        public_comment=None,
        private_comment=None,
        idempotency_key=None,
    ):
        """Post credits for many accounts in one call.

        The same path as the wizard: a batch is created and posted. A line that cannot
        be posted fails alone and says why in the answer. Above the limits of the user
        the batch waits for approval: its state is ``to_approve``, its lines pending.

        :param int credit_item_id: a ``product.product`` that is a credit item
        :param list lines: ``[{"account_id": int, "amount": number or decimal string,
            "invoice_id": int or None}]``; amounts above zero, in the currency of the
            invoice or else of the account, at most as precise as that currency
        :param int company_id: the classification; the user's company by default
        :param date: accounting date, ``YYYY-MM-DD``; today by default
        :param str idempotency_key: unique per company; the same request under the
            same key gets the first answer again and posts nothing
        :return: ``{"batch_id", "name", "state", "lines": [{"account_id", "amount",
            "state", "move_id", "move_name", "error"}]}``, lines as in the request;
            what there is none of is False, as XML-RPC knows no null
        :raise AccessError: when the user may not post credits in that company
        :raise ValidationError: when the request is malformed, or its key belongs to
            another request
        """
        company = find_posting_company(self.env, company_id)
        batches = self.with_context(allowed_company_ids=company.ids)
        batches._check_may_post()
        content = {
            "credit_item_id": credit_item_id,
            "lines": lines,
            "date": date,
            "public_comment": public_comment,
            "private_comment": private_comment,
        }
        request = CreditRequest(batches.env, content, idempotency_key)
        batch = request.find_batch()
        if not batch:
            batch = request.create_batch()
            batch.action_post()
        return get_answer(batch)

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        observers = self.env["account.credit.observer"]._find_observers()
        for batch in self:
            batch.can_approve = batch.state == "to_approve" and any(
                observer._can_release(batch) for observer in observers
            )

    @api.depends("state")
    def _compute_approval_text(self):
        observers = self.env["account.credit.observer"]._find_observers()
        for batch in self:
            batch.approval_text = batch.state == "to_approve" and " ".join(
                filter(None, (observer._get_hold_text(batch) for observer in observers))
            )

    @answered_once
    def action_approve(self, idempotency_key=None):
        """Post batches that wait for approval, in the name of who asked for it.

        Large ones are left to the workers, and those for later wait for their time. A
        batch that was posted before is left as it is. A form says in the context which
        ``approval_round`` it shows.

        :return: True
        :raise AccessError: when the user is no administrator of credits, has prepared
            or changed a batch, or it credits the own account
        :raise UserError: when a batch does not wait for approval, or was changed since
            it was opened
        """
        self.env["account.credit.approval"]._approve(self)
        return True

    def _mark_changed(self):
        """Say that what is not posted of the batches changes.

        :raise UserError: when a batch waits for approval, or is being posted
        """
        for batch in self:
            self.env["account.credit.check"]._check_unchanging(batch)
        for observer in self.env["account.credit.observer"]._find_observers():
            observer._on_change(self)

    def _is_waiting(self):
        """Tell whether nothing of the batch may be done before it is approved."""
        self.ensure_one()
        return self.state == "to_approve" and not self.approved_by_id

    def action_pause(self):
        """Let workers leave the pending lines alone; a chunk in work is finished.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        self.env["account.credit.run"]._set_paused(self, True)
        return True

    def action_resume(self):
        """Let workers go on with the pending lines.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        self.env["account.credit.run"]._set_paused(self, False)
        return True

    def action_cancel_pending(self):
        """Cancel what is not done yet.

        Pending lines fail, so that nothing posts them by itself; of a reversal, what is
        not reversed stays posted.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        self.env["account.credit.run"]._cancel_pending(self)
        return True

    def _as_author(self):
        """Return the batch as whoever posted it sees it: language, zone, company."""
        self.ensure_one()
        author = self.requested_by_id or self.env.user
        return self.with_user(author).with_context(
            **author.with_user(author).context_get(),
            allowed_company_ids=self.company_id.ids,
        )

    def _count_lines_to_do(self, limit=None):
        """Return how many lines are to be posted or reversed, or the limit if more."""
        self.ensure_one()
        lines = self.env["account.credit.line"]
        return lines.search_count(self._get_to_do_domain(), limit=limit)

    def _get_to_do_domain(self):
        """Return which lines the workers still have to do."""
        self.ensure_one()
        name, value = const.TO_DO[self.work]
        return [("batch_id", "=", self.id), (name, "=", value)]

    def action_open_reverse(self):
        """Show what reversing would do, and ask how.

        :return: a window action on ``account.credit.batch.reverse``
        :raise AccessError: when the user is no credit administrator
        """
        self.ensure_one()
        self._check_may_manage()
        name = self.env._("Reverse %(batch)s", batch=self.name)
        return open_dialog(name, "account.credit.batch.reverse", batch_id=self.id)

    @answered_once
    def action_reverse(self, mode="all", date=None, reason=None, idempotency_key=None):
        """Reverse the posted credits of the batches.

        With the mode "all" what they paid is unapplied first, so that invoices are
        open again. With "unused" what was used stays, and the rest is taken back. What
        cannot be reversed stays posted and says why; large batches are left to the
        workers.

        :param mode: "all" or "unused"
        :param date: of the reversals; today by default
        :param reason: kept in the log of the batch, for the office
        :return: True
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when the batch is being posted or reversed, the date is
            locked or before the credits, or nothing is unused
        """
        self._check_may_manage()
        self.env["account.credit.check"]._check_reversal_mode(mode)
        date = fields.Date.to_date(date)
        for batch in self.filtered("posted_count"):
            day = date or get_today(batch.company_id)
            self.env["account.credit.run"]._reverse(batch, mode, day, reason)
        return True

    @answered_once
    def action_extend(self, expiry_date, reason, idempotency_key=None):
        """Extend the expiry date of all credits, as ``account.credit.line.extend``.

        Failed ones have it, too. Where many have expired, the daily run reopens them.
        """
        extensions = self.env["account.credit.correction.extend"]
        extensions._extend_all(self, expiry_date, reason)
        return True

    def _check_may_manage(self):
        check_right(
            self,
            const.GROUP_MANAGER,
            self.env._("Only an administrator of credits can reverse or extend them."),
            "write",
        )

    @api.depends("notice_ids.notified_date", "notice_ids.error")
    def _compute_is_notifying(self):
        waiting = BatchFigures(self).find_notifying()
        for batch in self:
            batch.is_notifying = batch._origin in waiting

    @api.depends("line_ids.state", "line_ids.notified_date", "line_ids.notice_error")
    def _compute_notice_counts(self):
        BatchFigures(self).count_notices()

    def action_open_notify(self):
        """Show what the customers will read, before they are told.

        :return: a window action on ``account.credit.batch.notify``, as a dialog
        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        self.ensure_one()
        self.env["account.credit.notice"]._check_can_begin(self)
        return self.env["account.credit.batch.notify"]._open(self)

    def action_notify(self):
        """Let each account that was not told yet get its email, in the background.

        Those that could not be told before are tried again.

        :return: True
        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        self.env["account.credit.notice"]._begin_again(self)
        return True
