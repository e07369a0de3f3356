from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import GROUP_MANAGER
from ...tools.days import get_today
from ...tools.rights import has_right
from ..credit.batch_figures import get_draws, get_unused
from .account_credit_correction import Item


class AccountCreditCorrectionReverse(models.AbstractModel):
    """Take a posted credit back: all of it, or what of it is unused."""

    _name = "account.credit.correction.reverse"
    _description = "Reversal of a Credit"

    @api.model
    def _reverse(self, lines, mode, date, reason):
        """Reverse credits, see ``account.credit.line.action_reverse``."""
        lines.batch_id._check_may_manage()
        self.env["account.credit.check"]._check_reversal_mode(mode)
        corrections = self.env["account.credit.correction"]
        corrections._lock(lines)
        for line in lines:
            corrections._check_is_posted(line)
            self._check_is_not_moved(line)
        asked = fields.Date.to_date(date)
        for batch, part in lines.grouped("batch_id").items():
            date = asked or get_today(batch.company_id)
            self.env["account.credit.run"]._reverse(batch, mode, date, reason, part)
            errors = [
                line.reversal_error
                for line in part
                if line.reversal_error
                and line.reversal_error != line._get_form()._get_moved_message(line)
            ]
            if errors:
                raise UserError("\n".join(errors))
            for line in part:
                corrections._record("reverse", line, date, reason)

    @api.model
    def _check_is_not_moved(self, line):
        """Check that something of the credit is still here.

        :raise UserError: when all of it was moved
        """
        line_sudo = line.sudo()  # Whoever reverses may know what became of it.
        if (
            line_sudo.moved_line_ids
            and line.currency_id.is_zero(
                line_sudo.move_line_id.amount_residual_currency
            )
            and not line_sudo._get_form()._get_reconciliations(line_sudo)
        ):
            raise UserError(line_sudo._get_form()._get_moved_message(line_sudo))

    @api.model
    def _prepare(self, line, mode):
        """Tell what reversing a credit would do, without doing it.

        :param mode: "all" or "unused"
        :return: ``{"items": [(ledger account, account, balance)], "currency": theirs,
            "before", "after": see :meth:`_get_figures`, "invoices": [(number, what the
            credit pays, what it will pay)]}``
        :raise UserError: when it cannot be reversed
        """
        self.env["account.credit.correction"]._check_is_posted(line)
        self._check_is_not_moved(line)
        if line.is_promised:
            return self._prepare_promise(line, mode)
        currency = line.currency_id
        item = line.move_line_id
        amount, balance = item.amount_residual_currency, item.amount_residual
        freed = line._get_form()._get_reconciliations(line).sorted("id")
        if mode == "unused":
            freed = freed.browse()
        amount = currency.round(amount - sum(freed.mapped("credit_amount_currency")))
        if currency.is_zero(amount):
            raise UserError(self.env._("The credit is fully used."))
        balance = line.company_id.currency_id.round(
            balance - sum(freed.mapped("amount"))
        )
        figures = self._get_figures(line)
        return {
            "items": [
                Item(item.account_id, line.partner_id, -balance),
                *(
                    Item(other.account_id, other.partner_id, part)
                    for other, _amount, part in line._get_form()._split_counterparts(
                        line, item, amount, balance
                    )
                ),
            ],
            "currency": line.company_id.currency_id,
            "before": figures,
            "after": {
                **figures,
                "open": currency.format(0),
                "credited": currency.format(line.move_amount_total + amount),
            },
            "invoices": [
                (
                    partial.debit_move_id.move_id.name,
                    currency.format(partial.credit_amount_currency),
                    "",
                )
                for partial in freed
            ],
        }

    @api.model
    def _prepare_promise(self, line, mode):
        """Tell the same of a promised credit: only its used parts have entries."""
        form = line._get_form()
        currency = line.currency_id
        freed = form._get_reconciliations(line).sorted("id")
        draws = get_draws(line)
        if mode == "unused":
            freed, draws = freed.browse(), draws.browse()
        if currency.is_zero(get_unused(line)) and not draws:
            raise UserError(self.env._("The credit is fully used."))
        items = []
        for draw in draws:
            item = draw.move_line_id
            items.append(Item(item.account_id, draw.partner_id, -item.balance))
            items += [
                Item(other.account_id, other.partner_id, part)
                for other, _amount, part in draw._get_form()._split_counterparts(
                    draw, item, item.amount_currency, item.balance
                )
            ]
        figures = self._get_figures(line)
        used = 0 if mode == "all" else line.amount_applied
        return {
            "items": items,
            "currency": line.company_id.currency_id,
            "before": figures,
            "after": {
                **figures,
                "open": currency.format(0),
                "credited": currency.format(used),
            },
            "invoices": [
                (
                    partial.debit_move_id.move_id.name,
                    currency.format(partial.credit_amount_currency),
                    "",
                )
                for partial in freed
            ],
        }

    def _get_figures(self, line):
        """Return what the dialog shows of the credit as it is, as texts."""
        currency = line.currency_id
        return {
            "account": line.partner_id.display_name,
            "item": line.credit_item_id.display_name,
            "credited": currency.format(line.move_amount_total),
            "open": currency.format(line.amount_open),
        }

    # -------------------------------------------------------------------------
    # UNDO: WHAT TAKES A CREDIT BACK IS AS POSTED AS THE CREDIT
    # -------------------------------------------------------------------------

    @api.model
    def _find_taken_back(self, moves):
        """Return what entries take back of credits.

        :param moves: ``account.move`` records
        :return: sudoed ``account.partial.reconcile`` records
        """
        # Whoever resets an entry need not see credits.
        reversals_sudo = moves.sudo().filtered("reversed_entry_id")
        return reversals_sudo.line_ids.matched_credit_ids.filtered(
            lambda partial: partial._is_credit_reversal()
        )

    @api.model
    def _can_undo(self, moves):
        """Tell whether this user may reset entries that take credits back."""
        taken_back_sudo = self._find_taken_back(moves)
        if moves._get_correction_kinds() or self._get_draws(taken_back_sudo):
            return False
        return has_right(self.env, GROUP_MANAGER) or not taken_back_sudo

    @api.model
    def _get_draws(self, partials):
        """Return the parts of promised credits that were taken back."""
        lines = partials.credit_move_id.credit_line_ids
        return lines.filtered("drawn_from_id")

    @api.model
    def _check_may_undo(self, moves):
        """Check that entries may be reset, as far as they take back credits.

        :param moves: ``account.move`` records
        :raise UserError: when the user is no credit administrator, or when another
            credit was posted instead, or when they book that a credit has expired,
            or give back a part to a promised credit
        """
        for move in moves:
            if move.state == "posted" and move._get_correction_kinds():
                raise UserError(
                    self.env._(
                        "%(move)s posts the expiry of a credit, or undoes it, and "
                        "cannot be reset. Extend the expiry date of the credit "
                        "instead.",
                        move=move.name,
                    )
                )
        for partial_sudo in self._find_taken_back(moves):
            line_sudo = partial_sudo.credit_move_id.credit_line_ids
            name = partial_sudo.debit_move_id.move_id.name
            if not has_right(self.env, GROUP_MANAGER):
                raise UserError(
                    self.env._(
                        "%(move)s reverses a credit posted by %(batch)s. Only an "
                        "administrator of account credits can reset it.",
                        move=name,
                        batch=line_sudo.batch_id.name,
                    )
                )
            if self._get_draws(partial_sudo):
                raise UserError(
                    self.env._(
                        "%(move)s cannot be reset: it reverses the used part of a "
                        "promised credit, which can be used again since.",
                        move=name,
                    )
                )
            if line_sudo.replaced_by_id.state == "posted":
                raise UserError(
                    self.env._(
                        "%(move)s cannot be reset: %(line)s was posted to replace "
                        "the credit that it reverses. Reverse that one first.",
                        move=name,
                        line=line_sudo.replaced_by_id.display_name,
                    )
                )

    @api.model
    def _undo(self, partials):
        """Let accounts have their credits again whose reversals are no longer posted.

        :param partials: of :meth:`_find_taken_back`, before
        """
        lines = partials.credit_move_id.credit_line_ids
        if not lines:
            return
        corrections = self.env["account.credit.correction"]
        for move in partials.debit_move_id.move_id:
            credits = move.reversed_entry_id.line_ids.credit_line_ids
            message = self.env._(
                "%(move)s was reset: the credit that it reversed is open again.",
                move=move.name,
            )
            corrections._log(credits.batch_id, message, None)
        partials.unlink()
        lines.filtered(lambda line: line.state == "reversed")._set_posted_again()
        lines.batch_id._update_from_lines()
        observers = self.env["account.credit.observer"]._find_observers()
        for company, part in lines.grouped("company_id").items():
            for observer in observers:
                observer.sudo()._on_freed(part.partner_id, company)
                for account in part.partner_id:
                    observer.sudo()._check_credited(account, company)
