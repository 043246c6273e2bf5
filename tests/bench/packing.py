"""A vault of two gigabytes as one zip (STU-05), from a web server as it is run: seconds, beside reading the
same encrypted files and doing nothing with them, and how much more memory it takes than the zip of one of the
files: 150 MB at most, as issue 4 says."""

from __future__ import annotations

import http.client
import io
import json
import socket
import subprocess
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from cpoms_core.application import Application
from cpoms_core.cli.supervisor import cpoms_command
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.tenancy.models import School
from cpoms_core.testing.memory import peak_of
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.web.request import cookie_name
from tests.bench.alone import alone

FILES, EACH = 21, 100 * 1024 * 1024  # bytes
MOST = 150  # megabytes


def report(app: Application) -> None:
    """Prints a line. Raises AssertionError where it takes more memory than it may."""
    school = make_school(app)
    ids = _fill(school)
    with _server(app) as (port, process):
        _fetch(school, port, file=str(ids[0]))  # what the server needs for any zip
        before = peak_of(str(process)) // 1024
        seconds, size = _fetch(school, port, all="1")
        after = peak_of(str(process)) // 1024
    assert size > FILES * EACH, size
    floor = _read(school, ids)
    print(
        f"  zip of {size / 1e9:.1f} GB     {seconds:6.1f} s   floor {floor:6.1f} s   x {seconds / floor:.1f}"
        f"   {after - before} MB for it (server: {after} MB)",
        flush=True,
    )
    assert before and after - before < MOST, f"{after - before} MB"


class _Letters(io.RawIOBase):
    """A text file of the given size that is nowhere."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = min(len(buffer), self._size - self._at)
        buffer[:count] = b"a" * count
        self._at += count
        return count


def _fill(school: SchoolForTests) -> list[uuid.UUID]:
    """Files in Aoife's vault, taken in as a page takes them in."""
    lead, ids = school.viewer("lead"), []
    for number in range(FILES):
        uploads = [Upload(f"film {number}.txt", io.BufferedReader(_Letters(EACH)))]
        with taken_in(school.app, lead, uploads) as documents:
            with school.app.transaction(school.id) as db:
                file_in_vault(db, lead, school.students["aoife"], documents)
            ids += [one.id for one in documents]
    return ids


@contextmanager
def _server(app: Application) -> Iterator[tuple[int, int]]:
    """`cpoms web` on the same deployment: its port and process, as long as the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = Path(app.deployment.folder) / "served.toml"
    named = ("folder", "database_url", "domain")
    config.write_text(
        "".join(f"{name} = {json.dumps(str(getattr(app.deployment, name)))}\n" for name in named)
    )
    served = subprocess.Popen(
        cpoms_command(config, "web", "--port", str(port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ends = time.monotonic() + 60
        while not _listens(port):
            assert served.poll() is None and time.monotonic() < ends, "the web server did not start"
            time.sleep(0.1)
        yield port, served.pid
    finally:
        served.terminate()
        served.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) == 0


def _fetch(school: SchoolForTests, port: int, **chosen: str) -> tuple[float, int]:
    """Downloads files as a zip, as the buttons do; seconds, and bytes that came."""
    browser = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Host": school.host,
        "Cookie": f"{cookie_name(school.app)}={school.session_token('lead')}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    browser.request("GET", "/session/token", headers=headers)
    answer = browser.getresponse()
    for name, value in answer.getheaders():
        if name.lower() == "set-cookie":
            headers["Cookie"] += "; " + value.partition(";")[0]
    token = json.loads(answer.read())["csrf_token"]
    form = urllib.parse.urlencode({"csrf_token": token, **chosen})
    began, size = time.perf_counter(), 0
    browser.request("POST", f"/students/{school.students['aoife']}/documents/zip", form, headers)
    answer = browser.getresponse()
    assert answer.status == 200, answer.status
    while chunk := answer.read(1024 * 1024):
        size += len(chunk)
    browser.close()
    return time.perf_counter() - began, size


def _read(school: SchoolForTests, ids: list[uuid.UUID]) -> float:
    """Seconds for decrypting the same files one after the other."""
    with school.app.session(None, writes=False) as db:
        wrapped = db.scalars(select(School.file_key).where(School.id == school.id)).one() or ""
    began = time.perf_counter()
    for one in ids:
        for _ in school.app.storage.read(wrapped, school.id, one):
            pass
    return time.perf_counter() - began


if __name__ == "__main__":
    alone(report)
