"""What README promises is tested, and the tests say where.

A test names the sentence that it proves, or as much of it as finds it again:
``# README says: "Nobody credits ..."``.
"""

import re
from pathlib import Path

import events
import pytest
import rights
from devenv.steps import ADDONS

ROOT = Path(__file__).resolve().parents[1]
PROMISE = re.compile(
    r"\b(?:stays? as|stays posted|stays, and nothing|was posted stays|nobody|no one"
    r"|never|always|cannot|exactly once|neither|none of them|nothing of (?:it|them)"
    r"|no gap|no entry is deleted|change nothing)\b",
    re.IGNORECASE,
)
QUOTE = re.compile(r'# README says: "([^"]+)"')


def read_sentences():
    """Return the sentences of README that promise something."""
    text = (ROOT / "README.rst").read_text()
    text = re.sub(r"^\.\. image::.*\n(?: .*\n)*", "\n", text, flags=re.MULTILINE)
    # A heading, a literal block or a table ends a sentence, too.
    text = re.sub(r"\n[=\-]{4,}[= \-]*\n", "\n\n", text)
    pieces = re.split(r"\n\s*\n|(?<=[.:])\s+(?=[A-Z*`\"])|\n(?=\s*[*#\d][.\s])", text)
    sentences = (" ".join(piece.split()) for piece in pieces)
    return [sentence for sentence in sentences if PROMISE.search(sentence)]


def read_quotes():
    """Return what tests quote of README: ``{quote: [files]}``."""
    quotes = {}
    for folder in (*(f"{addon}/tests" for addon in ADDONS), "tests"):
        for file in sorted((ROOT / folder).glob("test_*.py")):
            if file == Path(__file__):
                continue
            text = re.sub(r"\n\s*#\s+(?!README)", " ", file.read_text())
            for quote in QUOTE.findall(text):
                quotes.setdefault(" ".join(quote.split()), []).append(file.name)
    return quotes


@pytest.mark.parametrize("sentence", read_sentences())
def test_each_promise_of_readme_is_tested(sentence):
    assert any(quote in sentence for quote in read_quotes()), (
        f'No test says # README says: "{sentence}"'
    )


def test_each_quote_is_in_readme():
    text = " ".join((ROOT / "README.rst").read_text().split())
    quotes = read_quotes().items()
    assert {quote: files for quote, files in quotes if quote not in text} == {}


def test_table_of_rights_is_in_the_guide():
    # That the table itself is true is for `test_attack`.
    assert not rights.main(["--check"])


def test_table_of_events_is_in_the_guide():
    # That each event books this is for `test_booked_events`.
    assert not events.main(["--check"])
