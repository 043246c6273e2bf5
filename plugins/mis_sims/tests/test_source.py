"""SIMS as a source: what a delivery may hold, and that it is all or nothing (MIS-01, MIS-02, MIS-05)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cpoms_mis_sims.source import SimsSource

from cpoms_core.imports.records import Extract, MisSource

STAFF = {"primary_id": "301", "Staff Code": "AMO", "Forename": "Ada", "Surname": "Mock"}
MARKS = b"Student ID,Date,Session,Mark\r\n52,03/09/2026,AM,/\r\n"


def test_it_is_a_source_of_the_core_mis_01() -> None:
    source: MisSource = SimsSource()
    assert (source.name, source.title, source.accepts) == ("sims", "SIMS", (".xml", ".csv", ".zip"))
    assert source.max_bytes == 100 * 1024 * 1024


def test_a_zip_brings_everything_at_once_mis_01(read, make) -> None:
    data = make.zip(
        {"marks.csv": MARKS, "staff.xml": make.xml([STAFF]), "students.csv": make.csv([make.student()])}
    )
    extract = read(data, "night.zip")
    assert extract.problems == []
    assert [student.mis_id for student in extract.students] == ["52"]
    assert [person.mis_id for person in extract.staff] == ["301"]
    assert [mark.code for mark in extract.marks] == ["/"]
    assert extract.students[0].where.file == "students.csv"


def test_one_file_says_nothing_about_the_other_kinds_mis_01(read, make) -> None:
    cases = {
        "students": read(make.xml([make.student()])),
        "staff": read(make.xml([STAFF])),
        "marks": read(MARKS, "marks.csv"),
    }
    for kind, extract in cases.items():
        assert extract.problems == []
        spoken = [name for name in ("students", "staff", "marks") if getattr(extract, name) is not None]
        assert spoken == [kind]


def test_an_error_in_one_report_stops_the_whole_delivery_mis_02(read, make) -> None:
    data = make.zip(
        {
            "students.xml": make.xml([make.student()]),
            "staff.xml": make.xml([STAFF | {"Surname": ""}, STAFF | {"primary_id": "302"}]),
        }
    )
    extract = read(data, "night.zip")
    assert extract.refused
    assert (extract.students, extract.staff, extract.marks) == (None, None, None)
    assert str(extract.problems[0].where).startswith("staff.xml, line 2, element Surname")


@pytest.mark.parametrize(
    ("captions", "words"),
    [
        (("ID", "Name", "Room"), "cannot be told"),
        (("ID", "Forename", "Surname"), "cannot be told"),
        (("ID", "Forename", "Surname", "UPN", "Staff Code"), "columns of students"),
        (("ID", "Forename", "UPN"), "no column “Legal Surname”"),
        (("ID", "Date", "Mark"), "no column “Session”"),
        (("Forename", "Surname", "UPN"), "Third Party Reporter"),
        (("Student ID", "Contact surname"), "came without the students report"),
    ],
)
def test_a_report_that_cannot_be_used_says_what_to_change_mis_02(
    read: Callable[..., Extract], captions: tuple[str, ...], words: str
) -> None:
    data = ",".join(captions) + "\r\n" + ",".join("1" for _ in captions) + "\r\n"
    extract = read(data.encode(), "report.csv")
    assert extract.refused
    (problem,) = extract.problems
    assert words in problem.message


def test_two_reports_of_students_are_refused_mis_02(read, make) -> None:
    data = make.zip({"new.xml": make.xml([make.student()]), "old.xml": make.xml([make.student()])})
    (problem,) = read(data, "a.zip").problems
    assert "two students reports" in problem.message
    assert problem.where.file == "old.xml"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("ID,Legal Surname,Legal Forename,UPN", "students report has no records"),
        ("ID,Surname,Forename,Staff Code", "staff report has no records"),
    ],
)
def test_a_report_of_nobody_archives_nobody_mis_02(read, header: str, words: str) -> None:
    extract = read(f"{header}\r\n".encode(), "a.csv")
    assert extract.refused
    assert (extract.students, extract.staff) == (None, None)
    assert words in extract.problems[0].message


def test_contacts_of_nobody_end_no_contacts_mis_02(read, make) -> None:
    data = {"s.xml": make.xml([make.student()]), "c.csv": b"Student ID,Contact ID,Contact surname\r\n"}
    extract = read(make.zip(data), "a.zip")
    assert extract.refused
    assert "end every contact" in extract.problems[0].message


def test_the_schools_own_captions_mis_05(read, make) -> None:
    row = {"Nr": "52", "Family": "Bo", "Given": "Li", "Geburtstag": "2014-09-01", "Mentor": "M7"}
    own = {
        "student_id": ("nr",),
        "legal_surname": ("FAMILY",),
        "legal_forename": ("Given",),
        "tutor_group": ("Group", "Mentor"),
    }
    assert read(make.xml([row])).refused
    (student,) = read(make.xml([row]), captions=own | {"date_of_birth": ("Geburtstag",)}).students
    assert (student.mis_id, student.legal_surname, student.tutor_group) == ("52", "Bo", "M7")
    assert student.date_of_birth is not None


def test_an_own_caption_without_effect_is_told_mis_05(read, make) -> None:
    own = {"date_of_birth": ("Birth day", "Born"), "tutor_group": (), "staff_title": ("Anrede",)}
    extract = read(make.xml([make.student()]), captions=own)
    assert not extract.refused
    assert extract.students[0].date_of_birth is not None
    (problem,) = extract.problems  # a students report cannot have what is of staff
    assert "Date of birth is “Birth day” or “Born”, and no report has such a column" in problem.message


def test_a_caption_of_both_kinds_of_report_tells_neither_mis_05(read) -> None:
    own = {"legal_surname": ("Nachname",), "staff_surname": ("Nachname",), "staff_title": ("Form",)}
    students = read(b"ID,Nachname,Forename,UPN\r\n1,Bo,Li,\r\n", "a.csv", captions=own)
    staff = read(b"ID,Nachname,Forename,Form,Staff Code\r\n1,Bo,Li,Ms,LBO\r\n", "a.csv", captions=own)
    assert [one.legal_surname for one in students.students] == ["Bo"]
    assert [(one.surname, one.title) for one in staff.staff] == [("Bo", "Ms")]


def test_columns_that_are_not_read_are_named_mis_05(read) -> None:
    data = b"ID,Surname,Forename,UPN,Photo,House,Mentor,Empty\r\n1,Bo,Li,,x,Red,M7,\r\n"
    (problem,) = read(data, "a.csv").problems
    assert not problem.error
    assert "not read: “House”, “Mentor”. If one" in problem.message
    assert "Admin > Imports > Captions" in problem.message
    many = ",".join(f"Extra {number}" for number in range(20))
    (problem,) = read(f"ID,Surname,Forename,UPN,{many}\r\n1,B,L,{',x' * 20}\r\n".encode(), "a.csv").problems
    assert "and 12 more" in problem.message


def test_a_flood_of_problems_is_counted_mis_02(read, make) -> None:
    rows = [make.student(primary_id=str(number), UPN="", DOB="31/02/2014") for number in range(250)]
    extract = read(make.csv(rows), "students.csv")
    assert len(extract.problems) == 101
    assert extract.problems[-1].message == "There are 150 more errors like these."
    assert extract.refused
    assert extract.problems[99].where.line == 101


def test_a_flood_of_warnings_hides_no_error_mis_02(read, make) -> None:
    rows = [make.student(primary_id=str(number), UPN="", SEN_status=f"Odd {number}") for number in range(150)]
    rows.append(make.student(primary_id="999", UPN="", SEN_status="K", DOB="31/02/2014"))
    extract = read(make.csv(rows), "students.csv")
    assert extract.problems[0].error
    assert [problem.error for problem in extract.problems].count(False) == 101
    assert "50 more warnings" in extract.problems[-1].message


def test_messages_hold_no_record_mis_02(read, make) -> None:
    rows = [
        make.student(primary_id="7"),
        make.student(primary_id="7", DOB="1/1/11"),
        make.student(UPN="x" * 20),
    ]
    extract = read(
        make.xml([*rows, make.student(primary_id="8", Legal_Surname=""), make.student(primary_id="")])
    )
    told = " ".join(f"{problem.message} {problem.where}" for problem in extract.problems)
    assert len(extract.problems) >= 4
    assert not any(name in told for name in ("Súilleabháin", "Róisín", "R2011", "2014-09-15"))


@pytest.mark.parametrize("name", ["report.xlsx", "report", "", ".xml.txt", "\0"])
def test_other_files_are_refused_by_name_mis_02(read, name: str) -> None:
    (problem,) = read(b"<SuperStarReport/>", name).problems
    assert "Only .xml, .csv and .zip" in problem.message
