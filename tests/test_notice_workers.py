"""Several processes tell the customers of one batch at once; each is told once."""

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers import connect, run_alone, run_script, throwaway_database

LINES = 120

PREPARE = f"""
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
item = env["product.product"].create({{"name": "Snow day", "is_credit_item": True}})
accounts = env["res.partner"].create([
    {{"name": f"Family {{number}}", "email": f"f{{number}}@example.com"}}
    for number in range({LINES})
])
batch = env["account.credit.batch"].create({{
    "credit_item_id": item.id,
    "notify_customers": True,
    "line_ids": [
        (0, 0, {{"partner_id": account.id, "amount": 10}}) for account in accounts
    ],
}})
batch.action_post()
assert batch.state == "done", batch.state
env["ir.cron.trigger"].search([]).unlink()
env.cr.commit()
print(json.dumps(batch.id))
"""

#: Take a chunk, wait until the other one has its own, or is done, then tell it.
TELL = """
import json
notices = env["account.credit.notice"]
written = []
while True:
    chunk = notices._lock_waiting(20)
    if not chunk:
        break
    env.cr.execute("SELECT pg_advisory_lock_shared(4242)")
    env.cr.execute("SELECT pg_advisory_unlock_shared(4242)")
    count = chunk._notify()
    env.cr.commit()
    env.invalidate_all()
    written.append(count)
print(json.dumps(written))
"""

#: Write a chunk, and die before it is committed.
DIE = """
import os
import signal
notices = env["account.credit.notice"]._lock_waiting(20)
assert notices._notify() == 20
env.flush_all()
print("Written, not committed", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

WAITING = """
    SELECT COUNT(*)
      FROM pg_locks
      JOIN pg_database ON pg_database.oid = pg_locks.database
     WHERE locktype = 'advisory'
       AND NOT granted
       AND datname = current_database()
"""

MAILS = """
    SELECT COUNT(*), COUNT(DISTINCT message.res_id),
           COUNT(DISTINCT recipient.res_partner_id)
      FROM mail_mail mail
      JOIN mail_message message ON message.id = mail.mail_message_id
      JOIN mail_mail_res_partner_rel recipient ON recipient.mail_mail_id = mail.id
     WHERE message.model = 'account.credit.line'
"""


def test_two_processes_tell_each_customer_once():
    """Both hold a chunk at the same time; a third one died with its chunk before."""
    with throwaway_database() as name:
        run_script(name, PREPARE)
        with pytest.raises(RuntimeError, match="Written, not committed"):
            run_alone(name, DIE)
        with (
            contextlib.closing(connect(name)) as holder,
            ThreadPoolExecutor(2) as pool,
        ):
            holder.autocommit = True
            cursor = holder.cursor()
            pause = threading.Event()
            cursor.execute("SELECT pg_advisory_lock(4242)")
            runs = [pool.submit(run_alone, name, TELL) for _ in range(2)]
            while not any(run.done() for run in runs):
                cursor.execute(WAITING)
                if cursor.fetchone()[0] == len(runs):
                    break
                pause.wait(0.05)
            cursor.execute("SELECT pg_advisory_unlock(4242)")
            notified = [
                json.loads(run.result().strip().splitlines()[-1]) for run in runs
            ]
            assert all(notified), notified
            assert sum(map(sum, notified)) == LINES
            cursor.execute(MAILS)
            assert cursor.fetchone() == (LINES, LINES, LINES)
            cursor.execute(
                "SELECT COUNT(*), COUNT(DISTINCT notice.id)"
                "  FROM account_credit_line line"
                "  JOIN account_credit_notice notice ON notice.id = line.notice_id"
                " WHERE notice.notified_date IS NOT NULL"
            )
            assert cursor.fetchone() == (LINES, LINES)
