"""The databases to measure in, and what they hold before."""

import contextlib
import os

import odoo
from odoo import api
from odoo.modules.registry import Registry

from .documents import copy_entry, create_refunds, get_item

# Databases: with the addon, without it, and with it and many journal items.
WITH = os.environ.get("PGDATABASE")
WITHOUT = os.environ.get("ACP_PLAIN_DATABASE")
SMALL = "10,000 journal items"
LARGE = "1,000,000 journal items"
DATABASES = {WITH: WITH, WITHOUT: WITHOUT}  # {database of a way: its name}
ITEMS = {SMALL: 10_000, LARGE: 1_000_000}


@contextlib.contextmanager
def prepared_databases(keys):
    """Prepare the databases of ways: chart of accounts, item, and history.

    :param keys: the databases that the ways name
    """
    # It needs the folders of the addons, which are known by now.
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
