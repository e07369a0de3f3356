"""What README and the guides in ``doc`` promise is tested, and the tests say where.

A test names the sentence that it proves, or as much of it as finds it again:
``# README says: "Nobody can credit ..."``, whichever of the pages has it.
"""

import ast
import re
from pathlib import Path

import events
import pytest
import readme
import rights
from devenv.pictures import ON_SHELF
from devenv.steps import ADDON, ADDONS

ROOT = Path(__file__).resolve().parents[1]
PROMISE = re.compile(
    r"\b(?:stays? as|stays posted|stays, and nothing|was posted stays|nobody|no one"
    r"|never|always|cannot|exactly once|neither|none of them|nothing of (?:it|them)"
    r"|no gap|no entry is deleted|change nothing)\b",
    re.IGNORECASE,
)
QUOTE = re.compile(r'# README says: "([^"]+)"')


PAGES = [
    "README.rst",
    "doc/accountant.md",
    "doc/administrator.md",
    "doc/api.md",
    "doc/clerk.md",
]


def read_page(page):
    """Return the text of a page without its pictures."""
    text = (ROOT / page).read_text()
    text = re.sub(r"^\.\. image::.*\n(?: .*\n)*", "\n", text, flags=re.MULTILINE)
    return re.sub(r"^!\[[^]]*\]\([^)]*\)$", "", text, flags=re.MULTILINE)


def read_plain(text):
    """Return a text on one line, without the marks of reStructuredText or Markdown."""
    text = re.sub(r"[*`]|(?<!\w)_(?=\S)|(?<=[^\s_])_(?!\w)", "", text)
    return " ".join(text.split())


def read_sentences():
    """Return the sentences of the pages that promise something, with their page."""
    sentences = []
    for page in PAGES:
        text = read_page(page)
        if page == "doc/accountant.md":
            # Its table is compared with what is posted: `test_booked_events`.
            text = rights.insert(text, events.HEADING, "")
        # A heading, a row of a table or a bullet ends a sentence, too.
        text = re.sub(r"\n[=\-]{4,}[= \-]*\n", "\n\n", text)
        text = re.sub(r"^#+ .*$", "", text, flags=re.MULTILINE)
        pieces = re.split(
            r"\n\s*\n|(?<=[.:])\s+(?=[A-Z*_`\"])|\n(?=\s*(?:[*#|-]|\d+\.)\s)", text
        )
        sentences += [(page, read_plain(piece)) for piece in pieces]
    return [sentence for sentence in sentences if PROMISE.search(sentence[1])]


def read_quotes():
    """Return what tests quote of the pages: ``{quote: [files]}``."""
    quotes = {}
    for folder in (*(f"{addon}/tests" for addon in ADDONS), "tests"):
        for file in sorted((ROOT / folder).glob("test_*.py")):
            if file == Path(__file__):
                continue
            text = re.sub(r"\n\s*#\s+(?!README)", " ", file.read_text())
            for quote in QUOTE.findall(text):
                quotes.setdefault(read_plain(quote), []).append(file.name)
    return quotes


@pytest.mark.parametrize(("page", "sentence"), read_sentences())
def test_each_promise_is_tested(page, sentence):
    assert any(quote in sentence for quote in read_quotes()), (
        f'No test says # README says: "{sentence}" (it is in {page})'
    )


def test_each_quote_is_on_a_page():
    text = " ".join(read_plain(read_page(page)) for page in PAGES)
    quotes = read_quotes().items()
    assert {quote: files for quote, files in quotes if quote not in text} == {}


def test_readme_fits_on_a_page():
    lines = (ROOT / "README.rst").read_text().splitlines()
    assert len(lines) <= 120
    assert sum(line.startswith(".. image::") for line in lines) == 3


def test_pages_and_pictures_are_there():
    names = {
        name
        for page in [*PAGES, "doc/developer.md"]
        for found in re.findall(
            r"\.\. image:: (?:doc/)?(\S+)|\]\(([^)]+)\)|`(?:doc/)?(\w+\.md)`",
            (ROOT / page).read_text(),
        )
        for name in found
        if name
    }
    assert {name for name in names if not (ROOT / "doc" / name).is_file()} == set()
    shown = {name for name in names if name.endswith(".png")}
    assert {path.name for path in (ROOT / "doc").glob("*.png")} == shown
    # `make pictures` renews each of them.
    script = (ROOT / "scripts" / "devenv" / "pictures.py").read_text()
    taken = {f"{name}.png" for name in re.findall(r'shoot\("(\w+)"', script)}
    assert taken == shown


def test_table_of_rights_is_in_the_guide():
    # That the table itself is true is for `test_attack`.
    assert not rights.main(["--check"])


def test_table_of_events_is_in_the_guide():
    # That each event books this is for `test_booked_events`.
    assert not events.main(["--check"])


def test_readme_of_each_addon_is_current():
    assert readme.find_old() == []


def test_apps_list_has_what_manifests_name():
    for addon in ADDONS:
        folder = ROOT / addon
        manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
        assert manifest["website"]
        assert manifest["development_status"]
        assert manifest["maintainers"]
        assert "LESSER GENERAL PUBLIC LICENSE" in (folder / "LICENSE").read_text()
        index = (folder / readme.INDEX).read_text()
        pictures = re.findall(r'<img [^>]*src="([^"]+)"', index)
        names = [f"{readme.DESCRIPTION}/{name}" for name in [*pictures, "icon.png"]]
        for name in names + manifest["images"]:
            assert (folder / name).is_file(), f"{addon} has no {name}"


def test_pictures_of_the_addon_are_those_of_the_guides():
    for name in ON_SHELF:
        shown = ROOT / ADDON / readme.DESCRIPTION / f"{name}.png"
        guide = ROOT / "doc" / f"{name}.png"
        assert shown.read_bytes() == guide.read_bytes(), "run make pictures"
