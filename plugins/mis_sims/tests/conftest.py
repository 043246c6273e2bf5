"""Helpers to write small reports and read them on a fixed day."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

import pytest
from cpoms_mis_sims.source import SimsSource

from cpoms_core.imports.records import Extract

TODAY = dt.date(2026, 10, 1)
Rows = Sequence[Mapping[str, str]]
Own = dict[str, tuple[str, ...]]


def xml_bytes(rows: Rows) -> bytes:
    """A Command Reporter file: one line for each element, the first record on line 2."""
    lines = ["<SuperStarReport>"]
    for row in rows:
        lines.append("<Record>")
        for caption, text in row.items():
            tag = caption.replace(" ", "_x0020_")
            lines.append(f"<{tag}>{escape(text)}</{tag}>")
        lines.append("</Record>")
    return "\n".join([*lines, "</SuperStarReport>"]).encode()


def csv_bytes(rows: Rows) -> bytes:
    """A Command Reporter CSV file with the captions of the first row."""
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode()


def zip_bytes(entries: Mapping[str, bytes]) -> bytes:
    """A zip of reports."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def student_row(**changes: str) -> dict[str, str]:
    """A sound row of a students report, with captions as keywords (underscores for spaces)."""
    row = {
        "primary_id": "52",
        "UPN": "R201100018042",
        "Legal Surname": "Ó Súilleabháin",
        "Legal Forename": "Róisín",
        "DOB": "2014-09-15T00:00:00+01:00",
        "Year": "Year  7",
        "Reg": "7A",
    }
    for caption, text in changes.items():
        row[caption if caption == "primary_id" else caption.replace("_", " ")] = text
    return row


@pytest.fixture
def read() -> Callable[..., Extract]:
    """Reads bytes as a delivery of the given name, with the school's own captions if any."""

    def read_bytes(
        data: bytes, name: str = "report.xml", captions: dict[str, tuple[str, ...]] | None = None
    ) -> Extract:
        return SimsSource(today=lambda: TODAY).read(io.BytesIO(data), name, captions or {})

    return read_bytes


@pytest.fixture
def make() -> type:
    """The writers above, under one name: a test module cannot import its conftest."""

    class Make:
        xml = staticmethod(xml_bytes)
        csv = staticmethod(csv_bytes)
        zip = staticmethod(zip_bytes)
        student = staticmethod(student_row)

    return Make
