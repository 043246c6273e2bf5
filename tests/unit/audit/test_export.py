"""USR-03: audits as an Excel file, of any length."""

from __future__ import annotations

import datetime as dt
import io
import resource

import openpyxl
import pytest

from cpoms_core.audit import export
from cpoms_core.audit.export import LONGEST, write_audits
from cpoms_core.audit.queries import EntryShown
from cpoms_core.audit.subjects import Subject

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


def row(text: str = "Opened", *, more: int = 0) -> EntryShown:
    return EntryShown(NOON, text, "viewed", [Subject(text)], more, text, "web", "elevated", "203.0.113.9")


def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each begins with the titles; none is lost."""
    monkeypatch.setattr(export, "MOST_ROWS", 3)
    file, count = write_audits((row() for _ in range(7)), "Europe/London")
    book = openpyxl.load_workbook(io.BytesIO(file.read()))
    assert count == 7
    assert [sheet.max_row for sheet in book] == [4, 4, 2]
    assert {sheet["A1"].value for sheet in book} == {"When (Europe/London)"}


def test_no_entries_make_a_file_with_titles_only() -> None:
    file, count = write_audits([], "UTC")
    assert (count, openpyxl.load_workbook(io.BytesIO(file.read())).active.max_row) == (0, 1)


@pytest.mark.parametrize("text", ["a\x00b\x01", "x" * (LONGEST + 10), "<&>'\"", "ünï 😀", "_x0041_"])
def test_any_text_makes_a_readable_file(text: str) -> None:
    """Characters that XML cannot hold, and texts longer than a cell, cost no export."""
    file, _ = write_audits([row(text, more=3)], "UTC")
    found = openpyxl.load_workbook(io.BytesIO(file.read())).active["C2"].value
    assert found is not None and len(found) <= LONGEST


def test_memory_does_not_grow_with_the_rows() -> None:
    """A hundred times the rows, and no hundred times the memory."""
    write_audits((row() for _ in range(100)), "UTC")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    file, count = write_audits((row(f"entry {number}") for number in range(20_000)), "UTC")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert count == 20_000
    assert grown < 20_000, f"{grown} KiB more"
    file.close()
