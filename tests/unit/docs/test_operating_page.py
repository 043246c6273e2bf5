"""`docs/operating.md` names what there is to configure and to call, and its SQL for PostgreSQL works."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import make_url

from cpoms_core.application import Application
from cpoms_core.cli import COMMANDS
from cpoms_core.database.engines import PowerfulRole
from cpoms_core.deployment import Deployment, load
from cpoms_core.migrations.migrate import migrate
from cpoms_core.outbox.transports import PORTS, transport_of
from cpoms_core.testing import postgres_cluster
from cpoms_core.testing.fixtures import with_probe
from cpoms_core.testing.schools import make_school

PAGE = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_every_key_of_the_configuration_is_explained() -> None:
    """OPS: each field of Deployment has its row, with the default that it has."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for field in fields(Deployment):
        row = [line for line in rows if f"`{field.name}`" in line.split("|")[1]]
        assert len(row) == 1, field.name
        if field.default and isinstance(field.default, str | int):
            default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert default in row[0].split("|")[3], field.name


def test_the_configuration_that_it_shows_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "deployment.toml"
    file.write_text(blocks("toml")[0], encoding="utf-8")
    deployment = load(file)
    assert deployment.secure
    assert deployment.school_address("hillside") == "https://hillside.records.example"
    transport_of(deployment)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_is_named(command: str) -> None:
    assert re.search(rf"\| [^|]*`cpoms {command}[ `]", PAGE)


@pytest.mark.parametrize("scheme", list(PORTS))
def test_every_kind_of_mail_server_is_named(scheme: str) -> None:
    assert f"| `{scheme}://" in PAGE


@pytest.fixture
def database() -> Iterator[tuple[postgres_cluster.Cluster, str]]:
    """A database and roles of another name, made by the page's statements on the tests' own PostgreSQL."""
    if reason := postgres_cluster.require_or_reason():
        pytest.skip(reason)
    cluster = postgres_cluster.from_environment()
    if cluster is None:
        pytest.skip("no PostgreSQL was started for this run")
    prefix = f"docs{secrets.token_hex(4)}"
    in_server, in_database = (re.sub(r"\bcpoms", prefix, block) for block in blocks("sql"))
    try:
        run(cluster.superuser_url("postgres"), in_server)
        run(cluster.superuser_url(prefix), in_database)
        yield cluster, prefix
    finally:
        cluster.drop_database(prefix)
        run(
            cluster.superuser_url("postgres"),
            "".join(f"DROP ROLE IF EXISTS {prefix}_{role};" for role in ("app", "backup", "owner")),
        )


def run(url: str, statements: str) -> None:
    with connect(url) as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(statement.encode())


def connect(url: str) -> psycopg.Connection:
    parts = make_url(url).set(drivername="postgresql")
    return psycopg.connect(parts.render_as_string(hide_password=False), autocommit=True)


def as_role(cluster: postgres_cluster.Cluster, prefix: str, role: str) -> str:
    url = make_url(cluster.superuser_url(prefix)).set(
        username=f"{prefix}_{role}", password=f"change-me-{role}"
    )
    return url.render_as_string(hide_password=False)


@pytest.mark.slow
def test_the_roles_are_enough_and_not_too_much(
    database: tuple[postgres_cluster.Cluster, str], tmp_path: Path
) -> None:
    """The owner migrates, the application records, the backup reads every school, and nobody more."""
    cluster, prefix = database
    owner, application, backup = (as_role(cluster, prefix, role) for role in ("owner", "app", "backup"))
    migrate(owner, with_probe())
    app = Application(Deployment(tmp_path, database_url=application, owner_url=owner), modules=with_probe())
    make_school(app)
    make_school(app)
    app.engines.dispose()
    with connect(backup) as connection:
        row = connection.execute("SELECT count(DISTINCT school_id) FROM student").fetchone()
        assert row == (2,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute("UPDATE school SET name = 'another'")
    with connect(application) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute("CREATE TABLE another (id integer)")
    with connect(owner) as connection, pytest.raises(psycopg.Error, match="no school is set"):
        connection.execute("SELECT count(*) FROM student")
    with pytest.raises(PowerfulRole):
        refused = Application(Deployment(tmp_path, database_url=owner), modules=with_probe())
        make_school(refused)
