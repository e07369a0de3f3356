"""Odoo's command line as a file: ``python -m odoo`` cannot start itself again.

Odoo does so when it reloads (``odoo.service.server._reexec``).
"""

from odoo.cli.command import main

if __name__ == "__main__":
    main()
