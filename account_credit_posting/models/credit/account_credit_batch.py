import logging

from markupsafe import escape
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import AccessError, ConcurrencyError, UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_date, format_datetime, format_list

from ... import const
from ...tools.locks import lock_free_rows, lock_rows, try_lock_chains
from ...tools.posting import with_posting
from ...tools.requests import find_malformed_lines, hash_request, is_id, parse_amount
from ...tools.working import work, work_list

#: The activity of administrators while a batch waits for one of them.
ACTIVITY = "account_credit_posting.mail_activity_credit_approval"

_logger = logging.getLogger(__name__)

#: Lines like this are still to be done: {work: (field, value)}.
TO_DO = {"post": ("state", "pending"), "reverse": ("is_to_reverse", True)}


class AccountCreditBatch(models.Model):
    """One posting of credits, for one account or for many, and its results.

    A batch is the lasting record of Post Transaction and of :meth:`post_credits`.
    Each of its lines becomes one customer credit note, or one item of a journal entry
    for many accounts, or a reason why not.
    """

    _name = "account.credit.batch"
    _inherit = [
        "account.credit.guard",
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
        "posting": ("queued", "to_approve", "done", "partial", "reversed", "cancelled"),
        "done": ("queued", "partial", "reversed"),
        "partial": ("queued", "to_approve", "posting", "done", "reversed", "cancelled"),
        "reversed": ("queued", "posting", "to_approve", "done", "partial"),
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
        default=fields.Date.context_today,
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
    public_comment = fields.Text(
        help="The customer reads it on the credit note, under the credit item.",
        written_by=("draft", "posting"),
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
    progress = fields.Float(
        compute="_compute_counts",
        help="Lines that are no longer pending, in percent.",
    )
    # Who asked for it, for calls that may be repeated.
    idempotency_key = fields.Char(
        readonly=True,
        copy=False,
        help="A request with a key that was seen before gets the first answer again.",
        written_by="opener",
    )
    request_hash = fields.Char(
        readonly=True,
        copy=False,
        help="SHA-256 of the request that came with the key.",
        written_by="opener",
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
        domain=lambda self: self._get_charge_item_domain(),
        tracking=True,
        help="What the accounts are invoiced for. Its ledger account and its taxes are "
        "those of any customer invoice. A credit of the same line pays that invoice.",
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
        help="What the accounts are charged, before taxes that come on top, in company "
        "currency at the rate of the date.",
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
        help="Who changed it or asked to post it, beside who created it: none of them "
        "can approve it.",
        written_by="posting",
    )
    approval_round = fields.Integer(
        readonly=True,
        copy=False,
        help="How often it was put up for approval: what was opened before it was "
        "changed is not approved by a late click.",
        written_by="posting",
    )
    approval_text = fields.Char(
        compute="_compute_approval_text",
        help="Who can approve it, and why that is needed.",
    )
    can_approve = fields.Boolean(compute="_compute_can_approve")
    post_at = fields.Datetime(
        string="Post Later",
        copy=False,
        tracking=True,
        help="When it is posted, after an approval where one is needed. The accounting "
        "date stays as it is. Empty, or in the past: at once.",
        written_by=("draft", "posting"),
    )
    is_scheduled = fields.Boolean(
        string="Waits for Its Time",
        readonly=True,
        copy=False,
        help="Workers leave the lines alone until it is time.",
        written_by="posting",
    )
    _scheduled_idx = models.Index("(post_at) WHERE is_scheduled")
    requested_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        help="Who asked to post it, or to reverse it: the entries are in that name.",
        written_by="posting",
    )
    work = fields.Selection(
        selection=[("post", "Posting"), ("reverse", "Reversal")],
        required=True,
        readonly=True,
        copy=False,
        default="post",
        help="What workers do with the lines of the batch.",
        written_by="posting",
    )
    is_paused = fields.Boolean(
        string="Paused",
        readonly=True,
        copy=False,
        help="Workers leave the pending lines alone.",
        written_by="posting",
    )
    progress_info = fields.Json(
        compute="_compute_progress_info",
        help="What the progress bar shows, see `_get_progress_info`.",
    )
    posting_start = fields.Datetime(readonly=True, copy=False, written_by="posting")
    posting_end = fields.Datetime(readonly=True, copy=False, written_by="posting")
    reversal_mode = fields.Selection(
        selection=[
            ("unused", "Take back what is unused"),
            ("all", "Unapply and reverse all"),
        ],
        readonly=True,
        copy=False,
        help="What was asked for when it was reversed last.",
        written_by="posting",
    )
    reversal_date = fields.Date(readonly=True, copy=False, written_by="posting")
    reversal_count = fields.Integer(
        readonly=True,
        copy=False,
        help="How many credits were to be reversed when it was reversed last.",
        written_by="posting",
    )
    correction_ids = fields.One2many(
        comodel_name="account.credit.correction",
        inverse_name="new_batch_id",
        string="Corrections",
        readonly=True,
    )
    correction = fields.Selection(
        related="correction_ids.kind",
        string="Correction",
        help="Why it was posted, when it corrects a credit.",
        written_by="compute",
    )
    notify_customers = fields.Boolean(
        copy=False,
        help="When the batch is posted, each account gets one e-mail with the public "
        "comment, the amount, what it paid and what is left.",
    )
    notice_ids = fields.One2many(
        comodel_name="account.credit.notice",
        inverse_name="batch_id",
        readonly=True,
    )
    is_notifying = fields.Boolean(
        compute="_compute_is_notifying",
        compute_sudo=True,
        help="The e-mails are being written.",
        written_by="compute",
    )
    notified_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Told",
        help="Posted lines whose account was told by e-mail.",
    )
    notice_failed_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Not Told",
        help="Posted lines that could not be told; each says why.",
    )
    to_notify_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Still to Tell",
        help="Posted lines whose account was not told, for whatever reason.",
    )
    undelivered_count = fields.Integer(
        compute="_compute_notice_counts",
        string="Not Delivered",
        help="E-mails that the mail server did not take.",
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
            done = batch.posted_count + batch.failed_count + batch.reversed_count
            batch.line_count = pending + done
            batch.progress = 100 * done / batch.line_count if batch.line_count else 0

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
        for batch in self:
            if batch.state not in ("draft", "cancelled"):
                raise UserError(
                    self.env._(
                        "%(batch)s cannot be deleted: it was posted. Reverse it.",
                        batch=batch.display_name,
                    )
                )

    def _get_guard_message(self, names):
        return self.env._(
            "The state of a credit batch follows from its lines. Use Post, Retry, "
            "Reverse or Cancel."
        )

    def _check_draft(self, names):
        self._check_nothing_posted()
        self._mark_changed()

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
                batch._lock()
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

    def _get_document_form_error(self):
        """Return why the batch cannot be posted in the form it says, or False."""
        self.ensure_one()
        # Whoever posts need not see the taxes.
        taxes_sudo = self.credit_item_id.sudo().taxes_id
        # A taxed credit can be moved: its taxes stay with its credit note.
        if (
            self.correction == "move"
            or self.document_form != "entry"
            or not taxes_sudo._filter_taxes_by_company(self.company_id)
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
        if error := self._get_document_form_error():
            raise UserError(error)

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

    def _lock(self):
        """Make other transactions on this batch wait, see ``tools.locks``.

        That is how a second click, or a second tab, finds the lines posted.
        """
        lock_rows(self)

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

    def _update_from_lines(self):
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
                batch._update_state(state)

    def _update_state(self, state, **vals):
        """Change the state; let observers know when all is posted that can be."""
        super()._update_state(state, **vals)
        if state in ("done", "partial"):
            for observer in self.env["account.credit.observer"]._find_observers():
                observer._on_done(self)

    # -------------------------------------------------------------------------
    # INVOICE EACH ACCOUNT OF A BATCH, WITH A CREDIT BESIDE IT OR WITHOUT
    # -------------------------------------------------------------------------

    @api.model
    def _get_charge_item_domain(self):
        """Return which products can be invoiced by a batch."""
        return [
            ("sale_ok", "=", True),
            ("is_credit_item", "=", False),
            ("is_gift_card", "=", False),
        ]

    @api.depends("line_ids.charge_amount", "charge_item_id", "date")
    def _compute_charge_total(self):
        sums = {}  # {batch: [(currency, amount)]}
        charged = self.filtered("charge_item_id")
        for batch, currency, amount in self.env["account.credit.line"]._read_group(
            [("batch_id", "in", charged.ids)],
            ["batch_id", "currency_id"],
            ["charge_amount:sum"],
        ):
            sums.setdefault(batch, []).append((currency, amount))
        for batch in self:
            batch.charge_total = sum(
                currency._convert(
                    amount, batch.currency_id, batch.company_id, batch.date
                )
                for currency, amount in sums.get(batch._origin, ())
            )

    def action_view_charges(self):
        """Open the invoices of the batch.

        :return: a window action on ``account.move``
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        lines = self.env["account.credit.line"]._search([("batch_id", "=", self.id)])
        return {
            **action,
            "name": self.env._("Invoices of %(batch)s", batch=self.name),
            "domain": [("id", "in", lines.subselect("charge_move_id"))],
            "context": {"create": False},
        }

    def _check_charge(self):
        """Check what the invoices of the batch need.

        :raise UserError: when an item cannot be invoiced, or no document is wanted
        """
        self.ensure_one()
        item = self.charge_item_id
        if not item:
            return
        if item.is_credit_item or item.is_gift_card or not item.active:
            raise UserError(
                self.env._(
                    "%(item)s cannot be invoiced here: it is archived, a credit item "
                    "or a gift card. Choose another item.",
                    item=item.display_name,
                )
            )
        if self.document_form == "entry":
            raise UserError(
                self.env._(
                    "Credits beside invoices are posted as credit notes. Choose "
                    "this under Posted As."
                )
            )

    # -------------------------------------------------------------------------
    # POST CREDITS ON BEHALF OF ANOTHER PROGRAM: JSON-2 AND XML-RPC
    # -------------------------------------------------------------------------

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
        batches = self._with_posting_company(company_id)
        batches._check_may_post()
        request = batches._read_request(
            credit_item_id, lines, date, public_comment, private_comment
        )
        request_hash = hash_request(**request)
        batch = batches._find_request(idempotency_key, request_hash)
        if not batch:
            batch = batches._create_for_request(
                request, idempotency_key=idempotency_key, request_hash=request_hash
            )
            batch.action_post()
        return batch._get_answer()

    @api.model
    def _with_posting_company(self, company_id):
        """Return the model in the company that posts.

        :raise AccessError: when the user does not work in that company
        """
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        if not self.env.su and company not in self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "You do not work in the company with the id %(id)s.", id=company_id
                )
            )
        return self.with_context(allowed_company_ids=company.ids)

    @api.model
    def _read_request(
        self, credit_item_id, lines, date, public_comment, private_comment
    ):
        """Check the shape of a request and bring it into one form.

        :return: ``{"credit_item_id", "lines", "date", "public_comment",
            "private_comment"}``, amounts of lines as ``Decimal``, or as they came
            where they are no number
        :raise ValidationError: when the request is malformed
        """
        errors = find_malformed_lines(lines)
        if errors:
            raise ValidationError(
                self.env._("The request is malformed:")
                + "".join(f"\nlines[{place - 1}] {text}" for place, text in errors[:20])
            )
        item = self.env["product.product"].browse(
            credit_item_id if is_id(credit_item_id) else None
        )
        item = item.exists()._filtered_access("read")
        if not item.is_credit_item:
            raise ValidationError(
                self.env._(
                    "There is no credit item with the id %(id)s.", id=credit_item_id
                )
            )
        try:
            date = fields.Date.to_date(date or None)
        except (TypeError, ValueError) as error:
            raise ValidationError(
                self.env._(
                    "%(date)s is no date. Write it as YYYY-MM-DD.", date=str(date)
                )
            ) from error
        return {
            "credit_item_id": item.id,
            "lines": [
                [line["account_id"], line["amount"], line.get("invoice_id") or None]
                for line in lines
            ],
            "date": date,
            "public_comment": public_comment or None,
            "private_comment": private_comment or None,
        }

    @api.model
    def _find_request(self, idempotency_key, request_hash):
        """Return the batch of an earlier request with this key, if there is one.

        :raise ValidationError: when the key came with a different request
        """
        if not idempotency_key:
            return self.browse()
        batch = self.search(
            [
                ("company_id", "=", self.env.company.id),
                ("idempotency_key", "=", str(idempotency_key)),
            ],
            limit=1,
        )
        if batch and batch.request_hash != request_hash:
            raise ValidationError(
                self.env._(
                    "The idempotency key %(key)s belongs to another request, "
                    "answered by %(batch)s. Use a new key for a new request.",
                    key=idempotency_key,
                    batch=batch.name,
                )
            )
        return batch

    @api.model
    def _create_for_request(self, request, *, idempotency_key, request_hash):
        """Create the batch of a request.

        :raise ConcurrencyError: when another session posts the same key right now;
            Odoo then repeats the request, which finds the other's batch
        """
        batch_vals = {
            "company_id": self.env.company.id,
            "credit_item_id": request["credit_item_id"],
            "date": request["date"] or fields.Date.context_today(self),
            "public_comment": request["public_comment"],
            "private_comment": request["private_comment"],
            "idempotency_key": str(idempotency_key) if idempotency_key else False,
            "request_hash": request_hash if idempotency_key else False,
        }
        try:
            with self.env.cr.savepoint():
                batch = self.create(batch_vals)
        except UniqueViolation as error:
            raise ConcurrencyError(
                f"idempotency key {idempotency_key} is being posted"
            ) from error
        batch._create_request_lines(request["lines"])
        return batch

    def _create_request_lines(self, requested):
        """Create a line for each one requested, failed ones with their reason.

        What the request says of one account never stops the others: a line that
        cannot be posted is kept, with an amount of zero where it was no amount.

        :param requested: ``[[account id, amount, invoice id or None]]``
        """
        self.ensure_one()
        partners = self._get_reachable_ids("res.partner", [row[0] for row in requested])
        invoices = self._get_reachable_ids(
            "account.move", [row[2] for row in requested]
        )
        amounts = [self._read_amount(row[1]) for row in requested]
        lines = self.env["account.credit.line"].create(
            [
                {
                    "batch_id": self.id,
                    "partner_id": account_id if account_id in partners else False,
                    "invoice_id": invoice_id if invoice_id in invoices else False,
                    "amount": float(amount or 0),
                }
                for (account_id, _, invoice_id), amount in zip(
                    requested, amounts, strict=True
                )
            ]
        )
        for line, row, amount in zip(lines, requested, amounts, strict=True):
            error = line._get_request_error(row, amount)
            if error:
                line._set_failed(error)

    @api.model
    def _get_reachable_ids(self, model, ids):
        """Return the set of those ids that exist and that the user may read."""
        records = self.env[model].browse({id_ for id_ in ids if id_})
        return set(records.exists()._filtered_access("read").ids)

    @api.model
    def _read_amount(self, value):
        """Return an amount of a request as ``Decimal``, or None if it is none."""
        try:
            return parse_amount(value)
        except ValueError:
            return None

    def _get_answer(self):
        """Return what the API answers for this batch, see :meth:`post_credits`."""
        self.ensure_one()
        return {
            "batch_id": self.id,
            "name": self.name,
            "state": self.state,
            "lines": [
                {
                    "account_id": line.partner_id.id,
                    "amount": line.amount,
                    "state": line.state,
                    "move_id": line.move_id.id,
                    "move_name": line.move_id.sudo().name,
                    "error": line.error,
                }
                for line in self.line_ids.sorted("id")
            ],
        }

    # -------------------------------------------------------------------------
    # LET BATCHES ABOVE A LIMIT, OR FOR AN OWN ACCOUNT, WAIT FOR A SECOND PERSON
    # -------------------------------------------------------------------------

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        for batch in self:
            batch.can_approve = batch.state == "to_approve" and not (
                batch._get_right_error() or batch._get_second_person_error()
            )

    @api.depends("state")
    def _compute_approval_text(self):
        for batch in self:
            batch.approval_text = (
                batch.state == "to_approve" and batch._get_approval_text()
            )

    def _mark_changed(self):
        """Note who changes what is posted, and take an approval of it back.

        The batch is written in any case: whoever posts or approves it at this moment
        then fails to serialize, and starts again with the change (see ``_lock``).

        :raise UserError: when the batch waits for approval, or is being posted
        """
        for batch in self:
            batch._check_unchanging()
            vals = {}
            if batch.approved_by_id:
                vals |= {"approved_by_id": False, "approved_on": False}
            if self.env.user not in batch._get_authors():
                vals["editor_ids"] = [Command.link(self.env.uid)]
            batch._write_posting(vals)

    def _check_unchanging(self):
        self.ensure_one()
        self._check_not_waiting()
        if self.state in ("queued", "posting"):
            raise UserError(
                self.env._(
                    "%(batch)s cannot be changed: it is about to be posted as it is. "
                    "Cancel it, and duplicate it to change the copy.",
                    batch=self.display_name,
                )
            )

    def _check_not_waiting(self):
        self.ensure_one()
        if self.state == "to_approve":
            raise UserError(
                self.env._(
                    "%(batch)s waits for approval as it is. Approve it, or cancel it "
                    "and duplicate it to change the copy.",
                    batch=self.display_name,
                )
            )

    def _get_authors(self):
        """Return who created the batch, changed it or asked to post it."""
        self.ensure_one()
        return self.create_uid | self.editor_ids

    def _needs_approval(self):
        """Tell whether somebody else has to look at the batch before it is posted."""
        self.ensure_one()
        return not self.approved_by_id and bool(
            self._get_approval_reasons(self.env.user)
        )

    def _is_waiting(self):
        """Tell whether nothing of the batch may be done before it is approved."""
        self.ensure_one()
        return self.state == "to_approve" and not self.approved_by_id

    def _get_approval_reasons(self, user):
        """Return why the batch cannot be posted by a user alone.

        :param user: who asks to post it, and whose limits count
        :return: list of sentences, empty when it can be
        """
        self.ensure_one()
        limits = self.company_id._get_credit_limits(user)
        reasons = (
            self._get_limit_reasons(limits, self._sum_amounts()) if any(limits) else []
        )
        accounts_sudo = self._find_own_accounts(self._get_authors() | user)
        return reasons + self._get_own_reasons(accounts_sudo)

    def _get_limit_reasons(self, limits, sums):
        """Return which limits the amounts exceed.

        :param limits: of ``res.company._get_credit_limits``
        :param sums: of :meth:`_sum_amounts`
        """
        self.ensure_one()
        company = self.company_id
        own = company.currency_id
        date = self.date or fields.Date.context_today(self)
        total = largest = 0
        for currency, (amount, maximum) in sums.items():
            total += currency._convert(amount, own, company, date)
            largest = max(largest, currency._convert(maximum, own, company, date))
        limit_total, limit_line = limits
        reasons = []
        if limit_total and own.compare_amounts(total, limit_total) > 0:
            reasons.append(
                self.env._(
                    "The total of %(total)s is above the limit of %(limit)s.",
                    total=own.format(total),
                    limit=own.format(limit_total),
                )
            )
        if limit_line and own.compare_amounts(largest, limit_line) > 0:
            reasons.append(
                self.env._(
                    "The largest credit, %(amount)s, is above the limit of %(limit)s.",
                    amount=own.format(largest),
                    limit=own.format(limit_line),
                )
            )
        return reasons

    def _sum_amounts(self):
        """Add up the amounts of all lines, whatever became of them.

        Those that failed may be posted later without a change. From the amounts
        themselves, and without those below zero, which would hide others.

        :return: ``{currency: (total, largest)}``
        """
        self.ensure_one()
        lines_sudo = self.env["account.credit.line"].sudo()  # All that is posted.
        rows = lines_sudo._read_group(
            [("batch_id", "=", self.id), ("amount", ">", 0)],
            ["currency_id"],
            ["amount:sum", "amount:max"],
        )
        return {currency: (total, largest) for currency, total, largest in rows}

    def _find_own_accounts(self, users):
        """Return the accounts in the batch that users belong to.

        :return: ``res.partner`` records
        """
        self.ensure_one()
        accounts_sudo = self._get_accounts_of(users)
        lines_sudo = self.env["account.credit.line"].sudo()  # As in `_sum_amounts`.
        rows = lines_sudo._read_group(
            [("batch_id", "=", self.id), ("partner_id", "in", accounts_sudo.ids)],
            ["partner_id"],
        )
        return accounts_sudo.browse(account.id for [account] in rows)

    @api.model
    def _get_accounts_of(self, users):
        """Return the accounts that users belong to, by their own contacts.

        :return: ``res.partner`` records, with all rights: who belongs to which account
            counts, whoever may see it
        """
        partners_sudo = users.sudo().partner_id
        return partners_sudo | partners_sudo.commercial_partner_id

    @api.model
    def _get_own_reasons(self, accounts_sudo):
        if not accounts_sudo:
            return []
        return [
            self.env._(
                "Nobody credits the own account alone: %(accounts)s.",
                accounts=format_list(self.env, accounts_sudo.mapped("display_name")),
            )
        ]

    def _wait_for_approval(self, author):
        """Let the batch wait for an administrator, and ask those who can approve it.

        :param author: the ``res.users`` who asked to post it
        :raise UserError: when the batch as a whole cannot be posted
        """
        self._check_ready()
        self._lock()
        self._update_state(
            "to_approve",
            **{
                "work": "post",
                "requested_by_id": author.id,
                "approved_by_id": False,
                "approved_on": False,
                "approval_round": self.approval_round + 1,
                "editor_ids": [Command.link(author.id)],
            },
        )
        text = self._get_approval_text()
        self.message_post(body=text, subtype_xmlid="mail.mt_note")
        for user in self._find_approvers():
            # Whoever posts need not see administrators.
            self.sudo().activity_schedule(ACTIVITY, user_id=user.id, note=escape(text))

    def _find_approvers(self):
        """Return administrators who can approve the batch, up to ten of them."""
        self.ensure_one()
        manager = self.env.ref("account_credit_posting.group_credit_manager")
        users_sudo = self.env["res.users"].sudo()  # As in `_wait_for_approval`.
        users_sudo = users_sudo.search(
            Domain("all_group_ids", "in", manager.ids)
            & Domain("company_ids", "in", self.company_id.ids)
            & Domain("id", "not in", self._get_authors().ids)
        )
        own_sudo = self._find_own_accounts(users_sudo)
        return users_sudo.filtered(
            lambda user: not self._get_accounts_of(user) & own_sudo
        )[: const.APPROVERS_ASKED].sudo(self.env.su)

    def _get_approval_text(self):
        """Say whom the batch waits for, and why."""
        self.ensure_one()
        names = self._find_approvers().sudo().mapped("name")  # As there.
        first = (
            self.env._(
                "Waits for approval by %(names)s.",
                names=format_list(self.env, names, style="or"),
            )
            if names
            else self.env._("Waits for approval, but no other administrator can do it.")
        )
        author = self.requested_by_id
        reasons = self._get_approval_reasons(author)
        if author and not self._is_poster(author):
            reasons.append(
                self.env._("%(user)s may no longer post credits.", user=author.name)
            )
        return " ".join([first, *reasons])

    def action_approve(self):
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
        if error := not self.env.su and self._get_right_error():
            raise AccessError(error)
        self.check_access("write")
        for batch in self:
            batch._lock()
            batch._check_not_cancelled()
            if batch.state == "draft":
                raise UserError(
                    self.env._(
                        "%(batch)s is a draft. It is approved after somebody has "
                        "posted it.",
                        batch=batch.display_name,
                    )
                )
            if batch.state == "to_approve":
                batch._approve()
        return True

    def _approve(self):
        if error := self._get_second_person_error():
            raise AccessError(error)
        if self.env.context.get("approval_round", self.approval_round) != (
            self.approval_round
        ):
            raise UserError(
                self.env._(
                    "%(batch)s has changed since you opened it. Look at it again, then "
                    "approve it.",
                    batch=self.display_name,
                )
            )
        self._write_posting(
            {"approved_by_id": self.env.uid, "approved_on": fields.Datetime.now()}
        )
        self._end_waiting(self.env._("Approved."))
        self._write_posting({"requested_by_id": self._find_poster().id})
        self._as_author()._post_or_queue()

    def _get_right_error(self):
        if self.env.user.has_group("account_credit_posting.group_credit_manager"):
            return False
        return self.env._("Only an administrator of credits can approve them.")

    def _get_second_person_error(self):
        """Return why this user is not the second person, or False.

        With all rights, too: who asks counts, not what the code around may do.
        """
        self.ensure_one()
        if self.env.user in self._get_authors():
            return self.env._(
                "%(batch)s was prepared, changed or posted by you. Another "
                "administrator has to approve it.",
                batch=self.display_name,
            )
        if accounts_sudo := self._find_own_accounts(self.env.user):
            return self.env._(
                "%(batch)s credits your own account %(account)s. Another administrator "
                "has to approve it.",
                batch=self.display_name,
                account=accounts_sudo[0].display_name,
            )
        return False

    def _find_poster(self):
        """Return in whose name it is posted: who asked, else who approved.

        Whoever may no longer post credits posts none; it may be empty.
        """
        self.ensure_one()
        users = (self.requested_by_id, self.approved_by_id)
        posters = (user for user in users if user and self._is_poster(user))
        return next(posters, self.requested_by_id.browse())

    def _is_poster(self, user):
        """Tell whether a user may post credits in the company of the batch."""
        self.ensure_one()
        user_sudo = user.sudo()  # The rights of others are not for everybody to read.
        return user._is_superuser() or (
            user_sudo.active
            and self.company_id in user_sudo.company_ids
            and user_sudo.has_group("account_credit_posting.group_credit_user")
        )

    def _cancel(self, reason=None):
        """Cancel the batch, or of one that is posted in part what waits for approval.

        :param reason: kept in the log
        :raise UserError: when a line is posted, or the batch is being posted
        """
        self._lock()
        is_waiting = self.state == "to_approve"
        if is_waiting and (self.posted_count or self.reversed_count):
            self._fail_pending(self.env._("It was not approved."))
            self._update_state("partial")
        else:
            self._check_nothing_posted()
            if self.state == "posting":
                self._check_not_in_work()
            self._update_state(
                "cancelled",
                **{"is_scheduled": False},
            )
        if is_waiting:
            self._end_waiting(self.env._("Not approved."), reason)
        elif reason:
            self._end_waiting(self.env._("Cancelled."), reason)

    def _fail_pending(self, reason):
        pending = self.line_ids.search(
            [("batch_id", "=", self.id), ("state", "=", "pending")]
        )
        for line in pending:
            line._set_failed(line._get_not_credited_message(reason))

    def _end_waiting(self, text, reason=None):
        """Tell whoever asked what became of it, and keep that in the log."""
        self.ensure_one()
        # Activities of other users.
        self.sudo().activity_unlink([ACTIVITY])
        self.message_post(
            body=f"{text} {reason}" if reason else text,
            partner_ids=(self.requested_by_id - self.env.user).sudo().partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    # -------------------------------------------------------------------------
    # POST BATCHES LATER: AT THEIR TIME A SCHEDULED ACTION HANDS THEM TO const.WORKERS
    # -------------------------------------------------------------------------

    def _is_for_later(self):
        self.ensure_one()
        return bool(self.post_at) and self.post_at > fields.Datetime.now()

    def _schedule(self):
        """Let the batch wait for its time, queued.

        :raise UserError: when the batch as a whole cannot be posted
        """
        self._check_ready()
        self._lock()
        self._update_state(
            "queued",
            **{
                "work": "post",
                "requested_by_id": self.env.uid,
                "is_scheduled": True,
                "is_paused": False,
                "posting_start": False,
                "posting_end": False,
            },
        )
        cron = self.env.ref(
            "account_credit_posting.ir_cron_post_later", raise_if_not_found=False
        )
        if cron:
            # Whoever posts need not see scheduled actions.
            cron.sudo()._trigger(at=self.post_at)

    def _get_scheduled_text(self):
        self.ensure_one()
        return self.env._(
            "The credits are posted on %(time)s. Until then you can cancel the batch.",
            time=format_datetime(self.env, self.post_at, dt_format="short"),
        )

    def _check_in_background(self):
        for batch in self:
            if batch.is_scheduled:
                raise UserError(
                    self.env._(
                        "%(batch)s waits for its time. Cancel it, and duplicate it to "
                        "post the copy at another.",
                        batch=batch.display_name,
                    )
                )
            if batch.state not in ("queued", "posting"):
                raise UserError(
                    self.env._(
                        "%(batch)s is not being posted.", batch=batch.display_name
                    )
                )

    @api.model
    def _cron_post_later(self):
        """Hand the batches whose time has come to the workers, one after the other.

        Each of them is committed by itself; what is left is for the next run.
        """
        due = self.search(
            [("is_scheduled", "=", True), ("post_at", "<=", fields.Datetime.now())],
            order="post_at, id",
        )
        work_list(self.env, list(due), lambda batch: batch._release())

    def _release(self):
        """Hand a batch to the workers, as it would be if it was posted now.

        It is in the name of who asked, else of who approved it. Where neither may post
        credits any more, or a limit was lowered and nobody has approved it, it waits
        for approval. What cannot be posted fails with the reason.
        """
        self.ensure_one()
        self._lock()
        if not self.is_scheduled or self.state != "queued":
            return
        self._write_posting({"is_scheduled": False})
        author = self.requested_by_id
        poster = self._find_poster()
        try:
            with self.env.cr.savepoint():
                if not poster:
                    self._wait_for_approval(author)
                    return
                self._write_posting({"requested_by_id": poster.id})
                batch = self._as_author()
                batch._check_document_form()
                if batch._needs_approval():
                    batch._wait_for_approval(poster)
                else:
                    batch._queue("post")
        except UserError as error:
            self._fail_pending(str(error))
            self._end()

    # -------------------------------------------------------------------------
    # POST BATCHES CHUNK BY CHUNK: WHILE THE USER WAITS, OR ON ANY NUMBER OF const.WORKERS
    # -------------------------------------------------------------------------

    @api.depends("state", "is_paused", "line_ids.state")
    def _compute_progress_info(self):
        for batch in self:
            batch.progress_info = batch._get_progress_info()

    def _get_progress_info(self):
        """Return what the progress bar shows.

        :return: ``{"batch_id", "is_working", "is_paused", "work", "line_count",
            "done": lines posted or reversed, "failed", "seconds": since the first chunk
            was begun}``
        """
        self.ensure_one()
        end = self.posting_end or fields.Datetime.now()
        start = self.posting_start or end
        return {
            "batch_id": self._origin.id,
            "is_working": self.state in ("queued", "posting") and not self.is_scheduled,
            "is_paused": self.is_paused,
            "line_count": self._count_requested(),
            "done": self._count_done(),
            "failed": self._count_failed(),
            "work": self.work,
            "seconds": (end - start).total_seconds(),
        }

    def _count_requested(self):
        """Return how many lines the workers were given."""
        return self.line_count if self.work == "post" else self.reversal_count

    def _count_done(self):
        if self.work == "post":
            return self.posted_count
        to_do = self._count_lines_to_do()
        return self.reversal_count - to_do - self._count_failed()

    def _count_failed(self):
        """Return how many lines could not be posted, or could not be reversed."""
        if self.work == "post":
            return self.failed_count
        return self.env["account.credit.line"].search_count(
            [("batch_id", "in", self.ids), ("reversal_error", "!=", False)]
        )

    def _notify_progress(self):
        """Tell whoever posted the batch how far it is, when this is committed."""
        self.ensure_one()
        author = self.requested_by_id
        author.partner_id._bus_send(
            "account_credit_posting/progress", {"batch_id": self.id}
        )
        if self.state in ("queued", "posting"):
            return
        batch = self._as_author()
        failed = batch._count_failed()
        message = (
            batch.env._("%(done)s credits are posted, %(failed)s failed.")
            if batch.work == "post"
            else batch.env._(
                "%(done)s credits are taken back, %(failed)s could not be."
            )
        )
        author.partner_id._bus_send(
            "simple_notification",
            {
                "type": "warning" if failed else "success",
                "title": batch.name,
                "message": message % {"done": batch._count_done(), "failed": failed},
            },
        )

    def action_pause(self):
        """Let workers leave the pending lines alone; a chunk in work is finished.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        return self._set_paused(True)

    def action_resume(self):
        """Let workers go on with the pending lines.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._set_paused(False)
        self._trigger_workers()
        return True

    def _set_paused(self, is_paused):
        self._check_may_post()
        self._check_in_background()
        self.sudo()._write_posting({"is_paused": is_paused})
        return True

    def action_cancel_pending(self):
        """Cancel what is not done yet.

        Pending lines fail, so that nothing posts them by itself; of a reversal, what is
        not reversed stays posted.

        :return: True
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        self._check_in_background()
        for batch in self.sudo():  # As in `_work_chunk`.
            batch._lock()
            # Those that a worker has in its hands are done: this waits for them.
            lines = self.env["account.credit.line"].sudo()
            lines = lines.search(batch._get_to_do_domain())
            if batch.work == "post":
                lines._set_failed(self.env._("Cancelled before it was posted."))
            else:
                lines._set_not_reversed(self.env._("Cancelled before it was reversed."))
            batch._end()
        return True

    def _check_not_in_work(self):
        for batch in self:
            if batch.state in ("queued", "posting"):
                raise UserError(
                    self.env._(
                        "%(batch)s is in work. Wait until it is done, or cancel what "
                        "is pending.",
                        batch=batch.display_name,
                    )
                )
            batch._check_not_waiting()

    def _is_large(self):
        """Tell whether the batch is posted in the background."""
        self.ensure_one()
        # A correction is one step: it is posted while the user waits.
        limit = self.company_id.credit_background_lines
        return not self.correction and self.line_count > limit

    def _queue(self, work):
        """Leave the lines to the workers.

        :param work: "post" what is pending, or "reverse" what is posted
        """
        self.ensure_one()
        self._check_ready()
        self._lock()
        self._update_state(
            "queued",
            **{
                "work": work,
                "requested_by_id": self.env.uid,
                "is_paused": False,
                "posting_start": False,
                "posting_end": False,
            },
        )
        self._trigger_workers()

    def _trigger_workers(self):
        """Wake the workers when this transaction is committed.

        Ours take lines of any batch. Others may be for the batches in ``self``, which
        is empty where a worker leaves what there is to the next one.
        """
        for xml_id in const.WORKERS:
            cron = self.env.ref(xml_id, raise_if_not_found=False)
            if cron:
                cron.sudo()._trigger()  # Whoever posts need not see scheduled actions.

    @api.model
    def _cron_post(self):
        """Post chunks of queued batches until there is none, or the time is up.

        Any number of workers may do this at once: each takes lines that no other has.
        """
        work(
            self.env,
            self._find_queued,
            lambda batch: batch._work_step(),
            count_remaining=self._count_queued_lines,
            # Without it Odoo's cron looks again in a minute only.
            on_time_up=self._trigger_workers,
        )

    @api.model
    def _count_queued_lines(self):
        return sum(
            self.env["account.credit.line"].search_count(
                [
                    (name, "=", value),
                    ("batch_id.work", "=", work),
                    ("batch_id.state", "in", ("queued", "posting")),
                    ("batch_id.is_paused", "=", False),
                    ("batch_id.is_scheduled", "=", False),
                ]
            )
            for work, (name, value) in TO_DO.items()
        )

    @api.model
    def _find_queued(self):
        """Return the oldest batch that has a line for this worker, or must be settled.

        Lines that another worker has in its hands are for nobody else.
        """
        self.flush_model(["state", "is_paused", "is_scheduled", "work"])
        self._flush_lines()
        is_to_do = SQL(
            "line.batch_id = batch.id AND CASE batch.work WHEN 'post'"
            " THEN line.state = 'pending' ELSE line.is_to_reverse END"
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT batch.id
                  FROM account_credit_batch batch
                 WHERE batch.state IN ('queued', 'posting')
                   AND batch.is_paused IS NOT TRUE
                   AND batch.is_scheduled IS NOT TRUE
                   AND (
                       NOT EXISTS (
                           SELECT FROM account_credit_line line WHERE %(is_to_do)s
                       )
                       OR EXISTS (
                           SELECT FROM account_credit_line line
                            WHERE %(is_to_do)s
                            LIMIT 1
                              FOR UPDATE SKIP LOCKED
                       )
                   )
              ORDER BY batch.id
                 LIMIT 1
                """,
                is_to_do=is_to_do,
            )
        )
        batch = self.browse(row[0] for row in rows)
        # What another worker posts in the same journal, it posts alone.
        return batch if batch and batch._try_lock_chain() else self.browse()

    def _try_lock_chain(self):
        """Lock the journals with inalterable entries that the batch posts in.

        :return: whether nobody else has them
        """
        self.ensure_one()
        return try_lock_chains(self.sudo()._get_posting_journals())

    def _get_posting_journals(self):
        """Return the journals that workers of this batch may post in."""
        self.ensure_one()
        journals = self._get_journal() | self.company_id._get_credit_entry_journal()
        if self.charge_item_id:
            journals |= journals.search(
                [("company_id", "=", self.company_id.id), ("type", "=", "sale")]
            )
        return journals

    def _post_now(self):
        """Post the pending lines while the user waits, all in one transaction.

        The caller has checked the right.
        """
        self.ensure_one()
        self._check_ready()
        self._lock()
        self._write_posting({"requested_by_id": self.env.uid, "work": "post"})
        self._work_off()

    def _reverse_now(self):
        """Reverse the posted lines while the user waits, all in one transaction.

        The caller has checked the right.
        """
        self.ensure_one()
        self._lock()
        self._write_posting({"requested_by_id": self.env.uid, "work": "reverse"})
        self._work_off()

    def _work_off(self):
        while self._work_chunk():
            self.env.flush_all()
            self.env.invalidate_all()

    def _work_step(self):
        """Say that posting has begun, or else work a chunk, and tell how far it is.

        The caller commits, and begins again from nothing where it could not be done.

        :return: how many lines are done
        :raise OperationalError: when somebody was at the same rows
        :raise ConcurrencyError: likewise
        """
        count = 0 if self._start() else self._work_chunk()
        self._notify_progress()
        return count

    def _work_chunk(self):
        """Post or reverse up to a chunk of lines, and settle the batch after the last.

        :return: how many lines are done
        """
        self.ensure_one()
        # The right to post credits is enough: it needs no right to read the chart of
        # accounts or to create entries. What may be posted is checked line by line.
        batch_sudo = self._as_author().sudo()
        lines_sudo = batch_sudo._lock_lines(const.CHUNK_LINES)
        if lines_sudo and self.work == "post":
            lines_sudo._post()
        elif lines_sudo:
            lines_sudo._reverse_isolating()
        batch_sudo._end()
        return len(lines_sudo)

    def _start(self):
        """Say that posting has begun, in a transaction of its own.

        Of workers that begin at the same time one says it, the others just begin.

        :return: whether this one has said it
        """
        if self.state != "queued" or not self.try_lock_for_update(
            allow_referencing=True
        ):
            return False
        self._update_state(
            "posting",
            **{"posting_start": fields.Datetime.now()},
        )
        return True

    def _as_author(self):
        """Return the batch as whoever posted it sees it: language, zone, company."""
        self.ensure_one()
        author = self.requested_by_id or self.env.user
        return self.with_user(author).with_context(
            **author.with_user(author).context_get(),
            allowed_company_ids=self.company_id.ids,
        )

    def _flush_lines(self):
        lines = self.env["account.credit.line"]
        lines.flush_model(["batch_id", "state", "is_to_reverse"])

    def _lock_lines(self, limit):
        """Return up to so many lines that are to be done and that nobody has, locked.

        :return: ``account.credit.line`` records, in the order of their ids
        """
        self.ensure_one()
        self._flush_lines()
        name, value = TO_DO[self.work]
        condition = SQL(
            "batch_id = %s AND %s = %s", self.id, SQL.identifier(name), value
        )
        return lock_free_rows(self.env["account.credit.line"], condition, limit)

    def _end(self):
        """Settle the state of a batch when nothing is left to do."""
        for batch in self:
            batch._update_from_lines()
            if batch.state not in ("queued", "posting"):
                batch._write_posting({"posting_end": fields.Datetime.now()})

    def _count_lines_to_do(self, limit=None):
        """Return how many lines are to be posted or reversed, or the limit if more."""
        self.ensure_one()
        lines = self.env["account.credit.line"]
        return lines.search_count(self._get_to_do_domain(), limit=limit)

    def _get_to_do_domain(self):
        """Return which lines the workers still have to do."""
        self.ensure_one()
        name, value = TO_DO[self.work]
        return [("batch_id", "=", self.id), (name, "=", value)]

    def _write_posting(self, vals):
        with_posting(self, "posting").write(vals)

    # -------------------------------------------------------------------------
    # REVERSE BATCHES: ALL THAT THEY CREDITED, OR WHAT OF IT IS UNUSED
    # -------------------------------------------------------------------------

    def action_open_reverse(self):
        """Show what reversing would do, and ask how.

        :return: a window action on ``account.credit.batch.reverse``
        :raise AccessError: when the user is no credit administrator
        """
        self.ensure_one()
        self._check_may_manage()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reverse %(batch)s", batch=self.name),
            "res_model": "account.credit.batch.reverse",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_batch_id": self.id},
        }

    def action_reverse(self, mode="all", date=None, reason=None):
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
        if mode not in ("all", "unused"):
            raise UserError(self.env._("%(mode)s is no mode of reversal.", mode=mode))
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        for batch in self.filtered("posted_count"):
            batch._reverse_credits(mode, date, reason)
        return True

    def _reverse_credits(self, mode, date, reason, lines=None):
        """Reverse the posted credits of the batch, or some of them.

        The caller has checked the right.

        :param mode: see :meth:`action_reverse`
        :param date: see :meth:`action_reverse`
        :param reason: see :meth:`action_reverse`
        :param lines: only these
        """
        self.ensure_one()
        self._check_not_in_work()
        self._check_reversal_date(date)
        self._lock()
        # The right to reverse is enough, as in `_work_chunk`.
        batch_sudo = self.sudo()
        batch_sudo._write_posting({"reversal_mode": mode, "reversal_date": date})
        count = batch_sudo._request_reversal(lines)
        batch_sudo._write_posting({"reversal_count": count})
        if not count:
            if mode == "all" and lines is None:
                return
            raise UserError(
                self.env._(
                    "Nothing is unused of the credits of %(batch)s.",
                    batch=self.name,
                )
            )
        if reason:
            self.message_post(
                body=self.env._("Reversed: %(reason)s", reason=reason),
                subtype_xmlid="mail.mt_note",
            )
        if lines is None and self._is_large():
            self._queue("reverse")
        else:
            self._reverse_now()

    def _check_may_manage(self):
        if not self.env.su and not self.env.user.has_group(
            "account_credit_posting.group_credit_manager"
        ):
            raise AccessError(
                self.env._("Only an administrator of credits can reverse them.")
            )
        self.check_access("write")

    def _check_reversal_date(self, date):
        self.ensure_one()
        if date < self.date:
            raise UserError(
                self.env._(
                    "The credits of %(batch)s are dated %(date)s: choose that day or a "
                    "later one.",
                    batch=self.name,
                    date=format_date(self.env, self.date),
                )
            )
        locks = self._get_lock_description(date)
        if locks:
            raise UserError(
                self.env._(
                    "The date %(date)s is locked (%(locks)s). Choose a later date.",
                    date=format_date(self.env, date),
                    locks=locks,
                )
            )

    def _request_reversal(self, lines=None):
        """Mark the lines that are to be reversed, in one statement.

        :param lines: only these
        :return: how many
        """
        self.ensure_one()
        self._flush_reversal()
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_credit_line line
                   SET is_to_reverse = TRUE, reversal_error = NULL
                  FROM (%(lines)s) AS posted
                 WHERE line.id = posted.id
                   AND (%(is_all)s OR posted.open != 0)
                   AND (%(is_whole)s OR line.id = ANY(%(line_ids)s))
                """,
                lines=self._get_posted_lines_sql(),
                is_whole=lines is None,
                line_ids=lines.ids if lines else [],
                is_all=self.reversal_mode == "all",
            )
        )
        count = self.env.cr.rowcount
        self.env["account.credit.line"].invalidate_model(
            ["is_to_reverse", "reversal_error"]
        )
        return count

    def _flush_reversal(self):
        self.env["account.credit.line"].flush_model()
        self.env["account.move"].flush_model(["amount_total", "amount_residual"])
        self.env["account.move.line"].flush_model(
            ["amount_currency", "amount_residual_currency"]
        )

    def _get_posted_lines_sql(self):
        """Return a query of the posted lines, with total and open amount of each.

        Both above zero, in the currency of the line.
        """
        return SQL(
            """
            SELECT line.id, line.currency_id,
                   COALESCE(-item.amount_currency, move.amount_total) AS total,
                   COALESCE(-item.amount_residual_currency, move.amount_residual)
                   AS open
              FROM account_credit_line line
              JOIN account_move move ON move.id = line.move_id
         LEFT JOIN account_move_line item ON item.id = line.move_line_id
             WHERE line.batch_id = %(batch)s
               AND line.state = 'posted'
            """,
            batch=self.id,
        )

    def _get_reversal_figures(self):
        """Return what of the credits is used and what is not, however many they are.

        :return: ``{currency: {"credited", "unused": amounts in that currency,
            "untouched", "partly", "used_up": numbers of accounts}}``
        """
        self.ensure_one()
        self._flush_reversal()
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT currency_id,
                       SUM(total) AS credited,
                       SUM(open) AS unused,
                       COUNT(*) FILTER (WHERE open = total) AS untouched,
                       COUNT(*) FILTER (WHERE open != total AND open != 0) AS partly,
                       COUNT(*) FILTER (WHERE open = 0) AS used_up
                  FROM (%(lines)s) AS posted
              GROUP BY currency_id
              ORDER BY currency_id
                """,
                lines=self._get_posted_lines_sql(),
            )
        )
        return {
            self.env["res.currency"].browse(row.pop("currency_id")): row for row in rows
        }

    # -------------------------------------------------------------------------
    # ASK FOR THE E-MAILS TO THE CUSTOMERS OF A BATCH, AND SAY WHAT BECAME OF THEM
    # -------------------------------------------------------------------------

    @api.depends("notice_ids.notified_date", "notice_ids.error")
    def _compute_is_notifying(self):
        waiting = self.search(
            [
                ("id", "in", self.ids),
                (
                    "notice_ids",
                    "any",
                    [("notified_date", "=", False), ("error", "=", False)],
                ),
            ]
        )
        for batch in self:
            batch.is_notifying = batch._origin in waiting

    @api.depends("line_ids.state", "line_ids.notified_date", "line_ids.notice_error")
    def _compute_notice_counts(self):
        lines = self.env["account.credit.line"]
        own = Domain("batch_id", "in", self.ids)
        unnotified = own & Domain(lines._get_to_notify_domain())

        def count(domain):
            groups = lines._read_group(domain, ["batch_id"], ["__count"])
            return {batch.id: number for batch, number in groups}

        notified = count(own & Domain("notified_date", "!=", False))
        waiting = count(unnotified)
        refused = count(unnotified & Domain("notice_error", "!=", False))
        for batch in self:
            batch.notified_count = notified.get(batch._origin.id, 0)
            batch.to_notify_count = waiting.get(batch._origin.id, 0)
            batch.notice_failed_count = refused.get(batch._origin.id, 0)
            batch.undelivered_count = (
                batch.notified_count and batch._count_undelivered()
            )

    def _count_undelivered(self):
        """Return how many e-mails of the batch the mail server did not take."""
        self.ensure_one()
        notified = self.env["account.credit.line"]._search(
            [("batch_id", "=", self._origin.id), ("notified_date", "!=", False)]
        )
        # Whoever sees the batch may know their number, which is all that is read.
        mails_sudo = self.env["mail.mail"].sudo()
        return mails_sudo.search_count(
            [
                ("model", "=", "account.credit.line"),
                ("res_id", "in", notified),
                ("state", "=", "exception"),
            ]
        )

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
        """Let each account that was not told yet get its e-mail, in the background.

        Those that could not be told before are tried again.

        :return: True
        :raise AccessError: when the user may not post credits
        :raise UserError: when there is nothing to tell
        """
        self.env["account.credit.notice"]._begin_again(self)
        return True
