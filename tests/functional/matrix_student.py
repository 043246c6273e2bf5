"""The permission matrix of a student's record: overview, information, contacts (STU-01 to 04)."""

from __future__ import annotations

import io
import uuid
from typing import Any

from matrix import DETAILS, EDITING, Row
from matrix_objects import student
from PIL import Image
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.students.models import Contact, Student
from cpoms_core.tenancy.models import School
from cpoms_core.testing.schools import SchoolForTests


def photographed(school: SchoolForTests, *, tutor: str, archived: bool = False) -> uuid.UUID:
    """A student with a photo."""
    made, photo = student(school, tutor=tutor, archived=archived), new_id()
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, "JPEG")
    content.seek(0)
    with school.app.transaction(school.id) as db:
        key = db.scalars(select(School.file_key).where(School.id == school.id)).one()
        school.app.storage.write(key or "", school.id, photo, content, limit=10_000)
        db.get_one(Student, (school.id, made)).photo_id = photo
    return made


def contact(school: SchoolForTests, of: uuid.UUID, **facts: Any) -> uuid.UUID:
    """A contact of a student: the school's own unless it has the MIS's id."""
    made = new_id()
    with school.app.transaction(school.id) as db:
        db.add(Contact(school_id=school.id, id=made, student_id=of, name="Ms Social Worker", **facts))
    return made


SIGHT = {
    "photo": {"in a class": DETAILS, "left, without a class": "lead", "none": "", "of another school": ""},
    "own contact": {
        "in a class": EDITING,
        "left, without a class": "lead",
        "ended": EDITING,
        "of the MIS": "",
        "of another school": "",
    },
}
OBJECTS = {
    "photo": {
        "in a class": lambda school: photographed(school, tutor="7A"),
        "left, without a class": lambda school: photographed(school, tutor="", archived=True),
        "none": lambda school: student(school, tutor="7A"),
    },
    "own contact": {
        "in a class": lambda school: contact(school, student(school, tutor="7A")),
        "left, without a class": lambda school: contact(school, student(school, tutor="", archived=True)),
        "ended": lambda school: contact(school, student(school, tutor="7A"), ended_at=utc_now()),
        "of the MIS": lambda school: contact(school, student(school, tutor="7A"), mis_id="c1"),
    },
}
PICTURE = {"picture": "incidents-by-category.svg"}
ROWS = [
    Row("GET", "student", DETAILS, "student"),
    Row("GET", "student-chart", DETAILS, "student", fields=PICTURE),
    Row("GET", "student-photo", DETAILS, "photo"),
    Row("POST", "student-find", EDITING),
    Row("GET", "student-edit", EDITING, "student"),
    Row("POST", "student-edit", EDITING, "student"),
    Row("GET", "student-history", EDITING, "student"),
    Row("GET", "student-contacts", DETAILS, "student"),
    Row("GET", "student-contact-add", EDITING, "student"),
    Row("POST", "student-contact-add", EDITING, "student"),
    Row("GET", "student-contact", EDITING, "own contact"),
    Row("POST", "student-contact", EDITING, "own contact"),
    Row("POST", "student-contact-end", EDITING, "own contact"),
]
