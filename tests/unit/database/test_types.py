"""Column types and the shape that every school's table has."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, select

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.base import Base, OfSchool, is_school_table
from cpoms_core.database.types import new_id
from cpoms_core.students.models import Student
from cpoms_core.testing.schools import SchoolForTests

WITHOUT_A_SCHOOL = {
    "school", "outbox_wakeup",
    "account", "membership", "reset_link", "email_change",
    "soft_key", "security_key", "key_challenge", "approving_device", "login_approval",
    "login_session", "portal_session", "hand_off", "failure_count",
}  # fmt: skip


def test_ids_are_uuid7_that_rise_and_differ() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: new_id(), range(20_000)))
    assert len(set(ids)) == 20_000
    assert {one.version for one in ids} == {7} and {one.variant for one in ids} == {uuid.RFC_4122}
    one_by_one = [new_id() for _ in range(5_000)]
    assert one_by_one == sorted(one_by_one)
    made = dt.datetime.fromtimestamp((new_id().int >> 80) / 1000, dt.UTC)
    assert abs(made - utc_now()) < dt.timedelta(minutes=1)


def test_moments_keep_their_instant_and_naive_ones_are_refused(
    app: Application, school: SchoolForTests
) -> None:
    summer = dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    with app.transaction(school.id) as db:
        db.get_one(Student, (school.id, school.students["aoife"])).archived_at = summer
    with app.session(school.id, writes=False) as db:
        found = db.scalar(select(Student.archived_at).where(Student.archived_at == summer))
    assert found == summer and found.tzinfo == dt.UTC
    with app.session(school.id, writes=True) as db, pytest.raises(Exception, match="time zone"):
        db.execute(select(Student).where(Student.archived_at == dt.datetime(2026, 7, 1)))  # noqa: DTZ001


def test_tables_without_a_school_are_a_short_list() -> None:
    """A new table is a school's own, or is added here by somebody who thought about it."""
    unscoped = {name for name, table in Base.metadata.tables.items() if not is_school_table(table)}
    assert unscoped == WITHOUT_A_SCHOOL


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_the_school_leads_every_key_of_a_schools_table(table: str) -> None:
    made = Base.metadata.tables[table]
    for key in made.foreign_keys:
        follows = table == "incident_student" and key.column.table.name == "incident"
        assert key.ondelete is None, f"{key}: nothing is deleted with something else"
        assert key.onupdate == ("CASCADE" if follows else None), f"{key}: only a date is kept in step"
    if not is_school_table(made):
        return
    for constraint in made.constraints:
        if isinstance(constraint, UniqueConstraint):
            assert constraint.columns[0].name == "school_id", constraint.name
        elif isinstance(constraint, ForeignKeyConstraint):
            target = constraint.elements[0].column.table
            if is_school_table(target):
                pairs = {element.parent.name: element.column.name for element in constraint.elements}
                assert pairs.get("school_id") == "school_id", f"{table}: {pairs} leaves the school open"
    for index in made.indexes:
        assert isinstance(index, Index) and next(iter(index.columns)).name == "school_id", index.name


def test_every_class_of_a_schools_table_is_of_a_school() -> None:
    """Wall 1 holds on to the class, walls 2 and 3 to the table: they must mean the same."""
    for mapper in Base.registry.mappers:
        assert issubclass(mapper.class_, OfSchool) == is_school_table(mapper.local_table), mapper  # type: ignore[arg-type]
