"""Whoever confirms a payment at the same time: what was bought is issued once."""

import json

import pytest

from tests.servers import run_script, throwaway_database, with_addons

PREPARE = """
from odoo.addons.account_credit_posting.tools.posting import with_posting

company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
provider = env.ref("payment.payment_provider_demo")
provider.state = "test"
provider.journal_id = env["account.journal"].search([("type", "=", "bank")], limit=1)
account = env["res.partner"].create({"name": "Family"})


def buy(number):
    top_up = with_posting(env["account.top.up"], "customer").create({
        "partner_id": account.id,
        "company_id": company.id,
        "currency_id": company.currency_id.id,
        "value_type": "prepayment",
        "amount": 50,
    })
    transactions = env["payment.transaction"]
    for _index in range(number):
        transaction = transactions.create({
            "amount": 50,
            "currency_id": company.currency_id.id,
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id
            or env.ref("payment_demo.payment_method_demo").id,
            "operation": "online_direct",
            "partner_id": account.id,
            "reference": f"Race {top_up.id} {_index}",
        })
        transaction._buy(top_up)
        transaction._set_done()
        transactions |= transaction
    env.cr.commit()
    return top_up, transactions
"""

RACE = (
    PREPARE
    + """
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo import api
from odoo.service.model import retrying

THREADS = 8
top_up, transactions = buy({number})
barrier = Barrier(THREADS)


def confirm(index):
    with env.registry.cursor() as cr:
        own = api.Environment(cr, api.SUPERUSER_ID, dict())
        tx = own["payment.transaction"].browse(transactions.ids[index % {number}])
        barrier.wait()
        retrying(lambda: tx._post_process(), own)


with ThreadPoolExecutor(THREADS) as pool:
    for result in pool.map(confirm, range(THREADS)):
        pass
env.cr.rollback()
env.invalidate_all()
values = env["account.stored.value"].search([("partner_id", "=", account.id)])
payments = env["account.payment"].search([("partner_id", "=", account.id)])
print(json.dumps(dict(
    issued=[(value.id == top_up.stored_value_id.id, value.balance) for value in values],
    payments=sorted(
        (bool(payment.stored_value_id), payment.amount, payment.move_id.state)
        for payment in payments
    ),
    booked=[transaction.payment_id in payments for transaction in transactions],
)))
"""
)


@pytest.fixture(scope="module")
def database():
    """Give a database in which customers buy online."""
    with throwaway_database(with_addons("payment_demo")) as name:
        yield name


def race(database, number):
    """Let eight sessions confirm so many payments of one top-up at once."""
    output = run_script(database, RACE.replace("{number}", str(number)))
    return json.loads(output.splitlines()[-1])


def test_one_payment_that_all_confirm(database):
    found = race(database, 1)
    assert found["issued"] == [[True, 50]]
    assert found["payments"] == [[True, 50, "posted"]]
    assert found["booked"] == [True]


def test_two_payments_for_one_top_up(database):
    found = race(database, 2)
    assert found["issued"] == [[True, 50]]
    # The second is money on the account.
    assert found["payments"] == [[False, 50, "posted"], [True, 50, "posted"]]
    assert found["booked"] == [True, True]
