from odoo import api, fields, models
from odoo.tools import SQL

from ...models.credit import batch_figures
from .usual_amounts import UsualAmounts


class AccountPostTransactionLine(models.TransientModel):
    """An account of a transaction that is being prepared, and its amount."""

    _name = "account.post.transaction.line"
    _inherit = "account.credit.guard"
    _description = "Post Transaction Account"
    # Gone with the transaction that it belongs to, and not before.
    _transient_max_hours = 0.0

    transaction_id = fields.Many2one(
        comodel_name="account.post.transaction",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="transaction_id.company_id")
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        ondelete="cascade",
    )
    contact_id = fields.Many2one(comodel_name="res.partner", string="Enrollee")
    email = fields.Char(related="partner_id.email")
    ref = fields.Char(related="partner_id.ref")
    invoice_id = fields.Many2one(comodel_name="account.move", string="Pay First")
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    amount = fields.Monetary(help="Above zero, in the currency of the account.")
    credit_amount = fields.Monetary(
        string="Credit",
        help="Posted with the invoice, and pays it. Zero: no credit.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id",
        string="Company Currency",
    )
    amount_due = fields.Monetary(
        compute="_compute_balances",
        currency_field="company_currency_id",
        string="Owes",
        help="Open invoices of the account.",
    )
    open_credit = fields.Monetary(
        compute="_compute_balances",
        currency_field="company_currency_id",
        help="The open amount of earlier credits.",
    )

    usual_limit = fields.Monetary(
        compute="_compute_usual_limit",
        help="A credit above this amount is far more than the account owes and "
        "usually gets. Zero if there is nothing to compare with.",
    )

    _account_unique = models.Constraint(
        "UNIQUE (transaction_id, partner_id)",
        "This account is listed already.",
    )

    # Not on the company: when that changes, `TransactionLines` does all at once.
    @api.depends("partner_id", "invoice_id")
    def _compute_currency_id(self):
        for line in self:
            line.currency_id = line._get_currency(line.company_id)

    def _get_currency(self, company):
        """Return the currency of the line at a company that gives the credit."""
        self.ensure_one()
        company = company or self.env.company
        if not self.partner_id:
            return company.currency_id  # That there is none is refused later.
        return self.invoice_id.currency_id or self.partner_id._get_credit_currency(
            company
        )

    @api.depends("partner_id", "company_id")
    def _compute_balances(self):
        for company, lines in self.grouped("company_id").items():
            # Whoever may post credits may know what the account owes.
            accounts_sudo = lines.partner_id.sudo()
            dues = accounts_sudo._get_open_dues(company)
            credits = accounts_sudo._get_open_credits(company)
            for line in lines:
                line.amount_due = dues.get(line.partner_id.id, 0)
                line.open_credit = credits.get(line.partner_id.id, 0)

    @api.depends("partner_id", "company_id", "currency_id")
    def _compute_usual_limit(self):
        for company, lines in self.grouped("company_id").items():
            usual = UsualAmounts(self.env, company or self.env.company)
            limits = usual.find_limits(lines.partner_id)
            for line in lines:
                limit = limits.get(line.partner_id.id, 0)
                currency = line.currency_id
                line.usual_limit = limit and currency and usual.convert(limit, currency)

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines, as the list and the import do.

        An enrollee leads to its account. Many at once are added by
        ``TransactionLines.insert``.
        """
        vals_list = [dict(vals) for vals in vals_list]
        batch_figures.lead_to_accounts(self.env, vals_list)
        return super().create(vals_list)

    # -------------------------------------------------------------------------
    # BECOME CREDIT LINES: ONE IN THE PREVIEW, ALL OF THEM WHEN IT IS POSTED
    # -------------------------------------------------------------------------

    def _prepare_line_vals(self):
        """Prepare the credit line: values for ``account.credit.line.create``."""
        self.ensure_one()
        is_charge = self.transaction_id.transaction_type == "invoice"
        column = self.transaction_id._get_credit_column()
        return {
            "partner_id": self.partner_id.id,
            "contact_id": self.contact_id.id,
            "invoice_id": not is_charge and self.invoice_id.id,
            "currency_id": self.currency_id.id,
            "charge_amount": is_charge and self.amount,
            "amount": self[column] if column else 0,
        }

    @api.model
    def _prepare_credit_line_columns(self, transaction, batch):
        """Prepare the columns of the credit lines; an addon may add its own.

        :param transaction: the ``account.post.transaction``
        :param batch: the ``account.credit.batch`` that gets the lines
        :return: ``{column of account_credit_line: SQL value}``, where ``line`` is the
            row of ``account_post_transaction_line``
        """
        is_charge = transaction.transaction_type == "invoice"
        column = transaction._get_credit_column()
        amount = SQL("0")
        if column:
            amount = SQL("COALESCE(%s, 0)", SQL.identifier("line", column))
        now = SQL("%s", self.env.cr.now())
        return {
            "batch_id": SQL("%s", batch.id),
            "company_id": SQL("%s", batch.company_id.id),
            "date": SQL("%s", batch.date),
            "credit_item_id": SQL("%s::int", batch.credit_item_id.id or None),
            "expiry_date": SQL("%s::date", batch.expiry_date or None),
            "partner_id": SQL("line.partner_id"),
            "contact_id": SQL("line.contact_id"),
            "invoice_id": SQL("NULL") if is_charge else SQL("line.invoice_id"),
            "currency_id": SQL("line.currency_id"),
            "charge_amount": SQL("line.amount") if is_charge else SQL("NULL"),
            "amount": amount,
            # Of those in another currency it is computed.
            "amount_company": amount,
            "state": SQL("'pending'"),
            # Not ``write_uid``: the posting writes it soon, and the database checks it
            # row by row, which is a tenth of the statement.
            "create_uid": SQL("%s", self.env.uid),
            "create_date": now,
            "write_date": now,
        }
