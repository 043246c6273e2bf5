"""Audits as an Excel file. Rows go to a temporary file as they are read, so that memory stays the same
whatever the number of rows."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO

import xlsxwriter

from cpoms_core.audit.queries import EntryShown
from cpoms_core.audit.wording import KINDS, where_of

MOST_ROWS = 1_000_000
"""Of one sheet; what is more goes on in the next."""
LONGEST = 32_767  # characters of a cell
COLUMNS = (
    ("When", 19),
    ("Kind", 12),
    ("What", 44),
    ("About", 60),
    ("More", 30),
    ("Where", 24),
    ("IP address", 24),
)
WHO, PLACE = ("Who", 28), ("Place", 24)
"""What a list of several people's deeds has besides."""


def write_audits(
    rows: Iterable[EntryShown], time_zone: str, *, with_people: bool = False
) -> tuple[IO[bytes], int]:
    """Writes entries as an Excel file; returns the file, at its beginning, and how many rows there are.
    `with_people`: also who did each, and where their address is.

    Every text is written as a text, whatever it begins with: a cell never becomes a formula or a link. Times
    are the school's, and the heading names the zone.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is sent, and closed with the answer
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    when, *others = COLUMNS
    sheets = _Sheets(book, time_zone, (when, WHO, *others, PLACE) if with_people else COLUMNS)
    count = 0
    for row in rows:
        texts = _texts(row)
        sheets.add(row.at, [row.by, *texts, row.place] if with_people else texts)
        count += 1
    book.close()
    file.seek(0)
    return file, count


def _texts(row: EntryShown) -> list[str]:
    about = [subject.text for subject in row.subjects]
    if row.more:
        about.append(f"and {row.more} more")
    return [
        KINDS[row.kind],
        row.phrase,
        ", ".join(about),
        row.facts,
        where_of(row.channel, row.access),
        row.ip,
    ]


class _Sheets:
    """The sheets of a book, each begun when the one before it is full."""

    def __init__(self, book: xlsxwriter.Workbook, time_zone: str, columns: Sequence[tuple[str, int]]) -> None:
        self._book, self._time_zone, self._columns = book, time_zone, columns
        self._bold = book.add_format({"bold": True})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._begin()

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        for column, (title, width) in enumerate(self._columns):
            self._sheet.set_column(column, column, width)
            said = f"{title} ({self._time_zone})" if column == 0 else title
            self._sheet.write_string(0, column, said, self._bold)
        self._row = 0

    def add(self, at: dt.datetime, texts: Iterable[str]) -> None:
        if self._row == MOST_ROWS:
            self._begin()
        self._row += 1
        # Excel knows no time zones, and no fractions below a millisecond
        local = at.replace(tzinfo=None, microsecond=0)
        self._sheet.write_datetime(self._row, 0, local, self._moment)
        for column, text in enumerate(texts, 1):
            self._sheet.write_string(self._row, column, text[:LONGEST])
