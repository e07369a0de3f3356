#!/usr/bin/env python3
"""Set up what is missing and run one of the repository's commands.

Usage: ``python3 scripts/dev.py COMMAND [ARGUMENT ...]``; the Makefile has a target for
each command.

The first stage runs on any Python that Odoo 19 accepts and needs its standard library
only: it fetches Odoo and makes the virtual environment. The second stage is this same
file, started again by that environment's Python.
"""

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from devenv import postmaster, python_env, source, steps

COMMANDS = (
    "run",
    "test",
    "matrix",
    "bench",
    "lint",
    "shell",
    "prove",
    "pictures",
    "readme",
    "exec",
    "pot",
    "wheel",
    "clean",
)
# Those that can do without Odoo itself.
COMMANDS_WITHOUT_ODOO = ("lint", "clean", "wheel", "readme")


def first_stage(command):
    """Fetch Odoo and the Python packages at once, then start the second stage."""
    python_env.check_python()
    with steps.setup_lock(), ThreadPoolExecutor() as pool:
        needs_odoo = command not in COMMANDS_WITHOUT_ODOO
        root = pool.submit(source.ensure_source) if needs_odoo else None
        python = python_env.ensure_environment()
        if root:
            python_env.import_from(root.result())
    os.execv(python, [str(python), *sys.argv])


def second_stage(command, arguments):
    """Run the command; its modules may import what the environment holds."""
    from devenv import commands

    commands.COMMANDS[command](arguments)


def main():
    """Run the command that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        steps.fail(
            "usage: python3 scripts/dev.py COMMAND, one of " + ", ".join(COMMANDS)
        )
    # A shell starts its background jobs with Ctrl-C ignored; ours end by it always.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A terminated command stops what it has started, as an interrupted one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    command, *arguments = sys.argv[1:]
    try:
        if command == "clean":
            postmaster.clean()
        elif python_env.is_active():
            second_stage(command, arguments)
        else:
            first_stage(command)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
