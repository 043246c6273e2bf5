"""Rows of session marks to records (STU-06)."""

from __future__ import annotations

import datetime as dt

import pytest

HEADER = "Student ID,Date,Session,Mark\r\n"


def marks(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\r\n" for row in rows)).encode()


def test_marks_are_kept_and_no_mark_is_none_stu_06(read) -> None:
    extract = read(
        marks(
            *("52,03/09/2026,AM,/", "52,03/09/2026,PM,\\", "52,2026-09-04,am,-", "52,2026-09-04,pm,"),
            "53,2026-09-04,AM,x01",
        ),
        "marks.csv",
    )
    assert extract.problems == []
    assert [(mark.student_mis_id, mark.date, mark.session, mark.code) for mark in extract.marks] == [
        ("52", dt.date(2026, 9, 3), "AM", "/"),
        ("52", dt.date(2026, 9, 3), "PM", "\\"),
        ("53", dt.date(2026, 9, 4), "AM", "X01"),
    ]
    assert extract.marks[2].where.line == 6
    assert extract.students is None
    assert extract.staff is None


def test_marks_may_come_as_xml_stu_06(read, make) -> None:
    row = {"primary_id": "52", "Mark date": "2026-09-03T00:00:00+01:00", "Session": "PM", "Mark": "L"}
    (mark,) = read(make.xml([row])).marks
    assert (mark.date, mark.session, mark.code) == (dt.date(2026, 9, 3), "PM", "L")


def test_an_unknown_code_is_kept_and_told_once_with_its_number_stu_06(read) -> None:
    rows = [f"{student},03/09/2026,AM,Q7" for student in range(40)]
    extract = read(marks(*rows), "marks.csv")
    assert {mark.code for mark in extract.marks} == {"Q7"}
    assert len(extract.marks) == 40
    (warning,) = extract.problems
    assert not warning.error
    assert "“Q7”" in warning.message
    assert "(40 marks;" in warning.message
    assert warning.where.line == 2


@pytest.mark.parametrize(
    ("row", "element", "words"),
    [
        ("52,31/09/2026,AM,/", "Date", "does not exist"),
        ("52,,AM,/", "Date", "missing"),
        ("52,03/09/2026,1Mon:4,/", "Session", "AM or PM"),
        ("52,03/09/2026,AM,Present", "Mark", "three characters"),
        (",03/09/2026,AM,/", "Student ID", "not an id"),
        ("5" * 81 + ",03/09/2026,AM,/", "Student ID", "not an id"),
    ],
)
def test_a_wrong_mark_is_an_error_at_line_and_column_mis_02(read, row: str, element: str, words: str) -> None:
    extract = read(marks("52,02/09/2026,AM,/", row), "marks.csv")
    assert extract.marks is None
    (problem,) = extract.problems
    assert problem.error
    assert words in problem.message
    assert (problem.where.line, problem.where.element) == (3, element)


def test_the_same_mark_twice_is_one_and_two_marks_are_an_error_stu_06(read) -> None:
    same = read(marks("52,03/09/2026,AM,L", "52,2026-09-03,am,L"), "marks.csv")
    assert len(same.marks) == 1
    assert same.problems == []
    two = read(marks("52,03/09/2026,AM,L", "52,2026-09-03,am,N"), "marks.csv")
    (problem,) = two.problems
    assert problem.error
    assert problem.where.line == 3
    assert "line 2" in problem.message


def test_marks_in_several_files_are_joined_stu_06(read, make) -> None:
    data = {"week1.csv": marks("52,03/09/2026,AM,L"), "week2.csv": marks("52,10/09/2026,AM,L")}
    extract = read(make.zip(data), "a.zip")
    assert [mark.where.file for mark in extract.marks] == ["week1.csv", "week2.csv"]


def test_marks_of_students_who_are_not_in_the_delivery_are_kept_stu_06(read, make) -> None:
    data = {"s.xml": make.xml([make.student()]), "m.csv": marks("52,03/09/2026,AM,L", "99,03/09/2026,AM,L")}
    extract = read(make.zip(data), "a.zip")
    assert len(extract.marks) == 2
    (warning,) = extract.problems
    assert not warning.error
    assert "(1 mark)" in warning.message


def test_a_marks_report_without_rows_is_a_warning_stu_06(read) -> None:
    extract = read(marks(), "marks.csv")
    assert extract.marks == ()
    assert [problem.error for problem in extract.problems] == [False]
    (problem,) = read(b"Date,Session,Mark\r\n", "marks.csv").problems
    assert "no student ids" in problem.message


def test_more_marks_than_a_school_has_are_refused_mis_02(read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpoms_mis_sims.marks.MAX_ROWS", 10)
    extract = read(marks(*(f"{student},03/09/2026,AM,/" for student in range(11))), "marks.csv")
    assert extract.marks is None
    assert "more than" in extract.problems[0].message
