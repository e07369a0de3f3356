import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import split_every

from ..narrowing import explain_refusal, narrow

_logger = logging.getLogger(__name__)


class AccountStoredValue(models.Model):
    """Until when stored value can be used, and what becomes of it then."""

    # One file per concern.
    _inherit = "account.stored.value"  # pylint: disable=consider-merging-classes-inherited

    #: Records that the daily run serves before it commits.
    _chunk_values = 100

    # -------------------------------------------------------------------------
    # THE LAST DAY
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

    # -------------------------------------------------------------------------
    # DAILY RUN
    # -------------------------------------------------------------------------

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
        remaining = len(to_remind) + len(to_expire)
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        for values, serve in ((to_remind, "_remind"), (to_expire, "_expire_today")):
            for ids in split_every(self._chunk_values, values.ids):
                getattr(self.browse(ids), serve)()
                remaining -= len(ids)
                if not self.env["ir.cron"]._commit_progress(
                    len(ids), remaining=remaining
                ):
                    return

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
        narrow(
            self.env.cr,
            self,
            lambda some: some._expire(fields.Date.context_today(some)),
            lambda one, refusal: one._log_refused_expiry(refusal),
        )

    def _log_refused_expiry(self, refusal):
        reason = explain_refusal(self.env, refusal, _logger, f"Expiry of {self}")
        _logger.warning("%s does not expire: %s", self.name, reason)
