"""Measure a table of ways in turns, and print it."""

import statistics

from odoo import api
from odoo.modules.registry import Registry

from .databases import DATABASES, create_accounts, prepared_databases


def measure_and_show(table):
    """Measure a table and print it; return its figures."""
    databases = list(dict.fromkeys(way.database for way in table.ways.values()))
    with prepared_databases(databases):
        return show(table, measure_table(table))


def measure_table(table):
    """Return ``{way: {size: [milliseconds per account, one for each round]}}``."""
    ready = {}  # {database: accounts of all ways}
    if table.shared:
        for database in {way.database for way in table.ways.values()}:
            ready[database] = create_accounts(DATABASES[database], max(table.sizes))

    def find_accounts(way, size):
        size = min(size, way.most)
        if table.shared:
            return ready[way.database][:size]
        return create_accounts(DATABASES[way.database], size)

    for way in table.ways.values():
        # What is asked for once in a process is not part of any way.
        measure(table, way, find_accounts(way, 5))
    times = {name: {size: [] for size in table.sizes} for name in table.ways}
    for turn in range(table.rounds):
        for size in table.sizes:
            # The ways take turns, so that a slow minute of the machine hits all, and
            # each comes first and last as often as the others.
            ways = list(table.ways.items())
            for name, way in ways[:: -1 if turn % 2 else 1]:
                figure = measure(table, way, find_accounts(way, size))
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
    return {
        "ms": medians,
        "rounds": times,
        "ratios": ratios,
        "growth": growth,
        "goals": [*show_goals(table, medians), *show_growth(table, growth)],
    }


def show_goals(table, medians):
    """Print the goals beside the figures; yield them as ``(goal, figure, is met)``."""
    for goal in table.goals:
        figure = goal.find_figure(medians, max(table.sizes))
        yield show_goal(goal.describe(), figure, goal.is_met(figure))


def show_growth(table, growth):
    """Print the goal of growth, where there is one; yield it like the others."""
    if table.growth < float("inf"):
        text = f"{table.ours}, large against small: at most {table.growth:g}"
        yield show_goal(text, growth, growth <= table.growth)


def show_goal(text, figure, is_met):
    """Print a goal and what it is now; return both."""
    print(f"goal: {text:58}{figure:8.2f}{'' if is_met else '  FALLS SHORT'}")
    return text, figure, is_met
