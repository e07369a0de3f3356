"""Opening the billing page of an account."""

from odoo.tests import Form

from .databases import WITH
from .documents import copy_entry, create_refunds
from .tables import Table, Way

#: Of the account whose billing page is opened.
TRANSACTIONS = 10_000


def prepare_history(env, accounts):
    """Give the accounts 10,000 transactions together; open what is measured once."""
    items = env["account.move.line"]
    if not items.search_count([("partner_id", "in", accounts.ids)], limit=1):
        model = create_refunds(env, accounts[:1])
        env.flush_all()
        copy_entry(env.cr, model, accounts.ids, TRANSACTIONS)
        env.invalidate_all()
    return accounts


def open_contact(env, accounts):
    """Open Odoo's own form of a contact."""
    for account in accounts:
        Form(account, "base.view_partner_form")


def open_billing(env, accounts):
    """Open the billing page."""
    for account in accounts:
        Form(account, "account_credit_posting.res_partner_view_form_billing")


TABLE = Table(
    title=f"opening an account with {TRANSACTIONS} transactions",
    unit="processor ms per page",
    ours="billing page",
    ways={
        "Odoo's form of a contact": Way(WITH, open_contact, prepare_history),
        "billing page": Way(WITH, open_billing, prepare_history),
    },
    sizes=(1,),
    rounds=9,
    shared=True,
)
