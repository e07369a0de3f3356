"""Tell whether README.rst and index.html of each addon are current.

OCA's tool writes both of the folder ``readme`` and of the manifest (``make readme``);
:func:`finish` keeps their pictures in the addon, and notes what they were written of.
``python3 scripts/readme.py`` checks that it is still so.
"""

import ast
import hashlib
import re
import sys
from pathlib import Path

from devenv.steps import ADDONS, ROOT

TEMPLATE = Path(__file__).with_name("readme.rst.jinja")
README = "README.rst"
DESCRIPTION = Path("static") / "description"
INDEX = DESCRIPTION / "index.html"
# Where the tool says that pictures are; they come along with the addon.
ELSEWHERE = r"https://[^\s\"]*/static/description/"
DIGEST = re.compile(r"sha256:\w+")
# What of a manifest is in these files.
KEYS = ("name", "license")


def read_digest(addon):
    """Return a hash of all that the files of an addon are written of."""
    folder = ROOT / addon
    manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
    result = hashlib.sha256(repr([manifest[key] for key in KEYS]).encode())
    for path in (TEMPLATE, *sorted((folder / "readme").glob("*.md"))):
        result.update(path.name.encode() + path.read_bytes())
    return f"sha256:{result.hexdigest()}"


def finish(addon):
    """Let the files that the tool has written be as they are kept."""
    for name, place in ((README, f"{DESCRIPTION.as_posix()}/"), (INDEX, "")):
        path = ROOT / addon / name
        text = re.sub(ELSEWHERE, place, path.read_text())
        text = DIGEST.sub(read_digest(addon), text)
        lines = [line.rstrip() for line in text.rstrip().splitlines()]
        path.write_text("".join(f"{line}\n" for line in lines))


def find_old():
    """Return the addons whose files are not current."""
    return [
        addon
        for addon in ADDONS
        for name in (README, INDEX)
        if DIGEST.findall((ROOT / addon / name).read_text()) != [read_digest(addon)]
    ]


def main():
    """Name the addons whose files are not current."""
    old = find_old()
    for addon in old:
        print(f"{README} or {INDEX} of {addon} is not current: run make readme")
    return bool(old)


if __name__ == "__main__":
    sys.exit(main())
