"""Measure what posting a credit costs, beside other ways to do the same.

Run by ``make bench`` on a database of its own. All rows come from one run, and what
counts are their ratios: machines differ, and one machine differs from hour to hour.
Each way ends with posted credit notes of 10.00 for as many accounts, committed.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path

import odoo
from odoo import api
from odoo.fields import Command
from odoo.modules.registry import Registry

SIZES = (100, 500, 1000)
ROUNDS = 3
RESULT = Path(__file__).parents[1] / ".dev" / "bench.json"


def post_as_a_clerk(env, item, accounts):
    """Create, post and commit one credit note after the other."""
    for account in accounts:
        move = env["account.move"].create(prepare_move_vals(env, item, account))
        move.action_post()
        env.cr.commit()


def post_in_a_plain_loop(env, item, accounts):
    """Create all credit notes at once, post all at once."""
    moves = env["account.move"].create(
        [prepare_move_vals(env, item, account) for account in accounts]
    )
    moves.action_post()
    env.cr.commit()


def post_by_batch(env, item, accounts):
    """Post with the addon."""
    answer = env["account.credit.batch"].post_credits(
        item.id, [{"account_id": account.id, "amount": "10.00"} for account in accounts]
    )
    env.cr.commit()
    assert answer["state"] == "done", answer


def insert_rows(env, _item, accounts):
    """Insert the rows of the same entries by SQL: no rule runs, the floor."""
    model = env["account.move"].search(
        [("move_type", "=", "out_refund"), ("state", "=", "posted")], limit=1
    )
    env.cr.execute(
        """
        WITH accounts AS (
            SELECT account_id, ordinal, nextval('account_move_id_seq') AS move_id
              FROM unnest(%(accounts)s) WITH ORDINALITY AS list (account_id, ordinal)
        ), moves AS (
            INSERT INTO account_move
            SELECT (jsonb_populate_record(move, jsonb_build_object(
                       'id', accounts.move_id,
                       'name', 'FLOOR/' || accounts.move_id,
                       'sequence_prefix', 'FLOOR/',
                       'sequence_number', accounts.move_id,
                       'partner_id', accounts.account_id,
                       'commercial_partner_id', accounts.account_id,
                       'credit_line_id', NULL
                   ))).*
              FROM account_move move, accounts
             WHERE move.id = %(model)s
        )
        INSERT INTO account_move_line
        SELECT (jsonb_populate_record(line, jsonb_build_object(
                   'id', nextval('account_move_line_id_seq'),
                   'move_id', accounts.move_id,
                   'move_name', 'FLOOR/' || accounts.move_id,
                   'partner_id', accounts.account_id
               ))).*
          FROM account_move_line line, accounts
         WHERE line.move_id = %(model)s
        """,
        {"accounts": accounts.ids, "model": model.id},
    )
    env.cr.commit()


WAYS = {
    "one by one, as a clerk": post_as_a_clerk,
    "plain loop": post_in_a_plain_loop,
    "credit batch": post_by_batch,
    "SQL floor": insert_rows,
}


def prepare_move_vals(env, item, account):
    """Prepare the credit note that the addon posts, for Odoo's own methods."""
    return {
        "move_type": "out_refund",
        "journal_id": env.company.credit_journal_id.id,
        "partner_id": account.id,
        "invoice_date": "2026-03-15",
        "date": "2026-03-15",
        "invoice_line_ids": [
            Command.create({"product_id": item.id, "price_unit": 10, "tax_ids": []})
        ],
    }


def prepare(env):
    """Create the chart of accounts, the credit item and the accounts."""
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company)
    item = env["product.product"].create({"name": "Goodwill", "is_credit_item": True})
    accounts = (
        env["res.partner"]
        .with_context(tracking_disable=True)
        .create([{"name": f"Family {number}"} for number in range(max(SIZES))])
    )
    # What is asked for once in a process is not part of any way.
    for way in WAYS.values():
        way(env, item, accounts[:5])
    return item.id, accounts.ids


def measure(registry, way, item_id, account_ids):
    """Return the milliseconds per credit of one way, in a new transaction."""
    with registry.cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        item = env["product.product"].browse(item_id)
        accounts = env["res.partner"].browse(account_ids)
        start = time.perf_counter()
        way(env, item, accounts)
        return (time.perf_counter() - start) * 1000 / len(account_ids)


def measure_all(registry, item_id, account_ids):
    """Return ``{way: {size: median of the milliseconds per credit}}``."""
    times = {}  # {(way, size): [milliseconds]}
    for turn in range(ROUNDS):
        for size in SIZES:
            # The ways take turns, so that a slow minute of the machine hits all.
            for name, way in WAYS.items():
                figure = measure(registry, way, item_id, account_ids[:size])
                times.setdefault((name, size), []).append(figure)
                print(f"round {turn + 1}: {name}, {size}: {figure:.2f} ms", flush=True)
    return {
        name: {size: statistics.median(times[name, size]) for size in SIZES}
        for name in WAYS
    }


def show(medians):
    """Print the table and what it says."""
    print(f"\nms per posted credit, median of {ROUNDS} rounds")
    print(f"{'':24}" + "".join(f"{size:>10}" for size in SIZES))
    for name, row in medians.items():
        print(f"{name:24}" + "".join(f"{row[size]:10.2f}" for size in SIZES))
    ours = medians["credit batch"]
    ratios = {}  # {name: {size: how many times as long as the credit batch}}
    for name, row in medians.items():
        if name != "credit batch":
            ratios[name] = {size: row[size] / ours[size] for size in SIZES}
    print("\ntimes as long as the credit batch")
    for name, row in ratios.items():
        print(f"{name:24}" + "".join(f"{row[size]:10.2f}" for size in SIZES))
    growth = ours[max(SIZES)] / ours[min(SIZES)]
    print(
        f"\ncredit batch, per credit at {max(SIZES)} against {min(SIZES)}: {growth:.2f}"
    )
    return {"ms_per_credit": medians, "ratios": ratios, "growth": growth}


def main():
    """Measure and write the figures as JSON beside what was set up."""
    database = os.environ["PGDATABASE"]
    odoo.tools.config.parse_config(["-d", database, "--log-level=warn"])
    registry = Registry(database)
    with registry.cursor() as cr:
        item_id, account_ids = prepare(api.Environment(cr, api.SUPERUSER_ID, {}))
        cr.commit()
    figures = show(measure_all(registry, item_id, account_ids))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
