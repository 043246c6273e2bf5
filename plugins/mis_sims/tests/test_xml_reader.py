"""Command Reporter XML as SIMS writes it (MIS-05) and what is said of a file that is wrong (MIS-02)."""

from __future__ import annotations

import datetime as dt

import pytest

STAFF = b"""<SuperStarReport>
  <xs:schema id="SuperStarReport" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema">
    <xs:element name="SuperStarReport"><xs:complexType><xs:choice><xs:element name="Record"/>
    </xs:choice></xs:complexType></xs:element>
  </xs:schema>
  <Record>
    <multiple_id>52,275</multiple_id>
    <NINumber>QQ123456C</NINumber>
    <LegalForename>Ada</LegalForename>
    <LegalSurname>Mock</LegalSurname>
    <Title>Mrs</Title>
    <DOB>1962-03-17T00:00:00+00:00</DOB>
    <ClearanceLevel>List 99 Cleared</ClearanceLevel>
  </Record>
</SuperStarReport>"""


def schema(*captions: str) -> bytes:
    columns = "".join(f'<xs:element name="{caption}" minOccurs="0"/>' for caption in captions)
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{columns}</xs:schema>'.encode()


def test_staff_in_the_vendors_form_mis_05(read) -> None:
    extract = read(STAFF)
    assert extract.problems == []
    (person,) = extract.staff
    assert (person.mis_id, person.forename, person.surname, person.title) == ("52", "Ada", "Mock", "Mrs")
    assert person.where.line == 6
    assert extract.students is None
    assert extract.marks is None


def test_a_summer_birthday_stays_on_its_day_mis_05(read, make) -> None:
    (student,) = read(make.xml([make.student(DOB="2012-06-14T00:00:00+01:00")])).students
    assert student.date_of_birth == dt.date(2012, 6, 14)


def test_a_missing_element_is_an_empty_value_mis_05(read, make) -> None:
    second = {"primary_id": "53", "Legal Surname": "Bo", "Legal Forename": "Li"}
    first, other = read(make.xml([make.student(), second])).students
    assert first.year_group == "7"
    assert (other.year_group, other.date_of_birth, other.upn) == ("", None, "")


def test_both_ways_to_write_a_space_in_a_name_mis_05(read, make) -> None:
    data = make.xml([make.student()]).replace(b"Legal_x0020_Surname", b"Legal_X0020Surname")
    assert read(data).students[0].legal_surname == "Ó Súilleabháin"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_declared_encodings_of_windows_are_read_mis_05(read, make, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + make.xml([make.student()]).decode()
    assert read(text.encode(encoding)).students[0].legal_surname == "Ó Súilleabháin"


@pytest.mark.parametrize(
    "data",
    [
        b"<CommandReporterError>Login failed for the account</CommandReporterError>",
        b"<CommandReporterError><Message>Login failed for the account</Message></CommandReporterError>",
        b"<SuperStarReport><CommandReporterError>Login failed for the account</CommandReporterError>"
        b"</SuperStarReport>",
    ],
)
def test_an_error_of_command_reporter_is_passed_on_mis_02(read, data: bytes) -> None:
    extract = read(data)
    assert extract.refused
    (problem,) = extract.problems
    assert "Login failed for the account" in problem.message
    assert problem.where.element == "CommandReporterError"


def test_no_records_never_means_that_everyone_left_mis_02(read) -> None:
    for body in (b"", schema("primary_id", "UPN", "Legal_x0020_Surname", "Legal_x0020_Forename")):
        extract = read(b"<SuperStarReport>" + body + b"</SuperStarReport>")
        assert extract.refused
        assert extract.students is None
        assert "no records" in extract.problems[0].message


def test_blank_ids_say_which_group_the_account_must_join_mis_02(read, make) -> None:
    row = make.student()
    del row["primary_id"]
    named = make.xml([row])
    declared = named.replace(b"<SuperStarReport>", b"<SuperStarReport>" + schema("primary_id"))
    empty = make.xml([make.student(primary_id="")])
    for data in (named, declared, empty):
        extract = read(data)
        assert extract.refused
        (problem,) = extract.problems
        assert "Third Party Reporter" in problem.message


def test_a_column_twice_in_a_record_is_an_error_with_its_line_mis_02(read, make) -> None:
    data = make.xml([make.student()]).replace(b"<UPN>", b"<Reg>7B</Reg>\n<UPN>")
    (problem,) = read(data).problems
    assert problem.error
    assert problem.where.element == "Reg"
    assert problem.where.line == 10


def test_another_programs_xml_is_named_mis_02(read) -> None:
    (problem,) = read(b"<StudentExtendeds><Student/></StudentExtendeds>").problems
    assert "<StudentExtendeds>" in problem.message
    assert problem.where.line == 1


@pytest.mark.parametrize(
    ("data", "words", "line"),
    [
        (b"<SuperStarReport>\n<Record>\n<UPN>A", "cut off", 3),
        (b"<SuperStarReport>\n<Record>\n<UPN", "cut off", 3),
        (b"<:SuperStarReport/>", ":SuperStarReport", 1),
        (b"<SuperStarReport>\n<Record>\n</SuperStarReport>", "well-formed", 3),
        (b"<SuperStarReport>\n<Record><UPN>\0</UPN></Record></SuperStarReport>", "NUL", 2),
        (b"<SuperStarReport>\n<Record><UPN>&#1;</UPN></Record></SuperStarReport>", "does not allow", 2),
        (b"<SuperStarReport>\n<Record><UPN>&who;</UPN></Record></SuperStarReport>", "well-formed", 2),
        (b"<SuperStarReport>\n<Record>&who;</Record></SuperStarReport>", "well-formed", 2),
        (b"<SuperStarReport>\n&who;<Record></Record></SuperStarReport>", "well-formed", 1),
        (b"<SuperStarReport>\n<Record><UPN><b><i/></b></UPN></Record></SuperStarReport>", "nested", 2),
        (b"\n<?xml version='1.0'?><SuperStarReport/>", "not an XML file", 2),
        (
            "<SuperStarReport>\n<Record><Reg>é</Reg></Record></SuperStarReport>".encode("cp1252"),
            "encoding",
            2,
        ),
        (b"name,age\n1,2\n", "not an XML file", 1),
        (b"", "not an XML file", 1),
    ],
)
def test_what_is_wrong_and_where_mis_02(read, data: bytes, words: str, line: int) -> None:
    extract = read(data)
    assert extract.refused
    (problem,) = extract.problems
    assert words in problem.message
    assert problem.where.line == line


def test_lines_past_sixty_five_thousand_are_right_mis_02(read, make) -> None:
    data = make.xml([make.student()]).replace(b"<Record>", b"\n" * 70_000 + b"<Record>", 1)
    data = data.replace(b"2014-09-15T00:00:00+01:00", b"2014-02-31")
    (problem,) = read(data).problems
    assert problem.where.line == 70_007
    assert problem.where.element == "DOB"
