"""Write the table of what each event books into the accountants' guide.

``python3 scripts/events.py`` writes it; ``--check`` says whether it is current. What is
written is ``models/proof/booked_events.py`` of the addon; its tests post each event.
"""

import sys
from pathlib import Path

from rights import read_table, render_table, renew

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


def main(arguments):
    """Write the section, or tell whether it is current."""
    return renew(GUIDE, HEADING, render(read_table(TABLE)), "events.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
