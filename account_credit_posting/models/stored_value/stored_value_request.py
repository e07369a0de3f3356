"""What requests to ``account.stored.value`` must say, and who may ask for what."""

from dateutil.relativedelta import relativedelta

from odoo import api, fields
from odoo.exceptions import AccessError, UserError, ValidationError

from ...const import APPROVERS_ASKED, CARD_DESIGNS, DETAIL_FIELDS, UNPAID_FUNDINGS
from ...tools.days import get_today
from ...tools.locks import touch_rows
from ...tools.reading import read_amount, read_arguments, read_choice
from ...tools.rights import (
    find_managers,
    get_accounts_of,
    get_waiting_text,
    request_approval,
)
from .stored_value_events import check_state

#: The activity of administrators while something waits for one of them.
ACTIVITY = "account_credit_posting.mail_activity_stored_value_approval"


def get_own_company(env, company_id=None):
    """Return the company that is asked for, or that of the user.

    :raise UserError: when the user does not work there
    """
    company = env["res.company"].browse(company_id) if company_id else env.company
    if not env.su and company not in env.companies:
        raise UserError(
            env._("You do not have access to this company. Choose another one.")
        )
    return company


def get_default_expiry(company, value_type, funding, issue_date):
    """Return the expiry date that a company gives to new records, or False."""
    may_expire = funding == "promotion" or company.paid_value_expires
    months = company.gift_card_validity_months
    if value_type != "gift_card" or not (may_expire and months and issue_date):
        return False
    return issue_date + relativedelta(months=months)


def prepare_issue(  # noqa: PLR0913 (the arguments of a public name, see DESIGN)
    values,
    /,
    value_type=None,
    account_id=None,
    amount=None,
    funding=None,
    journal_id=None,
    expiry_date=None,
    **details,
):
    """Prepare the values of a draft; for the arguments see ``issue``.

    :param values: ``account.stored.value``, of the user
    :raise UserError: when something is missing, or not possible
    """
    env = values.env
    company = get_own_company(env, details.pop("company_id", None))
    for name, value in (("value_type", value_type), ("funding", funding)):
        read_choice(env, name, value, dict(values._fields[name].selection))
    if not account_id:
        raise ValidationError(env._("Choose an account."))
    vals = _prepare_details(company, details)
    currency = env["res.currency"].browse(vals["currency_id"])
    return {
        **vals,
        "value_type": value_type,
        "partner_id": account_id,
        "initial_amount": read_amount(env, amount, currency),
        "funding": funding,
        "journal_id": journal_id,
        "expiry_date": expiry_date
        or get_default_expiry(company, value_type, funding, vals["issue_date"]),
    }


def read_request(values, request):
    """Prepare the values of a draft of one request of ``issue_many``.

    :param dict request: the arguments of ``issue`` by their names
    :raise ValidationError: when it is something else, or one is missing
    """
    env = values.env
    if not isinstance(request, dict):
        raise ValidationError(env._("Each request is an object with names and values."))
    request = dict(request)
    read_arguments(env, request)
    return prepare_issue(values, **request)


def _prepare_details(company, details):
    """Prepare values for ``create``.

    :param dict details: see ``account.stored.value.issue``
    :raise UserError: when there are others than those
    """
    env = company.env
    details = dict(details)
    day = fields.Date.to_date(details.pop("date", None))
    opening_account_id = details.pop("opening_account_id", None)
    known = {"currency_id", "send_date", "product_id", *DETAIL_FIELDS}
    if unknown := details.keys() - known:
        raise UserError(
            env._(
                "Unknown values: %(names)s.",
                names=", ".join(sorted(unknown)),
            )
        )
    designs = dict(CARD_DESIGNS)
    read_choice(env, "design", details.setdefault("design", "classic"), designs)
    return {
        **details,
        "company_id": company.id,
        "currency_id": details.get("currency_id") or company.currency_id.id,
        "funding_account_id": opening_account_id,
        "issue_date": day or get_today(company),
    }


def complete_vals(env, vals):
    """Complete what a record is created with: its number, and its account.

    A contact below an account leads to the account.

    :param dict vals: of ``create``, which are changed
    :return: the same values
    """
    company = env["res.company"].browse(vals.get("company_id") or env.company.id)
    sequences = env["ir.sequence"].with_company(company)
    vals["name"] = sequences.next_by_code(
        f"account.stored.value.{vals.get('value_type')}",
        sequence_date=vals.get("issue_date"),
    ) or env._("New")
    partner = env["res.partner"].browse(vals.get("partner_id"))
    if partner.commercial_partner_id:
        vals["partner_id"] = partner.commercial_partner_id.id
    return vals


@api.depends("partner_id", "company_id")
def compute_holder_state(values):
    """Compute the owner's state: an address that changes later does not change it."""
    for value in values:
        value.holder_state_id = value.partner_id.state_id or value.company_id.state_id


def check_is_draft(values):
    """Check that these can be deleted.

    :raise UserError: when one is issued, or waits for approval
    """
    for value in values:
        if value.state == "to_approve":
            raise UserError(
                value.env._(
                    "%(name)s is waiting for approval. Refuse it, then delete it.",
                    name=value.name,
                )
            )
        if value.state != "draft":
            raise UserError(
                value.env._(
                    "%(name)s cannot be deleted: it has journal items. Void it.",
                    name=value.name,
                )
            )


def check_reason(env, reason):
    """Check that a reason is given.

    :raise UserError: when it is empty
    """
    if not (reason or "").strip():
        raise UserError(env._("Enter a reason: it is kept in the history."))


# -----------------------------------------------------------------------------
# WHAT IS GIVEN AWAY: THE LIMITS OF CREDITS
# -----------------------------------------------------------------------------


def check_issue(value):
    """Check what the user may see and do, before all rights are used.

    :param value: a draft
    :raise AccessError: when an opening balance is not for the user to enter
    :raise UserError: when the account cannot have it
    """
    check_state(value, "draft")
    value.partner_id.check_access("read")
    check_account(value)
    if value.funding == "opening":
        value._check_may_manage()


def check_account(value):
    """Check that the account can have what is issued.

    :raise UserError: when it is archived, or of another company
    """
    account = value.partner_id
    if not account.active or account._is_foreign_to(value.company_id):
        raise UserError(
            value.env._(
                "%(account)s is archived or of another company. Choose another "
                "account.",
                account=account.display_name,
            )
        )


def get_reasons(value, amount):
    """Return why the user may not give so much away alone.

    :param amount: in the currency of the stored value
    :return: list of sentences
    """
    env, company = value.env, value.company_id
    own = company.currency_id
    date = value.issue_date or get_today(company)
    given = value.currency_id._convert(amount, own, company, date)
    limits = [limit for limit in company._get_credit_limits(env.user) if limit]
    reasons = []
    if limits and own.compare_amounts(given, min(limits)) > 0:
        reasons.append(
            env._(
                "%(amount)s is above the limit of %(limit)s.",
                amount=own.format(given),
                limit=own.format(min(limits)),
            )
        )
    if value.partner_id in get_accounts_of(_get_authors(value) | env.user):
        reasons.append(
            env._(
                "%(account)s is the account of the user who issues it.",
                account=value.partner_id.display_name,
            )
        )
    return reasons


def _get_authors(value):
    return value.create_uid | value.requested_by_id


def check_cap(value, amount, *, is_given=False):
    """Check that an account may have so much more that is given away.

    Open credits count, and what is left of gift cards given away; for an opening
    balance also what is left of others.

    :param amount: in the currency of the stored value
    :param is_given: whether it is what nobody pays for of a card that is sold
    :raise UserError: with both amounts
    """
    company = value.company_id
    cap = company._get_credit_open_cap()
    if not cap or not (is_given or value.funding in UNPAID_FUNDINGS):
        return
    fundings = UNPAID_FUNDINGS if value.funding == "opening" else ("promotion",)
    account, own = value.partner_id, company.currency_id
    # As a credit: one transaction at a time.
    touch_rows(account)
    date = value.issue_date or get_today(company)
    lifted = (
        account._get_open_credits(company).get(account.id, 0)
        + account._get_open_gifts(company, fundings).get(account.id, 0)
        + value.currency_id._convert(amount, own, company, date)
    )
    if own.compare_amounts(lifted, cap) > 0:
        raise UserError(
            value.env._(
                "%(account)s would have %(lifted)s of open credits and gift cards "
                "given away, and %(cap)s is the most that an account may have. Lower "
                "the amount.",
                account=account.display_name,
                lifted=own.format(lifted),
                cap=own.format(cap),
            )
        )


def check_raise(value, amount):
    """Check that the user may raise what was issued, as if it were issued now.

    :param amount: what it should have been issued with
    :raise UserError: when somebody else has to look at it
    """
    raised = value.currency_id.round(amount - value.initial_amount)
    if value.currency_id.compare_amounts(raised, 0) <= 0:
        return
    check_cap(value, raised)
    if reasons := get_reasons(value, amount):
        raise UserError(
            " ".join(
                [
                    *reasons,
                    value.env._(
                        "Issue a gift card for what is missing, and let another "
                        "administrator approve it."
                    ),
                ]
            )
        )


def check_receiver(value, account):
    """Check that nobody moves value to the own account.

    :param account: ``res.partner`` that gets it
    :raise UserError: when it is that of the user
    """
    account = account.commercial_partner_id
    if account in get_accounts_of(value.env.user):
        raise UserError(
            value.env._(
                "%(account)s is your own account. Ask somebody else to move "
                "%(name)s there.",
                account=account.display_name,
                name=value.name,
            )
        )


def ask_second_person(value, reasons):
    """Ask administrators to look at what waits.

    :param reasons: sentences of :func:`get_reasons`
    """
    approvers = find_managers(value.company_id, _get_authors(value)).filtered(
        lambda user: value.partner_id not in get_accounts_of(user)
    )[:APPROVERS_ASKED]
    text = get_waiting_text(value.env, approvers, reasons)
    request_approval(value, ACTIVITY, approvers, text)


def check_second_person(value):
    """Check that the user may decide about what waits.

    :raise AccessError: when the user issued it, or would get it
    """
    env = value.env
    if env.user in _get_authors(value) or (
        value.partner_id in get_accounts_of(env.user)
    ):
        raise AccessError(
            env._(
                "%(name)s was issued by you, or for your own account. Another "
                "administrator has to approve it.",
                name=value.name,
            )
        )
