"""Two administrators who correct the same credit at the same moment."""

import pytest

from tests.servers import two_servers
from tests.test_two_sessions import Sessions

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
item = env["product.product"].create({"name": "Goodwill", "is_credit_item": True})
accounts = env["res.partner"].create([{"name": f"Family {n}"} for n in range(3)])
manager = env["res.users"].create({
    "name": "Administrator of Credits",
    "login": f"manager of {accounts[0].id}",
    "group_ids": [(4, env.ref("account.group_account_manager").id)],
})
key = env["res.users.apikeys"].with_user(manager).sudo()._generate("rpc", "two", False)
batch = env["account.credit.batch"].with_user(manager).create({
    "credit_item_id": item.id,
    "line_ids": [(0, 0, {"partner_id": accounts[0].id, "amount": 50})],
})
batch.action_post()
env.cr.commit()
print(json.dumps({
    "key": key,
    "accounts": accounts.ids,
    "batch": batch.id,
    "line": batch.line_ids.id,
}))
"""

LEDGER = """
import json
env.cr.execute('''
    SELECT partner_id, SUM(amount_residual)::float
      FROM account_move_line
     WHERE account_id IN (
               SELECT id FROM account_account WHERE account_type = 'asset_receivable'
           )
       AND parent_state = 'posted'
  GROUP BY partner_id
    HAVING SUM(amount_residual) != 0
''')
print(json.dumps(env.cr.fetchall()))
"""


@pytest.fixture(scope="module")
def servers():
    """Give two servers on one new database."""
    with two_servers() as servers:
        yield servers[0].database, servers


@pytest.mark.parametrize(
    ("calls", "open_credits"),
    [
        pytest.param(("replace", "replace"), [{0: -40}], id="replace"),
        pytest.param(("move", "move"), [{1: -50}], id="move"),
        pytest.param(("replace", "move"), [{0: -40}, {1: -50}], id="both"),
        pytest.param(("delete", "move"), [{}, {1: -50}], id="delete"),
    ],
)
def test_one_of_two_corrections_is_done(servers, calls, open_credits):
    sessions = Sessions(*servers, PREPARE)
    line, accounts = sessions.data["line"], sessions.data["accounts"]
    requests = {
        "replace": ("replace", {"amount": 40, "reason": "Typing error"}),
        "move": ("move_to", {"account_id": accounts[1], "reason": "Divorce"}),
        "delete": ("action_reverse", {"mode": "unused", "reason": "Wrong"}),
    }
    responses = sessions.call_both(
        "SELECT FROM account_credit_batch"
        f" WHERE id = {sessions.data['batch']:d} FOR UPDATE",
        *(
            (
                requests[call][0],
                {"model": "account.credit.line", "ids": [line], **requests[call][1]},
            )
            for call in calls
        ),
    )
    codes = sorted(response.status_code for response in responses)
    assert codes == [200, 422], [response.text for response in responses]
    balances = {
        accounts.index(account): residual
        for account, residual in sessions.run(LEDGER)
        if account in accounts
    }
    assert balances in open_credits
