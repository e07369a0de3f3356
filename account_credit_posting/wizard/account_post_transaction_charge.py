from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class AccountPostTransaction(models.TransientModel):
    """Invoice the accounts, with a credit beside each invoice where it is wanted."""

    # One file per concern.
    _inherit = "account.post.transaction"  # pylint: disable=consider-merging-classes-inherited

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

    @api.depends("line_ids.credit_amount", "line_ids.currency_id", "is_credit_posted")
    def _compute_credit_total(self):
        for transaction in self:
            sums = transaction._sum_lines("credit_amount")
            transaction.credit_total = transaction._format_totals(
                {currency: amount for currency, (_count, amount) in sums.items()}
            )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

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

    # -------------------------------------------------------------------------
    # BATCH
    # -------------------------------------------------------------------------

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
        if faulty := self._find_lines(Domain("credit_amount", "<", 0)):
            raise UserError(
                self.env._(
                    "%(names)s have a credit below zero. Enter an amount, or zero for "
                    "no credit.",
                    names=self._format_line_names(faulty),
                )
            )
        if not self._find_lines(Domain("credit_amount", ">", 0), limit=1):
            raise UserError(
                self.env._("Enter an amount for the credits, or untick Post Credit.")
            )

    # -------------------------------------------------------------------------
    # RESULT
    # -------------------------------------------------------------------------

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
