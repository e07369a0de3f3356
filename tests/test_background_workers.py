"""Several servers post one batch; whoever is killed, each credit is posted once."""

import contextlib
import json
import threading

import pytest

from tests.cluster import running_cluster
from tests.servers import connect, run_script, running_server, throwaway_database

PREPARE = """
import json
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
item = env["product.product"].create({"name": "Snow day", "is_credit_item": True})
accounts = env["res.partner"].with_context(tracking_disable=True).create([
    {"name": f"Family {number}"} for number in range(LINES)
])
batch = env["account.credit.batch"].create({
    "credit_item_id": item.id,
    "line_ids": [
        (0, 0, {"partner_id": account.id, "amount": 10}) for account in accounts
    ],
})
company._get_credit_journal().restrict_mode_hash_table = IS_HASHED
batch.action_post()
assert batch.state == "queued", batch.state
env.cr.commit()
print(json.dumps(batch.id))
"""

LEDGER = """
    SELECT COUNT(*),
           COUNT(DISTINCT move.name),
           COUNT(DISTINCT line.id),
           COUNT(DISTINCT line.partner_id),
           SUM(move.amount_total)::float,
           MAX(move.sequence_number) - MIN(move.sequence_number) + 1
      FROM account_move move
      JOIN account_credit_line line ON line.move_id = move.id
     WHERE move.state = 'posted'
       AND move.credit_line_id = line.id
       AND line.state = 'posted'
"""

CHECK_HASHES = """
import json
accountant = env.ref("base.user_admin")
accountant.group_ids += env.ref("account.group_account_user")
company = env(user=accountant).company
prefix = company._get_credit_journal().name
print(json.dumps([
    (result["status"], result["last_move_name"])
    for result in company._check_hash_integrity()["results"]
    if result["journal_name"].startswith(prefix)
]))
"""

STATE = "SELECT state FROM account_credit_batch"


class Watch:
    """Looks at the database from outside."""

    def __init__(self, connection):
        """Look without a transaction that would hold anything."""
        self.connection = connection
        self.connection.autocommit = True

    def ask(self, query):
        """Return the first row."""
        cursor = self.connection.cursor()
        cursor.execute(query)
        return cursor.fetchone()

    def wait_until(self, condition, seconds=600):
        """Wait until a function returns something true, while servers look for work.

        A server would look a minute after it has started, or when it is notified.
        """
        pause = threading.Event()
        for attempt in range(int(seconds / 0.05)):
            if condition():
                return
            if attempt % 20 == 0:
                self.wake_servers()
            pause.wait(0.05)
        pytest.fail(f"not within {seconds} seconds")

    def wake_servers(self):
        """Notify the servers of the database, as Odoo does of scheduled work.

        And the runner of jobs, which looks for dead ones when something is to be done,
        or a minute later.
        """
        self.ask("SELECT pg_notify('queue_job', '')")
        about = self.connection.info
        with contextlib.closing(connect("postgres", host=about.host)) as connection:
            connection.autocommit = True
            connection.cursor().execute(
                "SELECT pg_notify('cron_trigger', %s)", [about.dbname]
            )

    def count_posted(self):
        """Return how many lines are posted."""
        return self.ask(
            "SELECT COUNT(*) FROM account_credit_line WHERE state = 'posted'"
        )[0]

    def wait_for_more(self):
        """Wait until another chunk is committed."""
        posted = self.count_posted()
        self.wait_until(lambda: self.count_posted() > posted)


@contextlib.contextmanager
def queued(lines, source=None, *, is_hashed=False):
    """Give the name of a database with a queued batch, and a look at it."""
    with throwaway_database(source) as name:
        run_script(name, f"LINES = {lines:d}\nIS_HASHED = {is_hashed}\n{PREPARE}")
        with contextlib.closing(connect(name)) as connection:
            yield name, Watch(connection)


def assert_posted_once(watch, lines):
    """Assert that each account has one credit, and that no number is missing."""
    watch.wait_until(lambda: watch.ask(STATE) == ("done",))
    assert watch.ask(LEDGER) == (lines, lines, lines, lines, lines * 10, lines)
    assert watch.ask("SELECT COUNT(*) FROM account_move WHERE state = 'draft'") == (0,)


def test_killed_workers_lose_nothing():
    # README says: "numbers have no gaps and no duplicates."
    # README says: "**Exactly once.** A chunk is one transaction."
    lines = 3000
    with queued(lines) as (name, watch), running_server(name):
        for _time in range(3):
            with running_server(name) as victim:
                # In the middle of a chunk: one was committed a moment ago.
                watch.wait_for_more()
                victim.kill()
        assert watch.count_posted() < lines
        assert_posted_once(watch, lines)


def test_restarted_database_loses_nothing():
    lines = 600
    with queued(lines) as (name, _watch), running_cluster() as cluster:
        cluster.copy(name)
        with (
            running_server(name, options=cluster.options),
            running_server(name, options=cluster.options),
            contextlib.closing(cluster.connect(name)) as connection,
        ):
            watch = Watch(connection)
            watch.wait_for_more()
            assert watch.count_posted() < lines
            cluster.restart()
        # Odoo itself does not outlive its database: whatever looks after the service
        # starts it again.
        with (
            running_server(name, options=cluster.options),
            contextlib.closing(cluster.connect(name)) as connection,
        ):
            assert_posted_once(Watch(connection), lines)


def test_cut_connections_lose_nothing():
    lines = 600
    with queued(lines) as (name, watch), running_server(name), running_server(name):
        watch.wait_for_more()
        watch.ask(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
        assert watch.count_posted() < lines
        assert_posted_once(watch, lines)


def test_hashed_journal_is_one_chain():
    lines = 600
    with queued(lines, is_hashed=True) as (name, watch):
        with running_server(name), running_server(name):
            assert_posted_once(watch, lines)
        unhashed = "SELECT COUNT(*) FROM account_move WHERE inalterable_hash IS NULL"
        assert watch.ask(unhashed) == (0,)
        [[status, last]] = json.loads(run_script(name, CHECK_HASHES))
        assert status == "verified"
        assert last.endswith(f"{lines:05d}")
