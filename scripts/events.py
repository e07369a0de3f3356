"""Write the table of what each event books into the accountants' guide.

``python3 scripts/events.py`` writes it; ``--check`` says whether it is current. What is
written is ``models/proof/booked_events.py`` of the addon; its tests post each event.
"""

import importlib.util
import sys
from pathlib import Path

from rights import render_table

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "account_credit_posting" / "models" / "proof" / "booked_events.py"
GUIDE = ROOT / "doc" / "accountant.md"
HEADING = "## What each event books"

INTRODUCTION = """\
Written by `scripts/events.py` of a table of the code, which tests compare with what
each event has posted. _The liability_ is that of the record: gift cards sold, customer
prepayments, or gift cards given away, a ledger account each. _Other account_ is that of
the customer who gets it. At the till, the entry of the session debits its receivable
and credits gift cards sold, an item for each card; a refund is the other way round.
"""


def read_table():
    """Return the module that has the table."""
    spec = importlib.util.spec_from_file_location("booked_events", TABLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def render(table):
    """Return the section of the guide.

    :param table: the module that has the table
    """
    parts = [HEADING, INTRODUCTION.strip()]
    for title, events in table.TABLES:
        rows = [["Event", "Debit", "Credit", "Document", "Date", "When"]]
        rows += [
            [
                event.name,
                table.ACCOUNTS.get(event.debit, "–"),
                table.ACCOUNTS.get(event.credit, "–"),
                event.document,
                table.DAYS.get(event.day, "–"),
                event.when,
            ]
            for event in events
        ]
        parts += [f"### {title}", render_table(rows)]
    return "\n\n".join(parts)


def insert(guide, section):
    """Return the guide with this section instead of the one that it has."""
    before, _heading, rest = guide.partition(f"{HEADING}\n")
    after = rest[rest.index("\n## ") + 1 :]
    return f"{before}{section}\n\n{after}"


def main(arguments):
    """Write the section, or tell whether it is current."""
    old = GUIDE.read_text()
    new = insert(old, render(read_table()))
    if "--check" in arguments:
        if new != old:
            print("doc/accountant.md is not current: run python3 scripts/events.py")
        return new != old
    GUIDE.write_text(new)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
