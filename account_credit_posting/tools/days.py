"""Which day it is: that of the company, whoever asks, and in scheduled actions."""

from odoo import fields


def get_today(company):
    """Return the day that it is at a company.

    In the time zone of its contact, or of that of the company above it; where none is
    set, in that of the user, and in scheduled actions in UTC.

    :param company: one ``res.company``
    """
    # Whoever posts need not see the contacts of companies.
    zones = [above.partner_id.tz for above in reversed(company.sudo().parent_ids)]
    zone = next(filter(None, zones), None)
    return fields.Date.context_today(company.with_context(tz=zone) if zone else company)
