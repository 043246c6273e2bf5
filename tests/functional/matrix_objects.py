"""The objects that the permission matrix is tried on, of this school and of another."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

from sqlalchemy import select

from cpoms_core.access.users import create_alert_group
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.imports.models import ImportRun
from cpoms_core.incidents.models import Incident, IncidentCategory, IncidentStudent
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import next_number
from cpoms_core.testing.schools import SchoolForTests, add_student

Maker = Callable[[SchoolForTests], uuid.UUID | str]


def incident(school: SchoolForTests, category: str, *, alert: str = "", deleted: bool = False) -> uuid.UUID:
    """An incident about Aoife by the lead. `alert`: "open" or "read", to the teacher."""
    now, made = utc_now(), new_id()
    with school.app.transaction(school.id) as db:
        db.add(
            Incident(
                school_id=school.id,
                id=made,
                number=next_number(db, "incident"),
                student_id=school.students["aoife"],
                author_id=school.users["lead"],
                text="text",
                occurred_at=now,
                created_at=now,
                deleted_at=now if deleted else None,
                submission=new_id(),
            )
        )
        db.flush()
        db.add_all(
            [
                IncidentStudent(
                    school_id=school.id, incident_id=made, student_id=school.students["aoife"], linked=False
                ),
                IncidentCategory(
                    school_id=school.id, incident_id=made, category_id=school.categories[category]
                ),
            ]
        )
        if alert:
            db.add(
                Alert(
                    school_id=school.id,
                    recipient_id=school.users["teacher"],
                    sender_id=school.users["lead"],
                    incident_id=made,
                    created_at=now,
                    read_at=now if alert == "read" else None,
                )
            )
    return made


def behaviour(school: SchoolForTests) -> uuid.UUID:
    return incident(school, "Behaviour")


def alerted(school: SchoolForTests) -> uuid.UUID:
    return incident(school, "Child Protection", alert="open")


def document(school: SchoolForTests, on: uuid.UUID | None, *, removed: bool = False) -> uuid.UUID:
    """A file on an incident, or in Aoife's vault where there is none."""
    made = new_id()
    with school.app.transaction(school.id) as db:
        db.add(
            Document(
                school_id=school.id,
                id=made,
                incident_id=on,
                student_id=None if on else school.students["aoife"],
                name="letter.txt",
                media_type="text/plain",
                size=4,
                sha256=_store(db, school, made),
                added_by=school.users["lead"],
                added_at=utc_now(),
                removed_at=utc_now() if removed else None,
            )
        )
    return made


def import_run(school: SchoolForTests) -> uuid.UUID:
    """A preview whose file is no extract."""
    made = new_id()
    with school.app.transaction(school.id) as db:
        db.add(
            ImportRun(
                school_id=school.id,
                id=made,
                source="mis_sims",
                file_name="x.xml",
                sha256=_store(db, school, made),
                state="previewed",
                started_by=school.users["lead"],
                started_at=utc_now(),
            )
        )
    return made


def _store(db: SchoolSession, school: SchoolForTests, made: uuid.UUID) -> str:
    key = db.scalars(select(School.file_key).where(School.id == school.id)).one()
    return school.app.storage.write(key or "", school.id, made, io.BytesIO(b"text"), limit=10).sha256


def student(school: SchoolForTests, *, tutor: str, archived: bool = False) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        return add_student(db, "Dara", "Example", tutor=tutor, archived=archived)


def alert_group(school: SchoolForTests) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        return create_alert_group(db, f"Group {new_id()}", [school.users["lead"]])


OURS: dict[str, dict[str, Maker]] = {
    "incident": {
        "about Behaviour": behaviour,
        "about Child Protection, the teacher alerted": alerted,
        "alert was read": lambda school: incident(school, "Child Protection", alert="read"),
        "deleted, the teacher alerted": lambda school: incident(
            school, "Behaviour", alert="open", deleted=True
        ),
    },
    "student": {
        "in a class": lambda school: student(school, tutor="7A"),
        "left, without a class": lambda school: student(school, tutor="", archived=True),
    },
    "document": {
        "on Behaviour": lambda school: document(school, behaviour(school)),
        "on Child Protection, the teacher alerted": lambda school: document(school, alerted(school)),
        "in the vault": lambda school: document(school, None),
        "removed": lambda school: document(school, behaviour(school), removed=True),
    },
    "user group": {"ours": lambda school: school.groups["Teachers"]},
    "alert group": {"ours": alert_group},
    "import run": {"ours": import_run},
    "module": {"installed": lambda school: next(iter(school.app.modules))},
    "own alert": {
        "to the teacher": alerted,
        "on a deleted incident": lambda school: incident(school, "Behaviour", alert="open", deleted=True),
    },
}
"""What makes each object anew: some requests use theirs up."""
THEIRS = "of another school"


def alerts_on(school: SchoolForTests, incident_id: object) -> list[str]:
    """The alerts of an incident, as its page sends them when it is marked as read."""
    with school.app.session(school.id, writes=False) as db:
        return [str(one) for one in db.scalars(select(Alert.id).where(Alert.incident_id == incident_id))]


def make(kind: str, which: str, ours: SchoolForTests, theirs: SchoolForTests) -> uuid.UUID | str:
    """Makes one of the objects of `matrix.SIGHT`."""
    if which == THEIRS:
        return next(iter(OURS[kind].values()))(theirs)
    return OURS[kind][which](ours)
