from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from ... import const
from ...models.credit.account_credit_answer import answered_once
from ...models.run.worker_watch import WorkerWatch
from ...tools.actions import open_list
from ...tools.days import get_today
from ...tools.texts import format_totals
from ...tools.working import work_list
from .transaction_accounts import TransactionAccounts
from .transaction_again import TransactionAgain
from .transaction_lines import TransactionLines
from .transaction_result import TransactionResult
from .transaction_setup import TransactionSetup
from .transaction_transfer import TransactionTransfer

#: The steps in their order; the last one cannot be left.
STEPS = ["type", "accounts", "amounts", "setup", "result"]

#: Behind every credit that is posted: a new one comes last among equals.
NOT_POSTED_YET = 2**62

#: The lists of accounts: what the form changes never depends on their rows.
LIST_FIELDS = {"line_ids", "batch_line_ids"}


class AccountPostTransaction(models.TransientModel):
    """Collect what a posting needs, step by step, and show what became of it.

    It posts nothing itself: it creates a credit batch and calls its ``action_post``.
    """

    _name = "account.post.transaction"
    _inherit = ["account.credit.vat", "account.credit.long.list", "analytic.mixin"]
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
            ("gift_card", "Gift Card"),
            ("prepayment", "Prepayment"),
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
    filled_text = fields.Char(
        compute="_compute_totals",
        help="Number of accounts that have an amount: 12 of 23 filled.",
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
        help="Search by account, enrollee, email or reference.",
    )
    category_ids = fields.Many2many(
        comodel_name="res.partner.category",
        string="Contacts with a tag",
    )
    filter_id = fields.Many2one(
        comodel_name="ir.filters",
        string="Contacts of a saved filter",
        domain="[('model_id', '=', 'res.partner'), "
        "'|', ('user_ids', '=', False), ('user_ids', 'in', uid)]",
    )
    notice = fields.Char(help="The result for the accounts that were added last.")
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
        default=lambda self: get_today(self.env.company),
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
        help="One journal entry for many accounts is not a customer document: there "
        "is nothing to print or send. For credit items without taxes.",
    )
    expiry_date = fields.Date(
        help="The day after which what is left of the credits can no longer be used.",
    )
    tax_note = fields.Char(
        compute="_compute_tax_note",
        help="How the taxes of the credit item change the amounts.",
    )
    public_comment = fields.Text(help="Printed on the credit note.")
    private_comment = fields.Text(
        help="Internal note: not printed on documents or included in messages."
    )
    company_warning = fields.Char(compute="_compute_warnings")
    repeated_warning = fields.Char(compute="_compute_warnings")
    # Result.
    batch_id = fields.Many2one(
        comodel_name="account.credit.batch",
        readonly=True,
        copy=False,
        written_by="posting",
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
    can_undo = fields.Boolean(compute="_compute_result")
    again_text = fields.Char(
        compute="_compute_again_text",
        help="The last posting of the user, which can be proposed again.",
    )
    posted_total = fields.Char(compute="_compute_result")
    result_text = fields.Char(compute="_compute_result")
    charge_item_id = fields.Many2one(
        comodel_name="product.product",
        check_company=True,
        domain=const.CHARGE_ITEM_DOMAIN,
        help="The product that the accounts are invoiced for.",
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
        help="The sum of the credits posted with the invoices, for each currency.",
    )
    post_at = fields.Datetime(
        string="Post Later",
        help="The time of posting, after an approval if one is needed. The accounting "
        "date does not change. Empty: at once.",
    )
    approval_warning = fields.Char(
        compute="_compute_warnings",
        help="The reason why an administrator has to approve it.",
    )
    is_waiting = fields.Boolean(
        compute="_compute_is_waiting",
        help="Nothing is posted yet, and no worker is processing it.",
    )
    notify_customers = fields.Boolean(
        help="Once everything is posted, each account gets one email with the public "
        "comment, the amount, what it paid and what is left.",
    )
    preview = fields.Json(
        compute="_compute_preview",
        help="The amount of each account, the invoices that it will pay, and the "
        "journal entry.",
    )
    is_transferring = fields.Boolean(
        readonly=True,
        copy=False,
        help="Post was clicked, and a scheduled action adds the accounts to the batch.",
        written_by="posting",
    )
    transfer_error = fields.Char(
        readonly=True,
        copy=False,
        help="The reason why the accounts were not added to the batch. Nothing was "
        "posted.",
        written_by="posting",
    )

    @api.model
    def _selection_batch(self, name):
        batches = self.env["account.credit.batch"]
        return batches._fields[name]._description_selection(self.env)

    @api.depends("batch_id.name")
    def _compute_display_name(self):
        for transaction in self:
            transaction.display_name = self.env._("Post Transaction")

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_totals(self):
        for transaction in self:
            lines = TransactionLines(transaction)
            sums = lines.sum()
            filled = lines.sum("amount", ("amount", ">", 0))
            transaction.update(
                lines.describe(
                    sum(count for count, _amount, _largest in sums.values()),
                    sum(count for count, _amount, _largest in filled.values()),
                    {currency: sums[currency][1] for currency in sums},
                )
            )

    @api.depends("line_ids.invoice_id")
    def _compute_has_invoices(self):
        for transaction in self:
            transaction.has_invoices = bool(
                transaction._find_lines(Domain("invoice_id", "!=", False), limit=1)
            )

    @api.depends(
        "credit_amount_for_all",
        "is_credit_posted",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "transaction_type",
    )
    def _compute_credit_total(self):
        for transaction in self:
            sums = TransactionSetup(transaction).sum_credits()
            transaction.credit_total = format_totals(
                {currency: sums[currency][1] for currency in sums},
                transaction.company_id.currency_id,
            )

    @api.depends(
        "charge_item_id",
        "company_id",
        "credit_item_id",
        "is_credit_posted",
        "transaction_type",
        "use_invoice_taxes",
    )
    def _compute_tax_note(self):
        for transaction in self:
            transaction.tax_note = TransactionSetup(transaction).get_tax_note()

    @api.depends(
        "amount_for_all",
        "company_id",
        "credit_amount_for_all",
        "credit_item_id",
        "date",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "line_ids.invoice_id",
        "line_ids.partner_id",
        "step",
    )
    def _compute_warnings(self):
        for transaction in self:
            setup = transaction.step == "setup" and TransactionSetup(transaction)
            transaction.company_warning = setup and setup.get_company_error()
            transaction.repeated_warning = setup and setup.get_repeated_warning()
            transaction.approval_warning = setup and setup.get_approval_warning()

    @api.depends(
        "step",
        "amount_for_all",
        "company_id",
        "date",
        "charge_item_id",
        "credit_amount_for_all",
        "credit_item_id",
        "document_form",
        "expiry_date",
        "invoice_date_due",
        "invoice_payment_term_id",
        "is_credit_posted",
        "line_ids.amount",
        "line_ids.credit_amount",
        "line_ids.currency_id",
        "line_ids.invoice_id",
        "use_invoice_taxes",
    )
    def _compute_preview(self):
        for transaction in self:
            setup = transaction.step == "setup" and TransactionSetup(transaction)
            transaction.preview = setup and setup.get_preview()

    @api.depends("batch_id.state", "batch_id.is_scheduled")
    def _compute_is_waiting(self):
        for transaction in self:
            batch = transaction.batch_id
            transaction.is_waiting = batch.state == "to_approve" or batch.is_scheduled

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
                    "idle": WorkerWatch(self.env).get_text(transaction.write_date),
                    "line_count": transaction.line_count,
                    "done": 0,
                    "failed": 0,
                    "work": "post",
                    "seconds": 0,
                }
            transaction.progress_info = info

    @api.depends("batch_id.line_ids.state")
    def _compute_result(self):
        for transaction in self:
            result = TransactionResult(transaction)
            posted, paid = result.sum_posted()
            transaction.posted_total = result.format(posted)
            transaction.result_text = result.get_text(posted, paid)
            transaction.can_undo = result.can_undo()

    @api.depends("company_id", "step")
    def _compute_again_text(self):
        for transaction in self:
            again = transaction.step == "type" and TransactionAgain(transaction)
            transaction.again_text = again and again.get_text()

    @api.model_create_multi
    def create(self, vals_list):
        """Create transactions; see :meth:`write` for ``add_partner_id``.

        :raise AccessError: when the values say that it is posted
        """
        vals_list = [dict(vals) for vals in vals_list]
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
        if not self.env.su:
            self._check_not_posted()
        self._check_company_is_own(vals)
        vals = dict(vals)
        partner_id = vals.pop("add_partner_id", False)
        asked = {one: TransactionSetup(one).get_asked() for one in self}
        result = super().write(vals)
        for transaction in self:
            TransactionSetup(transaction).propose_price(*asked[transaction])
            if "company_id" in vals:
                TransactionLines(transaction).update_currencies()
            transaction._add_partner(partner_id)
        return result

    def _add_partner(self, partner_id):
        if partner_id:
            contact = self.env["res.partner"].browse(partner_id)
            contact.check_access("read")
            TransactionAccounts(self).add(contact)

    def _check_company_is_own(self, vals):
        # What accounts owe and what posting does is computed with more rights than
        # the user has: only for companies that the user may work in. No constraint:
        # those run with all rights.
        company = self.env["res.company"].browse(vals.get("company_id"))
        if company and not self.env.su and company not in self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "You do not have access to the company with the ID %(id)s. "
                    "Choose another classification.",
                    id=company.id,
                )
            )

    def _check_not_posted(self):
        for transaction in self:
            if transaction.batch_id:
                raise UserError(
                    self.env._(
                        "This transaction is posted as %(batch)s. Post another one.",
                        batch=transaction.batch_id.name,
                    )
                )

    @api.autovacuum
    def _transient_vacuum(self):
        """Keep what is to be transferred, however long no server was running."""
        if self.sudo().search_count([("is_transferring", "=", True)], limit=1):
            return self._name, False
        return super()._transient_vacuum()

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
            lines = TransactionLines(self)
            changes = lines.describe(*lines.sum_changed(commands))
            result["value"].update(
                {name: changes[name] for name in changes if name in fields_spec}
            )
        return result

    @api.model
    def _get_open_action(self, partners=None, invoices=None):
        """Open a new transaction with accounts filled in.

        With "one_page" in the context, a credit for one account is entered in a dialog.

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
        accounts = TransactionAccounts(transaction)
        if contacts:
            contacts.check_access("read")
            accounts.add(contacts)
        accounts.set_invoices(
            invoices.filtered(lambda invoice: invoice.company_id == company)
        )
        is_one_page = self.env.context.get("one_page")
        page = is_one_page and TransactionSetup(transaction).get_one_page()
        return page or transaction._get_view_action()

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
        return self._get_records_action(name=self.env._("Post Transaction"), context={})

    def action_post_another(self):
        """Open a new transaction."""
        return self._get_open_action()

    def action_next(self):
        """Go to the next step, when this one is complete.

        What is for one account, such as a payment, goes on on a page of its own.

        :return: True, or a window action
        :raise UserError: when something is missing; what was typed is kept
        """
        self._check_open_step()
        if self.step == "type" and (action := TransactionSetup(self).get_page()):
            return action
        if self.step == "accounts":
            TransactionSetup(self).check_accounts()
        elif self.step == "amounts":
            TransactionSetup(self).set_typed_amount()
            TransactionSetup(self).check_amounts()
        position = STEPS.index(self.step)
        # The result comes of posting, not of going on.
        self.step = STEPS[min(position + 1, STEPS.index("setup"))]
        self.notice = False
        return True

    def action_back(self, step=None):
        """Go to the step before, or to an earlier one; nothing is lost.

        :param step: the earlier one; a later one than now changes nothing
        """
        self._check_open_step()
        position = STEPS.index(self.step)
        target = STEPS.index(step) if step in STEPS else position - 1
        self.step = STEPS[max(min(target, position), 0)]
        return True

    def action_open_steps(self):
        """Leave the page for one account for the five steps, with what was typed.

        :return: a window action on this transaction
        """
        self._check_open_step()
        self.step = "accounts"
        return self._get_view_action()

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

    @api.model
    def _check_may_post(self):
        self.env["account.credit.batch"]._check_may_post()

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

    def action_add_tagged(self):
        """Add everybody with one of the tags, by the account or by an enrollee."""
        self._check_open_step("accounts")
        TransactionAccounts(self).add_tagged()
        return True

    def action_add_filtered(self):
        """Add everybody whom a saved filter of contacts finds.

        :raise AccessError: when the filter belongs to somebody else
        :raise UserError: when the filter cannot be read
        """
        self._check_open_step("accounts")
        TransactionAccounts(self).add_filtered()
        return True

    def action_clear(self):
        """Remove all accounts."""
        self._check_open_step("accounts")
        TransactionLines(self).delete()
        self.notice = False
        return True

    def action_open_roster(self):
        """Open the roster of this transaction, with what was pasted into it before.

        :return: a window action on ``account.post.transaction.import``, as a dialog
        :raise AccessError: when the user may not post credits
        :raise UserError: when the accounts can no longer change
        """
        self._check_open_step("accounts")
        vals = {"transaction_id": self.id, "is_pasted": True}
        imports = self.env["account.post.transaction.import"]
        pasted = imports.search(
            [(name, "=", value) for name, value in vals.items()],
            order="id desc",
            limit=1,
        )
        return (pasted or imports.create(vals))._get_action()

    def action_import(self):
        """Open the import of accounts and amounts from a file: CSV or XLSX.

        :return: a window action on ``account.post.transaction.import``, as a dialog
        :raise AccessError: when the user may not post credits
        :raise UserError: when the accounts can no longer change
        """
        self._check_open_step("accounts")
        imports = self.env["account.post.transaction.import"]
        return imports.create({"transaction_id": self.id})._get_action()

    def action_view_lines(self):
        """Open all accounts, however many there are: to search, change and remove.

        :return: a window action on ``account.post.transaction.line``
        """
        self._check_open_step()
        # Odoo takes the first text of a tuple after a term for another term.
        domain = Domain("transaction_id", "=", self.id)
        return open_list(
            self.env._("Accounts"),
            "account.post.transaction.line",
            list(domain),
            view_mode="list",
            views=[(False, "list")],
            context={"default_transaction_id": self.id},
        )

    def action_set_all(self):
        """Set the amount of every account, rounded in its currency."""
        self._check_open_step("amounts")
        TransactionLines(self).set_amounts(self.amount_for_all)
        TransactionSetup(self).empty_typed_amount()
        return True

    def action_set_all_credits(self):
        """Set the credit beside every invoice, rounded in the currency of each."""
        self._check_open_step("setup")
        TransactionLines(self).set_amounts(self.credit_amount_for_all, "credit_amount")
        TransactionSetup(self).empty_typed_amount("credit_amount")
        return True

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

    def _prepare_batch_vals(self):
        """Prepare the credit batch: values for ``account.credit.batch.create``."""
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "date": self.date,
            **self._prepare_charge_vals(),
            "credit_item_id": self._is_credit_posted() and self.credit_item_id.id,
            "expiry_date": self._is_credit_posted() and self.expiry_date,
            "use_invoice_taxes": self.use_invoice_taxes,
            "public_comment": self.public_comment,
            "private_comment": self.private_comment,
            "analytic_distribution": self.analytic_distribution,
            "document_form": self._get_document_form(),
            "post_at": self.post_at,
            "notify_customers": self.notify_customers,
        }

    @answered_once
    def action_post(self, idempotency_key=None):
        """Create the batch, post it and show the result; a second click shows it again.

        :return: True, or with "one_page" in the context an action that says the result
        :raise UserError: when something is missing; what was typed is kept
        """
        self._check_may_post()
        self.ensure_one()
        self.check_access("write")
        if not self.batch_id:
            TransactionSetup(self).check()
            # A second click waits here: it fails to serialize, starts again by
            # itself (``odoo.service.model.retrying``) and finds the batch.
            self.step = "result"
            self.flush_recordset(["step"])
            batch = self.env["account.credit.batch"].create(self._prepare_batch_vals())
            if self.line_count < const.TRANSFERRED_LINES:
                TransactionLines(self).transfer(batch)
                batch.action_post()
            else:
                TransactionTransfer(self).start()
            # Nobody else may say that it is posted.
            self.sudo()._write_guarded({"batch_id": batch.id})
        is_one_page = self.env.context.get("one_page")
        return not is_one_page or TransactionResult(self).get_action()

    @api.model
    def _cron_transfer(self):
        """Transfer the accounts of transactions, each in a database transaction."""
        waiting = self.search([("is_transferring", "=", True)], order="id")
        work_list(self.env, list(waiting), lambda one: TransactionTransfer(one).run())

    def _get_batch(self):
        """Return what was posted, for those who may post.

        :raise UserError: when nothing was posted yet
        """
        self._check_may_post()
        self.ensure_one()
        if not self.batch_id:
            raise UserError(self.env._("Nothing is posted yet. Click Post first."))
        return self.batch_id

    def action_retry(self):
        """Post the failed accounts again, after the cause was mended."""
        return self._get_batch().action_retry()

    def action_undo(self):
        """Take back what was posted, for as long as the company says.

        :return: True, or a client action that says who was asked
        """
        return self.env["account.credit.undo"]._undo(self._get_batch())

    def action_again(self):
        """Propose item, comments and accounts of what the user posted last."""
        self._check_open_step("type")
        TransactionAgain(self).fill()
        return True

    def action_view_batch(self):
        """Open the lasting record of this posting."""
        return self._get_batch()._get_records_action(context={})

    def action_export(self):
        """Download the result as a spreadsheet."""
        return self._get_batch().action_export_results()

    def action_view_charges(self):
        """Open the invoices that were posted."""
        return self._get_batch().action_view_charges()
