"""XML that means harm is refused in bounded time and memory (MIS-02; design, Hostile input 5)."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from cpoms_mis_sims import limits, xml_reader
from cpoms_mis_sims.problems import Refused
from cpoms_mis_sims.streams import BoundedStream
from cpoms_mis_sims.xml_reader import XmlReport

ROOT = b"<SuperStarReport>"
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 12))

DTDS = {
    "billion laughs": b'<!DOCTYPE r [<!ENTITY l0 "ha">' + LAUGHS + b"]>" + ROOT + b"&l11;</SuperStarReport>",
    "laughs in an attribute": b'<!DOCTYPE r [<!ENTITY l0 "ha">' + LAUGHS + b']><SuperStarReport a="&l11;"/>',
    "quadratic": b'<!DOCTYPE r [<!ENTITY a "'
    + b"a" * 50_000
    + b'">]>'
    + ROOT
    + b"&a;" * 50_000
    + b"</SuperStarReport>",
    "external entity": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    + ROOT
    + b"&x;</SuperStarReport>",
    "external DTD": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><SuperStarReport/>',
    "parameter entity": b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><SuperStarReport/>',
    "empty DTD": b"<!DOCTYPE SuperStarReport><SuperStarReport/>",
    "DTD after a comment": b"<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE r []><SuperStarReport/>",
}


@pytest.mark.parametrize("name", DTDS)
def test_a_document_type_definition_is_refused_unread_mis_02(read, name: str) -> None:
    for data in (DTDS[name], DTDS[name].decode().encode("utf-16")):
        (problem,) = read(data).problems
        assert problem.error
        assert "DOCTYPE" in problem.message
        assert problem.where.line >= 1
        assert "hostname" not in problem.message


@pytest.mark.parametrize("encoding", ["utf-7", "klingon", "ebcdic-cp-us", "utf-32"])
def test_encodings_that_hide_tags_are_refused_mis_02(read, encoding: str) -> None:
    (problem,) = read(f"<?xml version='1.0' encoding='{encoding}'?><SuperStarReport/>".encode()).problems
    assert "encoding" in problem.message
    assert problem.error


def test_utf_16_without_a_mark_or_wrongly_declared_is_refused_mis_02(read, make) -> None:
    text = make.xml([make.student()]).decode()
    declared = f'<?xml version="1.0" encoding="utf-16"?>{text}'
    for data in (
        text.encode("utf-32"),
        declared.encode("utf-8"),
        text.encode("cp037"),
        text.encode("utf-16-le"),
    ):
        extract = read(data)
        assert extract.refused
        assert extract.students is None


def test_utf_8_declared_as_latin_1_is_refused_for_its_garbled_names_mis_02(read, make) -> None:
    data = b'<?xml version="1.0" encoding="iso-8859-1"?>' + make.xml([make.student()])
    extract = read(data)
    assert extract.students is None
    assert {problem.where.element for problem in extract.problems} == {"Legal Surname", "Legal Forename"}
    assert all("garbled" in problem.message for problem in extract.problems)


class Endless(io.RawIOBase):
    """300 MB made as they are read: a head, then pieces that never end."""

    def __init__(self, head: bytes, piece: Callable[[int], bytes]) -> None:
        super().__init__()
        self.sent = 0
        self._made = 0
        self._waiting = head
        self._piece = piece

    def read(self, size: int = -1) -> bytes:
        pieces = [self._waiting]
        ready = len(self._waiting)
        while ready < size and self.sent < 300 * limits.MIB:
            pieces.append(self._piece(self._made))
            self._made += 1
            ready += len(pieces[-1])
        self._waiting = b"".join(pieces)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        self.sent += len(data)
        return data


FLOODS: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "nested elements": (ROOT, lambda number: b"<Record>"),
    "elements that are no records": (ROOT, lambda number: b"<x/>"),
    "text": (ROOT + b"<Record><UPN>", lambda number: b"text > text"),
    "character references": (ROOT + b"<Record><UPN>", lambda number: b"&#65;"),
    "CDATA": (ROOT + b"<Record><UPN>", lambda number: b"<![CDATA[<a>]]>"),
    "comments": (ROOT, lambda number: b"<!-- c -->"),
    "comments before the root": (b"", lambda number: b"<!-- c -->"),
    "processing instructions": (ROOT, lambda number: b"<Record/><?p%d x?>" % number),
    "attributes": (ROOT + b"<Record ", lambda number: b'a%d="" ' % number),
    "attributes with angle brackets": (ROOT + b"<Record ", lambda number: b'a%d=">" ' % number),
    "attributes of many records": (ROOT, lambda number: b'<Record a%d=""/>' % number),
    "namespaces": (ROOT, lambda number: b'<Record xmlns:n%d="u"/>' % number),
    "a long name": (ROOT + b"<", lambda number: b"name"),
    "columns of one record": (ROOT + b"<Record>", lambda number: b"<c%d/>" % number),
    "columns of many records": (ROOT, lambda number: b"<Record><c%d/></Record>" % number),
    "a long schema": (
        ROOT + b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">',
        lambda number: b'<xs:element name="c%d"/>' % number,
    ),
    "a deep schema": (
        ROOT + b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">',
        lambda number: b"<xs:sequence>",
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused_after_little_of_it_mis_02(name: str) -> None:
    opened: list[Endless] = []

    def open_again() -> Endless:
        opened.append(Endless(*FLOODS[name]))
        return opened[-1]

    with pytest.raises(Refused) as refusal:
        XmlReport(open_again).survey()
    assert sum(stream.sent for stream in opened) < 3 * limits.MIB
    assert refusal.value.problem.where.line == 1


def test_more_records_than_a_school_can_have_are_refused_mis_02(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_reader, "MAX_ROWS", 20_000)
    with pytest.raises(Refused, match="more than 20,000 records"):
        XmlReport(lambda: Endless(ROOT, lambda number: b"<Record/>")).survey()


def test_a_report_past_the_size_limit_is_refused_mis_02() -> None:
    stream = BoundedStream(io.BytesIO(b"x" * 5_000), "students.xml", limit=4_096)
    with pytest.raises(Refused, match="larger than") as refusal:
        stream.readall()
    assert refusal.value.problem.where.file == "students.xml"


def test_sound_records_without_end_stop_at_the_size_limit_mis_02() -> None:
    record = b"<Record><Reg>" + b"7" * 900_000 + b"</Reg></Record>"
    start = time.process_time()
    with pytest.raises(Refused, match="larger than 160 MB"):
        XmlReport(lambda: Endless(ROOT, lambda number: record)).survey()
    assert time.process_time() - start < 20


MEMORY = """
import resource, sys, io
resource.setrlimit(resource.RLIMIT_AS, (700 * 1024 * 1024, 700 * 1024 * 1024))
import importlib.util
spec = importlib.util.spec_from_file_location("hostile", sys.argv[1])
hostile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hostile)
from cpoms_mis_sims.source import SimsSource
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for head, piece in hostile.FLOODS.values():
    try:
        hostile.XmlReport(lambda: hostile.Endless(head, piece)).survey()
        raise SystemExit("not refused")
    except hostile.Refused:
        pass
record = b"<Record><Reg>7A</Reg><Year>7</Year></Record>"
many = b"<SuperStarReport>" + record * 200_000 + b"</SuperStarReport>"
before += len(many) // 1024
if hostile.XmlReport(lambda: io.BytesIO(many)).survey().rows != 200_000:
    raise SystemExit("rows lost")
for data in hostile.DTDS.values():
    if not SimsSource().read(io.BytesIO(data), "a.xml", {}).refused:
        raise SystemExit("not refused")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_all_attacks_and_many_records_need_little_memory_mis_02() -> None:
    """In a process of its own with a hard limit: libxml2's memory is not seen by tracemalloc."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, __file__],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50  # MiB more than before; 200,000 records kept as a tree would be 140
