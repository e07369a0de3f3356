"""Two sessions that post at the same moment, on servers and connections of their own.

A third connection holds the rows that both need until both wait for them: so they run
at the same time by construction, not by luck.
"""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.servers import connect, run_script, two_servers

LINES = 12

PREPARE = f"""
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
item = env["product.product"].create({{"name": "Goodwill", "is_credit_item": True}})
accounts = env["res.partner"].create([
    {{"name": f"Family {{number}}"}} for number in range({LINES})
])
clerk = env["res.users"].create({{
    "name": "Clerk",
    "login": f"clerk of {{accounts[0].id}}",
    "group_ids": [(4, env.ref("account.group_account_invoice").id)],
}})
key = env["res.users.apikeys"].with_user(clerk).sudo()._generate("rpc", "two", False)
batches = env["account.credit.batch"].with_user(clerk).create([
    {{
        "credit_item_id": item.id,
        "line_ids": [
            (0, 0, {{"partner_id": account.id, "amount": 10}}) for account in accounts
        ],
    }}
    for _ in range(2)
])
env.cr.commit()
print(json.dumps({{
    "key": key,
    "item": item.id,
    "accounts": accounts.ids,
    "batches": batches.ids,
    "bank": env["account.journal"].search([
        ("company_id", "=", company.id), ("type", "=", "bank"),
    ], limit=1).id,
}}))
"""

LEDGER = """
import json
env.cr.execute('''
    SELECT COUNT(*),
           COUNT(DISTINCT move.name),
           COUNT(DISTINCT line.id),
           SUM(move.amount_total)::float,
           COUNT(*) FILTER (WHERE line.state != 'posted'),
           MAX(move.sequence_number) - MIN(move.sequence_number) + 1
      FROM account_move move
      JOIN account_credit_line line ON line.move_id = move.id
     WHERE move.state = 'posted' AND move.credit_line_id = line.id
       AND line.partner_id = ANY(%s)
''', [ACCOUNTS])
print(json.dumps(env.cr.fetchone()))
"""


class Sessions:
    """Two servers on one database, each with a session of the same clerk."""

    def __init__(self, name, servers, prepare):
        """Create what the test needs, and the clerk's key.

        :param prepare: a script that prints a JSON object with at least the key
        """
        self.name = name
        self.servers = servers
        self.data = self.run(prepare)

    def run(self, script):
        """Run a script in Odoo's shell; return the JSON that it prints last."""
        return json.loads(run_script(self.name, script).strip().splitlines()[-1])

    def call(self, number, method, model="account.credit.batch", **arguments):
        """Call a method on one of the servers."""
        return requests.post(
            f"{self.servers[number].url}/json/2/{model}/{method}",
            headers={"Authorization": f"bearer {self.data['key']}"},
            json=arguments,
            timeout=300,
        )

    def call_both(self, lock, *calls):
        """Let both sessions start, hold them at a lock, let them go together.

        :param lock: SQL that takes what both sessions need
        :param calls: for each session its method and arguments
        :return: both responses
        """
        with (
            contextlib.closing(self.connect()) as holder,
            ThreadPoolExecutor(2) as pool,
        ):
            holder.cursor().execute(lock)
            futures = [
                pool.submit(self.call, number, method, **arguments)
                for number, (method, arguments) in enumerate(calls)
            ]
            try:
                self.wait_for_waiting(2)
            finally:
                holder.rollback()
            return [future.result() for future in futures]

    def post_both(self, first, second, model="account.credit.batch"):
        """Post a record in each session, at once; neither sees an error.

        :param first: the id of one record; its button is ``action_post``
        :param second: that of the other one
        """
        table = model.replace(".", "_")
        responses = self.call_both(
            f"SELECT FROM {table} WHERE id IN ({first:d}, {second:d}) FOR UPDATE",
            ("action_post", {"model": model, "ids": [first]}),
            ("action_post", {"model": model, "ids": [second]}),
        )
        assert [response.status_code for response in responses] == [200, 200], [
            response.text for response in responses
        ]

    def connect(self):
        """Return a connection of its own to the database."""
        return connect(self.name)

    def wait_for_waiting(self, count):
        """Return when so many connections wait for a lock."""
        pause = threading.Event()
        with contextlib.closing(self.connect()) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            for _attempt in range(3000):
                cursor.execute(
                    "SELECT COUNT(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0] >= count:
                    return
                pause.wait(0.02)
        pytest.fail(f"{count} sessions should wait for the lock")

    def ledger(self):
        """Return what was posted for the test's accounts, as a dict."""
        script = f"ACCOUNTS = {self.data['accounts']!r}\n{LEDGER}"
        names = ("entries", "numbers", "lines", "total", "not_posted", "number_span")
        return dict(zip(names, self.run(script), strict=True))


@pytest.fixture(scope="module")
def servers():
    """Give two servers on one new database."""
    with two_servers() as servers:
        yield servers


@pytest.fixture
def sessions(servers):
    """Give each test accounts, batches and a clerk of its own."""
    return Sessions(servers[0].database, servers, PREPARE)


def test_same_batch_is_posted_once(sessions):
    batch = sessions.data["batches"][0]
    responses = sessions.call_both(
        f"SELECT FROM account_credit_batch WHERE id = {batch:d} FOR UPDATE",
        ("action_post", {"ids": [batch]}),
        ("action_post", {"ids": [batch]}),
    )
    # Neither session sees an error: the second one finds the batch posted.
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    assert sessions.ledger() == {
        "entries": LINES,
        "numbers": LINES,
        "lines": LINES,
        "total": LINES * 10.0,
        "not_posted": 0,
        "number_span": LINES,
    }


def test_two_batches_share_no_number(sessions):
    first, second = sessions.data["batches"]
    sessions.post_both(first, second)
    assert sessions.ledger() == {
        "entries": 2 * LINES,
        "numbers": 2 * LINES,
        "lines": 2 * LINES,
        "total": 2 * LINES * 10.0,
        "not_posted": 0,
        "number_span": 2 * LINES,
    }


def test_same_key_is_posted_once(sessions):
    request = {
        "credit_item_id": sessions.data["item"],
        "lines": [
            {"account_id": account, "amount": "10.00"}
            for account in sessions.data["accounts"]
        ],
        "idempotency_key": "snow-day",
    }
    responses = sessions.call_both(
        # Both sessions number their batch before they insert it.
        "LOCK TABLE account_credit_batch IN SHARE ROW EXCLUSIVE MODE",
        ("post_credits", request),
        ("post_credits", request),
    )
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    answers = [response.json() for response in responses]
    assert answers[0] == answers[1]
    assert sessions.ledger()["entries"] == LINES
    # Likewise all else that moves money.
    request = {
        "model": "account.stored.value",
        "value_type": "prepayment",
        "account_id": sessions.data["accounts"][0],
        "amount": "25.00",
        "funding": "payment",
        "journal_id": sessions.data["bank"],
        "idempotency_key": "till-17",
    }
    responses = sessions.call_both(
        "LOCK TABLE account_credit_answer IN SHARE ROW EXCLUSIVE MODE",
        ("issue", request),
        ("issue", request),
    )
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    answers = [response.json() for response in responses]
    assert answers[0] == answers[1]
    domain = [("partner_id", "in", sessions.data["accounts"])]
    count = f'print(env["account.stored.value"].search_count({domain}))'
    assert sessions.run(count) == 1
