"""Command Reporter CSV, and what Excel makes of it (MIS-05, MIS-02)."""

from __future__ import annotations

import datetime as dt

import pytest
from cpoms_mis_sims import limits

HEADER = "ID,UPN,Legal Surname,Legal Forename,DOB,Reg\r\n"
ROW = '52,R201100018042,"Smith, the elder",Zoë,31/08/2014,7A \r\n'


def test_quoted_commas_trailing_spaces_and_both_kinds_of_date_mis_05(read) -> None:
    extract = read((HEADER + ROW + "53,,Bo,Li,2014-09-01,7B\r\n").encode(), "students.csv")
    assert extract.problems == []
    first, second = extract.students
    assert (first.mis_id, first.legal_surname, first.tutor_group) == ("52", "Smith, the elder", "7A")
    assert first.date_of_birth == dt.date(2014, 8, 31)
    assert second.date_of_birth == dt.date(2014, 9, 1)
    assert second.where.line == 3


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf_8_with_or_without_a_mark_mis_05(read, mark: bytes) -> None:
    extract = read(mark + (HEADER + ROW).encode(), "students.csv")
    assert extract.problems == []
    assert extract.students[0].legal_forename == "Zoë"


def test_windows_1252_is_read_with_a_warning_mis_05(read) -> None:
    extract = read((HEADER + ROW.replace("elder", "‘elder’")).encode("cp1252"), "students.csv")
    assert extract.students[0].legal_forename == "Zoë"
    assert extract.students[0].legal_surname == "Smith, the ‘elder’"
    (warning,) = extract.problems
    assert not warning.error
    assert "Windows-1252" in warning.message


def test_utf_8_that_turns_out_wrong_far_into_the_file_is_windows_1252_mis_05(read) -> None:
    rows = "".join(f"{number},,Bo,Li,,7B\r\n" for number in range(100, 5_000))
    data = (HEADER + rows).encode() + ROW.encode("cp1252")
    extract = read(data, "students.csv")
    assert extract.students[-1].legal_forename == "Zoë"
    assert len(extract.students) == 4_901


def test_utf_8_saved_again_as_utf_8_is_refused_as_garbled_mis_02(read) -> None:
    data = (HEADER + ROW).encode().decode("cp1252").encode()
    (problem,) = read(data, "students.csv").problems
    assert problem.error
    assert "garbled" in problem.message
    assert (problem.where.line, problem.where.element) == (2, "Legal Forename")


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        (HEADER + ROW + "53,,Bo,Li,,7B,extra\r\n", "7 cells", 3),
        (HEADER + ROW + "53,,Bo\r\n", "3 cells", 3),
        (HEADER + '52,,"Bo,Li,,7B\r\n' + ROW, "quotation mark", 2),
        (HEADER + '52,,"Bo" x,Li,,7B\r\n', "quotation mark", 2),
        (HEADER + "52,,B\0o,Li,,7B\r\n", "NUL", 2),
        (HEADER + "52,,Bo,Li,," + "x" * limits.MAX_LINE + "\r\n", "longer than", 2),
        ("ID,UPN,Reg,UPN\r\n1,2,3,4\r\n", "Columns 2 and 4", 1),
        ("ID,UPN,Legal Surname,legal_surname\r\n1,2,3,4\r\n", "Columns 3 and 4", 1),
        (",".join(f"c{number}" for number in range(301)) + "\r\n", "columns", 1),
    ],
)
def test_what_is_wrong_and_where_mis_02(read, text: str, words: str, line: int) -> None:
    extract = read(text.encode(), "students.csv")
    assert extract.refused
    assert extract.students is None
    (problem,) = extract.problems
    assert words in problem.message
    assert problem.where.line == line


def test_an_unclosed_quotation_mark_does_not_swallow_a_large_file_mis_02(read) -> None:
    data = (HEADER + '52,,"Bo,Li,,7B\r\n').encode() + ROW.encode() * 100_000
    (problem,) = read(data, "students.csv").problems
    assert "quotation mark" in problem.message
    assert problem.where.line == 2


def test_a_value_over_two_lines_counts_lines_right_mis_02(read) -> None:
    text = HEADER + '52,,"Bo\r\nStar",Li,,7B\r\n\r\n53,,Bo,Li,31/02/2014,7B\r\n'
    (problem,) = read(text.encode(), "students.csv").problems
    assert (problem.where.line, problem.where.element) == (5, "DOB")


def test_blank_rows_and_empty_cells_past_the_captions_do_no_harm_mis_05(read) -> None:
    text = HEADER.strip() + ",,\r\n" + "52,,Bo,Li,,7B,,\r\n" + ",,,,,,,\r\n" + "\r\n"
    extract = read(text.encode(), "students.csv")
    assert extract.problems == []
    assert len(extract.students) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEADER.encode("utf-16"), "UTF-16"),
        (HEADER.encode() + b"52,,B\x81\xe9,Li,,7B\r\n", "neither UTF-8 nor Windows-1252"),
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"PK\x03\x04rest of a workbook", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest of an old workbook", "Excel workbook"),
    ],
)
def test_files_that_are_no_csv_are_told_apart_mis_02(read, data: bytes, words: str) -> None:
    (problem,) = read(data, "students.csv").problems
    assert problem.error
    assert words in problem.message


def test_without_captions_no_childs_data_is_quoted_mis_02(read) -> None:
    text = "52,Featherstonehaugh,Featherstonehaugh,14/09/2014\r\n53,Bo,Li,15/09/2014\r\n"
    for data in (text, text.replace("h,F", "h,G")):
        extract = read(data.encode(), "students.csv")
        assert extract.refused
        assert not any("eatherstone" in str(problem) for problem in extract.problems)
