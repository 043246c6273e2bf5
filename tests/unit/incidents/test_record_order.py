"""The order of a student's record: an index keeps it, by a copy of each incident's date that the database
keeps equal."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.viewer import utc_now
from cpoms_core.incidents import chronology
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

DAY = dt.timedelta(days=1)


def record_of(school: SchoolForTests, **options: Any) -> tuple[list[uuid.UUID], str]:
    with school.app.session(school.id, writes=False) as db:
        shown, more = chronology.of_student(db, school.viewer("lead"), school.students["aoife"], **options)
    return [one.id for one in shown], more


def test_a_new_date_moves_the_incident(school: SchoolForTests, record: Any) -> None:
    """INC-13: whoever changes the date changes the place, on each record that the incident is on."""
    now = utc_now()
    first, second = (record(occurred_at=now - days * DAY).id for days in (1, 2))
    assert record_of(school)[0] == [first, second]
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Incident)
            .where(Incident.id == second)
            .values(occurred_at=now)
            .execution_options(synchronize_session=False)
        )
        assert db.scalar(
            select(IncidentStudent.occurred_at).where(IncidentStudent.incident_id == second)
        ) == db.scalar(select(Incident.occurred_at).where(Incident.id == second))
    assert record_of(school)[0] == [second, first]


def test_the_copy_cannot_differ(school: SchoolForTests, record: Any) -> None:
    """INC-13: the database refuses a date that is not the incident's."""
    incident = record()
    row = {
        "school_id": school.id,
        "incident_id": incident.id,
        "student_id": school.students["chloe"],
        "occurred_at": incident.occurred_at - DAY,
        "linked": True,
    }
    with pytest.raises(IntegrityError), school.app.transaction(school.id) as db:
        db.execute(insert(IncidentStudent), [row])


def test_pages_go_on_where_the_last_one_ended(school: SchoolForTests, record: Any) -> None:
    """INC-13: each incident once, newest first, those of one moment too."""
    now = utc_now()
    made = [record(occurred_at=now - (number // 2) * DAY).id for number in range(7)]
    found: list[uuid.UUID] = []
    after = ""
    while True:
        page, after = record_of(school, after=after, limit=2)
        found += page
        if not after:
            break
    assert sorted(found) == sorted(made)
    assert found == sorted(made, key=lambda one: (-(made.index(one) // 2), one), reverse=True)


def test_a_page_walks_the_index(school: SchoolForTests, record: Any) -> None:
    """INC-13: SQLite sorts nothing for a page, and looks for pinned ones among the pinned only, so that a
    long record costs no more than a short one."""
    if school.app.engines.dialect != "sqlite":
        pytest.skip("PostgreSQL chooses by the size of its tables, and here they are empty")
    record()
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db, counted(school.app.engines) as ran:
        chronology.of_student(db, viewer, school.students["aoife"])
    pages = [text for text in ran.statements if "incident.pinned_at IS" in text or "pinned_at IS NOT" in text]
    pinned, newest = (_plan(school, statement) for statement in pages)
    assert any("ix_incident_pinned" in line for line in pinned), pinned
    assert any("ix_incident_student_record" in line for line in newest), newest
    assert not any("ORDER BY" in line for line in newest), newest


def _plan(school: SchoolForTests, statement: str) -> list[str]:
    connection = school.app.engines.reading.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?"))
        return [row[3] for row in cursor.fetchall()]
    finally:
        connection.close()
