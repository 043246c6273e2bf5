"""USR-08: what modules put on a dashboard is taken off with the core's alerts. Hooks named here:
dashboard_alerts, dashboard_alerts_removed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.identity import system_viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import DashboardAlert
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.retries import retry_hook
from cpoms_core.testing.browsing import Browser, text_of
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

Told = tuple[uuid.UUID, uuid.UUID, list[uuid.UUID]]


@dataclass
class Waiting:
    """What the probe has on each dashboard, and what it was told: who acted, whose alerts, which."""

    ids: list[uuid.UUID]
    told: list[Told] = field(default_factory=list)
    breaks: bool = False
    wrong: Any = None  # what it answers instead

    def asked(self, **_others: Any) -> Any:
        return self.wrong() if self.wrong else [DashboardAlert(one) for one in self.ids]

    def removed(self, viewer: Any, user_id: uuid.UUID, alert_ids: Any, **_others: Any) -> None:
        if self.breaks:
            raise RuntimeError("broken")
        self.told.append((viewer.user_id, user_id, list(alert_ids)))


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    found = Waiting(sorted(new_id() for _ in range(2)))
    with (
        behaviour.instead("dashboard_alerts", found.asked),
        behaviour.instead("dashboard_alerts_removed", found.removed),
    ):
        yield found


def alert_teacher(school: SchoolForTests) -> None:
    """One alert of the core's."""
    add_incident(school, "A concern.", alert_ids=[school.users["teacher"]])


def page_of(school: SchoolForTests) -> str:
    return f"/admin/users/{school.users['teacher']}/alerts"


def mark_of_page(page: Any) -> str:
    return str(page.html.find("input", attrs={"name": "seen"})["value"])


def remove(lead: Browser, school: SchoolForTests, status: int = 303) -> Any:
    at = f"{page_of(school)}/remove"
    return lead.submit(at, {"seen": mark_of_page(lead.get(at))}, status=status)


def still_open(school: SchoolForTests) -> int:
    with school.app.session(school.id, writes=False) as db:
        return len(db.scalars(select(Alert.id).where(Alert.read_at.is_(None))).all())


def owed(school: SchoolForTests) -> list[OutboxItem]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(OutboxItem).where(OutboxItem.kind == "hook")))


def test_they_count_and_are_taken_off_too(school: SchoolForTests, lead: Browser, waiting: Waiting) -> None:
    """USR-08, dashboard_alerts, dashboard_alerts_removed: the page counts them with the core's, and the
    module is told whose and which. Where it is off it is neither asked nor told."""
    alert_teacher(school)
    assert "3 alerts are open on the dashboard." in text_of(lead.get(page_of(school)))
    assert "all 3 open alerts" in text_of(lead.get(f"{page_of(school)}/remove"))
    remove(lead, school)
    assert waiting.told == [(school.users["lead"], school.users["teacher"], waiting.ids)]
    assert still_open(school) == 0 and owed(school) == []
    with school.app.session(school.id, writes=False) as db:
        (entry,) = db.scalars(select(AuditEntry).where(AuditEntry.event == "user.alerts-removed"))
    assert entry.details == {"count": 3}
    turn(school, "probe", False)
    alert_teacher(school)
    assert "the one open alert" in text_of(lead.get(f"{page_of(school)}/remove"))
    remove(lead, school)
    assert len(waiting.told) == 1


def test_they_may_be_all_there_is(school: SchoolForTests, lead: Browser, waiting: Waiting) -> None:
    """USR-08: without any alert of the core's. Where a module has none either, it is told nothing."""
    remove(lead, school)
    assert [alerts for _who, _whose, alerts in waiting.told] == [waiting.ids]
    waiting.ids = []
    assert "no open alerts" in text_of(lead.get(f"{page_of(school)}/remove"))
    alert_teacher(school)
    remove(lead, school)
    assert len(waiting.told) == 1


def test_one_that_came_in_between_stays(school: SchoolForTests, lead: Browser, waiting: Waiting) -> None:
    """USR-08: nobody removes what they were not shown, a module's neither."""
    alert_teacher(school)
    at = f"{page_of(school)}/remove"
    mark = mark_of_page(lead.get(at))
    waiting.ids = [new_id(), waiting.ids[1]]
    page = lead.submit(at, {"seen": mark}, status=422)
    assert "Somebody else changed these alerts" in text_of(page) and still_open(school) == 1
    assert waiting.told == []
    lead.submit(at, {"seen": mark_of_page(page)}, status=303)
    assert len(waiting.told) == 1


WRONG = {
    "raises": lambda: 1 // 0,
    "no alert": lambda: ["5"],
    "no id": lambda: [DashboardAlert("5")],  # type: ignore[arg-type]
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_module_that_fails_to_answer_costs_its_own(
    school: SchoolForTests, lead: Browser, waiting: Waiting, wrong: str
) -> None:
    """MOD-04, USR-08: the core's alerts are counted and taken off all the same."""
    alert_teacher(school)
    waiting.wrong = WRONG[wrong]
    assert "the one open alert" in text_of(lead.get(f"{page_of(school)}/remove"))
    remove(lead, school)
    assert still_open(school) == 0 and waiting.told == []


def test_what_fails_is_tried_again(school: SchoolForTests, lead: Browser, waiting: Waiting) -> None:
    """MOD-04, dashboard_alerts_removed: the core's alerts are off; a second removal that fails is owed a
    second time, each with its own ids."""
    alert_teacher(school)
    first, waiting.breaks = waiting.ids, True
    remove(lead, school)
    waiting.ids = [new_id()]
    remove(lead, school)
    waiting.breaks = False
    assert still_open(school) == 0
    items = owed(school)
    with school.app.transaction(school.id) as db:
        for item in items:
            retry_hook(db, system_viewer(db), item.payload)
    who, whose = school.users["lead"], school.users["teacher"]
    assert sorted(waiting.told) == sorted([(who, whose, first), (who, whose, waiting.ids)])
