"""STU-05: a zip is made while it is sent; neither it nor a file is in memory as a whole, or on a disk as it
is read. `tests/bench/packing.py` measures two gigabytes."""

from __future__ import annotations

import datetime as dt
import io
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from waitress import buffers
from waitress.server import create_server

from cpoms_core.access.viewer import utc_now
from cpoms_core.cli.serving import SENDING, THREADS
from cpoms_core.database.types import new_id
from cpoms_core.documents import sending
from cpoms_core.documents.models import PreparedFile
from cpoms_core.documents.sending import AT_ONCE, LARGE
from cpoms_core.tenancy.models import School
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name

MEGABYTE = 1024 * 1024
FILES = [(f"film {number}.txt", b"a" * (8 * MEGABYTE)) for number in range(3)]


def asked(wsgi: Any, school: SchoolForTests) -> tuple[Browser, str, dict[str, str]]:
    """A lead's browser, and the address and form of "Download everything"."""
    browser = Browser(wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": "2001:db8::1"})
    browser.set_cookie(cookie_name(school.app), school.session_token("lead"))
    address = f"/students/{school.students['aoife']}/documents/zip"
    return browser, address, {"csrf_token": browser.csrf(), "all": "1"}


def test_a_zip_takes_little_memory(school: SchoolForTests, wsgi: Any, filed: Any) -> None:
    """STU-05: of three files of 8 MB never more than a few pieces."""
    filed.in_vault(*FILES)
    browser, address, form = asked(wsgi, school)
    request = browser.RequestClass.blank(address, POST=form, headers={"Host": school.host})
    request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = request.get_response(wsgi)
    assert answer.status_int == 200 and answer.content_length is None
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in answer.app_iter)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        answer.app_iter.close()
    assert size > 24 * MEGABYTE
    assert peak < 4 * MEGABYTE


@pytest.fixture
def read_of_files(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the bytes of files that are decrypted."""
    counts, real = [0], school.app.storage.read

    def counting(*of: Any) -> Iterator[bytes]:
        for piece in real(*of):
            counts[0] += len(piece)
            yield piece

    monkeypatch.setattr(school.app.storage, "read", counting)
    return counts


def test_what_waits_for_a_slow_visitor_is_little_and_never_on_disk(
    school: SchoolForTests,
    wsgi: Any,
    filed: Any,
    read_of_files: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """STU-05, encrypted at rest: the server as `cpoms web` sets it up keeps no temporary file of what it
    sends, and reads on only as fast as it is taken."""
    on_disk: list[object] = []
    real = buffers.TempfileBasedBuffer.newfile
    monkeypatch.setattr(
        buffers.TempfileBasedBuffer, "newfile", lambda self: on_disk.append(self) or real(self)
    )
    filed.in_vault(*FILES)
    browser, address, form = asked(wsgi, school)
    body = "&".join(f"{name}={value}" for name, value in form.items())
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    head = (
        f"POST {address} HTTP/1.1\r\nHost: {school.host}\r\nConnection: close\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    server: Any = create_server(wsgi, sockets=[listening], threads=2, **SENDING)
    threading.Thread(target=server.run, daemon=True).start()
    with socket.socket() as visitor:
        visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        visitor.settimeout(60)
        visitor.connect(listening.getsockname())
        visitor.sendall((head + body).encode())
        assert visitor.recv(100).startswith(b"HTTP/1.1 200")
        assert settled(read_of_files) < 2 * LARGE
        while visitor.recv(MEGABYTE):
            pass
    server.close()
    assert read_of_files[0] == 24 * MEGABYTE
    assert on_disk == []


def test_some_of_the_servers_threads_stay_free(school: SchoolForTests, wsgi: Any, filed: Any) -> None:
    """OPS, STU-05: slow visitors who take large files keep no more than half of them; small files go on."""
    (large,) = filed.in_vault(("film.txt", b"a" * (LARGE + 1)))
    (small,) = filed.in_vault(("letter.txt", b"Dear Ms Bell"))
    browser, address, form = asked(wsgi, school)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    def ask(path: str, post: dict[str, str] | None = None) -> Any:
        request = browser.RequestClass.blank(
            path, POST=post, headers={"Host": school.host, "Cookie": cookies}
        )
        return request.get_response(wsgi)

    taken = [ask(f"/documents/{large}") for _ in range(AT_ONCE - 1)] + [ask(address, form)]
    assert [answer.status_int for answer in taken] == [200] * AT_ONCE
    for refused in (ask(f"/documents/{large}"), ask(address, form)):
        assert refused.status_int == 503 and refused.headers["Retry-After"] == "60"
        assert "Several large files are being downloaded" in refused.text
    assert ask(f"/documents/{small}").body == b"Dear Ms Bell"
    taken.pop(0).app_iter.close()  # a visitor who goes away
    whole = ask(f"/documents/{large}")
    assert len(whole.body) == LARGE + 1
    del whole  # one that ended, and nobody closed
    again = ask(f"/documents/{large}")
    for answer in (*taken, again):
        assert answer.status_int == 200
        answer.app_iter.close()
    assert 2 * AT_ONCE <= THREADS
    places = [sending.Place() for _ in range(AT_ONCE)]
    for place in places:
        place.give_back()
        place.give_back()  # once is enough


def test_a_print_is_a_large_file_like_any(
    school: SchoolForTests, wsgi: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OPS, EDT-07: a file that the worker made takes one of the places, too, and gives it back."""
    monkeypatch.setattr(sending, "LARGE", 100)
    file_id, now = new_id(), utc_now()
    with school.app.transaction(school.id) as db:
        key = db.scalars(select(School.file_key).where(School.id == school.id)).one() or ""
        school.app.storage.write(key, school.id, file_id, io.BytesIO(b"%PDF" * 50), limit=LARGE)
        subjects = [str(school.students["aoife"])]
        db.add(
            PreparedFile(
                school_id=school.id, id=file_id, asked_by=school.users["lead"], kind="record print",
                wanted={"subjects": subjects}, name="a.pdf", media_type="application/pdf", size=200,
                asked_at=now, state="ready", expires_at=now + dt.timedelta(hours=1),
            )
        )  # fmt: skip
    browser, _address, _form = asked(wsgi, school)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"Host": school.host, "Cookie": cookies}

    def ask() -> Any:
        return browser.RequestClass.blank(f"/prepared/{file_id}/file", headers=headers).get_response(wsgi)

    taken = [ask() for _ in range(AT_ONCE)]
    assert [answer.status_int for answer in taken] == [200] * AT_ONCE
    refused = ask()
    assert refused.status_int == 503 and refused.headers["Retry-After"] == "60"
    for answer in taken:
        answer.app_iter.close()
    assert ask().body == b"%PDF" * 50


def settled(counts: list[int]) -> int:
    """A count, once it has not grown for a third of a second."""
    ends, seen, since = time.monotonic() + 60, -1, time.monotonic()
    while time.monotonic() < ends and time.monotonic() - since < 0.3:
        if counts[0] != seen:
            seen, since = counts[0], time.monotonic()
        time.sleep(0.02)
    return seen
