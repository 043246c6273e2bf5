"""Students' records for tests, filled as imports and staff fill them."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence
from typing import Any

from PIL import Image
from sqlalchemy import inspect, select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.students.models import Contact, Student, StudentLink
from cpoms_core.testing.schools import SchoolForTests

BORN = dt.date(2014, 3, 14)


def rows(school: SchoolForTests, entity: Any, *conditions: Any) -> list[Any]:
    """A school's rows of a table, or what stands in one of its columns, in the order they were made in."""
    with school.app.session(school.id, writes=False) as db:
        keys = inspect(getattr(entity, "class_", entity)).primary_key
        return list(db.scalars(select(entity).where(*conditions).order_by(*keys)))


def as_imported(school: SchoolForTests, who: str = "aoife", sibling: str = "chloe") -> uuid.UUID:
    """Fills a student's MIS data, two contacts of the MIS's and a sibling; answers with their id."""
    with school.app.transaction(school.id) as db:
        student = db.get_one(Student, (school.id, school.students[who]))
        student.date_of_birth = BORN
        student.gender, student.ethnicity, student.religion = "Female", "White Irish", "Roman Catholic"
        student.first_language, student.english_additional = "Irish", True
        student.upn, student.sen_status = "A000000000001", "K"
        student.pupil_premium, student.free_school_meals = True, None
        student.details = {
            "sen_needs": ["SEMH", "SLCN"],
            "medical_conditions": ["Asthma", "Allergy to nuts"],
            "address": "7 Harbour Row\nSeatown\nSE1 2AB",
            "admission_date": "2025-09-03",
        }
        for one, other in ((who, sibling), (sibling, who)):
            db.add(
                StudentLink(
                    school_id=school.id,
                    student_id=school.students[one],
                    other_id=school.students[other],
                    kind="sibling",
                    from_mis=True,
                )
            )
        for mis_id, name, relationship, priority, responsible in (
            ("c1", "Maeve O'Connor", "Mother", 1, True),
            ("c2", "Declan O'Connor", "Father", 2, None),
        ):
            db.add(
                Contact(
                    school_id=school.id,
                    id=new_id(),
                    student_id=student.id,
                    mis_id=mis_id,
                    name=name,
                    relationship_to_student=relationship,
                    priority=priority,
                    parental_responsibility=responsible,
                    details={
                        "phones": ["07700 900123", "01632 960001"],
                        "email": "maeve@example.org",
                        "address": "7 Harbour Row\nSeatown",
                    },
                )
            )
        return student.id


def new_incident(school: SchoolForTests, **changed: Any) -> NewIncident:
    """What a service is given to record: a note about Aoife in Behaviour, of now, with a submission of its
    own. `changed`: other values, by their names in `NewIncident`."""
    values: dict[str, Any] = {
        "submission": new_id(),
        "student_id": school.students["aoife"],
        "text": "A note.",
        "category_ids": [school.categories["Behaviour"]],
        "occurred_at": utc_now(),
        **changed,
    }
    return NewIncident(**values)


def add_incident(
    school: SchoolForTests, text: str = "A note.", who: str = "lead", **changed: Any
) -> Incident:
    """Records a `new_incident` by one of the school's users, in a transaction of its own."""
    with school.app.transaction(school.id) as db:
        new = new_incident(school, text=text, **changed)
        return record_incident(db, school.viewer(who), new)


def record(
    school: SchoolForTests,
    categories: Sequence[str],
    days_ago: int = 0,
    *,
    who: str = "aoife",
    text: str = "She was quiet.",
) -> uuid.UUID:
    """Records an incident about a student by the lead, so many days ago."""
    return add_incident(
        school,
        text,
        student_id=school.students[who],
        category_ids=[school.categories[name] for name in categories],
        occurred_at=utc_now() - dt.timedelta(days=days_ago),
    ).id


def picture(kind: str = "JPEG", size: tuple[int, int] = (900, 1200), *, place: bool = False) -> bytes:
    """A photo as a camera makes it; with `place` it says where it was taken."""
    image = Image.effect_noise(size, 60).convert("RGB")
    notes = Image.Exif()
    if place:
        notes[0x010F] = "Camera of the school"
        notes.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    made = io.BytesIO()
    image.save(made, kind, exif=notes)
    return made.getvalue()
