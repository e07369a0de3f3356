"""The one check of rights, and who else has to look at what somebody gives away."""

from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..const import GROUP_MANAGER


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
            Domain("all_group_ids", "in", env.ref(GROUP_MANAGER).ids)
            & Domain("company_ids", "in", company.ids)
            & Domain("id", "not in", authors.ids)
        )
    )
