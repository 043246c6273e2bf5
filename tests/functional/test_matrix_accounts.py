"""USR-12, ACC-03, ACC-04: every route of the accounts' own host, asked by every kind of person there.
`matrix_accounts.py` says by hand what each may get."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from browsing import Browser
from matrix_accounts import AT_ACCOUNTS, EVERYONE, PEOPLE, SIGHT, Row
from sqlalchemy import select, update
from test_matrix import PLACE, doors

from cpoms_core.access.models import PortalSession, SoftKey, User
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.keys import soft_keys
from cpoms_core.portal import identity
from cpoms_core.portal.identity import IDLE
from cpoms_core.testing.schools import make_school
from cpoms_core.testing.sso import SsoForTests, sso_of

LOG_IN = re.compile(r"/(login|session/unlock)(\?next=.*)?$")


class Stage:
    """An SSO account of two schools, another of two others, and what the application has by way of routes."""

    def __init__(self, app: Application, wsgi: Any) -> None:
        self.app, self.wsgi = app, wsgi
        self.schools = [make_school(app) for _ in range(3)]
        self.ours = sso_of(self.schools, "lead")
        self.theirs = sso_of([make_school(app), make_school(app)], "head")
        self.patterns = {
            entry["introspectable"]["name"]: entry["introspectable"]["pattern"]
            for entry in wsgi.registry.introspector.get_category("routes")
        }
        gone = self.schools[2]
        with app.transaction(gone.id) as db:  # the membership is left as it is: the school itself refuses
            db.execute(update(User).where(User.id == gone.users["lead"]).values(deactivated_at=utc_now()))

    def browser(self, person: str) -> Browser:
        browser = Browser(
            self.wsgi, extra_environ={"HTTP_HOST": self.ours.host, "REMOTE_ADDR": "2001:db8:2::1"}
        )
        if person == "nobody":
            pass
        elif person == "stranger":
            token = self.schools[0].session_token("head")
            browser.set_cookie("portal", token)
            browser.set_cookie("session", token)
        else:
            token = self.ours.portal_token(elevated=person == "elevated")
            browser.set_cookie("portal", token)
            self._age(token, person)
        if person in ("nobody", "stranger", "ended"):
            browser.get("/login")  # from now on it has the cookie of its forms
        return browser

    def _age(self, token: str, person: str) -> None:
        values = {"locked": {"touched_at": utc_now() - IDLE}, "ended": {"ended_at": utc_now()}}.get(person)
        if values:
            with self.app.transaction(None) as db:
                db.execute(
                    update(PortalSession).where(PortalSession.token_hash == hashed(token)).values(**values)
                )

    def token(self, browser: Browser, person: str) -> str:
        """The forms' token; of a locked log-in it stands in the page that asks for the password."""
        return browser.csrf("/session/unlock") if person == "locked" else browser.csrf()

    def ask(self, browser: Browser, person: str, row: Row, object_id: Any = None) -> Any:
        def fill(place: re.Match[str]) -> str:
            return str(row.fields.get(place[1], object_id))

        path = PLACE.sub(fill, self.patterns[row.route])
        query = "&".join(f"{name[1:]}={value}" for name, value in row.fields.items() if name[0] == "?")
        if row.method == "GET":
            return browser.get(f"{path}?{query}", expect_errors=True)
        token = self.token(browser, person)
        if row.json is not None:
            headers = {"X-CSRF-Token": token}
            return browser.post_json(path, row.json, headers=headers, expect_errors=True)
        return browser.post(path, {"csrf_token": token}, expect_errors=True)


_stages: dict[str, Stage] = {}


@pytest.fixture
def stage(app: Application, wsgi: Any) -> Stage:
    """Made once for each database: the rows do not disturb each other."""
    kind = app.engines.dialect
    if kind not in _stages:
        _stages[kind] = Stage(app, wsgi)
    return _stages[kind]


def _key(sso: SsoForTests, *, removed: bool = False) -> Any:
    new = soft_keys.NewKey.make()
    with sso.app.transaction(None) as db:
        soft_keys.add_key(db, sso.id, "Another phone", new, 0, utc_now())
        if removed:
            db.execute(update(SoftKey).where(SoftKey.id == new.id).values(removed_at=utc_now()))
    return new.id


def _login(sso: SsoForTests) -> Any:
    token = sso.portal_token()
    with sso.app.session(None, writes=False) as db:
        return db.scalar(select(PortalSession.id).where(PortalSession.token_hash == hashed(token)))


OBJECTS: dict[str, dict[str, Callable[[Stage], Any]]] = {
    "own school": {
        "served": lambda stage: stage.schools[0].slug,
        "not served": lambda stage: stage.theirs.schools[0].slug,
        "deactivated there": lambda stage: stage.schools[2].slug,
    },
    "own key": {
        "ours": lambda stage: _key(stage.ours),
        "removed": lambda stage: _key(stage.ours, removed=True),
        "of somebody else": lambda stage: _key(stage.theirs),
    },
    "own log-in": {
        "another of ours": lambda stage: _login(stage.ours),
        "of somebody else": lambda stage: _login(stage.theirs),
    },
}


def outcome(answer: Any) -> str:
    """What an answer amounts to: `open`, `nothing` (404), or `log in`."""
    status = answer.status_int
    if status == 404:
        return "nothing"
    if status in (401, 423) or (status in (302, 303) and LOG_IN.search(answer.location)):
        return "log in"
    if status < 400 or status in (400, 409, 413, 422):
        return "open"
    return f"status {status}"


def expected(row: Row, person: str, *, sees: bool) -> str:
    if person not in row.may.split():
        return "log in"
    return "open" if sees or not row.of else "nothing"


def at_accounts(registry: Any) -> set[tuple[str, str]]:
    places = registry.route_places
    return {(method, route) for method, route in doors(registry) if places.get(route) == "accounts"}


def test_every_route_of_the_accounts_host_is_in_the_matrix(wsgi: Any) -> None:
    """USR-12: and every line is a route there."""
    written = [(row.method, row.route) for row in AT_ACCOUNTS]
    assert at_accounts(wsgi.registry) == set(written)
    assert len(written) == len(set(written))


@pytest.mark.parametrize("person", PEOPLE.split())
@pytest.mark.parametrize(
    "row", [row for row in AT_ACCOUNTS if not row.of], ids=lambda row: f"{row.method} {row.route}"
)
def test_pages(stage: Stage, row: Row, person: str) -> None:
    """ACC-04: who may open what is about no object."""
    answer = stage.ask(stage.browser(person), person, row)
    assert outcome(answer) == expected(row, person, sees=True)


@pytest.mark.parametrize("person", PEOPLE.split())
@pytest.mark.parametrize(
    "row", [row for row in AT_ACCOUNTS if row.of], ids=lambda row: f"{row.method} {row.route}"
)
def test_objects(stage: Stage, row: Row, person: str) -> None:
    """ACC-03, USR-12.7: what is not one's own answers as what does not exist, byte for byte."""
    browser = stage.browser(person)
    nothing = stage.ask(browser, person, row, new_id())
    assert outcome(nothing) == expected(row, person, sees=False)
    for which, seen_by in SIGHT[row.of].items():
        answer = stage.ask(browser, person, row, OBJECTS[row.of][which](stage))
        wanted = expected(row, person, sees=person in seen_by.split())
        if which == "deactivated there" and row.route == "portal-alerts" and wanted == "nothing":
            continue  # where its mails went is the account's own, until the membership ends
        assert outcome(answer) == wanted, which
        if wanted == "nothing":
            assert answer.body == nothing.body, which


@pytest.mark.parametrize("row", AT_ACCOUNTS, ids=lambda row: f"{row.method} {row.route}")
def test_nothing_of_it_answers_at_a_school(stage: Stage, web: Any, row: Row) -> None:
    """ACC-03: at a school's host the address is the school's own page, or nothing."""
    registry = stage.wsgi.registry
    pattern = stage.patterns[row.route]
    theirs = {
        stage.patterns[route]
        for route, place in registry.route_places.items()
        if place == "school" and (row.method, route) in doors(registry)
    }
    if pattern in theirs:
        return
    browser = web(stage.schools[0], "head")
    browser.set_cookie("portal", stage.ours.portal_token())
    path = PLACE.sub(lambda place: str(row.fields.get(place[1], new_id())), pattern)
    token = {"csrf_token": browser.csrf()}
    answer = (
        browser.get(path, expect_errors=True)
        if row.method == "GET"
        else browser.post(path, token, expect_errors=True)
    )
    assert answer.status_int == 404


def test_no_page_of_a_school_answers_there(stage: Stage) -> None:
    """ACC-03: an SSO log-in opens nothing of a school's at the accounts' own host."""
    browser = stage.browser("elevated")
    for path in ("/incidents/add", "/admin", "/admin/groups", "/help", "/sso/enter", "/sso"):
        assert browser.get(path, expect_errors=True).status_int == 404, path


def test_every_person_is_told_apart() -> None:
    """No line names a person who is not tried."""
    named = {person for row in AT_ACCOUNTS for person in row.may.split()}
    assert named == set(PEOPLE.split()) == set(EVERYONE.split())


def test_a_permission_that_is_taken_away_is_noticed(
    app: Application, wsgi: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof that the guard guards: where idle time is not looked at, a locked log-in reads the portal."""
    row = next(row for row in AT_ACCOUNTS if row.route == "portal-home")
    monkeypatch.setattr(identity, "IDLE", identity.LONGEST)
    with pytest.raises(AssertionError):
        test_pages(Stage(app, wsgi), row, "locked")
