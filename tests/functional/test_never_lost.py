"""Nothing that was answered with success is lost, whatever is killed when: real processes, kill -9, a real
SMTP server, on both databases (INC-09, never lost)."""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from cpoms_core.access.models import LoginSession
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.application import Application
from cpoms_core.audit.sealing import seal_waiting
from cpoms_core.audit.verify import verify
from cpoms_core.cli.supervisor import cpoms_command
from cpoms_core.deployment import load
from cpoms_core.incidents.models import Incident
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.testing import postgres_cluster
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.smtp_peer import SmtpPeer, free_port, smtp_peer

KILLS = 20
LEASE = "2"  # seconds until another worker takes up what a dead one left
TOLD = ("colleague", "lead")

# Each takes one guard away. They are run in place of the product's own process.
MARKS_BEFORE_SENDING = """
from cpoms_core import worker
from cpoms_core.access.identity import system_viewer
from cpoms_core.hooks.types import Work
from cpoms_core.outbox import mail, running
from cpoms_core.outbox.models import OutboxItem
def run_claimed(app, claim):
    with app.session(claim.school_id, writes=False) as db:
        item = db.get(OutboxItem, (claim.school_id, claim.item_id))
        message = mail.word_mail(db, system_viewer(db), Work(item.id, item.payload, item.created_at))
    running._finish(app, claim)
    mail.send_mail(app, message)
worker.run_claimed = run_claimed
"""
QUEUES_AFTER_ANSWERING = """
import threading, time
from cpoms_core.alerts import services
real = services.queue_mail
def queue_mail(db, template, **facts):
    def later():
        time.sleep(2)
        with db.app.transaction(db.school_id) as own:
            real(own, template, **facts)
    threading.Thread(target=later, daemon=True).start()
services.queue_mail = queue_mail
"""


@dataclass
class Process:
    """One of the product's processes, which can be killed and started again. `patch`: Python that is run in
    it first."""

    config: Path
    arguments: tuple[str, ...]
    patch: str = ""
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = cpoms_command(self.config, *self.arguments)
        if self.patch:
            code = f"{self.patch}\nfrom cpoms_core.cli import main\nmain({command[3:]!r})"
            command = [sys.executable, "-c", code]
        log = (self.config.parent / f"{self.arguments[0]}.log").open("ab")
        with log:
            self.running = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.running is not None:
            os.kill(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None


@dataclass
class Deployed:
    """A deployment of its own with one school, a web process and a worker."""

    app: Application
    school: SchoolForTests
    peer: SmtpPeer
    config: Path
    web: Process
    worker: Process
    port: int
    cookie: str = ""
    token: str = ""
    answered: set[uuid.UUID] = field(default_factory=set)

    def sign_in(self) -> None:
        self.cookie = self.school.session_token("teacher")
        with self.app.session(None, writes=False) as db:
            self.token = db.get_one(LoginSession, hashed(self.cookie)).csrf_token

    def healthy(self) -> bool:
        try:
            return self._ask("GET", "/health") == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_for_web(self) -> None:
        deadline = time.monotonic() + 60
        while not self.healthy():
            assert time.monotonic() < deadline, (self.config.parent / "web.log").read_text()[-3000:]
            time.sleep(0.05)

    def wait_for_answers(self, more: int) -> None:
        """Until so many more concerns were answered with success."""
        wanted, deadline = len(self.answered) + more, time.monotonic() + 60
        while len(self.answered) < wanted:
            assert time.monotonic() < deadline, (self.config.parent / "web.log").read_text()[-3000:]
            time.sleep(0.05)

    def submit(self, submission: uuid.UUID) -> bool:
        """Submits a concern; whether it was answered with success."""
        fields = [
            ("csrf_token", self.token),
            ("submission", str(submission)),
            ("student", str(self.school.students["aoife"])),
            ("text", f"Concern {submission}"),
            ("categories", str(self.school.categories["Behaviour"])),
            ("occurred", "2026-01-05T10:30"),
            *(("alerts", str(self.school.users[who])) for who in TOLD),
        ]
        try:
            status = self._ask("POST", "/incidents/add", urlencode(fields))
        except (OSError, http.client.HTTPException):
            return False
        assert status in (302, 303, 503), f"answered {status}"
        if status == 503:
            return False
        self.answered.add(submission)
        return True

    def _ask(self, method: str, path: str, body: str | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Host": self.school.host, "Cookie": f"session={self.cookie}"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def wait_for_mail(self) -> None:
        """Until nothing is owed any more."""
        deadline = time.monotonic() + 60
        while True:
            with self.app.session(None, writes=False) as db:
                if db.scalar(select(Wakeup.item_id).limit(1)) is None:
                    return
            assert time.monotonic() < deadline, (self.config.parent / "worker.log").read_text()[-3000:]
            time.sleep(0.1)

    def losses(self) -> list[str]:
        """What was promised and is not there, or is there too often."""
        found = []
        with self.app.session(self.school.id, writes=False) as db:
            stored = Counter(db.scalars(select(Incident.submission)))
            numbers = sorted(db.scalars(select(Incident.number)))
            owed = Counter(db.scalars(select(Alert.recipient_id)))
            items = set(db.scalars(select(OutboxItem.id)))
        found += [f"{one} was answered and is not there" for one in self.answered if not stored[one]]
        found += [f"{one} is there {count} times" for one, count in stored.items() if count > 1]
        if numbers != list(range(1, len(numbers) + 1)):
            found.append("the numbers have gaps")
        arrived = {mail["Message-ID"]: mail["To"] for mail in self.peer.mails}
        got = Counter(arrived.values())
        for who in TOLD:
            wanted = owed[self.school.users[who]]
            if wanted != len(stored) or got[self.school.emails[who]] != wanted:
                found.append(f"{who} is owed {len(stored)} mails and got {got[self.school.emails[who]]}")
        if not set(arrived) <= {f"<{item}@cpoms.localhost>" for item in items}:
            found.append("a mail came under another Message-ID than its own")
        return found


@contextmanager
def database(kind: str) -> Iterator[str]:
    """A database of its own that the processes find by their configuration: its lines."""
    if kind == "sqlite":  # beside the configuration, unless it says otherwise
        yield ""
        return
    if reason := postgres_cluster.require_or_reason():
        pytest.skip(reason)
    cluster = postgres_cluster.from_environment()
    assert cluster is not None
    name = f"killed_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    cluster.create_database(name)
    yield f'database_url = "{cluster.app_url(name)}"\nowner_url = "{cluster.owner_url(name)}"\n'
    cluster.drop_database(name)


@pytest.fixture
def deployed(database_kind: str, tmp_path: Path) -> Iterator[Deployed]:
    with ExitStack() as closing:
        where = closing.enter_context(database(database_kind))
        peer = closing.enter_context(smtp_peer(pause=0.02))
        port = free_port()
        config = tmp_path / "deployment.toml"
        config.write_text(f'mail = "{peer.address}"\npublic_port = {port}\n{where}')
        deployment = load(config)
        migrate(deployment.owner_url, installed())
        app = Application(deployment)
        closing.callback(app.engines.dispose)
        assert app.engines.dialect == database_kind
        made = Deployed(
            app,
            make_school(app),
            peer,
            config,
            Process(config, ("web",)),
            Process(config, ("worker", "--lease", LEASE)),
            port,
        )
        closing.callback(made.web.kill)
        closing.callback(made.worker.kill)
        made.sign_in()
        yield made


@pytest.mark.slow
def test_inc_09_nothing_is_lost_whatever_is_killed_when(deployed: Deployed) -> None:
    """20 times kill -9 at random moments, 10 each of web and worker, while concerns are submitted."""
    chance = random.Random()
    over = threading.Event()
    problems: list[BaseException] = []

    def submit_on_and_on() -> None:
        while not over.is_set():
            submission = uuid.uuid4()
            while not deployed.submit(submission):  # as a person does: again, by the same form
                time.sleep(0.05)

    def kill_web() -> None:
        for number in range(KILLS // 2):
            if number % 2:  # every other life is long enough for something to happen, on a busy machine too
                deployed.wait_for_answers(5)
            time.sleep(chance.uniform(0.05, 1.0))
            deployed.web.kill()
            deployed.web.start()
            deployed.wait_for_web()

    def kill_worker() -> None:
        for _ in range(KILLS // 2):
            time.sleep(chance.uniform(0.5, 4.0))
            deployed.worker.kill()
            deployed.worker.start()

    def noting(do: object) -> threading.Thread:
        def run() -> None:
            try:
                do()  # type: ignore[operator]
            except BaseException as error:
                problems.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    deployed.web.start()
    deployed.worker.start()
    deployed.wait_for_web()
    submitters = [noting(submit_on_and_on) for _ in range(3)]
    for killer in [noting(kill_web), noting(kill_worker)]:
        killer.join()
    over.set()
    for submitter in submitters:
        submitter.join(timeout=60)
    deployed.wait_for_mail()

    assert problems == []
    assert deployed.losses() == []
    assert len(deployed.answered) > KILLS, "too little happened to show anything"
    with deployed.app.session(deployed.school.id, writes=False) as db:
        assert not db.scalars(select(OutboxItem).where(OutboxItem.done_at.is_(None))).all()
    while seal_waiting(deployed.app, deployed.school.id, utc_now()):
        pass
    assert verify(deployed.app, deployed.school.id, deployed.school.slug).problems == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("web_patch", "worker_patch", "notices"),
    [
        pytest.param("", "", False, id="as it is"),
        pytest.param("", MARKS_BEFORE_SENDING, True, id="a worker that marks before it sends"),
        pytest.param(QUEUES_AFTER_ANSWERING, "", True, id="a page that queues after it answered"),
    ],
)
def test_the_guards_guard(deployed: Deployed, web_patch: str, worker_patch: str, notices: bool) -> None:
    """The web process dies right after its answer, the worker while it sends: without either guard, the
    check above notices the loss."""
    deployed.peer.pause = 1.5
    deployed.web.patch, deployed.worker.patch = web_patch, worker_patch
    deployed.web.start()
    deployed.worker.start()
    deployed.wait_for_web()
    assert deployed.submit(uuid.uuid4())
    deployed.web.kill()
    if deployed.peer.spoken_to.wait(2 if web_patch else 30):
        time.sleep(0.3)
    deployed.worker.kill()
    deployed.peer.pause = 0.0
    deployed.worker.patch = ""
    deployed.worker.start()
    deployed.wait_for_mail()
    assert bool(deployed.losses()) is notices, deployed.losses()
