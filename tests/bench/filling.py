"""A large database for the figures: one school with many incidents, and nine more beside it."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import create_engine, delete, insert, text, update

from cpoms_core.access.models import GroupCategory
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident, IncidentCategory, IncidentStudent, IncidentVersion
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.models import Counter
from cpoms_core.testing.schools import SchoolForTests, make_school

STUDENTS = 1_200
OTHER_SCHOOLS = 9
CHUNK = 5_000
TEXT = (
    "At break she told me that she did not want to go home today. She was calm, and said that she has said "
    "so before. I told her that I would pass this on, and to whom. "
)


def filled_school(app: Application, incidents: int) -> SchoolForTests:
    """A school with that many incidents, of which its head of year sees about 80 per cent; nine schools with
    a tenth as many each stand beside it."""
    for _ in range(OTHER_SCHOOLS):
        _fill(app, make_school(app), incidents // 10)
    school = make_school(app)
    _fill(app, school, incidents)
    with app.transaction(school.id) as db:
        db.execute(
            delete(GroupCategory).where(
                GroupCategory.group_id == school.groups["Safeguarding"],
                GroupCategory.category_id == school.categories["Child Protection"],
            )
        )
    _let_the_planner_count(app)
    return school


def _let_the_planner_count(app: Application) -> None:
    """PostgreSQL does so by itself a minute after a table has grown; the figures do not wait."""
    if app.engines.dialect != "postgresql":
        return
    owner = create_engine(app.deployment.owner_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
    owner.dispose()


def _fill(app: Application, school: SchoolForTests, incidents: int) -> None:
    chance = random.Random(school.id)
    now = utc_now()
    students = [_student(school.id, number, now) for number in range(STUDENTS)]
    group = {"school_id": school.id, "id": new_id(), "kind": "tutor", "name": "Bench"}
    with app.transaction(school.id) as db:
        db.execute(insert(Student), students)
        db.execute(insert(StudentGroup), [group])
        db.execute(
            insert(GroupMember),
            [{"school_id": school.id, "group_id": group["id"], "student_id": one["id"]} for one in students],
        )
    common = [school.categories[name] for name in ("Behaviour", "Attendance", "Medical")]
    rare = school.categories["Child Protection"]
    ids = [one["id"] for one in students]
    for first in range(0, incidents, CHUNK):
        rows = list(_incidents(school, chance, ids, range(first, min(first + CHUNK, incidents)), now))
        with app.transaction(school.id) as db:
            db.execute(insert(Incident), rows)
            db.execute(
                insert(IncidentVersion),
                [
                    {
                        "school_id": school.id,
                        "incident_id": row["id"],
                        "version": 1,
                        "kind": "created",
                        "content": {"text": row["text"]},
                        "made_at": now,
                        "made_by": None,
                        "reason": "",
                    }
                    for row in rows
                ],
            )
            db.execute(
                insert(IncidentStudent),
                [
                    {
                        "school_id": school.id,
                        "incident_id": row["id"],
                        "student_id": row["student_id"],
                        "occurred_at": row["occurred_at"],
                        "linked": False,
                        "monitored": True,
                        "share_documents": True,
                    }
                    for row in rows
                ],
            )
            db.execute(
                insert(IncidentCategory),
                [
                    {
                        "school_id": school.id,
                        "incident_id": row["id"],
                        "category_id": rare if chance.random() < 0.2 else chance.choice(common),
                    }
                    for row in rows
                ],
            )
    with app.transaction(school.id) as db:
        db.execute(update(Counter).values(value=incidents))


def _student(school_id: int, number: int, now: dt.datetime) -> dict[str, Any]:
    forename, surname = f"Forename{number % 97}", f"Surname{number:04d}"
    return {
        "school_id": school_id,
        "id": new_id(),
        "mis_source": "sims",
        "mis_id": f"b{number}",
        "mis_hash": "",
        "legal_forename": forename,
        "legal_surname": surname,
        "surname_key": surname.lower(),
        "forename_key": forename.lower(),
        "search_text": f"{forename} {surname}".lower(),
        "year_group": "7",
        "tutor_group": "7A",
        "details": {},
        "created_at": now,
        "archived_at": None,
    }


def _incidents(
    school: SchoolForTests, chance: random.Random, students: list[uuid.UUID], numbers: range, now: dt.datetime
) -> Iterator[dict[str, Any]]:
    for number in numbers:
        occurred = now - dt.timedelta(minutes=chance.randrange(1_000_000))
        yield {
            "school_id": school.id,
            "id": new_id(),
            "number": number + 1,
            "student_id": students[number % len(students)],
            "author_id": school.users["teacher"],
            "text": TEXT * chance.randrange(1, 4),
            "occurred_at": occurred,
            "created_at": occurred,
            "version": 1,
            "deleted_at": None,
            "pinned_at": None,
            "submission": new_id(),
        }
