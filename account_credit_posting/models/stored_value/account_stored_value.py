from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from ...const import (
    CARD_DESIGNS,
    GROUP_MANAGER,
    GROUP_USER,
    MANAGED_FIELDS,
    VALUE_STATES,
)
from ...tools.actions import open_dialog, open_record
from ...tools.days import get_today
from ...tools.locks import lock_rows
from ...tools.reading import read_amount, read_choice, reads_arguments
from ...tools.rights import check_right
from ..credit.account_credit_answer import answered_once
from . import (
    account_gift_card,
    stored_value_changes,
    stored_value_events,
    stored_value_expiry,
    stored_value_request,
    stored_value_wall,
)
from .account_gift_card import GiftCard
from .stored_value_paying import get_automatic_domain, get_open_items, pay_invoice
from .stored_value_request import check_reason, get_default_expiry


class AccountStoredValue(models.Model):
    """A gift card or a prepayment: money held for a customer.

    The ledger is its balance: minus the sum of its posted lines on a liability
    account. Every change of the balance is a posted entry, an event; nothing here
    stores an amount that could disagree.
    """

    _name = "account.stored.value"
    _inherit = [
        "account.voucher",
        "account.below.face",
        "account.credit.source",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Gift Card or Prepayment"
    _order = "issue_date desc, id desc"
    _check_company_auto = True
    _writer = "event"
    _state_changes = {
        # Issued; or sold on an invoice, which is paid later.
        "draft": ("active", "blocked", "to_approve"),
        "to_approve": ("active", "draft"),
        "active": ("blocked", "used", "expired", "handed", "void"),
        "blocked": ("active", "expired", "handed", "void"),
        # What is given back, or raised.
        "used": ("active",),
        "expired": ("active",),
        "handed": ("active",),
        "void": (),
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
        help="The amount issued, corrections included.",
        written_by=("draft", "event"),
    )
    balance = fields.Monetary(
        compute="_compute_balance",
        compute_sudo=True,
        help="The remaining amount: minus the sum of its posted lines on the "
        "liability account.",
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
        help="The bank or cash journal that received the money.",
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
        help="Where the money is owed, as set at issue.",
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
    holder_state_id = fields.Many2one(
        comodel_name="res.country.state",
        string="Owner's State",
        compute=stored_value_request.compute_holder_state,
        store=True,
        readonly=False,
        help="Its law applies to cash-out and unclaimed property: the state of the "
        "account's address when it is issued, else that of the company.",
        written_by=("draft", "event"),
    )
    unclaimed_ids = fields.One2many("account.unclaimed.due", "stored_value_id")
    may_cash_out = fields.Boolean(related="unclaimed_ids.may_cash_out")
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
        copy=False,
        default=lambda self: get_today(self.env.company),
        written_by=("draft", "event"),
    )
    expiry_date = fields.Date(
        tracking=True,
        help="The last day on which it can be used.",
        written_by=("draft", "event"),
    )
    state = fields.Selection(
        selection=VALUE_STATES,
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        index=True,
        tracking=True,
        written_by="state",
    )
    memo = fields.Text(help="Internal note.", written_by=("draft", "event"))
    # The card.
    recipient_name = fields.Char(written_by=("draft", "event"))
    recipient_email = fields.Char(written_by=("draft", "event"))
    sender_name = fields.Char(written_by=("draft", "event"))
    message = fields.Text(help="Printed on the card.", written_by=("draft", "event"))
    design = fields.Selection(
        CARD_DESIGNS, required=True, default="classic", written_by=("draft", "event")
    )
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
    awaits_hand_over = fields.Boolean(
        readonly=True,
        copy=False,
        help="Until it is handed over, who issued it may print it once more.",
        written_by="event",
    )
    send_date = fields.Date(
        string="Email On",
        copy=False,
        help="The date on which the card is emailed, with a code that is generated "
        "then. Empty: its code is shown when it is issued.",
        written_by=("draft", "event"),
    )
    send_error = fields.Char(
        string="Not Emailed", readonly=True, copy=False, written_by="event"
    )
    sent_date = fields.Datetime(
        string="Emailed On", readonly=True, copy=False, written_by="event"
    )
    reminder_date = fields.Date(
        string="Reminded On", readonly=True, copy=False, written_by="event"
    )
    requested_by_id = fields.Many2one(
        comodel_name="res.users",
        readonly=True,
        copy=False,
        help="The user who issued it; while it is waiting, somebody else has to "
        "approve it.",
        written_by="event",
    )
    movement_count = fields.Integer(
        readonly=True,
        copy=False,
        help="Raised by each event, so that two events at once cannot both succeed.",
        written_by="event",
    )
    _code_hash_unique = models.UniqueIndex("(code_hash) WHERE code_hash IS NOT NULL")
    _followed = stored_value_wall.FOLLOWED
    _initial_amount_above_zero = models.Constraint(
        "CHECK (state = 'draft' OR initial_amount > 0)",
        "A gift card or prepayment is issued with an amount above zero.",
    )

    @api.depends("move_line_ids.amount_currency", "move_line_ids.parent_state")
    def _compute_balance(self):
        held = stored_value_events.sum_held(self)
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

    @api.onchange("company_id", "value_type", "funding", "issue_date")
    def _onchange_funding(self):
        """Propose what is most often wanted: the first bank or till, and the expiry."""
        self.expiry_date = get_default_expiry(
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

    # -------------------------------------------------------------------------
    # WHAT IS WRITTEN, AND BY WHOM
    # -------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Number the records; what they say of events is left to events.

        A contact below an account leads to the account.

        :raise AccessError: when the values say that something was posted
        """
        complete = stored_value_request.complete_vals
        return super().create([complete(self.env, dict(vals)) for vals in vals_list])

    def _check_draft(self, names):
        if all(value.state == "draft" for value in self):
            return
        # Whoever the card went to so far is told, see `GiftCard.set_recipient`.
        if "recipient_email" in names or names - MANAGED_FIELDS:
            raise AccessError(self._get_guard_message(names))
        self._check_may_manage()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        stored_value_request.check_is_draft(self)

    def _get_guard_message(self, names):
        return self.env._(
            "The state of a gift card or prepayment is only written by its events: "
            "issue, use, correct, move, refund, block, void."
        )

    def _check_may_use(self):
        """Check the right to issue and use stored value, and to see these.

        :raise AccessError: when the user has no such right
        """
        check_right(
            self,
            GROUP_USER,
            self.env._(
                "You are not allowed to issue or use gift cards and prepayments. Ask "
                "an administrator for the access right Post credits."
            ),
            "read",
        )

    def _check_may_manage(self):
        """Check the right to correct, refund and void stored value.

        :raise AccessError: when the user has no such right
        """
        check_right(
            self,
            GROUP_MANAGER,
            self.env._(
                "Only an administrator of account credits can correct, move, refund or "
                "void gift cards and prepayments."
            ),
            "read",
        )

    def _lock(self):
        """Make other events of these records wait until this transaction has ended.

        They then fail to serialize and are repeated by Odoo: they find what this one
        left. In the order of the ids, so that no two wait for each other.
        """
        lock_rows(self)
        # What is written next says itself whether it is logged.
        silent = self.with_context(mail_notrack=True)
        for count, values in silent.grouped("movement_count").items():
            values._write_guarded({"movement_count": count + 1})

    # -------------------------------------------------------------------------
    # ISSUE
    # -------------------------------------------------------------------------

    @api.model
    @answered_once
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
        :param str idempotency_key: the same request under the same key gets the first
            answer; the code is not told again
        :param details: ``company_id``, ``currency_id``, ``date``, ``design``, ``memo``,
            ``recipient_name``, ``recipient_email``, ``sender_name``, ``message``,
            ``product_id`` (its kind of voucher), ``send_date``, when it is emailed, and
            ``opening_account_id``, the other side of an opening balance
        :return: ``{"id", "name", "state", "code"}``; the code of a gift card is told
            here and never again, ``False`` for a prepayment, with a ``send_date``, and
            while it waits for approval
        :raise AccessError: when the user may not issue
        :raise UserError: when something is missing or not possible
        """
        self._check_may_use()
        vals = stored_value_request.prepare_issue(
            self,
            value_type,
            account_id,
            amount,
            funding,
            journal_id,
            expiry_date,
            **details,
        )
        return stored_value_changes.issue_drafts_of(self, [vals])[0]

    @answered_once
    def issue_many(self, requests, idempotency_key=None):
        """Issue gift cards or prepayments as sets; a bad one does not stop the others.

        :param list requests: dictionaries of the arguments of :meth:`issue`
        :param str idempotency_key: as that of :meth:`issue`, for all of them
        :return: list in the order of the requests, of the answers of :meth:`issue`;
            ``{"error"}``, a sentence, where nothing is issued
        :raise AccessError: when the user may not issue
        """
        self._check_may_use()
        return stored_value_changes.issue_requests(self, requests)

    @answered_once
    def action_issue(self, idempotency_key=None):
        """Issue a draft: post the entry that funds it.

        :return: for a gift card a client action that tells its code, once; else an
            action that closes the window
        :raise AccessError: when the user may not issue
        :raise UserError: when something is missing or not possible
        """
        self.ensure_one()
        self._check_may_use()
        [code] = stored_value_changes.issue_drafts(self)
        if self.value_type == "gift_card" and self.state == "active":
            return GiftCard(self).show_first_code(code)
        return {"type": "ir.actions.act_window_close"}

    def action_approve(self):
        """Issue what waits for a second person.

        The code of a gift card is for whoever issued it: New Code tells it.

        :return: True
        :raise AccessError: when the user is no administrator, or issued it
        """
        self._check_may_manage()
        for value_sudo in self.sudo():  # As in `issue_drafts`.
            stored_value_changes.approve(value_sudo)
        return True

    def action_refuse(self, reason=None):
        """Make what waits for approval a draft again, and tell whoever issued it.

        :param str reason: kept in the log
        :return: True
        :raise AccessError: when the user is no administrator of credits
        """
        self._check_may_manage()
        for value_sudo in self.sudo():  # As in `issue_drafts`.
            stored_value_changes.refuse(value_sudo, reason)
        return True

    # -------------------------------------------------------------------------
    # USE
    # -------------------------------------------------------------------------

    @answered_once
    def apply_to_invoice(self, invoice_id, amount=None, idempotency_key=None):
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
        if amount is not None:
            amount = self._read_amount(amount)
        return pay_invoice(self, invoice, amount)

    @api.model
    def _find_automatic_items(self, accounts, company):
        domain = get_automatic_domain(company)
        return get_open_items(
            self.search(domain & Domain("partner_id", "in", accounts.ids))
        )

    @api.model
    def _find_accounts(self, company):
        rows = self._read_group(get_automatic_domain(company), ["partner_id"])
        return self.env["res.partner"].union(*(account for [account] in rows))

    @api.model
    def _give_back(self, applications):
        used = applications.filtered("stored_value_id")
        if used:
            stored_value_changes.give_back(used)

    # -------------------------------------------------------------------------
    # CORRECT, MOVE, PAY BACK
    # -------------------------------------------------------------------------

    def _prepare_change(self, change, amount, account, journal):
        """Return what a correction would post, without posting it.

        :param change: "adjust", "void", "move" or "refund"
        :param amount: see :meth:`adjust`, :meth:`move_to` and :meth:`refund`
        :param account: ``res.partner`` that value is moved to
        :param journal: that money is refunded from
        :return: the items of the entry (``stored_value_events.Item``); none without one
        :raise UserError: when it cannot be done
        """
        self.ensure_one()
        return stored_value_changes.prepare(self, change, amount, account, journal)

    @answered_once
    def adjust(self, amount, reason, idempotency_key=None):
        """Correct the amount that it was issued with.

        :param amount: what it should have been issued with, in its currency
        :param str reason: kept on the entry
        :return: True
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when more than that is used already
        """
        self.ensure_one()
        self._check_may_manage()
        check_reason(self.env, reason)
        value_sudo = self.sudo()  # As in `issue_drafts`.
        amount = self._read_amount(amount)
        stored_value_request.check_raise(value_sudo, amount)
        stored_value_changes.adjust(value_sudo, amount, reason)
        return True

    @answered_once
    def move_to(self, account_id, amount=None, idempotency_key=None):
        """Move value to another account.

        :param int account_id: the other account
        :param amount: what to move; all that is left by default
        :return: id of the new record of the other account
        :raise AccessError: when the user is no administrator of credits
        """
        self.ensure_one()
        self._check_may_manage()
        value_sudo = self.sudo()  # As in `issue_drafts`.
        account_sudo = value_sudo.env["res.partner"].browse(account_id)
        stored_value_request.check_receiver(value_sudo, account_sudo)
        amount = value_sudo.balance if amount is None else self._read_amount(amount)
        return stored_value_changes.move(value_sudo, account_sudo, amount, "move").id

    @answered_once
    def refund(self, amount, journal_id, idempotency_key=None):
        """Pay money back.

        :param amount: at most what is left
        :param int journal_id: bank or cash journal
        :return: id of the ``account.payment``
        :raise AccessError: when the user is no administrator of credits
        """
        self.ensure_one()
        self._check_may_manage()
        value_sudo = self.sudo()  # As in `issue_drafts`.
        journal_sudo = value_sudo.env["account.journal"].browse(journal_id)
        amount = self._read_amount(amount)
        return stored_value_changes.refund(value_sudo, amount, journal_sudo).id

    def _read_amount(self, amount):
        """Return an amount in the currency of the record, see ``read_amount``."""
        self.ensure_one()
        return read_amount(self.env, amount, self.currency_id)

    # -------------------------------------------------------------------------
    # BLOCK AND VOID
    # -------------------------------------------------------------------------

    @reads_arguments
    def action_block(self, reason):
        """Block the record: it cannot be used; the money is still owed.

        :param str reason: kept in the log
        :return: True
        """
        self._check_may_use()
        check_reason(self.env, reason)
        stored_value_events.check_state(self, "active")
        for value_sudo in self.sudo():  # As in `issue_drafts`.
            stored_value_changes.block(value_sudo, reason)
        return True

    def action_unblock(self):
        """Let a blocked record be used again.

        :return: True
        :raise UserError: when the invoice that it was sold on is not paid yet
        """
        self._check_may_manage()
        stored_value_events.check_state(self, "blocked")
        stored_value_changes.unblock(self.sudo())  # As in `issue_drafts`.
        return True

    @answered_once
    def action_void(self, reason, idempotency_key=None):
        """Take back what was entered by mistake, or the rest of a card given away.

        :param str reason: kept on the entry and in the log
        :return: True
        :raise AccessError: when the user is no administrator of credits
        :raise UserError: when value that was paid for is used in part
        """
        self._check_may_manage()
        check_reason(self.env, reason)
        for value_sudo in self.sudo():  # As in `issue_drafts`.
            stored_value_changes.void(value_sudo, reason)
        return True

    # -------------------------------------------------------------------------
    # EXPIRE
    # -------------------------------------------------------------------------

    @api.constrains("expiry_date", "funding", "company_id")
    def _check_may_expire(self):
        for value in self:
            if value.expiry_date and not value._may_expire():
                raise ValidationError(
                    self.env._(
                        "%(name)s is paid for, and paid value never expires at "
                        "%(company)s: leave the expiry date empty. An administrator "
                        "can change this in the settings, where the law allows it.",
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
        return last_day is not None and last_day < get_today(self.company_id)

    @api.model
    def _cron_expire(self):
        stored_value_expiry.remind_and_expire(self.env)

    # -------------------------------------------------------------------------
    # THE CARD AND ITS CODE, SEE ``GiftCard``
    # -------------------------------------------------------------------------

    @api.model
    @answered_once
    def redeem(self, code, account_id, idempotency_key=None):
        """Move what is on a gift card to the account of whoever holds its code.

        The code is worth nothing afterwards.

        :param str code: as printed; case, spaces and hyphens do not matter
        :param int account_id: the account that gets the money
        :return: ``{"id", "name", "balance"}`` of the record of that account
        :raise UserError: the same for every code that is wrong, used or blocked; and
            when the account is that of the user
        """
        self._check_may_use()
        value_sudo = account_gift_card.find_by_code(self.env, code)
        account_sudo = value_sudo.env["res.partner"].browse(account_id)
        stored_value_request.check_receiver(value_sudo, account_sudo)
        target_sudo = stored_value_changes.redeem(value_sudo, account_sudo)
        return target_sudo.read(["name", "balance"])[0]

    @api.model
    @reads_arguments
    def balance_of(self, code):
        """Return what is left on the gift card with this code.

        :return: ``{"balance", "currency", "expiry_date"}``
        :raise UserError: the same for every code that is wrong, used or blocked
        """
        self._check_may_use()
        value_sudo = account_gift_card.find_by_code(self.env, code)
        return {
            "balance": value_sudo.balance,
            "currency": value_sudo.currency_id.name,
            "expiry_date": fields.Date.to_string(value_sudo.expiry_date) or False,
        }

    def action_new_code(self):
        """Give a gift card a new code, for instance after a wrong email.

        Who issued the card gives the first one, an administrator every other. The
        recipient of a card that is paid for is told.

        :return: the code, told here and never again; the old one is worth nothing
        :raise AccessError: when the user may not
        """
        self.ensure_one()
        account_gift_card.check_may_give_code(self)
        return GiftCard(self).renew_code()

    def action_show_new_code(self):
        """Give a gift card a new code, and show it with a button that prints the card.

        Who issued the card may do it once more, until it is marked as handed over.

        :return: a client action that tells the code
        :raise AccessError: see :meth:`action_new_code`
        """
        self.ensure_one()
        account_gift_card.check_may_print(self)
        return GiftCard(self).print_with_new_code()

    def action_hand_over(self):
        """Mark gift cards as handed over: administrators alone give them a new code.

        :return: True
        """
        self._check_may_use()
        account_gift_card.hand_over(self)
        return True

    @reads_arguments
    def send_card(self, email=None, date=None):
        """Let the card be emailed, with a new code that is made when it leaves.

        :param str email: to whom; by default the recipient, else the account
        :param date: the day on which it leaves, today by default
        :return: True
        :raise AccessError: as for a new code
        :raise UserError: when there is no address
        """
        account_gift_card.check_may_give_code(self)
        for value in self:
            day = date or get_today(value.company_id)
            GiftCard(value).schedule(email, day)
        account_gift_card.trigger_sending(self.env)
        return True

    @api.model
    def _cron_send_cards(self):
        account_gift_card.send_due_cards(self.env)

    def _get_recipient(self):
        """Return the email address that the card goes to."""
        self.ensure_one()
        return self.recipient_email or self.partner_id.email or False

    def _get_card_code(self, is_image=False):
        """Return what stands on the card as its code; templates call it."""
        card = GiftCard(self)
        return card.get_code_image() if is_image else card.get_shown_code()

    # -------------------------------------------------------------------------
    # SCREENS
    # -------------------------------------------------------------------------

    def action_change(self):
        """Open the dialog for what the context names as ``change``.

        :return: a window action on ``account.stored.value.change``
        """
        self.ensure_one()
        dialog = self.env["account.stored.value.change"]
        labels = dict(dialog._fields["change"]._description_selection(self.env))
        change = self.env.context.get("change")
        read_choice(self.env, "change", change, labels)
        name = f"{labels[change]}: {self.name}"
        return open_dialog(name, dialog._name, value_id=self.id, change=change)

    def action_open(self):
        """Open the record with its history.

        :return: a window action
        """
        self.ensure_one()
        return open_record(self.name, self)
