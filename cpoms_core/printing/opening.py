"""What a print begins with: of what it is, and the basic data of a student (STU-07)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Agency, Category, IncidentPart
from cpoms_core.printing.content import FactPrinted, Section, drawing
from cpoms_core.printing.queries import Chosen
from cpoms_core.students.contacts import ContactShown, contacts_of
from cpoms_core.students.facts import facts_of
from cpoms_core.students.links import links_of
from cpoms_core.students.models import Student, StudentAgency
from cpoms_core.students.queries import monitored_for
from cpoms_core.tenancy.scope import SchoolSession

KEPT = ("Summary", "Monitored for", "Agencies involved", "Keywords", "Links")
CONTACTS = "Contacts"
LONG = frozenset({"Address", "SEN needs", "Medical conditions", "Summary", "Keywords", "Links"})
"""Facts that get a line of their own for each value."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A part of the basic data that a report can hold: its title, and its facts by name."""

    title: str
    names: tuple[str, ...]


def offered(viewer: Viewer, student: Student) -> list[Offered]:
    """The basic data, in the order of the record's overview (STU-02), then what the school keeps itself."""
    found = [
        Offered(part.title, tuple(fact.label for fact in part.facts)) for part in facts_of(viewer, student)
    ]
    return [*found, Offered("Kept by the school", KEPT), Offered("People", (CONTACTS,))]


def basic_data(db: SchoolSession, viewer: Viewer, student: Student, names: Collection[str]) -> list[Section]:
    """The facts of those names, by part; a part without any is left out."""
    sections = [
        Section(
            part.title,
            [
                FactPrinted(fact.label, fact.values, fact.known, wide=fact.label in LONG)
                for fact in part.facts
                if fact.label in names
            ],
        )
        for part in facts_of(viewer, student)
    ]
    sections.append(Section("Kept by the school", list(_kept(db, viewer, student, names))))
    if CONTACTS in names:
        contacts = [_contact(one) for one in contacts_of(db, viewer, student.id) if not one.ended]
        sections.append(Section(CONTACTS, rows=contacts or ["None recorded"]))
    return [section for section in sections if section.facts or section.rows]


def modules_data(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, left_out: Collection[str]
) -> list[Section]:
    """What the modules print of a student, but for the columns that were unticked."""
    parts = db.app.hooks.collect("student_prints", db, viewer, student_id=student_id)
    return [
        Section(
            part.heading,
            rows=part.lines,
            picture=drawing(part.svg) if part.svg else "",
        )
        for part in parts
        if part.column not in left_out
    ]


def asked_in_words(db: SchoolSession, viewer: Viewer, chosen: Chosen) -> Iterator[str]:
    """What the incidents were narrowed to, for whoever reads the print later."""
    only = chosen.only
    if only.since or only.until:
        since = f"from {_day(only.since)}" if only.since else ""
        until = f"to {_day(only.until)}" if only.until else ""
        yield f"Only {' '.join(filter(None, (since, until)))}, by the date of the incident."
    ids = {one for one in (only.category_id, *chosen.categories) if one}
    if ids:
        names = db.scalars(select(Category.name).where(Category.id.in_(ids)).order_by(Category.name))
        yield f"Only of the category: {' or '.join(names)}."
    if only.author_id:
        yield f"Only added by {db.scalar(select(staff_name()).where(User.id == only.author_id)) or 'nobody'}."
    if only.part_id:
        whose = "the" if chosen.student_id else "a"
        part = db.scalar(select(IncidentPart.name).where(IncidentPart.id == only.part_id))
        yield f"Only where {whose} student’s part in it is: {part or 'one that is not known'}."
    if only.words:
        yield f"Only with the words: {viewer.text(only.words)}."
    for one in only.modules:
        yield f"Only with {viewer.text(one.said)}." if one.said else "Only with a question that is gone."
    if not chosen.linked:
        yield "Without incidents of others that the student is linked to."


def _kept(
    db: SchoolSession, viewer: Viewer, student: Student, names: Collection[str]
) -> Iterator[FactPrinted]:
    """What the school keeps itself (STU-03), of those names."""
    for name in KEPT:
        if name in names:
            values = _values(db, viewer, student, name)
            yield FactPrinted(name, values or ["None recorded"], bool(values), wide=name in LONG)


def _values(db: SchoolSession, viewer: Viewer, student: Student, name: str) -> list[str]:
    if name == "Summary":
        return [viewer.text(student.summary)] if student.summary else []
    if name == "Monitored for":
        return [one.name for one in monitored_for(db, viewer, [student.id]).get(student.id, [])]
    if name == "Keywords":
        return [viewer.text(word) for word in student.keywords]
    if name == "Links":
        return [f"{link.name}, {link.kind}" for link in links_of(db, viewer, student.id)]
    agencies = (
        select(Agency.name)
        .join(StudentAgency, StudentAgency.agency_id == Agency.id)
        .where(StudentAgency.student_id == student.id)
        .order_by(Agency.name)
    )
    return list(db.scalars(agencies))


def _contact(contact: ContactShown) -> str:
    said = [
        contact.name,
        contact.relationship,
        "parental responsibility" if contact.parental_responsibility else "",
        *contact.phones,
        contact.email,
        ", ".join(contact.address),
    ]
    return " · ".join(part for part in said if part)


def _day(day: dt.date | None) -> str:
    return f"{day.day} {day.strftime('%B %Y')}" if day else ""
