"""A pytest plugin for the tests of the core and of modules, which a root conftest.py loads:
`pytest_plugins = ["cpoms_core.testing.fixtures"]`.

It makes databases, one of each kind for every test process, migrated once, with a new school for each test,
whose people have every kind of access. `web(school, "teacher")` is a browser of one of them, and
`desk("teacher")`, of `cpoms_core.testing.browser`, which this loads, a real one. Run with `--database sqlite`
or `--database postgresql` to choose one kind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules import Module
from cpoms_core.modules.registry import checked, installed
from cpoms_core.testing import postgres_cluster
from cpoms_core.testing.browsing import Browser, Web
from cpoms_core.testing.probe import PROBE
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.web.request import cookie_name

pytest_plugins = ["cpoms_core.testing.browser"]
KINDS = ("sqlite", "postgresql")


def with_probe() -> dict[str, Module]:
    """The installed modules and the tests' own, whose table every test database has."""
    return checked([*installed().values(), PROBE])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=KINDS, help="run on one kind of database only")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    if not hasattr(config, "workerinput") and config.getoption("--database") != "sqlite":
        config.stash[CLUSTER] = postgres_cluster.start_for_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    cluster = config.stash.get(CLUSTER, None)
    if cluster is not None:
        cluster.stop()


CLUSTER: pytest.StashKey[postgres_cluster.Cluster | None] = pytest.StashKey()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        metafunc.parametrize("database_kind", [chosen] if chosen else KINDS, scope="session")


@pytest.fixture(scope="session")
def deployment(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment with an empty, migrated database of one kind."""
    folder = tmp_path_factory.mktemp(f"deployment-{database_kind}")
    if database_kind == "sqlite":
        made = Deployment(folder)
        migrate(made.owner_url, with_probe())
        yield made
        return
    reason = postgres_cluster.require_or_reason()
    if reason:
        pytest.skip(reason)
    cluster = postgres_cluster.from_environment()
    assert cluster is not None
    name = f"cpoms_{os.getpid()}"
    cluster.create_database(name)
    made = Deployment(folder, database_url=cluster.app_url(name), owner_url=cluster.owner_url(name))
    migrate(made.owner_url, with_probe())
    yield made
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def app(deployment: Deployment) -> Iterator[Application]:
    """The application on that database, with every installed module."""
    made = Application(deployment)
    yield made
    made.engines.dispose()


@pytest.fixture(scope="session")
def probe_app(app: Application) -> Application:
    """The same application with the tests' own module, `cpoms_core.testing.probe`, as well."""
    return Application(app.deployment, modules=with_probe(), engines=app.engines)


@pytest.fixture
def school(app: Application) -> SchoolForTests:
    """A school that no other test has touched."""
    return make_school(app)


@pytest.fixture
def other_school(app: Application) -> SchoolForTests:
    """A second school in the same database."""
    return make_school(app)


@pytest.fixture(scope="session")
def wsgi(app: Application) -> Any:
    """The WSGI application, made once for each database."""
    return configure(app)


@pytest.fixture
def web(app: Application, wsgi: Any) -> Web:
    """Makes browsers: `web(school)` is nobody, `web(school, "lead")` the lead, elevated where they have a
    key unless said otherwise."""

    def open_at(school: SchoolForTests, who: str | None = None, *, elevated: bool | None = None) -> Browser:
        browser = Browser(
            wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": f"2001:db8::{school.id:x}"}
        )
        if who is not None:
            browser.set_cookie(cookie_name(app), school.session_token(who, elevated=elevated))
        return browser

    return open_at
