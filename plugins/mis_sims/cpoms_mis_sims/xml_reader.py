"""Command Reporter XML: `<SuperStarReport>`, an inline schema, then flat `<Record>` elements.

The inline schema is never used to validate, only to learn which columns the report was made with, since an
empty value is a missing element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lxml import etree

from cpoms_core.imports.records import Where
from cpoms_mis_sims import xml_guard
from cpoms_mis_sims.captions import decode_name, local_name
from cpoms_mis_sims.limits import MAX_COLUMNS, MAX_ROWS, MAX_STRANGERS
from cpoms_mis_sims.problems import Refused, quoted
from cpoms_mis_sims.reports import Row, Survey
from cpoms_mis_sims.streams import Opener

ROOT = "SuperStarReport"
RECORD = "Record"
ERROR = "CommandReporterError"
NOT_OURS = (
    "This is not a report of SIMS Command Reporter: it starts with <{root}> where <SuperStarReport> should"
    " be. Run the report with Command Reporter and upload the XML or CSV file that it writes."
)
FAILED = (
    "SIMS Command Reporter could not run the report and wrote an error instead: {text} Put that right in"
    " SIMS, run the report again and upload the new file."
)
TWICE = "The column {caption} is in one record twice. Give each column of the report a caption of its own."
STRANGE = "The file holds many elements that are not records. Run the report again and upload it as it is."


@dataclass(slots=True)
class _Columns:
    """The columns of a report and in how many records each has a value."""

    filled: dict[str, int] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)  # by element name: decoding is slow

    def caption(self, tag: str) -> str:
        caption = self.captions.get(tag)
        if caption is None:
            caption = self.captions[tag] = decode_name(tag)
            self.filled.setdefault(caption, 0)
        return caption


@dataclass(frozen=True, slots=True)
class XmlReport:
    """One Command Reporter XML file. `open` gives its bytes; `name` is empty outside a zip."""

    open: Opener
    name: str = ""

    def where(self, line: int = 0, caption: str = "") -> Where:
        """A place in this report."""
        return Where(line, caption[:80], self.name)

    def survey(self) -> Survey:
        """Counts records and filled columns. Raises Refused for what is not a sound report."""
        columns = _Columns()
        rows = 0
        for element in self._parts():
            if not _is_record(element):
                for name in _declared(element):
                    columns.caption(name)
            else:
                rows += 1
                self._count(element, columns)
            if rows > MAX_ROWS or len(columns.captions) > MAX_COLUMNS:
                message = f"The report has more than {MAX_ROWS:,} records or {MAX_COLUMNS} columns. Split it."
                raise Refused(message, self.where(element.sourceline or 0))
        return Survey(columns.filled, rows)

    def rows(self, wanted: Sequence[str]) -> Iterator[Row]:
        """The records' cells under the wanted captions."""
        places = {caption: place for place, caption in enumerate(wanted)}
        known: dict[str, int | None] = {}
        for element in self._parts():
            if not _is_record(element):
                continue
            cells = [""] * len(wanted)
            lines = [0] * len(wanted)
            for cell in element.iterchildren("*"):
                if cell.tag not in known:
                    known[cell.tag] = places.get(decode_name(cell.tag))
                place = known[cell.tag]
                if place is not None and cell.text:
                    cells[place] = cell.text
                    lines[place] = cell.sourceline or 0
            yield Row(element.sourceline or 0, cells, lines)

    def _count(self, record: etree._Element, columns: _Columns) -> None:
        seen = set()
        for cell in record.iterchildren("*"):
            caption = columns.caption(cell.tag)
            if caption in seen:
                line = cell.sourceline or 0
                raise Refused(TWICE.format(caption=quoted(caption)), self.where(line, caption))
            seen.add(caption)
            if cell.text and not cell.text.isspace():
                columns.filled[caption] += 1

    def _parts(self) -> Iterator[etree._Element]:
        """The inline schema and the records, each gone from memory when the next is asked for."""
        strangers = 0
        failure: list[str] | None = None
        for part, element in xml_guard.parts(self.open, self.name):
            if part == "start":
                failure = self._begin(element)
            elif failure is None and (_is_record(element) or element.tag.startswith(xml_guard.SCHEMA)):
                yield element
            elif failure is not None or local_name(element.tag) == ERROR:
                failure = [*(failure or []), *element.itertext()][:MAX_COLUMNS]
            elif part == "child":
                strangers += 1
                if strangers > MAX_STRANGERS:
                    raise Refused(STRANGE, self.where(element.sourceline or 0))
        if failure is not None:
            text = " ".join(" ".join(failure).split())[:200]
            raise Refused(FAILED.format(text=f"“{text}”."), self.where(1, ERROR))

    def _begin(self, root: etree._Element) -> list[str] | None:
        """Checks the root; a list to collect an error's words in if SIMS wrote an error."""
        name = local_name(root.tag)
        if name not in {ROOT, ERROR}:
            raise Refused(NOT_OURS.format(root=name[:40]), self.where(root.sourceline or 0, name))
        return [] if name == ERROR else None


def _is_record(element: etree._Element) -> bool:
    return bool(element.tag == RECORD or element.tag.endswith("}" + RECORD))


def _declared(schema: etree._Element) -> Iterator[str]:
    """The element names in an inline schema that are columns."""
    for column in schema.iter(f"{xml_guard.SCHEMA}element"):
        name = column.get("name", "")
        if name not in {"", ROOT, RECORD, "NewDataSet"}:
            yield name
