"""What the tests of the outbox share."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.outbox.claims import Claim, claim_due
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.smtp_peer import SmtpPeer, smtp_peer


@pytest.fixture(autouse=True)
def _nothing_else_due(app: Application) -> Iterator[None]:
    """Wake-ups belong to no school: those that other tests left must not be claimed by these."""
    with app.transaction(None) as db:
        db.execute(delete(Wakeup))
    yield


@pytest.fixture
def claim_one(app: Application) -> Callable[[], Claim]:
    """Claims the one item that is due."""

    def claim() -> Claim:
        (found,) = claim_due(app, utc_now(), most=10)
        return found

    return claim


@pytest.fixture
def item_of(app: Application, school: SchoolForTests) -> Callable[[uuid.UUID], OutboxItem]:
    """The stored item of an id."""

    def read(item_id: uuid.UUID) -> OutboxItem:
        with app.session(school.id, writes=False) as db:
            return db.get_one(OutboxItem, (school.id, item_id))

    return read


@pytest.fixture
def due_at(app: Application) -> Callable[[uuid.UUID], dt.datetime | None]:
    """When an item is due; None where nothing will wake it."""

    def read(item_id: uuid.UUID) -> dt.datetime | None:
        with app.session(None, writes=False) as db:
            row = db.get(Wakeup, item_id)
            return row.due_at if row else None

    return read


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with smtp_peer() as peer:
        yield peer


@pytest.fixture
def mailing(app: Application) -> Callable[[str], Application]:
    """The application with another address for its mail."""

    def make(address: str) -> Application:
        return Application(dataclasses.replace(app.deployment, mail=address), engines=app.engines)

    return make
