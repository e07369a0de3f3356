import logging
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import consteq, format_date, format_list, split_every
from odoo.tools.misc import hmac

from odoo.addons.base.models.ir_mail_server import MailDeliveryException

from ... import const
from ...const import DETAIL_FIELDS, HIDDEN_CODE, PAID_STATES
from ...tools.applying import OpenItem
from ...tools.card_code import LENGTH, create_code, normalize_code
from ...tools.isolating import explain_error, isolate
from ...tools.locks import lock_rows
from ...tools.posting import is_written_by, with_posting
from ...tools.working import work_list

_logger = logging.getLogger(__name__)


class AccountStoredValue(models.Model):
    """A gift card or a prepayment: money held for a customer.

    The ledger is its balance: minus the sum of its posted lines on a liability
    account. Every change of the balance is a posted entry, an event; nothing here
    stores an amount that could disagree.
    """

    _name = "account.stored.value"
    _inherit = [
        "account.credit.guard",
        "account.credit.source",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Gift Card or Prepayment"
    _order = "issue_date desc, id desc"
    _check_company_auto = True
    _state_writer = "event"
    _state_changes = {
        "draft": ("active", "blocked", "void"),
        "active": ("blocked", "used", "expired", "void"),
        "blocked": ("active", "used", "expired", "void"),
        "used": ("active", "blocked", "void"),
        "expired": ("active", "void"),
        "void": ("active",),
    }
    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env._("New"),
        written_by="opener",
    )
    value_type = fields.Selection(
        selection=[("gift_card", "Gift Card"), ("prepayment", "Prepayment")],
        string="Type",
        required=True,
        written_by=("draft", "event"),
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Account",
        required=True,
        index=True,
        ondelete="restrict",
        help="The account that the money is held for.",
        written_by=("draft", "event"),
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        written_by=("draft", "event"),
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        written_by=("draft", "event"),
    )
    initial_amount = fields.Monetary(
        string="Amount",
        copy=False,
        tracking=True,
        help="What it was issued with, corrections included.",
        written_by=("draft", "event"),
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
        written_by=("draft", "event"),
    )
    journal_id = fields.Many2one(
        comodel_name="account.journal",
        string="Received In",
        check_company=True,
        copy=False,
        domain="[('type', 'in', ('bank', 'cash', 'credit'))]",
        help="The bank or the till that the money came into.",
        written_by=("draft", "event"),
    )
    funding_account_id = fields.Many2one(
        comodel_name="account.account",
        string="Funded From",
        check_company=True,
        copy=False,
        help="The other side of the entry that funded it; corrections are booked "
        "against it. For an opening balance, the account that holds it so far.",
        written_by=("draft", "event"),
    )
    liability_account_id = fields.Many2one(
        comodel_name="account.account",
        check_company=True,
        readonly=True,
        copy=False,
        help="Where the money is owed, as set when it was issued.",
        written_by="event",
    )
    invoice_id = fields.Many2one(
        comodel_name="account.move",
        string="Sold On",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        written_by="event",
    )
    awaits_payment = fields.Boolean(
        readonly=True,
        copy=False,
        help="Blocked until the invoice that it was sold on is paid.",
        written_by="event",
    )
    origin_id = fields.Many2one(
        comodel_name="account.stored.value",
        string="Moved From",
        readonly=True,
        copy=False,
        index="btree_not_null",
        written_by="event",
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
    issue_date = fields.Date(
        copy=False, default=fields.Date.context_today, written_by=("draft", "event")
    )
    expiry_date = fields.Date(
        tracking=True,
        help="The last day on which it can be used.",
        written_by=("draft", "event"),
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
        written_by="state",
    )
    memo = fields.Text(help="For the office only.", written_by=("draft", "event"))
    # The card.
    recipient_name = fields.Char(written_by=("draft", "event"))
    recipient_email = fields.Char(written_by=("draft", "event"))
    sender_name = fields.Char(written_by=("draft", "event"))
    message = fields.Text(help="Printed on the card.", written_by=("draft", "event"))
    code_hash = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Keyed hash of the code; the code itself is nowhere.",
        written_by="event",
    )
    code_last4 = fields.Char(
        string="Code Ends With", readonly=True, copy=False, written_by="event"
    )
    send_date = fields.Date(
        string="E-mail On",
        copy=False,
        help="The day on which the card is e-mailed, with a code that is made then. "
        "Empty: its code is shown when it is issued.",
        written_by=("draft", "event"),
    )
    send_error = fields.Char(
        string="Not E-mailed", readonly=True, copy=False, written_by="event"
    )
    sent_date = fields.Datetime(
        string="E-mailed On", readonly=True, copy=False, written_by="event"
    )
    reminder_date = fields.Date(
        string="Reminded On",
        readonly=True,
        copy=False,
        help="When the holder was told that it expires soon.",
        written_by="event",
    )
    idempotency_key = fields.Char(
        readonly=True,
        copy=False,
        help="A request with a key that was seen before gets the first answer again.",
        written_by=("draft", "event"),
    )
    movement_count = fields.Integer(
        readonly=True,
        copy=False,
        help="Raised by each event, so that two of them at once cannot both go on.",
        written_by="event",
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

    @api.model_create_multi
    def create(self, vals_list):
        """Number the records; what they say of events is left to events.

        A contact below an account leads to the account.

        :raise AccessError: when the values say that something was posted
        """
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
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

    def _check_draft(self, names):
        if all(value.state == "draft" for value in self):
            return
        if names - DETAIL_FIELDS - {"expiry_date"}:
            raise AccessError(self._get_guard_message(names))
        self._check_may_manage()

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
        return is_written_by(self.env, "event")

    def _get_guard_message(self, names):
        return self.env._(
            "What became of a gift card or prepayment is written by its events alone: "
            "issue, use, correct, move, refund, block, void."
        )

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

    def _lock(self):
        """Make other events of these records wait until this transaction has ended.

        They then fail to serialize and are repeated by Odoo: they find what this one
        left. In the order of the ids, so that no two wait for each other.
        """
        lock_rows(self)
        for value in self:
            value._write_event({"movement_count": value.movement_count + 1})

    def _write_event(self, vals):
        with_posting(self, "event").write(vals)

    # -------------------------------------------------------------------------
    # WHAT SCREENS AND OTHER PROGRAMS CALL. EACH CHECKS THE RIGHT OF THE CALLER
    # -------------------------------------------------------------------------

    @api.model
    def issue(  # noqa: PLR0913 (a public name, see DESIGN)
        self,
        value_type,
        account_id,
        amount,
        funding,
        journal_id=None,
        expiry_date=None,
        idempotency_key=None,
        **details,
    ):
        """Issue a gift card or a prepayment.

        :param str value_type: "gift_card" or "prepayment"
        :param int account_id: the account that the money is held for
        :param amount: above zero, in the currency of the company or of ``details``
        :param str funding: "payment", "promotion", "reclass" or "opening"; what is
            sold on an invoice is issued by that invoice
        :param int journal_id: bank or cash journal of a payment
        :param expiry_date: the last day of use; for gift cards, by default, what the
            company says
        :param str idempotency_key: a call with a key that was seen before gets the
            record of that call; the code is not told again
        :param details: ``company_id``, ``currency_id``, ``date``, ``memo``,
            ``recipient_name``, ``recipient_email``, ``sender_name``, ``message``,
            ``send_date``, the day on which the card is e-mailed, and
            ``opening_account_id``, the other side of an opening balance
        :return: ``{"id", "name", "code"}``; the code of a gift card is told here and
            never again, ``False`` for a prepayment and with a ``send_date``
        :raise AccessError: when the user may not issue
        :raise UserError: when something is missing or not possible
        """
        self._check_may_use()
        company = self._get_own_company(details.pop("company_id", None))
        if idempotency_key:
            seen = self.sudo().search(  # The key is looked up, nothing is told of it.
                [
                    ("company_id", "=", company.id),
                    ("idempotency_key", "=", idempotency_key),
                ]
            )
            if seen:
                return {"id": seen.id, "name": seen.name, "code": False}
        date = fields.Date.to_date(details.pop("date", None)) or (
            fields.Date.context_today(self)
        )
        opening_account_id = details.pop("opening_account_id", None)
        allowed = {"currency_id", "send_date", *DETAIL_FIELDS}
        if unknown := details.keys() - allowed:
            raise UserError(
                self.env._(
                    "These values are not known: %(names)s.",
                    names=", ".join(sorted(unknown)),
                )
            )
        value = self.create(
            {
                **details,
                "currency_id": details.get("currency_id") or company.currency_id.id,
                "value_type": value_type,
                "partner_id": account_id,
                "company_id": company.id,
                "initial_amount": amount,
                "funding": funding,
                "journal_id": journal_id,
                "funding_account_id": opening_account_id,
                "issue_date": date,
                "expiry_date": expiry_date
                or self._get_default_expiry(company, value_type, funding, date),
                "idempotency_key": idempotency_key,
            }
        )
        code = value._issue_and_get_code()
        return {"id": value.id, "name": value.name, "code": code}

    def action_issue(self):
        """Issue a draft: post the entry that funds it.

        :return: for a gift card a client action that tells its code, once; else an
            action that closes the window
        :raise AccessError: when the user may not issue
        :raise UserError: when something is missing or not possible
        """
        self.ensure_one()
        self._check_may_use()
        code = self._issue_and_get_code()
        if self.value_type == "gift_card":
            return self._get_code_action(code)
        return {"type": "ir.actions.act_window_close"}

    def _issue_and_get_code(self):
        """Issue a draft.

        :return: the code of a gift card; False for a prepayment, and for a card that is
            e-mailed: its code is made when it leaves
        """
        # The right to issue is enough, as with credits: it needs no right to read the
        # chart of accounts or to create entries.
        value_sudo = self.sudo()
        value_sudo._issue()
        if value_sudo.value_type != "gift_card":
            return False
        if value_sudo.send_date:
            value_sudo.send_card(date=value_sudo.send_date)
            return False
        return value_sudo._set_new_code()

    @api.onchange("company_id", "value_type", "funding", "issue_date")
    def _onchange_funding(self):
        """Propose what is most often wanted: the first bank or till, and the expiry."""
        self.expiry_date = self._get_default_expiry(
            self.company_id, self.value_type, self.funding, self.issue_date
        )
        journal = self.journal_id
        if self.funding != "payment":
            self.journal_id = False
        elif not journal or journal.company_id != self.company_id:
            self.journal_id = self.env["account.journal"].search(
                [
                    *self.env["account.journal"]._check_company_domain(self.company_id),
                    ("type", "in", ("cash", "bank")),
                ],
                order="type DESC, sequence, id",
                limit=1,
            )

    @api.model
    def _get_own_company(self, company_id):
        company = (
            self.env["res.company"].browse(company_id)
            if company_id
            else self.env.company
        )
        if not self.env.su and company not in self.env.companies:
            raise UserError(
                self.env._("You do not work in this company. Choose another one.")
            )
        return company

    @api.model
    def _get_default_expiry(self, company, value_type, funding, date):
        """Return the expiry date that the company gives to new records, or False."""
        may_expire = funding == "promotion" or company.paid_value_expires
        months = company.gift_card_validity_months
        if value_type != "gift_card" or not (may_expire and months and date):
            return False
        return date + relativedelta(months=months)

    def apply_to_invoice(self, invoice_id, amount=None):
        """Pay an open invoice of the same account.

        :param int invoice_id: a posted customer invoice in the currency of the record
        :param amount: at most this; by default what is left, or what is open
        :return: the amount that was paid
        :raise AccessError: when the user may not use stored value
        :raise UserError: when nothing could be paid, with the reason
        """
        self.ensure_one()
        self._check_may_use()
        invoice = self.env["account.move"].browse(invoice_id)
        value_sudo = self.sudo()  # As in `issue`.
        items = value_sudo._get_open_items()
        if amount is not None and items:
            items[0].residual = value_sudo._check_amount(amount, value_sudo.balance)
        return sum(self._pay_invoices(items, value_sudo.company_id, invoice).values())

    def _pay_invoices(self, items, company, invoices):
        """Let these pay invoices because somebody asked, by the rule.

        :param list items: of :meth:`_get_open_items`
        :param invoices: ``account.move`` records
        :return: ``{currency: amount}``, what was paid
        :raise UserError: when nothing could be paid, with the reason
        """
        # The right to use stored value is enough, as in `issue`.
        engine_sudo = self.env["account.credit.application"].sudo()
        invoices_sudo = invoices.sudo()
        before = invoices_sudo.credit_application_ids
        engine_sudo._apply_items(items, company, "user", invoices_sudo)
        new = invoices_sudo.credit_application_ids - before
        paid = new.filtered("partial_id")
        if not paid:
            raise UserError(
                new.filtered("reason")[:1].reason or self._get_nothing_paid_message()
            )
        return paid._sum_by_currency()

    def _get_nothing_paid_message(self):
        values_sudo = self.sudo()  # As in `_pay_invoices`.
        return self.env._(
            "Nothing was paid with %(names)s. It takes an open invoice of %(accounts)s "
            "in %(currencies)s that sells no gift card, and something left to use.",
            names=format_list(self.env, values_sudo.mapped("name")),
            accounts=format_list(
                self.env, values_sudo.partner_id.mapped("display_name")
            ),
            currencies=format_list(self.env, values_sudo.currency_id.mapped("name")),
        )

    def move_to(self, account_id, amount=None):
        """Move value to another account.

        :param int account_id: the other account
        :param amount: what to move; all that is left by default
        :return: id of the new record of the other account
        :raise AccessError: when the user is no administrator of credits
        """
        self.ensure_one()
        self._check_may_manage()
        value_sudo = self.sudo()  # As in `issue`.
        account_sudo = value_sudo.env["res.partner"].browse(account_id)
        amount = value_sudo.balance if amount is None else amount
        return value_sudo._move(account_sudo, amount, "move").id

    @api.model
    def redeem(self, code, account_id):
        """Move what is on a gift card to the account of whoever holds its code.

        The code is worth nothing afterwards.

        :param str code: as printed; case, spaces and hyphens do not matter
        :param int account_id: the account that gets the money
        :return: ``{"id", "name", "balance"}`` of the record of that account
        :raise UserError: the same for every code that is wrong, used or blocked
        """
        self._check_may_use()
        value_sudo = self._find_by_code(code)
        account_sudo = value_sudo.env["res.partner"].browse(account_id)
        target_sudo = value_sudo._move(account_sudo, value_sudo.balance, "redeem")
        value_sudo._write_event({"code_hash": False})
        return {
            "id": target_sudo.id,
            "name": target_sudo.name,
            "balance": target_sudo.balance,
        }

    @api.model
    def balance_of(self, code):
        """Return what is left on the gift card with this code.

        :return: ``{"balance", "currency", "expiry_date"}``
        :raise UserError: the same for every code that is wrong, used or blocked
        """
        self._check_may_use()
        value_sudo = self._find_by_code(code)
        return {
            "balance": value_sudo.balance,
            "currency": value_sudo.currency_id.name,
            "expiry_date": fields.Date.to_string(value_sudo.expiry_date) or False,
        }

    def adjust(self, amount, reason):
        """Correct the amount that it was issued with.

        :param amount: what it should have been issued with, in its currency
        :param str reason: kept on the entry
        :return: True
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when more than that is used already
        """
        self.ensure_one()
        self._check_may_manage()
        self._check_reason(reason)
        self.sudo()._adjust(amount, reason)  # As in `issue`.
        return True

    def refund(self, amount, journal_id):
        """Pay money back.

        :param amount: at most what is left
        :param int journal_id: bank or cash journal
        :return: id of the ``account.payment``
        :raise AccessError: when the user is no administrator of credits
        """
        self.ensure_one()
        self._check_may_manage()
        value_sudo = self.sudo()  # As in `issue`.
        journal_sudo = value_sudo.env["account.journal"].browse(journal_id)
        return value_sudo._refund(amount, journal_sudo).id

    def action_block(self, reason):
        """Block the record: it cannot be used; the money is still owed.

        :param str reason: kept in the log
        :return: True
        """
        self._check_may_use()
        self._check_reason(reason)
        self._check_state("active")
        for value_sudo in self.sudo():  # As in `issue`.
            value_sudo._lock()
            value_sudo._update_state("blocked")
            value_sudo.message_post(body=reason)
        return True

    def action_unblock(self):
        """Let a blocked record be used again.

        :return: True
        """
        self._check_may_manage()
        self._check_state("blocked")
        values_sudo = self.sudo()  # As in `issue`.
        values_sudo._check_is_paid()
        values_sudo._lock()
        values_sudo._update_state("active")
        values_sudo._update_from_balance()
        return True

    def action_void(self, reason):
        """Take back what was entered by mistake, or the rest of a card given away.

        :param str reason: kept on the entry and in the log
        :return: True
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when value that was paid for is used in part
        """
        self._check_may_manage()
        self._check_reason(reason)
        for value_sudo in self.sudo():  # As in `issue`.
            value_sudo._void(reason)
        return True

    def _check_reason(self, reason):
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the history."))

    def action_change(self):
        """Open the dialog for what the context names as ``change``.

        :return: a window action on ``account.stored.value.change``
        """
        self.ensure_one()
        dialog = self.env["account.stored.value.change"]
        change = self.env.context.get("change")
        labels = dict(dialog._fields["change"]._description_selection(self.env))
        return {
            "type": "ir.actions.act_window",
            "name": f"{labels[change]}: {self.name}",
            "res_model": dialog._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_value_id": self.id, "default_change": change},
        }

    def action_open(self):
        """Open the record with its history.

        :return: a window action
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def _get_list_action(self, name):
        """Return the action that shows these."""
        if len(self) == 1:
            return self.action_open()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": self._name,
            "view_mode": "list,form",
            "domain": [("id", "in", self.ids)],
        }

    # -------------------------------------------------------------------------
    # WHERE THE MONEY COMES FROM: ONE WAY TO FUND A STORED VALUE FOR EACH SELECTION
    # -------------------------------------------------------------------------

    def _issue(self):
        """Post the entry that funds a draft.

        :raise UserError: when something is missing
        """
        self.ensure_one()
        self._check_state("draft")
        self._lock()
        company = self.company_id
        date = self.issue_date or fields.Date.context_today(self)
        amount = self._check_amount(self.initial_amount)
        liability = company._get_liability_account(self.value_type, self.funding)
        if not liability:
            raise UserError(
                self.env._(
                    "%(company)s has no liability account for this. Choose one under "
                    "Invoicing, Configuration, Settings, Account Credits.",
                    company=company.display_name,
                )
            )
        if self.value_type == "prepayment" and self.funding == "promotion":
            raise UserError(
                self.env._(
                    "A prepayment is money: it cannot be given away. Give away a gift "
                    "card, or post a credit."
                )
            )
        self._write_event(
            {
                "liability_account_id": liability.id,
                "initial_amount": amount,
                "issue_date": date,
            }
        )
        fund = getattr(self, f"_fund_by_{self.funding}")
        funding_account = fund(amount, date)
        self._update_state("active", funding_account_id=funding_account.id)

    def _fund_by_invoice(self, _amount, _date):
        """Leave it to the invoice: posting it issues the cards that it sells."""
        raise UserError(
            self.env._(
                "A gift card that is sold on an invoice is issued by that invoice: "
                "bill a gift card product there."
            )
        )

    def _fund_by_payment(self, amount, date):
        """Receive money: the payment has a posted entry at once."""
        journal = self.journal_id
        if not journal or journal.type not in ("bank", "cash", "credit"):
            raise UserError(
                self.env._("Choose the bank or cash journal that the money came into.")
            )
        payment = self._create_payment("inbound", amount, journal, date)
        return payment.outstanding_account_id

    def _create_payment(self, payment_type, amount, journal, date):
        """Create and post a payment against the liability.

        :param payment_type: "inbound" or "outbound"
        :return: the ``account.payment``, with a posted entry (``force_payment_move``)
        """
        payment = (
            with_posting(self.env["account.payment"], "event")
            .with_context(force_payment_move=True)
            .create(
                {
                    "payment_type": payment_type,
                    "partner_type": "customer",
                    "partner_id": self.partner_id.id,
                    "amount": amount,
                    "currency_id": self.currency_id.id,
                    "journal_id": journal.id,
                    "date": date,
                    "memo": self.name,
                    "destination_account_id": self.liability_account_id.id,
                    "stored_value_id": self.id,
                }
            )
        )
        payment.action_post()
        return payment

    def _fund_by_promotion(self, amount, date):
        """Give it away: no money comes in."""
        account = self.company_id._get_own_or_parent("gift_card_promotion_account_id")
        if not account:
            raise UserError(
                self.env._(
                    "%(company)s has no account for gift cards given away. Choose one "
                    "under Invoicing, Configuration, Settings, Account Credits.",
                    company=self.company_id.display_name,
                )
            )
        self._book("issue", amount, account, date=date)
        return account

    def _fund_by_opening(self, amount, date):
        """Take over a balance of another system."""
        account = self.funding_account_id
        if not account:
            raise UserError(
                self.env._("Choose the ledger account that holds the opening balances.")
            )
        self._book("issue", amount, account, date=date)
        return account

    def _fund_by_reclass(self, amount, date):
        """Turn money that is on the account already into stored value.

        Payments that no invoice has taken; never a credit, which is no money.
        """
        lines = self._find_unallocated_payments()
        available = -sum(lines.mapped("amount_residual_currency"))
        if self.currency_id.compare_amounts(available, amount) < 0:
            raise UserError(
                self.env._(
                    "%(account)s has %(available)s of payments that no invoice has "
                    "taken, less than %(amount)s. Credits are no money: they stay "
                    "credits.",
                    account=self.partner_id.display_name,
                    available=self.currency_id.format(available),
                    amount=self.currency_id.format(amount),
                )
            )
        receivable = lines.account_id[:1]
        move = self._book("issue", amount, receivable, date=date)
        counterpart = move.line_ids.filtered(lambda item: item.account_id == receivable)
        self.env["account.move.line"]._reconcile_plan(
            [counterpart + line for line in lines]
        )
        return receivable

    def _find_unallocated_payments(self):
        """Return the open receivable lines of payments, oldest first."""
        engine = self.env["account.credit.application"]
        lines = self.env["account.move.line"].search(
            engine._get_open_domain(self.company_id)
            & engine._get_payment_domain()
            & Domain("partner_id", "=", self.partner_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & Domain("amount_residual_currency", "<", 0),
            order="date, id",
        )
        return lines.filtered(lambda line: line.account_id == lines[:1].account_id)

    def _check_is_paid(self):
        """Refuse gift cards whose invoice is not paid yet."""
        for value in self:
            if value.awaits_payment:
                raise UserError(
                    self.env._(
                        "%(name)s is active as soon as %(invoice)s is paid.",
                        name=value.name,
                        invoice=value.invoice_id.name,
                    )
                )

    def _follow_invoice(self):
        """Block gift cards while the invoice that sold them is not paid.

        One that somebody blocked stays so, paid or not; what is used stays used.
        """
        for value in self:
            is_paid = value.invoice_id.payment_state in PAID_STATES
            if value.awaits_payment and is_paid:
                value._update_state("active", awaits_payment=False)
                value._update_from_balance()
                if value.send_date:
                    value._trigger_sending()
            elif value.state == "active" and not is_paid:
                value._update_state("blocked", awaits_payment=True)

    # -------------------------------------------------------------------------
    # WHAT HAPPENS TO A STORED VALUE, AND THE ENTRY OF EACH EVENT
    # -------------------------------------------------------------------------

    def _book(self, event, amount, account, *, date=None, partner=None, note=None):
        """Post the entry of an event.

        :param event: see ``account.move.stored_value_event``
        :param amount: what the customer is owed more, or less when below zero, in the
            currency of the record
        :param account: the other side
        :param partner: on the other side; the account of the record by default
        :param note: the label; the name of the event by default
        :return: the posted ``account.move``
        :raise UserError: when the balance would go below zero, or the date is locked
        """
        self.ensure_one()
        date = date or fields.Date.context_today(self)
        balance = self._convert_held(amount, date)
        label = note or self._get_event_label(event)
        return self._post_entry(
            event,
            date,
            f"{self.name}: {label}",
            [
                {
                    **self._prepare_liability_vals(),
                    "name": label,
                    "amount_currency": -amount,
                    "balance": -balance,
                },
                {
                    "account_id": account.id,
                    "partner_id": (partner or self.partner_id).id,
                    "name": label,
                    "amount_currency": amount,
                    "balance": balance,
                },
            ],
        )

    def _post_entry(self, event, date, ref, items):
        """Create and post an entry in the currency of the record.

        :param list items: values of its journal items
        :return: the posted ``account.move``
        """
        moves = with_posting(self.env["account.move"], "event")
        move = moves.create(
            {
                "move_type": "entry",
                "journal_id": self._get_journal().id,
                "company_id": self.company_id.id,
                "currency_id": self.currency_id.id,
                "date": date,
                "ref": ref,
                "stored_value_event": event,
                "line_ids": [
                    Command.create({"currency_id": self.currency_id.id, **item})
                    for item in items
                ],
            }
        )
        self._check_date(move)
        move._post(soft=False)
        return move

    def _prepare_liability_vals(self):
        """Prepare what every line on a liability account names."""
        return {
            "account_id": self.liability_account_id.id,
            "partner_id": self.partner_id.id,
            "stored_value_id": self.id,
        }

    def _convert_held(self, amount, date):
        """Convert a change of the balance to company currency.

        What comes in, at the rate of the date; what goes out, at the rate at which it
        came in, so that an empty record leaves nothing on the liability account.

        :param amount: in the currency of the record, below zero when it goes out
        """
        self.ensure_one()
        currency = self.company_id.currency_id
        if self.currency_id == currency or amount >= 0:
            return self.currency_id._convert(amount, currency, self.company_id, date)
        held, held_company = self._sum_held().get(self, (0, 0))
        if not self.currency_id.compare_amounts(held, -amount):
            return -held_company
        return currency.round(held_company * amount / held) if held else 0

    def _get_journal(self):
        journal = self.company_id._get_own_or_parent("stored_value_journal_id")
        if not journal:
            raise UserError(
                self.env._(
                    "%(company)s has no journal for gift cards and prepayments. Choose "
                    "one under Invoicing, Configuration, Settings, Account Credits.",
                    company=self.company_id.display_name,
                )
            )
        return journal

    def _get_event_label(self, event):
        events = self.env["account.move"]._fields["stored_value_event"]
        return dict(events._description_selection(self.env))[event]

    def _check_date(self, move):
        """Refuse a locked date, which Odoo would move silently."""
        locks = move._get_violated_lock_dates(move.date, False)
        if locks:
            raise UserError(
                self.env._(
                    "%(name)s: the date %(date)s is locked (%(locks)s). Choose a later "
                    "date.",
                    name=self.name,
                    date=move.date,
                    locks=self.company_id._format_lock_dates(locks),
                )
            )

    def _check_amount(self, amount, limit=None):
        """Return an amount as its currency rounds it.

        :param limit: the most that it may be
        :raise UserError: when it is not above zero, or above the limit
        """
        self.ensure_one()
        amount = self.currency_id.round(amount)
        if self.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._(
                    "%(name)s: %(amount)s is not above zero. Enter another amount.",
                    name=self.name,
                    amount=self.currency_id.format(amount),
                )
            )
        if limit is not None and self.currency_id.compare_amounts(amount, limit) > 0:
            raise UserError(
                self.env._(
                    "%(name)s has %(limit)s left, less than %(amount)s. Use at most "
                    "what is left.",
                    name=self.name,
                    limit=self.currency_id.format(limit),
                    amount=self.currency_id.format(amount),
                )
            )
        return amount

    def _check_state(self, *states):
        for value in self:
            if value.state not in states:
                label = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(name)s is %(state)s: this cannot be done with it.",
                        name=value.name,
                        state=label[value.state].lower(),
                    )
                )

    def _update_from_balance(self):
        """Say whether these are used up, after an event.

        What comes back to one that had ended makes it active again.
        """
        for value in self:
            is_empty = value.currency_id.is_zero(value.balance)
            if is_empty and value.state == "active":
                value._update_state("used")
            elif not is_empty and value.state in ("used", "expired", "void"):
                value._update_state("active")

    def _get_open_items(self):
        """Return these as what can pay invoices, see ``plan_applications``.

        Those that are active, not empty and not expired: prepayments before gift
        cards, what expires first, then what was given before what was paid, then the
        oldest.

        :return: list of :class:`OpenItem`
        """
        return [
            OpenItem(
                move=value,
                line=None,
                account=value.partner_id,
                ledger=None,
                currency=value.currency_id,
                residual=value.balance,
                draw=value._use,
                order=(
                    1 if value.value_type == "prepayment" else 2,
                    value._get_last_day() or date.max,
                    value.funding != "promotion",
                    value.issue_date,
                    value.id,
                ),
            )
            for value in self
            if value.state == "active"
            and not value._is_expired()
            and value.currency_id.compare_amounts(value.balance, 0) > 0
        ]

    def _use(self, application):
        """Book the use of stored value for an invoice.

        :param application: of ``plan_applications``
        :return: the receivable line, to be reconciled with that of the invoice
        :raise UserError: when there is less left than planned
        """
        self.ensure_one()
        self._check_state("active")
        self._lock()
        amount = self._check_amount(application.amount, self.balance)
        ledger = application.term.ledger
        note = self.env._(
            "%(value)s for %(invoice)s",
            value=self.name,
            invoice=application.term.move.name,
        )
        move = self._book("use", -amount, ledger, note=note)
        self._update_from_balance()
        return move.line_ids.filtered(lambda line: line.account_id == ledger)

    def _adjust(self, amount, reason):
        """Correct what it was issued with: the difference is booked, dated today.

        :param amount: what it should have been issued with
        :raise UserError: when more than that is used already
        """
        self.ensure_one()
        self._lock()
        difference = self._check_adjust(amount)
        if self.currency_id.is_zero(difference):
            return
        self._book("adjust", difference, self.funding_account_id, note=reason)
        self._write_event({"initial_amount": self.initial_amount + difference})
        self._update_from_balance()

    def _check_adjust(self, amount):
        """Check whether the amount can be corrected.

        :param amount: what it should have been issued with
        :return: what the customer is owed more, or less when below zero
        :raise UserError: when more than that is used already
        """
        self._check_state("active", "used", "blocked")
        amount = self._check_amount(amount)
        difference = self.currency_id.round(amount - self.initial_amount)
        if self.currency_id.compare_amounts(self.balance + difference, 0) < 0:
            raise UserError(
                self.env._(
                    "%(name)s cannot be lowered to %(amount)s: %(used)s of it is used.",
                    name=self.name,
                    amount=self.currency_id.format(amount),
                    used=self.currency_id.format(self.initial_amount - self.balance),
                )
            )
        return difference

    def _prepare_change(self, change, amount, account, journal):
        """Tell what a correction would post, without posting it.

        :param change: "adjust", "void", "move" or "refund"
        :param amount: see :meth:`_adjust`, :meth:`_move` and :meth:`_refund`
        :param account: ``res.partner`` that value is moved to
        :param journal: that money is refunded from
        :return: ``[(ledger account, account, amount)]``, debit positive, in the
            currency of the record; empty without an entry
        :raise UserError: when it cannot be done
        """
        self.ensure_one()
        partner, other_partner = self.partner_id, self.partner_id
        other = self.funding_account_id
        if change == "adjust":
            amount = -self._check_adjust(amount)
        elif change == "void":
            self._check_void()
            amount = self.balance
        elif change == "move":
            amount = self._check_move(account, amount)
            other, other_partner = self.liability_account_id, account
        else:
            amount = self._check_refund(amount)
            other = self._get_refund_account(journal)
        if self.currency_id.is_zero(amount):
            return []
        return [
            (self.liability_account_id, partner, amount),
            (other, other_partner, -amount),
        ]

    def _get_refund_account(self, journal):
        """Return the account that a refund from a journal is credited to."""
        if not journal:
            raise UserError(
                self.env._("Choose the bank or cash journal that the money goes from.")
            )
        payment = self.env["account.payment"].new(
            {
                "payment_type": "outbound",
                "partner_type": "customer",
                "company_id": self.company_id.id,
                "journal_id": journal.id,
            }
        )
        return payment.outstanding_account_id or payment._get_outstanding_account(
            "outbound"
        )

    def _move(self, account, amount, event):
        """Move value to another account, as one entry that both histories show.

        :param account: ``res.partner``
        :param amount: at most what is left
        :param event: "move" or "redeem"
        :return: the new stored value of the other account
        """
        self.ensure_one()
        self._lock()
        account = account.commercial_partner_id
        amount = self._check_move(account, amount)
        today = fields.Date.context_today(self)
        target = self._create_target(account, amount, today)
        balance = self._convert_held(-amount, today)
        label = f"{self.name} → {target.name}: {self._get_event_label(event)}"
        self._post_entry(
            event,
            today,
            label,
            [
                {
                    **self._prepare_liability_vals(),
                    "name": label,
                    "amount_currency": amount,
                    "balance": -balance,
                },
                {
                    **target._prepare_liability_vals(),
                    "name": label,
                    "amount_currency": -amount,
                    "balance": balance,
                },
            ],
        )
        self._update_from_balance()
        return target

    def _check_move(self, account, amount):
        """Check whether so much can be moved to an account; return it rounded."""
        self._check_state("active")
        amount = self._check_amount(amount, self.balance)
        if account == self.partner_id:
            raise UserError(
                self.env._(
                    "%(name)s belongs to %(account)s already.",
                    name=self.name,
                    account=account.display_name,
                )
            )
        if not account or not account.active or account._is_foreign_to(self.company_id):
            raise UserError(
                self.env._(
                    "%(name)s cannot be moved to this account: it is archived or of "
                    "another company. Choose another account.",
                    name=self.name,
                )
            )
        return amount

    def _create_target(self, account, amount, date):
        """Create the record of another account that value is moved to."""
        target = self.create(
            {
                "value_type": self.value_type,
                "partner_id": account.id,
                "company_id": self.company_id.id,
                "currency_id": self.currency_id.id,
                "initial_amount": amount,
                "funding": self.funding,
                "expiry_date": self._may_expire() and self.expiry_date,
            }
        )
        target._write_event(
            {
                "liability_account_id": self.liability_account_id.id,
                "funding_account_id": self.funding_account_id.id,
                "origin_id": self.id,
                "invoice_id": self.invoice_id.id,
                "issue_date": date,
            }
        )
        target._update_state("active")
        return target

    def _refund(self, amount, journal):
        """Pay money back.

        :param amount: at most what is left
        :param journal: bank or cash ``account.journal``
        :return: the ``account.payment``
        :raise UserError: when it was given away: no money came in for it
        """
        self.ensure_one()
        self._lock()
        amount = self._check_refund(amount)
        payment = self._create_payment(
            "outbound", amount, journal, fields.Date.context_today(self)
        )
        self._update_from_balance()
        return payment

    def _check_refund(self, amount):
        """Check whether so much can be paid back; return it rounded."""
        self._check_state("active")
        if self.funding == "promotion":
            raise UserError(
                self.env._(
                    "%(name)s was given away: there is no money to pay back. Void it.",
                    name=self.name,
                )
            )
        return self._check_amount(amount, self.balance)

    def _expire(self, date):
        """Take what is left to breakage income.

        :param date: of the entries
        :raise UserError: for value that was paid for, where the company says that such
            value does not expire
        """
        for value in self:
            value._check_state("active", "blocked")
            company = value.company_id
            if not value._may_expire():
                raise UserError(
                    self.env._(
                        "%(name)s was paid for, and at %(company)s paid value does not "
                        "expire. Change the expiry date.",
                        name=value.name,
                        company=company.display_name,
                    )
                )
            value._lock()
            if value.currency_id.compare_amounts(value.balance, 0) > 0:
                account = company._get_own_or_parent("breakage_account_id")
                value._book("expire", -value.balance, account, date=date)
            value._update_state("expired")

    def _void(self, reason):
        """Take back what was entered by mistake, or the rest of a card given away.

        Nothing used: the mirror of the entry that funded it. Given away: what is left
        goes back to discounts given. Value that was paid for and used in part is
        refunded, moved or used instead.
        """
        self.ensure_one()
        self._lock()
        funding_move = self._check_void()
        if self.funding == "promotion":
            self._book("void", -self.balance, self.funding_account_id, note=reason)
        else:
            with_posting(funding_move, "event")._reverse_moves(
                [
                    {
                        "date": fields.Date.context_today(self),
                        "ref": f"{self.name}: {reason}",
                        "stored_value_event": "void",
                    }
                ],
                cancel=True,
            )
        self._update_state("void")
        self.message_post(body=reason)

    def _check_void(self):
        """Check whether it can be taken back.

        :return: the entry that funded it, to be reversed; for a card given away the
            rest is booked instead
        :raise UserError: when value that was paid for is used, or on the statement
        """
        self._check_state("active", "blocked")
        moves = self.move_line_ids.filtered(
            lambda line: line.parent_state == "posted"
        ).move_id
        funding_move = moves.filtered(lambda move: move.stored_value_event == "issue")
        if self.funding == "promotion":
            return funding_move
        if self.invoice_id:
            raise UserError(
                self.env._(
                    "%(name)s was sold on %(invoice)s. Reverse that invoice with a "
                    "credit note.",
                    name=self.name,
                    invoice=self.invoice_id.name,
                )
            )
        if moves != funding_move:
            raise UserError(
                self.env._(
                    "%(name)s was used or corrected: value that was paid for is never "
                    "deleted. Refund or move what is left.",
                    name=self.name,
                )
            )
        if self.funding == "payment" and any(
            line.reconciled
            for line in funding_move.line_ids
            if line.account_id == self.funding_account_id
        ):
            raise UserError(
                self.env._(
                    "%(name)s: the money is on the bank statement. Refund it.",
                    name=self.name,
                )
            )
        return funding_move

    # -------------------------------------------------------------------------
    # UNTIL WHEN STORED VALUE CAN BE USED, AND WHAT BECOMES OF IT THEN
    # -------------------------------------------------------------------------

    @api.constrains("expiry_date", "funding", "company_id")
    def _check_may_expire(self):
        for value in self:
            if value.expiry_date and not value._may_expire():
                raise ValidationError(
                    self.env._(
                        "%(name)s is paid for, and at %(company)s paid value never "
                        "expires: leave the expiry date empty. An administrator can "
                        "change that in the settings, where the law allows it.",
                        name=value.name,
                        company=value.company_id.display_name,
                    )
                )

    def _may_expire(self):
        """Tell whether the company lets this expire: what was given away always."""
        self.ensure_one()
        return self.funding == "promotion" or self.company_id.paid_value_expires

    def _get_last_day(self):
        """Return the last day of use, with the company's grace; None without one."""
        self.ensure_one()
        if not self.expiry_date or not self._may_expire():
            return None
        return self.expiry_date + timedelta(days=self.company_id.expiry_grace_days)

    def _is_expired(self):
        last_day = self._get_last_day()
        return last_day is not None and last_day < fields.Date.context_today(self)

    @api.model
    def _cron_expire(self):
        """Remind of what expires soon, and take what has expired to income.

        Commits after each chunk; the next run finds what this one left.
        """
        found = [
            (self._find_to_remind(company), self._find_to_expire(company))
            for company in self.env["res.company"].search([])
        ]
        to_remind = self.union(*(values for values, _others in found))
        to_expire = self.union(*(values for _others, values in found))
        parts = [  # [(what to do, records)]
            (serve, self.browse(ids))
            for values, serve in ((to_remind, "_remind"), (to_expire, "_expire_today"))
            for ids in split_every(const.CHUNK_VALUES, values.ids)
        ]
        work_list(
            self.env,
            parts,
            lambda part: getattr(part[1], part[0])(),
            count=lambda part: len(part[1]),
        )

    @api.model
    def _find_to_remind(self, company):
        """Return what expires within the days of the company, once."""
        today = fields.Date.context_today(self)
        last = today + timedelta(days=company.expiry_reminder_days)
        if not company.expiry_reminder_days:
            return self.browse()
        return self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("expiry_date", ">=", today),
                ("expiry_date", "<=", last),
                ("reminder_date", "=", False),
            ]
        ).filtered(lambda value: value._may_expire() and value._get_recipient())

    @api.model
    def _find_to_expire(self, company):
        """Return what has expired, grace included."""
        today = fields.Date.context_today(self)
        return self.search(
            [
                ("company_id", "=", company.id),
                ("state", "in", ("active", "blocked")),
                ("awaits_payment", "=", False),
                ("expiry_date", "<", today),
            ]
        ).filtered(lambda value: value._is_expired())

    def _remind(self):
        """Remind the holders by e-mail; it holds no code."""
        template = self.env.ref("account_credit_posting.mail_template_expiry_reminder")
        for value in self:
            template.send_mail(
                value.id, email_values={"email_to": value._get_recipient()}
            )
        self._write_event({"reminder_date": fields.Date.context_today(self)})

    def _expire_today(self):
        """Expire these; one that cannot be is left as it is, with the reason logged."""
        isolate(
            self.env.cr,
            self,
            lambda some: some._expire(fields.Date.context_today(some)),
            lambda one, error: one._log_expiry_error(error),
        )

    def _log_expiry_error(self, error):
        reason = explain_error(self.env, error, _logger, f"Expiry of {self}")
        _logger.warning("%s does not expire: %s", self.name, reason)

    # -------------------------------------------------------------------------
    # THE CODE OF A GIFT CARD, AND THE CARD: PRINTED, OR SENT BY E-MAIL
    # -------------------------------------------------------------------------

    def action_new_code(self):
        """Give a gift card a new code, for instance after a wrong e-mail.

        Who may issue gives the first one, an administrator every other.

        :return: the code, told here and never again; the old one is worth nothing
        :raise AccessError: when the user may not
        """
        self.ensure_one()
        self._check_may_give_code()
        return self.sudo()._set_new_code()  # As in `issue`.

    def action_show_new_code(self):
        """Give a gift card a new code, and show it with a button that prints the card.

        :return: a client action that tells the code
        :raise AccessError: see :meth:`action_new_code`
        """
        return self._get_code_action(self.action_new_code())

    def _check_may_give_code(self):
        """Check the right to give a code.

        An administrator's, where there was one, or where the value came from another
        record: whoever has a code can move the money.
        """
        if any(value.code_last4 or value.origin_id for value in self):
            self._check_may_manage()
        else:
            self._check_may_use()
        self._check_state("active", "blocked")

    def _set_new_code(self):
        """Set and return a new code of a gift card."""
        self.ensure_one()
        if self.value_type != "gift_card":
            raise UserError(self.env._("Only gift cards have codes."))
        code = create_code()
        self._write_event(
            {
                "code_hash": self._hash_code(code),
                "code_last4": code[-const.CODE_GROUP :],
            }
        )
        return "-".join(
            code[start : start + const.CODE_GROUP]
            for start in range(0, LENGTH, const.CODE_GROUP)
        )

    @api.model
    def _hash_code(self, code):
        """Return the keyed hash of a code (``odoo.tools.hmac``, the database's key)."""
        # The key is the system's.
        return hmac(self.env(su=True), "account.stored.value", code)

    @api.model
    def _find_by_code(self, code):
        """Return the active gift card with a code, of a company of the user.

        Every wrong code takes the same way and gets the same answer; after ten in a
        row there is a pause.

        :return: a sudoed record
        """
        attempts = self.env["account.stored.value.attempt"]
        attempts._check_pause()
        # The hash is nobody's to read; whoever knows the code may use the card.
        value_sudo = self.sudo().search(
            [
                ("code_hash", "=", self._hash_code(normalize_code(code))),
                ("company_id", "in", self.env.companies.ids),
                ("state", "=", "active"),
            ]
        )
        if not value_sudo or value_sudo._is_expired():
            attempts._record_wrong()
            raise UserError(
                self.env._("There is no gift card to use with this code. Check it.")
            )
        attempts._record_right()
        return value_sudo

    def _check_code(self, code):
        """Check that a code is that of this gift card, whatever its state.

        :raise UserError: when it is not; this counts as a wrong code
        """
        self.ensure_one()
        attempts = self.env["account.stored.value.attempt"]
        attempts._check_pause()
        # The hash is nobody's to read.
        expected = self.sudo().code_hash or ""
        if not consteq(self._hash_code(normalize_code(code)), expected):
            attempts._record_wrong()
            raise UserError(
                self.env._(
                    "This is not the code of %(name)s any more. Give it a new one.",
                    name=self.name,
                )
            )

    def _get_code_action(self, code):
        """Return the action that tells a code once.

        :param code: of this gift card; False where it is told in an e-mail only
        """
        self.ensure_one()
        value_sudo = self.sudo()  # Whoever gets the code may know what it is worth.
        return {
            "type": "ir.actions.client",
            "tag": "account_credit_posting.card_code",
            "name": value_sudo.name,
            "target": "new",
            "params": {
                "id": value_sudo.id,
                "name": value_sudo.name,
                "account": value_sudo.partner_id.display_name,
                "amount": value_sudo.currency_id.format(value_sudo.balance),
                "code": code,
                "recipient_email": value_sudo._get_recipient(),
                "send_date": format_date(self.env, value_sudo.send_date)
                if value_sudo.send_date
                else False,
            },
        }

    def _get_card_code(self):
        """Return what stands on the card as its code.

        The code itself is in the context of whoever tells it, and nowhere else.
        """
        self.ensure_one()
        code = self.env.context.get("card_code")
        if code:
            return code
        return HIDDEN_CODE[: -const.CODE_GROUP] + (
            self.code_last4 or HIDDEN_CODE[-const.CODE_GROUP :]
        )

    def _render_card(self, code):
        """Render the printable card.

        :param code: of this card
        :return: ``(content, "pdf")``, or ``"html"`` where there is no wkhtmltopdf
        """
        self.ensure_one()
        self._check_code(code)
        # Whoever knows the code holds the card.
        reports_sudo = self.env["ir.actions.report"].sudo()
        reports_sudo = reports_sudo.with_context(card_code=code)
        can_pdf = reports_sudo.get_wkhtmltopdf_state() in ("ok", "workers")
        render = (
            reports_sudo._render_qweb_pdf if can_pdf else reports_sudo._render_qweb_html
        )
        content, _report_type = render(
            "account_credit_posting.action_report_gift_card", self.ids
        )
        return content, "pdf" if can_pdf else "html"

    def send_card(self, email=None, date=None):
        """Let the card be e-mailed, with a new code that is made when it leaves.

        :param str email: to whom; by default the recipient, else the account
        :param date: the day on which it leaves, today by default
        :return: True
        :raise AccessError: as for a new code
        :raise UserError: when there is no address
        """
        self._check_may_give_code()
        today = fields.Date.context_today(self)
        for value_sudo in self.sudo():  # As in `issue`.
            if value_sudo.value_type != "gift_card":
                raise UserError(self.env._("Only gift cards are sent."))
            if email:
                value_sudo._write_event({"recipient_email": email})
            if not value_sudo._get_recipient():
                raise UserError(
                    self.env._(
                        "%(name)s has no recipient, and %(account)s no e-mail address. "
                        "Enter one.",
                        name=value_sudo.name,
                        account=value_sudo.partner_id.display_name,
                    )
                )
            value_sudo._write_event({"send_date": date or today, "send_error": False})
        self._trigger_sending()
        return True

    def _trigger_sending(self):
        cron = self.env.ref(
            "account_credit_posting.ir_cron_send_gift_cards", raise_if_not_found=False
        )
        if cron:
            cron.sudo()._trigger()  # Whoever may send need not see scheduled actions.

    def _get_recipient(self):
        """Return the e-mail address that the card goes to."""
        self.ensure_one()
        return self.recipient_email or self.partner_id.email or False

    @api.model
    def _cron_send_cards(self):
        """E-mail the cards whose day has come; each one is committed by itself.

        Neither mail nor message is kept: they hold the code.
        """
        cards = self.search(
            [
                ("send_date", "<=", fields.Date.context_today(self)),
                ("state", "=", "active"),
            ]
        )
        work_list(self.env, list(cards), lambda card: card._try_send_card())

    def _try_send_card(self):
        """E-mail the card, or keep why it could not be."""
        isolate(
            self.env.cr,
            self,
            lambda card: card._send_card(),
            lambda card, error: card._set_send_error(error),
        )

    def _set_send_error(self, error):
        """Keep why the card was not e-mailed; the next run tries again."""
        # What a mail server refuses is an OSError (`smtplib.SMTPException`).
        if isinstance(error, (MailDeliveryException, OSError)):
            reason = " ".join(str(part) for part in error.args)
        else:
            label = f"Sending gift card {self.id}"
            reason = explain_error(self.env, error, _logger, label)
        self._write_event({"send_error": reason})

    def _send_card(self):
        """E-mail the card with a new code."""
        self.ensure_one()
        self._lock()
        template = self.env.ref("account_credit_posting.mail_template_gift_card")
        recipient = self._get_recipient()
        if not recipient:
            raise UserError(
                self.env._("There is no e-mail address. Enter one and send it again.")
            )
        code = self._set_new_code()
        template.with_context(card_code=code).send_mail(
            self.id,
            force_send=True,
            raise_exception=True,
            # The mail holds the code: it goes when it is sent, before the commit.
            email_values={"auto_delete": True, "email_to": recipient},
        )
        self._write_event(
            {
                "sent_date": fields.Datetime.now(),
                "send_date": False,
                "send_error": False,
            }
        )
        self.message_post(
            body=self.env._("The card was e-mailed to %(email)s.", email=recipient)
        )

    # -------------------------------------------------------------------------
    # SOURCE OF PAYMENTS
    # -------------------------------------------------------------------------

    @api.model
    def _get_automatic_domain(self, company):
        """Return which stored value of a company pays by itself; none by default."""
        kinds = [
            value_type
            for value_type, is_automatic in (
                ("prepayment", company.auto_apply_prepayments),
                ("gift_card", company.auto_apply_gift_cards),
            )
            if is_automatic
        ]
        if not kinds:
            return Domain.FALSE
        return Domain(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("value_type", "in", kinds),
            ]
        )

    @api.model
    def _find_automatic_items(self, accounts, company):
        domain = self._get_automatic_domain(company)
        if domain.is_false():
            return []
        values = self.search(domain & Domain("partner_id", "in", accounts.ids))
        return values._get_open_items()

    @api.model
    def _find_accounts(self, company):
        rows = self._read_group(self._get_automatic_domain(company), ["partner_id"])
        return self.env["res.partner"].union(*(account for [account] in rows))

    @api.model
    def _give_back(self, applications):
        """Reverse the entry of each use, dated today."""
        used = applications.filtered("stored_value_id")
        if not used:
            return
        values = used.stored_value_id
        values._lock()
        today = fields.Date.context_today(self)
        with_posting(used.credit_move_id, "event")._reverse_moves(
            [
                {
                    "date": today,
                    "ref": self.env._("Use undone: %(move)s", move=move.name),
                    "stored_value_event": "undo",
                }
                for move in used.credit_move_id
            ],
            cancel=True,
        )
        values._update_from_balance()
