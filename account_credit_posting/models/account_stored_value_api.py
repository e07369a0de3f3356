from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_list

from ..const import DETAIL_FIELDS


class AccountStoredValue(models.Model):
    """What screens and other programs call. Each checks the right of the caller."""

    # One file per concern.
    _inherit = "account.stored.value"  # pylint: disable=consider-merging-classes-inherited

    # -------------------------------------------------------------------------
    # ISSUE
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

    # -------------------------------------------------------------------------
    # USE
    # -------------------------------------------------------------------------

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

    # -------------------------------------------------------------------------
    # CORRECTION
    # -------------------------------------------------------------------------

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
            value_sudo._take()
            value_sudo._write_event({"state": "blocked"})
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
        values_sudo._take()
        values_sudo._write_event({"state": "active"})
        values_sudo._update_state()
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

    # -------------------------------------------------------------------------
    # SCREENS
    # -------------------------------------------------------------------------

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
