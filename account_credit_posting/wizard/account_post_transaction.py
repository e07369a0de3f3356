from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import formatLang

#: The steps in their order; the last one cannot be left.
STEPS = ["type", "accounts", "amounts", "setup", "result"]


class AccountPostTransaction(models.TransientModel):
    """Collect what a posting needs, step by step, and show what became of it.

    It posts nothing itself: it creates a credit batch and calls its ``action_post``.
    """

    _name = "account.post.transaction"
    _inherit = ["account.credit.long.list", "analytic.mixin"]
    _description = "Post Transaction"
    _check_company_auto = True
    # Odoo's hour is less than a clerk's lunch: nothing that was typed is lost by then.
    _transient_max_hours = 48.0
    # Those without an amount first, and of the results those that failed.
    _long_lists = {"line_ids": "amount, id", "batch_line_ids": "state, id"}

    step = fields.Selection(
        selection=[
            ("type", "Type"),
            ("accounts", "Accounts"),
            ("amounts", "Amounts"),
            ("setup", "Set-up"),
            ("result", "Result"),
        ],
        required=True,
        copy=False,
        default="type",
    )
    transaction_type = fields.Selection(
        selection=[
            ("invoice", "Invoice"),
            ("credit", "Credit"),
            ("payment", "Payment"),
            ("refund", "Refund"),
        ],
        required=True,
        default="credit",
    )

    # Accounts and amounts.
    line_ids = fields.One2many(
        comodel_name="account.post.transaction.line",
        inverse_name="transaction_id",
        string="Accounts",
    )
    line_count = fields.Integer(compute="_compute_totals", string="Number of Accounts")
    accounts_text = fields.Char(
        compute="_compute_totals",
        help="The number of accounts, in words: 1 account, 12 accounts.",
    )
    total = fields.Char(
        compute="_compute_totals",
        help="The sum of the amounts, for each currency.",
    )
    currency_symbol = fields.Char(
        compute="_compute_totals",
        help="Of the currency that all accounts have in common.",
    )
    is_cut = fields.Boolean(
        compute="_compute_totals",
        help="There are more accounts than the form lists.",
    )
    has_invoices = fields.Boolean(compute="_compute_has_invoices")
    add_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Add an account",
        help="Search by account, enrollee, e-mail or reference.",
    )
    category_ids = fields.Many2many(
        comodel_name="res.partner.category",
        string="Everybody with a tag",
    )
    filter_id = fields.Many2one(
        comodel_name="ir.filters",
        string="Everybody of a saved filter",
        domain="[('model_id', '=', 'res.partner'), "
        "'|', ('user_ids', '=', False), ('user_ids', 'in', uid)]",
    )
    notice = fields.Char(help="What became of the accounts that were added last.")
    amount_for_all = fields.Float(
        string="Set all to",
        digits=(16, 3),
        help="The amount for every account, in the currency of each.",
    )

    # Set-up.
    company_id = fields.Many2one(
        comodel_name="res.company",
        string="Classification",
        required=True,
        default=lambda self: self.env.company,
        domain="[('id', 'in', allowed_company_ids)]",
        help="The company that gives the credits: they are posted in its ledger.",
    )
    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="The accounting date of the credit notes.",
    )
    credit_item_id = fields.Many2one(
        comodel_name="product.product",
        check_company=True,
        domain="[('is_credit_item', '=', True)]",
        help="Says why the credits are given, and which ledger account they reduce.",
    )
    document_form = fields.Selection(
        selection=lambda self: self._selection_batch("document_form"),
        string="Posted As",
        required=True,
        default="credit_note",
        help="One journal entry for many accounts is no document of the customer: "
        "there is nothing to print or send. For credit items without taxes.",
    )
    tax_note = fields.Char(
        compute="_compute_tax_note",
        help="How the taxes of the credit item change the amounts.",
    )
    public_comment = fields.Text(help="Printed on the credit note.")
    private_comment = fields.Text(
        help="For the office only: on no document and in no message."
    )
    company_warning = fields.Char(compute="_compute_company_warning")
    repeated_warning = fields.Char(compute="_compute_repeated_warning")

    # Result.
    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        readonly=True,
        copy=False,
    )
    batch_line_ids = fields.One2many(related="batch_id.line_ids", string="Results")
    batch_state = fields.Selection(
        selection=lambda self: self._selection_batch("state"),
        compute="_compute_batch_state",
        string="Batch Status",
    )
    posted_count = fields.Integer(related="batch_id.posted_count")
    failed_count = fields.Integer(related="batch_id.failed_count")
    progress_info = fields.Json(compute="_compute_progress_info")
    posted_total = fields.Char(compute="_compute_result")
    result_text = fields.Char(compute="_compute_result")

    @api.model
    def _selection_batch(self, name):
        batches = self.env["account.credit.batch"]
        return batches._fields[name]._description_selection(self.env)

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create transactions; see :meth:`write` for ``add_partner_id``.

        :raise AccessError: when the values say that it is posted
        """
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
            self._check_result_not_written(vals)
            if not self.env.su:
                # Whatever is a default of a user or a context.
                vals.setdefault("batch_id", False)
        added = [vals.pop("add_partner_id", False) for vals in vals_list]
        transactions = super().create(vals_list)
        for transaction, partner_id in zip(transactions, added, strict=True):
            transaction._check_company_is_own({"company_id": transaction.company_id.id})
            transaction._add_partner(partner_id)
        return transactions

    def write(self, vals):
        """Take what was typed; ``add_partner_id`` adds an account and is emptied.

        :raise AccessError: when the values say that it is posted
        :raise UserError: when it is posted, so that nothing can change any more
        """
        vals = dict(vals)
        self._check_result_not_written(vals)
        if not self.env.su:
            self._check_not_posted()
        self._check_company_is_own(vals)
        partner_id = vals.pop("add_partner_id", False)
        result = super().write(vals)
        for transaction in self:
            if "company_id" in vals:
                transaction._update_currencies()
            transaction._add_partner(partner_id)
        return result

    def _check_result_not_written(self, vals):
        results = (vals.get("batch_id"), vals.get("is_handed_over"))
        if any(results) and not self.env.su:
            raise AccessError(self.env._("What was posted is written by Post alone."))

    def _add_partner(self, partner_id):
        if partner_id:
            contact = self.env["res.partner"].browse(partner_id)
            contact.check_access("read")
            self._add_accounts(contact)

    def _check_company_is_own(self, vals):
        # What accounts owe and what posting does is computed with more rights than
        # the user has: only for companies that the user may work in. No constraint:
        # those run with all rights.
        company = self.env["res.company"].browse(vals.get("company_id"))
        if company and not self.env.su and company not in self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "You do not work in the company with the id %(id)s. Choose another "
                    "classification.",
                    id=company.id,
                )
            )

    # -------------------------------------------------------------------------
    # STEPS
    # -------------------------------------------------------------------------

    def action_set_all(self):
        """Set the amount of every account, rounded in its currency."""
        self._check_open_step("amounts")
        self._set_amounts(self.amount_for_all)
        return True

    def action_next(self):
        """Go to the next step, when this one is complete.

        :raise UserError: when something is missing; what was typed is kept
        """
        self._check_open_step()
        if self.step == "accounts":
            self._check_accounts()
        elif self.step == "amounts":
            self._check_amounts()
        position = STEPS.index(self.step)
        # The result comes of posting, not of going on.
        self.step = STEPS[min(position + 1, STEPS.index("setup"))]
        self.notice = False
        return True

    def action_back(self):
        """Go to the step before; nothing is lost."""
        self._check_open_step()
        self.step = STEPS[max(STEPS.index(self.step) - 1, 0)]
        return True

    def action_post(self):
        """Create the batch, post it and show the result; a second click shows it again.

        :raise UserError: when something is missing; what was typed is kept
        """
        self._check_may_post()
        self.ensure_one()
        self.check_access("write")
        if not self.batch_id:
            self._check_setup()
            # A second click waits here: it fails to serialize, starts again by
            # itself (``odoo.service.model.retrying``) and finds the batch.
            self.step = "result"
            self.flush_recordset(["step"])
            batch = self.env["account.credit.batch"].create(self._prepare_batch_vals())
            self._post_lines(batch)
            # Nobody else may say that it is posted.
            self.sudo().batch_id = batch
        return True

    def _post_lines(self, batch):
        """Take the accounts over into the batch, and post it.

        :param batch: a draft ``account.credit.batch`` without lines
        """
        self._create_credit_lines(batch)
        batch.action_post()

    def action_retry(self):
        """Post the failed accounts again, after the cause was mended."""
        self._check_may_post()
        self.ensure_one()
        return self.batch_id.action_retry()

    def action_post_another(self):
        """Open a new transaction."""
        return self._get_open_action()

    def action_view_batch(self):
        """Open the lasting record of this posting."""
        self._check_may_post()
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.credit.batch",
            "res_id": self.batch_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_export(self):
        """Download the result as a spreadsheet."""
        self._check_may_post()
        self.ensure_one()
        return self.batch_id.action_export_results()

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    @api.model
    def _check_may_post(self):
        self.env["account.credit.batch"]._check_may_post()

    def _check_not_posted(self):
        for transaction in self:
            if transaction.batch_id:
                raise UserError(
                    self.env._(
                        "This transaction is posted as %(batch)s. Post another one.",
                        batch=transaction.batch_id.name,
                    )
                )

    def _check_open_step(self, step=None):
        """Check the right, and that this transaction can still change.

        :param step: the step that the action belongs to; any by default
        """
        self.ensure_one()
        self._check_may_post()
        self._check_not_posted()
        if step and self.step != step:
            steps = dict(self._fields["step"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "This is done in the step %(step)s. Go back to it first.",
                    step=steps[step],
                )
            )

    def _check_accounts(self):
        if not self.line_count:
            raise UserError(self.env._("Add at least one account."))

    def _check_amounts(self):
        faulty = self._find_lines(Domain("amount", "<=", 0))
        if faulty:
            raise UserError(
                self.env._(
                    "%(count)s of %(total)s have no amount above zero: %(names)s. "
                    "Enter an amount, or remove the account.",
                    count=formatLang(self.env, len(faulty), digits=0),
                    total=self.accounts_text,
                    names=self._format_line_names(faulty),
                )
            )

    def _check_setup(self):
        self._check_accounts()
        self._check_amounts()
        self._check_charge()
        if self._is_credit_posted() and not self.credit_item_id:
            raise UserError(
                self.env._("Choose a credit item: it says why the credit is given.")
            )
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._(
                    "You do not work in %(company)s right now. Choose another "
                    "classification.",
                    company=self.company_id.display_name,
                )
            )
        fault = self._get_company_fault() or self._get_document_form_fault()
        if fault:
            raise UserError(fault)

    def _get_document_form_fault(self):
        """Return why the credit item cannot be posted in the form chosen, or False."""
        batch = self.env["account.credit.batch"].new(self._prepare_batch_vals())
        return batch._get_document_form_fault()

    def _get_company_fault(self):
        """Return which accounts and invoices the classification does not fit.

        :return: a sentence for the clerk, or False
        """
        self.ensure_one()
        company = self.company_id
        # Those that the user cannot see are named, too: the user has chosen them.
        foreign = self._find_lines(
            Domain("partner_id.company_id", "not in", [False, *company.parent_ids.ids])
        )
        if foreign:
            return self.env._(
                "%(names)s belong to another company than %(company)s. Choose another "
                "classification, or go back and remove them.",
                names=self._format_line_names(foreign),
                company=company.display_name,
            )
        foreign = self._find_lines(
            Domain("invoice_id", "!=", False)
            & Domain("invoice_id.company_id", "!=", company.id)
        )
        if foreign:
            return self.env._(
                "%(invoices)s cannot be paid by a credit of %(company)s. Choose the "
                "company of the invoice as classification.",
                invoices=self._format_names(foreign.mapped("invoice_id.name")),
                company=company.display_name,
            )
        return False

    # -------------------------------------------------------------------------
    # BATCH
    # -------------------------------------------------------------------------

    def _prepare_batch_vals(self):
        """Prepare the credit batch: values for ``account.credit.batch.create``."""
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "date": self.date,
            **self._prepare_charge_vals(),
            "credit_item_id": self._is_credit_posted() and self.credit_item_id.id,
            "public_comment": self.public_comment,
            "private_comment": self.private_comment,
            "analytic_distribution": self.analytic_distribution,
            "document_form": self._get_document_form(),
        }
