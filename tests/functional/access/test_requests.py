"""What surrounds every page: tokens of forms, hosts, headers, bad input, retries, and the audit that must be
written (ACC-12, USR-12.7; hostile input 1, 3 and 7)."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest
import waitress.server
from browsing import Browser, text_of
from logging_in import account_of, events, session_of
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from cpoms_core.access import views
from cpoms_core.access.views import local_path
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.database import engines as engines_module
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.web import tweens

# --- tokens of forms


@pytest.mark.parametrize("token", [None, "", "wrong", "\u00e9"])
def test_change_without_the_token_is_refused(web: Any, school: SchoolForTests, token: str | None) -> None:
    """ACC-12: 403, a page that says what to do, and nothing changed."""
    browser = web(school, "lead")
    fields = {} if token is None else {"csrf_token": token}
    answer = browser.post("/logout", fields, expect_errors=True)
    assert answer.status_int == 403
    assert "reload the page" in text_of(answer).lower()
    assert session_of(school, browser.session).ended_at is None
    assert events(school) == []


def test_token_of_another_session_is_wrong(web: Any, school: SchoolForTests) -> None:
    """ACC-12: each session has its own."""
    other = web(school, "head").csrf("/account")
    assert web(school, "lead").post("/logout", {"csrf_token": other}, expect_errors=True).status_int == 403


def test_post_from_another_site_leaves_no_cookie(web: Any, school: SchoolForTests) -> None:
    """ACC-12: browsers send no cookie with it; the answer sets none, and logs nobody in."""
    fields = {"email": school.emails["teacher"], "password": PASSWORD, "csrf_token": "guess"}
    for path in ("/login", "/forgotten", "/logout", "/nothing/there", "/session/unlock"):
        answer = web(school).post(path, fields, expect_errors=True)
        assert answer.status_int in (403, 404), path
        assert "Set-Cookie" not in answer.headers, path


# --- hosts


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "nosuch.cpoms.localhost",
        "cpoms.localhost",
        "localhost",
        "127.0.0.1",
        "",
        "a,b",
        "x" * 300,
        "[::1]",
        "%00.cpoms.localhost",
        "..cpoms.localhost",
    ],
)
@pytest.mark.parametrize("path", ["/", "/login", "/%ff%fe", "/health"])
def test_unknown_host_is_refused(wsgi: Any, host: str, path: str) -> None:
    """ACC-01: a name that is not ours reaches no link and no rule: 400."""
    answer = Browser(wsgi).get(path, extra_environ={"HTTP_HOST": host}, expect_errors=True)
    assert answer.status_int == 400
    assert "Set-Cookie" not in answer.headers
    assert "evil" not in answer.text


def test_two_host_headers_are_refused(
    wsgi: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-01: through the real server, which accepts them."""
    server = waitress.server.create_server(wsgi, host="127.0.0.1", port=0, threads=1)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        status = {}
        for hosts in ((school.host,), (school.host, other_school.host), (other_school.host, school.host)):
            with socket.create_connection(("127.0.0.1", server.effective_port), timeout=60) as wire:
                names = "".join(f"Host: {host}\r\n" for host in hosts)
                wire.sendall(f"GET /login HTTP/1.1\r\n{names}Connection: close\r\n\r\n".encode())
                status[len(hosts)] = wire.recv(100).split()[1]
        assert status == {1: b"200", 2: b"400"}
    finally:
        server.close()


# --- headers


@pytest.mark.parametrize("path", ["/login", "/account", "/nothing/there", "/session/token", "/accent.css"])
def test_headers_of_every_answer(web: Any, school: SchoolForTests, path: str) -> None:
    """ACC-12: no inline script or style, no guessing of types, no frame, no copy in a cache."""
    headers = web(school, "lead").get(path, expect_errors=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("private, max-age=300" if path == "/accent.css" else "no-store")


def test_cookies_of_a_secure_deployment(app: Application, school: SchoolForTests) -> None:
    """ACC-12: over https the cookie is secure and bound to its host, and browsers never go back to http."""
    from dataclasses import replace

    secure = Application(replace(app.deployment, scheme="https"), modules=app.modules)
    try:
        browser = Browser(
            configure(secure), extra_environ={"HTTP_HOST": school.host, "wsgi.url_scheme": "https"}
        )
        page = browser.get("https://" + school.host + "/login")
        assert page.headers["Strict-Transport-Security"].startswith("max-age=")
        cookie = page.headers["Set-Cookie"]
        assert cookie.startswith("__Host-form-token=") and "secure" in cookie.lower()
    finally:
        secure.engines.dispose()


# --- who is not signed in


def test_nobody_is_sent_to_log_in(web: Any, school: SchoolForTests) -> None:
    """ACC-07: and comes back to the page with its query."""
    answer = web(school).get("/account?tab=1")
    assert answer.location == f"http://{school.host}/login?next=%2Faccount%3Ftab%3D1"


def test_scripts_are_told_401(web: Any, school: SchoolForTests) -> None:
    """ACC-12: a redirect would put the log-in page into a part of the page."""
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}, {"X-Requested-With": "fetch"}):
        answer = web(school).get("/account", headers=headers, expect_errors=True)
        assert answer.status_int == 401, headers
        assert answer.json["ok"] is False


# --- bad input


@pytest.mark.parametrize("who", [None, "lead"])
@pytest.mark.parametrize(
    "path",
    [
        "/%ff%fe",
        "/login?next=%ff%fe",
        "/account?said=%00",
        "/login?a=%00",
        "/account/%ff",
        "/password/%ff",
        "/login?" + "&".join(f"a{n}=1" for n in range(2001)),
        "/login?next=" + "a" * 200_001,
    ],
    ids=lambda path: path[:24],
)
def test_unreadable_addresses(web: Any, school: SchoolForTests, who: str | None, path: str) -> None:
    """Hostile input 7: 400 with a page, never 500."""
    cookie = {"Cookie": f"session={school.session_token(who)}"} if who else {}
    answer = web(school).get(path, headers=cookie, expect_errors=True)
    assert answer.status_int == 400
    assert "could not be read" in text_of(answer)


def test_duplicate_keys_are_no_error(web: Any, school: SchoolForTests) -> None:
    """Hostile input 7."""
    browser = web(school)
    token = browser.csrf()
    body = f"csrf_token={token}&email=a&email=b&password=c&password=d&next=/x&next=//y"
    assert browser.post("/login?next=/a&next=/b", body).status_int == 200
    assert web(school).get("/login?said=a&said=logged-out").status_int == 200


@pytest.mark.parametrize("field", ["email", "password", "next", "csrf_token", "x\0y"])
@pytest.mark.parametrize("value", ["a\0b", "x" * 1_000_000])
def test_impossible_fields(web: Any, school: SchoolForTests, field: str, value: str) -> None:
    """Hostile input 7: NULs and fields of a megabyte: 400 with a page."""
    browser = web(school)
    fields = {"email": "a@b.example", "password": "c", "csrf_token": browser.csrf(), field: value}
    answer = browser.post("/login", fields, expect_errors=True)
    assert answer.status_int == 400
    assert "could not be read" in text_of(answer)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/login", "email"),
        ("/login", "password"),
        ("/forgotten", "email"),
        ("/login", "next"),
        ("/account/keys/add", "sealed"),
        ("/account/keys/add", "code"),
        ("/session/unlock", "password"),
        ("/login", "csrf_token"),
    ],
)
def test_file_in_place_of_a_text(web: Any, school: SchoolForTests, path: str, field: str) -> None:
    """Hostile input 7: a file where the form has a text field."""
    browser = web(school, "teacher") if path.startswith(("/account", "/session")) else web(school)
    token = browser.csrf("/account" if "session" in browser.cookies else "/login")
    answer = browser.post(
        path, {"csrf_token": token}, upload_files=[(field, "x.txt", b"text")], expect_errors=True
    )
    assert answer.status_int == 400


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded"),
        (b"%ff=%fe&csrf_token=%ff", "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"{not json", "application/json"),
        (b"a=b", "multipart/form-data"),
        (b"a=b", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"\x00" * 100, "text/\xff"),
    ],
)
def test_bodies_that_are_no_form(web: Any, school: SchoolForTests, body: bytes, kind: str) -> None:
    """Hostile input 7: refused, never 500."""
    answer = web(school).post("/login", body, headers={"Content-Type": kind}, expect_errors=True)
    assert answer.status_int in (400, 401, 403)


def test_body_that_is_too_large(web: Any, school: SchoolForTests) -> None:
    """Hostile input 7: 413 with a page, before it is read."""
    answer = web(school).post("/login", b"a=" + b"b" * (5 * 1024 * 1024), expect_errors=True)
    assert answer.status_int == 413


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/students/search", "application/json"),
        ("PUT", "/drafts/incident", "application/json"),
        ("POST", "/incidents/add", "application/x-www-form-urlencoded"),
    ],
)
def test_what_has_no_files_is_never_large(
    web: Any, school: SchoolForTests, method: str, path: str, kind: str
) -> None:
    """Hostile input 7: who is logged in may send files, and no mass of anything else, which is read whole."""
    teacher = web(school, "teacher")
    body = json.dumps({"q": "a" * (5 * 1024 * 1024)}).encode()
    headers = {"Content-Type": kind, "X-CSRF-Token": teacher.csrf()}
    assert teacher.fetch(method, path, params=body, headers=headers, expect_errors=True).status_int == 413


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/students?a=b", "/students?a=b"),
        ("/", "/"),
        ("//e", "/"),
        ("/\\e", "/"),
        ("http:e", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nb", "/"),
        ("/a\x00", "/"),
        ("/a\x85b", "/"),
        ("e", "/"),
        ("", "/"),
        ("/a\\..\\b", "/"),
        ("\t//e", "/"),
        ("/a?next=//e", "/a?next=//e"),
    ],
)
def test_local_path(address: str, path: str) -> None:
    """ACC-07: a path on this host, or the dashboard."""
    assert local_path(address) == path


# --- a busy database, and the audit that must be written


def _busy(app: Application) -> OperationalError:
    """What the database raises where it asks to try again."""
    if app.engines.dialect == "sqlite":
        import sqlite3

        orig: Exception = sqlite3.OperationalError("database is locked")
        orig.sqlite_errorname = "SQLITE_BUSY"  # type: ignore[attr-defined]
    else:
        import psycopg

        orig = psycopg.errors.SerializationFailure("could not serialize access")
    return OperationalError("UPDATE", {}, orig)


@pytest.mark.parametrize(("times", "status"), [(1, 302), (2, 302), (3, 503)])
def test_busy_database_is_asked_again(
    web: Any,
    school: SchoolForTests,
    app: Application,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    status: int,
) -> None:
    """INC-09's floor: the whole request is made again, three times in all; then a page says so."""
    tried = []
    real = views.sessions.end

    def end(*arguments: Any) -> None:
        tried.append(1)
        real(*arguments)
        if len(tried) <= times:
            raise _busy(app)

    monkeypatch.setattr(views.sessions, "end", end)
    browser = web(school, "lead")
    token = browser.csrf("/account")
    session = browser.session
    answer = browser.post("/logout", {"csrf_token": token}, expect_errors=True)
    assert answer.status_int == status
    assert len(tried) == min(times + 1, 3)
    assert (session_of(school, session).ended_at is not None) is (status == 302)
    assert events(school).count("logout") == (1 if status == 302 else 0)


def test_locked_sqlite_is_asked_again(
    app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer: the real thing: another process holds the write lock while somebody logs out."""
    if app.engines.dialect != "sqlite":
        pytest.skip("PostgreSQL has no lock on the whole database")
    monkeypatch.setattr(engines_module, "BUSY_TIMEOUT_MS", 200)
    fresh = Application(app.deployment, modules=app.modules)
    browser = Browser(configure(fresh), extra_environ={"HTTP_HOST": school.host})
    browser.set_cookie("session", school.session_token("lead"))
    token = browser.csrf("/account")
    attempts: list[float] = []
    held = app.session(school.id, writes=True)
    held.connection()

    @event.listens_for(fresh.engines.writing, "handle_error")
    def let_go(_context: Any) -> None:
        attempts.append(1)
        if len(attempts) == 2:
            held.rollback()

    try:
        assert browser.post("/logout", {"csrf_token": token}).status_int == 302
    finally:
        held.close()
        fresh.engines.dispose()
    assert len(attempts) == 2
    assert events(school)[-1] == "logout"


def test_error_that_is_not_busy_is_not_repeated(
    web: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken database is said at once."""
    tried = []

    def end(*_: Any) -> None:
        tried.append(1)
        raise OperationalError("UPDATE", {}, Exception("disk I/O error"))

    monkeypatch.setattr(views.sessions, "end", end)
    browser = web(school, "lead")
    answer = browser.post("/logout", {"csrf_token": browser.csrf("/account")}, expect_errors=True)
    assert (answer.status_int, len(tried)) == (503, 1)
    assert "Content-Security-Policy" in answer.headers


def test_refusal_is_written_down(web: Any, school: SchoolForTests) -> None:
    """USR-12.7: who asks for what is not theirs leaves a row, though the answer says nothing."""
    browser = web(school, "teacher")
    assert browser.get("/admin", expect_errors=True).status_int == 404
    assert events(school) == ["refused"]


def test_view_is_written_before_it_is_shown(
    web: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """USR-12.7: what cannot be written down is not shown: 503, and nothing of the page."""
    browser = web(school, "teacher")
    assert browser.get("/account").status_int == 200
    assert events(school) == ["account.viewed"]

    def broken(*_: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(tweens, "write_entries", broken)
    answer = browser.get("/account", expect_errors=True)
    assert answer.status_int == 503
    assert school.emails["teacher"] not in answer.text
    assert "could not write down" in answer.text
    assert account_of(school, "teacher")


def test_database_that_is_away(web: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile input 11: where not even a page can be made, a plain answer with the usual headers."""
    from cpoms_core.web import request

    def broken(*_: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    browser = web(school, "lead")
    monkeypatch.setattr(request.identity, "asking", broken)
    answer = browser.get("/account", expect_errors=True)
    assert answer.status_int == 503
    assert "Content-Security-Policy" in answer.headers and answer.headers["Cache-Control"] == "no-store"
