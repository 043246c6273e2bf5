"""The tests' own PostgreSQL: its roles may do what they may in a deployment, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from cpoms_core.testing import postgres_cluster
from cpoms_core.testing.postgres_cluster import Cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if reason := postgres_cluster.require_or_reason():
        pytest.skip(reason)
    cluster = Cluster.start()
    yield cluster
    cluster.stop()


def run(url: str, *statements: str) -> object:
    """Run statements in one transaction; return the first value of the last one that has rows."""
    engine = create_engine(url, poolclass=NullPool)
    value = None
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(text(statement))
            if result.returns_rows:
                value = result.scalar()
    return value


def role(connection: Connection, name: str) -> dict[str, bool]:
    row = (
        connection.execute(text("SELECT * FROM pg_roles WHERE rolname = :name"), {"name": name})
        .mappings()
        .one()
    )
    return {key: value for key, value in row.items() if isinstance(value, bool)}


@pytest.mark.parametrize("name", ["cpoms_owner", "cpoms_app"])
def test_roles_have_no_powers(cluster: Cluster, name: str) -> None:
    with create_engine(cluster.superuser_url("postgres"), poolclass=NullPool).connect() as connection:
        assert role(connection, name) == {
            "rolsuper": False,
            "rolinherit": True,
            "rolcreaterole": False,
            "rolcreatedb": False,
            "rolcanlogin": True,
            "rolreplication": False,
            "rolbypassrls": False,
        }


def test_app_reads_and_writes_rows_of_what_the_owner_made(cluster: Cluster) -> None:
    cluster.create_database("rows")
    run(
        cluster.owner_url("rows"),
        "CREATE TABLE note (id serial PRIMARY KEY, words text)",
        "CREATE FUNCTION two() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
        "REVOKE EXECUTE ON FUNCTION two() FROM PUBLIC",
        "CREATE SCHEMA cases",
        "CREATE TABLE cases.plan (id integer)",
    )
    app = cluster.app_url("rows")
    run(app, "INSERT INTO note (words) VALUES ('Müller'), ('b')", "DELETE FROM note WHERE words = 'b'")
    assert run(app, "UPDATE note SET words = upper(words) RETURNING words") == "MÜLLER"
    assert run(app, "SELECT two()") == 2
    assert run(app, "SELECT count(*) FROM cases.plan") == 0
    assert run(app, "SELECT similarity('Hillside', 'Hilside') > 0.5") is True
    assert run(app, "SELECT count(*) FROM pg_class WHERE relowner = 'cpoms_app'::regrole") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id integer)",
        "CREATE SCHEMA mine",
        "TRUNCATE note",
        "DROP TABLE note",
        "ALTER TABLE note DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY everything ON note USING (true)",
        "CREATE DATABASE mine",
        "SET ROLE cpoms_owner",
    ],
)
def test_app_may_not_change_what_there_is(cluster: Cluster, statement: str) -> None:
    cluster.drop_database("structure")
    cluster.create_database("structure")
    run(cluster.owner_url("structure"), "CREATE TABLE note (id integer)")
    engine = create_engine(cluster.app_url("structure"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        connection.execute(text(statement))


def test_row_level_security_holds_for_the_app(cluster: Cluster) -> None:
    cluster.create_database("walls")
    run(
        cluster.owner_url("walls"),
        "CREATE TABLE note (school_id integer)",
        "INSERT INTO note VALUES (1), (2), (2)",
        "ALTER TABLE note ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE note FORCE ROW LEVEL SECURITY",
        "CREATE POLICY school ON note USING (school_id = current_setting('app.school')::integer)",
    )
    for url in (cluster.app_url("walls"), cluster.owner_url("walls")):
        assert run(url, "SET LOCAL app.school = '2'", "SELECT count(*) FROM note") == 2


def test_databases_are_copied_from_a_template_at_the_same_time(cluster: Cluster) -> None:
    cluster.create_database("original")
    run(cluster.owner_url("original"), "CREATE TABLE note (id integer)", "INSERT INTO note VALUES (7)")
    names = [f"copy_{number}" for number in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: cluster.create_database(name, template="original"), names))
    for name in names:
        assert run(cluster.app_url(name), "SELECT id FROM note") == 7
        cluster.drop_database(name)


def test_dropping_ends_what_is_connected(cluster: Cluster) -> None:
    cluster.create_database("busy")
    with create_engine(cluster.app_url("busy"), poolclass=NullPool).connect() as connection:
        connection.execute(text("SELECT 1"))
        cluster.drop_database("busy")
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
        connection.invalidate()


def test_workers_find_the_cluster_of_the_run(cluster: Cluster) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(postgres_cluster.ENVIRONMENT, raising=False)
        assert postgres_cluster.from_environment() is None
    environ = {postgres_cluster.ENVIRONMENT: cluster.address.to_json()}
    seen = postgres_cluster.from_environment(environ)
    assert seen is not None
    seen.stop()  # not its to stop
    assert run(seen.app_url("postgres"), "SELECT 1") == 1


# What a test run does; it prints the folder, and then waits to be ended.
RUN = """
from cpoms_core.testing.postgres_cluster import Cluster
cluster = Cluster.start()
print(cluster.address.folder, flush=True)
input()
"""


def start_a_run() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def server_of(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def is_alive(number: int) -> bool:
    """Say whether the process runs; one that ended and was not yet collected has no command line."""
    try:
        return bool(Path(f"/proc/{number}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_nothing_stays_behind_however_the_run_ends(cluster: Cluster, end: signal.Signals | None) -> None:
    process, folder = start_a_run()
    server = server_of(folder)
    if end is None:
        process.communicate("\n")
    else:
        process.send_signal(end)
        process.communicate()
    wait_until(lambda: not folder.exists())
    wait_until(lambda: not is_alive(server))


def test_the_next_start_removes_what_a_killed_watchdog_left(cluster: Cluster) -> None:
    process, folder = start_a_run()
    server = server_of(folder)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for watchdog in children:
        os.killpg(int(watchdog), signal.SIGKILL)
    process.kill()
    process.communicate()
    assert folder.exists()
    assert is_alive(server)

    Cluster.start().stop()

    assert not folder.exists()
    wait_until(lambda: not is_alive(server))
    assert run(cluster.app_url("postgres"), "SELECT 1") == 1, "a cluster in use was taken for a leftover"


def test_a_missing_postgresql_skips_except_where_it_must_be_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres_cluster, "INSTALLATIONS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(postgres_cluster.ENVIRONMENT, raising=False)

    monkeypatch.delenv("CI", raising=False)
    assert "apt-get install" in (postgres_cluster.require_or_reason() or "")
    assert postgres_cluster.start_for_run() is None

    monkeypatch.setenv("CI", "true")
    with pytest.raises(postgres_cluster.PostgresError, match="must not be skipped"):
        postgres_cluster.start_for_run()
