"""The permission matrix of chronologies (INC-13, INC-14), of the parts in incidents (INC-15) and of students
whom staff typed in (INC-02), by hand like `matrix`."""

from __future__ import annotations

import uuid

from matrix import ADMIN, DETAILS, Row
from matrix_objects import student

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.students.models import Student
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.testing.schools import SchoolForTests


def part(school: SchoolForTests, *, disabled: bool = False) -> uuid.UUID:
    """A part of the school's list."""
    with school.app.transaction(school.id) as db:
        made = plant_part(db, f"Part {new_id()}")
        made.disabled_at = utc_now() if disabled else None
        return made.id


def last_part(school: SchoolForTests) -> uuid.UUID:
    """One that is not offered any more: administrators change it as before."""
    return part(school, disabled=True)


def typed_in(school: SchoolForTests, *, matched: bool = False, apart: bool = False) -> uuid.UUID:
    """A student whom a teacher typed in: waiting, matched, or said to be in no register."""
    with school.app.transaction(school.id) as db:
        row = add_typed_in(db, school.viewer("teacher"), TypedStudent("Dara", f"Typed {new_id()}"))
        if matched:
            row.matched_to, row.archived_at = school.students["aoife"], utc_now()
        row.not_in_mis_at = utc_now() if apart else None
        return row.id


def of_register(school: SchoolForTests) -> uuid.UUID:
    """A student of the register, who cannot be matched with another."""
    made = student(school, tutor="7A")
    with school.app.transaction(school.id) as db:
        assert db.get_one(Student, (school.id, made)).mis_source is not None
    return made


SIGHT = {
    "incident part": {"ours": ADMIN, "disabled": ADMIN, "of another school": ""},
    # USR-09: one typed in is in everybody's classes until somebody says who it is
    "typed-in student": {
        "waiting": ADMIN,
        "matched": "",
        "kept apart": "",
        "of the register": "",
        "of another school": "",
    },
}
OBJECTS = {
    "incident part": {"ours": part, "disabled": last_part},
    "typed-in student": {
        "waiting": typed_in,
        "matched": lambda school: typed_in(school, matched=True),
        "kept apart": lambda school: typed_in(school, apart=True),
        "of the register": of_register,
    },
}
ROWS = [
    Row("POST", "student-incidents", DETAILS, "student"),
    Row("GET", "whole-school", DETAILS),
    Row("POST", "whole-school", DETAILS),
    Row("GET", "admin-incident-parts", ADMIN),
    Row("POST", "admin-incident-parts", ADMIN),
    Row("POST", "admin-incident-part", ADMIN, "incident part"),
    Row("GET", "admin-typed-in", ADMIN),
    Row("POST", "admin-typed-in-match", ADMIN, "typed-in student"),
]
