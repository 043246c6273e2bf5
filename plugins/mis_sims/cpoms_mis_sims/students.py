"""Rows of a students report, and of contacts reports, to student records (MIS-05)."""

from __future__ import annotations

import dataclasses
import datetime as dt

from cpoms_core.imports import codes
from cpoms_core.imports.records import StudentRecord
from cpoms_mis_sims import values
from cpoms_mis_sims.contacts import add_contact, add_contacts, contact_records
from cpoms_mis_sims.kinds import Recognised
from cpoms_mis_sims.people import Person, Register
from cpoms_mis_sims.problems import Problems, quoted

PLAIN = ("preferred_forename", "preferred_surname", "middle_names", "religion", "first_language")
SINGLES = {
    "legal_forename": True,
    "legal_surname": True,
    "date_of_birth": True,
    **dict.fromkeys(
        (
            *PLAIN,
            "upn",
            "former_upn",
            "admission_number",
            "gender",
            "year_group",
            "tutor_group",
            "sen_status",
        ),
        False,
    ),
    **dict.fromkeys(("pupil_premium", "free_school_meals", "english_additional", "ethnicity"), False),
    **dict.fromkeys(("admission_date", "leaving_date"), False),
}
SEVERAL = ("sen_needs", "medical_conditions", "siblings")
TWO_PEOPLE = (
    "Two different students have the id {id}: see also {other}. Each student needs an id of their own; check"
    " the id column of the report."
)
NAMELESS = "The student has no legal {part}. Enter it in SIMS and run the report again."
LEFT = "The leaving date is in the past, so the student is taken to have left."
BAD_UPN = "The UPN has a wrong check letter or form. It was kept; check it in SIMS."
LONG_UPN = "The UPN is longer than 13 characters and was left out. Correct it in SIMS."
SAME_UPN = "Another student has the same UPN. Both were kept; correct it in SIMS."


def read_students(
    students: Recognised, contacts: list[Recognised], problems: Problems, today: dt.date
) -> tuple[StudentRecord, ...]:
    """The students of a full extract, in the order of the report. Those who left before `today` are not in
    it. Raises Refused when a report cannot be read on."""
    register = Register(problems)
    people: dict[str, Person] = {}
    for id, cells in register.identified(students):
        person = register.enter(people, id, students.report.where(cells.row.line))
        if other := register.merge(person, cells, SINGLES):
            problems.error(TWO_PEOPLE.format(id=quoted(id), other=person.place(other)), cells.where(other))
        register.merge_several(person, cells, SEVERAL)
        register.merge_address(person, cells, "address")
        add_contact(register, person, cells)
    for report in contacts:
        add_contacts(register, people, report)
    records = [
        _record(person, problems, today) for person in people.values() if _here(person, problems, today)
    ]
    _check_upns(records, problems)
    return _with_siblings(records)


def fields_of(students: Recognised, contacts: list[Recognised]) -> frozenset[str]:
    """The fields of StudentRecord that a delivery speaks about."""
    names = {field.name for field in dataclasses.fields(StudentRecord)}
    spoken = {name for name in names if students.binding.has(name)} | {"mis_id"}
    own_contacts = any(students.binding.has(f"contact_{part}") for part in ("name", "surname", "forename"))
    return frozenset(spoken | {"contacts"} if contacts or own_contacts else spoken)


def _here(person: Person, problems: Problems, today: dt.date) -> bool:
    left = person.value("leaving_date", values.date, problems)
    if left and left < today:
        problems.tally(LEFT, person.place("leaving_date"), "students")
        return False
    return True


def _record(person: Person, problems: Problems, today: dt.date) -> StudentRecord:
    names = {}
    for part in ("forename", "surname"):
        names[part] = person.text(f"legal_{part}") or person.text(f"preferred_{part}")
        if not names[part]:
            problems.error(
                NAMELESS.format(part=part), dataclasses.replace(person.where, element=f"Legal {part.title()}")
            )
    return StudentRecord(
        mis_id=person.id,
        legal_forename=names["forename"],
        legal_surname=names["surname"],
        **{name: person.text(name) for name in PLAIN},
        upn=_upn(person, "upn", problems),
        former_upn=_upn(person, "former_upn", problems),
        admission_number=values.admission_number(person.text("admission_number")),
        date_of_birth=person.value("date_of_birth", lambda text: values.date_of_birth(text, today), problems),
        gender=codes.gender(person.text("gender")),
        year_group=codes.year_group(person.text("year_group")),
        tutor_group=person.text("tutor_group"),
        sen_status=person.value_or_none("sen_status", _sen_status, problems) or "",
        sen_needs=_sen_needs(person, problems),
        medical_conditions=tuple(person.texts("medical_conditions")),
        pupil_premium=person.value_or_none("pupil_premium", values.flag, problems),
        free_school_meals=person.value_or_none("free_school_meals", values.flag, problems),
        english_additional=person.value_or_none("english_additional", values.flag, problems),
        ethnicity=codes.ethnicity(person.text("ethnicity")),
        address=person.text("address"),
        admission_date=person.value("admission_date", values.date, problems),
        siblings=tuple(sibling for text in person.texts("siblings") for sibling in values.id_list(text)),
        contacts=contact_records(person, problems),
        where=person.where,
    )


def _sen_status(text: str) -> str:
    code = codes.sen_status(text)
    if text and not code:
        raise ValueError("is not a known SEN status (N, K or E)")
    return code


def _sen_needs(person: Person, problems: Problems) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text, where in person.texts("sen_needs").items():
        parts = (
            [text] if codes.sen_need(text) else [part.strip() for part in text.replace(";", ",").split(",")]
        )
        for part in filter(None, parts):
            if code := codes.sen_need(part):
                found[code] = None
            else:
                message = f"{quoted(part)} is not a known type of special educational need; it was left out."
                problems.tally(message, where, "students")
    return tuple(found)


def _upn(person: Person, name: str, problems: Problems) -> str:
    upn = codes.normal_upn(person.text(name))
    if upn and not codes.valid_upn(upn):
        problems.tally(BAD_UPN if len(upn) <= 13 else LONG_UPN, person.place(name), "students")
    return upn if len(upn) <= 13 else ""


def _check_upns(records: list[StudentRecord], problems: Problems) -> None:
    seen = set()
    for record in records:
        if record.upn and record.upn in seen:
            problems.tally(SAME_UPN, record.where, "students")
        seen.add(record.upn)


def _with_siblings(records: list[StudentRecord]) -> tuple[StudentRecord, ...]:
    """Makes each sibling link known on both sides, in a stable order; nobody is their own sibling."""
    links: dict[str, set[str]] = {record.mis_id: set() for record in records}
    for record in records:
        for other in set(record.siblings) - {record.mis_id}:
            links[record.mis_id].add(other)
            if other in links:
                links[other].add(record.mis_id)
    return tuple(
        dataclasses.replace(record, siblings=tuple(sorted(links[record.mis_id]))) for record in records
    )
