"""The permission matrix of files: the vault, one file, its alerts, removing it (STU-05, EDT-10, USR-12.6)."""

from __future__ import annotations

import io
import uuid

from matrix import ADMIN, DETAILS, SIGNED_IN, Row
from matrix_objects import behaviour, document, incident
from PIL import Image
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.services import next_number
from cpoms_core.testing.schools import SchoolForTests

FILING = "lead head"  # students:details, and files:attach to put one there
SEEING = {  # USR-12.6, and USR-12.4 for one file
    "on Behaviour": "lead head",
    "in the vault": DETAILS,
    "of an incident that the teacher is alerted to": "lead teacher",
    "in the vault, the teacher alerted to the file": f"{DETAILS} teacher",
    "on Child Protection, the teacher alerted to the file": "lead teacher",
    "on Child Protection, the teacher's alert was read": "lead",
    "of another school": "",
}
SIGHT = {
    "file": {**SEEING, "removed": "lead"},  # who may restore it is shown that it was there
    "picture": SEEING,
    "file by right": {
        "on Behaviour": "lead head",
        "in the vault, the teacher alerted to the file": DETAILS,
        "on Child Protection, the teacher alerted to the file": "lead",
        "removed": "",
        "of another school": "",
    },
    "file to remove": {
        "on Behaviour": "lead",
        "in the vault": "lead office",
        "removed": "",
        "of another school": "",
    },
    "file to restore": {"removed": "lead", "of another school": ""},
    "own alert to a file": {"to the teacher": "teacher", "to a removed file": ""},
}


def alert(school: SchoolForTests, document_id: uuid.UUID, *, read: bool = False) -> uuid.UUID:
    """An alert of the teacher to one file; answers the file."""
    now = utc_now()
    with school.app.transaction(school.id) as db:
        db.add(
            Alert(
                school_id=school.id,
                id=new_id(),
                recipient_id=school.users["teacher"],
                sender_id=school.users["lead"],
                document_id=document_id,
                created_at=now,
                read_at=now if read else None,
            )
        )
    return document_id


def protected(school: SchoolForTests, *, alerted: str = "") -> uuid.UUID:
    return document(school, incident(school, "Child Protection", alert=alerted))


def picture(school: SchoolForTests, on: uuid.UUID | None, *, content: bytes = b"") -> uuid.UUID:
    """A picture on an incident, or in Aoife's vault."""
    made = new_id()
    if not content:
        file = io.BytesIO()
        Image.new("RGB", (300, 200), "teal").save(file, "PNG")
        content = file.getvalue()
    with school.app.transaction(school.id) as db:
        key = db.scalars(select(School.file_key).where(School.id == school.id)).one() or ""
        stored = school.app.storage.write(key, school.id, made, io.BytesIO(content), limit=10**7)
        db.add(
            Document(
                school_id=school.id,
                id=made,
                number=next_number(db, "document"),
                incident_id=on,
                student_id=None if on else school.students["aoife"],
                name="photo.png",
                media_type="image/png",
                size=stored.size,
                sha256=stored.sha256,
                added_by=school.users["lead"],
                added_at=utc_now(),
            )
        )
    return made


FILES = {
    "on Behaviour": lambda school: document(school, behaviour(school)),
    "in the vault": lambda school: document(school, None),
    "of an incident that the teacher is alerted to": lambda school: protected(school, alerted="open"),
    "in the vault, the teacher alerted to the file": lambda school: alert(school, document(school, None)),
    "on Child Protection, the teacher alerted to the file": lambda school: alert(school, protected(school)),
    "on Child Protection, the teacher's alert was read": lambda school: alert(
        school, protected(school), read=True
    ),
    "removed": lambda school: document(school, behaviour(school), removed=True),
}


def _pictures(school: SchoolForTests, category: str, **of: str) -> uuid.UUID:
    return picture(school, incident(school, category, **of))


OBJECTS = {
    "file": FILES,
    "file by right": FILES,
    "file to remove": FILES,
    "file to restore": {"removed": FILES["removed"]},
    "own alert to a file": {
        "to the teacher": FILES["in the vault, the teacher alerted to the file"],
        "to a removed file": lambda school: alert(school, document(school, None, removed=True)),
    },
    "picture": {
        "on Behaviour": lambda school: _pictures(school, "Behaviour"),
        "in the vault": lambda school: picture(school, None),
        "of an incident that the teacher is alerted to": lambda school: _pictures(
            school, "Child Protection", alert="open"
        ),
        "in the vault, the teacher alerted to the file": lambda school: alert(school, picture(school, None)),
        "on Child Protection, the teacher alerted to the file": lambda school: alert(
            school, _pictures(school, "Child Protection")
        ),
        "on Child Protection, the teacher's alert was read": lambda school: alert(
            school, _pictures(school, "Child Protection"), read=True
        ),
    },
}
ROWS = [
    Row("GET", "student-vault", DETAILS, "student"),
    Row("POST", "student-vault", FILING, "student"),
    Row("POST", "student-vault-zip", DETAILS, "student"),
    Row("GET", "document-about", SIGNED_IN, "file"),
    Row("GET", "document-thumbnail", SIGNED_IN, "picture"),
    Row("GET", "document-picture", SIGNED_IN, "picture"),
    Row("GET", "document-alert", DETAILS, "file by right"),
    Row("POST", "document-alert", DETAILS, "file by right"),
    Row("POST", "document-read", SIGNED_IN, "own alert to a file"),
    Row("GET", "document-remove", ADMIN, "file to remove"),
    Row("POST", "document-remove", ADMIN, "file to remove"),
    Row("POST", "document-restore", ADMIN, "file to restore"),
]
