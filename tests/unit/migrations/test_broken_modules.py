"""MOD-04: a module whose migrations fail costs itself only. MOD-01: a module that was removed leaves the rest
working, and its rows where they are. On both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine, inspect, select
from sqlalchemy.pool import NullPool

from cpoms_core import cli
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.errors import Refused
from cpoms_core.hooks import hookimpl
from cpoms_core.incidents.models import Incident
from cpoms_core.migrations import state
from cpoms_core.migrations.migrate import ModulesNotMigrated, migrate
from cpoms_core.modules import Module, registry
from cpoms_core.modules.leftovers import left_behind
from cpoms_core.modules.routes import PUBLIC, NotAudited
from cpoms_core.modules.services import switch
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.models import ModuleSwitch
from cpoms_core.testing.conformance import browser_for
from cpoms_core.testing.fixtures import with_probe
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests, make_school

Make = Callable[[], Deployment]
SCRIPT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = {number!r}, {before!r}, None, None
def upgrade():
{body}
"""
FIRST = """
    op.create_table("brittle_one", sa.Column("school_id", sa.Integer(), primary_key=True),
                    sa.Column("id", sa.Integer(), primary_key=True))
"""
BROKEN = """
    op.create_table("brittle_two", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("brittle_one", sa.Column("half", sa.Integer()))
    op.execute("INSERT INTO brittle_one VALUES (1, 2, 3)")
    raise RuntimeError("Aoife's row did not fit")
"""
MENDED = """
    op.add_column("brittle_one", sa.Column("half", sa.Integer()))
"""


class Brittle:
    """A module in a package of its own, whose migrations a test writes. Its name comes before others'."""

    def __init__(self, package: Path) -> None:
        self.versions = package / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "migrations" / "__init__.py").write_text("")
        (package / "migrations" / "env.py").write_text(
            "from cpoms_core.migrations.environment import run\nrun()\n"
        )
        self.told: list[str] = []
        hooks = SimpleNamespace(
            incident_saved=hookimpl(lambda: self.told.append("saved"), specname="incident_saved"),
            incidents_removed=hookimpl(lambda: self.told.append("removed"), specname="incidents_removed"),
            register_routes=hookimpl(self._routes, specname="register_routes"),
        )
        self.module = Module("brittle", "Brittle", "", package.name, "1", hooks, "brittle_")  # type: ignore[arg-type]
        self.write(1, FIRST)

    @staticmethod
    def _routes(routes: Any) -> None:
        routes.route("brittle.page", "/brittle/page")
        routes.view(
            lambda request: {}, "brittle.page", permission=PUBLIC, audit=NotAudited("a test"), template="json"
        )

    def write(self, number: int, body: str) -> None:
        before = f"{number - 1:04}" if number > 1 else None
        text = SCRIPT.format(number=f"{number:04}", before=before, body=body)
        (self.versions / f"brittle_{number:04}.py").write_text(text)
        shutil.rmtree(self.versions / "__pycache__", ignore_errors=True)
        state._heads.cache_clear()


@pytest.fixture
def brittle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Brittle:
    package = tmp_path / f"cpoms_brittle_{new_id().hex[-8:]}"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    return Brittle(package)


def modules(brittle: Brittle) -> dict[str, Module]:
    return dict(sorted({**with_probe(), "brittle": brittle.module}.items()))


def owner(deployment: Deployment) -> Engine:
    return create_engine(deployment.owner_url, poolclass=NullPool)


def found(deployment: Deployment) -> tuple[set[str], dict[str, str]]:
    """The tables there are, and the version of each component."""
    with owner(deployment).connect() as connection:
        tables = set(inspect(connection).get_table_names())
        versions = {
            name: connection.exec_driver_sql(f"SELECT version_num FROM {name}").scalar_one()
            for name in tables
            if name.startswith("alembic_")
        }
    return tables, versions


def put_row(deployment: Deployment, school_id: int) -> None:
    with owner(deployment).connect() as connection, connection.begin():
        connection.exec_driver_sql(f"INSERT INTO brittle_one (school_id, id) VALUES ({school_id}, 1)")


def record(school: SchoolForTests, **more: Any) -> None:
    add_incident(school, "A concern.", **more)
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Incident.text)).all()[-1] == "A concern."


# --- a migration that fails ------------------------------------------------------------------------------


def test_the_others_are_migrated_and_nothing_is_half(new_deployment: Make, brittle: Brittle) -> None:
    """MOD-04: a first migration that fails leaves neither tables nor a version; core and modules before and
    after it by name are complete."""
    deployment = new_deployment()
    brittle.write(2, BROKEN)
    with pytest.raises(ModulesNotMigrated) as failed:
        migrate(deployment.owner_url, modules(brittle))
    assert list(failed.value.failed) == ["brittle"]
    assert "Aoife" not in str(failed.value)
    tables, versions = found(deployment)
    assert not {name for name in tables if "brittle" in name}
    with_tables = {module.name for module in with_probe().values() if module.tables}
    assert set(versions) == {f"alembic_{name}" for name in ("core", *with_tables)}
    assert "probe_note" in tables


def test_a_release_that_fails_leaves_the_one_before(new_deployment: Make, brittle: Brittle) -> None:
    """MOD-04: rows and version stay what they were; once it is mended, it is migrated."""
    deployment = new_deployment()
    migrate(deployment.owner_url, modules(brittle))
    put_row(deployment, 7)
    brittle.write(2, BROKEN)
    with pytest.raises(ModulesNotMigrated):
        migrate(deployment.owner_url, modules(brittle))
    tables, versions = found(deployment)
    assert versions["alembic_brittle"] == "0001" and "brittle_two" not in tables
    with owner(deployment).connect() as connection:
        columns = [one["name"] for one in inspect(connection).get_columns("brittle_one")]
        assert columns == ["school_id", "id"]
        assert connection.exec_driver_sql("SELECT school_id, id FROM brittle_one").all() == [(7, 1)]
    brittle.write(2, MENDED)
    migrate(deployment.owner_url, modules(brittle))
    assert found(deployment)[1]["alembic_brittle"] == "0002"


def test_a_script_that_cannot_be_read_is_the_modules_fault(new_deployment: Make, brittle: Brittle) -> None:
    deployment = new_deployment()
    brittle.write(2, "    this is no python")
    with pytest.raises(ModulesNotMigrated) as failed:
        migrate(deployment.owner_url, modules(brittle))
    assert list(failed.value.failed) == ["brittle"]
    assert "probe_note" in found(deployment)[0]


def test_the_command_says_which_and_quotes_nothing(
    new_deployment: Make, brittle: Brittle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPS-03: it ends with 1, names the module, says what is up to date and what to do, without the error's
    text, which may quote a record."""
    deployment = new_deployment()
    brittle.write(2, BROKEN)
    monkeypatch.setattr(registry, "installed", lambda: modules(brittle))
    config = deployment.folder / "deployment.toml"
    config.write_text(
        f'folder = "."\ndatabase_url = "{deployment.database_url}"\nowner_url = "{deployment.owner_url}"\n'
    )
    done = CliRunner().invoke(cli.main, ["--config", str(config), "migrate"])
    assert done.exit_code == 1
    assert "migrations of the module 'brittle' failed and were undone: RuntimeError" in done.output
    assert "brittle_0002.py:upgrade" in done.output
    assert "other modules are up to date. 'brittle' is off at every school" in done.output
    assert "Aoife" not in done.output
    listed = CliRunner().invoke(cli.main, ["--config", str(config), "school", "list"])
    assert listed.exit_code == 0, listed.output


# --- a module whose tables are behind ----------------------------------------------------------------------


@pytest.fixture
def behind(new_deployment: Make, brittle: Brittle) -> SchoolForTests:
    """A school that had the module on when the migration of its new release failed."""
    deployment = new_deployment()
    migrate(deployment.owner_url, modules(brittle))
    school = make_school(Application(deployment, modules=modules(brittle)))
    assert "brittle" in school.viewer("lead").modules
    brittle.write(2, BROKEN)
    with pytest.raises(ModulesNotMigrated):
        migrate(deployment.owner_url, modules(brittle))
    school.app = Application(deployment, modules=modules(brittle), engines=school.app.engines)
    return school


def test_a_module_whose_tables_are_behind_is_off_and_its_switch_stays(
    behind: SchoolForTests, brittle: Brittle
) -> None:
    """MOD-04: the application starts, its pages are not there, its hooks are not called, and it can be
    switched off but not on."""
    app = behind.app
    assert app.behind == {"brittle"}
    lead = behind.viewer("lead")
    assert "brittle" not in lead.modules and "probe" in lead.modules
    browser = browser_for(configure(app), behind, "lead")
    assert browser.get("/").status_int == 200
    assert browser.get("/brittle/page", status="*").status_int == 404
    assert browser.get("/health").json == {"ok": True, "modules_behind": ["brittle"]}
    record(behind)
    assert brittle.told == []
    with app.session(behind.id, writes=False) as db:
        assert db.get_one(ModuleSwitch, (behind.id, "brittle")).enabled
    with app.transaction(behind.id) as db, pytest.raises(Refused, match="not up to date"):
        switch(db, lead, "brittle", True)
    with app.transaction(behind.id) as db:
        switch(db, lead, "brittle", False)


def test_what_it_must_be_told_is_kept(behind: SchoolForTests, brittle: Brittle) -> None:
    """incidents_removed: told modules that are off, too; this one once its tables are good."""
    from cpoms_core.outbox.retries import keep_for_retry

    lead = behind.viewer("lead")
    with behind.app.transaction(behind.id) as db:
        behind.app.hooks.tell(
            "incidents_removed", db, lead, keep_for_retry(db, lead),
            change_id=new_id(), incident_ids=[new_id()], action_ids=[],
        )  # fmt: skip
        assert db.hook_failures == []
    assert brittle.told == []
    with behind.app.session(behind.id, writes=False) as db:
        (payload,) = db.scalars(select(OutboxItem.payload).where(OutboxItem.kind == "hook"))
    assert (payload["module"], payload["hook"]) == ("brittle", "incidents_removed")


def test_mended_it_is_as_it_was(behind: SchoolForTests, brittle: Brittle) -> None:
    """A process that began while it was behind finds out by itself, within a minute."""
    app = behind.app
    assert app.behind == {"brittle"}
    brittle.write(2, MENDED)
    migrate(app.deployment.owner_url, modules(brittle))
    assert app.behind == {"brittle"}
    app._tables._looked_at -= state.LOOK_AGAIN  # type: ignore[operator]
    assert app.behind == frozenset()
    assert "brittle" in behind.viewer("lead").modules
    record(behind)
    assert brittle.told == ["saved"]


def test_a_broken_script_does_not_stop_the_start(behind: SchoolForTests, brittle: Brittle) -> None:
    brittle.write(2, "    this is no python")
    app = Application(behind.app.deployment, modules=modules(brittle), engines=behind.app.engines)
    assert app.behind == {"brittle"}


# --- a module that was removed ---------------------------------------------------------------------------


@pytest.fixture
def removed(new_deployment: Make, brittle: Brittle) -> SchoolForTests:
    """A school that has a row of a module that was then uninstalled; another school has none."""
    deployment = new_deployment()
    migrate(deployment.owner_url, modules(brittle))
    school = make_school(Application(deployment, modules=modules(brittle)))
    put_row(deployment, school.id)
    migrate(deployment.owner_url, with_probe())
    school.app = Application(deployment, modules=with_probe(), engines=school.app.engines)
    return school


def test_without_a_removed_module_everything_else_works(removed: SchoolForTests) -> None:
    """MOD-01: pages, recording, a hook that waits to be tried again, its switch row and its tables."""
    lead = removed.viewer("lead")
    assert "brittle" not in lead.modules and removed.app.behind == frozenset()
    browser = browser_for(configure(removed.app), removed, "lead")
    for path in ("/", "/admin", "/admin/modules", "/admin/settings", "/incidents/add"):
        assert browser.get(path).status_int == 200
    assert browser.get("/brittle/page", status="*").status_int == 404
    record(removed)
    with owner(removed.app.deployment).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM brittle_one").scalar_one() == 1
    with removed.app.session(removed.id, writes=False) as db:
        assert db.get_one(ModuleSwitch, (removed.id, "brittle")).enabled


def test_what_it_was_owed_waits(removed: SchoolForTests) -> None:
    """A call that was kept for it is not done, and neither fails nor is forgotten."""
    from cpoms_core.access.identity import system_viewer
    from cpoms_core.outbox.outcomes import NotNow
    from cpoms_core.outbox.retries import retry_hook

    for hook in ("incident_saved", "incidents_removed"):
        payload = {"module": "brittle", "hook": hook, "ids": {}, "arguments": {}, "user_id": None}
        with removed.app.transaction(removed.id) as db, pytest.raises(NotNow):
            retry_hook(db, system_viewer(db), payload)


def test_an_export_stops_while_a_removed_module_holds_rows(removed: SchoolForTests, brittle: Brittle) -> None:
    """export_student: it would not be whole. The message names the module, its tables and what to do; a
    school without such rows is not stopped, nor is this one once the module is installed again."""
    arguments = {"student_id": removed.students["aoife"]}
    with removed.app.session(removed.id, writes=False) as db:
        assert left_behind(db) == {"brittle_one": 1}
        with pytest.raises(Refused) as refused:
            removed.app.hooks.always("export_student", db, removed.viewer("lead"), **arguments)
    for words in ("modules: brittle;", "brittle_one (1)", "install them again"):
        assert words in refused.value.message
    other = make_school(removed.app)
    with other.app.session(other.id, writes=False) as db:
        assert left_behind(db) == {}
        assert "probe" in other.app.hooks.always("export_student", db, other.viewer("lead"), **arguments)
    back = Application(removed.app.deployment, modules=modules(brittle), engines=removed.app.engines)
    removed.app = back
    with back.session(removed.id, writes=False) as db:
        back.hooks.always("export_student", db, removed.viewer("lead"), **arguments)


def test_the_guard_lets_only_rows_of_the_school_be_counted(removed: SchoolForTests) -> None:
    """The statements of the catalogue are strings: nothing else passes as one."""
    from cpoms_core.tenancy.scope import OutOfScope

    with removed.app.session(removed.id, writes=False) as db:
        connection = db.connection()
        for statement in (
            f'SELECT count(*) FROM "brittle_one" WHERE school_id = {removed.id + 1}',
            f'SELECT count(*) FROM "incident" WHERE school_id = {removed.id}',
            f'SELECT count(*) FROM "brittle_one" WHERE school_id = {removed.id} OR 1=1',
            "SELECT version_num FROM alembic_core, incident",
            "SELECT name FROM sqlite_master",
        ):
            with pytest.raises(OutOfScope):
                connection.exec_driver_sql(statement)


def test_a_module_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """MOD-02: it stops the start, and says whose fault it is."""
    from importlib.metadata import EntryPoint

    entry = EntryPoint("torn", "cpoms_core.testing.not_there:MODULE", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    with pytest.raises(registry.BadModule, match=r"module 'torn'.*cannot be imported .ModuleNotFoundError"):
        registry.installed()


def test_tables_that_cannot_be_imported_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "cpoms_torn_tables"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = replace(with_probe()["probe"], name="torn", package=package.name, tables="torn_")
    with pytest.raises(registry.BadModule, match="tables of module 'torn' cannot be imported"):
        registry.checked([module])
