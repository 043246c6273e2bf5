"""Uploads that cannot be: too large, a scanner or a storage that is away, a connection that breaks. What was
typed is kept, and nothing is half stored (INC-06, INC-10, hostile input 11)."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.documents.places.bucket import Bucket
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import Browser, typed_incident
from cpoms_core.testing.buckets import new_bucket, s3_server
from cpoms_core.testing.scanner import EICAR, clamd
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name

TYPED = "She said <b>that</b> & “Ångst”."
LETTER = [("files", "letter.txt", b"Dear Ms Bell")]
MEGABYTE = 1024 * 1024


def fields(school: SchoolForTests, **changes: Any) -> dict[str, Any]:
    return typed_incident(school, **{"text": TYPED, **changes})


def recorded(school: SchoolForTests) -> list[int]:
    with school.app.session(school.id, writes=False) as db:
        return [
            db.scalar(select(func.count()).select_from(model)) or 0 for model in (Incident, Action, Document)
        ]


def stored(school: SchoolForTests) -> list[str]:
    folder = school.app.deployment.folder / "files" / str(school.id)
    return [path.name for path in folder.rglob("*") if path.is_file()]


def refused(page: Any, text: str = TYPED) -> str:
    """What stands beside Files, on a page whose form still has what was typed."""
    form = page.forms["incident-form"]
    assert form["text"].value == text
    return str(page.html.select_one("#files-error").get_text(" ", strip=True))


@pytest.fixture
def scanner(school: SchoolForTests, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with clamd(tmp_path) as address:
        monkeypatch.setattr(school.app, "deployment", replace(school.app.deployment, clamav=address))
        yield


def test_only_the_kinds_that_the_school_allows_are_taken(school: SchoolForTests, web: Any) -> None:
    """INC-06, STU-05: by the setting, on the form and in the vault; what usually goes in is refused."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "file_endings", "pdf")
    says = "letter.txt cannot be attached: your school does not take files that end with .txt."
    teacher, head = web(school, "teacher"), web(school, "head")
    assert says in refused(teacher.submit("/incidents/add", fields(school), upload_files=LETTER, status=422))
    vault = f"/students/{school.students['aoife']}/documents"
    page = head.submit(vault, upload_files=LETTER, status=422)
    assert says in page.html.select_one("#files-error").get_text(" ", strip=True)
    assert recorded(school) == [0, 0, 0] and stored(school) == []
    head.submit(vault, upload_files=[("files", "letter.pdf", b"%PDF-1.7\n%%EOF\n")], status=302)
    assert recorded(school) == [0, 0, 1]


# --- the scanner -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scanner")
def test_an_infected_file_is_refused_and_noted(school: SchoolForTests, web: Any) -> None:
    """INC-06: with the name of the file, and nothing is recorded; the school's security log says who."""
    teacher = web(school, "teacher")
    files = [*LETTER, ("files", "invoice.txt", EICAR)]
    page = teacher.submit("/incidents/add", fields(school), upload_files=files, status=422)
    assert "invoice.txt was refused: the virus scanner found something harmful" in refused(page)
    assert recorded(school) == [0, 0, 0] and stored(school) == []
    with school.app.session(school.id, writes=False) as db:
        (entry,) = db.scalars(select(AuditEntry).where(AuditEntry.event == "document.infected"))
    assert entry.user_id == school.users["teacher"] and "Eicar" in entry.details["found"]
    log = web(school, "lead").get("/admin/security-log")
    assert "Refused: an infected file" in log.text


@pytest.mark.usefixtures("scanner")
def test_a_clean_file_goes_through(school: SchoolForTests, web: Any) -> None:
    """INC-06: scanned, stored, and read again."""
    web(school, "teacher").submit("/incidents/add", fields(school), upload_files=LETTER, status=302)
    assert recorded(school) == [1, 0, 1] and len(stored(school)) == 1


def test_without_a_verdict_nothing_is_let_through(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile input 11: the scanner is away; what was typed is kept, and goes in without the file."""
    away = replace(school.app.deployment, clamav="127.0.0.1:9")
    monkeypatch.setattr(school.app, "deployment", away)
    teacher = web(school, "teacher")
    page = teacher.submit("/incidents/add", fields(school), upload_files=LETTER, status=422)
    assert "letter.txt could not be checked for viruses" in refused(page)
    assert recorded(school) == [0, 0, 0] and stored(school) == []
    page.forms["incident-form"].submit(status=302)
    assert recorded(school) == [1, 0, 0]


# --- the storage -----------------------------------------------------------------------------------------


@pytest.fixture
def away(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Bucket("b", "", endpoint="http://127.0.0.1:9", region="x", access_key="a", secret_key="s")
    monkeypatch.setattr(school.app.storage, "place", nowhere)


@pytest.mark.usefixtures("away")
def test_a_bucket_that_is_away_costs_the_file_and_not_the_text(school: SchoolForTests, web: Any) -> None:
    """STU-05, hostile input 11: refused clearly; without files the concern is recorded as ever."""
    teacher = web(school, "teacher")
    page = teacher.submit("/incidents/add", fields(school), upload_files=LETTER, status=422)
    assert "letter.txt could not be stored: the place where files are kept does not answer" in refused(page)
    page.forms["incident-form"].submit(status=302)
    assert recorded(school) == [1, 0, 0]


@pytest.mark.usefixtures("away")
def test_so_does_the_vault(school: SchoolForTests, web: Any) -> None:
    where = f"/students/{school.students['aoife']}/documents"
    page = web(school, "head").submit(where, upload_files=LETTER, status=422)
    assert "does not answer" in page.html.select_one("#files-error").get_text()


def test_reading_from_a_bucket_that_is_away(
    school: SchoolForTests, web: Any, filed: Any, request: pytest.FixtureRequest
) -> None:
    """STU-05: a page that says so, for the file and for its picture; no error of ours, no cut-off file."""
    (document_id,) = filed.in_vault(("letter.txt", b"x"))
    request.getfixturevalue("away")
    head = web(school, "head")
    page = head.get(f"/documents/{document_id}", status=503)
    assert "The place where files are kept does not answer." in page.text
    assert "Content-Disposition" not in page.headers
    assert head.get(f"/documents/{document_id}/about").status_int == 200


def test_a_damaged_file_says_so(school: SchoolForTests, web: Any, filed: Any) -> None:
    """Hostile input 10: what was altered is not shown."""
    (document_id,) = filed.in_vault(("letter.txt", b"x"))
    path = school.app.storage.place.path(school.id, document_id)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    page = web(school, "head").get(f"/documents/{document_id}", status=500)
    assert "What is stored is not the file that was put there" in page.text


def test_the_whole_way_through_a_bucket(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STU-05: recorded, listed, downloaded, packed and swept, with files in a bucket."""
    with s3_server() as endpoint:
        monkeypatch.setattr(school.app.storage, "place", new_bucket(endpoint))
        lead = web(school, "lead")
        lead.submit("/incidents/add", fields(school), upload_files=LETTER, status=302)
        assert stored(school) == []
        with school.app.session(school.id, writes=False) as db:
            document_id = db.scalars(select(Document.id)).one()
        assert lead.get(f"/documents/{document_id}").body == b"Dear Ms Bell"
        answer = lead.submit(f"/students/{school.students['aoife']}/documents/zip", {"all": "1"})
        assert b"Dear Ms Bell" in answer.body


# --- waiting for others ----------------------------------------------------------------------------------


def test_nobody_waits_for_a_slow_scanner(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer: while a file is looked at, everyone else's change goes on, on one SQLite file, too."""
    from cpoms_core.documents import services

    colleague = web(school, "colleague")
    colleague.get("/incidents/add")
    done: list[int] = []

    def slow(*_args: Any) -> None:
        began = time.monotonic()
        answer = colleague.submit("/incidents/add", fields(school), status=302)
        done.append(answer.status_int)
        assert time.monotonic() - began < 5

    monkeypatch.setattr(services, "_scan", slow)
    teacher = web(school, "teacher")
    teacher.submit("/incidents/add", fields(school), upload_files=LETTER, status=302)
    lead = web(school, "lead")
    with school.app.session(school.id, writes=False) as db:
        incident_id = db.scalars(select(Incident.id)).first()
    action = {"submission": str(new_id()), "text": "Done.", "occurred": "2026-01-05T10:40"}
    lead.submit(f"/incidents/{incident_id}/actions/add", action, upload_files=LETTER, status=302)
    lead.submit(f"/students/{school.students['aoife']}/documents", upload_files=LETTER, status=302)
    assert done == [302, 302, 302]


# --- large and broken ------------------------------------------------------------------------------------


class Body(io.RawIOBase):
    """The body of a form, as it comes over a network: made while it is read. breaks_at: bytes until the
    connection is lost."""

    def __init__(self, head: bytes, size: int, tail: bytes, breaks_at: int | None = None) -> None:
        self._parts = [(head, 1), (b"x" * MEGABYTE, size // MEGABYTE), (tail, 1)]
        self.length = len(head) + size + len(tail)
        self._made = self._make()
        self._waiting = b""
        self.taken = 0
        self._breaks_at = breaks_at

    def _make(self) -> Iterator[bytes]:
        for part, times in self._parts:
            for _ in range(times):
                yield part

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._waiting:
            self._waiting = next(self._made, b"")
        if self._breaks_at is not None and self.taken >= self._breaks_at:
            raise OSError("connection lost")
        piece = self._waiting[: len(buffer)]
        buffer[: len(piece)] = piece
        self._waiting = self._waiting[len(piece) :]
        self.taken += len(piece)
        return len(piece)


MARK = "----mark"


def form_of(wsgi: Any, school: SchoolForTests, who: str) -> tuple[str, str]:
    """The cookies of a browser, and its Add incident form as it is sent, up to the bytes of its one file."""
    browser = Browser(wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": "2001:db8::1"})
    browser.set_cookie(cookie_name(school.app), school.session_token(who))
    sent = {**fields(school), "csrf_token": browser.csrf()}
    head = "".join(
        f'--{MARK}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in sent.items()
    )
    head += f'--{MARK}\r\nContent-Disposition: form-data; name="files"; filename="film.txt"\r\n\r\n'
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items()), head


def post(wsgi: Any, school: SchoolForTests, who: str, megabytes: int, breaks_at: int | None = None) -> Any:
    """Posts the Add incident form with one file of that size, from a browser without scripts; the answer's
    status and page, and what was read of the body."""
    cookies, head = form_of(wsgi, school, who)
    body = Body(head.encode(), megabytes * MEGABYTE, f"\r\n--{MARK}--\r\n".encode(), breaks_at)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/incidents/add",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": school.host,
        "REMOTE_ADDR": "2001:db8::1",
        "HTTP_COOKIE": cookies,
        "CONTENT_TYPE": f"multipart/form-data; boundary={MARK}",
        "CONTENT_LENGTH": str(body.length),
        "wsgi.input": io.BufferedReader(body, MEGABYTE),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    told: list[str] = []
    answer = wsgi(environ, lambda status, _headers, _info=None: told.append(status))
    page = b"".join(answer).decode()
    if hasattr(answer, "close"):
        answer.close()
    return told[-1], page, body


@pytest.mark.parametrize("megabytes", [300, 101, 320])
def test_a_large_file_is_refused_early_with_the_text_kept(
    school: SchoolForTests, wsgi: Any, megabytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad input: a 300 MB upload: by its size, before anything of it is stored, in little memory; the page
    has the limit and what was typed. 320 MB are more than a form may have together, which its length says."""
    real, begun = school.app.storage.write, []
    monkeypatch.setattr(school.app.storage, "write", lambda *a, **k: begun.append(a) or real(*a, **k))
    tracemalloc.start()
    try:
        status, page, _body = post(wsgi, school, "teacher", megabytes)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert status.startswith("422")
    says = "too large together: at most 300 MB" if megabytes == 320 else "film.txt is larger than 100 MB"
    assert says in page
    assert "She said &lt;b&gt;that&lt;/b&gt; &amp; “Ångst”." in page
    assert not begun and recorded(school) == [0, 0, 0] and stored(school) == []
    assert peak < 40 * MEGABYTE


def test_a_lost_connection_leaves_nothing(school: SchoolForTests, wsgi: Any) -> None:
    """Bad input: lost in the middle of an upload: nothing half stored, nothing recorded."""
    with pytest.raises(OSError, match="connection lost"):  # nobody is there any more to be answered
        post(wsgi, school, "teacher", 50, breaks_at=20 * MEGABYTE)
    assert recorded(school) == [0, 0, 0] and stored(school) == []


def test_a_browser_that_hangs_up_leaves_nothing(school: SchoolForTests, wsgi: Any) -> None:
    """Bad input: the same at a real server, which is sent a third of what the form says that it has; the same
    form is recorded once it arrives whole."""
    import socket
    import threading

    from waitress.server import create_server

    server: Any = create_server(wsgi, sockets=[socket.create_server(("127.0.0.1", 0))], threads=2)
    threading.Thread(target=server.run, daemon=True).start()
    cookies, start = form_of(wsgi, school, "teacher")
    body = f"{start}{'x' * 3_000_000}\r\n--{MARK}--\r\n".encode()
    head = (
        f"POST /incidents/add HTTP/1.1\r\nHost: {school.host}\r\nConnection: close\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary={MARK}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for share, there in ((3, [0, 0, 0]), (1, [1, 0, 1])):
        with socket.create_connection(("127.0.0.1", server.effective_port), 60) as browser:
            browser.sendall(head.encode() + body[: len(body) // share])
            if share == 1:
                assert browser.recv(100).startswith(b"HTTP/1.1 302")
        time.sleep(0.5)
        assert recorded(school) == there and len(stored(school)) == there[2]
    server.close()


def test_errors_of_fields_and_files_are_told_together(school: SchoolForTests, web: Any) -> None:
    """INC-10: all at once; a file that was taken is forgotten when the form is refused for something else."""
    teacher = web(school, "teacher")
    bad = [("files", "photo.jpg", b"text")]
    page = teacher.submit("/incidents/add", fields(school, text=""), upload_files=bad, status=422)
    assert "not what its name says" in refused(page, "")
    assert page.html.select_one("#text-error")
    teacher.submit("/incidents/add", fields(school, text=""), upload_files=LETTER, status=422)
    assert recorded(school) == [0, 0, 0] and stored(school) == []


def test_a_name_of_combining_characters(school: SchoolForTests, web: Any) -> None:
    """Bad input: composed, bounded, and still openable."""
    name = "Zo\u0308e " + "\u0301" * 300 + "a.txt"
    web(school, "lead").submit(
        "/incidents/add", fields(school), upload_files=[("files", name, b"x")], status=302
    )
    with school.app.session(school.id, writes=False) as db:
        (kept,) = db.scalars(select(Document.name))
    assert kept.startswith("Zöe") and kept.endswith(".txt") and len(kept) <= 200
