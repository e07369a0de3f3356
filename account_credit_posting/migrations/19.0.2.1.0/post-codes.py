from odoo import SUPERUSER_ID, api

from odoo.addons.account_credit_posting import const
from odoo.addons.account_credit_posting.models.stored_value.account_gift_card import (
    rotate_code_key,
)


def migrate(cr, version):
    """Give codes a key of their own; those made before stay valid, in copies, too."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    parameters = env["ir.config_parameter"]
    if parameters.get_param(const.CODE_KEYS):
        return
    if env["account.stored.value"].search_count([("code_hash", "!=", False)], limit=1):
        # Without it, no copy of the database would know the codes of today.
        secret = parameters.get_param("database.secret")
        parameters.set_param(const.CODE_KEYS, secret)
    rotate_code_key(env)
