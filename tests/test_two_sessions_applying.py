"""Two sessions at one account: what one applies, the other must not apply again."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers import two_servers
from tests.test_two_sessions import Sessions

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
item = env["product.product"].create({"name": "Goodwill", "is_credit_item": True})
account = env["res.partner"].create({"name": "Family"})
clerk = env["res.users"].create({
    "name": "Clerk",
    "login": f"clerk of {account.id}",
    "group_ids": [(4, env.ref("account.group_account_invoice").id)],
})
key = env["res.users.apikeys"].with_user(clerk).sudo()._generate("rpc", "two", False)
batches = env["account.credit.batch"].with_user(clerk).create([
    {
        "credit_item_id": item.id,
        "line_ids": [(0, 0, {"partner_id": account.id, "amount": amount})],
    }
    for amount in (10, 10, 15)
])
promotion = env["product.product"].create(
    {"name": "10 off", "is_credit_item": True, "credit_booking": "used"}
)
promise = env["account.credit.batch"].with_user(clerk).create({
    "credit_item_id": promotion.id,
    "line_ids": [(0, 0, {"partner_id": account.id, "amount": 10})],
})
invoices = env["account.move"].create([
    {
        "move_type": "out_invoice",
        "partner_id": account.id,
        "invoice_line_ids": [
            (0, 0, {"name": "Tuition", "price_unit": amount, "tax_ids": []})
        ],
    }
    for amount in (10, 10, 15)
])
env.cr.commit()
print(json.dumps(dict(
    key=key, account=account.id, batches=batches.ids, invoices=invoices.ids,
    promise=promise.id,
)))
"""

POST_INVOICE = """
import json
env["account.move"].browse({0}).action_post()
env.cr.commit()
print(json.dumps(True))
"""

POST_BATCH = """
import json
env["account.credit.batch"].browse({0}).action_post()
env.cr.commit()
print(json.dumps(True))
"""

APPLICATIONS = """
import json
domain = [("partner_id", "=", {0})]
applications = env["account.credit.application"].search(domain)
posted = env["account.move"].search([*domain, ("state", "=", "posted")])
cron = env.ref("account_credit_posting.ir_cron_apply_credits")
print(json.dumps(dict(
    amounts=sorted(applications.mapped("amount")),
    in_ledger=sorted(applications.partial_id.mapped("debit_amount_currency")),
    partials=len(posted.line_ids.matched_debit_ids),
    open=sorted(posted.mapped("amount_residual")),
    waiting=env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]),
)))
"""

RUN_CRON = """
import json
env["account.credit.application"]._cron_apply()
env.cr.commit()
print(json.dumps(True))
"""


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, on one new database."""
    with two_servers(options=("--max-cron-threads=0",)) as servers:
        yield servers


@pytest.fixture
def sessions(servers):
    """Give each test an account and a clerk of its own."""
    return Sessions(servers[0].database, servers, PREPARE)


def find(sessions):
    """Return what the ledger and the applications say of the account."""
    return sessions.run(APPLICATIONS.format(sessions.data["account"]))


def test_two_credits_for_one_invoice(sessions):
    first, second, _ = sessions.data["batches"]
    sessions.run(POST_INVOICE.format(sessions.data["invoices"][2]))
    sessions.post_both(first, second)
    found = find(sessions)
    assert found["amounts"] == found["in_ledger"] == [5, 10]
    assert found["partials"] == 2
    assert found["open"] == [0, 0, 5]


def test_two_invoices_for_one_credit(sessions):
    first, second, _ = sessions.data["invoices"]
    sessions.run(POST_BATCH.format(sessions.data["batches"][2]))
    sessions.post_both(first, second, "account.move")
    found = find(sessions)
    assert found["amounts"] == found["in_ledger"] == [5, 10]
    assert found["partials"] == 2
    assert found["open"] == [0, 0, 5]


def test_two_invoices_for_one_promised_credit(sessions):
    first, second, _ = sessions.data["invoices"]
    sessions.run(POST_BATCH.format(sessions.data["promise"]))
    sessions.post_both(first, second, "account.move")
    found = find(sessions)
    assert found["amounts"] == found["in_ledger"] == [10]
    assert found["partials"] == 1
    # The part that was posted, the invoice that it pays, and the other one.
    assert found["open"] == [0, 0, 10]


@pytest.mark.parametrize("first", [0, 1], ids=["invoice first", "credit first"])
def test_invoice_and_credit_at_the_same_moment(sessions, first):
    invoice = sessions.data["invoices"][0]
    batch = sessions.data["batches"][0]
    calls = [
        (
            f"SELECT FROM account_move WHERE id = {invoice:d} FOR UPDATE",
            ("action_post", {"model": "account.move", "ids": [invoice]}),
        ),
        (
            f"SELECT FROM account_credit_batch WHERE id = {batch:d} FOR UPDATE",
            ("action_post", {"ids": [batch]}),
        ),
    ]
    with contextlib.ExitStack() as stack:
        holders = []
        for lock, _call in calls:
            holders.append(stack.enter_context(contextlib.closing(sessions.connect())))
            holders[-1].cursor().execute(lock)
        pool = stack.enter_context(ThreadPoolExecutor(2))
        try:
            futures = [
                pool.submit(sessions.call, number, method, **arguments)
                for number, (_lock, (method, arguments)) in enumerate(calls)
            ]
            sessions.wait_for_waiting(2)
            # The one ends before the other goes on, which cannot see it any more.
            holders[first].rollback()
            assert futures[first].result().status_code == 200, futures[first].result()
        finally:
            for holder in holders:
                holder.rollback()
        responses = [future.result() for future in futures]
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    found = find(sessions)
    if found["open"] == [10, 10]:
        # Neither saw the other: then another look is due, and it applies once.
        assert found["waiting"] >= 1
        sessions.run(RUN_CRON)
        found = find(sessions)
    assert found["amounts"] == found["in_ledger"] == [10]
    assert found["partials"] == 1
    assert found["open"] == [0, 0]
