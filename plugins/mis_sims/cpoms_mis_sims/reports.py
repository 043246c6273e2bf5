"""What a report looks like to the rest of the plugin, whether it came as XML or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cpoms_core.imports.records import Where


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass found: how many rows, and in how many of them each column has a value.

    A column that the report declares and never fills has 0. `notes` are warnings about the whole file.
    """

    filled: dict[str, int]
    rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, in the order that was asked for, and the lines they are on."""

    line: int
    cells: Sequence[str]
    lines: Sequence[int] = ()  # of each cell; empty when they are all on `line`

    def line_of(self, place: int) -> int:
        """The line of one cell, or of the row where the cell is not in the file."""
        return self.lines[place] or self.line if self.lines else self.line


class Report(Protocol):
    """One report of a delivery. It is read twice: XML leaves out empty values, so what columns there are,
    and with them what the report is about, is known only at its end."""

    @property
    def name(self) -> str:
        """The file's name inside a zip; empty for a delivery of one file."""
        ...

    def survey(self) -> Survey:
        """The first pass. Raises Refused for a file that cannot be read."""
        ...

    def rows(self, wanted: Sequence[str]) -> Iterator[Row]:
        """The second pass: each row's cells under the wanted captions."""
        ...

    def where(self, line: int = 0, caption: str = "") -> Where:
        """A place in this report, for messages."""
        ...
