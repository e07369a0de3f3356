"""Odoo servers and databases of their own, for tests of more than one process.

Such a test is a plain pytest function, outside any transaction of the pytest process::

    from tests.servers import running_server, throwaway_database

    def test_two_servers_post_once():
        with throwaway_database() as name:
            with running_server(name) as first, running_server(name) as second:
                requests.post(f"{first.url}/json/2/...")

It runs under ``make test``, which provides PostgreSQL and the database to copy. A
server has ``url``, ``port``, ``database``, ``log`` (a path), ``process``, ``stop()``
and ``kill()``. One that is started from a thread must be stopped by the test itself.
"""

import contextlib
import os
import subprocess
import sys

import psycopg2
from devenv import database
from devenv import odoo_process as odoo
from devenv.steps import ROOT

from odoo.addons.account_credit_posting.models.proof.credit_checks import CREDIT_CHECKS
from odoo.addons.account_credit_posting.models.proof.stored_value_checks import (
    STORED_VALUE_CHECKS,
)

INSTALLED = "ACP_INSTALLED_DATABASE"
#: The same with what test classes share (``kept_set_up``), where that was made.
SET_UP = "ACP_SET_UP_DATABASE"
#: Addons that give something to new companies alone, such as a warehouse.
SET_UP_AFTER = ("point_of_sale",)
# The process of each database that runs scripts, once there was one.
_scripts = {}


@contextlib.contextmanager
def throwaway_database(source=None, not_proven=()):
    """Give the name of a new database with the addon and no demo data.

    Tests change it through servers, the shell or a connection of their own; it is
    dropped in the end, whoever is still connected. Before that, what is proven of the
    ledger must hold, whatever the test did.

    :param str source: the database to copy, else the one that ``make test`` has made
    :param not_proven: codes of checks that do not hold after what the tests forge
    """
    with database.throwaway(source or os.environ[INSTALLED]) as name:
        try:
            yield name
        finally:
            if name in _scripts:
                _scripts.pop(name).stop()
        assert_proven(name, not_proven)


def with_addons(*modules):
    """Return the name of a database to copy that has further addons, made once.

    It has what test classes share as well.

    :param modules: names, with commas; those of the next one are installed into a copy
        of the database that has the first ones
    """
    name = os.environ.get(SET_UP) or os.environ[INSTALLED]
    if modules[0] in SET_UP_AFTER:
        first, *modules = modules
        name = database.with_addons(os.environ[INSTALLED], first, database.KEEP_SET_UP)
    for names in modules:
        name = database.with_addons(name, names)
    return name


def assert_proven(name, not_proven=()):
    """Assert that what is proven of the ledger holds in a database.

    :param not_proven: see :func:`throwaway_database`
    """
    with contextlib.closing(connect(name)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT to_regclass('account_stored_value')")
        if cursor.fetchone() == (None,):
            return  # The addon was uninstalled.
        for check in (*CREDIT_CHECKS, *STORED_VALUE_CHECKS):
            if check.code not in not_proven:
                cursor.execute(check.get_failed_query())
                assert cursor.fetchall() == [], check.code


def connect(name, host=None):
    """Return a connection of its own to a database.

    :param host: another server than that of all tests
    """
    return psycopg2.connect(
        dbname=name,
        host=host or os.environ.get("PGHOST"),
        port=os.environ.get("PGPORT"),
        user=os.environ.get("PGUSER"),
        password=os.environ.get("PGPASSWORD"),
    )


@contextlib.contextmanager
def running_server(name=None, *, options=()):
    """Give a running Odoo server that answers requests.

    :param str name: the database to serve; a new one without it
    :param options: further arguments for Odoo, e.g. ("--max-cron-threads=0",)
    """
    with contextlib.ExitStack() as stack:
        if name is None:
            name = stack.enter_context(throwaway_database())
        server = odoo.Server(name, options=options)
        # What it serves is thrown away: to end in good order would take a second.
        stack.callback(server.kill)
        server.wait()
        yield server


@contextlib.contextmanager
def two_servers(source=None, *, options=(), not_proven=()):
    """Give two servers on one new database, for two sessions at once.

    :param source: see :func:`throwaway_database`
    :param options: see :func:`running_server`
    :param not_proven: see :func:`throwaway_database`
    """
    with (
        throwaway_database(source, not_proven) as name,
        running_server(name, options=options) as first,
        running_server(name, options=options) as second,
    ):
        yield first, second


def run_script(name, script):
    """Run a script on a throwaway database as Odoo's shell does; return its output.

    All scripts of a database run in one process, each in a transaction of its own. The
    script commits by itself (``env.cr.commit()``) what is to stay.

    :raise RuntimeError: when the script fails; the message is its output
    """
    if name not in _scripts:
        _scripts[name] = odoo.Scripts(name)
    return _scripts[name].run(script)


def run_alone(name, script):
    """Run a script like :func:`run_script`, in a process that nothing comes after."""
    return odoo.run_script(name, script)


def assert_tests_pass(database, addon, *options):
    """Run the tests of an addon in a database, and assert that all pass."""
    command = [sys.executable, "-m", "pytest", "-q", f"--odoo-database={database}"]
    # Two processes work in copies of their database; this one has it alone.
    own = {name: os.environ[name] for name in os.environ if "XDIST" not in name}
    tests = subprocess.run(
        [*command, *options, ROOT / addon],
        cwd=ROOT,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
