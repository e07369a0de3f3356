from odoo import api, fields, models


class AccountPostTransactionLine(models.TransientModel):
    """An account of a transaction that is being prepared, and its amount."""

    _name = "account.post.transaction.line"
    _description = "Post Transaction Account"
    # As long as the transaction that it belongs to.
    _transient_max_hours = 48.0

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
        help="Posted beside the invoice, and pays it. Zero for none.",
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
        help="What is left of earlier credits.",
    )

    _account_unique = models.Constraint(
        "UNIQUE (transaction_id, partner_id)",
        "This account is listed already.",
    )

    # Not on the company: when that changes, `_update_currencies` does all at once.
    @api.depends("partner_id", "invoice_id")
    def _compute_currency_id(self):
        for line in self:
            line.currency_id = line._get_currency(line.company_id)

    def _get_currency(self, company):
        """Return the currency of the line at a company that gives the credit."""
        self.ensure_one()
        return self.invoice_id.currency_id or self.partner_id._get_credit_currency(
            company or self.env.company
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

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Create lines, as the list and the import do.

        An enrollee leads to its account. Many at once are added by
        ``account.post.transaction._insert_lines``.
        """
        vals_list = [dict(vals) for vals in vals_list]
        self.env["account.credit.line"]._lead_to_account(vals_list)
        return super().create(vals_list)

    def _prepare_line_vals(self):
        """Prepare the credit line: values for ``account.credit.line.create``."""
        self.ensure_one()
        is_charge = self.transaction_id.transaction_type == "invoice"
        return {
            "partner_id": self.partner_id.id,
            "contact_id": self.contact_id.id,
            "invoice_id": not is_charge and self.invoice_id.id,
            "currency_id": self.currency_id.id,
            "charge_amount": is_charge and self.amount,
            "amount": self._get_credit_amount(),
        }

    def _get_credit_amount(self):
        """Return the amount of the credit, in the currency of the line."""
        self.ensure_one()
        transaction = self.transaction_id
        if transaction.transaction_type == "credit":
            return self.amount
        return self.credit_amount if transaction.is_credit_posted else 0

    @api.autovacuum
    def _transient_vacuum(self):
        """Keep what is to be taken over, however long no server was running."""
        if self.env["account.post.transaction"]._is_any_transferring():
            return self._name, False
        return super()._transient_vacuum()
