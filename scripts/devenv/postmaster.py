"""The embedded PostgreSQL as seen from outside: is it running, stop it.

Needs the standard library only, so that ``clean`` works without an environment.
"""

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from .steps import DEV, fail, remove_tree

# The folder of each server's data, and the file on which each of its users holds a
# shared lock. All that tests have is thrown away: their server waits for no disk, which
# others must not do.
DEMO = (DEV / "pg", DEV / "postgres.users")
TESTS = (DEV / "pg-tests", DEV / "postgres-tests.users")
DATA, USERS = DEMO
PID_FILE = DATA / "postmaster.pid"


def choose(server):
    """Let this process use one of the servers; it is that of the demo database else.

    :param server: ``DEMO`` or ``TESTS``
    """
    global DATA, USERS, PID_FILE
    DATA, USERS = server
    PID_FILE = DATA / "postmaster.pid"


def is_durable():
    """Tell whether the server keeps what it holds, also when the power fails."""
    return (DATA, USERS) != TESTS


def running_pid():
    """Return the server's process id, or None when it does not run."""
    try:
        pid = int(PID_FILE.read_text().split()[0])
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, IndexError):
        # There is no file, or a server that stops removes it at this moment.
        return None
    # After a crash the number may belong to another program.
    return pid if str(DATA).encode() in command_line else None


def stop(seconds=30):
    """Stop the server in the way that ends open connections, and wait for its end."""
    pid = running_pid()
    if not pid:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + seconds
    while running_pid() and time.monotonic() < deadline:
        time.sleep(0.05)


def clean():
    """Remove all that the commands have made, unless one of them still runs."""
    for server in (DEMO, TESTS):
        choose(server)
        if USERS.is_file():
            with USERS.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    fail("another command is running here: stop it first")
                stop()
    remove_tree(DEV)
