"""The one check of rights, and who else has to look at what somebody gives away."""

from markupsafe import escape

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_list

from .. import const

#: What whoever posts may name without the right to read the ledger: what is on the
#: accounts that the user sees, and where money comes in.
NAMED_WITHOUT_RIGHT = {
    "account.journal": Domain("type", "in", const.MONEY_JOURNALS),
    "account.move": Domain("move_type", "in", ("out_invoice", "out_receipt")),
    "account.move.line": Domain("account_id.account_type", "=", "asset_receivable"),
}


def check_right(records, groups, message, operation=None):
    """Check that the user has a right, and access to these records.

    :param records: a recordset; of what the user asks for
    :param groups: external ids, separated by commas; one of them is enough
    :param message: for whoever has none of them
    :param operation: what the rules of access must allow, "read" or "write"; nothing
        is asked of them without it
    :raise AccessError: when the user has no such right, or no access
    """
    if not records.env.su and not has_right(records.env, groups):
        raise AccessError(message)
    if operation:
        records.check_access(operation)


def has_right(env, groups):
    """Tell whether the user is in one of these groups.

    :param groups: external ids, separated by commas
    """
    return any(env.user.has_group(group) for group in groups.split(","))


def get_accounts_of(users):
    """Return the accounts that users belong to, by their own contacts.

    :param users: ``res.users`` records
    :return: ``res.partner`` records, with all rights: who belongs to which account
        counts, whoever may see it
    """
    partners_sudo = users.sudo().partner_id
    return partners_sudo | partners_sudo.commercial_partner_id


def find_managers(company, authors):
    """Return the administrators of credits in a company, apart from some users.

    :param authors: ``res.users`` records: who cannot be the second person
    :return: ``res.users`` records, with all rights: whoever gives something away need
        not see administrators
    """
    env = company.env
    return (
        env["res.users"]
        .sudo()
        .search(
            Domain("all_group_ids", "in", env.ref(const.GROUP_MANAGER).ids)
            & Domain("company_ids", "in", company.ids)
            & Domain("id", "not in", authors.ids)
        )
    )


def get_waiting_text(env, approvers, reasons):
    """Say whom something waits for, and why.

    :param approvers: ``res.users`` records
    :param list reasons: sentences
    """
    # Whoever gives something away need not see administrators.
    names = approvers.sudo().mapped("name")
    first = (
        env._(
            "Waiting for approval by %(names)s.",
            names=format_list(env, names, style="or"),
        )
        if names
        else env._(
            "Waiting for approval, but there is no other administrator who can "
            "approve it."
        )
    )
    return " ".join([first, *reasons])


def request_approval(record, activity, approvers, text):
    """Ask administrators to look at what waits.

    :param activity: external id of the type of their activity
    :param approvers: ``res.users`` records
    :param text: of :func:`get_waiting_text`, kept in the log
    """
    record.message_post(body=text, subtype_xmlid="mail.mt_note")
    record_sudo = record.sudo()  # As in `get_waiting_text`.
    for user in approvers:
        record_sudo.activity_schedule(activity, user_id=user.id, note=escape(text))


def end_approval(record, activity, text, reason=None):
    """Tell whoever asked (``requested_by_id``) what became of it, and keep that.

    :param activity: see :func:`request_approval`
    :param reason: kept in the log with it
    """
    # Activities of other users.
    record.sudo().activity_unlink([activity])
    others_sudo = (record.requested_by_id - record.env.user).sudo()
    record.message_post(
        body=f"{text} {reason}" if reason else text,
        partner_ids=others_sudo.partner_id.ids,
        subtype_xmlid="mail.mt_note",
    )


def check_named(records):
    """Check that the user may name records: their names and amounts will be shown.

    :param records: a recordset, which need not exist
    :raise AccessError: when the user may not read one of them
    """
    env = records.env
    if records._name == "res.company":
        # Also those that the user works in, but not now.
        records -= env.user.company_ids
    if not records:
        return
    domain = NAMED_WITHOUT_RIGHT.get(records._name)
    if not domain or records.browse().has_access("read"):
        records.check_access("read")
        return
    companies = env.companies | env.companies.sudo().parent_ids
    # Without the right there is no rule either: the companies are asked for here.
    named_sudo = records.sudo().search(
        domain
        & Domain("id", "in", records.ids)
        & Domain("company_id", "in", companies.ids)
    )
    if len(named_sudo) < len(records):
        raise AccessError(
            env._(
                "You do not have access to all of these records. Choose others, or "
                "ask an administrator for access."
            )
        )
    if "partner_id" in named_sudo:
        named_sudo.partner_id.sudo(False).check_access("read")
