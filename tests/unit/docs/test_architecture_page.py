"""`docs/architecture.md` shows the tree as it is, and the pages lead to what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md"]


def test_every_folder_of_the_core_has_a_line_and_every_line_a_folder() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([\w/]+)/` \|", text, re.MULTILINE)
    there = {f"cpoms_core/{path.name}" for path in (ROOT / "cpoms_core").iterdir() if path.is_dir()}
    assert len(named) == len(set(named))
    assert {one for one in named if one.startswith("cpoms_core/")} == there - {"cpoms_core/__pycache__"}
    assert all((ROOT / one).is_dir() for one in named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_are_named_exist(page: Path) -> None:
    """Those in code that begin with a folder of the project, but for the files that a page itself shows."""
    text = re.sub(r"^\*\*`.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for path in re.findall(r"`((?:cpoms_core|plugins|templates|tests|bin|docs)/[\w/.]*)`", text):
        assert (ROOT / path).exists(), path
