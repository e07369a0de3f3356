"""Rules for the whole test run."""

import pytest

# The files that take longest come first, so that no process is left with one of them
# when the others have ended. Who needs a database that another file makes comes later.
SLOWEST_FIRST = (
    "test_glue_addons.py",
    "test_matrix.py",
    "test_attack.py",
    "test_background_workers.py",
    "test_make_run.py",
    "test_countries.py",
    "test_queue_job.py",
    "test_application_properties.py",
    "test_stored_value_properties.py",
    "test_tours.py",
    "test_notice_workers.py",
    "test_two_sessions",
    "test_tours",
    "test_tax_report.py",
)


def pytest_collection_modifyitems(items):
    """Order the files, not the tests within them."""

    def rank(item):
        name = item.path.name
        found = (n for n, start in enumerate(SLOWEST_FIRST) if name.startswith(start))
        return next(found, len(SLOWEST_FIRST))

    items.sort(key=rank)


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
