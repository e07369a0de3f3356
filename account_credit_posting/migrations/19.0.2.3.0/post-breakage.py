from odoo import SUPERUSER_ID, api

from odoo.addons.account_credit_posting import const


def migrate(cr, version):
    """Give each company the ledger account of expected breakage."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    name, purpose = const.STORED_VALUE_ACCOUNTS["breakage_contra_account_id"]
    companies = env["res.company"].search([("chart_template", "!=", False)])
    for company in companies.filtered(lambda company: not company.parent_id):
        if not company.breakage_contra_account_id:
            account = company._create_named_account(name, purpose)
            company.breakage_contra_account_id = account
