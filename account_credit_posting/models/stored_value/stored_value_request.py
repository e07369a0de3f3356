"""What requests to ``account.stored.value`` must say, and what they mean."""

from odoo import fields
from odoo.exceptions import UserError

from ...const import DETAIL_FIELDS
from ...tools.days import get_today


def get_own_company(env, company_id=None):
    """Return the company that is asked for, or that of the user.

    :raise UserError: when the user does not work there
    """
    company = env["res.company"].browse(company_id) if company_id else env.company
    if not env.su and company not in env.companies:
        raise UserError(env._("You do not work in this company. Choose another one."))
    return company


def prepare_vals(company, details):
    """Prepare values for ``create``.

    :param dict details: see ``account.stored.value.issue``
    :raise UserError: when there are others than those
    """
    env = company.env
    details = dict(details)
    day = fields.Date.to_date(details.pop("date", None))
    opening_account_id = details.pop("opening_account_id", None)
    if unknown := details.keys() - {"currency_id", "send_date", *DETAIL_FIELDS}:
        raise UserError(
            env._(
                "These values are not known: %(names)s.",
                names=", ".join(sorted(unknown)),
            )
        )
    return {
        **details,
        "company_id": company.id,
        "currency_id": details.get("currency_id") or company.currency_id.id,
        "funding_account_id": opening_account_id,
        "issue_date": day or get_today(company),
    }


def check_reason(env, reason):
    """Check that a reason is given.

    :raise UserError: when it is empty
    """
    if not (reason or "").strip():
        raise UserError(env._("Say why: the reason is kept in the history."))
