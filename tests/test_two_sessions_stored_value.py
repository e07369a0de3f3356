"""Two sessions at one gift card: its money is used once."""

import contextlib

import psycopg2
import pytest

from tests.servers import two_servers
from tests.test_two_sessions import Sessions

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
account, other = env["res.partner"].create([{"name": "Family"}, {"name": "Other"}])
clerk = env["res.users"].create({
    "name": "Clerk",
    "login": f"clerk of {account.id}",
    "group_ids": [(4, env.ref("account.group_account_manager").id)],
})
key = env["res.users.apikeys"].with_user(clerk).sudo()._generate("rpc", "two", False)
invoices = env["account.move"].create([
    {
        "move_type": "out_invoice",
        "partner_id": account.id,
        "invoice_line_ids": [
            (0, 0, {"name": "Tuition", "price_unit": 50, "tax_ids": []})
        ],
    }
    for _number in range(2)
])
invoices.action_post()
card = env["account.stored.value"].with_user(clerk).issue(
    "gift_card", account.id, 50, "promotion"
)
env.cr.commit()
print(json.dumps(dict(
    key=key,
    account=account.id,
    other=other.id,
    invoices=invoices.ids,
    card=card["id"],
    code=card["code"],
)))
"""

# What other code may do, past all that Python knows.
PREPARE_WALL = PREPARE.replace(
    "env.cr.commit()",
    """
from odoo.addons.account_credit_posting.tools.posting import with_posting
value = env["account.stored.value"].browse(card["id"])
entries = with_posting(env["account.move"], "event").create([
    {
        "move_type": "entry",
        "stored_value_event": "use",
        "line_ids": [
            (0, 0, {
                "account_id": value.liability_account_id.id,
                "partner_id": account.id,
                "stored_value_id": value.id,
                "balance": 50,
            }),
            (0, 0, {"account_id": value.funding_account_id.id, "balance": -50}),
        ],
    }
    for _number in range(2)
])
env.flush_all()
SQL = "UPDATE account_move_line SET balance = 0 WHERE stored_value_id IS NOT NULL"
action = env["ir.actions.server"].create({
    "name": "Other code",
    "model_id": env.ref("account.model_account_move").id,
    "state": "code",
    "code": f"env.cr.execute({SQL!r})",
})
env.cr.commit()
""",
).replace("card=card", "entries=entries.ids, action=action.id, card=card")

POST = """
UPDATE account_move SET state = 'posted', name = 'WALL/' || id WHERE id = {0:d};
UPDATE account_move_line SET parent_state = 'posted' WHERE move_id = {0:d}
"""

# A gift card that is due to the state of its owner.
PREPARE_DUE = PREPARE.replace(
    'account.id, 50, "promotion"',
    """account.id, 50, "payment", date="2024-03-15",
    journal_id=env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    ).id,
""",
).replace(
    "env.cr.commit()",
    """
state = env.ref("base.state_us_8")
env["account.unclaimed.rule"].create({
    "kind": "dormancy",
    "country_id": state.country_id.id,
    "state_id": state.id,
    "valid_from": "2024-01-01",
    "years": 1,
    "company_id": company.id,
})
env["account.stored.value"].browse(card["id"]).holder_state_id = state
env.cr.commit()
""",
)

# Two drafts of what a cohort of its own is expected to leave unused.
PREPARE_ESTIMATES = (
    PREPARE_DUE.split("state = env.ref")[0].replace("2024-03-15", "2020-05-15")
    + """
estimates = env["account.breakage.estimate"].create([
    {"issue_date": "2020-05-15", "period": "month", "unused_amount": 50}
    for _number in range(2)
])
env.cr.commit()
print(json.dumps(dict(key=key, card=card["id"], estimates=estimates.ids)))
"""
)

FIND_ESTIMATES = """
import json
estimates = env["account.breakage.estimate"].browse({0})
items = estimates.move_id.line_ids
print(json.dumps(dict(
    states=estimates.mapped("state"),
    amounts=sorted(estimates.mapped("amount")),
    booked=sorted(items.mapped("balance")),
)))
"""

FIND = """
import json
account, other, card = env["res.partner"].browse({0}), {1}, {2}
value = env["account.stored.value"].browse(card)
values = env["account.stored.value"].search([("partner_id", "in", [account.id, other])])
invoices = env["account.move"].search([
    ("partner_id", "=", account.id), ("move_type", "=", "out_invoice")
])
print(json.dumps(dict(
    state=value.state,
    balances=sorted(values.mapped("balance")),
    events=sorted(value.move_line_ids.move_id.mapped("stored_value_event")),
    open=sorted(invoices.mapped("amount_residual")),
)))
"""


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, on one new database."""
    with two_servers(
        options=("--max-cron-threads=0",),
        # Entries that are posted past all code say nothing to their card.
        not_proven=("states", "events", "uses"),
    ) as servers:
        yield servers


@pytest.fixture
def walled(servers):
    """Give a test drafts past all checks, and an action that writes past them."""
    return Sessions(servers[0].database, servers, PREPARE_WALL)


@pytest.fixture
def sessions(servers):
    """Give each test an account, a gift card and a user of its own."""
    return Sessions(servers[0].database, servers, PREPARE)


@pytest.fixture
def due(servers):
    """Give each test a gift card that is due to the state of its owner."""
    return Sessions(servers[0].database, servers, PREPARE_DUE)


@pytest.fixture
def estimating(servers):
    """Give each test two estimates of one cohort."""
    return Sessions(servers[0].database, servers, PREPARE_ESTIMATES)


def call_both(sessions, *calls, model="account.stored.value"):
    """Hold both sessions at the card, let them go together; return the responses."""
    return sessions.call_both(
        f"SELECT FROM account_stored_value WHERE id = {sessions.data['card']:d}"
        " FOR UPDATE",
        *((method, {"model": model, **arguments}) for method, arguments in calls),
    )


def find(sessions):
    """Return what the ledger says."""
    data = sessions.data
    return sessions.run(FIND.format(data["account"], data["other"], data["card"]))


def assert_one_wins(responses, sentence):
    """Assert that one session was served, and the other told why not."""
    served, refused = sorted(responses, key=lambda response: response.status_code)
    assert served.status_code == 200, served.text
    assert refused.status_code == 422, refused.text
    assert sentence in refused.json()["message"]
    return served


def test_expected_breakage_is_booked_once(estimating):
    first, second = estimating.data["estimates"]
    responses = estimating.call_both(
        "SELECT FROM account_breakage_estimate"
        f" WHERE id IN ({first:d}, {second:d}) FOR UPDATE",
        *(
            ("action_post", {"model": "account.breakage.estimate", "ids": [estimate]})
            for estimate in (first, second)
        ),
    )
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    assert estimating.run(FIND_ESTIMATES.format([first, second])) == {
        "states": ["posted", "posted"],
        "amounts": [0, 50],
        "booked": [-50, 50],
    }


def test_last_50_is_used_once(sessions):
    card = sessions.data["card"]
    responses = call_both(
        sessions,
        *(
            ("apply_to_invoice", {"ids": [card], "invoice_id": invoice})
            for invoice in sessions.data["invoices"]
        ),
    )
    assert assert_one_wins(responses, "Nothing was paid with GC/").json() == 50
    assert find(sessions) == {
        "state": "used",
        "balances": [0],
        "events": ["issue", "use"],
        "open": [0, 50],
    }


def test_code_is_redeemed_once(sessions):
    data = sessions.data
    redeem = ("redeem", {"code": data["code"], "account_id": data["other"]})
    responses = call_both(sessions, redeem, redeem)
    served = assert_one_wins(responses, "no gift card to use with this code")
    assert served.json()["balance"] == 50
    found = find(sessions)
    assert found["events"] == ["issue", "redeem"]
    assert found["balances"] == [0, 50]


def test_used_and_voided_at_the_same_moment(sessions):
    card, invoice = sessions.data["card"], sessions.data["invoices"][0]
    responses = call_both(
        sessions,
        ("apply_to_invoice", {"ids": [card], "invoice_id": invoice}),
        ("action_void", {"ids": [card], "reason": "Mistake"}),
    )
    assert sorted(response.status_code for response in responses) == [200, 422]
    found = find(sessions)
    assert found["balances"] == [0]
    assert found["events"] in (["issue", "use"], ["issue", "void"])


def test_it_is_handed_to_the_state_once(due):
    hand = ("action_hand", {"ids": [due.data["card"]]})
    responses = call_both(due, hand, hand, model="account.unclaimed.due")
    assert_one_wins(responses, "already handed over")
    found = find(due)
    assert found["events"] == ["hand", "issue"]
    assert (found["state"], found["balances"]) == ("handed", [0])


def test_what_the_database_refuses_is_told(walled):
    response = walled.call(
        0, "run", model="ir.actions.server", ids=[walled.data["action"]]
    )
    assert response.status_code == 422, response.text
    assert "cannot be changed" in response.json()["message"]
    assert find(walled)["balances"] == [50]


def test_of_two_that_overdraw_the_database_lets_one(walled):
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(contextlib.closing(walled.connect()))
            for _number in range(2)
        ]
        for connection, entry in zip(connections, walled.data["entries"], strict=True):
            connection.set_session(isolation_level="REPEATABLE READ")
            connection.cursor().execute(POST.format(entry))
        connections[0].commit()
        with pytest.raises(psycopg2.errors.SerializationFailure):
            connections[1].commit()
        # It begins again, and sees what the first one left.
        connections[1].rollback()
        connections[1].cursor().execute(POST.format(walled.data["entries"][1]))
        with pytest.raises(psycopg2.errors.CheckViolation, match="below zero"):
            connections[1].commit()
    assert find(walled)["balances"] == [0]
