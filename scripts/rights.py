"""Write the table of who may call what into the developers' guide.

``python3 scripts/rights.py`` writes it; ``--check`` says whether it is current. What is
written is what the tests hold the addon to, see ``tests/rights.py`` of the addon.
"""

import importlib.util
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "account_credit_posting" / "tests" / "rights.py"
GUIDE = ROOT / "doc" / "developer.md"
HEADING = "## Who may call what"
WIDTH = 88

INTRODUCTION = """\
Every public method and route, called over HTTP by every kind of user in
`tests/test_attack.py`; `scripts/rights.py` writes this of `tests/rights.py`. Rules of
companies hold beside it, and dialogs are their opener's alone.
"""


def read_table(path):
    """Return the module that has a table."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def render_table(rows):
    """Return a table of Markdown, its columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows]
    line = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([head, line, *body])


def sort_by_right(rights, rows):
    """Return the methods of a model by right: ``[(right, [names])]``."""
    by_right = defaultdict(list)
    for method, right in rows.items():
        by_right[right].append(f"`{method}`")
    return [(right, by_right[right]) for right in rights.HOLDERS if right in by_right]


def render(rights):
    """Return the section of the guide.

    :param rights: the module that has the table
    """
    holders = [["Right", *rights.USERS]]
    holders += [
        [right, *("yes" if kind in kinds else "" for kind in rights.USERS)]
        for right, kinds in rights.HOLDERS.items()
    ]
    groups = [["User", "Group"]]
    groups += [
        [kind, f"`{group}`" if group else "not logged in"]
        for kind, group in rights.USERS.items()
    ]
    methods = "\n".join(
        textwrap.fill(
            f"- `{model}`, {right}: {', '.join(names)}",
            width=WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for model, rows in sorted(rights.METHODS.items())
        for right, names in sort_by_right(rights, rows)
    )
    routes = [["Route", "Right"]]
    routes += [[f"`{route}`", right] for route, right in sorted(rights.ROUTES.items())]
    tables = map(render_table, (groups, holders, routes))
    return "\n\n".join([HEADING, INTRODUCTION.strip(), *tables, methods])


def insert(guide, heading, section):
    """Return the guide with this section instead of the one of a heading.

    A guide without it gets it before the section of the tests.
    """
    before, found, rest = guide.partition(f"{heading}\n")
    if found:
        after = rest[rest.index("\n## ") + 1 :]
    else:
        before, tests, rest = guide.partition("## Tests\n")
        after = tests + rest
    return f"{before}{section}\n\n{after}"


def renew(guide, heading, section, script, arguments):
    """Write a section into a guide, or tell whether it is current.

    :param guide: path of the guide
    :param script: that writes it, for the message
    :param arguments: of the command line
    """
    old = guide.read_text()
    new = insert(old, heading, section)
    if "--check" in arguments:
        if new != old:
            name = guide.relative_to(ROOT)
            print(f"{name} is not current: run python3 scripts/{script}")
        return new != old
    guide.write_text(new)
    return False


def main(arguments):
    """Write the section, or tell whether it is current."""
    return renew(GUIDE, HEADING, render(read_table(TABLE)), "rights.py", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
