"""The one check of rights."""

from odoo.exceptions import AccessError


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
