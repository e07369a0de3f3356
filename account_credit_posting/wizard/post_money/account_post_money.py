from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ... import const
from ...tools.days import get_today
from ...tools.rights import check_right


class AccountPostMoney(models.AbstractModel):
    """What Post Payment and Post Refund have in common.

    Both ask for one account and a journal, post ``account.payment`` records, and say
    what became of them. The ledger has nothing but Odoo's own payments.
    """

    _name = "account.post.money"
    _inherit = "account.credit.guard"
    _description = "Post Payment or Refund"
    _check_company_auto = True

    step = fields.Selection(
        selection=[("setup", "Set-up"), ("result", "Result")],
        required=True,
        copy=False,
        default="setup",
    )
    transaction_id = fields.Many2one(
        comodel_name="account.post.transaction",
        readonly=True,
        ondelete="set null",
        written_by="opener",
        help="The transaction that this was chosen in.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        string="Classification",
        required=True,
        default=lambda self: self.env.company,
        domain="[('id', 'in', allowed_company_ids)]",
        help="The company whose ledger it is posted in.",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        help="An enrollee leads to its account.",
    )
    journal_id = fields.Many2one(
        comodel_name="account.journal",
        compute="_compute_journal_id",
        store=True,
        readonly=False,
        check_company=True,
        domain=lambda self: [("type", "in", const.MONEY_JOURNALS)],
    )
    private_comment = fields.Text(help="Internal note in the log of the payment.")
    result = fields.Html(readonly=True, copy=False, written_by="posting")
    payment_ids = fields.Many2many(
        comodel_name="account.payment",
        string="Payments",
        readonly=True,
        copy=False,
        written_by="posting",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends("company_id")
    def _compute_journal_id(self):
        """Propose the first bank of the company, else its first till."""
        journals = self.env["account.journal"]
        for dialog in self:
            dialog.journal_id = journals._find_money_journal(dialog.company_id)

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        self.partner_id = self.partner_id.commercial_partner_id

    def _get_account(self):
        """Return the account, empty while the user may not know what it owes."""
        self.ensure_one()
        account = self.partner_id.commercial_partner_id
        may_know = self.env.su or self.company_id in self.env.companies
        if not (account and may_know and account.has_access("read")):
            return self.env["res.partner"]
        return account

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    @api.model
    def _get_open_action(self, transaction):
        """Open the page for what was chosen in a transaction.

        :param transaction: ``account.post.transaction``: its only account is filled in
        :return: a window action
        :raise AccessError: when the user may not post payments
        """
        self._check_may_post()
        dialog = self.create(self._prepare_from_transaction(transaction))
        return dialog._get_view_action()

    @api.model
    def _prepare_from_transaction(self, transaction):
        """Prepare the page: values for ``create``."""
        lines = transaction._find_lines(Domain.TRUE, limit=2)
        return {
            "transaction_id": transaction.id,
            "company_id": transaction.company_id.id,
            "partner_id": lines.partner_id.id if len(lines) == 1 else False,
        }

    def _check_may_post(self):
        """Check the right: the page lists the invoices of an account."""
        check_right(
            self,
            "account.group_account_invoice",
            self.env._(
                "You are not allowed to post payments and refunds. Ask an "
                "administrator for the access right Invoicing."
            ),
            "write",
        )

    def _get_view_action(self):
        return self._get_records_action(name=self._get_title(), context={})

    def _get_title(self):
        """Return what the page is called."""
        raise NotImplementedError

    @api.depends("step")
    def _compute_display_name(self):
        for dialog in self:
            dialog.display_name = dialog._get_title()

    def action_back(self):
        """Go back to the transaction, to choose another type.

        :return: a window action on ``account.post.transaction``
        """
        self.ensure_one()
        transactions = self.env["account.post.transaction"]
        if self.transaction_id:
            return self.transaction_id._get_view_action()
        return transactions._get_open_action(partners=self.partner_id)

    def action_post(self, idempotency_key=None):
        """Post it and show what became of it; a second click shows it again.

        :param idempotency_key: a page that says the same, posted under the same key,
            shows what was posted first; one that says something else is refused
        :return: True
        :raise AccessError: when the user may not post
        :raise UserError: when something is missing or not possible; what was typed is
            kept
        """
        self.ensure_one()
        self._check_may_post()
        if self.step == "setup":
            vals = self.env["account.credit.answer"]._answer(
                self.company_id,
                idempotency_key,
                self._get_request(),
                self._post_and_describe,
                f"{self._name}.action_post",
            )
            self.step = "result"
            # Whoever posts need not see payments.
            self.sudo()._write_guarded(vals)
        return True

    def _post_and_describe(self):
        """Post the payments.

        :return: ``{"payment_ids", "result"}``, what the page shows then
        """
        self._check_setup()
        # As in Post Transaction: a second click waits here and then finds it done.
        self.step = "result"
        self.flush_recordset(["step"])
        payments_sudo, result = self._post()
        template = "account_credit_posting.post_money_result"
        return {
            "payment_ids": payments_sudo.ids,
            "result": self.env["ir.qweb"]._render(template, result),
        }

    def _get_request(self):
        """Return what the page asks for: ``{name: value}``, as it was typed."""
        names = ("partner_id", "journal_id", "private_comment")
        return self._read_request(self, names)

    @api.model
    def _read_request(self, records, names):
        """Return what fields hold, relations as ids.

        :return: ``{name: value}``, of each name the values of all records
        """
        return {
            name: [
                record[name].ids
                if isinstance(record[name], models.BaseModel)
                else record[name]
                for record in records
            ]
            for name in names
        }

    def action_post_another(self):
        """Open a new transaction.

        :return: a window action on ``account.post.transaction``
        """
        return self.env["account.post.transaction"]._get_open_action()

    def action_view_payments(self):
        """Open what was posted, as far as the user may see it.

        :return: a window action on ``account.payment``
        """
        self.ensure_one()
        self.payment_ids.check_access("read")
        return self.payment_ids._get_records_action(name=self.env._("Payments"))

    def action_print_receipt(self):
        """Print Odoo's receipt of what was posted.

        :return: a report action
        """
        self.ensure_one()
        self.payment_ids.check_access("read")
        report = self.env.ref("account.action_report_payment_receipt")
        return report.report_action(self.payment_ids)

    # -------------------------------------------------------------------------
    # CHECKS
    # -------------------------------------------------------------------------

    def _check_setup(self):
        """Check what both need.

        :raise AccessError: when it is another company's
        :raise UserError: when something is missing
        """
        self.ensure_one()
        account, company = self.partner_id.commercial_partner_id, self.company_id
        if not self.env.su and company not in self.env.companies:
            raise AccessError(
                self.env._(
                    "You are not working in %(company)s. Choose another "
                    "classification.",
                    company=company.sudo().display_name,  # Only its name is told.
                )
            )
        if not account:
            raise ValidationError(self.env._("Choose an account."))
        account.check_access("read")
        if not account.active or account._is_foreign_to(company):
            raise UserError(
                self.env._(
                    "%(account)s is archived or of another company. Choose another "
                    "account, or another classification.",
                    account=account.display_name,
                )
            )
        journal = self.journal_id
        if (
            journal.type not in const.MONEY_JOURNALS
            or journal.company_id not in company.parent_ids
        ):
            raise UserError(
                self.env._(
                    "Choose a bank or cash journal of %(company)s.",
                    company=company.display_name,
                )
            )
        self._check_date(self._get_date())
        return True

    def _get_date(self):
        """Return the accounting date."""
        return get_today(self.company_id)

    def _check_date(self, date):
        """Refuse a locked date, which Odoo would move silently."""
        # Whoever posts may be told that the date is locked.
        company_sudo = self.company_id.sudo()
        locks = company_sudo._get_violated_lock_dates(
            date, False, self.journal_id.sudo()
        )
        if locks:
            raise UserError(
                self.env._(
                    "The date %(date)s is locked (%(locks)s). Choose a later date.",
                    date=format_date(self.env, date),
                    locks=company_sudo._format_lock_dates(locks),
                )
            )

    # -------------------------------------------------------------------------
    # POSTING
    # -------------------------------------------------------------------------

    def _post(self):
        """Post the payments.

        :return: ``(account.payment records with all rights, values of the template
            post_money_result)``
        """
        raise NotImplementedError

    def _create_payment(self, payment_type, amount, ledger, currency, **vals):
        """Create and post a payment with an entry, and note the private comment.

        :param payment_type: "inbound" or "outbound"
        :param amount: above zero, in ``currency``
        :param ledger: its receivable ``account.account``
        :return: ``(account.payment, its receivable journal item)``, with all rights
        """
        # The right to post is enough, as with credits and stored value.
        payments_sudo = self.env["account.payment"].sudo()
        payment_sudo = payments_sudo.with_context(force_payment_move=True).create(
            {
                "payment_type": payment_type,
                "partner_type": "customer",
                "partner_id": self.partner_id.commercial_partner_id.id,
                "company_id": self.company_id.id,
                "journal_id": self.journal_id.id,
                "date": self._get_date(),
                "amount": amount,
                "currency_id": currency.id,
                "destination_account_id": ledger.id,
                **vals,
            }
        )
        payment_sudo.action_post()
        self._note(payment_sudo, self.private_comment)
        item_sudo = payment_sudo.move_id.line_ids.filtered(
            lambda line: line.account_id == ledger
        )
        return payment_sudo, item_sudo

    @api.model
    def _note(self, record_sudo, text):
        """Keep a note of the office in the log of a record: nobody is told of it."""
        if text and text.strip():
            record_sudo._message_log(body=text)
