import logging
from datetime import timedelta
from functools import cache, partial

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ... import const
from ...tools.days import get_today
from ...tools.isolating import explain_error, isolate
from ...tools.locks import lock_free_rows
from ...tools.working import work_list

_logger = logging.getLogger(__name__)


class AccountCreditCorrectionExpire(models.AbstractModel):
    """Take back what is left of credits that have expired.

    A daily run does; where an expiry date was extended since, it gives that back. What
    it does follows from the dates alone, so that it does not matter how often it runs.
    """

    _name = "account.credit.correction.expire"
    _description = "Expiry of a Credit"

    # -------------------------------------------------------------------------
    # THE DAILY RUN
    # -------------------------------------------------------------------------

    @api.model
    def _cron_expire(self):
        """Book what has expired, and reopen what was extended, in all companies.

        Commits after each chunk; what cannot be booked is left as it is, with the
        reason logged, and is looked at again by the next run.
        """
        lines = self.env["account.credit.line"]
        extensions = self.env["account.credit.correction.extend"]
        parts = [  # [(what to do, which lines, company, ids)]
            (do, domain, company, ids)
            for company in self.env["res.company"].search([])
            for do, domain in (
                (extensions._reopen, extensions._get_extended_domain(company)),
                (self._expire, self._get_expired_domain(company)),
            )
            for ids in split_every(const.CHUNK_LINES, lines.search(domain).ids)
        ]
        work_list(
            self.env,
            parts,
            lambda part: self._serve(*part),
            count=lambda part: len(part[-1]),
        )

    @api.model
    def _get_expired_domain(self, company):
        """Return which credits of a company have expired and are open."""
        if not company.book_expired_credits:
            return Domain.FALSE
        return Domain(
            [
                ("company_id", "=", company.id),
                ("state", "=", "posted"),
                ("is_to_reverse", "=", False),
                ("expiry_date", "<", get_today(company)),
                ("move_line_id.amount_residual_currency", "<", 0),
            ]
        )

    @api.model
    def _serve(self, do, domain, company, ids):
        """Do something with those of some credits that nobody else has in hand."""
        lines = self.env["account.credit.line"].with_context(
            allowed_company_ids=company.ids, lang=company.partner_id.lang
        )
        lines.flush_model()
        free = lock_free_rows(lines, SQL("id = ANY(%s)", list(ids)), len(ids))
        # As they are now: another server may have done some of them.
        due = free.search(Domain("id", "in", free.ids) & domain, order="id")
        isolate(self.env.cr, due, partial(do, reason=None), self._log_refused)

    @api.model
    def _log_refused(self, line, error):
        reason = explain_error(self.env, error, _logger, f"Expiry of {line}")
        _logger.warning("%s does not expire: %s", line.move_id.name, reason)

    # -------------------------------------------------------------------------
    # EXPIRE
    # -------------------------------------------------------------------------

    @api.model
    def _expire(self, lines, reason):
        """Book what is left of credits of one company, which are locked.

        :param reason: kept with it
        """
        days = self._find_days(lines)
        groups = {}  # {(entry, day): ids of lines}
        for line in lines:
            if day := days[line]:
                groups.setdefault((line.move_id, day), []).append(line.id)
        if not groups:
            return
        form = self.env["account.credit.form"]._get_booking(lines)
        groups = [  # [(day, lines)]
            (day, form.env["account.credit.line"].browse(ids).with_prefetch(lines.ids))
            for (_move, day), ids in groups.items()
        ]
        booked = form._take_back(
            groups,
            lambda move: form.env._("Expiry of: %(move)s", move=move.name),
        )
        for day, expired in lines.grouped(days.get).items():
            if day:
                expired._write_guarded({"expired_on": day})
        self.env["account.credit.correction"]._record_booked("expire", booked, reason)

    @api.model
    def _find_days(self, lines):
        """Return the day on which the expiry of each line is booked.

        The day after, or the first one after that is not locked; not before the credit.
        Nothing is booked ahead.

        :return: ``{line: day, or None where it is still to come}``
        """
        company = lines.company_id
        today = get_today(company)
        # Of all their documents at once.
        lines.move_id.line_ids.mapped("tax_ids")
        journal = company._get_credit_entry_journal()
        find_open_day = cache(partial(self._find_open_day, company))
        days = {}
        for line in lines:
            day = max(line.expiry_date + timedelta(days=1), line.date)
            day = find_open_day(
                day,
                journal or line.move_id.journal_id,
                self.env["account.credit.check"]
                ._get_origin(line)
                .move_id._affect_tax_report(),
            )
            days[line] = day if day <= today else None
        return days

    @api.model
    def _find_open_day(self, company, day, journal, is_taxed):
        """Return a day, or the first one after it that is not locked."""
        while locks := company._get_violated_lock_dates(day, is_taxed, journal):
            day = locks[-1][0] + timedelta(days=1)
        return day
