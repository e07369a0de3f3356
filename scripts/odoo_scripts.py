"""Runs scripts on a database one after the other, as Odoo's shell runs one.

Reads a JSON string per line, and answers each with a line of JSON: whether the script
came to its end, and what it printed.
"""

import contextlib
import io
import json
import sys
import traceback

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tools import config


def run(registry, script):
    """Run one script in a transaction of its own.

    :return: whether it succeeded, and its output
    """
    output = io.StringIO()
    with contextlib.redirect_stdout(output), registry.cursor() as cr:
        context = Environment(cr, SUPERUSER_ID, {})["res.users"].context_get()
        env = Environment(cr, SUPERUSER_ID, context)
        try:
            # What the shell does with its standard input.
            exec(script, {"__name__": "__main__", "env": env, "self": env.user})
            succeeded = True
        except Exception:  # noqa: BLE001 - whatever it is, who sent the script is told
            traceback.print_exc(file=output)
            succeeded = False
        cr.rollback()
    registry.reset_changes()
    return succeeded, output.getvalue()


def main():
    """Answer until the input ends."""
    config.parse_config(sys.argv[1:], setup_logging=True)
    [database] = config["db_name"]
    for line in sys.stdin:
        answer = run(Registry(database).check_signaling(), json.loads(line))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
