"""`docs/nginx.conf`, before a real server: what a deployment puts in front does what the handbook says (OPS).

nginx runs as an ordinary user, also where the tests are root's."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import trustme
from sqlalchemy import select

from cpoms_core.access.models import LoginSession
from cpoms_core.access.sessions import hashed
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.cli.serving import LARGEST_FILES
from cpoms_core.cli.supervisor import cpoms_command
from cpoms_core.deployment import load
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.programs import program, running
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.smtp_peer import free_port
from cpoms_core.web.inputs import FORM_ROOM, MEGABYTE

pytestmark = pytest.mark.slow
CONFIGURATION = Path(__file__).parents[2] / "docs" / "nginx.conf"
NOBODY = 65534
VISITOR = "127.0.0.9"
"""Where requests come from: another address than the proxy's own."""
AROUND = """
daemon off;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  include {folder}/cpoms.conf;
}}
"""


@dataclass
class Fronted:
    """A school behind nginx."""

    school: SchoolForTests
    port: int
    plain_port: int
    trusting: ssl.SSLContext
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.school.host

    def connect(self, name: str | None = None) -> ssl.SSLSocket:
        bare = socket.create_connection(("127.0.0.1", self.port), 20, source_address=(VISITOR, 0))
        try:
            return self.trusting.wrap_socket(bare, server_hostname=name or self.host)
        except BaseException:
            bare.close()
            raise

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        """A request as a browser at the school's address makes it."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.sock = self.connect()
        sent = {"Host": self.host, "Referer": f"https://{self.host}/"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return response, response.read().decode()
        finally:
            connection.close()

    def say(self, *lines: str) -> bytes:
        """Lines that no browser sends; the first line of the answer."""
        with self.connect() as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            return connection.makefile("rb").readline()

    def sign_in(self, who: str) -> str:
        """The token of the forms of a new session."""
        token = self.school.session_token(who)
        self.cookies["__Host-session"] = token
        with self.school.app.session(None, writes=False) as db:
            return str(db.get_one(LoginSession, hashed(token)).csrf_token)


@pytest.fixture(scope="module")
def fronted() -> Iterator[Fronted]:
    nginx = program("nginx", "nginx-light")
    with ExitStack() as closing:
        folder = Path(tempfile.mkdtemp(prefix="nginx-"))  # pytest's own folders are closed to other users
        closing.callback(shutil.rmtree, folder)
        folder.chmod(0o777)
        app_port, port, plain_port = free_port(), free_port(), free_port()
        config = folder / "deployment" / "deployment.toml"
        config.parent.mkdir()
        config.write_text('scheme = "https"\npublic_port = 443\ndomain = "records.example"\n')
        deployment = load(config)
        migrate(deployment.owner_url, installed())
        app = Application(deployment)
        closing.callback(app.engines.dispose)
        school = make_school(app)
        with app.transaction(school.id) as db:
            change_setting(db, "max_file_megabytes", "1")
        authority = trustme.CA()
        certificate = authority.issue_cert("*.records.example")
        certificate.private_key_pem.write_to_path(folder / "records.key")
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(folder / "records.pem", append=True)
        text = CONFIGURATION.read_text(encoding="utf-8")
        for theirs, ours in (
            ("/etc/ssl/", f"{folder}/"),
            ("listen 443", f"listen 127.0.0.1:{port}"),
            ("listen 80", f"listen 127.0.0.1:{plain_port}"),
            ("127.0.0.1:8080", f"127.0.0.1:{app_port}"),
        ):
            assert theirs in text
            text = text.replace(theirs, ours)
        (folder / "cpoms.conf").write_text(text)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        for path in folder.glob("records.*"):
            path.chmod(0o644)
        web = cpoms_command(config, "web", "--port", str(app_port))
        closing.enter_context(running(web, folder / "web.log", lambda: listens(app_port)))
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        closing.enter_context(running(command, folder / "nginx.log", lambda: listens(port), **user))
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        yield Fronted(school, port, plain_port, trusting)


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(autouse=True)
def _nobody(fronted: Fronted) -> None:
    fronted.cookies.clear()


def recorded_addresses(fronted: Fronted) -> set[str]:
    with fronted.school.app.session(fronted.school.id, writes=False) as db:
        return set(db.scalars(select(AuditEntry.ip)))


def test_the_host_says_the_school(fronted: Fronted) -> None:
    """OPS: the name comes through as it came, also into the addresses that the server makes of it."""
    answer, _ = fronted.ask("GET", "/")
    assert answer.status == 302
    location = answer.headers["Location"]
    assert location.startswith(("/login", f"https://{fronted.host}/login")), location
    assert answer.headers["Strict-Transport-Security"]
    assert "nginx/" not in answer.headers["Server"]
    assert fronted.ask("GET", "/login")[0].status == 200


def test_unknown_and_doubled_names_are_refused(fronted: Fronted) -> None:
    """Hostile input 3 and 9: a school that is none, two Host headers, another name than the certificate's."""
    other = f"other.{fronted.school.app.deployment.domain}"
    assert fronted.ask("GET", "/login", Host=other)[0].status == 400
    twice = fronted.say("GET /login HTTP/1.1", f"Host: {fronted.host}", f"Host: {other}")
    assert b" 400 " in twice
    same = fronted.say("GET /login HTTP/1.1", f"Host: {fronted.host}", f"Host: {fronted.host}")
    assert b" 400 " in same
    with pytest.raises((ssl.SSLError, ConnectionError)):
        fronted.connect("example.com")


def test_plain_http_leads_to_https(fronted: Fronted) -> None:
    """OPS: and nothing is answered there."""
    connection = http.client.HTTPConnection("127.0.0.1", fronted.plain_port, timeout=20)
    connection.request("GET", "/login?next=/", headers={"Host": fronted.host})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{fronted.host}/login?next=/")


def test_the_visitors_address_cannot_be_made_up(fronted: Fronted) -> None:
    """ACC-05, USR-12.7: what is counted and written down is where visitors came from, whatever they say."""
    page, text = fronted.ask("GET", "/login")
    token = re.search(r'name="csrf-token" content="([^"]+)"', text)
    assert token
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("__Host-")
    fields = {"csrf_token": token[1], "email": fronted.school.emails["teacher"], "password": "a wrong one"}
    made_up = {"X_Forwarded_For": "192.0.2.66", "Forwarded": "for=192.0.2.66", "X_Real_IP": "192.0.2.66"}
    fronted.ask(
        "POST",
        "/login",
        urlencode(fields).encode(),
        Content_Type="application/x-www-form-urlencoded",
        Cookie=cookie,
        **made_up,
    )
    assert VISITOR in recorded_addresses(fronted)
    assert not {"192.0.2.66", "127.0.0.1"} & recorded_addresses(fronted)


def test_the_largest_body_is_the_servers() -> None:
    """Hostile input 9: the figure of the configuration is the server's own."""
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", CONFIGURATION.read_text(encoding="utf-8"))
    assert int(megabytes) * MEGABYTE == FORM_ROOM + LARGEST_FILES * MEGABYTE


def test_what_is_larger_is_refused_unread(fronted: Fronted) -> None:
    """Hostile input 9: before any of it is sent, with a way to save the text."""
    length = FORM_ROOM + LARGEST_FILES * MEGABYTE + 1
    with fronted.connect() as connection:
        lines = ("POST /incidents/add HTTP/1.1", f"Host: {fronted.host}", f"Content-Length: {length}")
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Back button" in answer


def test_a_form_whose_files_are_too_large_comes_back(fronted: Fronted) -> None:
    """INC-10: through nginx, too, what was typed is there again; without the forms' token it is not."""
    for token, status in ((fronted.sign_in("teacher"), 422), ("another", 403)):
        body = form(
            {"csrf_token": token, "text": "She said that she is afraid."}, FORM_ROOM + 3 * MEGABYTE + 1
        )
        answer, text = fronted.ask(
            "POST", "/incidents/add", body, Content_Type="multipart/form-data; boundary=edge"
        )
        assert answer.status == status
        assert ("at most 3 MB" in text and "She said that she is afraid." in text) is (status == 422)


def form(fields: dict[str, str], file_size: int) -> bytes:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    return b"".join([*parts, head, b"x" * file_size, b"\r\n--edge--\r\n"])


def test_slow_senders_hold_nobody_up(fronted: Fronted) -> None:
    """Hostile input 9: 200 requests that never come to an end; the server alone stalls at half of them."""
    with ExitStack() as closing:
        for number in range(200):
            connection = closing.enter_context(fronted.connect())
            lines = ("POST /login HTTP/1.1", f"Host: {fronted.host}", "Content-Length: 100000")
            connection.sendall("\r\n".join([*lines, "", "a" * (number % 3)]).encode())
        began = time.monotonic()
        assert fronted.ask("GET", "/health")[0].status == 200
        assert time.monotonic() - began < 5


def test_answers_are_kept_by_nobody(fronted: Fronted) -> None:
    """OPS: no cache, and no temporary file that an answer could be read from."""
    settings: Any = CONFIGURATION.read_text(encoding="utf-8")
    assert "proxy_max_temp_file_size 0;" in settings and "proxy_cache off;" in settings
    assert fronted.ask("GET", "/login")[0].headers["Cache-Control"] == "no-store"
