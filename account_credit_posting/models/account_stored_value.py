from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..const import DETAIL_FIELDS
from .account_credit_line import POSTING

#: Fields that only events write: what they say is posted.
EVENT_FIELDS = {
    "code_hash",
    "code_last4",
    "awaits_payment",
    "company_id",
    "currency_id",
    "funding",
    "funding_account_id",
    "idempotency_key",
    "initial_amount",
    "invoice_id",
    "issue_date",
    "journal_id",
    "liability_account_id",
    "movement_count",
    "name",
    "origin_id",
    "partner_id",
    "reminder_date",
    "send_date",
    "send_error",
    "sent_date",
    "state",
    "value_type",
}

#: Of these, what is not even for a draft to say.
RESULT_FIELDS = {
    "awaits_payment",
    "code_hash",
    "code_last4",
    "invoice_id",
    "liability_account_id",
    "movement_count",
    "origin_id",
    "reminder_date",
    "send_error",
    "sent_date",
    "state",
}


class AccountStoredValue(models.Model):
    """A gift card or a prepayment: money held for a customer.

    The ledger is its balance: minus the sum of its posted lines on a liability
    account. Every change of the balance is a posted entry, an event; nothing here
    stores an amount that could disagree.
    """

    _name = "account.stored.value"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Gift Card or Prepayment"
    _order = "issue_date desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("New"),
    )
    value_type = fields.Selection(
        selection=[("gift_card", "Gift Card"), ("prepayment", "Prepayment")],
        string="Type",
        required=True,
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        index=True,
        ondelete="restrict",
        help="The account that the money is held for.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    initial_amount = fields.Monetary(
        string="Amount",
        copy=False,
        tracking=True,
        help="What it was issued with, corrections included.",
    )
    balance = fields.Monetary(
        compute="_compute_balance",
        compute_sudo=True,
        help="What is left: minus the sum of its posted lines on the liability.",
    )

    # Where the money came from.
    funding = fields.Selection(
        selection=[
            ("payment", "Payment received"),
            ("invoice", "Sold on an invoice"),
            ("promotion", "Given away"),
            ("reclass", "Money already on the account"),
            ("opening", "Opening balance"),
        ],
        required=True,
    )
    journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Received In",
        check_company=True,
        copy=False,
        domain="[('type', 'in', ('bank', 'cash', 'credit'))]",
        help="The bank or the till that the money came into.",
    )
    funding_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Funded From",
        check_company=True,
        copy=False,
        help="The other side of the entry that funded it; corrections are booked "
        "against it. For an opening balance, the account that holds it so far.",
    )
    liability_account_id = fields.Many2one(
        comodel_name="account.account",
        check_company=True,
        readonly=True,
        copy=False,
        help="Where the money is owed, as set when it was issued.",
    )
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        string="Sold On",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    awaits_payment = fields.Boolean(
        readonly=True,
        copy=False,
        help="Blocked until the invoice that it was sold on is paid.",
    )
    origin_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Moved From",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    move_line_ids = fields.One2many(
        comodel_name="account.move.line",
        inverse_name="stored_value_id",
        string="Journal Items",
        readonly=True,
    )
    movement_ids = fields.One2many(
        comodel_name="account.stored.value.movement",
        inverse_name="stored_value_id",
        string="History",
        readonly=True,
    )

    # Life.
    issue_date = fields.Date(copy=False, default=fields.Date.context_today)
    expiry_date = fields.Date(
        tracking=True,
        help="The last day on which it can be used.",
    )
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("active", "Active"),
            ("blocked", "Blocked"),
            ("used", "Used"),
            ("expired", "Expired"),
            ("void", "Void"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        index=True,
        tracking=True,
    )
    memo = fields.Text(help="For the office only.")

    # The card.
    recipient_name = fields.Char()
    recipient_email = fields.Char()
    sender_name = fields.Char()
    message = fields.Text(help="Printed on the card.")
    code_hash = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Keyed hash of the code; the code itself is nowhere.",
    )
    code_last4 = fields.Char(string="Code Ends With", readonly=True, copy=False)
    send_date = fields.Date(
        string="E-mail On",
        copy=False,
        help="The day on which the card is e-mailed, with a code that is made then. "
        "Empty: its code is shown when it is issued.",
    )
    send_error = fields.Char(string="Not E-mailed", readonly=True, copy=False)
    sent_date = fields.Datetime(string="E-mailed On", readonly=True, copy=False)
    reminder_date = fields.Date(
        string="Reminded On",
        readonly=True,
        copy=False,
        help="When the holder was told that it expires soon.",
    )

    idempotency_key = fields.Char(
        readonly=True,
        copy=False,
        help="A request with a key that was seen before gets the first answer again.",
    )
    movement_count = fields.Integer(
        readonly=True,
        copy=False,
        help="Raised by each event, so that two of them at once cannot both go on.",
    )

    _code_hash_unique = models.UniqueIndex("(code_hash) WHERE code_hash IS NOT NULL")
    _idempotency_key_unique = models.UniqueIndex(
        "(company_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This idempotency key was used before in this company.",
    )
    _initial_amount_above_zero = models.Constraint(
        "CHECK (state = 'draft' OR initial_amount > 0)",
        "A gift card or prepayment is issued with an amount above zero.",
    )

    # -------------------------------------------------------------------------
    # COMPUTE
    # -------------------------------------------------------------------------

    @api.depends(
        "move_line_ids.amount_currency",
        "move_line_ids.parent_state",
    )
    def _compute_balance(self):
        held = self._sum_held()
        for value in self:
            value.balance = held[value][0] if value in held else 0

    @api.depends("name", "state", "balance")
    @api.depends_context("stored_value_details", "lang")
    def _compute_display_name(self):
        with_details = self.env.context.get("stored_value_details")
        states = dict(self._fields["state"]._description_selection(self.env))
        for value in self:
            value.display_name = value.name
            if with_details:
                value.display_name = self.env._(
                    "%(name)s · %(state)s · %(balance)s left",
                    name=value.name,
                    state=states[value.state],
                    balance=value.currency_id.format(value.balance),
                )

    def _sum_held(self):
        """Sum up what the ledger holds for these.

        :return: ``{stored value: (in its currency, in company currency)}``, what is
            owed to the customer is positive; without a posted line it is not in it
        """
        sums = self.env["account.move.line"]._read_group(
            [("stored_value_id", "in", self.ids), ("parent_state", "=", "posted")],
            ["stored_value_id"],
            ["amount_currency:sum", "balance:sum"],
        )
        return {
            value: (
                value.currency_id.round(-amount),
                value.company_id.currency_id.round(-balance),
            )
            for value, amount, balance in sums
        }

    # -------------------------------------------------------------------------
    # CRUD
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Number the records; what they say of events is left to events.

        A contact below an account leads to the account.

        :raise AccessError: when the values say that something was posted
        """
        for vals in vals_list:
            self._check_written_by_event(RESULT_FIELDS & vals.keys())
            company = self.env["res.company"].browse(
                vals.get("company_id") or self.env.company.id
            )
            vals["name"] = (
                self.env["ir.sequence"]
                .with_company(company)
                .next_by_code(
                    f"account.stored.value.{vals.get('value_type')}",
                    sequence_date=vals.get("issue_date"),
                )
            ) or self.env._("New")
            partner = self.env["res.partner"].browse(vals.get("partner_id"))
            if partner.commercial_partner_id:
                vals["partner_id"] = partner.commercial_partner_id.id
        return super().create(vals_list)

    def write(self, vals):
        """Change what is no fact: expiry, memo, recipient, message.

        :raise AccessError: when a fact is written by anything but an event, or when
            the user is no administrator of credits
        """
        changed = EVENT_FIELDS & vals.keys()
        if any(value.state != "draft" for value in self):
            self._check_written_by_event(changed)
            if {"expiry_date", *DETAIL_FIELDS} & vals.keys() and not self._is_event():
                self._check_may_manage()
        else:
            self._check_written_by_event(changed & RESULT_FIELDS)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        for value in self:
            if value.state != "draft":
                raise UserError(
                    self.env._(
                        "%(name)s cannot be deleted: it is in the ledger. Void it.",
                        name=value.name,
                    )
                )

    def _is_event(self):
        return self.env.context.get("stored_value_event") is POSTING

    def _check_written_by_event(self, names):
        if names and not self._is_event():
            raise AccessError(
                self.env._(
                    "What became of a gift card or prepayment is written by its events "
                    "alone: issue, use, correct, move, refund, block, void."
                )
            )

    # -------------------------------------------------------------------------
    # RIGHTS AND LOCKS
    # -------------------------------------------------------------------------

    def _check_may_use(self):
        """Check the right to issue and use stored value, and to see these.

        :raise AccessError: when the user has no such right
        """
        self._check_group(
            "account_credit_posting.group_credit_user",
            self.env._(
                "You may not issue or use gift cards and prepayments. Ask an "
                "administrator for the right Post credits."
            ),
        )

    def _check_may_manage(self):
        """Check the right to correct, refund and void stored value.

        :raise AccessError: when the user has no such right
        """
        self._check_group(
            "account_credit_posting.group_credit_manager",
            self.env._(
                "Only an administrator of account credits can correct, move, refund or "
                "void gift cards and prepayments."
            ),
        )

    def _check_group(self, group, message):
        if not self.env.su and not self.env.user.has_group(group):
            raise AccessError(message)
        self.check_access("read")

    def _take(self):
        """Make other events of these records wait until this transaction has ended.

        They then fail to serialize and are repeated by Odoo: they find what this one
        left. In the order of the ids, so that no two wait for each other.
        """
        self.flush_recordset()
        self.env.execute_query(
            SQL(
                "SELECT id FROM account_stored_value WHERE id IN %(ids)s "
                "ORDER BY id FOR NO KEY UPDATE",
                ids=tuple(self.ids) or (0,),
            )
        )
        for value in self:
            value._write_event({"movement_count": value.movement_count + 1})

    def _write_event(self, vals):
        self.with_context(stored_value_event=POSTING).write(vals)
