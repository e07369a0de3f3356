from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give each company the ledger account of what is owed to states."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    companies = env["res.company"].search([("chart_template", "!=", False)])
    for company in companies.filtered(lambda company: not company.parent_id):
        company._create_unclaimed_account()
