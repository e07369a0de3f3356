from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ... import const
from ...tools.days import get_today
from ...tools.working import trigger


class AccountCreditCorrectionExtend(models.AbstractModel):
    """Give credits a later expiry date; those whose expiry is booked are open again."""

    _name = "account.credit.correction.extend"
    _description = "Extension of a Credit"

    @api.model
    def _get_extended_domain(self, company):
        """Return which credits were booked as expired, and have not expired now."""
        return Domain(
            [
                ("company_id", "=", company.id),
                ("state", "=", "posted"),
                ("expired_on", "!=", False),
                ("expiry_date", ">=", get_today(company)),
            ]
        )

    @api.model
    def _reopen(self, lines, reason):
        """Undo that credits of one company have expired, which are locked.

        :param reason: kept with it
        :raise UserError: when today is locked, an account has too much credit, or the
            price of an invoice would be lowered by more than it is
        """
        checks = self.env["account.credit.check"]
        checks._lock(lines)
        company = lines.company_id
        today = get_today(company)
        groups = {}  # {entry of the expiry: {line: its item there}}
        for line in lines:
            checks._check_reversal_date(line.batch_id, today)
            for taken in line.move_line_id.matched_debit_ids:
                if taken._is_credit_expiry():
                    item = taken.debit_move_id
                    groups.setdefault(item.move_id, {})[line] = item
        form = self.env["account.credit.form"]._get_booking(lines)
        booked = form._give_back(
            groups, today, lambda move: form.env._("Extended: %(move)s", move=move.name)
        )
        checks._check_open_again(lines)
        lines._write_guarded({"expired_on": False})
        self.env["account.credit.correction"]._record_booked("extend", booked, reason)
        self._use_again(lines)

    @api.model
    def _use_again(self, lines):
        """Let credits of one company pay that are open again, by the rule."""
        accounts = lines.partner_id
        for observer in lines.env["account.credit.observer"].sudo()._find_observers():
            observer._on_freed(accounts, lines.company_id)
            for account in accounts:
                observer._check_credited(account, lines.company_id)

    # -------------------------------------------------------------------------
    # EXTEND
    # -------------------------------------------------------------------------

    @api.model
    def _extend(self, lines, date, reason):
        """Extend credits, see ``account.credit.line.extend``."""
        # Over RPC, one may be named twice.
        lines = lines.union()
        lines.batch_id._check_may_manage()
        corrections = self.env["account.credit.correction"]
        corrections._check_reason(reason)
        date = fields.Date.to_date(date)
        corrections._lock(lines)
        for line in lines:
            corrections._check_is_posted(line)
            self._check_date(line, date)
        # Whoever may extend it may know what became of it, as with `_reverse`.
        for of_company in lines.sudo().grouped("company_id").values():
            self._lock_accounts(of_company)
            self._log_extended(of_company, date, reason)
            past = self._filter_past(of_company)
            of_company._write_guarded({"expiry_date": date})
            self._reopen_past(past, reason)

    @api.model
    def _extend_all(self, batches, date, reason):
        """Extend batches, see ``account.credit.batch.action_extend``."""
        # As in `_extend`.
        batches = batches.union()
        batches._check_may_manage()
        self.env["account.credit.correction"]._check_reason(reason)
        date = fields.Date.to_date(date)
        for batch in batches.sudo():
            batch._lock()
            self._check_batch(batch)
            self._check_date(batch, date)
            self._log_extended(batch, date, reason)
            lines = batch.line_ids
            past = self._filter_past(
                lines.filtered(lambda line: line.state == "posted")
            )
            later = lines.filtered(
                lambda line: line.expiry_date and line.expiry_date > date
            ).grouped("expiry_date")
            batch._write_guarded({"expiry_date": date})
            # Those that were extended for themselves.
            for day, kept in later.items():
                kept._write_guarded({"expiry_date": day})
            past = past.filtered(lambda line: line.expiry_date >= date)
            if not past:
                continue
            if len(past) <= batch.company_id.credit_background_lines:
                self.env["account.credit.correction"]._lock(past)
                self._lock_accounts(past)
                self._reopen_past(past, reason)
            else:
                trigger(self.env, const.EXPIRY_CRON)
                trigger(self.env, "account_credit_posting.ir_cron_apply_credits")

    @api.model
    def _check_batch(self, batch):
        """Check that a batch was posted, so that its expiry date is extended.

        :raise UserError: when it was not, or workers have it
        """
        self.env["account.credit.run"]._check_not_in_work(batch)
        if batch.state not in ("done", "partial"):
            raise UserError(
                self.env._(
                    "%(batch)s is not posted, or reversed: there is nothing to extend.",
                    batch=batch.display_name,
                )
            )

    @api.model
    def _check_date(self, record, date):
        """Check that a date extends that of a credit or a batch.

        :raise UserError: when it does not
        """
        old = record.expiry_date
        if not old:
            raise UserError(
                self.env._(
                    "%(name)s has no expiry date: it does not expire.",
                    name=record.display_name,
                )
            )
        today = get_today(record.company_id)
        first = max(old + timedelta(days=1), today)
        if not date or date < first:
            raise UserError(
                self.env._(
                    "%(name)s expires on %(date)s. Enter %(first)s or a later date.",
                    name=record.display_name,
                    date=format_date(self.env, old),
                    first=format_date(self.env, first),
                )
            )

    @api.model
    def _lock_accounts(self, lines):
        for observer in lines.env["account.credit.observer"]._find_observers():
            observer._lock(lines)

    @api.model
    def _log_extended(self, record, date, reason):
        for one in record:
            message = self.env._(
                "%(name)s: the expiry date was extended from %(old)s to %(new)s.",
                name=one.display_name,
                old=format_date(self.env, one.expiry_date),
                new=format_date(self.env, date),
            )
            batch = one if one._name == "account.credit.batch" else one.batch_id
            self.env["account.credit.correction"]._log(batch, message, reason)

    @api.model
    def _filter_past(self, lines):
        """Return the credits that have expired."""
        return lines.filtered(
            lambda line: (
                (line.move_line_id or line.is_promised)
                and line.expiry_date
                and line.expiry_date < get_today(line.company_id)
            )
        )

    @api.model
    def _reopen_past(self, lines, reason):
        """Let credits pay that had expired, whether that was booked or not."""
        booked = lines.filtered("expired_on")
        if booked:
            self._reopen(booked, reason)
        if unbooked := lines - booked:
            self._use_again(unbooked)
