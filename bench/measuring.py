"""Measure a table of ways in turns, and print it."""

import statistics
import time
from pathlib import Path

from odoo import api
from odoo.modules.registry import Registry

from .databases import DATABASES, create_accounts, prepared_databases


def measure_and_show(table):
    """Measure a table and print it; return its figures."""
    databases = list(dict.fromkeys(way.database for way in table.ways.values()))
    with prepared_databases(databases):
        # What one table leaves open must not be paid in the next.
        accounts = {
            database: create_accounts(DATABASES[database], max(table.sizes))
            for database in databases
        }
        return show(table, measure_table(table, accounts))


def measure_table(table, accounts):
    """Return ``{way: {size: [milliseconds per account, one for each round]}}``."""
    for way in table.ways.values():
        # What is asked for once in a process is not part of any way.
        measure(table, way, accounts[way.database][:5])
    times = {name: {size: [] for size in table.sizes} for name in table.ways}
    for turn in range(table.rounds):
        for size in table.sizes:
            # The ways take turns, so that a slow minute of the machine hits all, and
            # each comes first and last as often as the others.
            ways = list(table.ways.items())
            for name, way in ways[:: -1 if turn % 2 else 1]:
                figure = measure(table, way, accounts[way.database][:size])
                times[name][size].append(figure)
                print(f"round {turn + 1}: {name}, {size}: {figure:.2f} ms", flush=True)
    return times


def measure(table, way, account_ids):
    """Return the milliseconds per account of one way, in a new transaction."""
    with Registry(DATABASES[way.database]).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        prepared = way.prepare(env, env["res.partner"].browse(account_ids))
        env.cr.commit()
        env.invalidate_all()
        start = table.clock(cr)
        way.run(env, prepared)
        return (table.clock(cr) - start) * 1000 / len(account_ids)


def read_processor_time(cr):
    """Return the processor time of this process and of its database process.

    What waits, and what else the machine does, is not in it.
    """
    cr.execute("SELECT pg_backend_pid()")
    [pid] = cr.fetchone()
    nanoseconds = Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return time.process_time() + int(nanoseconds) / 1e9


def show(table, times):
    """Print a table and what it says; return its figures."""
    print(f"\n{table.title}: {table.unit}, median of {table.rounds} rounds")
    print(f"{'':28}" + "".join(f"{size:>10}" for size in table.sizes))
    medians = {
        name: {size: statistics.median(row[size]) for size in table.sizes}
        for name, row in times.items()
    }
    for name, row in medians.items():
        print(f"{name:28}" + "".join(f"{row[size]:10.2f}" for size in table.sizes))
    ours = medians[table.ours]
    ratios = {  # {way: {size: how many times as long as ours}}
        name: {size: row[size] / ours[size] for size in table.sizes}
        for name, row in medians.items()
        if name != table.ours
    }
    print(f"times as long as {table.ours}")
    for name, row in ratios.items():
        print(f"{name:28}" + "".join(f"{row[size]:10.3f}" for size in table.sizes))
    print(
        f"{table.ours}, per second"
        + "".join(f"{1000 / ours[size]:10.0f}" for size in table.sizes)
    )
    growth = ours[max(table.sizes)] / ours[min(table.sizes)]
    if len(table.sizes) > 1:
        print(
            f"{table.ours}, at {max(table.sizes)} against {min(table.sizes)}: "
            f"{growth:.2f}"
        )
    return {"ms": medians, "rounds": times, "ratios": ratios, "growth": growth}
