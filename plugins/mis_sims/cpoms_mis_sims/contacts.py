"""A student's contacts, from a contacts report or from columns of the students report (STU-04)."""

from __future__ import annotations

import hashlib

from cpoms_core.imports import codes
from cpoms_core.imports.records import ContactRecord
from cpoms_mis_sims import values
from cpoms_mis_sims.kinds import Recognised
from cpoms_mis_sims.people import Cells, Person, Register
from cpoms_mis_sims.problems import Problems, Refused

SINGLES = {
    "contact_name": False,
    "contact_title": False,
    "contact_forename": False,
    "contact_surname": False,
    "contact_relationship": False,
    "contact_priority": False,
    "contact_parental_responsibility": False,
    "contact_email": False,
}
NO_ID = (
    "The contacts have no id column, so a contact whose name changes is taken for a new one. Add the"
    " contact's id to the report under the caption “Contact ID”."
)
STRANGERS = (
    "The contacts are of students who are not in the students report and were left out. Check that both"
    " reports have the same filter."
)
ALL_STRANGERS = (
    "No student of the contacts report is in the students report, so the two use different ids. Put the"
    " column “primary_id” of the student in both and run them again."
)


def add_contact(register: Register, student: Person, cells: Cells) -> None:
    """Adds the contact of one row, if the row has one."""
    name = _name(*(cells.one(f"contact_{part}") for part in ("name", "title", "forename", "surname")))
    id = values.identifier(cells.one("contact_id"))
    if not name:
        return
    if not id:
        register.problems.tally(NO_ID, cells.where("contact_surname"), "rows")
        relation = cells.one("contact_relationship")
        id = "name:" + hashlib.sha256(f"{name}\n{relation}".casefold().encode()).hexdigest()[:16]
    contact = register.enter(student.parts, id, cells.where("contact_surname"))
    register.merge(contact, cells, SINGLES)
    register.merge_several(contact, cells, ("contact_phone",))
    register.merge_address(contact, cells, "contact_address")


def add_contacts(register: Register, students: dict[str, Person], recognised: Recognised) -> None:
    """Adds the rows of a contacts report to the students."""
    matched = strangers = 0
    for id, cells in register.identified(recognised):
        student = students.get(id)
        if student is None:
            strangers += 1
            register.problems.tally(STRANGERS, cells.where("student_id"), "rows")
        else:
            matched += 1
            add_contact(register, student, cells)
    if strangers and not matched:
        raise Refused(ALL_STRANGERS, recognised.report.where())


def contact_records(student: Person, problems: Problems) -> tuple[ContactRecord, ...]:
    """The student's contacts, those to call first at the top."""
    records = [_record(contact, problems) for contact in student.parts.values()]
    return tuple(sorted(records, key=lambda contact: (contact.priority or 1_000, contact.mis_id)))


def _record(contact: Person, problems: Problems) -> ContactRecord:
    parts = ("name", "title", "forename", "surname")
    return ContactRecord(
        mis_id=contact.id,
        name=_name(*(contact.text(f"contact_{part}") for part in parts)),
        relationship=codes.relationship(contact.text("contact_relationship")),
        priority=contact.value_or_none("contact_priority", values.priority, problems),
        parental_responsibility=contact.value_or_none(
            "contact_parental_responsibility", values.flag, problems
        ),
        phones=tuple(contact.texts("contact_phone")),
        email=contact.text("contact_email"),
        address=contact.text("contact_address"),
    )


def _name(name: str, title: str, forename: str, surname: str) -> str:
    """The full name if the report has one, else its parts; a title alone is no name."""
    return name or (
        " ".join(part for part in (title, forename, surname) if part) if forename or surname else ""
    )
