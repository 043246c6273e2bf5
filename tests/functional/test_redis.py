"""`broker` may be a Redis, which several workers share (INC-09): a real one, real workers, real mail."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.cli.supervisor import cpoms_command
from cpoms_core.deployment import load
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.services import queue_mail
from cpoms_core.testing.programs import program, running
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.smtp_peer import SmtpPeer, free_port, smtp_peer

pytestmark = pytest.mark.slow
WORKERS = 2
LEASE = "2"  # seconds until what a lost wake-up left is looked at again


@dataclass
class Deployed:
    """A deployment whose workers are woken through a Redis."""

    school: SchoolForTests
    peer: SmtpPeer
    folder: Path
    port: int
    redis: ExitStack

    def start_redis(self) -> None:
        self.redis.enter_context(redis_server(self.port, self.folder))

    def stop_redis(self) -> None:
        self.redis.close()

    def owe(self, count: int) -> set[str]:
        """Queues mails; the Message-IDs that they will have."""
        with self.school.app.transaction(self.school.id) as db:
            items = [
                queue_mail(
                    db,
                    "incident-alert",
                    to_user=self.school.users["colleague"],
                    now=utc_now(),
                    sender=str(self.school.users["teacher"]),
                    categories=str(self.school.categories["Medical"]),
                )
                for _ in range(count)
            ]
        return {f"<{item}@cpoms.localhost>" for item in items}

    def wait_until_nothing_is_owed(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            with self.school.app.session(None, writes=False) as db:
                if db.scalar(select(Wakeup.item_id).limit(1)) is None:
                    return
            assert time.monotonic() < deadline, (self.folder / "worker0.log").read_text()[-3000:]
            time.sleep(0.1)

    def calls(self, command: str) -> int:
        """How often a command of Redis was called since it started."""
        stats = redis.Redis(port=self.port).info("commandstats")
        return int(stats.get(f"cmdstat_{command}", {}).get("calls", 0))  # type: ignore[union-attr]


def redis_server(port: int, folder: Path) -> AbstractContextManager[object]:
    path = program("redis-server", "redis-server")
    command = [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    return running(command, folder / "redis.log", lambda: listens(port))


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    program("redis-server", "redis-server")
    with ExitStack() as closing:
        peer = closing.enter_context(smtp_peer())
        port = free_port()
        config = tmp_path / "deployment.toml"
        config.write_text(f'mail = "{peer.address}"\nbroker = "redis://127.0.0.1:{port}/0"\n')
        deployment = load(config)
        migrate(deployment.owner_url, installed())
        app = Application(deployment)
        closing.callback(app.engines.dispose)
        made = Deployed(make_school(app), peer, tmp_path, port, closing.enter_context(ExitStack()))
        made.start_redis()
        for number in range(WORKERS):
            command = cpoms_command(config, "worker", "--lease", LEASE)
            closing.enter_context(running(command, tmp_path / f"worker{number}.log", lambda: True))
        yield made


def test_two_workers_share_the_work(deployed: Deployed) -> None:
    """INC-09: every mail once, woken through Redis."""
    owed = deployed.owe(20)
    deployed.wait_until_nothing_is_owed()
    assert sorted(deployed.peer.ids) == sorted(owed)
    assert deployed.calls("lpush") >= 20
    with deployed.school.app.session(deployed.school.id, writes=False) as db:
        assert not db.scalars(select(OutboxItem).where(OutboxItem.last_error != "")).all()


def test_a_redis_that_goes_costs_time_and_no_mail(deployed: Deployed) -> None:
    """INC-09, never lost: what it carried is gone with it; the rows are not, and are looked at again."""
    deployed.owe(1)
    deployed.wait_until_nothing_is_owed()
    deployed.stop_redis()
    owed = deployed.owe(5)
    time.sleep(1)
    deployed.start_redis()
    deployed.wait_until_nothing_is_owed()
    assert owed <= set(deployed.peer.ids)
