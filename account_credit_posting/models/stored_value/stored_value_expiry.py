"""Remind of stored value that expires soon, and take what has expired to income."""

import logging
from datetime import timedelta

from odoo.tools import split_every

from ... import const
from ...tools.days import get_today
from ...tools.isolating import explain_error, isolate
from ...tools.working import work_list
from . import stored_value_changes

_logger = logging.getLogger(__name__)


def remind_and_expire(env):
    """Remind and expire in all companies.

    Commits after each chunk; the next run finds what this one left.
    """
    companies = env["res.company"].search([])
    parts = [  # [(what to do, records)]
        (serve, env["account.stored.value"].browse(ids))
        for find, serve in ((_find_to_remind, _remind), (_find_to_expire, _expire))
        for ids in split_every(
            const.CHUNK_VALUES,
            [id_ for company in companies for id_ in find(company).ids],
        )
    ]
    work_list(
        env, parts, lambda part: part[0](part[1]), count=lambda part: len(part[1])
    )


def _find_to_remind(company):
    """Return what expires within the days of the company, once."""
    values = company.env["account.stored.value"]
    if not company.expiry_reminder_days:
        return values
    today = get_today(company)
    last = today + timedelta(days=company.expiry_reminder_days)
    return values.search(
        [
            ("company_id", "=", company.id),
            ("state", "=", "active"),
            ("expiry_date", ">=", today),
            ("expiry_date", "<=", last),
            ("reminder_date", "=", False),
        ]
    ).filtered(lambda value: value._may_expire() and value._get_recipient())


def _find_to_expire(company):
    """Return what has expired, grace included."""
    values = company.env["account.stored.value"]
    return values.search(
        [
            ("company_id", "=", company.id),
            ("state", "in", ("active", "blocked")),
            ("awaits_payment", "=", False),
            ("expiry_date", "<", get_today(company)),
        ]
    ).filtered(lambda value: value._is_expired())


def _remind(values):
    """Remind the holders by email; it holds no code."""
    template = values.env.ref("account_credit_posting.mail_template_expiry_reminder")
    for value in values:
        template.send_mail(value.id, email_values={"email_to": value._get_recipient()})
        value._write_guarded({"reminder_date": get_today(value.company_id)})


def _expire(values):
    """Expire these; one that cannot be is left as it is, with the reason logged."""
    isolate(values.env.cr, values, _expire_today, _log_error)


def _expire_today(values):
    for company, its_values in values.grouped("company_id").items():
        stored_value_changes.expire(its_values, get_today(company))


def _log_error(value, error):
    reason = explain_error(value.env, error, _logger, f"Expiry of {value}")
    _logger.warning("%s does not expire: %s", value.name, reason)
