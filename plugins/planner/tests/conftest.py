"""A school whose lead and head of year use the planner, a clock, and events as its services make them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cpoms_planner.models import Event
from cpoms_planner.services import Typed, make_event
from sqlalchemy import delete, insert, select

from cpoms_core.access.models import GroupPermission
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.schools import SchoolForTests, make_school

USERS = ("Safeguarding", "Heads of year")
"""User groups with `planner:use`; Administrators and Teachers have it not."""


def grant(school: SchoolForTests, *groups: str) -> None:
    """Gives user groups the planner."""
    rows = [
        {"school_id": school.id, "group_id": school.groups[name], "permission": "planner:use"}
        for name in groups
    ]
    with school.app.transaction(school.id) as db:
        db.execute(insert(GroupPermission), rows)


@pytest.fixture
def school(app: Application) -> SchoolForTests:
    """A school where key holders of two user groups use the planner, and nothing else is due."""
    with app.transaction(None) as db:
        db.execute(delete(Wakeup))
    made = make_school(app)
    grant(made, *USERS)
    return made


At = Callable[..., Viewer]


@pytest.fixture
def at(school: SchoolForTests) -> At:
    """A user at a moment (UTC): `at("lead", moment)`."""

    def viewer(who: str, moment: dt.datetime | None = None, **more: Any) -> Viewer:
        found = school.viewer(who, **more)
        return replace(found, clock=lambda: moment) if moment is not None else found

    return viewer


@pytest.fixture
def make(school: SchoolForTests, at: At) -> Callable[..., uuid.UUID]:
    """Makes an event: `make("lead", Typed(...), now=moment)`; answers with its id."""

    def event(who: str, typed: Typed, *, now: dt.datetime | None = None, **more: Any) -> uuid.UUID:
        with school.app.transaction(school.id) as db:
            return make_event(PluginSession(db), at(who, now), typed, **more).id

    return event


class Worker:
    """A worker of the school whose clock the test moves."""

    def __init__(self, school: SchoolForTests) -> None:
        self.school = school

    def run(self, now: dt.datetime) -> None:
        """Does every task that is due by a moment; mails stay in the outbox."""
        for _turn in range(50):
            claims = claim_due(self.school.app, now, most=100)
            if not claims:
                return
            kinds = {item.id: item.kind for item in self.items()}
            for claim in claims:
                if kinds[claim.item_id] != "mail":
                    run_claimed(self.school.app, claim)

    def items(self) -> list[OutboxItem]:
        with self.school.app.session(self.school.id, writes=False) as db:
            return list(db.scalars(select(OutboxItem).order_by(OutboxItem.id)))

    def mails(self) -> list[tuple[str, dt.datetime]]:
        """Who is owed a mail of a reminder, and the moment that it is for."""
        who = {str(user_id): name for name, user_id in self.school.users.items()}
        owed = [
            (who[item.payload["to_user"]], item.created_at) for item in self.items() if item.kind == "mail"
        ]
        return sorted(owed, key=lambda one: (one[1], one[0]))


@pytest.fixture
def worker(school: SchoolForTests) -> Worker:
    return Worker(school)


@pytest.fixture
def event_of(school: SchoolForTests) -> Callable[[uuid.UUID], Event]:
    """The stored event of an id."""

    def read(event_id: uuid.UUID) -> Event:
        with school.app.session(school.id, writes=False) as db:
            return db.get_one(Event, (school.id, event_id))

    return read
