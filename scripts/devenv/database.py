"""Databases: cached templates, the demo database, and throwaway copies.

A template has `account` installed and nothing of this repository, so it is made once
for each version of Odoo. The others are copies of it with the addon installed.
"""

import contextlib
import itertools
import os
import re
import shutil

from psycopg2 import sql

from . import odoo_process as odoo
from . import postgres
from .steps import ADDON, ADDONS, LOGS, ROOT, digest, fail, setup_lock, step

TEMPLATE_MODULE = "account"
THROWAWAY_PREFIX = "acp_tmp"
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


def exists(name):
    """Tell whether there is a database of this name."""
    return bool(execute("SELECT 1 FROM pg_database WHERE datname = %s", values=[name]))


def drop(name):
    """Drop a database with its files, also while somebody is connected to it."""
    # Not WITH (FORCE): that is refused while PostgreSQL's own autovacuum is at work in
    # it, which belongs to nobody; a plain DROP tells it to leave, and waits.
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend'",
        values=[name],
    )
    execute("DROP DATABASE IF EXISTS {}", name)
    shutil.rmtree(odoo.filestore(name), ignore_errors=True)


def create_empty(name):
    """Create a database for Odoo.

    Odoo would do it by itself, but logs an error where the extension for similarity
    search is not available, as with the embedded server.
    """
    execute(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'", name
    )
    available = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
    if execute(available):
        with contextlib.closing(postgres.connect(name)) as connection:
            connection.cursor().execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")


def copy(source, target):
    """Copy a database and its files; nobody may be connected to the source."""
    execute("CREATE DATABASE {} TEMPLATE {}", target, source)
    files = odoo.filestore(source)
    shutil.rmtree(odoo.filestore(target), ignore_errors=True)
    if files.is_dir():
        # Odoo never changes a stored file, so copies may share it on the disk.
        shutil.copytree(files, odoo.filestore(target), copy_function=os.link)


def rename(source, target):
    """Give a finished database its final name."""
    execute("ALTER DATABASE {} RENAME TO {}", source, target)
    if odoo.filestore(source).is_dir():
        shutil.rmtree(odoo.filestore(target), ignore_errors=True)
        odoo.filestore(source).rename(odoo.filestore(target))


def base_key():
    """Identify the Odoo that the databases are made for."""
    root = odoo.source_root()
    return digest(str(root), root / "odoo" / "release.py", ROOT / "requirements.txt")


def ensure_template(demo):
    """Return the name of the template with or without demo data, made when needed."""
    name = f"acp_base_{'demo' if demo else 'plain'}_{base_key()}"
    if not exists(name):
        kind = "with" if demo else "without"
        with step(f"Template database, {TEMPLATE_MODULE} {kind} demo data"):
            unfinished = f"{name}_new"
            drop(unfinished)
            create_empty(unfinished)
            odoo.install(unfinished, TEMPLATE_MODULE, demo=demo)
            rename(unfinished, name)
    return name


def addon_key():
    """Return a hash of the addons' files, apart from their tests and compiled ones."""
    files = sorted(
        path
        for folder in (ROOT / addon for addon in ADDONS)
        for path in folder.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and path.relative_to(folder).parts[0] != "tests"
    )
    return digest(*(part for path in files for part in (path.relative_to(ROOT), path)))


def demo_database():
    """Return the name of the demo database, created or updated as needed.

    What it was made from is kept as the database's comment, so that it goes wherever
    the database goes.
    """
    name = os.environ.get("DB") or "credits"
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name):
        fail(f"DB={name}: use small letters, digits, - and _ for a database's name")
    with setup_lock():
        wanted = f"{ADDON} demo base={base_key()} addon={addon_key()}"
        if not exists(name):
            create_demo(name, wanted)
            return name
        found = read_comment(name)
        if not found.startswith(f"{ADDON} demo "):
            fail(f"the database {name} is not one of this repository: choose DB=name")
        if found != wanted:
            # Another Odoo may have changed its own modules too; all depend on base.
            same_base = found.split()[2] == wanted.split()[2]
            with step(f"Database {name}, update of the changed addon"):
                odoo.update(name, ADDON if same_base else "base")
                write_comment(name, wanted)
    return name


def create_demo(name, comment):
    """Make the demo database from the template with demo data."""
    template = ensure_template(demo=True)
    with step(f"Database {name}, {ADDON} with demo data"):
        unfinished = f"{name}_new"
        drop(unfinished)
        copy(template, unfinished)
        odoo.install(unfinished, ADDON, demo=True)
        write_comment(unfinished, comment)
        rename(unfinished, name)


def read_comment(name):
    """Return the comment on a database."""
    rows = execute(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '')"
        " FROM pg_database WHERE datname = %s",
        values=[name],
    )
    return rows[0][0]


def write_comment(name, comment):
    """Set the comment on a database."""
    execute("COMMENT ON DATABASE {} IS %s", name, values=[comment])


@contextlib.contextmanager
def throwaway(source):
    """Give the name of a copy of a database, and drop it in the end.

    :param source: the database to copy; nobody may be connected to it
    """
    name = throwaway_name()
    try:
        copy(source, name)
        yield name
    finally:
        drop(name)


@contextlib.contextmanager
def installed_database():
    """Give a throwaway database with the addon and no demo data.

    Nobody is connected to it, so it serves as the source of further copies.
    """
    with setup_lock():
        template = ensure_template(demo=False)
    with throwaway(template) as name:
        with step(f"Test database, {ADDON} without demo data"):
            odoo.install(name, ADDON, demo=False)
        yield name


@contextlib.contextmanager
def for_tests():
    """Give two throwaway databases with the addon: one to copy, and one to work in."""
    with installed_database() as installed, throwaway(installed) as name:
        yield installed, name


def throwaway_name():
    """Return a name that no other process uses."""
    return f"{THROWAWAY_PREFIX}_{os.getpid()}_{next(_counter)}"


def drop_left_throwaways():
    """Drop what killed commands have left; only right when nobody else is at work."""
    names = execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
        values=[f"{THROWAWAY_PREFIX}_"],
    )
    for (name,) in names:
        drop(name)
    for log in LOGS.glob(f"*{THROWAWAY_PREFIX}_*"):
        log.unlink()
