"""Hooks that run when the addon is installed into a database, or removed from it."""

from odoo.tools.sql import drop_constraint

from .const import CODE_KEYS
from .models.stored_value.account_gift_card import rotate_code_key
from .tools.triggers import drop_triggers


def post_init_hook(env):
    """Give every company the records that credits need.

    :param env: environment of the superuser
    """
    # The superuser installs the addon for all companies, not only for its own.
    companies = env["res.company"].search([], order="id")
    companies._create_credit_sequence()
    companies._create_credit_accounting()
    rotate_code_key(env)


def uninstall_hook(env):
    """Drop what Odoo does not know of: rules of the database, and the keys of codes.

    The posted credit notes stay: they are entries like any other.

    :param env: environment of the superuser
    """
    drop_constraint(env.cr, "account_move", "account_move_credit_line_mutual")
    drop_triggers(env, "account_credit_posting")
    env["ir.config_parameter"].set_param(CODE_KEYS, False)
