from odoo import SUPERUSER_ID, api

from odoo.addons.account_credit_posting import const


def migrate(cr, version):
    """Number the ledger accounts that a company got where its chart has such.

    Those on which something is booked stay, and so do those that somebody has chosen
    or renamed.
    """
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    named = {
        "credit_account_id": (const.CREDIT_ACCOUNT_NAME, "discounts"),
        **const.STORED_VALUE_ACCOUNTS,
    }
    for company in env["res.company"].search([("chart_template", "!=", False)]):
        for field_name, (name, purpose) in named.items():
            account = company[field_name].with_company(company)
            if account.name == env._(name) and not account.used:
                move_account(account, company, purpose)


def move_account(account, company, purpose):
    """Give an account the next free code of the place that is for its purpose."""
    templates = account.env["account.chart.template"].with_company(company)
    like, code = templates._find_credit_place(company, purpose)
    if not like:
        return
    if account.code > code and account.code[:-2] == code[:-2]:
        return  # It is there.
    vals = like._get_statutory_vals()
    if purpose == "advances":
        del vals["account_type"]
    code = account._search_new_account_code(code, set())
    account.write({**vals, "code": code})
