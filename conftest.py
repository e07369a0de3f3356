"""Rules for the whole test run."""

import pytest


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
