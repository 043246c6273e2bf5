"""Contacts of a student: those of the MIS, and the school's own beside them (STU-04)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students import versions
from cpoms_core.students.models import Contact, Student
from cpoms_core.tenancy.scope import SchoolSession

LONGEST = {"name": 200, "relationship": 80, "email": 254, "address": 500}  # characters
LONGEST_PHONE = 40  # characters
MOST_PHONES = 6
HIGHEST_PRIORITY = 99
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A contact as it is typed. parental_responsibility: None is not known; priority: 1 is called first."""

    name: str
    relationship: str = ""
    priority: int | None = None
    parental_responsibility: bool | None = None
    phones: Sequence[str] = ()
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ContactShown:
    """A contact on the page; names and texts are the viewer's to see."""

    id: uuid.UUID
    name: str
    relationship: str
    priority: int | None
    parental_responsibility: bool | None
    phones: Sequence[str]
    email: str
    address: Sequence[str]
    from_mis: bool
    ended: bool


def contacts_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> list[ContactShown]:
    """Every contact of a student whose record the viewer may open: present ones first, by priority. One
    query."""
    allowed = select(Student.id).where(Student.id == student_id, policy.student_records(viewer))
    rows = db.scalars(
        select(Contact)
        .where(Contact.student_id.in_(allowed))
        .order_by(
            Contact.ended_at.is_not(None),
            Contact.priority.is_(None),
            Contact.priority,
            Contact.mis_id == "",
            Contact.name,
            Contact.id,
        )
    )
    return [_shown(viewer, row) for row in rows]


def _shown(viewer: Viewer, contact: Contact) -> ContactShown:
    details: dict[str, Any] = contact.details
    return ContactShown(
        id=contact.id,
        name=viewer.text(contact.name),
        relationship=viewer.text(contact.relationship_to_student),
        priority=contact.priority,
        parental_responsibility=contact.parental_responsibility,
        phones=[viewer.text(one) for one in details.get("phones") or []],
        email=viewer.text(details.get("email") or ""),
        address=viewer.text(details.get("address") or "").splitlines(),
        from_mis=contact.mis_id != "",
        ended=contact.ended_at is not None,
    )


def own_contact(db: SchoolSession, viewer: Viewer, contact_id: uuid.UUID) -> Contact:
    """A contact that the school added and may change. Raises NothingThere, also for one of the MIS's."""
    found = db.scalars(
        select(Contact)
        .join(Student, Student.id == Contact.student_id)
        .where(Contact.id == contact_id, Contact.mis_id == "", policy.editable_students(viewer))
    ).first()
    if found is None:
        raise NothingThere
    return found


def save_contact(
    db: SchoolSession,
    viewer: Viewer,
    student_id: uuid.UUID,
    facts: ContactFacts,
    *,
    seen: int,
    contact_id: uuid.UUID | None = None,
) -> Contact:
    """Adds a contact of the school's own, or changes one of this student's, as a further version of what is
    kept on the student. `seen`: the version that the form was opened at.

    Raises NothingThere, Refused and `versions.ChangedMeanwhile`.
    """
    student = versions.take_turn(db, viewer, student_id, seen)
    values = _checked(facts)
    if contact_id is None:
        contact = Contact(school_id=viewer.school_id, id=new_id(), student_id=student_id, mis_id="")
        event = "contact.added"
    else:
        contact = own_contact(db, viewer, contact_id)
        if contact.student_id != student_id:
            raise NothingThere
        event = "contact.changed"
    contact.name = values.name
    contact.relationship_to_student = values.relationship
    contact.priority = values.priority
    contact.parental_responsibility = values.parental_responsibility
    contact.details = {"phones": list(values.phones), "email": values.email, "address": values.address}
    db.add(contact)
    versions.keep(db, viewer, student)
    audit.record(db, viewer, event, [student_id], version=student.version, contact=str(contact.id))
    return contact


def end_contact(db: SchoolSession, viewer: Viewer, contact_id: uuid.UUID, *, ended: bool, seen: int) -> None:
    """Ends a contact of the school's own, or takes it up again; it is kept either way. `seen`: the version
    of its student that the page showed.

    Raises NothingThere and `versions.ChangedMeanwhile`.
    """
    contact = own_contact(db, viewer, contact_id)
    student = versions.take_turn(db, viewer, contact.student_id, seen)
    db.refresh(contact)
    if (contact.ended_at is not None) != ended:
        contact.ended_at = viewer.now() if ended else None
    versions.keep(db, viewer, student)
    event = "contact.ended" if ended else "contact.resumed"
    audit.record(db, viewer, event, [student.id], version=student.version, contact=str(contact_id))


def _checked(facts: ContactFacts) -> ContactFacts:
    """What was typed, tidied. Raises Refused."""
    name = " ".join(facts.name.split())
    if not name:
        raise Refused("Give the contact's name.", "name")
    relationship = " ".join(facts.relationship.split())
    address = "\n".join(filter(None, (" ".join(line.split()) for line in facts.address.splitlines())))
    email = facts.email.strip()
    for field, text in (
        ("name", name), ("relationship", relationship), ("email", email), ("address", address)
    ):  # fmt: skip
        if len(text) > LONGEST[field]:
            raise Refused(f"Use at most {LONGEST[field]} characters.", field)
    if email and not EMAIL.fullmatch(email):
        raise Refused("This is no e-mail address. It looks like name@office.example.", "email")
    if facts.priority is not None and not 1 <= facts.priority <= HIGHEST_PRIORITY:
        raise Refused(f"Give a number from 1 to {HIGHEST_PRIORITY}, or leave it empty.", "priority")
    return ContactFacts(
        name,
        relationship,
        facts.priority,
        facts.parental_responsibility,
        _phones(facts.phones),
        email,
        address,
    )


def _phones(typed: Sequence[str]) -> list[str]:
    phones = list(dict.fromkeys(filter(None, (" ".join(one.split()) for one in typed))))
    if len(phones) > MOST_PHONES or any(len(one) > LONGEST_PHONE for one in phones):
        raise Refused(
            f"Give at most {MOST_PHONES} numbers, one a line, each of at most {LONGEST_PHONE} characters.",
            "phones",
        )
    return phones
