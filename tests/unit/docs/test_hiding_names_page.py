"""DSH-08: `docs/hiding-names.md` says what is hidden, and it is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cpoms_core.students.hiding import NameHider, StaffName, StudentNames

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "hiding-names.md").read_text(encoding="utf-8")
HIDER = NameHider(
    [
        StudentNames("Rose", "Adeyemi"),
        StudentNames("Zoë", "O'Connor"),
        StudentNames("Jean-Luc", "Pemberton-Hayes"),
        StudentNames("Mark", "van der Velde"),
        StudentNames("May", "Bin-Saleh"),
        StudentNames("Will", "de Souza"),
        StudentNames("Lena", "Price"),
        StudentNames("Do", "Ho"),
    ],
    [StaffName("Lena", "Lead", "Mrs")],
)
ROWS = re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


@pytest.mark.parametrize(("what", "then"), [row for row in ROWS if row[1].startswith("hidden")])
def test_what_it_says_is_hidden_is_hidden(what: str, then: str) -> None:
    for example in quoted(what):
        assert "***" in HIDER.text(example), example


@pytest.mark.parametrize(("what", "then"), [row for row in ROWS if "stay" in row[1]])
def test_what_it_says_stays_stays(what: str, then: str) -> None:
    for example in quoted(what):
        assert HIDER.text(example) == example


def test_the_rule_for_words_is_kept() -> None:
    """Its examples, one by one."""
    rules = PAGE.partition("## Names that are words")[2].partition("## Forms")[0]
    for written, read in re.findall(r'"([^"]+)" becomes "([^"]+)"', PAGE):
        assert HIDER.text(written) == read.replace("\\", "")
    assert HIDER.text("he will mark the rose in may") == "he will mark the rose in may"
    assert HIDER.text("rose adeyemi") == "r*** a***"
    assert HIDER.text("Will she be safe?").startswith("W***")
    assert [HIDER.text(one) for one in ("Mrs Lead", "Lena Lead", "Lena")] == ["Mrs Lead", "Lena Lead", "L***"]
    assert all(f'"{one}' in rules for one in ("he will mark", "rose adeyemi", "Will she be", "Lena Lead"))


def test_it_is_found() -> None:
    """From the handbook's first page and from the README; the files it names are there."""
    assert "hiding-names.md" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert "docs/hiding-names.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:tests|cpoms_core)/[\w/.]+)`", PAGE):
        assert (ROOT / path).is_file(), path
