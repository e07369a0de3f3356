from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import format_list
from odoo.tools.safe_eval import safe_eval

#: The steps in their order; the last one cannot be left.
STEPS = ["type", "accounts", "amounts", "setup", "result"]

#: Names that a message lists before it says how many more there are.
NAMES_LISTED = 10

#: The same credit within so many days is worth a warning.
REPEATED_DAYS = 30


class AccountPostTransaction(models.TransientModel):
    """Collect what a posting needs, step by step, and show what became of it.

    It posts nothing itself: it creates a credit batch and calls its ``action_post``.
    """

    _name = "account.post.transaction"
    _inherit = ["analytic.mixin"]
    _description = "Post Transaction"
    _check_company_auto = True
    # Odoo's hour is less than a clerk's lunch: nothing that was typed is lost by then.
    _transient_max_hours = 48.0

    step = fields.Selection(
        selection=[
            ("type", "Type"),
            ("accounts", "Accounts"),
            ("amounts", "Amounts"),
            ("setup", "Set-up"),
            ("result", "Result"),
        ],
        required=True,
        default="type",
    )
    transaction_type = fields.Selection(
        selection=[("credit", "Credit")],
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
    total = fields.Char(
        compute="_compute_totals",
        help="The sum of the amounts, for each currency.",
    )
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
    currency_symbol = fields.Char(
        compute="_compute_currency_symbol",
        help="Of the currency that all accounts have in common.",
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
    is_taxed = fields.Boolean(compute="_compute_is_taxed")
    public_comment = fields.Text(help="Printed on the credit note.")
    private_comment = fields.Text(
        help="For the office only: on no document and in no message."
    )
    repeated_warning = fields.Char(compute="_compute_repeated_warning")

    # Result.
    batch_id = fields.Many2one(comodel_name="account.credit.batch", readonly=True)
    batch_line_ids = fields.One2many(related="batch_id.line_ids", string="Results")
    batch_state = fields.Selection(related="batch_id.state")
    posted_count = fields.Integer(related="batch_id.posted_count")
    failed_count = fields.Integer(related="batch_id.failed_count")
    posted_total = fields.Char(compute="_compute_posted_total")

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("line_ids.amount", "line_ids.currency_id")
    def _compute_totals(self):
        for transaction in self:
            lines = transaction.line_ids
            transaction.line_count = len(lines)
            transaction.total = transaction._format_totals(
                (line.currency_id, line.amount) for line in lines
            )

    @api.depends("line_ids.currency_id")
    def _compute_currency_symbol(self):
        for transaction in self:
            currency = transaction.line_ids.currency_id
            transaction.currency_symbol = currency.symbol if len(currency) == 1 else ""

    @api.depends("batch_id.name")
    def _compute_display_name(self):
        for transaction in self:
            transaction.display_name = self.env._("Post Transaction")

    @api.depends("batch_id.line_ids.state")
    def _compute_posted_total(self):
        for transaction in self:
            # What the ledger says: totals of the credit notes, taxes included.
            moves_sudo = transaction.batch_id.line_ids.move_id.sudo()
            transaction.posted_total = transaction._format_totals(
                (move_sudo.currency_id, move_sudo.amount_total)
                for move_sudo in moves_sudo
            )

    @api.depends("credit_item_id", "company_id")
    def _compute_is_taxed(self):
        for transaction in self:
            # A clerk need not see the taxes to be told about them.
            taxes_sudo = transaction.credit_item_id.sudo().taxes_id
            transaction.is_taxed = bool(
                taxes_sudo._filter_taxes_by_company(transaction.company_id)
            )

    @api.depends("credit_item_id", "line_ids.amount", "step")
    def _compute_repeated_warning(self):
        for transaction in self:
            names = []
            if transaction.step == "setup" and transaction.credit_item_id:
                names = transaction._find_repeated_lines().mapped("partner_id.name")
            transaction.repeated_warning = bool(names) and self.env._(
                "%(names)s got the same amount for %(item)s within the last %(days)s "
                "days.",
                names=self._format_names(names),
                item=transaction.credit_item_id.display_name,
                days=REPEATED_DAYS,
            )

    def _find_repeated_lines(self):
        """Return the lines whose account got the same item and amount lately."""
        self.ensure_one()
        posted = self.env["account.credit.line"]._read_group(
            [
                ("partner_id", "in", self.line_ids.partner_id.ids),
                ("credit_item_id", "=", self.credit_item_id.id),
                ("state", "=", "posted"),
                ("date", ">", self._get_repeated_from()),
            ],
            ["partner_id", "currency_id", "amount"],
        )
        repeated = {
            (account.id, currency.id, currency.round(amount))
            for account, currency, amount in posted
        }
        return self.line_ids.filtered(
            lambda line: (
                (
                    line.partner_id.id,
                    line.currency_id.id,
                    line.currency_id.round(line.amount),
                )
                in repeated
            )
        )

    def _get_repeated_from(self):
        today = fields.Date.context_today(self)
        return today - relativedelta(days=REPEATED_DAYS + 1)

    def _format_totals(self, amounts):
        """Return the sum for each currency, as text.

        :param amounts: pairs of currency and amount
        """
        totals = {}  # {currency: amount}
        for currency, amount in amounts:
            totals[currency] = totals.get(currency, 0) + amount
        return " + ".join(
            currency.format(total) for currency, total in totals.items() if currency
        )

    def _format_names(self, names):
        """Return a list of names as text, cut where it gets long."""
        names = list(names)
        if len(names) <= NAMES_LISTED:
            return format_list(self.env, names)
        return self.env._(
            "%(names)s and %(count)s more",
            names=", ".join(names[:NAMES_LISTED]),
            count=len(names) - NAMES_LISTED,
        )

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create transactions; see :meth:`write` for ``add_partner_id``."""
        added = [vals.pop("add_partner_id", False) for vals in vals_list]
        transactions = super().create(vals_list)
        for transaction, partner_id in zip(transactions, added, strict=True):
            transaction._add_partner(partner_id)
        return transactions

    def write(self, vals):
        """Take what was typed; ``add_partner_id`` adds an account and is emptied."""
        vals = dict(vals)
        partner_id = vals.pop("add_partner_id", False)
        result = super().write(vals)
        for transaction in self:
            transaction._add_partner(partner_id)
        return result

    def _add_partner(self, partner_id):
        if partner_id:
            self._add_accounts(self.env["res.partner"].browse(partner_id))

    # -------------------------------------------------------------------------
    # ACCOUNTS
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
        transaction = self.create({})
        contacts = partners or self.env["res.partner"]
        if invoices:
            contacts |= invoices.commercial_partner_id
        if contacts:
            transaction._add_accounts(contacts)
        if invoices:
            transaction._set_invoices(invoices)
        return transaction._get_view_action()

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
        for account, of_account in invoices.grouped("commercial_partner_id").items():
            if len(of_account) == 1:
                line = self.line_ids.filtered(
                    lambda line, account=account: line.partner_id == account
                )
                line.invoice_id = of_account

    def _add_accounts(self, contacts):
        """Add the accounts of contacts, each once, and keep a notice of it.

        :param contacts: accounts and enrollees; an enrollee stays as a label
        """
        self.ensure_one()
        present = set(self.line_ids.partner_id.ids)
        company = self.company_id
        added, known, foreign = [], [], []
        for contact in contacts:
            account = contact.commercial_partner_id or contact
            if account.id in present:
                known.append(account)
            elif account.company_id and account.company_id not in company.parent_ids:
                foreign.append(account)
            else:
                present.add(account.id)
                added.append((account, contact))
        self.line_ids = [
            Command.create(
                {
                    "partner_id": account.id,
                    "contact_id": contact.id if contact != account else False,
                }
            )
            for account, contact in added
        ]
        self.notice = self._get_added_notice(len(added), known, foreign)

    def _get_added_notice(self, count, known, foreign):
        """Say what became of the accounts that were to be added.

        :param count: how many were added
        :param known: accounts that were there before, one for each contact
        :param foreign: accounts of another company
        """
        sentences = []
        if count > 1 or (not known and not foreign and not count):
            sentences.append(self.env._("%(count)s accounts added.", count=count))
        if known:
            names = dict.fromkeys(account.name for account in known)
            sentences.append(
                self.env._(
                    "Listed once, as already there: %(names)s.",
                    names=self._format_names(names),
                )
            )
        if foreign:
            names = dict.fromkeys(account.name for account in foreign)
            sentences.append(
                self.env._(
                    "Not added, as accounts of another company than %(company)s: "
                    "%(names)s.",
                    company=self.company_id.display_name,
                    names=self._format_names(names),
                )
            )
        return " ".join(sentences) or False

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
        """Add everybody whom a saved filter of contacts finds."""
        self._check_open_step("accounts")
        if self.filter_id:
            self._add_accounts(
                self.env["res.partner"].search(self._get_filter_domain())
            )
            self.filter_id = False
        return True

    def _get_filter_domain(self):
        """Return the domain of the saved filter.

        :raise AccessError: when the filter belongs to somebody else
        """
        saved = self.filter_id
        saved.check_access("read")
        is_mine = not saved.user_ids or self.env.user in saved.user_ids
        if saved.model_id != "res.partner" or not is_mine:
            raise AccessError(self.env._("This is no filter of contacts of yours."))
        context = {
            "uid": self.env.uid,
            "context_today": lambda: fields.Date.context_today(self),
            "relativedelta": relativedelta,
        }
        return Domain(safe_eval(saved.domain, context))

    def action_clear(self):
        """Remove all accounts."""
        self._check_open_step("accounts")
        self.line_ids = [Command.clear()]
        self.notice = False
        return True

    def action_set_all(self):
        """Set the amount of every account, rounded in its currency."""
        self._check_open_step("amounts")
        for currency, lines in self.line_ids.grouped("currency_id").items():
            lines.amount = currency.round(self.amount_for_all)
        return True

    # -------------------------------------------------------------------------
    # STEPS
    # -------------------------------------------------------------------------

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
        if not self.batch_id:
            self._check_setup()
            # A second click waits here: it fails to serialize, starts again by
            # itself (``odoo.service.model.retrying``) and finds the batch.
            self.step = "result"
            self.flush_recordset(["step"])
            batch = self.env["account.credit.batch"].create(self._prepare_batch_vals())
            batch.action_post()
            self.batch_id = batch
        return True

    def action_retry(self):
        """Post the failed accounts again, after the cause was mended."""
        self._check_may_post()
        return self.batch_id.action_retry()

    def action_post_another(self):
        """Open a new transaction."""
        return self._get_open_action()

    def action_view_batch(self):
        """Open the lasting record of this posting."""
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
        self.ensure_one()
        return self.batch_id.action_export_results()

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    @api.model
    def _check_may_post(self):
        self.env["account.credit.batch"]._check_may_post()

    def _check_open_step(self, step=None):
        """Check the right, and that this transaction can still change.

        :param step: the step that the action belongs to; any by default
        """
        self.ensure_one()
        self._check_may_post()
        if self.batch_id:
            raise UserError(
                self.env._(
                    "This transaction is posted as %(batch)s. Post another one.",
                    batch=self.batch_id.name,
                )
            )
        if step and self.step != step:
            raise UserError(self.env._("Go back to the step first."))

    def _check_accounts(self):
        if not self.line_ids:
            raise UserError(self.env._("Add at least one account."))

    def _check_amounts(self):
        faulty = self.line_ids.filtered(
            lambda line: line.currency_id.compare_amounts(line.amount, 0) <= 0
        )
        if faulty:
            raise UserError(
                self.env._(
                    "%(count)s of %(total)s accounts have no amount above zero: "
                    "%(names)s. Enter an amount, or remove the account.",
                    count=len(faulty),
                    total=len(self.line_ids),
                    names=self._format_names(faulty.mapped("partner_id.name")),
                )
            )

    def _check_setup(self):
        self._check_accounts()
        self._check_amounts()
        if not self.credit_item_id:
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

    # -------------------------------------------------------------------------
    # BATCH
    # -------------------------------------------------------------------------

    def _prepare_batch_vals(self):
        """Prepare the credit batch: values for ``account.credit.batch.create``."""
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "date": self.date,
            "credit_item_id": self.credit_item_id.id,
            "public_comment": self.public_comment,
            "private_comment": self.private_comment,
            "analytic_distribution": self.analytic_distribution,
            "line_ids": [
                Command.create(line._prepare_line_vals()) for line in self.line_ids
            ],
        }
