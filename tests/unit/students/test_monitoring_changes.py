"""STU-10: updating the monitoring of many students, in bounded statements, exactly as it was confirmed."""

from __future__ import annotations

import datetime as dt
import random
import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import ClassRestriction
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.rows import insert_rows
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students.models import GroupMember, Monitoring, Student, StudentGroup
from cpoms_core.students.monitoring import monitor
from cpoms_core.students.monitoring_changes import (
    MOST,
    ChangedMeanwhile,
    Deed,
    Plan,
    Wish,
    plan_update,
    update_monitoring,
)
from cpoms_core.students.names import fold
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests


def today(school: SchoolForTests) -> dt.date:
    """The school's own day."""
    return school.viewer("lead").local(utc_now()).date()


def many(school: SchoolForTests, count: int) -> list[uuid.UUID]:
    """A class of `count` students."""
    ids = [new_id() for _ in range(count)]
    with school.app.transaction(school.id) as db:
        group = db.scalars(select(StudentGroup.id).where(StudentGroup.name == "7A")).one()
        made = [
            Student(
                school_id=school.id, id=one, mis_source="sims", mis_id=str(one), mis_hash="",
                legal_forename=f"F{number}", legal_surname="Many", surname_key="many",
                forename_key=f"f{number}", search_text=fold(f"F{number} Many"), created_at=utc_now(),
            )
            for number, one in enumerate(ids)
        ]  # fmt: skip
        db.add_all(made)
        db.flush()
        insert_rows(
            db,
            GroupMember,
            [{"school_id": school.id, "group_id": group, "student_id": one} for one in ids],
        )
    return ids


def do(
    school: SchoolForTests,
    ids: list[uuid.UUID],
    deed: Deed,
    category: str = "",
    *,
    since: dt.date | None = None,
    who: str | Viewer = "lead",
    confirmed: str | None = None,
) -> Plan:
    viewer = school.viewer(who) if isinstance(who, str) else who
    wish = Wish(deed, school.categories.get(category), since or today(school))
    with school.app.transaction(school.id) as db:
        return update_monitoring(db, viewer, ids, wish, confirmed=confirmed)


def rows(school: SchoolForTests) -> list[Monitoring]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Monitoring).order_by(Monitoring.id)))


def audit(school: SchoolForTests) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry).where(AuditEntry.event.like("monitoring%"))))


def test_four_hundred_at_once_in_as_many_statements_as_three(school: SchoolForTests) -> None:
    """STU-10: adding, removing, wiping; an audit entry for each student."""
    few, all_of_them = many(school, 3), many(school, MOST)
    viewer = school.viewer("lead")

    def statements(ids: list[uuid.UUID], deed: Deed) -> int:
        wish = Wish(deed, school.categories["Behaviour"] if deed != "wipe" else None, today(school))
        with school.app.transaction(school.id) as db, counted(school.app.engines) as ran:
            update_monitoring(db, viewer, ids, wish)
        return ran.number

    for deed in ("add", "remove", "add", "wipe"):
        assert statements(all_of_them, deed) <= statements(few, deed) <= 8  # type: ignore[arg-type]
    ended = [row for row in rows(school) if row.ended_at is not None]
    assert len(ended) == len(rows(school)) == 2 * (MOST + 3)
    assert len(audit(school)) == 4 * (MOST + 3)
    assert {len(entry.subjects) for entry in audit(school)} == {2}


def test_one_more_than_the_most_is_refused(school: SchoolForTests) -> None:
    """STU-10: with a word about how many there may be."""
    with pytest.raises(Refused, match="At most 400"):
        do(school, [new_id() for _ in range(MOST + 1)], "wipe")


def test_from_a_day_of_the_school(school: SchoolForTests) -> None:
    """STU-10: an earlier day begins at its midnight at the school, today now; a day to come is refused."""
    summer = dt.date(2025, 7, 1)
    ids = [school.students["aoife"]]
    do(school, ids, "add", "Behaviour", since=summer)
    (row,) = rows(school)
    assert row.started_at == dt.datetime(2025, 6, 30, 23, tzinfo=dt.UTC)
    assert row.started_by == school.users["lead"] and row.incident_id is None
    do(school, ids, "remove", "Behaviour", since=dt.date(2025, 12, 1))
    (row,) = rows(school)
    assert row.ended_at == dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
    before = utc_now()
    do(school, ids, "add", "Medical")
    assert before <= rows(school)[1].started_at <= utc_now()
    for day in (today(school) + dt.timedelta(days=2), dt.date(1999, 12, 31)):
        with pytest.raises(Refused):
            do(school, ids, "add", "Behaviour", since=day)


def test_today_is_the_schools_today(school: SchoolForTests) -> None:
    """STU-10: just after midnight in London in summer, it is still yesterday in UTC."""
    now = dt.datetime(2026, 6, 30, 23, 5, tzinfo=dt.UTC)
    viewer = replace(school.viewer("lead"), clock=lambda: now)
    do(school, [school.students["aoife"]], "add", "Behaviour", since=dt.date(2026, 7, 1), who=viewer)
    assert rows(school)[0].started_at == now
    with pytest.raises(Refused, match="still to come"):
        do(school, [school.students["aoife"]], "add", "Medical", since=dt.date(2026, 7, 2), who=viewer)


def test_what_began_later_ends_when_it_began(school: SchoolForTests) -> None:
    """STU-10: no monitoring ends before it began."""
    ids = [school.students["aoife"]]
    do(school, ids, "add", "Behaviour", since=dt.date(2026, 3, 1))
    plan = do(school, ids, "remove", "Behaviour", since=dt.date(2026, 1, 1))
    assert [one.began_later for one in plan.ends] == [True]
    (row,) = rows(school)
    assert row.ended_at == row.started_at


def test_only_categories_with_view_students(school: SchoolForTests) -> None:
    """STU-10, USR-12.5: the head wipes what they may see, and what they may not goes on; asking for it by its
    id is as asking for nothing."""
    ids = [school.students["aoife"], school.students["björn"]]
    do(school, ids, "add", "Child Protection")
    do(school, ids, "add", "Behaviour")
    plan = do(school, ids, "wipe", who="head")
    assert {one.category_id for one in plan.ends} == {school.categories["Behaviour"]}
    going_on = [row.category_id for row in rows(school) if row.ended_at is None]
    assert going_on == [school.categories["Child Protection"]] * 2
    for deed in ("add", "remove"):
        with pytest.raises(NothingThere):
            do(school, ids, deed, "Child Protection", who="head")  # type: ignore[arg-type]


def test_only_students_whom_the_viewer_sees(school: SchoolForTests, other_school: SchoolForTests) -> None:
    """STU-10, USR-09: others are left out, another school's too, and so is everybody for who may not open
    records or has no key."""
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
    ids = [school.students["aoife"], other_school.students["aoife"], new_id()]
    assert do(school, ids, "add", "Behaviour", who="head").student_ids == []
    with school.app.transaction(school.id) as db:
        db.delete(db.get_one(ClassRestriction, (school.id, "tutor")))
    assert do(school, ids, "add", "Behaviour", who="admin").student_ids == []
    assert do(school, ids, "add", "Behaviour", who="head").student_ids == [school.students["aoife"]]
    assert rows(other_school) == []
    restricted = school.viewer("lead", elevated=False)
    with pytest.raises(NothingThere):
        do(school, ids, "add", "Behaviour", who=restricted)


def test_a_repeat_changes_nothing_and_leaves_no_trace(school: SchoolForTests) -> None:
    """STU-10: the same form sent twice, or from the back button."""
    ids = many(school, 5)
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        shown = plan_update(db, viewer, ids, Wish("add", school.categories["Behaviour"], today(school)))
    first = do(school, ids, "add", "Behaviour", confirmed=shown.fingerprint)
    assert first.changed == set(ids)
    kept, entries = [row.id for row in rows(school)], len(audit(school))
    assert do(school, ids, "add", "Behaviour", confirmed=shown.fingerprint).changed == set()
    assert ([row.id for row in rows(school)], len(audit(school))) == (kept, entries)


def test_what_was_confirmed_is_what_is_done(school: SchoolForTests) -> None:
    """STU-10: a colleague ended one meanwhile and an incident began another: nothing is done, and what would
    be done now is told."""
    ids = many(school, 3)
    do(school, ids[:2], "add", "Behaviour")
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        shown = plan_update(db, viewer, ids, Wish("wipe", None, today(school)))
    with school.app.transaction(school.id) as db:
        monitor(db, viewer, [ids[2]], [school.categories["Medical"]])
    before = [(row.id, row.ended_at) for row in rows(school)]
    with pytest.raises(ChangedMeanwhile) as raised:
        do(school, ids, "wipe", confirmed=shown.fingerprint)
    assert raised.value.plan.changed == set(ids)
    assert [(row.id, row.ended_at) for row in rows(school)] == before
    do(school, ids, "wipe", confirmed=raised.value.plan.fingerprint)
    assert all(row.ended_at for row in rows(school))


def test_two_at_the_same_moment_begin_one(school: SchoolForTests) -> None:
    """STU-10: a double click that two processes take at once."""
    ids = many(school, 10)
    together = threading.Barrier(4)
    wrong: list[BaseException] = []

    def press() -> None:
        try:
            together.wait(60)
            do(school, ids, "add", "Behaviour")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(rows(school)) == 10
    assert len(audit(school)) == 10


def test_wild_updates_against_a_naive_register(school: SchoolForTests) -> None:
    """STU-10: after any row of updates exactly those are monitored whom a list on paper says."""
    chance = random.Random(11)
    ids = many(school, 6)
    names = ["Behaviour", "Attendance", "Medical"]
    paper: set[tuple[Any, str]] = set()
    for _ in range(60):
        deed: Deed = chance.choice(["add", "add", "remove", "wipe"])
        some = chance.sample(ids, chance.randint(0, 6))
        name = chance.choice(names)
        do(school, some, deed, name, since=today(school) - dt.timedelta(days=chance.randint(0, 400)))
        if deed == "add":
            paper |= {(one, name) for one in some}
        else:
            gone = [name] if deed == "remove" else names
            paper -= {(one, category) for one in some for category in gone}
        by_id = {category: name for name, category in school.categories.items()}
        going_on = [(row.student_id, by_id[row.category_id]) for row in rows(school) if row.ended_at is None]
        assert sorted(going_on) == sorted(paper)
    assert all(row.ended_at is None or row.ended_at >= row.started_at for row in rows(school))
