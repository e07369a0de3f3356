"""The liability report, and proving the ledger, of a long history."""

import time
from functools import partial

from .cards import prepare_history
from .databases import WITH
from .tables import Goal, Table, Way

#: Movements of one card.
COUNT = 200_000


def open_report(env, _card):
    """Open the liability report: the page of the fiscal year until today."""
    action = env["account.liability.report"].action_open()
    report = env["account.liability.report"].browse(action["res_id"])
    assert report.is_tied, "the report does not tie out"
    report.web_read({"line_ids": {"fields": {"name": {}, "closing": {}}}})


def open_pivot(env, _card):
    """Read the pivot behind it."""
    env["account.stored.value.liability"].formatted_read_group(
        [("company_id", "=", env.company.id)],
        ["kind", "flow"],
        ["amount:sum", "closing:sum"],
    )


def prove(env, _card):
    """Prove the ledger."""
    env["account.credit.proof"]._prove(env.company)


TABLE = Table(
    title=f"reports of {COUNT:,} movements",
    unit="ms by the clock",
    ours="liability report",
    ways={
        name: Way(WITH, run, partial(prepare_history, COUNT))
        for name, run in (
            ("liability report", open_report),
            ("its pivot", open_pivot),
            ("ledger proven", prove),
        )
    },
    sizes=(1,),
    shared=True,
    goals=(
        Goal("liability report", at_most=3000),
        Goal("its pivot", at_most=3000),
        # A minute for a million journal items.
        Goal("ledger proven", at_most=12_000),
    ),
    clock=lambda _cr: time.monotonic(),
)
