"""Rows of students and contacts to records (MIS-05, STU-02, STU-04)."""

from __future__ import annotations

import datetime as dt

import pytest

WARNED = {"primary_id": "54", "Legal Surname": "Bo", "Legal Forename": "Li", "Reg": "7A"}


def test_every_field_is_mapped_to_the_words_of_the_core_stu_02(read, make) -> None:
    row = make.student(
        Former_UPN="t2011 0001804v",
        Adno="4123",
        Preferred_Forename="Ro",
        Middle_name="Anne",
        Gender="F",
        SEN_status="SEN support",
        SEN_need="Social, Emotional & Mental Health",
        Medical_condition="Nut allergy, severe",
        Pupil_premium="T",
        FSM="No",
        EAL="Not known",
        Ethnicity="White, British",
        Religion="No Religion",
        First_language="Irish",
        House_number="12",
        Street="Mill Lane",
        Postcode="ZZ1 1AB",
        Admission_date="2026-09-03T00:00:00+01:00",
    )
    extract = read(make.xml([row]))
    assert extract.problems == []
    (student,) = extract.students
    assert student.mis_id == "52"
    assert (student.legal_forename, student.preferred_forename, student.middle_names) == (
        "Róisín",
        "Ro",
        "Anne",
    )
    assert (student.upn, student.former_upn) == ("R201100018042", "T20110001804V")
    assert student.admission_number == "004123"
    assert student.date_of_birth == dt.date(2014, 9, 15)
    assert (student.gender, student.year_group, student.tutor_group) == ("Female", "7", "7A")
    assert (student.sen_status, student.sen_needs) == ("K", ("SEMH",))
    assert student.medical_conditions == ("Nut allergy, severe",)
    flags = (student.pupil_premium, student.free_school_meals, student.english_additional)
    assert flags == (True, False, None)
    assert (student.ethnicity, student.religion, student.first_language) == (
        "White British",
        "No Religion",
        "Irish",
    )
    assert student.address == "12 Mill Lane, ZZ1 1AB"
    assert student.admission_date == dt.date(2026, 9, 3)


def test_the_cross_product_is_one_student_mis_05(read, make) -> None:
    rows = [
        make.student(Medical_condition=condition, SEN_need=need, Sibling_ID=sibling)
        for condition in ("Asthma", "Epilepsy")
        for need in ("SEMH", "ASD")
        for sibling in ("60", "61")
    ]
    extract = read(make.xml(rows))
    assert extract.problems == []
    (student,) = extract.students
    assert student.medical_conditions == ("Asthma", "Epilepsy")
    assert student.sen_needs == ("SEMH", "ASD")
    assert student.siblings == ("60", "61")


def contact(student: str, id: str, **changes: str) -> dict[str, str]:
    row = {
        "primary_id": student,
        "Contact ID": id,
        "Contact title": "Mrs",
        "Contact forename": "Ada",
        "Contact surname": "Mock",
        "Relationship": "Mum",
        "Priority": "1",
        "Parental responsibility": "T",
        "Contact telephone": "07700 900001",
    }
    row.update({caption.replace("_", " "): text for caption, text in changes.items()})
    return row


def test_contacts_join_their_students_and_keep_all_telephones_stu_04(read, make) -> None:
    contacts = [
        contact("52", "901", Relationship="Grandmother", Priority="2", Contact_forename="Eva"),
        contact("52", "900"),
        contact("52", "900", Contact_telephone="01632 960001"),
        contact("53", "900", Parental_responsibility=""),
        {"primary_id": "53"},
    ]
    students = [make.student(), make.student(primary_id="53", UPN="", DOB="2012-01-01")]
    extract = read(make.zip({"c.xml": make.xml(contacts), "s.xml": make.xml(students)}), "a.zip")
    assert extract.problems == []
    first, second = extract.students
    mother, grandmother = first.contacts
    assert (mother.mis_id, mother.name, mother.relationship, mother.priority) == (
        "900",
        "Mrs Ada Mock",
        "Mother",
        1,
    )
    assert mother.phones == ("07700 900001", "01632 960001")
    assert mother.parental_responsibility is True
    assert (grandmother.name, grandmother.relationship) == ("Mrs Eva Mock", "Grandmother")
    assert [one.mis_id for one in second.contacts] == ["900"]
    assert second.contacts[0].parental_responsibility is None
    assert "contacts" in extract.student_fields


def test_contacts_may_be_columns_of_the_students_report_stu_04(read, make) -> None:
    rows = [make.student() | contact("52", id) for id in ("900", "901")]
    (student,) = read(make.xml(rows)).students
    assert [one.mis_id for one in student.contacts] == ["900", "901"]


def test_two_addresses_of_one_person_are_not_mixed_stu_04(read, make) -> None:
    rows = [
        make.student(House_number=number, Street=street) for number, street in (("1", "A St"), ("2", "B St"))
    ]
    assert read(make.xml(rows)).students[0].address == "1 A St"


def test_contacts_without_ids_are_kept_with_a_warning_stu_04(read, make) -> None:
    def row(name: str) -> dict[str, str]:
        return {"primary_id": "52", "Contact name": name, "Relationship": "Father"}

    data = {"s.xml": make.xml([make.student()]), "c.xml": make.xml([row("Al Mock"), row("Bo Mock")])}
    extract = read(make.zip(data), "a.zip")
    (warning,) = extract.problems
    assert not warning.error
    assert "Contact ID" in warning.message
    ids = {one.mis_id for one in extract.students[0].contacts}
    assert len(ids) == 2
    assert ids == {one.mis_id for one in read(make.zip(data), "a.zip").students[0].contacts}


def test_contacts_of_others_are_left_out_and_ids_of_two_kinds_refused_mis_02(read, make) -> None:
    def both(*ids: str) -> bytes:
        contacts = make.xml([contact(id, "900") for id in ids])
        return make.zip({"s.xml": make.xml([make.student()]), "c.xml": contacts})

    extract = read(both("52", "77", "78"), "a.zip")
    (warning,) = extract.problems
    assert not warning.error
    assert "(2 rows;" in warning.message
    refused = read(both("77", "78"), "a.zip")
    assert refused.refused
    assert any("different ids" in problem.message for problem in refused.problems)


@pytest.mark.parametrize(
    ("caption", "text"), [("DOB", "2011-01-01"), ("Legal_Surname", "Other"), ("Legal_Forename", "Other")]
)
def test_two_students_with_one_id_are_an_error_at_both_lines_mis_02(
    read, make, caption: str, text: str
) -> None:
    extract = read(make.xml([make.student(), make.student(**{caption: text})]))
    assert extract.students is None
    (problem,) = extract.problems
    assert problem.error
    assert "Two different students have the id “52”" in problem.message
    assert problem.where.element == caption.replace("_", " ")
    assert problem.where.line > 11
    assert "line " in problem.message
    assert "Súilleabháin" not in problem.message


def test_a_different_tutor_group_in_a_row_is_a_warning_mis_02(read, make) -> None:
    extract = read(make.xml([make.student(), make.student(Reg="8C"), make.student(Reg="9C")]))
    assert extract.students[0].tutor_group == "7A"
    (warning,) = extract.problems
    assert not warning.error
    assert "“Reg”" in warning.message
    assert "(1 person)" in warning.message


def test_siblings_are_known_on_both_sides_mis_01(read, make) -> None:
    rows = [
        make.student(primary_id="1", Siblings="2;9, 1"),
        make.student(primary_id="2", UPN="", DOB="2011-01-01"),
        make.student(primary_id="3", UPN="", DOB="2011-01-02"),
    ]
    first, second, third = read(make.xml(rows)).students
    assert first.siblings == ("2", "9")
    assert second.siblings == ("1",)
    assert third.siblings == ()


def test_twins_and_namesakes_stay_apart_mis_05(read, make) -> None:
    rows = [
        make.student(primary_id="1"),
        make.student(primary_id="2", UPN=""),
        make.student(primary_id="3", UPN="", DOB="2011-01-02"),
    ]
    assert [student.mis_id for student in read(make.xml(rows)).students] == ["1", "2", "3"]


def test_a_shared_or_wrong_upn_is_a_warning_and_never_a_key_mis_05(read, make) -> None:
    rows = [
        make.student(primary_id="1"),
        make.student(primary_id="2"),
        make.student(primary_id="3", UPN="Q207000016049"),
        make.student(primary_id="4", UPN="Q2070000160499"),
        make.student(primary_id="5", UPN=""),
        make.student(primary_id="6", UPN=""),
    ]
    extract = read(make.xml(rows))
    assert not extract.refused
    assert [student.upn for student in extract.students] == [
        *("R201100018042", "R201100018042", "Q207000016049", "", "", "")
    ]
    assert [problem.message[:20] for problem in extract.problems] == [
        *("The UPN has a wrong ", "The UPN is longer th", "Another student has ")
    ]


@pytest.mark.parametrize("caption", ["Legal_Surname", "Legal_Forename"])
def test_a_missing_name_is_an_error_at_its_line_mis_02(read, make, caption: str) -> None:
    rows = [make.student(), make.student(primary_id="53", UPN="", **{caption: " "})]
    (problem,) = read(make.xml(rows)).problems
    assert problem.error
    assert problem.where.element == caption.replace("_", " ")
    assert problem.where.line == 11


def test_a_preferred_name_stands_in_for_a_missing_legal_one_mis_05(read, make) -> None:
    extract = read(make.xml([make.student(Legal_Surname="", Surname="Bo")]))
    assert extract.students[0].legal_surname == "Bo"


@pytest.mark.parametrize(
    ("caption", "text", "words"),
    [
        ("DOB", "31/02/2014", "does not exist"),
        ("DOB", "2026-10-02T00:00:00+01:00", "future"),
        ("Admission date", "soon", "not a date"),
        ("Reg", "x" * 41, "longer than 40"),
        ("Legal Surname", "x" * 101, "longer than 100"),
        ("primary_id", "5" * 81, "longer than 80"),
    ],
)
def test_a_wrong_value_is_an_error_at_line_and_element_mis_02(
    read, make, caption: str, text: str, words: str
) -> None:
    row = make.student() | {caption: text}
    (problem,) = read(make.xml([row])).problems
    assert problem.error
    assert words in problem.message
    assert problem.where.element == caption
    assert problem.where.line == 3 + list(row).index(caption)


def test_unknown_words_are_told_once_and_left_empty_mis_05(read, make) -> None:
    rows = [
        WARNED
        | {"primary_id": str(number), "SEN status": "Monitored", "FSM": "Maybe", "SEN need": "Loud, ASD"}
        for number in range(30)
    ]
    extract = read(make.xml(rows))
    assert len(extract.students) == 30
    student = extract.students[0]
    assert (student.sen_status, student.free_school_meals, student.sen_needs) == ("", None, ("ASD",))
    assert len(extract.problems) == 3
    assert all("(30 " in problem.message and not problem.error for problem in extract.problems)
    assert {problem.where.line for problem in extract.problems} <= set(range(2, 11))


def test_who_left_is_not_in_the_extract_mis_05(read, make) -> None:
    rows = [
        make.student(primary_id="1", Leaving_date="2026-09-30"),
        make.student(primary_id="2", UPN="", Leaving_date="2026-10-01"),
        make.student(primary_id="3", UPN=""),
    ]
    extract = read(make.xml(rows))
    assert [student.mis_id for student in extract.students] == ["2", "3"]
    assert "leaving date" in extract.problems[0].message


def test_only_columns_of_the_report_are_spoken_about_mis_01(read, make) -> None:
    fields = read(make.xml([make.student()])).student_fields
    assert fields == {
        *("mis_id", "legal_forename", "legal_surname", "upn", "date_of_birth", "year_group", "tutor_group")
    }


def test_a_row_without_an_id_among_others_is_an_error_mis_02(read, make) -> None:
    (problem,) = read(make.xml([make.student(), make.student(primary_id="")])).problems
    assert problem.error
    assert "no id" in problem.message
    assert problem.where.line == 11


def test_more_people_than_a_school_has_are_refused_mis_02(
    read, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpoms_mis_sims.people.MAX_PEOPLE", 3)
    rows = [make.student(primary_id=str(number), UPN="") for number in range(4)]
    assert len(read(make.xml(rows[:3])).students) == 3
    (problem,) = read(make.xml(rows)).problems
    assert "people. Narrow the reports" in problem.message
    assert problem.where.line == 29


def test_one_person_cannot_have_endless_values_mis_02(read, make) -> None:
    rows = [make.student(Medical_condition=f"Condition {number}") for number in range(101)]
    assert len(read(make.xml(rows[:100])).students[0].medical_conditions) == 100
    (problem,) = read(make.xml(rows)).problems
    assert "more than 100 different values" in problem.message
    assert problem.where.element == "Medical condition"
