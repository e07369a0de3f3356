"""Rules for the whole test run."""

import contextlib
import os
import time
from pathlib import Path

import freezegun
import pytest

# How long a test took is measured by the real clock, whatever day it is in the test.
freezegun.configure(extend_ignore_list=["_pytest.timing"])

# Who needs no database of the tests begins while they are made.
WITHOUT_DATABASE = "test_make_run.py"
# The files that take longest come first, so that no process is left with one of them
# when the others have ended. Who needs a database that another file makes comes later.
SLOWEST_FIRST = (
    WITHOUT_DATABASE,
    "test_glue_addons.py",
    "test_matrix.py",
    "test_attack.py",
    "test_background_workers.py",
    "test_countries.py",
    "test_queue_job.py",
    "test_application_properties.py",
    "test_stored_value_properties.py",
    "test_tours.py",
    "test_notice_workers.py",
    "test_two_sessions",
    "test_tax_report.py",
)


def pytest_collection_modifyitems(items):
    """Order the files, not the tests within them."""

    def rank(item):
        name = item.path.name
        found = (n for n, start in enumerate(SLOWEST_FIRST) if name.startswith(start))
        return next(found, len(SLOWEST_FIRST))

    items.sort(key=rank)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Wait for the databases before the first test that needs one."""
    if item.path.name != WITHOUT_DATABASE and "ACP_MAKING" in os.environ:
        wait_while_making(Path(os.environ["ACP_MAKING"]))


def wait_while_making(making):
    """Wait until a file is gone; end all tests when it says that making has failed."""
    with contextlib.suppress(FileNotFoundError):
        while not making.read_text():
            time.sleep(0.1)
        pytest.exit("The databases could not be made.", 1)


def _fail_when_skipped(report):
    """Turn a skipped test into a failed one: a test that did not run proves nothing."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if report.longrepr else "no reason given"
        report.outcome = "failed"
        report.longrepr = f"A test must not be skipped here. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Look at each test's report."""
    report = yield
    _fail_when_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Look at what became of each file."""
    report = yield
    _fail_when_skipped(report)
    return report
