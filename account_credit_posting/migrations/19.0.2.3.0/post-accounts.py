from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give each company the accounts of expected breakage and unclaimed property."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    companies = env["res.company"].search([("chart_template", "!=", False)])
    for company in companies.filtered(lambda company: not company.parent_id):
        company._create_stored_value_account("breakage_contra_account_id")
        company._create_unclaimed_account()
