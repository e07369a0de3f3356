"""With queue_job installed, its jobs post large batches: the addon for that."""

import pytest
from devenv.steps import QUEUE_JOB_ADDON

from tests.servers import (
    assert_tests_pass,
    running_server,
    throwaway_database,
    with_addons,
)
from tests.test_background_workers import assert_posted_once, queued

LINES = 1000

# Without scheduled actions, so that nothing but jobs can post.
RUNNER = ("--load=web,queue_job", "--max-cron-threads=0")

COUNT_JOBS = "SELECT COUNT(*) FROM queue_job WHERE state IN ({})"


@pytest.fixture(scope="module")
def installed():
    """Give a database in which queue_job was installed, and nothing else by name."""
    with throwaway_database(with_addons("queue_job")) as name:
        yield name


@pytest.fixture(autouse=True)
def channels(monkeypatch):
    """Let servers do two jobs at once."""
    monkeypatch.setenv("ODOO_QUEUE_JOB_CHANNELS", "root:2")


def count_jobs(watch, *states):
    """Return how many jobs are in one of these states."""
    return watch.ask(COUNT_JOBS.format(", ".join(f"'{state}'" for state in states)))[0]


def test_tests_of_the_addon(installed):
    assert_tests_pass(installed, QUEUE_JOB_ADDON)


def test_jobs_post_each_credit_once_though_a_server_is_killed(installed):
    with queued(LINES, installed) as (name, watch):
        with running_server(name, options=RUNNER) as victim:
            watch.wait_for_more()
            watch.wait_until(lambda: count_jobs(watch, "started"))
            victim.kill()
        # It died in the middle of a job.
        assert count_jobs(watch, "started")
        assert watch.count_posted() < LINES
        with running_server(name, options=RUNNER):
            assert_posted_once(watch, LINES)
            watch.wait_until(
                lambda: not count_jobs(watch, "pending", "enqueued", "started")
            )
        assert watch.ask("SELECT ARRAY_AGG(DISTINCT state) FROM queue_job") == (
            ["done"],
        )
        assert count_jobs(watch, "done") > LINES / 200
