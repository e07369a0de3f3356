"""Measure what posting and applying a credit cost, beside other ways to do the same.

Run by ``make bench`` on databases of its own: one with the addon, and one without, for
whatever does not need it. All figures come from one run, the ways take turns, and what
counts are their ratios: machines differ, and one machine differs from hour to hour.
"""

import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import odoo
from odoo import api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.module import initialize_sys_path
from odoo.modules.registry import Registry
from odoo.tests import Form

RESULT = Path(__file__).parents[1] / ".dev" / "bench.json"
DATE = "2026-03-15"

# Databases: with the addon, without it, and with it and many journal items.
WITH = os.environ.get("PGDATABASE")
WITHOUT = os.environ.get("ACP_PLAIN_DATABASE")
SMALL = "10,000 journal items"
LARGE = "1,000,000 journal items"
DATABASES = {WITH: WITH, WITHOUT: WITHOUT}  # {database of a way: its name}
ITEMS = {SMALL: 10_000, LARGE: 1_000_000}

#: Of the account whose billing page is opened.
TRANSACTIONS = 10_000

# The table of :func:`measure_workers`.
WORKERS = "workers"


class Way(NamedTuple):
    """One way to do it: a function of an environment and of what was prepared."""

    database: str
    run: Callable
    #: What need not be measured: a function of an environment and accounts.
    prepare: Callable = lambda _env, accounts: accounts


class Table(NamedTuple):
    """Ways that lead to the same end, and the one that others are compared with."""

    title: str
    unit: str
    ours: str
    ways: dict
    sizes: tuple
    rounds: int = 3


# -----------------------------------------------------------------------------
# POSTING
# -----------------------------------------------------------------------------


def post_as_a_clerk(env, accounts):
    """Create, post and commit one credit note after the other."""
    for account in accounts:
        move = env["account.move"].create(prepare_refund_vals(env, account))
        move.action_post()
        env.cr.commit()


def post_in_a_plain_loop(env, accounts):
    """Create all credit notes at once, post all at once."""
    create_refunds(env, accounts)
    env.cr.commit()


def post_by_batch(env, accounts):
    """Post with the addon."""
    answer = env["account.credit.batch"].post_credits(
        get_item(env).id,
        [{"account_id": account.id, "amount": "10.00"} for account in accounts],
    )
    env.cr.commit()
    assert answer["state"] == "done", answer["state"]
    return answer


def prepare_model(env, accounts):
    """See that there is a credit note to copy."""
    if not find_model(env):
        create_refunds(env, accounts[:1])
    return accounts


def find_model(env):
    return env["account.move"].search(
        [("move_type", "=", "out_refund"), ("state", "=", "posted")], limit=1
    )


def insert_rows(env, accounts):
    """Insert the rows of the same entries by SQL: no rule runs, the floor."""
    env.cr.execute(
        """
        WITH accounts AS (
            SELECT account_id, nextval('account_move_id_seq') AS move_id
              FROM unnest(%(accounts)s) AS account_id
        ), moves AS (
            INSERT INTO account_move
            SELECT copy.*
              FROM account_move move, accounts,
                   jsonb_populate_record(move, jsonb_build_object(
                       'id', accounts.move_id,
                       'name', 'FLOOR/' || accounts.move_id,
                       'sequence_prefix', 'FLOOR/',
                       'sequence_number', accounts.move_id,
                       'partner_id', accounts.account_id,
                       'commercial_partner_id', accounts.account_id
                   )) AS copy
             WHERE move.id = %(model)s
        )
        INSERT INTO account_move_line
        SELECT copy.*
          FROM account_move_line line, accounts,
               jsonb_populate_record(line, jsonb_build_object(
                   'id', nextval('account_move_line_id_seq'),
                   'move_id', accounts.move_id,
                   'move_name', 'FLOOR/' || accounts.move_id,
                   'partner_id', accounts.account_id
               )) AS copy
         WHERE line.move_id = %(model)s
        """,
        {"accounts": accounts.ids, "model": find_model(env).id},
    )
    env.cr.commit()


# -----------------------------------------------------------------------------
# APPLYING
# -----------------------------------------------------------------------------


def prepare_pairs(env, accounts):
    """Give each account an open invoice and an open credit note, without the addon.

    :return: ``[(invoice, receivable line of the credit note)]``
    """
    invoices = create_invoices(env, accounts)
    invoices.action_post()
    refunds = create_refunds(env, accounts)
    return [
        (
            invoice,
            refund.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            ),
        )
        for invoice, refund in zip(invoices, refunds, strict=True)
    ]


def assign_one_by_one(env, pairs):
    """Click Add in the payment area of one invoice after the other."""
    for invoice, credit in pairs:
        invoice.js_assign_outstanding_line(credit.id)
        env.cr.commit()


def reconcile_as_a_plan(env, pairs):
    """Reconcile all pairs with one call of Odoo's own method."""
    env["account.move.line"]._reconcile_plan(
        [
            credit
            + invoice.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable"
            )
            for invoice, credit in pairs
        ]
    )
    env.cr.commit()


def prepare_open_credits(env, accounts):
    """Give each account an open invoice and an open credit, with the addon."""
    env.company.credit_application_policy = "manual"
    create_invoices(env, accounts).action_post()
    post_by_batch(env, accounts)
    env.company.credit_application_policy = "posted"
    return accounts


def apply_by_rule(env, accounts):
    """Apply with the addon: find, plan, reconcile and explain."""
    env["account.credit.application"]._apply(accounts, env.company, "cron")
    env.cr.commit()


# -----------------------------------------------------------------------------
# POSTING AND APPLYING
# -----------------------------------------------------------------------------


def prepare_invoices(env, accounts):
    """Give each account an open invoice."""
    create_invoices(env, accounts).action_post()
    return accounts


def prepare_terms(env, accounts):
    """Give each account an open invoice; return their receivable lines."""
    invoices = create_invoices(env, accounts)
    invoices.action_post()
    return get_receivable_lines(invoices)


def post_and_apply_as_a_clerk(env, terms):
    """Create, post and assign one credit note after the other."""
    for term in terms:
        move = env["account.move"].create(prepare_refund_vals(env, term.partner_id))
        move.action_post()
        term.move_id.js_assign_outstanding_line(get_receivable_lines(move).id)
        env.cr.commit()


def post_and_apply_in_a_plain_loop(env, terms):
    """Create all credit notes at once, post all, reconcile all with one call."""
    refunds = create_refunds(env, terms.partner_id)
    terms_by_account = terms.grouped("partner_id")
    env["account.move.line"]._reconcile_plan(
        [
            line + terms_by_account[line.partner_id]
            for line in get_receivable_lines(refunds)
        ]
    )
    env.cr.commit()


def get_receivable_lines(moves):
    """Return the receivable lines of entries."""
    return moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable")


# -----------------------------------------------------------------------------
# ONE ENTRY FOR MANY ACCOUNTS
# -----------------------------------------------------------------------------


def post_as_entries(env, accounts):
    """Post with the addon, one journal entry for each chunk of accounts."""
    batch = env["account.credit.batch"].create(
        {
            "credit_item_id": get_item(env).id,
            "document_form": "entry",
            "line_ids": [
                Command.create({"partner_id": account.id, "amount": 10})
                for account in accounts
            ],
        }
    )
    batch.action_post()
    env.cr.commit()
    assert batch.state == "done", batch.state
    return batch


# -----------------------------------------------------------------------------
# REVERSAL AND BAD LINES
# -----------------------------------------------------------------------------


def prepare_batch(env, accounts):
    """Post a batch; return it."""
    answer = post_by_batch(env, accounts)
    return env["account.credit.batch"].browse(answer["batch_id"])


def reverse_batch(env, batch):
    """Reverse the batch with the addon."""
    batch.action_reverse()
    env.cr.commit()
    assert batch.state == "reversed", batch.state


def archive_some(env, accounts):
    """Archive every hundredth account: posting foresees that these cannot be posted."""
    accounts[50::100].active = False
    return accounts


def post_with_archived(env, accounts):
    """Post where every hundredth account is archived."""
    assert_one_in_a_hundred_fails(env, accounts)
    accounts.active = True
    env.cr.commit()


def post_with_refused_posting(env, accounts):
    """Post where an override refuses to post every hundredth credit note."""
    with refusing(env, "_post", accounts):
        assert_one_in_a_hundred_fails(env, accounts)


def post_with_refused_creation(env, accounts):
    """Post where an override refuses to create every hundredth credit note."""
    with refusing(env, "create", accounts):
        assert_one_in_a_hundred_fails(env, accounts)


def refusing(env, method, accounts):
    """Let a method that returns entries refuse those of every hundredth account.

    It refuses them after the work, as a check at the end of it does.
    """
    model = env.registry["account.move"]
    original = getattr(model, method)
    bad = set(accounts[50::100].ids)

    def refuse(*args, **kwargs):
        moves = original(*args, **kwargs)
        if not bad.isdisjoint(moves.partner_id.ids):
            raise UserError(env._("Another addon has something against it"))
        return moves

    return patch.object(model, method, refuse)


def assert_one_in_a_hundred_fails(env, accounts):
    """Post, and count those that fail."""
    answer = env["account.credit.batch"].post_credits(
        get_item(env).id,
        [{"account_id": account.id, "amount": "10.00"} for account in accounts],
    )
    env.cr.commit()
    failed = [line for line in answer["lines"] if line["state"] == "failed"]
    assert len(failed) == len(accounts[50::100]), len(failed)


# -----------------------------------------------------------------------------
# INVOICES
# -----------------------------------------------------------------------------


def post_invoices(env, invoices):
    """Post draft invoices of accounts without credits."""
    invoices.action_post()
    env.cr.commit()


# -----------------------------------------------------------------------------
# HISTORY
# -----------------------------------------------------------------------------


def fill(name, items):
    """Give a database so many journal items: credits that invoices have used up.

    They are copies of one credit note, with numbers of the year that is posted in,
    spread over 5,000 accounts.
    """
    with Registry(name).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        account = env["res.partner"].create({"name": "Earlier Family"})
        model = create_refunds(env, account)
        env.flush_all()
        # The checks of keys were planned for tables that are still small.
        cr.execute("DISCARD PLANS")
        cr.execute(
            """
            INSERT INTO res_partner
            SELECT copy.*
              FROM res_partner account,
                   (SELECT nextval('res_partner_id_seq') AS id
                      FROM generate_series(1, 5000)) AS new,
                   jsonb_populate_record(account, jsonb_build_object(
                       'id', new.id,
                       'commercial_partner_id', new.id
                   )) AS copy
             WHERE account.id = %s
         RETURNING id
            """,
            [account.id],
        )
        copy_entry(cr, model, [row[0] for row in cr.fetchall()], items // 2)
        cr.commit()
        cr.execute("ANALYZE")
        cr.commit()


def copy_entry(cr, model, account_ids, count):
    """Copy an entry by SQL, paid, until there are so many, for each account in turn."""
    cr.execute(
        """
        WITH copies AS (
            SELECT nextval('account_move_id_seq') AS move_id,
                   serial.number::text AS number,
                   family.ids[1 + MOD(serial.number, CARDINALITY(family.ids))]
                   AS account_id
              FROM generate_series(2, %(count)s) AS serial (number),
                   (SELECT %(accounts)s::int[] AS ids) AS family
        ), moves AS (
            INSERT INTO account_move
            SELECT copy.*
              FROM account_move move, copies,
                   jsonb_populate_record(move, jsonb_build_object(
                       'id', copies.move_id,
                       'name', move.sequence_prefix
                               || LPAD(copies.number,
                                       GREATEST(5, LENGTH(copies.number)), '0'),
                       'sequence_number', copies.number,
                       'partner_id', copies.account_id,
                       'commercial_partner_id', copies.account_id,
                       'amount_residual', 0,
                       'payment_state', 'paid'
                   )) AS copy
             WHERE move.id = %(model)s
        )
        INSERT INTO account_move_line
        SELECT copy.*
          FROM account_move_line line, copies,
               jsonb_populate_record(line, jsonb_build_object(
                   'id', nextval('account_move_line_id_seq'),
                   'move_id', copies.move_id,
                   'move_name', copies.number,
                   'partner_id', copies.account_id,
                   'amount_residual', 0,
                   'amount_residual_currency', 0,
                   'reconciled', TRUE
               )) AS copy
         WHERE line.move_id = %(model)s
        """,
        {"accounts": account_ids, "model": model.id, "count": count},
    )


# -----------------------------------------------------------------------------
# BILLING PAGE
# -----------------------------------------------------------------------------


def prepare_history(env, accounts):
    """Give the accounts 10,000 transactions together; open what is measured once."""
    items = env["account.move.line"]
    if not items.search_count([("partner_id", "in", accounts.ids)], limit=1):
        model = create_refunds(env, accounts[:1])
        env.flush_all()
        copy_entry(env.cr, model, accounts.ids, TRANSACTIONS)
        env.invalidate_all()
    return accounts


def open_contact(env, accounts):
    """Open Odoo's own form of a contact."""
    for account in accounts:
        Form(account, "base.view_partner_form")


def open_billing(env, accounts):
    """Open the billing page."""
    for account in accounts:
        Form(account, "account_credit_posting.res_partner_view_form_billing")


# -----------------------------------------------------------------------------
# WORKERS
# -----------------------------------------------------------------------------


def post_on_servers(lines, count):
    """Let so many servers with one worker each post a batch in the background.

    :return: ``(seconds from the first chunk to the last, largest memory of a server in
        MiB)``
    """
    # They need the folders of the addons, which are known by now.
    from tests import servers
    from tests.test_background_workers import PREPARE, STATE, Watch

    options = ("--max-cron-threads=1",)
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(servers.throwaway_database())
        watch = Watch(stack.enter_context(contextlib.closing(servers.connect(name))))
        running = [
            stack.enter_context(servers.running_server(name, options=options))
            for _number in range(count)
        ]
        servers.run_script(name, f"LINES = {lines:d}\nIS_HASHED = False\n{PREPARE}")
        watch.wait_until(lambda: watch.ask(STATE) != ("queued",))
        start = time.perf_counter()
        watch.wait_until(lambda: watch.ask(STATE) == ("done",), seconds=3600)
        seconds = time.perf_counter() - start
        return seconds, max(read_peak_memory(server) for server in running)


def read_peak_memory(server):
    """Return the most memory that a process has ever held, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def measure_workers(rounds=3):
    """Measure posting in the background: by size and by number of workers."""
    runs = {"1,000": (1000, 1), "10,000": (10000, 1), "10,000 by two": (10000, 2)}
    times = {name: [] for name in runs}
    memory = {name: [] for name in runs}
    for turn in range(rounds):
        for name, (lines, count) in runs.items():
            seconds, peak = post_on_servers(lines, count)
            times[name].append(seconds * 1000 / lines)
            memory[name].append(peak)
            print(
                f"round {turn + 1}: {name}: {times[name][-1]:.2f} ms, {peak:.0f} MiB",
                flush=True,
            )
    ms = {name: statistics.median(row) for name, row in times.items()}
    mib = {name: statistics.median(row) for name, row in memory.items()}
    ratios = {
        "10,000 against 1,000, ms per credit": ms["10,000"] / ms["1,000"],
        "10,000 against 1,000, peak memory": mib["10,000"] / mib["1,000"],
        "two workers, times as fast": ms["10,000"] / ms["10,000 by two"],
    }
    print(f"\nposting in the background, medians of {rounds} rounds")
    for name in runs:
        print(f"{name:28}{ms[name]:10.2f} ms per credit{mib[name]:10.0f} MiB")
    for name, ratio in ratios.items():
        print(f"{name:40}{ratio:10.3f}")
    return {"ms": ms, "mib": mib, "rounds": [times, memory], "ratios": ratios}


# -----------------------------------------------------------------------------
# TABLES
# -----------------------------------------------------------------------------


def create_invoices(env, accounts):
    """Create draft invoices of 30.00."""
    return env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": account.id,
                "invoice_date": DATE,
                "invoice_line_ids": [
                    Command.create({"name": "Tuition", "price_unit": 30, "tax_ids": []})
                ],
            }
            for account in accounts
        ]
    )


def create_refunds(env, accounts):
    """Create and post credit notes of 10.00 with Odoo's own methods."""
    moves = env["account.move"].create(
        [prepare_refund_vals(env, account) for account in accounts]
    )
    moves.action_post()
    return moves


def prepare_refund_vals(env, account):
    """Prepare the credit note that the addon posts, for Odoo's own methods."""
    return {
        "move_type": "out_refund",
        "partner_id": account.id,
        "invoice_date": DATE,
        "date": DATE,
        "invoice_line_ids": [
            Command.create(
                {"product_id": get_item(env).id, "price_unit": 10, "tax_ids": []}
            )
        ],
    }


def get_item(env):
    """Return the credit item."""
    return env["product.product"].search([("name", "=", "Goodwill")])


TABLES = {
    "posting": Table(
        title="posting a credit",
        unit="ms per posted credit",
        ours="credit batch",
        ways={
            "one by one, as a clerk": Way(WITHOUT, post_as_a_clerk),
            "plain loop": Way(WITHOUT, post_in_a_plain_loop),
            "credit batch": Way(WITH, post_by_batch),
            "SQL floor": Way(WITHOUT, insert_rows, prepare_model),
        },
        sizes=(100, 500, 1000),
    ),
    "applying": Table(
        title="applying an open credit to an open invoice",
        unit="ms per applied credit",
        ours="by rule",
        ways={
            "js_assign_outstanding_line": Way(
                WITHOUT, assign_one_by_one, prepare_pairs
            ),
            "plain _reconcile_plan": Way(WITHOUT, reconcile_as_a_plan, prepare_pairs),
            "by rule": Way(WITH, apply_by_rule, prepare_open_credits),
        },
        # One by one, 1,000 take minutes.
        sizes=(100, 500),
    ),
    "both": Table(
        title="posting a credit and applying it to an open invoice",
        unit="ms per posted and applied credit",
        ours="credit batch",
        ways={
            "one by one, as a clerk": Way(
                WITHOUT, post_and_apply_as_a_clerk, prepare_terms
            ),
            "plain loop": Way(WITHOUT, post_and_apply_in_a_plain_loop, prepare_terms),
            "credit batch": Way(WITH, post_by_batch, prepare_invoices),
        },
        sizes=(1000,),
    ),
    "batches": Table(
        title="what else is done with a batch",
        unit="ms per credit",
        ours="posting",
        ways={
            "posting": Way(WITH, post_by_batch),
            "1 % bad, foreseen": Way(WITH, post_with_archived, archive_some),
            "1 % refused on posting": Way(WITH, post_with_refused_posting),
            "1 % refused on creation": Way(WITH, post_with_refused_creation),
            "one entry per chunk": Way(WITH, post_as_entries),
            "reversal": Way(WITH, reverse_batch, prepare_batch),
            "reversal, one entry per chunk": Way(WITH, reverse_batch, post_as_entries),
            "SQL floor": Way(WITHOUT, insert_rows, prepare_model),
        },
        sizes=(1000,),
    ),
    "billing": Table(
        title=f"opening an account with {TRANSACTIONS} transactions",
        unit="ms per page",
        ours="billing page",
        ways={
            "Odoo's form of a contact": Way(WITH, open_contact, prepare_history),
            "billing page": Way(WITH, open_billing, prepare_history),
        },
        sizes=(1,),
        rounds=9,
    ),
    "history": Table(
        title="posting a credit in a small and in a large database",
        unit="ms per posted credit",
        ours=SMALL,
        ways={SMALL: Way(SMALL, post_by_batch), LARGE: Way(LARGE, post_by_batch)},
        sizes=(1000,),
    ),
    "invoices": Table(
        title="posting invoices for accounts without credits",
        unit="ms per posted invoice",
        ours="with the addon",
        ways={
            "without the addon": Way(WITHOUT, post_invoices, create_invoices),
            "with the addon": Way(WITH, post_invoices, create_invoices),
        },
        sizes=(1000,),
        rounds=9,
    ),
}


# -----------------------------------------------------------------------------
# MEASURING
# -----------------------------------------------------------------------------


@contextlib.contextmanager
def prepared_databases(keys):
    """Prepare the databases of ways: chart of accounts, item, and history.

    :param keys: the databases that the ways name
    """
    # As in `post_on_servers`.
    from tests import servers

    with contextlib.ExitStack() as stack:
        for key in keys:
            if key in ITEMS:
                DATABASES[key] = stack.enter_context(servers.throwaway_database())
            prepare_database(DATABASES[key])
            if key in ITEMS:
                fill(DATABASES[key], ITEMS[key])
                stack.callback(Registry.delete, DATABASES[key])
                stack.callback(odoo.sql_db.close_db, DATABASES[key])
        yield


def prepare_database(name):
    """Create the chart of accounts and the item."""
    with Registry(name).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        if not env.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", env.company)
        if "credit_background_lines" in env.company._fields:
            # What is measured is posting itself, not the wait for a worker.
            env.company.credit_background_lines = 10**6
        items = env["product.product"]
        # Where the addon is not installed the item is any product.
        marks = {"is_credit_item": True} if "is_credit_item" in items._fields else {}
        if not get_item(env):
            items.create({"name": "Goodwill", **marks})
        cr.commit()


def create_accounts(name, size):
    """Create accounts that have no entry yet; return their ids."""
    with Registry(name).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        accounts = (
            env["res.partner"]
            .with_context(tracking_disable=True)
            .create([{"name": f"Family {number}"} for number in range(size)])
        )
        cr.commit()
        return accounts.ids


def measure(way, account_ids):
    """Return the milliseconds per account of one way, in a new transaction."""
    with Registry(DATABASES[way.database]).cursor() as cr:
        env = api.Environment(cr, api.SUPERUSER_ID, {})
        prepared = way.prepare(env, env["res.partner"].browse(account_ids))
        env.cr.commit()
        env.invalidate_all()
        start = time.perf_counter()
        way.run(env, prepared)
        return (time.perf_counter() - start) * 1000 / len(account_ids)


def measure_table(table, accounts):
    """Return ``{way: {size: [milliseconds per account, one for each round]}}``."""
    for way in table.ways.values():
        # What is asked for once in a process is not part of any way.
        measure(way, accounts[way.database][:5])
    times = {name: {size: [] for size in table.sizes} for name in table.ways}
    for turn in range(table.rounds):
        for size in table.sizes:
            # The ways take turns, so that a slow minute of the machine hits all.
            for name, way in table.ways.items():
                figure = measure(way, accounts[way.database][:size])
                times[name][size].append(figure)
                print(f"round {turn + 1}: {name}, {size}: {figure:.2f} ms", flush=True)
    return times


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


def main(names):
    """Measure and write the figures as JSON beside what was set up."""
    odoo.tools.config.parse_config(["-d", WITH, "--log-level=warn"])
    initialize_sys_path()
    figures = {}
    for name in names or [*TABLES, WORKERS]:
        figures[name] = measure_workers() if name == WORKERS else measure_by_name(name)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n")


def measure_by_name(name):
    """Measure a table and print it; return its figures."""
    table = TABLES[name]
    databases = list(dict.fromkeys(way.database for way in table.ways.values()))
    with prepared_databases(databases):
        # What one table leaves open must not be paid in the next.
        accounts = {
            database: create_accounts(DATABASES[database], max(table.sizes))
            for database in databases
        }
        return show(table, measure_table(table, accounts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
