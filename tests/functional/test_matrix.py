"""USR-12: every route of the application, asked by every kind of person, for what they may see, for what they
may not, for another school's, and for what does not exist. `matrix.py` says by hand what each may get."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Browser
from matrix import AT_THE_DOOR, EVERYONE, NOWHERE, PASTORAL, ROOT, ROWS, SIGHT, Row, parts_in
from matrix_accounts import AT_ACCOUNTS
from matrix_objects import alerts_on, make
from matrix_people import DEMO_GROUPS, LIKE, hire, named, walks
from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy import select, true

import cpoms_core.config
from cpoms_core.access import policy
from cpoms_core.access.models import GroupPermission, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.demo.tree import plant
from cpoms_core.modules.routes import CORE, PUBLIC, ModuleRoutes, NotAudited
from cpoms_core.tenancy.services import create_school
from cpoms_core.testing.rules import replace_rule
from cpoms_core.testing.schools import SchoolForTests, make_school

PEOPLE = [*EVERYONE.split(), *LIKE]
PLACE = re.compile(r"[*{](\w+)}?")


def grant_modules(school: SchoolForTests) -> None:
    """Gives the lead, who has every right, the permissions that modules declare, too."""
    group, modules = school.groups["Safeguarding"], school.app.modules
    names = [name for name in school.app.permissions if name.partition(":")[0] in modules]
    with school.app.transaction(school.id) as db:
        db.add_all(GroupPermission(school_id=school.id, group_id=group, permission=name) for name in names)


class Stage:
    """Two schools, and what the application has by way of routes."""

    def __init__(self, app: Application, wsgi: Any, web: Any) -> None:
        self.ours, self.theirs = make_school(app), make_school(app)
        for school in (self.ours, self.theirs):
            grant_modules(school)
        hire(self.ours, PASTORAL)
        self.patterns = {
            entry["introspectable"]["name"]: entry["introspectable"]["pattern"]
            for entry in wsgi.registry.introspector.get_category("routes")
        }
        self._web = web

    def browser(self, person: str) -> Browser:
        if person in ("nobody", "stranger"):
            browser = self._web(self.ours)
            if person == "stranger":
                browser.set_cookie("session", self.theirs.session_token("lead"))
            browser.get("/login")  # from now on it has the cookie of its forms
            return browser
        who, _, restricted = person.partition("_")
        return self._web(self.ours, who, elevated=False if restricted else None)

    def path(self, row: Row, object_id: Any = None) -> str:
        """The address of a row's route, for an object where it is about one."""

        def fill(place: re.Match[str]) -> str:
            value = row.fields.get(place[1], object_id)
            return "/".join(value) if isinstance(value, tuple) else str(value)

        return PLACE.sub(fill, self.patterns[row.route])

    def ask(self, browser: Browser, row: Row, object_id: Any = None) -> Any:
        """Sends what a page or script of ours would send, with the token where it changes something."""
        path = self.path(row, object_id)
        if row.method == "GET":
            return browser.get(path, expect_errors=True)
        token = {"csrf_token": browser.csrf()}
        if row.json is not None:
            headers = {"X-CSRF-Token": token["csrf_token"]}
            return browser.put_json(path, row.json, headers=headers, expect_errors=True)
        fields = {**row.fields, **token}
        if row.of.startswith("own alert"):
            fields["alert"] = alerts_on(self.ours, object_id)
        return browser.post(path, fields, expect_errors=True)


_stages: dict[str, Stage] = {}


@pytest.fixture
def stage(app: Application, wsgi: Any, web: Any) -> Stage:
    """Made once for each database: the rows of the matrix do not disturb each other."""
    kind = app.engines.dialect
    if kind not in _stages:
        _stages[kind] = Stage(app, wsgi, web)
    return _stages[kind]


def outcome(answer: Any) -> str:
    """What an answer amounts to: `open`, `nothing` (404), or `log in`."""
    status = answer.status_int
    if status == 404:
        return "nothing"
    if status == 401 or (status in (302, 303) and re.search(r"/login(\?next=.*)?$", answer.location)):
        return "log in"
    if status < 400 or status in (400, 409, 413, 422):  # it was looked at, and the empty form refused
        return "open"
    return f"status {status}"


def expected(row: Row, person: str, *, sees: bool) -> str:
    if named(row.may, person) and (sees or not row.of):
        return "open"
    if row.may == NOWHERE:
        return "nothing"
    asked_for_a_session = person in ("nobody", "stranger") and row.may != EVERYONE
    return "log in" if asked_for_a_session else "nothing"


def is_page(view: Any) -> bool:
    """Whether it answers a route, and not an error."""
    return bool(view["route_name"])


def views(registry: Any) -> Iterator[Any]:
    for entry in registry.introspector.get_category("views"):
        if is_page(entry["introspectable"]):
            yield entry["introspectable"]


def doors(registry: Any) -> set[tuple[str, str]]:
    """Every route with its methods, HEAD aside, which is GET without the body."""
    found = set()
    for view in views(registry):
        methods = view["request_methods"] or ("any method",)
        for method in (methods,) if isinstance(methods, str) else methods:
            if method != "HEAD":
                found.add((method, view["route_name"]))
    return found


def missing(registry: Any) -> set[tuple[str, str]]:
    """Routes of which the matrix says nothing."""
    known = {(row.method, row.route) for row in (*ROWS, *AT_ACCOUNTS)}
    return doors(registry) - known - AT_THE_DOOR


def test_every_route_is_in_the_matrix(wsgi: Any) -> None:
    """USR-12: a new route needs a line in matrix.py that says who may what."""
    assert missing(wsgi.registry) == set()


def test_the_lines_of_a_module_lie_in_its_own_folder(app: Application, tmp_path: Path) -> None:
    """USR-12, MOD-02: a module's lines are found there, whatever it is called, and this folder has none."""
    here = Path(__file__).parent
    for path in parts_in(ROOT):
        if path.parent == here:
            assert not re.search(rf'"({"|".join(app.modules)})\.', path.read_text()), path.name
    assert ROOT / "plugins" / "cases" / "tests" / "matrix_cases.py" in parts_in(ROOT)
    new = tmp_path / "plugins" / "fifth" / "tests" / "matrix_fifth.py"
    new.parent.mkdir(parents=True)
    new.touch()
    assert parts_in(tmp_path) == [new]


def test_every_line_of_the_matrix_is_a_route(wsgi: Any) -> None:
    """USR-12: and a line whose route is gone goes too."""
    written = [(row.method, row.route) for row in ROWS]
    assert set(written) - doors(wsgi.registry) == set()
    assert len(written) == len(set(written))


def test_a_route_that_the_matrix_does_not_know_is_noticed(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof that the guard guards."""

    def includeme(config: Configurator) -> None:
        routes = ModuleRoutes(config, CORE)
        routes.route("new-page", "/new")
        routes.view(lambda _request: Response("x"), "new-page", permission=PUBLIC, audit=NotAudited("test"))

    part = types.ModuleType("new_part")
    part.includeme = includeme  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "new_part", part)
    monkeypatch.setattr(cpoms_core.config, "PARTS", (*cpoms_core.config.PARTS, "new_part"))
    made = cpoms_core.config.configure(app)
    assert missing(made.registry) == {("GET", "new-page")}


def test_every_route_declares_its_permission_and_its_audit(wsgi: Any, app: Application) -> None:
    """USR-12, OPS-09: a permission that exists, and an event or the reason why there is none."""
    known = {PUBLIC, "signed-in", "own-account", "portal", *app.permissions}
    for view in views(wsgi.registry):
        name = view["route_name"]
        assert view["needs"] in known, name
        audit = view["audit"]
        assert (isinstance(audit, str) and audit) or (isinstance(audit, NotAudited) and audit.reason), name


def walked(*, objects: bool) -> Any:
    """Each line with each person who asks for it."""
    return pytest.mark.parametrize(
        ("row", "person"),
        [
            pytest.param(row, person, id=f"{row.method} {row.route}-{person}")
            for row in ROWS
            for person in PEOPLE
            if bool(row.of) == objects and walks(person, row.route.partition(".")[0], PASTORAL)
        ],
    )


@walked(objects=False)
def test_pages(stage: Stage, row: Row, person: str) -> None:
    """USR-12.1, 2: who may open what is about no object."""
    answer = stage.ask(stage.browser(person), row)
    assert outcome(answer) == expected(row, person, sees=True)


@walked(objects=True)
def test_objects(stage: Stage, row: Row, person: str) -> None:
    """USR-12.3 to 7: each object is open to who sees it, and to everyone else the same as one that does not
    exist, byte for byte."""
    browser = stage.browser(person)
    nothing = stage.ask(browser, row, new_id())
    assert outcome(nothing) == expected(row, person, sees=False)
    for which, seen_by in SIGHT[row.of].items():
        object_id = make(row.of, which, stage.ours, stage.theirs)
        answer = stage.ask(browser, row, object_id)
        wanted = expected(row, person, sees=named(seen_by, person))
        assert outcome(answer) == wanted, which
        if wanted == "nothing":
            assert answer.body == nothing.body, which
            assert answer.headerlist == nothing.headerlist, which


def test_every_person_is_told_apart() -> None:
    """The matrix tries each person, and no line names one that does not exist."""
    people = {person for row in ROWS for person in row.may.split()}
    people |= {person for sight in SIGHT.values() for people in sight.values() for person in people.split()}
    assert set(EVERYONE.split()) <= people <= set(PEOPLE)


@pytest.mark.parametrize(
    ("people", "person", "meant"),
    [
        ("teacher lead_restricted lead head admin", "tutor", True),
        ("lead teacher", "tutor", False),  # the teacher's own alert
        ("lead admin", "office", True),
        ("lead head", "pastoral", True),
        ("head", "pastoral", False),  # the head's own
        ("lead", "pastoral", False),
        ("lead pastoral", "pastoral", True),
        ("lead head", "office", False),
        (EVERYONE, "assistant", True),
    ],
)
def test_a_line_from_before_they_came_means_them_too(people: str, person: str, meant: bool) -> None:
    """USR-12: a module's lines need not name those of `matrix_people`."""
    assert named(people, person) is meant


def test_each_user_group_of_the_demonstration_is_walked(app: Application, stage: Stage) -> None:
    """USR-12.2: by somebody with a key, who has that group's permissions."""
    demo = create_school(app, f"demo-{new_id()}"[:40], "Demonstration", now=utc_now())
    with app.transaction(demo) as db:
        groups = plant(db).groups
        theirs = {name: permissions_of(db, group_id) for name, group_id in groups.items()}
    modules = {"core", *PASTORAL}
    known = {name for name, (module, _) in app.permissions.items() if module in modules}
    assert set(theirs) == set(DEMO_GROUPS.values())
    with app.session(stage.ours.id, writes=False) as db:
        for person, group in DEMO_GROUPS.items():
            user = db.get_one(User, (stage.ours.id, stage.ours.users[person]))
            assert permissions_of(db, user.group_id) & known == theirs[group] & known, group
            assert stage.ours.viewer(person).elevated


def permissions_of(db: Any, group_id: Any) -> set[str]:
    """What a user group may."""
    given = select(GroupPermission.permission).where(GroupPermission.group_id == group_id)
    return set(db.scalars(given))


@pytest.fixture
def rebuilt_rules() -> Iterator[None]:
    """Policy keeps statements by rights: none from before the test is used in it, nor from it afterwards."""
    policy.forget_what_is_kept()
    yield
    policy.forget_what_is_kept()


@pytest.mark.usefixtures("rebuilt_rules")
def test_a_rule_that_is_taken_away_is_noticed(
    app: Application, wsgi: Any, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof that the guard guards: with sight of categories out of policy the head reads Child Protection."""
    row = next(row for row in ROWS if (row.method, row.route) == ("GET", "incident"))
    replace_rule(monkeypatch, "sees_category", lambda *_: true())
    with pytest.raises(AssertionError, match="about Child Protection"):
        test_objects(Stage(app, wsgi, web), row, "head")
