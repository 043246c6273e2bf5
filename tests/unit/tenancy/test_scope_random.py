"""Walls 1 and 2 against statements that nobody thought of. In one database school A is alone, in the other
the same school A has school B beside it: a statement of school A must answer the same in both, or be refused.
(Non-interference: it finds leaks by counts, orders and conditions as well as leaks of rows.)"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import case, exists, func, literal, or_, select, union, union_all
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.scope import OutOfScope
from cpoms_core.tenancy.services import create_school
from cpoms_core.testing import postgres_cluster
from cpoms_core.testing.fixtures import with_probe

SPACE = uuid.UUID("8a2ab7c9-5b0f-4f3c-8a51-9a0a9f3b3f10")
COLUMNS = ("id", "student_id", "group_id", "name", "surname_key")


def _fill(app: Application, slug: str) -> None:
    now = utc_now()
    school_id = create_school(app, slug, slug, now=now)
    ids = [uuid.uuid5(SPACE, f"{slug}{number}") for number in range(6)]
    with app.transaction(school_id) as db:
        for number in range(4):
            name = f"{slug}-{number}"
            db.add(
                Student(
                    id=ids[number], legal_forename=name, legal_surname=name, surname_key=name,
                    forename_key="x",
                    search_text=name, created_at=now,
                )
            )  # fmt: skip
        for number in (4, 5):
            db.add(StudentGroup(id=ids[number], kind="tutor", name=f"{slug}-{number}"))
        db.flush()
        for student, group in ((0, 4), (1, 4), (1, 5)):
            db.add(GroupMember(student_id=ids[student], group_id=ids[group]))


@pytest.fixture(scope="module")
def twins(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Application, Application]]:
    """Two databases of one kind: in the second, school A is not alone."""
    apps = []
    cluster = postgres_cluster.from_environment() if database_kind == "postgresql" else None
    if database_kind == "postgresql" and cluster is None:
        pytest.skip(postgres_cluster.require_or_reason() or "no PostgreSQL")
    for name in ("alone", "beside"):
        folder = tmp_path_factory.mktemp(f"twin-{name}-{database_kind}")
        if cluster is None:
            deployment = Deployment(folder)
        else:
            database = f"twin_{name}_{os.getpid()}"
            cluster.create_database(database)
            deployment = Deployment(
                folder, database_url=cluster.app_url(database), owner_url=cluster.owner_url(database)
            )
        migrate(deployment.owner_url, with_probe())
        app = Application(deployment)
        _fill(app, "a")
        if name == "beside":
            _fill(app, "b")
        apps.append(app)
    yield apps[0], apps[1]
    for app in apps:
        app.engines.dispose()


@st.composite
def sources(draw: st.DrawFn) -> Any:
    """An entity, an alias of one, or now and then a Core table."""
    entity = draw(st.sampled_from([Student, StudentGroup, GroupMember]))
    return draw(
        st.sampled_from(
            [entity, entity, aliased(entity), aliased(entity), entity.__table__, entity.__table__.alias()]
        )
    )


def _columns(source: Any) -> list[Any]:
    """The columns of an entity, an alias or a table that a statement may use: ids and texts."""
    found = [getattr(getattr(source, "c", source), name, None) for name in COLUMNS]
    return [column for column in found if hasattr(column, "type")]  # a student's `name` is a property


def _is_text(column: Any) -> bool:
    return column.key in ("name", "surname_key")


@st.composite
def conditions(draw: st.DrawFn, chosen: list[Any], depth: int) -> Any:
    columns = [column for source in chosen for column in _columns(source)]
    column = draw(st.sampled_from(columns))
    alike = [other for other in columns if _is_text(other) == _is_text(column)]
    kind = draw(st.sampled_from(["equal", "exists", "in", "other", "null", "or", "compare"]))
    if kind == "equal":
        return column == draw(st.sampled_from(alike))
    if kind == "compare":
        return column < draw(st.sampled_from(alike))
    if kind == "null" or depth == 0:
        return column.is_not(None)
    if kind == "or":
        return or_(draw(conditions(chosen, depth - 1)), draw(conditions(chosen, depth - 1)))
    inner = draw(sources())
    theirs = [other for other in _columns(inner) if _is_text(other) == _is_text(column)] or _columns(inner)
    their = draw(st.sampled_from(theirs))
    if _is_text(their) != _is_text(column):
        return exists().where(their.is_not(None))
    if kind == "exists":
        return draw(
            st.sampled_from([exists().where(their == column), ~select(their).where(their == column).exists()])
        )
    if kind == "in":
        return draw(st.sampled_from([column.in_(select(their)), column.not_in(select(their))]))
    return their != column  # a table that only the WHERE names


@st.composite
def selects(draw: st.DrawFn, depth: int = 2) -> Any:
    """A random select, of text and id columns."""
    chosen = draw(st.lists(sources(), min_size=1, max_size=3))
    columns = [column for source in chosen for column in _columns(source)]
    wanted = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=2))
    texts = [column for column in columns if _is_text(column)]
    if texts and draw(st.booleans()):
        shape = draw(st.sampled_from(["coalesce", "case", "concat", "max"]))
        one, two = draw(st.sampled_from(texts)), draw(st.sampled_from(texts))
        wanted = [
            {
                "coalesce": func.coalesce(one, two),
                "case": case((one > "a-1", two), else_=one),
                "concat": one + two,
                "max": func.max(one),
            }[shape]
        ]
    statement = select(*(column.label(f"c{number}") for number, column in enumerate(wanted)))
    if len(chosen) > 1 and draw(st.booleans()):
        on = draw(conditions(chosen[:2], 0))
        outer, full = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
        statement = statement.select_from(chosen[0]).join(chosen[1], on, isouter=outer, full=full)
    for condition in draw(st.lists(conditions(chosen, depth), max_size=2)):
        statement = statement.where(condition)
    if depth and draw(st.booleans()):
        statement = draw(wrapped(statement, depth - 1))
    return statement


@st.composite
def wrapped(draw: st.DrawFn, statement: Any, depth: int) -> Any:
    kind = draw(st.sampled_from(["subquery", "cte", "count", "union", "scalar", "beside"]))
    if kind == "subquery":
        return select(*statement.subquery().c)
    if kind == "cte":
        return select(*statement.cte().c)
    if kind == "count":
        return select(func.count()).select_from(statement.subquery())
    if kind == "union":
        return draw(st.sampled_from([union, union_all]))(statement, statement)
    first = next(iter(statement.subquery().c))
    if kind == "scalar":
        return select(literal(1), select(func.count(first)).scalar_subquery())
    entity = draw(sources())
    return select(*_columns(entity)[:1], first)


def _answer(app: Application, statement: Any) -> Any:
    with app.session(1, writes=False) as db:
        try:
            return sorted(repr(tuple(row)) for row in db.execute(statement))
        except OutOfScope:
            return "refused"
        except SQLAlchemyError as error:
            return type(error).__name__  # a statement that is none, in both databases


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(statement=selects())
def test_the_other_school_changes_no_answer(twins: tuple[Application, Application], statement: Any) -> None:
    alone, beside = (_answer(app, statement) for app in twins)
    event(alone if isinstance(alone, str) else "answered")
    assert alone == beside
