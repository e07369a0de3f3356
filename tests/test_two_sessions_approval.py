"""Two sessions at the same moment, where a second person or a cap is in between."""

import pytest

from tests.servers import two_servers
from tests.test_two_sessions import Sessions

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
company.credit_approval_amount = 100
company.credit_open_cap = 0
item = env["product.product"].create({"name": "Goodwill", "is_credit_item": True})
accounts = env["res.partner"].create([
    {"name": f"Family {number}"} for number in range(4)
])

def create_user(login, group):
    user = env["res.users"].create({
        "name": login,
        "login": f"{login} of {accounts[0].id}",
        "group_ids": [(4, env.ref(group).id)],
    })
    key = env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", login, False)
    return user, key

clerk, clerk_key = create_user("clerk_2", "account.group_account_invoice")
_first, first_key = create_user("first_2", "account.group_account_manager")
_second, second_key = create_user("second_2", "account.group_account_manager")

def create_batch(amount):
    return env["account.credit.batch"].with_user(clerk).create({
        "credit_item_id": item.id,
        "line_ids": [
            (0, 0, {"partner_id": account.id, "amount": amount})
            for account in accounts
        ],
    })

waiting = create_batch(50)
waiting.action_post()
assert waiting.state == "to_approve"
drafts = create_batch(25) + create_batch(25)
env.cr.commit()
print(json.dumps({
    "keys": {"clerk": [clerk_key] * 2, "managers": [first_key, second_key]},
    "waiting": waiting.id,
    "drafts": drafts.ids,
    "lines": drafts[0].line_ids.ids,
}))
"""

LEDGER = """
import json
env.cr.execute('''
    SELECT batch.id, batch.state, COUNT(move.id),
           COALESCE(SUM(move.amount_total), 0)::float
      FROM account_credit_batch batch
      JOIN account_credit_line line ON line.batch_id = batch.id
 LEFT JOIN account_move move
        ON move.credit_line_id = line.id AND move.state = 'posted'
  GROUP BY batch.id
''')
print(json.dumps({row[0]: row[1:] for row in env.cr.fetchall()}))
"""

SET_CAP = """
env.company.credit_open_cap = 40
env.cr.commit()
print("true")
"""


class SessionsOfSeveral(Sessions):
    """Two servers on one database, each with a session of a user of its own."""

    #: Whose sessions they are: a key of ``data["keys"]``.
    users = "clerk"

    def call(self, number, method, model="account.credit.batch", **arguments):
        """Call a method on one of the servers, as its user."""
        self.data["key"] = self.data["keys"][self.users][number]
        return super().call(number, method, model=model, **arguments)

    def ledger(self):
        """Return ``{batch id: [state, entries, total]}``."""
        return {int(key): value for key, value in self.run(LEDGER).items()}


@pytest.fixture(scope="module")
def servers():
    """Give two servers, without crons, on one new database."""
    with two_servers(options=("--max-cron-threads=0",)) as servers:
        yield servers


@pytest.fixture
def sessions(servers):
    """Give each test accounts, batches and users of its own, and no cap."""
    return SessionsOfSeveral(servers[0].database, servers, PREPARE)


def lock_batch(batch):
    return f"SELECT FROM account_credit_batch WHERE id = {batch:d} FOR UPDATE"


def test_two_approvals_post_once(sessions):
    sessions.users = "managers"
    waiting = sessions.data["waiting"]
    responses = sessions.call_both(
        lock_batch(waiting),
        ("action_approve", {"ids": [waiting]}),
        ("action_approve", {"ids": [waiting]}),
    )
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    assert sessions.ledger()[waiting] == ["done", 4, 200]


def test_amount_raised_while_it_is_posted_is_not_posted(sessions):
    """An author with two tabs: Post in one, another amount in the other."""
    draft = sessions.data["drafts"][0]
    posted, _changed = sessions.call_both(
        lock_batch(draft),
        ("action_post", {"ids": [draft]}),
        (
            "write",
            {
                "model": "account.credit.line",
                "ids": sessions.data["lines"],
                "vals": {"amount": 1000000},
            },
        ),
    )
    assert posted.status_code == 200, posted.text
    # Whoever came first: posted as it was, or it waits with the new amounts.
    assert sessions.ledger()[draft] in (["done", 4, 100], ["to_approve", 0, 0])


def test_two_batches_do_not_pass_the_cap(sessions):
    assert sessions.run(SET_CAP)
    first, second = sessions.data["drafts"]
    responses = sessions.call_both(
        f"{lock_batch(first)}; {lock_batch(second)}",
        ("action_post", {"ids": [first]}),
        ("action_post", {"ids": [second]}),
    )
    assert [response.status_code for response in responses] == [200, 200], [
        response.text for response in responses
    ]
    ledger = sessions.ledger()
    # Each account gets one of the two, whichever came first.
    assert ledger[first][1] + ledger[second][1] == 4
    assert ledger[first][2] + ledger[second][2] == 100
