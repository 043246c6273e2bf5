"""Command Reporter CSV: the captions in the first row, then one row for each record.

The bytes are UTF-8, with or without a byte order mark, or else Windows-1252, which is what Excel saves.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cpoms_core.imports.records import Where
from cpoms_mis_sims.captions import normal
from cpoms_mis_sims.limits import MAX_COLUMNS, MAX_LINE, MAX_ROWS
from cpoms_mis_sims.problems import Refused
from cpoms_mis_sims.reports import Row, Survey
from cpoms_mis_sims.streams import BoundedStream, Opener

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NOT_UTF_8 = (
    "The CSV file is not UTF-8 and was read as Windows-1252. Check names with accents in the preview; saving"
    " the file as “CSV UTF-8” avoids this."
)
WIDE = "The file is in UTF-16 (“Unicode text”). Save it as “CSV UTF-8 (comma delimited)” and upload it again."
NO_ENCODING = "The file is neither UTF-8 nor Windows-1252 text. Save it as “CSV UTF-8” and upload it again."
NUL = "The line holds a NUL character, so this is not a CSV file or it is damaged. Run the report again."
LONG = f"The line is longer than {MAX_LINE:,} characters. Leave out columns with long texts or pictures."
EMPTY = "The file is empty. Run the report again."
QUOTES = (
    "A quotation mark in or before this line is not closed or is in the wrong place. Run the report again."
)
RAGGED = (
    "The row has {found} cells and the first row has {wanted} captions, so values would land in the wrong"
    " column. This happens when a value with a comma is not in quotation marks. Run the report again."
)
TWICE = "Columns {first} and {second} have the same caption. Give each column of the report its own caption."
CROWDED = f"The first row has more than {MAX_COLUMNS} columns. Make the report with fewer."


@dataclass(frozen=True, slots=True)
class CsvReport:
    """One CSV report. `open` gives its bytes; `name` is empty outside a zip."""

    open: Opener
    name: str = ""

    def where(self, line: int = 0, caption: str = "") -> Where:
        """A place in this report."""
        return Where(line, caption[:80], self.name)

    def survey(self) -> Survey:
        """Counts rows and filled columns. Raises Refused for what is not a sound CSV file."""
        notes = () if self._encoding() == "utf-8-sig" else (NOT_UTF_8,)
        records = self._records()
        _, header = next(records, (0, []))
        if not header:
            raise Refused(EMPTY, self.where())
        self._check_header(header)
        counts = [0] * len(header)
        rows = 0
        for line, cells in records:
            rows += 1
            if rows > MAX_ROWS:
                raise Refused(f"The report has more than {MAX_ROWS:,} rows. Split it.", self.where(line))
            self._check_row(line, cells, header)
            for place, cell in enumerate(cells[: len(header)]):
                if cell and not cell.isspace():
                    counts[place] += 1
        filled = {
            caption.strip(): count for caption, count in zip(header, counts, strict=True) if normal(caption)
        }
        return Survey(filled, rows, notes)

    def rows(self, wanted: Sequence[str]) -> Iterator[Row]:
        """The rows' cells under the wanted captions."""
        records = self._records()
        _, header = next(records, (0, []))
        at = {caption.strip(): place for place, caption in enumerate(header)}
        places = [at[caption] for caption in wanted]
        for line, cells in records:
            yield Row(line, [cells[place] for place in places])

    def _check_header(self, header: Sequence[str]) -> None:
        if len(header) > MAX_COLUMNS:
            raise Refused(CROWDED, self.where(1))
        seen: dict[str, int] = {}
        for column, caption in enumerate(header, start=1):
            first = seen.setdefault(normal(caption), column)
            if (
                normal(caption) and first != column
            ):  # by number: without captions this row holds a child's data
                raise Refused(TWICE.format(first=first, second=column), self.where(1))

    def _check_row(self, line: int, cells: Sequence[str], header: Sequence[str]) -> None:
        surplus = any(cell.strip() for cell in cells[len(header) :])
        if len(cells) < len(header) or surplus:
            raise Refused(RAGGED.format(found=len(cells), wanted=len(header)), self.where(line))

    def _encoding(self) -> str:
        """UTF-8 if the whole file is, else Windows-1252; a first pass over the bytes."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        stream = BoundedStream(self.open(), self.name)
        start = True
        try:
            while data := stream.read(64 * 1024):
                if start and data.startswith(UTF_16):
                    raise Refused(WIDE, self.where(1))
                start = False
                decoder.decode(data)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8-sig"

    def _lines(self, encoding: str) -> Iterator[str]:
        text = io.TextIOWrapper(
            io.BufferedReader(BoundedStream(self.open(), self.name)), encoding=encoding, newline=""
        )
        number = 0
        try:
            while line := text.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise Refused(LONG, self.where(number))
                if "\0" in line:
                    raise Refused(NUL, self.where(number))
                yield line
        except UnicodeDecodeError as error:
            raise Refused(NO_ENCODING, self.where(number + 1)) from error

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """The line on which each row that is not blank starts, and its cells."""
        encoding = self._encoding()
        reader = csv.reader(self._lines(encoding), strict=True)
        line = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise Refused(QUOTES, self.where(line)) from error
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
