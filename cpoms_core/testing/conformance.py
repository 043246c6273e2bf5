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
from cpoms_core.modules.routes import CORE, IN_SERVICE, NotAudited
from cpoms_core.modules.services import switch
from cpoms_core.outbox.services import queue
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests, make_school
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


def filled(pattern: str) -> str:
    """A route's address with something in the place of each parameter."""
    address = re.sub(r"\*\w+", "probe.txt", pattern)
    return re.sub(r"\{(\w+)(:[^}]*)?\}", lambda _: str(uuid.UUID(int=7)), address)


@contextmanager
def hooks_called(module: str) -> Iterator[list[str]]:
    """The names of the module's hooks that are called while it lasts."""
    called: list[str] = []
    invoke = HookRelay._invoke

    def note(call: Any, arguments: Mapping[str, Any]) -> Any:
        if call.module == module:
            called.append(call.hook)
        return invoke(call, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HookRelay, "_invoke", staticmethod(note))
        yield called


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
        for pattern, view in views_of(wsgi, CORE):
            home = getattr(view["callable"], "__module__", "")
            assert not home.startswith(module.package), f"{pattern} passes as the core's"

    def test_what_it_audits_has_words(self, wsgi: Any, application: Application, module: Module) -> None:
        """USR-03: what its views declare, and what is written when a concern is recorded."""
        declared = {view["audit"] for _pattern, view in views_of(wsgi, module.name)}
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

    def test_off_no_hook_is_called(self, wsgi: Any, module: Module, school: SchoolForTests) -> None:
        turn(school, module.name, False)
        with hooks_called(module.name) as called:
            _walk(wsgi, school)
        assert not [hook for hook in called if specs.MODES[hook] in GATED], called

    def test_off_nothing_of_it_is_on_a_page(self, wsgi: Any, module: Module, school: SchoolForTests) -> None:
        turn(school, module.name, False)
        for path, text in _walk(wsgi, school).items():
            assert f'"/{module.name}/' not in text, f"{path} still leads to the module"
            assert f'name="{module.name}-' not in text, f"{path} still has a field of the module"
            assert f"/static/modules/{module.name}/" not in text, f"{path} still loads its files"

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

    def test_off_its_data_stays(self, wsgi: Any, module: Module, school: SchoolForTests) -> None:
        _record(school)
        before = _counts(school, module)
        turn(school, module.name, False)
        _walk(wsgi, school)
        assert _counts(school, module) == before
        turn(school, module.name, True)
        assert _counts(school, module) == before

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
        self, wsgi: Any, module: Module, school: SchoolForTests
    ) -> None:
        theirs = [hook for hook in specs.MODES if module.name in school.app.hooks.implementers(hook)]
        with hooks_called(module.name) as called:
            _walk(wsgi, school)
            failures = _record(school)
        assert not [one for one in failures if one.module == module.name]
        for hook in ("nav_items", "incident_form_fields", "validate_incident", "incident_saved"):
            assert (hook in called) == (hook in theirs), hook


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


def _walk(wsgi: Any, school: SchoolForTests) -> dict[str, str]:
    """The pages where modules have their places, as the lead sees them."""
    browser = browser_for(wsgi, school, "lead")
    _record(school)
    record = f"/students/{school.students['aoife']}"
    paths = ["/", "/incidents/add", record, f"{record}/edit", f"{record}/incidents", "/admin"]
    found = {}
    for path in paths:
        answer = browser.get(path, status="*")
        assert answer.status_int < 400, f"{path} answered {answer.status_int}"
        found[path] = answer.text
    return found


def _record(school: SchoolForTests) -> list[Any]:
    """Records an incident; returns the failures of hooks."""
    with school.app.transaction(school.id) as db:
        record_incident(db, school.viewer("lead"), new_incident(school, text="A concern."))
        return list(db.hook_failures)


def _noting(ran: list[str], kind: str) -> Any:
    return TaskSpec(kind, lambda _db, _viewer, _payload: ran.append(kind))
