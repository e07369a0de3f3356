import logging

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_list, formatLang, safe_eval

from ... import const
from ...models.application.credit_preview import CreditPreview
from ...tools.isolating import explain_error, isolate

#: The steps in their order; the last one cannot be left.
STEPS = ["type", "accounts", "amounts", "setup", "result"]

#: What is posted on a page of its own: {transaction type: model}.
MONEY_PAGES = {
    "payment": "account.post.payment",
    "refund": "account.post.refund",
}

_logger = logging.getLogger(__name__)

#: The lists of accounts: what the form changes never depends on their rows.
LIST_FIELDS = {"line_ids", "batch_line_ids"}


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
    charge_item_id = fields.Many2one(
        comodel_name="product.product",
        check_company=True,
        domain=lambda self: self.env["account.credit.batch"]._get_charge_item_domain(),
        help="What the accounts are invoiced for.",
    )
    invoice_payment_term_id = fields.Many2one(
        comodel_name="account.payment.term",
        string="Payment Terms",
        check_company=True,
        help="Of the invoices. Without terms and due date, those of each account.",
    )
    invoice_date_due = fields.Date(string="Due Date", help="Of the invoices.")
    is_credit_posted = fields.Boolean(
        string="Post Credit",
        help="Posts a credit along with each invoice, which pays it: a credit note of "
        "its own, with its own item and amount.",
    )
    credit_amount_for_all = fields.Float(
        string="Set all credits to",
        digits=(16, 3),
        help="The credit for every account, in the currency of each.",
    )
    credit_total = fields.Char(
        compute="_compute_credit_total",
        help="The sum of the credits beside the invoices, for each currency.",
    )
    post_at = fields.Datetime(
        string="Post Later",
        help="When the credits are posted, after an approval where one is needed. The "
        "accounting date stays as it is. Empty: at once.",
    )
    approval_warning = fields.Char(
        compute="_compute_approval_warning",
        help="Why an administrator has to approve it.",
    )
    is_waiting = fields.Boolean(
        compute="_compute_is_waiting",
        help="Nothing is posted yet, and no worker is at it.",
    )
    notify_customers = fields.Boolean(
        string="Tell the Customers",
        help="Each account gets one e-mail with the public comment, the amount, what "
        "it paid and what is left, when all is posted.",
    )
    preview = fields.Json(
        compute="_compute_preview",
        help="What each account will get, which invoices it will pay, and the journal "
        "entry. See `_get_preview`.",
    )
    is_transferring = fields.Boolean(
        readonly=True,
        copy=False,
        help="Post was clicked, and a scheduled action takes the accounts over.",
    )
    transfer_error = fields.Char(
        readonly=True,
        copy=False,
        help="Why the accounts were not taken over; nothing was posted.",
    )

    @api.model
    def _selection_batch(self, name):
        batches = self.env["account.credit.batch"]
        return batches._fields[name]._description_selection(self.env)

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
        results = (vals.get("batch_id"), vals.get("is_transferring"))
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

    def action_set_all(self):
        """Set the amount of every account, rounded in its currency."""
        self._check_open_step("amounts")
        self._set_amounts(self.amount_for_all)
        return True

    def action_next(self):
        """Go to the next step, when this one is complete.

        A payment or a refund goes on on a page of its own: one account, one amount.

        :return: True, or a window action
        :raise UserError: when something is missing; what was typed is kept
        """
        self._check_open_step()
        if self.step == "type" and self.transaction_type in MONEY_PAGES:
            pages = self.env[MONEY_PAGES[self.transaction_type]]
            return pages._get_open_action(self)
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
        """Post the accounts now, or leave very many of them to a scheduled action.

        :param batch: a draft ``account.credit.batch`` without lines
        """
        if self.line_count < const.TRANSFERRED_LINES:
            self._create_credit_lines(batch)
            batch.action_post()
            return
        # Only posting transfers; the user may write none of this.
        self.sudo().write({"is_transferring": True, "transfer_error": False})
        cron = self.env.ref("account_credit_posting.ir_cron_transfer_lines")
        cron.sudo()._trigger()  # Whoever posts need not see scheduled actions.

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
        invalid = self._find_lines(Domain("amount", "<=", 0))
        if invalid:
            raise UserError(
                self.env._(
                    "%(count)s of %(total)s have no amount above zero: %(names)s. "
                    "Enter an amount, or remove the account.",
                    count=formatLang(self.env, len(invalid), digits=0),
                    total=self.accounts_text,
                    names=self._format_line_names(invalid),
                )
            )

    def _check_setup(self):
        if self.transaction_type in MONEY_PAGES:
            raise UserError(
                self.env._(
                    "Payments and refunds are posted on their own page. Go back to "
                    "the type, then choose Next."
                )
            )
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
        error = self._get_company_error() or self._get_document_form_error()
        if error:
            raise UserError(error)

    def _get_document_form_error(self):
        """Return why the credit item cannot be posted in the form chosen, or False."""
        batch = self.env["account.credit.batch"].new(self._prepare_batch_vals())
        return batch._get_document_form_error()

    def _get_company_error(self):
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
            "post_at": self.post_at,
            "notify_customers": self.notify_customers,
        }

    # -------------------------------------------------------------------------
    # OPEN A TRANSACTION, AND FILL IN THE ACCOUNTS: ONE, A TAG, A SAVED FILTER
    # -------------------------------------------------------------------------

    @api.model
    def _get_open_action(self, partners=None, invoices=None):
        """Open a new transaction with accounts filled in.

        :param partners: accounts or enrollees
        :param invoices: customer invoices; where an account has one of them, its
            credit pays that one first
        :return: a window action on ``account.post.transaction``
        :raise AccessError: when the user may not post credits
        """
        self._check_may_post()
        invoices = invoices or self.env["account.move"]
        contacts = partners or self.env["res.partner"]
        contacts |= invoices.commercial_partner_id
        company = self._get_common_company(contacts, invoices)
        transaction = self.create({"company_id": company.id})
        if contacts:
            contacts.check_access("read")
            transaction._add_accounts(contacts)
        transaction._set_invoices(
            invoices.filtered(lambda invoice: invoice.company_id == company)
        )
        return transaction._get_view_action()

    @api.model
    def _get_common_company(self, contacts, invoices):
        """Return the company that all of these belong to, else the current one.

        :param contacts: accounts and enrollees; most belong to every company
        :param invoices: customer invoices, which count before the contacts
        """
        companies = invoices.company_id or contacts.commercial_partner_id.company_id
        if (
            len(companies) == 1
            and companies in self.env.companies
            and (invoices or companies not in self.env.company.parent_ids)
        ):
            return companies
        return self.env.company

    def _get_view_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Post Transaction"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }

    def _set_invoices(self, invoices):
        """Let each account's credit pay its invoice first, where it has one only."""
        by_account = invoices.grouped("commercial_partner_id")
        domain = Domain("partner_id", "in", [account.id for account in by_account])
        lines = self._find_lines(domain).grouped("partner_id")
        for account, of_account in by_account.items():
            if len(of_account) == 1 and account in lines:
                lines[account].invoice_id = of_account

    def _add_accounts(self, contacts):
        """Add the accounts of contacts, each once, and keep a notice of it.

        :param contacts: accounts and enrollees that the user may read; an enrollee
            stays as a label
        """
        self.ensure_one()
        own = {False, None, *self.company_id.parent_ids.ids}
        present = self._get_account_ids()
        added, known, archived, foreign = [], [], [], []
        for contact_id, account_id, is_active, company_id in self._find_accounts(
            contacts
        ):
            if account_id in present:
                known.append(account_id)
            elif not is_active:
                archived.append(account_id)
            elif company_id not in own:
                foreign.append(account_id)
            else:
                present.add(account_id)
                added.append((account_id, contact_id))
        self._insert_lines(added)
        self.notice = self._get_added_notice(len(added), known, archived, foreign)

    def _get_added_notice(self, count, known, archived, foreign):
        """Say what became of the accounts that were to be added.

        :param count: how many were added
        :param known: ids of accounts that were there before, one for each contact
        :param archived: ids of accounts that are no longer in use
        :param foreign: ids of accounts of another company
        """
        sentences = []
        if count > 1 or not (count or known or archived or foreign):
            sentences.append(
                self.env._("%(accounts)s added.", accounts=self._format_accounts(count))
            )
        if known:
            sentences.append(
                self.env._(
                    "Listed once, as already there: %(names)s.",
                    names=self._format_accounts_names(known),
                )
            )
        if archived:
            sentences.append(
                self.env._(
                    "Not added, as archived: %(names)s.",
                    names=self._format_accounts_names(archived),
                )
            )
        if foreign:
            sentences.append(
                self.env._(
                    "Not added, as accounts of another company than %(company)s: "
                    "%(names)s.",
                    company=self.company_id.display_name,
                    names=self._format_accounts_names(foreign),
                )
            )
        return " ".join(sentences) or False

    def _format_accounts_names(self, account_ids):
        """Return the names of accounts as text, each account once."""
        ids = list(dict.fromkeys(account_ids))
        listed = self.env["res.partner"].browse(ids[: const.NAMES_LISTED])
        return self._format_names(
            [account.name or str(account.id) for account in listed], len(ids)
        )

    def action_add_tagged(self):
        """Add everybody with one of the tags, by the account or by an enrollee."""
        self._check_open_step("accounts")
        contacts = self.env["res.partner"].search(
            [("category_id", "in", self.category_ids.ids)]
        )
        self._add_accounts(contacts)
        self.category_ids = False
        return True

    def action_add_filtered(self):
        """Add everybody whom a saved filter of contacts finds.

        :raise AccessError: when the filter belongs to somebody else
        :raise UserError: when the filter cannot be read
        """
        self._check_open_step("accounts")
        if self.filter_id:
            self._add_accounts(self._find_filtered_contacts())
            self.filter_id = False
        return True

    def action_clear(self):
        """Remove all accounts."""
        self._check_open_step("accounts")
        self._delete_lines()
        self.notice = False
        return True

    def action_import(self):
        """Open Odoo's import for accounts and amounts of a file: CSV or XLSX.

        :return: a client action of the module ``base_import``
        """
        self._check_open_step("accounts")
        return {
            "type": "ir.actions.client",
            "tag": "import",
            "name": self.env._("Import Accounts and Amounts"),
            "params": {
                "active_model": "account.post.transaction.line",
                "context": {"default_transaction_id": self.id},
            },
        }

    def action_view_lines(self):
        """Open all accounts, however many there are: to search, change and remove.

        :return: a window action on ``account.post.transaction.line``
        """
        self._check_open_step()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accounts"),
            "res_model": "account.post.transaction.line",
            "view_mode": "list",
            "views": [(False, "list")],
            "domain": [("transaction_id", "=", self.id)],
            "context": {"default_transaction_id": self.id},
        }

    def _find_filtered_contacts(self):
        saved = self.filter_id
        saved.check_access("read")
        is_mine = not saved.user_ids or self.env.user in saved.user_ids
        if saved.model_id != "res.partner" or not is_mine:
            raise AccessError(self.env._("This is no filter of contacts of yours."))
        try:
            domain = Domain(safe_eval.safe_eval(saved.domain, self._get_filter_names()))
            return self.env["res.partner"].search(domain)
        except (ValueError, TypeError) as error:
            raise UserError(
                self.env._(
                    "The filter %(name)s cannot be read. Search the contacts again, "
                    "and save the search under this name.",
                    name=saved.name,
                )
            ) from error

    def _get_filter_names(self):
        """Return what the web client lets the domain of a saved filter name."""
        return {
            "allowed_company_ids": self.env.companies.ids,
            "context_today": lambda: fields.Date.context_today(self),
            "current_company_id": self.env.company.id,
            "current_date": fields.Date.to_string(fields.Date.context_today(self)),
            "datetime": safe_eval.datetime,
            "relativedelta": relativedelta,
            "time": safe_eval.time,
            "uid": self.env.uid,
        }

    # -------------------------------------------------------------------------
    # OPEN THE DIALOG THAT TAKES A CLASS ROSTER
    # -------------------------------------------------------------------------

    def action_open_roster(self):
        """Open the roster of this transaction, with what was typed into it before.

        :return: a window action on ``account.post.transaction.roster``, as a dialog
        :raise AccessError: when the user may not post credits
        :raise UserError: when the accounts can no longer change
        """
        self._check_open_step("accounts")
        rosters = self.env["account.post.transaction.roster"]
        roster = rosters.search(
            [("transaction_id", "=", self.id)], order="id desc", limit=1
        )
        return (roster or rosters.create({"transaction_id": self.id}))._get_action()

    # -------------------------------------------------------------------------
    # FIND, ADD AND CHANGE THE ACCOUNTS OF A TRANSACTION, ONE OR FIFTY THOUSAND
    # -------------------------------------------------------------------------

    def _find_lines(self, domain, limit=None):
        """Return lines of the transaction, as they are saved.

        With all rights, so that accounts and invoices are looked at that the user
        cannot see; the transaction is the user's own.

        :param domain: on ``account.post.transaction.line``
        :return: ``account.post.transaction.line`` records in the order of their ids
        """
        self.ensure_one()
        self.check_access("read")
        lines_sudo = self.env["account.post.transaction.line"].sudo()
        domain &= Domain("transaction_id", "=", self._origin.id)
        return lines_sudo.search(domain, order="id", limit=limit).sudo(self.env.su)

    def _sum_lines(self, column="amount"):
        """Add up the lines of the transaction, as they are saved.

        :param column: as in :meth:`_set_amounts`
        :return: ``{currency: (number of lines, amount)}``
        """
        self.ensure_one()
        self.check_access("read")
        rows = self.env["account.post.transaction.line"]._read_group(
            [("transaction_id", "=", self._origin.id)],
            ["currency_id"],
            ["__count", f"{column}:sum"],
        )
        return {currency: (count, amount) for currency, count, amount in rows}

    def _get_account_ids(self):
        """Return the set of the ids of the accounts."""
        self.ensure_one()
        lines = self.env["account.post.transaction.line"]
        lines.flush_model(["transaction_id", "partner_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id FROM account_post_transaction_line "
                "WHERE transaction_id = %s",
                self._origin.id,
            )
        )
        return {account_id for [account_id] in rows}

    def _find_accounts(self, contacts):
        """Return the accounts of contacts, in the order of the contacts.

        :return: ``[(contact id, account id, whether the account is in use, id of the
            company that it belongs to alone or None)]``
        """
        contacts.flush_model(["active", "commercial_partner_id", "company_id"])
        return self.env.execute_query(
            SQL(
                """
                SELECT contact.id, account.id, account.active, account.company_id
                  FROM unnest(%(ids)s::int[]) WITH ORDINALITY AS chosen (id, place)
                  JOIN res_partner contact ON contact.id = chosen.id
                  JOIN res_partner account
                    ON account.id = COALESCE(contact.commercial_partner_id, contact.id)
              ORDER BY chosen.place
                """,
                ids=contacts.ids,
            )
        )

    def _insert_lines(self, pairs):
        """Insert a line for each account.

        They name no user, as their transaction does: the database would check each
        row, which takes a second for 50,000.

        :param pairs: ``[(account id, contact id it was found by)]``
        """
        self.ensure_one()
        self._hurry(len(pairs))
        accounts = self.env["res.partner"].browse(
            account for account, _contact in pairs
        )
        foreign = accounts._find_credited_in_foreign(self.company_id)
        self._execute(
            """
            INSERT INTO account_post_transaction_line (
                   transaction_id, partner_id, contact_id, currency_id, amount,
                   create_date, write_date
            )
            SELECT %(transaction)s, chosen.account, NULLIF(contact, chosen.account),
                   COALESCE(abroad.currency, %(currency)s), 0, %(now)s, %(now)s
              FROM unnest(%(accounts)s::int[], %(contacts)s::int[]) WITH ORDINALITY
                   AS chosen (account, contact, place)
         LEFT JOIN unnest(%(foreign)s::int[], %(currencies)s::int[])
                   AS abroad (account, currency)
             USING (account)
          ORDER BY chosen.place
            """,
            accounts=accounts.ids,
            contacts=[contact for _account, contact in pairs],
            currency=self.company_id.currency_id.id,
            **self._split_currencies(foreign),
        )

    def _hurry(self, count):
        """Answer before very many lines are on the disk.

        They are what is being typed: where the machine fails at that very moment, the
        last step is lost, and nothing that was posted.

        :param count: of the lines that are written
        """
        if count > const.HURRIED:
            self.env.cr.execute("SET LOCAL synchronous_commit TO off")

    def _update_currencies(self):
        """Give each line the currency that its account has at the classification."""
        self.ensure_one()
        accounts = self.env["res.partner"].browse(self._get_account_ids())
        foreign = accounts._find_credited_in_foreign(self.company_id)
        self._execute(
            """
            UPDATE account_post_transaction_line line
               SET currency_id = COALESCE(
                       (SELECT currency_id FROM account_move
                         WHERE id = line.invoice_id),
                       (SELECT abroad.currency
                          FROM unnest(%(foreign)s::int[], %(currencies)s::int[])
                               AS abroad (account, currency)
                         WHERE abroad.account = line.partner_id),
                       %(currency)s
                   )
             WHERE transaction_id = %(transaction)s
            """,
            currency=self.company_id.currency_id.id,
            **self._split_currencies(foreign),
        )

    def _set_amounts(self, amount, column="amount"):
        """Give all lines the same amount, rounded in the currency of each.

        :param column: "amount", or "credit_amount" for the credits beside invoices
        """
        self.ensure_one()
        self._hurry(self.line_count)
        for currency in self._sum_lines():
            self._execute(
                """
                UPDATE account_post_transaction_line
                   SET %(column)s = %(amount)s, write_date = %(now)s
                 WHERE transaction_id = %(transaction)s AND currency_id = %(currency)s
                """,
                column=SQL.identifier(column),
                amount=currency.round(amount),
                currency=currency.id,
            )

    def _delete_lines(self):
        """Delete all lines."""
        self.ensure_one()
        self._execute(
            "DELETE FROM account_post_transaction_line "
            "WHERE transaction_id = %(transaction)s"
        )

    def _split_currencies(self, foreign):
        """Return ``{account: currency}`` as two lists, for a statement."""
        return {
            "foreign": [account.id for account in foreign],
            "currencies": [currency.id for currency in foreign.values()],
        }

    def _execute(self, statement, **parameters):
        """Change lines by a statement, with nothing left in a cache that it outdates.

        :param statement: with ``%(transaction)s``, ``%(now)s`` and names
            of the parameters
        """
        self.check_access("write")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                statement,
                transaction=self.id,
                now=self.env.cr.now(),
                **parameters,
            )
        )
        self.env["account.post.transaction.line"].invalidate_model()
        self.invalidate_recordset()

    def _create_credit_lines(self, batch):
        """Create the pending lines of a batch, all in one statement.

        What they may not be is found when they are posted, line by line.

        :param batch: a draft ``account.credit.batch`` without lines
        """
        self.ensure_one()
        lines = batch.line_ids
        columns = self._prepare_credit_line_columns(batch)
        lines.check_access("create")
        self._execute(
            """
            INSERT INTO account_credit_line (%(names)s)
            SELECT %(values)s
              FROM account_post_transaction_line line
             WHERE line.transaction_id = %(transaction)s
          ORDER BY line.id
            """,
            names=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(columns.values()),
        )
        lines.invalidate_model()
        batch.invalidate_recordset()
        # What is stored, computed, and not among the columns.
        domain = Domain("batch_id", "=", batch.id)
        own = Domain("currency_id", "=", batch.currency_id.id)
        for field in lines._fields.values():
            if field.store and field.compute and field.name not in columns:
                self.env.add_to_compute(field, lines.search(domain))
        amount_company = lines._fields["amount_company"]
        self.env.add_to_compute(amount_company, lines.search(domain & ~own))
        self.env.add_to_compute(batch._fields["amount_total"], batch)

    def _prepare_credit_line_columns(self, batch):
        """Prepare the columns of the credit lines; an addon may add its own.

        :param batch: the ``account.credit.batch`` that gets the lines
        :return: ``{column of account_credit_line: SQL value}``, where ``line`` is the
            row of ``account_post_transaction_line``
        """
        now = SQL("%s", self.env.cr.now())
        user = SQL("%s", self.env.uid)
        is_charge = bool(batch.charge_item_id)
        credit = SQL("line.amount")
        if is_charge:
            credit = SQL(
                "CASE WHEN %s THEN COALESCE(line.credit_amount, 0) ELSE 0 END",
                self.is_credit_posted,
            )
        return {
            "batch_id": SQL("%s", batch.id),
            "company_id": SQL("%s", batch.company_id.id),
            "date": SQL("%s", batch.date),
            "credit_item_id": SQL("%s::int", batch.credit_item_id.id or None),
            "partner_id": SQL("line.partner_id"),
            "contact_id": SQL("line.contact_id"),
            "invoice_id": SQL("NULL") if is_charge else SQL("line.invoice_id"),
            "currency_id": SQL("line.currency_id"),
            "charge_amount": SQL("line.amount") if is_charge else SQL("NULL"),
            "amount": credit,
            # Of those in another currency it is computed.
            "amount_company": credit,
            "state": SQL("'pending'"),
            # Not ``write_uid``: the posting writes it soon, and the database checks it
            # row by row, which is a tenth of the statement.
            "create_uid": user,
            "create_date": now,
            "write_date": now,
        }

    # -------------------------------------------------------------------------
    # INVOICE THE ACCOUNTS, WITH A CREDIT BESIDE EACH INVOICE WHERE IT IS WANTED
    # -------------------------------------------------------------------------

    @api.depends("line_ids.credit_amount", "line_ids.currency_id", "is_credit_posted")
    def _compute_credit_total(self):
        for transaction in self:
            sums = transaction._sum_lines("credit_amount")
            transaction.credit_total = transaction._format_totals(
                {currency: amount for currency, (_count, amount) in sums.items()}
            )

    def action_set_all_credits(self):
        """Set the credit beside every invoice, rounded in the currency of each."""
        self._check_open_step("setup")
        self._set_amounts(self.credit_amount_for_all, "credit_amount")
        return True

    def action_view_charges(self):
        """Open the invoices that were posted."""
        self._check_may_post()
        self.ensure_one()
        return self.batch_id.action_view_charges()

    def _is_credit_posted(self):
        """Tell whether credits are posted, alone or beside invoices."""
        self.ensure_one()
        return self.transaction_type == "credit" or self.is_credit_posted

    def _get_credit_column(self):
        """Return the field of the lines that holds the credits, or None."""
        self.ensure_one()
        if self.transaction_type == "credit":
            return "amount"
        return "credit_amount" if self.is_credit_posted else None

    def _get_document_form(self):
        """Return the form of the credits: beside an invoice each is a document."""
        self.ensure_one()
        is_charge = self.transaction_type == "invoice"
        return "credit_note" if is_charge else self.document_form

    def _prepare_charge_vals(self):
        """Prepare what the invoices of the batch are made with."""
        self.ensure_one()
        if self.transaction_type != "invoice":
            return {}
        return {
            "charge_item_id": self.charge_item_id.id,
            "invoice_payment_term_id": self.invoice_payment_term_id.id,
            "invoice_date_due": self.invoice_date_due,
        }

    def _check_charge(self):
        """Check what the type Invoice needs.

        :raise UserError: says what is missing; what was typed is kept
        """
        self.ensure_one()
        if self.transaction_type != "invoice":
            return
        if not self.charge_item_id:
            raise UserError(
                self.env._(
                    "Choose an item: it says what the accounts are invoiced for."
                )
            )
        if self.invoice_date_due and self.invoice_date_due < self.date:
            raise UserError(
                self.env._("The due date is before the date of the invoices.")
            )
        if not self.is_credit_posted:
            return
        if invalid := self._find_lines(Domain("credit_amount", "<", 0)):
            raise UserError(
                self.env._(
                    "%(names)s have a credit below zero. Enter an amount, or zero for "
                    "no credit.",
                    names=self._format_line_names(invalid),
                )
            )
        if not self._find_lines(Domain("credit_amount", ">", 0), limit=1):
            raise UserError(
                self.env._("Enter an amount for the credits, or untick Post Credit.")
            )

    def _count_credited(self):
        """Return how many lines of the batch have a credit in force."""
        return self.env["account.credit.line"].search_count(
            [
                ("batch_id", "=", self.batch_id.id),
                ("state", "=", "posted"),
                ("move_id", "!=", False),
            ]
        )

    def _get_charge_sentences(self):
        """Say what the accounts were invoiced, as the ledger has it."""
        # Whoever posted them may know their totals.
        lines_sudo = self.env["account.credit.line"].sudo()
        invoices = lines_sudo._search([("batch_id", "=", self.batch_id.id)])
        sums = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [("id", "in", invoices.subselect("charge_move_id"))],
                ["currency_id"],
                ["__count", "amount_total:sum"],
            )
        )
        if not sums:
            return []
        return [
            self.env._(
                "%(total)s invoiced to %(accounts)s.",
                total=self._format_amounts(
                    {currency: total for currency, _count, total in sums}
                ),
                accounts=self._format_accounts(sum(count for _, count, _ in sums)),
            )
        ]

    # -------------------------------------------------------------------------
    # PAYMENTS AND REFUNDS GO ON ON A PAGE OF THEIR OWN: ONE ACCOUNT, ONE AMOUNT
    # -------------------------------------------------------------------------

    # -------------------------------------------------------------------------
    # SAY BEFORE POST THAT IT WILL WAIT: FOR A SECOND PERSON, OR FOR ITS TIME
    # -------------------------------------------------------------------------

    @api.depends(
        "step",
        "company_id",
        "date",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "line_ids.partner_id",
    )
    def _compute_approval_warning(self):
        for transaction in self:
            reasons = (
                transaction._get_approval_reasons()
                if transaction.step == "setup"
                and transaction.company_id in self.env.companies
                else []
            )
            transaction.approval_warning = bool(reasons) and " ".join(
                [
                    *reasons,
                    self.env._(
                        "After Post, the batch waits for an administrator who is not "
                        "you. Nothing is booked until then."
                    ),
                ]
            )

    def _get_approval_reasons(self):
        """Return why the credits cannot be posted by this user alone.

        As ``account.credit.approval._get_reasons`` will; without its lines, which
        are not created yet.

        :return: list of sentences, empty when they can be
        """
        self.ensure_one()
        batch = self.env["account.credit.batch"].new(self._prepare_batch_vals())
        limits = self.company_id._get_credit_limits(self.env.user)
        approval = self.env["account.credit.approval"]
        reasons = (
            approval._get_limit_reasons(batch, limits, self._sum_amounts())
            if any(limits)
            else []
        )
        accounts_sudo = approval._get_accounts_of(self.env.user)
        own = self._find_lines(Domain("partner_id", "in", accounts_sudo.ids))
        return reasons + approval._get_own_reasons(own.sudo().partner_id)

    def _sum_amounts(self):
        """Add up the credits above zero, as they are saved.

        :return: ``{currency: (total, largest)}``
        """
        column = self._get_credit_column()
        if not column:
            return {}
        rows = self.env["account.post.transaction.line"]._read_group(
            [("transaction_id", "=", self._origin.id), (column, ">", 0)],
            ["currency_id"],
            [f"{column}:sum", f"{column}:max"],
        )
        return {currency: (total, largest) for currency, total, largest in rows}

    @api.depends("batch_id.state", "batch_id.is_scheduled")
    def _compute_is_waiting(self):
        for transaction in self:
            batch = transaction.batch_id
            transaction.is_waiting = batch.state == "to_approve" or batch.is_scheduled

    def _get_waiting_text(self):
        """Say whom or what the credits wait for; False where they do not."""
        batch = self.batch_id
        if batch.state == "to_approve":
            return self.env._(
                "%(approval)s Nothing is posted until then.",
                approval=batch.approval_text,
            )
        if batch.is_scheduled:
            return batch._get_scheduled_text()
        return False

    # -------------------------------------------------------------------------
    # LET THE CLERK ASK FOR THE E-MAILS IN THE SET-UP
    # -------------------------------------------------------------------------

    # -------------------------------------------------------------------------
    # SHOW WHAT POSTING WILL DO, BEFORE ANYTHING IS POSTED
    # -------------------------------------------------------------------------

    @api.depends(
        "step",
        "company_id",
        "date",
        "charge_item_id",
        "credit_item_id",
        "document_form",
        "invoice_date_due",
        "invoice_payment_term_id",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "line_ids.invoice_id",
    )
    def _compute_preview(self):
        for transaction in self:
            transaction.preview = (
                transaction.step == "setup"
                and transaction._is_previewable()
                and transaction.company_id in self.env.companies
                and transaction._get_preview()
            )

    def _is_previewable(self):
        """Tell whether the items are chosen that are to be posted."""
        self.ensure_one()
        is_charge = self.transaction_type == "invoice"
        return bool(
            self.date
            and (self.charge_item_id or not is_charge)
            and (self.credit_item_id or not self._is_credit_posted())
        )

    def _get_preview(self):
        """Return what posting this transaction now would do, see ``CreditPreview``."""
        self.ensure_one()
        self.check_access("read")
        # Whoever may post may know what posting does: it needs no right to read
        # entries or the chart of accounts.
        return CreditPreview(self.sudo()._get_preview_lines(), self.line_count).read()

    def _get_preview_lines(self):
        """Return the credit lines that posting would create, not saved."""
        batch = self.env["account.credit.batch"].new(
            {
                "company_id": self.company_id,
                "date": self.date,
                **self._prepare_charge_vals(),
                "credit_item_id": self._is_credit_posted() and self.credit_item_id,
                "document_form": self._get_document_form(),
            }
        )
        rows = self._find_lines(Domain.TRUE, limit=const.PREVIEWED)
        # It may have changed, and not be saved yet.
        is_same_company = self.company_id == self._origin.company_id
        new = self.env["account.credit.line"].new
        return self.env["account.credit.line"].union(
            *(
                new(
                    {
                        **row._prepare_line_vals(),
                        "currency_id": row.currency_id
                        if is_same_company
                        else row._get_currency(self.company_id),
                        "batch_id": batch,
                    }
                )
                for row in rows
            )
        )

    # -------------------------------------------------------------------------
    # TAKE VERY MANY ACCOUNTS OVER INTO THE BATCH WHILE NOBODY WAITS FOR IT
    # -------------------------------------------------------------------------

    @api.depends("batch_id.state", "is_transferring")
    def _compute_batch_state(self):
        for transaction in self:
            transaction.batch_state = (
                "queued" if transaction.is_transferring else transaction.batch_id.state
            )

    @api.depends("batch_id.progress_info", "is_transferring")
    def _compute_progress_info(self):
        for transaction in self:
            info = transaction.batch_id.progress_info
            if transaction.is_transferring:
                info = {
                    "batch_id": transaction.batch_id.id,
                    "is_working": True,
                    "is_paused": False,
                    "line_count": transaction.line_count,
                    "done": 0,
                    "failed": 0,
                    "work": "post",
                    "seconds": 0,
                }
            transaction.progress_info = info

    @api.model
    def _cron_transfer(self):
        """Take the accounts of transactions over, each in a database transaction."""
        domain = [("is_transferring", "=", True)]
        todo = self.search(domain, order="id").ids
        remaining = len(todo)
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        for transaction in self.browse(todo):
            # Another server may be at it.
            if transaction.try_lock_for_update().filtered("is_transferring"):
                transaction._transfer()
            remaining -= 1
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                return

    def _transfer(self):
        """Do what Post would have done, as the user who clicked it.

        What is refused leaves the set-up as it was, with the reason.
        """
        user = self.create_uid
        transaction = self.with_user(user).with_context(
            allowed_company_ids=self.company_id.ids, lang=user.lang, tz=user.tz
        )
        isolate(self.env.cr, transaction, lambda one: one._fill(), self._reopen_setup)

    def _fill(self):
        """Take the accounts over and post them."""
        self.sudo().is_transferring = False  # As in `_post_lines`.
        self._create_credit_lines(self.batch_id)
        self.batch_id.action_post()

    def _reopen_setup(self, transaction, error):
        """Open the set-up again, with the reason: nothing is posted.

        :param transaction: this one, with the rights of its user
        :param error: the exception that came of it
        """
        self.env.invalidate_all()
        label = f"Handing over transaction {self.id}"
        reason = explain_error(transaction.env, error, _logger, label)
        batch = self.batch_id
        self.write(
            {
                "batch_id": False,
                "transfer_error": reason,
                "is_transferring": False,
                "step": "setup",
            }
        )
        batch.unlink()  # Empty: nothing was taken over.
        self.create_uid.partner_id._bus_send(
            "simple_notification", {"type": "danger", "message": reason}
        )

    @api.autovacuum
    def _transient_vacuum(self):
        """Keep what is to be taken over, however long no server was running."""
        if self._is_any_transferring():
            return self._name, False
        return super()._transient_vacuum()

    @api.model
    def _is_any_transferring(self):
        return bool(self.sudo().search_count([("is_transferring", "=", True)], limit=1))

    # -------------------------------------------------------------------------
    # WHAT THE FORM SAYS: TOTALS, WARNINGS, THE RESULT, IN SENTENCES FOR THE CLERK
    # -------------------------------------------------------------------------

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_totals(self):
        for transaction in self:
            sums = transaction._sum_lines()  # {currency: (count, amount)}
            transaction.update(
                transaction._prepare_totals_vals(
                    sum(count for count, _amount in sums.values()),
                    {currency: amount for currency, (_count, amount) in sums.items()},
                )
            )

    @api.depends("line_ids.invoice_id")
    def _compute_has_invoices(self):
        for transaction in self:
            transaction.has_invoices = bool(
                transaction._find_lines(Domain("invoice_id", "!=", False), limit=1)
            )

    @api.depends("batch_id.name")
    def _compute_display_name(self):
        for transaction in self:
            transaction.display_name = self.env._("Post Transaction")

    @api.depends(
        "charge_item_id",
        "company_id",
        "credit_item_id",
        "is_credit_posted",
        "transaction_type",
    )
    def _compute_tax_note(self):
        for transaction in self:
            items = transaction.charge_item_id
            if transaction.transaction_type == "credit":
                items = transaction.credit_item_id
            elif transaction.is_credit_posted:
                items += transaction.credit_item_id
            notes = [transaction._get_tax_note(item) for item in items]
            transaction.tax_note = " ".join(filter(None, notes)) or False

    def _get_tax_note(self, item):
        # A clerk need not see the taxes to be told about them.
        taxes_sudo = item.sudo().taxes_id._filter_taxes_by_company(self.company_id)
        included_sudo = taxes_sudo.filtered("price_include")
        added_sudo = taxes_sudo - included_sudo
        sentences = []
        if added_sudo:
            sentences.append(
                self.env._(
                    "%(item)s is taxed: %(taxes)s comes on top of the amounts.",
                    item=item.display_name,
                    taxes=format_list(self.env, added_sudo.mapped("name")),
                )
            )
        if included_sudo:
            sentences.append(
                self.env._(
                    "%(item)s is taxed: the amounts include %(taxes)s.",
                    item=item.display_name,
                    taxes=format_list(self.env, included_sudo.mapped("name")),
                )
            )
        return " ".join(sentences) or False

    @api.depends("company_id", "line_ids.partner_id", "line_ids.invoice_id", "step")
    def _compute_company_warning(self):
        for transaction in self:
            transaction.company_warning = (
                transaction.step == "setup" and transaction._get_company_error()
            )

    @api.depends(
        "credit_item_id",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "step",
    )
    def _compute_repeated_warning(self):
        for transaction in self:
            repeated = self.env["account.post.transaction.line"]
            if (
                transaction.step == "setup"
                and transaction.credit_item_id
                and transaction._is_credit_posted()
            ):
                repeated = transaction._find_repeated_lines()
            transaction.repeated_warning = bool(repeated) and self.env._(
                "%(names)s got the same amount for %(item)s within the last %(days)s "
                "days. Check that it is meant, then post.",
                names=self._format_line_names(repeated),
                item=transaction.credit_item_id.display_name,
                days=const.REPEATED_DAYS,
            )

    def _find_repeated_lines(self):
        """Return the lines whose account got the same item and amount lately."""
        self.ensure_one()
        # With the rules of the user.
        posted = self.env["account.credit.line"]._search(
            [
                ("credit_item_id", "=", self.credit_item_id.id),
                ("state", "=", "posted"),
                ("date", ">", self._get_repeated_from()),
            ]
        )
        lines = self.env["account.post.transaction.line"]
        lines.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM account_post_transaction_line "
                "WHERE transaction_id = %(id)s "
                "AND (partner_id, currency_id, %(amount)s) IN %(posted)s ORDER BY id",
                id=self._origin.id,
                amount=SQL.identifier(self._get_credit_column()),
                posted=posted.subselect("partner_id", "currency_id", "amount"),
            )
        )
        return lines.browse(row[0] for row in rows)

    def _get_repeated_from(self):
        today = fields.Date.context_today(self)
        return today - relativedelta(days=const.REPEATED_DAYS + 1)

    @api.depends("batch_id.line_ids.state")
    def _compute_result(self):
        for transaction in self:
            posted, paid = transaction._sum_posted()
            transaction.posted_total = transaction._format_amounts(posted)
            transaction.result_text = transaction._get_result_text(paid)

    def _sum_posted(self):
        """Sum up the credits in force, as the ledger has them, taxes included.

        :return: ``({currency: amount}, {currency: what of it paid invoices})``
        """
        if self.batch_id.document_form == "entry":
            return self._sum_posted_items()
        # Whoever posted them may know their totals.
        sums = (
            self.env["account.move"]
            .sudo()
            ._read_group(
                [
                    ("credit_line_id.batch_id", "in", self.batch_id.ids),
                    ("credit_line_id.state", "=", "posted"),
                ],
                ["currency_id"],
                ["amount_total:sum", "amount_residual:sum"],
            )
        )
        return (
            {currency: total for currency, total, _open in sums},
            {currency: total - left for currency, total, left in sums},
        )

    def _sum_posted_items(self):
        """Sum up the credits in force within entries for many accounts.

        :return: as :meth:`_sum_posted`
        """
        sums = (
            self.env["account.move.line"]
            .sudo()  # As in `_sum_posted`.
            ._read_group(
                [
                    ("credit_line_ids.batch_id", "in", self.batch_id.ids),
                    ("credit_line_ids.state", "=", "posted"),
                ],
                ["currency_id"],
                ["amount_currency:sum", "amount_residual_currency:sum"],
            )
        )
        return (
            {currency: -total for currency, total, _open in sums},
            {currency: left - total for currency, total, left in sums},
        )

    def _get_result_text(self, paid):
        """Say what became of the accounts, and of what they were credited.

        :param paid: ``{currency: amount}`` that paid invoices
        """
        batch = self.batch_id
        if self.is_transferring:
            return self.env._(
                "%(accounts)s are taken over by %(batch)s, then posted in the "
                "background. You can close this page.",
                accounts=self.accounts_text,
                batch=batch.name,
            )
        if waiting := self._get_waiting_text():
            return waiting
        if batch.state in ("queued", "posting"):
            return self.env._(
                "The credits are posted in the background. You can leave this page, or "
                "close the browser: nothing stops them, and the batch shows the result."
            )
        failed = batch.failed_count
        sentences = []
        if batch.charge_item_id:
            sentences += self._get_charge_sentences()
        if batch.posted_count and self.posted_total:
            sentences.append(
                self.env._(
                    "%(total)s credited to %(accounts)s.",
                    total=self.posted_total,
                    accounts=self._format_accounts(self._count_credited()),
                )
            )
            if paid := self._format_amounts(paid):
                sentences.append(self.env._("%(paid)s of it paid invoices.", paid=paid))
        if failed:
            sentences.append(
                self.env._(
                    "%(accounts)s could not be credited. Mend the cause, then click "
                    "Retry Failed: what is posted stays as it is.",
                    accounts=self._format_accounts(failed),
                )
            )
        if not sentences and self.batch_id:
            sentences.append(self.env._("Nothing of this is posted any more."))
        return " ".join(sentences)

    def _prepare_totals_vals(self, count, totals):
        """Prepare what the form says about all accounts together.

        :param count: number of accounts
        :param totals: ``{currency: amount}``
        """
        currencies = self.env["res.currency"].union(*totals)
        return {
            "line_count": count,
            "is_cut": count > const.LISTED,
            "accounts_text": self._format_accounts(count),
            "total": self._format_totals(totals),
            "currency_symbol": currencies.symbol if len(currencies) == 1 else "",
        }

    def _format_accounts(self, count):
        """Return a number of accounts as text."""
        if count == 1:
            return self.env._("1 account")
        return self.env._(
            "%(count)s accounts", count=formatLang(self.env, count, digits=0)
        )

    def _format_totals(self, totals):
        """Return amounts as text, the company's currency first.

        :param totals: ``{currency: amount}``
        """
        own = self.company_id.currency_id
        currencies = sorted(
            (currency for currency in totals if currency),
            key=lambda currency: (currency != own, currency.name),
        )
        return " + ".join(currency.format(totals[currency]) for currency in currencies)

    def _format_amounts(self, totals):
        """Return amounts as text; empty where all of them are zero.

        :param totals: ``{currency: amount}``
        """
        return self._format_totals(
            {
                currency: amount
                for currency, amount in totals.items()
                if not currency.is_zero(amount)
            }
        )

    def _format_names(self, names, count=None):
        """Return a list of names as text, cut where it gets long.

        :param names: all of them, or the first
        :param count: how many there are, where that is known to be more
        """
        names = list(names)
        count = count or len(names)
        if count <= const.NAMES_LISTED:
            return format_list(self.env, names)
        return self.env._(
            "%(names)s and %(count)s more",
            names=", ".join(names[: const.NAMES_LISTED]),
            count=formatLang(self.env, count - const.NAMES_LISTED, digits=0),
        )

    def _format_line_names(self, lines):
        """Return the names of the accounts of lines as text."""
        listed = lines[: const.NAMES_LISTED].with_prefetch()
        return self._format_names(listed.mapped("partner_id.name"), len(lines))

    def onchange(self, values, field_names, fields_spec):
        """Answer a change in the form without walking through all accounts.

        Odoo's own answer copies and compares each row of each list, which takes more
        than a second for 2,000 of them, for each amount that is typed. Here only the
        totals depend on the rows, and the database adds them up.
        """
        commands = values.get("line_ids") or []
        if not self or any(
            command[0] not in (Command.UPDATE, Command.DELETE, Command.UNLINK)
            for command in commands
        ):
            return super().onchange(values, field_names, fields_spec)
        result = {"value": {}}
        names = [name for name in field_names if name not in LIST_FIELDS]
        if names:
            result = super().onchange(
                {name: values[name] for name in values if name not in LIST_FIELDS},
                names,
                {
                    name: fields_spec[name]
                    for name in fields_spec
                    if name not in LIST_FIELDS
                },
            )
        if commands:
            changes = self._get_changed_totals_vals(commands)
            result["value"].update(
                {name: changes[name] for name in changes if name in fields_spec}
            )
        return result

    def _get_changed_totals_vals(self, commands):
        """Return the totals with changes of rows that are not saved yet.

        :param commands: ``UPDATE``, ``DELETE`` and ``UNLINK`` of ``line_ids``
        """
        self.ensure_one()
        self.check_access("write")
        changes = {  # {line id: values, None where the row is removed}
            command[1]: command[2] if command[0] == Command.UPDATE else None
            for command in commands
        }
        lines = self.env["account.post.transaction.line"]
        unchanged = lines._read_group(
            [("transaction_id", "=", self.id), ("id", "not in", list(changes))],
            ["currency_id"],
            ["amount:sum", "__count"],
        )
        totals = {currency: amount for currency, amount, _count in unchanged}
        count = sum(count for _currency, _amount, count in unchanged)
        for line in lines.browse(changes).exists():
            vals = changes[line.id]
            if vals is None or line.transaction_id != self:
                continue
            currency = line.currency_id
            if "currency_id" in vals:
                currency = currency.browse(vals["currency_id"])
            amount = vals.get("amount", line.amount)
            count += 1
            totals[currency] = totals.get(currency, 0) + amount
        return self._prepare_totals_vals(count, totals)
