"""Databases: the demo database, and throwaway ones.

Each begins with `account` alone: click-odoo-initdb keeps a template of that, and makes
a new one when a file of Odoo's has changed. The addon is installed into it. Attachments
are kept in the database, so a copy of it is a copy of all.
"""

import concurrent.futures
import contextlib
import itertools
import os
import re

from psycopg2 import sql

from . import odoo_process as odoo
from . import postgres
from .steps import ADDON, ADDONS, DEV, LOGS, ROOT, digest, fail, setup_lock, step

CACHE_PREFIX = "acp"
THROWAWAY_PREFIX = "acp_"
# What every process of a test would do first.
LOAD_CHART = """
env["account.chart.template"].try_loading("generic_coa", env.company)
env.cr.commit()
"""
KEEP_SET_UP = """
from odoo.addons.account_credit_posting.tests import common, kept_set_up
kept_set_up.keep(common.AccountCreditCommon)
"""
_counter = itertools.count(1)


def execute(query, *names, values=None):
    """Run one statement outside any transaction.

    :param query: SQL with a ``{}`` for each of the names
    :return: the rows, or None when the statement has none
    """
    statement = sql.SQL(query).format(*map(sql.Identifier, names))
    with contextlib.closing(postgres.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


def find(prefix):
    """Return the names of the databases that begin so."""
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
    return [name for (name,) in execute(query, values=[prefix])]


def drop(name):
    """Drop a database, also while somebody is connected to it."""
    # Not WITH (FORCE): that is refused while PostgreSQL's own autovacuum is at work in
    # it, which belongs to nobody; a plain DROP tells it to leave, and waits.
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend'",
        values=[name],
    )
    execute("DROP DATABASE IF EXISTS {}", name)


def create(name, *, demo):
    """Create a database with `account` installed."""
    kind, option = ("with", "--demo") if demo else ("without", "--no-demo")
    options = [option, "--cache-prefix", CACHE_PREFIX, "--attachments-in-db-persistent"]
    with step(f"Template database, account {kind} demo data"):
        drop(name)
        odoo.click_odoo("initdb", "-n", name, "-m", "account", *options)


def demo_database():
    """Return the name of the demo database, created or updated as needed.

    What it was made from is kept as the database's comment, so that it goes wherever
    the database goes.
    """
    name = os.environ.get("DB") or "credits"
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name):
        fail(f"DB={name}: use small letters, digits, - and _ for a database's name")
    with setup_lock():
        wanted = f"{ADDON} demo {files_key()}"
        found = read_comment(name)
        if found is None:
            create_demo(name, wanted)
        elif not found.startswith(f"{ADDON} demo "):
            fail(f"the database {name} is not one of this repository: choose DB=name")
        elif found != wanted:
            with step(f"Database {name}, update of the changed addon"):
                odoo.click_odoo("update", "-d", name)
                write_comment(name, wanted)
    return name


def chosen_database():
    """Return the name that DB says, whoever made that database; else the demo one."""
    name = os.environ.get("DB")
    comment = read_comment(name) if name else ""
    if comment is None:
        fail(f"there is no database {name}: choose another one with DB=name")
    if name and not comment.startswith(f"{ADDON} demo "):
        return name
    return demo_database()


def files_key():
    """Return a hash of the addons' files and of Odoo's version.

    click-odoo-update knows by itself what has changed, but needs seconds to say so.
    """
    release = odoo.source_root() / "odoo" / "release.py"
    files = (path for addon in ADDONS for path in (ROOT / addon).rglob("*.*"))
    ours = sorted(path for path in files if path.is_file() and path.suffix != ".pyc")
    return digest(str(release), release, *ours)


def create_demo(name, comment):
    """Make the demo database; it gets its name when it is finished."""
    unfinished = f"{name}_new"
    create(unfinished, demo=True)
    with step(f"Database {name}, {ADDON} with demo data"):
        odoo.install(unfinished, ADDON, demo=True)
        write_comment(unfinished, comment)
        execute("ALTER DATABASE {} RENAME TO {}", unfinished, name)


def read_comment(name):
    """Return the comment on a database, or None when there is no such database."""
    rows = execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '')"
        " FROM pg_database WHERE datname = %s",
        values=[name],
    )
    return rows[0][0] if rows else None


def write_comment(name, comment):
    """Set the comment on a database."""
    execute("COMMENT ON DATABASE {} IS %s", name, values=[comment])


@contextlib.contextmanager
def throwaway(source=None):
    """Give the name of a new database, and drop it in the end.

    :param source: the database to copy, with nobody connected to it; without it the
        new one has `account` and no demo data
    """
    name = throwaway_name()
    try:
        if source:
            copy(source, name)
        else:
            create(name, demo=False)
        yield name
    finally:
        throw_away(name)


def throwaway_name():
    """Return a name for a new database of this process."""
    return f"{THROWAWAY_PREFIX}{os.getpid()}_{next(_counter)}"


def throw_away(name):
    """Drop a database, and those that :func:`with_addons` has made of it."""
    for made in (*find(f"{name}_"), name):
        drop(made)


def copy(source, name):
    """Copy a database that nobody is connected to."""
    execute("CREATE DATABASE {} TEMPLATE {}", name, source)


def with_addons(source, modules, script=""):
    """Return the name of a copy of a throwaway database that has further addons.

    It is made by whoever asks first, for all processes, to be copied in its turn; it
    goes when the first one goes.

    :param str modules: their names, with commas
    :param str script: what Odoo's shell is to run there
    """
    name = f"{source}_{digest(modules, script)}"
    with contextlib.closing(postgres.connect()) as connection:
        # Given back when the connection ends.
        connection.cursor().execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if read_comment(name) is None:
            unfinished = f"{name}_new"
            copy(source, unfinished)
            odoo.install(unfinished, modules, demo=False)
            if script:
                odoo.run_script(unfinished, script)
            execute("ALTER DATABASE {} RENAME TO {}", unfinished, name)
    return name


@contextlib.contextmanager
def installed_database():
    """Give a throwaway database with the addon and no demo data.

    Nobody is connected to it, so it serves as the source of further copies.
    """
    with throwaway() as name:
        with step(f"Test database, {ADDON} without demo data"):
            odoo.install(name, ADDON, demo=False)
        yield name


@contextlib.contextmanager
def for_tests():
    """Give two throwaway databases with the addon: one to copy, and one to work in."""
    with installed_database() as installed, throwaway(installed) as name:
        yield installed, name


@contextlib.contextmanager
def for_tests_with_set_up():
    """Give three such databases, each with what its tests would make first.

    The one to copy has a company with a chart; the second, to work in, has what test
    classes share, and so has the third, which nobody works in: it is to be copied, too.

    They are made while the block runs: what needs none of them need not wait.

    :return: their names, and a file that is gone when they can be used; it is empty
        until they could not be made
    """
    names = [throwaway_name() for _index in range(3)]
    making = DEV / f"{names[0]}.making"
    making.touch()
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            made = pool.submit(_make_for_tests, making, *names)
            yield *names, making
            # When they could not be made, it ends this program, too.
            made.result()
    finally:
        making.unlink(missing_ok=True)
        for name in names:
            throw_away(name)


def _make_for_tests(making, installed, name, set_up):
    try:
        create(installed, demo=False)
        with step(f"Test database, {ADDON} without demo data"):
            odoo.install(installed, ADDON, demo=False)
            copy(installed, name)
        title = "Test databases, companies with charts and files of the web client"
        with step(title), concurrent.futures.ThreadPoolExecutor() as pool:
            scripts = {installed: LOAD_CHART, name: KEEP_SET_UP}
            for _output in pool.map(odoo.run_script, scripts, scripts.values()):
                pass
            copy(name, set_up)
    except BaseException:
        making.write_text("failed")
        raise
    making.unlink()


def drop_left_throwaways():
    """Drop what killed commands have left; only right when nobody else is at work."""
    for name in find(THROWAWAY_PREFIX):
        drop(name)
    logs = LOGS.glob(f"*{THROWAWAY_PREFIX}*")
    for left in (*logs, *DEV.glob(f"{THROWAWAY_PREFIX}*.making")):
        left.unlink()
