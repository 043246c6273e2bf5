"""Wall 3: PostgreSQL's row-level security, with raw SQL under the application's own role and without the
guards of the application in between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, func, insert, select
from sqlalchemy.exc import DBAPIError

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.base import Base
from cpoms_core.database.engines import PowerfulRole, make_engines
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.students.models import Student
from cpoms_core.tenancy.row_security import school_tables
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing import postgres_cluster
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.walls import assert_rows_hidden, assert_unprotected_tables

SET = "SELECT set_config('app.school', %s, true)"


@pytest.fixture(scope="module", autouse=True)
def _postgresql_only(database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")


@pytest.fixture(scope="module")
def school(app: Application) -> SchoolForTests:
    return make_school(app)


@pytest.fixture(scope="module")
def other_school(app: Application) -> SchoolForTests:
    return make_school(app)


@pytest.fixture(scope="module")
def raw_engine(deployment: Deployment) -> Iterator[Engine]:
    """The application's role with no guard: wall 3 alone."""
    engine = create_engine(deployment.database_url, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture
def raw(raw_engine: Engine) -> Iterator[Connection]:
    with raw_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture
def owner(deployment: Deployment) -> Iterator[Connection]:
    """The owner of the tables, in a transaction that is rolled back."""
    engine = create_engine(deployment.owner_url)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    engine.dispose()


def test_every_table_of_a_school_is_behind_the_wall(owner: Connection) -> None:
    """Plugins' tables too: a new table that is not protected fails here."""
    assert_unprotected_tables(owner)
    existing = set(owner.dialect.get_table_names(owner))
    assert {"incident", "student", "audit_entry", "probe_note"} <= existing
    assert set(school_tables(Base.metadata)) <= existing


def test_the_owner_is_bound_too(owner: Connection, school: SchoolForTests) -> None:
    """FORCE: not even the owner reads rows without a school."""
    with pytest.raises(DBAPIError, match="no school is set"):
        owner.exec_driver_sql("SELECT count(*) FROM student")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM student",
        "UPDATE student SET religion = 'x'",
        "DELETE FROM setting",
        "INSERT INTO counter (school_id, name, value) VALUES (1, 'x', 0)",
        "SELECT count(*) FROM probe_note",
    ],
)
@pytest.mark.parametrize("unset", ["never set", "", "NULL"])
def test_without_a_school_every_statement_raises(
    raw: Connection, school: SchoolForTests, statement: str, unset: str
) -> None:
    if unset != "never set":
        raw.exec_driver_sql(SET, (None if unset == "NULL" else "",))
    with pytest.raises(DBAPIError, match="no school is set"):
        raw.exec_driver_sql(statement)


def test_no_row_of_another_school_is_reached(
    raw: Connection, school: SchoolForTests, other_school: SchoolForTests, app: Application
) -> None:
    with app.transaction(other_school.id) as db:  # a kind of row that a new school does not have
        entry = {"id": new_id(), "at": utc_now(), "event": "x", "channel": "web", "access": "", "ip": ""}
        db.execute(
            insert(AuditEntry),
            [{**entry, "school_id": other_school.id, "subjects": [], "details": {}, "user_id": None}],
        )
    for table in school_tables(Base.metadata):
        assert_rows_hidden(raw, table, school.id, other_school.id)
        assert_rows_hidden(raw, table, other_school.id, school.id)


def test_own_rows_are_reached(raw: Connection, school: SchoolForTests) -> None:
    raw.exec_driver_sql(SET, (str(school.id),))
    assert raw.exec_driver_sql("SELECT count(*) FROM student").scalar() == 3
    assert raw.exec_driver_sql("UPDATE student SET religion = 'x'").rowcount == 3


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO counter (school_id, name, value) VALUES ({other}, 'x', 0)",
        "UPDATE counter SET school_id = {other}",
        "INSERT INTO counter (school_id, name, value) VALUES ({own}, 'incident', 1)"
        " ON CONFLICT (school_id, name) DO UPDATE SET school_id = {other}",
    ],
)
def test_no_row_is_given_to_another_school(
    raw: Connection, school: SchoolForTests, other_school: SchoolForTests, statement: str
) -> None:
    """WITH CHECK."""
    raw.exec_driver_sql(SET, (str(school.id),))
    with pytest.raises(DBAPIError, match="row-level security"):
        raw.exec_driver_sql(statement.format(own=school.id, other=other_school.id))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE student DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_school ON student",
        "CREATE POLICY everything ON student USING (true)",
        "CREATE OR REPLACE FUNCTION app_school() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "DROP TRIGGER keep_audit_entry_update ON audit_entry",
        "TRUNCATE setting",
        "SET ROLE cpoms_owner",
        "CREATE TABLE hole (id integer)",
    ],
)
def test_the_application_cannot_take_the_wall_down(raw: Connection, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
        raw.exec_driver_sql(statement)


def test_row_security_cannot_be_switched_off(raw: Connection, school: SchoolForTests) -> None:
    raw.exec_driver_sql(SET, (str(school.id),))
    raw.exec_driver_sql("SET LOCAL row_security = off")
    with pytest.raises(DBAPIError, match="row-level security"):
        raw.exec_driver_sql("SELECT count(*) FROM student")


def test_the_school_does_not_leak_to_the_next_transaction(raw_engine: Engine, school: SchoolForTests) -> None:
    """`raw_engine` has one pooled connection: the next transaction gets the same."""
    with raw_engine.connect() as connection:
        with connection.begin():
            connection.exec_driver_sql(SET, (str(school.id),))
            process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with connection.begin(), pytest.raises(DBAPIError, match="no school is set"):
            connection.exec_driver_sql("SELECT count(*) FROM student")
    with raw_engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar() == process
        with pytest.raises(DBAPIError, match="no school is set"):
            connection.exec_driver_sql("SELECT count(*) FROM student")


def test_each_transaction_of_a_session_enters_its_school(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    with app.session(school.id, writes=True) as first, app.session(other_school.id, writes=True) as second:
        for _ in range(3):
            for one in (first, second):
                assert one.scalar(select(func.count()).select_from(Student)) == 3
                with one.begin_nested():
                    assert one.scalar(select(func.current_setting("app.school"))) == str(one.school_id)
                one.commit()
                assert one.scalar(select(func.current_setting("app.school"))) == str(one.school_id)
                one.rollback()


def test_the_wall_holds_where_the_others_are_down(
    deployment: Deployment, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """A session on an engine without a guard: a Core select meets PostgreSQL's own."""
    engine = create_engine(deployment.database_url)
    with SchoolSession(engine, school_id=school.id) as db:
        found = set(db.execute(select(Student.__table__.c.school_id)).scalars())
    engine.dispose()
    assert found == {school.id}


@pytest.mark.parametrize(
    "role", ["owner", "superuser", "bypass", "member of the owner", "member of a bypass"]
)
def test_the_application_refuses_to_start_as_a_powerful_role(deployment: Deployment, role: str) -> None:
    cluster = postgres_cluster.from_environment()
    assert cluster is not None
    database = deployment.database_url.rpartition("/")[2]
    superuser = create_engine(cluster.superuser_url(database), isolation_level="AUTOCOMMIT")
    made = f"cpoms_test_{role.replace(' ', '_')}_{database}"
    grants = {
        "bypass": [f"CREATE ROLE {made} LOGIN BYPASSRLS PASSWORD 'x'"],
        "member of the owner": [
            f"CREATE ROLE {made} LOGIN NOINHERIT PASSWORD 'x'",
            f"GRANT cpoms_owner TO {made}",
        ],
        "member of a bypass": [
            f"CREATE ROLE {made}_group NOLOGIN BYPASSRLS",
            f"CREATE ROLE {made} LOGIN NOINHERIT PASSWORD 'x'",
            f"GRANT {made}_group TO {made}",
        ],
    }.get(role, [])
    url = superuser.url.set(username=made, password="x").render_as_string(hide_password=False)
    address = {"owner": deployment.owner_url, "superuser": cluster.superuser_url(database)}.get(role, url)
    try:
        with superuser.connect() as connection:
            for statement in grants:
                connection.exec_driver_sql(statement)
        with pytest.raises(PowerfulRole, match="row security"):
            make_engines(address)
    finally:
        with superuser.connect() as connection:
            connection.exec_driver_sql(f"DROP ROLE IF EXISTS {made}")
            connection.exec_driver_sql(f"DROP ROLE IF EXISTS {made}_group")
        superuser.dispose()


def test_the_application_starts_as_its_own_role(deployment: Deployment) -> None:
    make_engines(deployment.database_url).dispose()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM incident ORDER BY occurred_at DESC, id DESC LIMIT 25",
        "SELECT * FROM student WHERE id = '00000000-0000-7000-8000-000000000000'",
        "SELECT count(*) FROM alert WHERE recipient_id = '00000000-0000-7000-8000-000000000000'"
        " AND read_at IS NULL",
    ],
)
def test_plans_use_an_index_that_begins_with_the_school(
    raw: Connection, school: SchoolForTests, query: str
) -> None:
    """The policy asks for the school once a statement (an InitPlan) and finds it by index."""
    raw.exec_driver_sql(SET, (str(school.id),))
    raw.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the tests' tables are tiny
    plan = "\n".join(raw.exec_driver_sql(f"EXPLAIN {query}").scalars())
    assert "InitPlan" in plan, plan
    assert "Index" in plan, plan
    assert "school_id = " in next(line for line in plan.splitlines() if "Index Cond" in line), plan
