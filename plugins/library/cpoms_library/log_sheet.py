"""The log of who was alerted to a file, and who has read it, as an Excel file (LIB-02)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence

import xlsxwriter

from cpoms_library.readers import Reader

COLUMNS = (
    ("User", 30),
    ("Alerted by", 30),
    ("Alerted", 19),
    ("Requires action", 16),
    ("Last viewed", 19),
    ("Read and understood", 21),
    ("Taken off", 19),
    ("Taken off by", 30),
)


def write(readers: Sequence[Reader], heading: Sequence[str]) -> bytes:
    """An Excel file with a line for each alert, under lines of heading. Every text is written as a text,
    whatever it begins with: a cell never becomes a formula or a link. Times are the school's."""
    file = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, {"in_memory": True, **safe})
    sheet = book.add_worksheet("Read by")
    bold, at = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for row, line in enumerate(heading):
        sheet.write_string(row, 0, line, bold if row == 0 else None)
    first = len(heading) + 1
    for column, (title, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(first, column, title, bold)
    sheet.freeze_panes(first + 1, 0)

    def when(row: int, column: int, moment: dt.datetime | None) -> None:
        if moment is not None:  # Excel knows no time zones
            sheet.write_datetime(row, column, moment.replace(tzinfo=None, microsecond=0), at)

    for row, reader in enumerate(readers, first + 1):
        sheet.write_string(row, 0, reader.name)
        sheet.write_string(row, 1, reader.sender)
        when(row, 2, reader.alerted)
        sheet.write_string(row, 3, "yes" if reader.requires_action else "no")
        when(row, 4, reader.viewed)
        when(row, 5, reader.understood)
        when(row, 6, reader.taken_off)
        if reader.taken_off_by:
            sheet.write_string(row, 7, reader.taken_off_by)
    book.close()
    return file.getvalue()
