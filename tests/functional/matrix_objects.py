"""The objects that the permission matrix is tried on, of this school and of another."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

from sqlalchemy import or_, select

from cpoms_core.access.models import LoginSession, SoftKey, User
from cpoms_core.access.sessions import hashed
from cpoms_core.access.users import create_alert_group, create_user
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.imports.models import ImportRun
from cpoms_core.incidents.models import Incident, IncidentCategory, IncidentStudent
from cpoms_core.keys.soft_keys import NewKey, add_key
from cpoms_core.openid.services import ProviderFacts, save_provider
from cpoms_core.students.models import StudentGroup
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
                    school_id=school.id,
                    incident_id=made,
                    student_id=school.students["aoife"],
                    occurred_at=now,
                    linked=False,
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
                number=next_number(db, "document"),
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


def a_class(school: SchoolForTests) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(StudentGroup.id).where(StudentGroup.name == "7A")).one()


def user(school: SchoolForTests) -> uuid.UUID:
    """A new user, a teacher without a key."""
    with school.app.transaction(school.id) as db:
        name = new_id()
        return create_user(
            db,
            email=f"{name}@{school.slug}.example",
            forename="Uma",
            surname="User",
            group_id=school.groups["Teachers"],
            now=utc_now(),
        ).id


def deactivated_user(school: SchoolForTests) -> uuid.UUID:
    """One who was deactivated: administrators see them still."""
    user_id = user(school)
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, user_id)).deactivated_at = utc_now()
    return user_id


def provider(school: SchoolForTests, *, enabled: bool) -> uuid.UUID:
    """An OpenID provider that nothing answers for."""
    facts = ProviderFacts(f"P {new_id()}", f"http://localhost:9/{new_id()}", "us", "secret", False, enabled)
    with school.app.transaction(school.id) as db:
        return save_provider(db, school.viewer("admin"), None, facts)


def key(school: SchoolForTests, *, removed: bool = False) -> uuid.UUID:
    """Another authenticator of the lead."""
    new = NewKey.make()
    with school.app.transaction(school.id) as db:
        lead = db.get_one(User, (school.id, school.users["lead"]))
        add_key(db, lead.account_id, "Tablet", new, 0, utc_now())
        if removed:
            db.get_one(SoftKey, new.id).removed_at = utc_now()
    return new.id


def own_log_in(school: SchoolForTests) -> uuid.UUID:
    """Another log-in of the lead."""
    token = school.session_token("lead")
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(LoginSession, hashed(token)).id


PROVIDERS: dict[str, Maker] = {
    "offered": lambda school: provider(school, enabled=True),
    "off": lambda school: provider(school, enabled=False),
}
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
    "user": {"ours": user, "deactivated": deactivated_user},
    "user group": {"ours": lambda school: school.groups["Teachers"]},
    "alert group": {"ours": alert_group},
    "class": {"ours": a_class},
    "kind of class": {"tutor": lambda _school: "tutor"},
    "import run": {"ours": import_run},
    "module": {"installed": lambda school: next(iter(school.app.modules))},
    "provider": PROVIDERS,
    "offered provider": PROVIDERS,
    "own key": {"of the lead": key, "removed": lambda school: key(school, removed=True)},
    "own log-in": {"the lead's other one": own_log_in},
    "own alert": {
        "to the teacher": alerted,
        "on a deleted incident": lambda school: incident(school, "Behaviour", alert="open", deleted=True),
    },
}
"""What makes each object anew: some requests use theirs up."""
THEIRS = "of another school"


def alerts_on(school: SchoolForTests, object_id: object) -> list[str]:
    """The alerts of an incident or to a file, as its page sends them when it is marked as read."""
    of = or_(Alert.incident_id == object_id, Alert.document_id == object_id)
    with school.app.session(school.id, writes=False) as db:
        return [str(one) for one in db.scalars(select(Alert.id).where(of))]


def make(kind: str, which: str, ours: SchoolForTests, theirs: SchoolForTests) -> uuid.UUID | str:
    """Makes one of the objects of `matrix.SIGHT`."""
    if which == THEIRS:
        return next(iter(OURS[kind].values()))(theirs)
    return OURS[kind][which](ours)
