from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .account_credit_line import POSTING, RESULT_FIELDS

RESULT_FIELDS |= {"moved_from_id"}


class AccountCreditLine(models.Model):
    """Move what is open of a credit to another account, as one journal entry.

    The entry debits the receivable of the account that had the credit, which is
    reconciled with it, and credits that of the other account. The second item is a
    credit line of its own, as in any entry for many accounts, so that it pays
    invoices, is moved and is reversed as any credit.
    """

    # One file per concern.
    _inherit = "account.credit.line"  # pylint: disable=consider-merging-classes-inherited

    moved_from_id = fields.Many2one(
        comodel_name="account.credit.line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The credit of another account that this one was part of.",
    )
    moved_line_ids = fields.One2many(
        comodel_name="account.credit.line",
        inverse_name="moved_from_id",
        string="Moved To",
        readonly=True,
        help="The credits of other accounts that parts of this one became.",
    )

    # -------------------------------------------------------------------------
    # ACTIONS
    # -------------------------------------------------------------------------

    def move_to(self, account_id, amount=None, date=None, reason=None):
        """Move what is open of credits to another account of the same company.

        Each credit is moved by one journal entry and keeps its item and its expiry
        date; its comments stay where they are, because they may be of a person.
        Invoices of the other account may be paid at once, by the rule.

        :param account_id: the account, or an enrollee of it
        :param amount: how much, in the currency of the credits, taken from the first
            ones first; all that is open by default
        :param date: of the entries; today by default
        :param reason: kept in the logs, for the office
        :return: the new ``account.credit.line`` records
        :raise AccessError: when the user is no credit administrator
        :raise UserError: when it cannot be done, with the reason
        """
        self.batch_id._check_may_manage()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept in the log."))
        self._take()
        # Whoever may move it may know what is open, as with `_reverse_now`.
        account = self.env["res.partner"].sudo().browse(account_id).exists()
        account = account.commercial_partner_id
        self.sudo()._take_capped_accounts(account)
        shares = self.sudo()._check_move(account, amount)
        date = fields.Date.to_date(date) or fields.Date.context_today(self)
        moved = self.browse()
        for line_sudo, share in shares:
            line_sudo.batch_id._check_reversal_date(date)
            moved += line_sudo._move(account, share, date, reason).with_env(self.env)
        self.sudo()._check_cap_of(account)
        return moved

    def _check_move(self, account, amount=None):
        """Check whether so much can be moved to an account, and share it out.

        :param account: ``res.partner``
        :param amount: see :meth:`move_to`
        :return: ``[(credit line, amount)]``
        :raise UserError: when it cannot be moved, with the reason
        """
        if not self:
            raise UserError(self.env._("Choose the credit that is to be moved."))
        for line in self:
            line._check_is_posted()
        currency = self.currency_id
        if len(currency) > 1 or len(self.company_id) > 1:
            raise UserError(
                self.env._("Move credits of one company and one currency at a time.")
            )
        opens = {line: -line._get_open_amounts()[0] for line in self}
        total = currency.round(sum(opens.values()))
        amount = total if amount is None else currency.round(amount)
        if currency.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._("Nothing is moved. Enter an amount above zero.")
                if currency.compare_amounts(total, 0) > 0
                else self.env._("Nothing is open of the credit.")
            )
        if currency.compare_amounts(amount, total) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s cannot be moved: only %(open)s is open.",
                    amount=currency.format(amount),
                    open=currency.format(total),
                )
            )
        self._check_target(account)
        shares = []
        for line in self:
            share = min(amount, opens[line])
            if currency.compare_amounts(share, 0) > 0:
                shares.append((line, share))
                amount = currency.round(amount - share)
        return shares

    def _check_target(self, account):
        """Check whether credits can be moved to an account.

        :raise UserError: when they cannot, with the reason
        """
        if not account or account in self.partner_id:
            raise UserError(
                self.env._("Choose another account than the one that has the credit.")
            )
        if not account.active or account._is_foreign_to(self.company_id):
            raise UserError(
                self.env._(
                    "The credit cannot be moved to this account: it is archived or of "
                    "another company. Choose another account."
                )
            )
        self._check_not_own_account(account)
        if not self.company_id._get_credit_entry_journal():
            raise UserError(
                self.env["account.credit.batch"]
                .new({"company_id": self.company_id.id, "document_form": "entry"})
                ._get_no_journal_message()
            )

    # -------------------------------------------------------------------------
    # ENTRY
    # -------------------------------------------------------------------------

    def _move(self, account, amount, date, reason):
        """Move a part of the credit; the caller holds the lock, and has checked it.

        :return: the new line, of a batch of its own
        """
        self.ensure_one()
        batch = self.env["account.credit.batch"].create(
            self._prepare_move_batch_vals(account, amount, date)
        )
        batch._write_posting({"correction": "move", "requested_by_id": self.env.uid})
        line = batch.line_ids
        line._write_result({"moved_from_id": self.id})
        move = line._create_complete_entry(
            line._prepare_entry_vals(self._prepare_move_items(line))
        )
        debit, credit = move.line_ids.sorted("id")
        # As in `_create_entry`: when it is posted, it may pay an invoice.
        line._set_posted(move, credit, debit)
        # No rule may use the credit before it is taken from this account.
        move.with_context(credit_carry_over=POSTING)._post(soft=False)
        debit._reconcile_plan([self._get_receivable_item() + debit])
        batch._settle()
        message = self.env._(
            "%(amount)s was moved from %(old)s to %(new)s by %(move)s.",
            amount=self.currency_id.format(amount),
            old=self.display_name,
            new=line.display_name,
            move=move.name,
        )
        for moved_batch in self.batch_id | batch:
            moved_batch._log_correction(message, reason)
        engine = self.env["account.credit.application"]
        engine._apply(account, self.company_id, "credit", fresh=move)
        return line

    def _prepare_move_batch_vals(self, account, amount, date):
        """Prepare the batch of the moved credit: item and expiry date stay."""
        self.ensure_one()
        batch = self.batch_id
        return {
            "company_id": self.company_id.id,
            "date": date,
            "credit_item_id": self.credit_item_id.id,
            "expiry_date": batch.expiry_date,
            "document_form": "entry",
            "line_ids": [
                Command.create(
                    {
                        "partner_id": account.id,
                        "currency_id": self.currency_id.id,
                        "amount": amount,
                    }
                )
            ],
        }

    def _prepare_move_items(self, line):
        """Prepare the items of the entry: of this account, and of the other one.

        At the rate of the credit, so that no exchange difference comes of it.

        :param line: the credit line of the other account
        """
        self.ensure_one()
        amount = line.amount
        item = self._get_receivable_item()
        open_amount, open_balance = self._get_open_amounts()
        balance = self.company_id.currency_id.round(open_balance * amount / open_amount)
        # Neither account reads the name of the other one.
        label = self.env._(
            "%(credit)s: moved to another account", credit=self.move_id.name
        )
        common_vals = {
            "currency_id": self.currency_id.id,
            "date_maturity": line.date,
            "tax_ids": [],
            "no_followup": False,
            "analytic_distribution": False,
        }
        return [
            {
                **common_vals,
                "partner_id": self.partner_id.id,
                "account_id": item.account_id.id,
                "name": label,
                "amount_currency": amount,
                "balance": balance,
            },
            {
                **common_vals,
                "partner_id": line.partner_id.id,
                "account_id": line._get_receivable(line._get_fiscal_position()).id,
                "name": line._get_item_label(),
                "amount_currency": -amount,
                "balance": -balance,
            },
        ]

    # -------------------------------------------------------------------------
    # REVERSAL
    # -------------------------------------------------------------------------

    def _get_moved_message(self):
        """Say where parts of the credit are; False when they are all here."""
        self.ensure_one()
        moved = self.moved_line_ids
        if not moved:
            return False
        return self.env._(
            "Part of this credit was moved and is a credit of %(accounts)s now (see "
            "%(batches)s): reverse it there, or move it back.",
            accounts=", ".join(moved.partner_id.mapped("display_name")),
            batches=", ".join(moved.batch_id.mapped("name")),
        )

    def _check_is_not_moved(self):
        """Check that something of the credit is still here.

        :raise UserError: when all of it was moved
        """
        self.ensure_one()
        line_sudo = self.sudo()  # Whoever reverses may know what became of it.
        if (
            line_sudo.moved_line_ids
            and self.currency_id.is_zero(line_sudo._get_open_amounts()[0])
            and not line_sudo._get_reconciliations()
        ):
            raise UserError(line_sudo._get_moved_message())

    def _warn_of_moved(self):
        """Say of which credits a part cannot be taken back here."""
        for line in self:
            if line.moved_line_ids and line.batch_id.reversal_mode == "all":
                line._write_result({"reversal_error": line._get_moved_message()})
