"""Which day it is: that of the company, whoever asks, and in scheduled actions."""

from odoo import fields


def get_today(company):
    """Return the day that it is at a company.

    In its time zone (``res.company.credit_tz``), else that of its contact, else those
    of the company above it; where none is set, in that of the user, and in scheduled
    actions in UTC.

    :param company: one ``res.company``
    """
    # Whoever posts need not see the contacts of companies.
    companies_sudo = reversed(company.sudo().parent_ids)
    zones = (above.credit_tz or above.partner_id.tz for above in companies_sudo)
    zone = next(filter(None, zones), None)
    return fields.Date.context_today(company.with_context(tz=zone) if zone else company)
