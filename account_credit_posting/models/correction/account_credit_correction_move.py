from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...tools.days import get_today
from ...tools.posting import with_posting
from ...tools.reading import read_amount
from ..promise.promise_drawing import check_is_booked
from .account_credit_correction import Item


class AccountCreditCorrectionMove(models.AbstractModel):
    """Move what is open of a credit to another account, as one journal entry."""

    _name = "account.credit.correction.move"
    _description = "Move of a Credit"

    @api.model
    def _move(self, lines, account_id, amount, date, reason):
        """Move credits, see ``account.credit.line.move_to``."""
        # Over RPC, one may be named twice.
        lines = lines.union()
        lines.batch_id._check_may_manage()
        corrections = self.env["account.credit.correction"]
        corrections._check_reason(reason)
        corrections._lock(lines)
        # Whoever may move it may know what is open, as with `_reverse`.
        lines_sudo = lines.sudo()
        account = lines_sudo.partner_id.browse(account_id).exists()
        account = account.commercial_partner_id
        observers = lines_sudo.env["account.credit.observer"]._find_observers()
        for observer in observers:
            observer._lock(lines_sudo, account)
        shares = self._share(lines_sudo, account, amount)
        date = fields.Date.to_date(date) or get_today(lines_sudo.company_id[:1])
        moved = lines.browse()
        for line_sudo, share in shares:
            self.env["account.credit.check"]._check_reversal_date(
                line_sudo.batch_id, date
            )
            new_line = self._create_line(line_sudo, account, share, date)
            corrections._record("move", line_sudo, date, reason, new_line)
            self._post(line_sudo, new_line, reason)
            moved += new_line.with_env(lines.env)
        for observer in observers:
            observer._check_credited(account, lines_sudo.company_id)
        return moved

    @api.model
    def _prepare(self, lines, account, amount):
        """Tell what moving credits would post, without doing it.

        :param account: ``res.partner``
        :param amount: see ``account.credit.line.move_to``
        :return: ``{"items": [(ledger account, account, amount in the currency of the
            credits)], "currency": theirs}``
        :raise UserError: when they cannot be moved
        """
        date = get_today(lines.company_id[:1])
        items = []
        for line, share in self._share(lines, account, amount):
            self.env["account.credit.check"]._check_reversal_date(line.batch_id, date)
            vals = self._prepare_batch_vals(line, account, share, date)
            new_line = self.env["account.credit.correction"]._new_line(line, vals)
            items += [
                Item(
                    self.env["account.account"].browse(item["account_id"]),
                    line.partner_id.browse(item["partner_id"]),
                    item["amount_currency"],
                )
                for item in self._prepare_items(line, new_line)
            ]
        return {"items": items, "currency": lines.currency_id}

    def _share(self, lines, account, amount=None):
        """Check whether so much can be moved to an account, and share it out.

        :return: ``[(credit line, amount)]``
        :raise UserError: when it cannot be moved, with the reason
        """
        if not lines:
            raise UserError(self.env._("Choose the credit to move."))
        for line in lines:
            self.env["account.credit.correction"]._check_is_posted(line)
            check_is_booked(line.sudo())  # Whoever may move it may know what it is.
        currency = lines.currency_id
        if len(currency) > 1 or len(lines.company_id) > 1:
            raise UserError(
                self.env._("Move credits of one company and one currency at a time.")
            )
        opens = {line: -line.move_line_id.amount_residual_currency for line in lines}
        total = currency.round(sum(opens.values()))
        amount = total if amount is None else read_amount(self.env, amount, currency)
        if currency.compare_amounts(amount, 0) <= 0:
            raise UserError(
                self.env._("Nothing is moved. Enter an amount above zero.")
                if currency.compare_amounts(total, 0) > 0
                else self.env._("The credit has no open amount.")
            )
        if currency.compare_amounts(amount, total) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s cannot be moved: only %(open)s is open.",
                    amount=currency.format(amount),
                    open=currency.format(total),
                )
            )
        self._check_target(lines, account)
        shares = []
        for line in lines:
            share = min(amount, opens[line])
            if currency.compare_amounts(share, 0) > 0:
                shares.append((line, share))
                amount = currency.round(amount - share)
        return shares

    def _check_target(self, lines, account):
        """Check whether credits can be moved to an account.

        :raise UserError: when they cannot, with the reason
        """
        company = lines.company_id
        if not account or account in lines.partner_id:
            raise UserError(
                self.env._("Choose an account other than the one that has the credit.")
            )
        if not account.active or account._is_foreign_to(company):
            raise UserError(
                self.env._(
                    "The credit cannot be moved to this account: it is archived or of "
                    "another company. Choose another account."
                )
            )
        self.env["account.credit.correction"]._check_not_own_account(account)
        if not company._get_credit_entry_journal():
            checks = self.env["account.credit.check"]
            raise UserError(checks._get_no_journal_message(company, "entry"))

    def _create_line(self, line, account, amount, date):
        """Create the credit of the other account, in a batch of its own."""
        batches = line.env["account.credit.batch"]
        vals = self._prepare_batch_vals(line, account, amount, date)
        return batches.create(vals).line_ids

    def _post(self, line, new_line, reason):
        """Move a part of a credit; the caller holds the lock, and has checked it."""
        batch = new_line.batch_id
        # Whoever moved it is known as of any posting.
        run = line.env["account.credit.run"]._begin(batch, "post")
        form = new_line._get_form()
        move = form._create_complete(
            line.company_id,
            form._prepare_entry_vals(batch, self._prepare_items(line, new_line)),
        )
        debit, credit = move.line_ids.sorted("id")
        # As in `_create_entry`: when it is posted, it may pay an invoice.
        new_line._set_posted(move, credit, debit)
        # No rule may use the credit before it is taken from this account.
        with_posting(move, is_carrying_over=True)._post(soft=False)
        debit._reconcile_plan([line.move_line_id + debit])
        run._end()
        message = self.env._(
            "%(amount)s was moved from %(old)s to %(new)s by %(move)s.",
            amount=line.currency_id.format(new_line.amount),
            old=line.display_name,
            new=new_line.display_name,
            move=move.name,
        )
        self.env["account.credit.correction"]._log(
            line.batch_id | batch, message, reason
        )
        engine = line.env["account.credit.application"]
        engine._apply(new_line.partner_id, line.company_id, "credit", fresh=move)

    def _prepare_batch_vals(self, line, account, amount, date):
        """Prepare the batch of the moved credit: item and expiry date stay."""
        return {
            "company_id": line.company_id.id,
            "date": date,
            "credit_item_id": line.credit_item_id.id,
            "expiry_date": line.expiry_date,
            "credit_booking": "given",
            "document_form": "entry",
            "line_ids": [
                Command.create(
                    {
                        "partner_id": account.id,
                        "currency_id": line.currency_id.id,
                        "amount": amount,
                    }
                )
            ],
        }

    def _prepare_items(self, line, new_line):
        """Prepare the items of the entry: of this account, and of the other one.

        At the rate of the credit, so that no exchange difference comes of it.

        :param new_line: the credit line of the other account
        """
        amount = new_line.amount
        item = line.move_line_id
        open_amount = item.amount_residual_currency
        open_balance = item.amount_residual
        balance = line.company_id.currency_id.round(open_balance * amount / open_amount)
        # Neither account reads the name of the other one.
        label = self.env._(
            "%(credit)s: moved to another account", credit=line.move_id.name
        )
        receivable = new_line._get_receivable(new_line._get_fiscal_position())
        form = new_line._get_form()
        common_vals = {
            "currency_id": line.currency_id.id,
            "date_maturity": new_line.date,
            "tax_ids": [],
            "no_followup": False,
            "analytic_distribution": False,
        }
        return [
            {
                **common_vals,
                "partner_id": line.partner_id.id,
                "account_id": item.account_id.id,
                "name": label,
                "amount_currency": amount,
                "balance": balance,
            },
            {
                **common_vals,
                "partner_id": new_line.partner_id.id,
                "account_id": receivable.id,
                "name": form._get_label(
                    new_line.batch_id, new_line.credit_item_id, new_line.partner_id.lang
                ),
                "amount_currency": -amount,
                "balance": -balance,
            },
        ]
