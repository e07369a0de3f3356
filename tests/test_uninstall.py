"""Removing the addon: the ledger stays as it was posted."""

import json

from tests.servers import run_script, throwaway_database

POST = """
import json
if not env.company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", env.company)
item = env["product.product"].create({"name": "Goodwill", "is_credit_item": True})
account = env["res.partner"].create({"name": "Family"})
answer = env["account.credit.batch"].post_credits(
    item.id, [{"account_id": account.id, "amount": "10.00"}]
)
env.cr.commit()
print(json.dumps(answer["lines"][0]["move_id"]))
"""

UNINSTALL = """
env["ir.module.module"].search(
    [("name", "=", "account_credit_posting")]
).button_immediate_uninstall()
"""

READ = """
import json
from odoo.tools import SQL
move = env["account.move"].browse({move_id})
print(json.dumps([
    "account.credit.batch" in env,
    move.state,
    sorted(move.line_ids.mapped("balance")),
    env.execute_query(SQL(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'account_move_line'::regclass"
        " AND NOT tgisinternal"
        " UNION SELECT proname FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
        " AND starts_with(proname, 'account_')"
    )),
]))
"""


def run(name, script):
    """Run a script and return the JSON that it printed last."""
    return json.loads(run_script(name, script).strip().splitlines()[-1])


def test_entries_outlive_the_addon():
    with throwaway_database() as name:
        move_id = run(name, POST)
        run_script(name, UNINSTALL)
        outcome = run(name, READ.format(move_id=move_id))
    assert outcome == [False, "posted", [-10.0, 10.0], []]
