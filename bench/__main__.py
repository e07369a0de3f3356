"""Measure the tables that the command line names, or all."""

import json
import sys
from functools import partial
from pathlib import Path

import odoo
from odoo.modules.module import initialize_sys_path

from . import (
    applying,
    batches,
    billing,
    both,
    cards,
    history,
    invoices,
    posting,
    reports,
    workers,
)
from .databases import WITH
from .measuring import measure_and_show

RESULTS = Path(__file__).parents[1] / ".dev" / "bench"

TABLES = {
    "posting": partial(measure_and_show, posting.TABLE),
    "applying": partial(measure_and_show, applying.TABLE),
    "both": partial(measure_and_show, both.TABLE),
    "batches": partial(measure_and_show, batches.TABLE),
    "pairs": partial(measure_and_show, batches.PAIRS),
    "cards": partial(measure_and_show, cards.TABLE),
    "movements": partial(measure_and_show, cards.MOVEMENTS),
    "reports": partial(measure_and_show, reports.TABLE),
    "billing": partial(measure_and_show, billing.TABLE),
    "history": partial(measure_and_show, history.TABLE),
    "invoices": partial(measure_and_show, invoices.TABLE),
    "workers": workers.measure_workers,
}


def main(names):
    """Measure; write the figures of each table as soon as they are there."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        sys.exit(f"no such table: {', '.join(unknown)}; tables: {', '.join(TABLES)}")
    odoo.tools.config.parse_config(["-d", WITH, "--log-level=warn"])
    initialize_sys_path()
    RESULTS.mkdir(parents=True, exist_ok=True)
    goals = []
    for name in names or TABLES:
        figures = TABLES[name]()
        (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")
        goals += figures["goals"]
    show_what_falls_short(goals)


def show_what_falls_short(goals):
    """Print how many goals are met, and name the others."""
    missed = [(text, figure) for text, figure, is_met in goals if not is_met]
    print(f"\n{len(goals) - len(missed)} of {len(goals)} goals are met")
    for text, figure in missed:
        print(f"falls short: {text}: {figure:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
