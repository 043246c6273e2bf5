"""Rows of staff to records (USR-01)."""

from __future__ import annotations

import datetime as dt


def staff_row(**changes: str) -> dict[str, str]:
    row = {"primary_id": "301", "Staff Code": "AMO", "Title": "Mrs", "Forename": "Ada", "Surname": "Mock"}
    named = {caption: caption.replace("_", " ") for caption in changes if caption != "primary_id"}
    return row | {named.get(caption, caption): text for caption, text in changes.items()}


def test_a_member_of_staff_usr_01(read, make) -> None:
    row = staff_row(
        Work_email="a.mock@hillside.example", Employment_start="2019-09-01T00:00:00+01:00", FTE="1.00"
    )
    extract = read(make.xml([row]))
    assert extract.problems == []
    (person,) = extract.staff
    assert (person.mis_id, person.title, person.forename, person.surname) == ("301", "Mrs", "Ada", "Mock")
    assert person.email == "a.mock@hillside.example"
    assert (person.start_date, person.end_date, person.full_time) == (dt.date(2019, 9, 1), None, True)
    assert extract.staff_fields == {
        *("mis_id", "title", "forename", "surname", "email", "start_date", "full_time")
    }
    assert extract.students is None


def test_several_contracts_are_one_person_usr_01(read, make) -> None:
    def row(start: str, end: str, full: str) -> dict[str, str]:
        return staff_row(Employment_start=start, Employment_end=end, Full_time=full)

    open_ended = [row("2019-09-01", "2024-08-31", "F"), row("2024-09-01", "", "T")]
    ended = [row("2019-09-01", "2024-08-31", "F"), row("2024-09-01", "2026-08-31", "F")]
    (person,) = read(make.xml(open_ended)).staff
    assert (person.start_date, person.end_date, person.full_time) == (dt.date(2019, 9, 1), None, True)
    (person,) = read(make.xml(ended)).staff
    assert (person.end_date, person.full_time) == (dt.date(2026, 8, 31), False)


def test_the_preferred_name_is_the_one_that_colleagues_know_usr_01(read, make) -> None:
    (person,) = read(make.xml([staff_row(Legal_Surname="Mock-Legal", Preferred_Forename="Addie")])).staff
    assert (person.forename, person.surname) == ("Addie", "Mock")


def test_two_people_with_one_id_and_missing_names_are_errors_mis_02(read, make) -> None:
    (problem,) = read(make.xml([staff_row(), staff_row(Surname="Other")])).problems
    assert "Two different members of staff have the id “301”" in problem.message
    (problem,) = read(make.xml([staff_row(), staff_row(primary_id="302", Surname="")])).problems
    assert problem.where.element == "Surname"
    assert problem.where.line == 9


def test_wrong_values_mis_02(read, make) -> None:
    extract = read(
        make.xml([staff_row(Work_email="none", Full_time="Sometimes", Employment_start="2019-02-30")])
    )
    assert [problem.error for problem in extract.problems] == [True, True, False]
    warned = read(make.xml([staff_row(Work_email="none")]))
    assert warned.staff[0].email == ""
    assert not warned.refused
