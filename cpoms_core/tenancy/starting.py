"""What a new school starts with: categories, agencies, parts of students and user groups to work with on the
first day. The school changes them as it likes."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from cpoms_core.access.identity import operator_viewer
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import add_agency, add_category, add_group, create_school

Rights = tuple[bool, bool, bool]  # view students, view incidents, add incidents
EVERYTHING: Rights = (True, True, True)
ADD_ONLY: Rights = (False, False, True)

CATEGORIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Attendance": ("#2f6f8f", ("Absence", "Lateness", "Missing from school")),
    "Behaviour": ("#a3662a", ("Bullying", "Physical", "Verbal")),
    "Concern": ("#b08a2e", ()),
    "Contact with home": ("#4d7c4a", ("Letter or e-mail", "Meeting", "Telephone")),
    "Family circumstances": ("#6a5a9e", ("Bereavement", "Housing", "Young carer")),
    "Medical": ("#2c8074", ("Accident", "Medication")),
    "Mental health": ("#4a63a8", ("Anxiety", "Self-harm")),
    "Online safety": ("#8a4f7d", ()),
    "Protection": ("#9b2f3f", ("Emotional", "Neglect", "Physical", "Sexual")),
    "Special educational needs": ("#7a7338", ()),
}
"""Category -> its colour and its sub-categories, which have the same one."""
AGENCIES = ("Attendance service", "Educational psychologist", "Police", "School nurse", "Social care")
PARTS = ("Harmed", "Alleged to have harmed", "Witness", "Sibling")
"""The parts that a student can have in an incident (INC-15)."""
ADMINISTRATORS, SAFEGUARDING, TEACHERS, SUPPORT = (
    "Administrators",
    "Safeguarding leads",
    "Teachers",
    "Support staff",
)
GROUPS: dict[str, tuple[tuple[str, ...] | None, Rights | None]] = {
    ADMINISTRATORS: (("students:list", "students:details", "admin"), None),
    SAFEGUARDING: (None, EVERYTHING),
    TEACHERS: (("incidents:add", "files:attach"), ADD_ONLY),
    SUPPORT: (("incidents:add",), ADD_ONLY),
}
"""User group -> its permissions (None: every one there is, the modules' too) and its rights on every
category. Administrators run the system and read no incident; who does both is in the group of the leads."""


@dataclass(frozen=True, slots=True)
class Started:
    """A school that was set up, and the names of its user groups."""

    id: int
    groups: tuple[str, ...]


def open_school(
    app: Application,
    slug: str,
    name: str,
    *,
    now: dt.datetime,
    time_zone: str = "Europe/London",
    accent: str = "#0b5c7a",
) -> Started:
    """Makes a school that can be worked with. Raises Refused."""
    school_id = create_school(app, slug, name, now=now, time_zone=time_zone, accent=accent)
    with app.transaction(school_id) as db:
        plant(db)
        audit.record(db, operator_viewer(db), "school.created")
    return Started(school_id, tuple(GROUPS))


def plant(db: SchoolSession) -> None:
    """Makes the categories, agencies, parts and user groups of the session's school."""
    categories: list[uuid.UUID] = []
    for name, (colour, subs) in CATEGORIES.items():
        parent = add_category(db, name, colour=colour)
        categories += [parent, *(add_category(db, sub, parent=parent, colour=colour) for sub in subs)]
    for name in AGENCIES:
        add_agency(db, name)
    for name in PARTS:
        plant_part(db, name)
    for name, (permissions, rights) in GROUPS.items():
        held = tuple(db.app.permissions) if permissions is None else permissions
        add_group(db, name, held, dict.fromkeys(categories, rights) if rights else {})
