"""What every module must keep to, whoever wrote it. A module's tests need one import:

    from cpoms_core.testing.conformance import TestEveryModule  # noqa: F401

(and the fixtures of `cpoms_core.testing.fixtures`). It runs over every installed module, with the module on
and with it off for the school: MOD-01, MOD-02, MOD-04.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import webtest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Mapper

from cpoms_core.access.models import GroupPermission
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.config import configure
from cpoms_core.database.base import Base, is_school_table
from cpoms_core.hooks import specs
from cpoms_core.hooks.relay import HookRelay
from cpoms_core.hooks.types import TaskSpec
from cpoms_core.incidents.services import record_incident
from cpoms_core.modules import Module
from cpoms_core.modules.registry import checked, installed
from cpoms_core.modules.routes import CORE, IN_SERVICE, PORTAL, PUBLIC, NotAudited
from cpoms_core.modules.services import switch
from cpoms_core.outbox.services import queue
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.walking import ON_NO_PAGE, recorded, traces, walk
from cpoms_core.testing.walls import assert_shut
from cpoms_core.testing.worker import work
from cpoms_core.web.request import cookie_name

GATED = ("collect", "effect", "veto")


class Browser(webtest.TestApp):  # type: ignore[misc]
    """A browser at one school that knows the forms' token and takes any answer."""

    def csrf(self) -> str:
        """The token of the forms of a signed-in person."""
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/", status="*").text)
        found = found or re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/", status="*").text)
        assert found, "no token on the dashboard"
        return found[1]

    def request_as(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """One request by a method; any status is an answer."""
        if method == "POST":
            return self.post(path, dict(fields or {}), status="*")
        return self.get(path, status="*")


def browser_for(wsgi: Any, school: SchoolForTests, who: str) -> Browser:
    """A browser that is signed in as one of the school's users."""
    browser = Browser(wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": "192.0.2.7"})
    browser.set_cookie(cookie_name(school.app), school.session_token(who))
    return browser


def grant_everything(school: SchoolForTests) -> None:
    """Gives the lead every permission that is declared, so that only the gate can stand in the way."""
    group = school.groups["Safeguarding"]
    with school.app.transaction(school.id) as db:
        held = set(db.scalars(select(GroupPermission.permission).where(GroupPermission.group_id == group)))
        rows = [
            {"school_id": school.id, "group_id": group, "permission": name}
            for name in school.app.permissions
            if name not in held
        ]
        if rows:
            db.execute(insert(GroupPermission), rows)


def views_of(wsgi: Any, module: str) -> list[tuple[str, Any]]:
    """The views of a module (or of the core) with the pattern of their routes."""
    introspector = wsgi.registry.introspector
    patterns = {
        entry["introspectable"]["name"]: entry["introspectable"]["pattern"]
        for entry in introspector.get_category("routes")
    }
    views = [entry["introspectable"] for entry in introspector.get_category("views")]
    return [(patterns[view["route_name"]], view) for view in views if view.get("module") == module]


def pages_in_service(wsgi: Any) -> list[Any]:
    """The views, of the core and of modules, whose service writes the change, and which may answer somebody
    of the school with a page all the same."""
    introspector = wsgi.registry.introspector
    pages = {entry["introspectable"].discriminator for entry in introspector.get_category("templates")}
    views = [entry["introspectable"] for entry in introspector.get_category("views")]
    return [
        view
        for view in views
        if view.get("audit") == IN_SERVICE
        and view.discriminator in pages
        and view["needs"] not in (PUBLIC, PORTAL)
    ]


def filled(pattern: str) -> str:
    """A route's address with something in the place of each parameter."""
    address = re.sub(r"\*\w+", "probe.txt", pattern)
    return re.sub(r"\{(\w+)(:[^}]*)?\}", lambda _: str(uuid.UUID(int=7)), address)


@contextmanager
def hooks_called() -> Iterator[list[tuple[str, str]]]:
    """The hooks that are called while it lasts: the names of their modules and theirs."""
    called: list[tuple[str, str]] = []
    invoke = HookRelay._invoke

    def note(call: Any, arguments: Mapping[str, Any]) -> Any:
        called.append((call.module, call.hook))
        return invoke(call, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HookRelay, "_invoke", staticmethod(note))
        yield called


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk of the lead over the pages came upon. failures: of hooks, while something was recorded;
    kept: how many rows the module has before its switch was turned, and after the walk."""

    school: SchoolForTests
    pages: Mapping[str, str]
    called: list[tuple[str, str]]
    failures: list[Any]
    kept: tuple[Mapping[str, int | None], Mapping[str, int | None]] = ({}, {})


class Walks:
    """A walk with every module on, and one with each of them off: a walk takes a while, so that all tests
    look at the same ones."""

    def __init__(self, wsgi: Any, application: Application) -> None:
        self._wsgi, self._application = wsgi, application
        self._on: list[Walk] = []
        self._off: dict[str, Walk] = {}

    @property
    def on(self) -> Walk:
        if not self._on:
            self._on.append(self._walk(self._school()))
        return self._on[0]

    def off(self, module: Module) -> Walk:
        if module.name not in self._off:
            school = self._school()
            with school.app.transaction(school.id) as db:
                recorded(db, school, school.app.modules)
            before = _counts(school, module)
            turn(school, module.name, False)
            walked = self._walk(school)
            after = _counts(school, module)
            self._off[module.name] = replace(walked, kept=(before, after))
        return self._off[module.name]

    def _school(self) -> SchoolForTests:
        school = make_school(self._application)
        grant_everything(school)
        return school

    def _walk(self, school: SchoolForTests) -> Walk:
        with hooks_called() as called:
            with school.app.transaction(school.id) as db:
                ids = recorded(db, school, school.app.modules)
                failures = list(db.hook_failures)
            pages = walk(browser_for(self._wsgi, school, "lead"), school, ids)
        return Walk(school, pages, called, failures)


class TestEveryModule:
    """Runs over the installed modules, and over those that a subclass names in `extra`."""

    extra: ClassVar[Mapping[str, Module]] = {}

    @classmethod
    def modules(cls) -> dict[str, Module]:
        return checked([*installed().values(), *cls.extra.values()])

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "module" in metafunc.fixturenames:
            metafunc.parametrize("module", self.modules().values(), ids=self.modules())

    @pytest.fixture(scope="class")
    def application(self, app: Application) -> Application:
        return Application(app.deployment, modules=self.modules(), engines=app.engines)

    @pytest.fixture(scope="class")
    def wsgi(self, application: Application) -> Any:
        return configure(application)

    @pytest.fixture(scope="class")
    def walks(self, wsgi: Any, application: Application) -> Walks:
        return Walks(wsgi, application)

    @pytest.fixture
    def school(self, application: Application) -> SchoolForTests:
        """A school with every module on; its lead has every permission."""
        school = make_school(application)
        grant_everything(school)
        return school

    # --- declarations --------------------------------------------------------------------------------

    def test_views_are_the_modules_own_and_say_what_they_need(self, wsgi: Any, module: Module) -> None:
        for pattern, view in views_of(wsgi, module.name):
            assert pattern.startswith((f"/{module.name}/", f"/static/modules/{module.name}/"))
            assert view["route_name"].startswith(f"{module.name}.")
            assert view["needs"], f"{pattern} declares no permission"
            assert isinstance(view["audit"], str | NotAudited) and view["audit"], f"{pattern}: no audit"
            if isinstance(view["audit"], NotAudited):
                assert len(view["audit"].reason) > 5, f"{pattern} is not audited, without a reason"
        for view in pages_in_service(wsgi):
            if view["module"] == module.name:
                assert view["comes_back"], f"{view['route_name']}: what is written when its page comes back?"
        for pattern, view in views_of(wsgi, CORE):
            home = getattr(view["callable"], "__module__", "")
            assert not home.startswith(module.package), f"{pattern} passes as the core's"

    def test_what_it_audits_has_words(self, wsgi: Any, application: Application, module: Module) -> None:
        """USR-03: what its views declare, and what is written when a concern is recorded."""
        views = [view for _pattern, view in views_of(wsgi, module.name)]
        declared = {view.get(said) for view in views for said in ("audit", "comes_back")}
        school = make_school(application)
        _record(school)
        with application.session(school.id, writes=False) as db:
            written = set(db.scalars(select(AuditEntry.event)))
        for event in {one for one in declared if isinstance(one, str) and one != IN_SERVICE} | written:
            assert event in application.audit_words, f"no hook audit_words says what {event!r} means"

    @pytest.mark.parametrize(
        "category", ["subscribers", "tweens", "request extensions", "view derivers", "renderer factories"]
    )
    def test_it_adds_nothing_that_runs_where_it_is_off(
        self, wsgi: Any, module: Module, category: str
    ) -> None:
        for entry in wsgi.registry.introspector.get_category(category) or ():
            for value in entry["introspectable"].values():
                home = value if isinstance(value, str) else getattr(value, "__module__", "") or ""
                assert not home.startswith(f"{module.package}."), f"{category}: {value!r}"

    def test_its_tables_are_of_a_school_and_point_within_it(self, module: Module) -> None:
        for table in _tables(module):
            assert is_school_table(table)
            for key in table.foreign_keys:
                assert key.ondelete is None, f"{key} cascades: data would go without a trace"
            for constraint in table.foreign_key_constraints:
                if is_school_table(constraint.referred_table):
                    assert "school_id" in constraint.column_keys, f"{constraint} leaves the school open"

    def test_it_adds_no_relationship_to_the_cores_classes(self, module: Module) -> None:
        for mapper in Base.registry.mappers:
            if not mapper.class_.__module__.startswith(module.package):
                for relationship in mapper.relationships:
                    home = relationship.mapper.class_.__module__
                    assert not home.startswith(module.package), f"{relationship} hangs on the core"

    # --- off -----------------------------------------------------------------------------------------

    def test_off_no_route_answers(self, wsgi: Any, module: Module, school: SchoolForTests) -> None:
        """GET and POST, static files too; byte for byte as an address that was never there."""
        turn(school, module.name, False)
        paths = sorted({filled(pattern) for pattern, _view in views_of(wsgi, module.name)})
        for who in ("lead", "teacher"):
            assert_shut(browser_for(wsgi, school, who), paths)

    def test_off_no_hook_is_called(self, walks: Walks, module: Module) -> None:
        called = [hook for home, hook in walks.off(module).called if home == module.name]
        assert not [hook for hook in called if specs.MODES[hook] in GATED], called

    def test_off_nothing_of_it_is_on_a_page(self, walks: Walks, module: Module) -> None:
        """Menus, fields, filters, ticks, permissions, settings, and what was put into its fields."""
        walked = walks.off(module)
        for page, text in walked.pages.items():
            found = traces(walked.school.app, module, text)
            assert not found, f"{page} still has of the module: {found}"

    def test_off_its_permissions_do_not_count(self, module: Module, school: SchoolForTests) -> None:
        theirs = {name for name, (home, _) in school.app.permissions.items() if home == module.name}
        assert theirs <= school.viewer("lead").permissions
        turn(school, module.name, False)
        assert not theirs & school.viewer("lead").permissions

    def test_off_no_task_runs_and_on_again_it_does(self, module: Module, school: SchoolForTests) -> None:
        tasks = [kind for kind, (home, _task) in school.app.tasks.items() if home == module.name]
        turn(school, module.name, False)
        ran: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            for kind in tasks:
                patch.setitem(school.app.tasks, kind, (module.name, _noting(ran, kind)))
            for kind in tasks:
                with school.app.transaction(school.id) as db:
                    queue(db, kind, {}, now=utc_now())
            work(school)
            assert ran == []
            turn(school, module.name, True)
            work(school, later=True)
            assert sorted(ran) == sorted(tasks)

    def test_off_its_data_stays(self, walks: Walks, module: Module) -> None:
        walked = walks.off(module)
        before, after = walked.kept
        assert after == before
        turn(walked.school, module.name, True)
        assert _counts(walked.school, module) == before
        turn(walked.school, module.name, False)

    # --- on ------------------------------------------------------------------------------------------

    def test_on_its_pages_answer(self, wsgi: Any, module: Module, school: SchoolForTests) -> None:
        """Those without a parameter, which need no row of their own to be there; again after off and on."""
        turn(school, module.name, False)
        turn(school, module.name, True)
        browser = browser_for(wsgi, school, "lead")
        for pattern, view in views_of(wsgi, module.name):
            methods = view["request_methods"] or ("GET",)
            if "{" not in pattern and "*" not in pattern and "GET" in methods:
                answer = browser.get(pattern, status="*")
                assert answer.status_int < 400, f"{pattern} answered {answer.status_int}"

    def test_on_its_hooks_are_called_and_none_fails(
        self, walks: Walks, application: Application, module: Module
    ) -> None:
        """Every hook that adds to a page, so that the walk shows where there is nothing of it, too."""
        walked = walks.on
        assert not [one for one in walked.failures if one.module == module.name]
        called = {hook for home, hook in walked.called if home == module.name}
        theirs = {hook for hook in specs.MODES if module.name in application.hooks.implementers(hook)}
        seen = {hook for hook, mode in specs.MODES.items() if mode == "collect"} - ON_NO_PAGE
        expected = theirs & {*seen, "validate_incident", "incident_saved"}
        assert called <= theirs and not expected - called, f"not called: {sorted(expected - called)}"


def turn(school: SchoolForTests, module: str, enabled: bool) -> None:
    """Turns a module's switch as an administrator does."""
    with school.app.transaction(school.id) as db:
        switch(db, school.viewer("lead"), module, enabled)


def _tables(module: Module) -> list[Table]:
    found: list[Table] = []
    for mapper in Base.registry.mappers:
        if mapper.class_.__module__.startswith(f"{module.package}."):
            assert isinstance(mapper, Mapper) and isinstance(mapper.local_table, Table)
            found.append(mapper.local_table)
    return found


def _counts(school: SchoolForTests, module: Module) -> dict[str, int | None]:
    with school.app.session(school.id, writes=False) as db:
        return {
            table.name: db.scalar(
                select(func.count()).select_from(table).where(table.c.school_id == school.id)
            )
            for table in _tables(module)
        }


def _record(school: SchoolForTests) -> list[Any]:
    """Records an incident; returns the failures of hooks."""
    with school.app.transaction(school.id) as db:
        record_incident(db, school.viewer("lead"), new_incident(school, text="A concern."))
        return list(db.hook_failures)


def _noting(ran: list[str], kind: str) -> Any:
    return TaskSpec(kind, lambda _db, _viewer, _payload: ran.append(kind))
