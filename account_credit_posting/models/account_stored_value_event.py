from datetime import date

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..application_plan import OpenItem
from .account_credit_line import POSTING


class AccountStoredValue(models.Model):
    """What happens to a stored value, and the entry of each event."""

    # One file per concern.
    _inherit = "account.stored.value"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # ENTRIES
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
        moves = self.env["account.move"].with_context(stored_value_event=POSTING)
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

    def _update_state(self):
        """Settle whether these are used up, after an event.

        What comes back to one that had ended makes it active again.
        """
        for value in self:
            is_empty = value.currency_id.is_zero(value.balance)
            if is_empty and value.state == "active":
                value._write_event({"state": "used"})
            elif not is_empty and value.state in ("used", "expired", "void"):
                value._write_event({"state": "active"})

    # -------------------------------------------------------------------------
    # USE
    # -------------------------------------------------------------------------

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
        self._take()
        amount = self._check_amount(application.amount, self.balance)
        ledger = application.term.ledger
        note = self.env._(
            "%(value)s for %(invoice)s",
            value=self.name,
            invoice=application.term.move.name,
        )
        move = self._book("use", -amount, ledger, note=note)
        self._update_state()
        return move.line_ids.filtered(lambda line: line.account_id == ledger)

    # -------------------------------------------------------------------------
    # CORRECTION
    # -------------------------------------------------------------------------

    def _adjust(self, amount, reason):
        """Correct what it was issued with: the difference is booked, dated today.

        :param amount: what it should have been issued with
        :raise UserError: when more than that is used already
        """
        self.ensure_one()
        self._take()
        difference = self._check_adjust(amount)
        if self.currency_id.is_zero(difference):
            return
        self._book("adjust", difference, self.funding_account_id, note=reason)
        self._write_event({"initial_amount": self.initial_amount + difference})
        self._update_state()

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
        self._take()
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
        self._update_state()
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
                "state": "active",
            }
        )
        return target

    # -------------------------------------------------------------------------
    # END
    # -------------------------------------------------------------------------

    def _refund(self, amount, journal):
        """Pay money back.

        :param amount: at most what is left
        :param journal: bank or cash ``account.journal``
        :return: the ``account.payment``
        :raise UserError: when it was given away: no money came in for it
        """
        self.ensure_one()
        self._take()
        amount = self._check_refund(amount)
        payment = self._create_payment(
            "outbound", amount, journal, fields.Date.context_today(self)
        )
        self._update_state()
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
            value._take()
            if value.currency_id.compare_amounts(value.balance, 0) > 0:
                account = company._get_own_or_parent("breakage_account_id")
                value._book("expire", -value.balance, account, date=date)
            value._write_event({"state": "expired"})

    def _void(self, reason):
        """Take back what was entered by mistake, or the rest of a card given away.

        Nothing used: the mirror of the entry that funded it. Given away: what is left
        goes back to discounts given. Value that was paid for and used in part is
        refunded, moved or used instead.
        """
        self.ensure_one()
        self._take()
        funding_move = self._check_void()
        if self.funding == "promotion":
            self._book("void", -self.balance, self.funding_account_id, note=reason)
        else:
            funding_move.with_context(stored_value_event=POSTING)._reverse_moves(
                [
                    {
                        "date": fields.Date.context_today(self),
                        "ref": f"{self.name}: {reason}",
                        "stored_value_event": "void",
                    }
                ],
                cancel=True,
            )
        self._write_event({"state": "void"})
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
