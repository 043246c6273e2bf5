"""Whatever bytes and columns come, `read` answers: it never raises and always ends (MIS-02)."""

from __future__ import annotations

import csv
import io

from cpoms_mis_sims.fields import CONTACT, MARK, STAFF, STUDENT
from cpoms_mis_sims.source import SimsSource
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from cpoms_core.imports.records import Extract

NAMES = ["shoe_size", *(field.name for field in (*STUDENT, *CONTACT, *STAFF, *MARK))]
CAPTIONS = [caption for field in (*STUDENT, *CONTACT, *STAFF, *MARK) for caption in field.captions]
LIKELY = ["", "1", "52", "T", "AM", "/", "2014-09-15", "31/02/2014", "K", "O'Neill", "ZoÃ«", "-", "52,7", "٣"]
cells = st.one_of(st.sampled_from(LIKELY), st.text(max_size=20))
tables = st.lists(st.sampled_from(CAPTIONS), min_size=1, max_size=12).flatmap(
    lambda captions: st.tuples(
        st.just(captions),
        st.lists(st.lists(cells, min_size=len(captions), max_size=len(captions)), max_size=6),
    )
)
names = st.sampled_from(["a.xml", "a.csv", "a.zip"])
quick = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def check(data: bytes, name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
    """Reads and holds to the contract: a refused delivery holds nothing, messages are short and plain."""
    extract = SimsSource().read(io.BytesIO(data), name, captions)
    if extract.refused:
        assert (extract.students, extract.staff, extract.marks) == (None, None, None)
    else:
        assert any(kind is not None for kind in (extract.students, extract.staff, extract.marks))
    for problem in extract.problems:
        assert 20 < len(problem.message) < 600
        assert (problem.message + str(problem.where)).isprintable()
    for student in extract.students or ():
        assert student.mis_id
        assert student.legal_surname
        assert student.legal_forename
    for mark in extract.marks or ():
        assert mark.session in {"AM", "PM"}
        assert 1 <= len(mark.code) <= 3
    return extract


@quick
@given(st.binary(max_size=300), names)
@example(b"<SuperStarReport><Record>&x;</Record></SuperStarReport>", "a.xml")
@example(b"PK\x05\x06" + b"\xff" * 18, "a.zip")
def test_any_bytes_mis_02(data: bytes, name: str) -> None:
    check(data, name, {})


@quick
@given(tables, st.dictionaries(st.sampled_from(NAMES), st.tuples(st.sampled_from(CAPTIONS)), max_size=3))
def test_any_columns_and_cells_as_csv_mis_02(
    table: tuple[list[str], list[list[str]]], own: dict[str, tuple[str, ...]]
) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([table[0], *table[1]])
    check(out.getvalue().encode("utf-8", "replace"), "a.csv", own)


@quick
@given(tables)
def test_any_columns_and_cells_as_xml_mis_02(table: tuple[list[str], list[list[str]]]) -> None:
    captions, rows = table
    root = etree.Element("SuperStarReport")
    for row in rows:
        record = etree.SubElement(root, "Record")
        for caption, text in zip(captions, row, strict=True):
            name = "".join(
                sign if sign.isalnum() or sign == "_" else f"_x{ord(sign):04X}_" for sign in caption
            )
            allowed = "".join(
                sign for sign in text if sign.isprintable() and not 0xD800 <= ord(sign) <= 0xDFFF
            )
            etree.SubElement(record, name).text = allowed
    check(etree.tostring(root), "a.xml", {})


@quick
@given(data=st.data())
def test_a_sound_delivery_with_changed_bytes_mis_02(data: st.DataObject, make) -> None:
    report = make.xml([make.student(), make.student(primary_id="53", DOB="2011-01-01")])
    name, sound = data.draw(
        st.sampled_from(
            [
                ("a.xml", report),
                ("a.csv", make.csv([make.student()])),
                (
                    "a.zip",
                    make.zip({"s.xml": report, "m.csv": b"ID,Date,Session,Mark\r\n52,03/09/2026,AM,/"}),
                ),
            ]
        )
    )
    changed = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(changed)))
    check(bytes(changed), name, {})
    check(bytes(changed[:end]), name, {})
