"""The dashboard's lists where there is more than fits on one page: nothing that waits is out of reach."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import update

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.dashboard.alerts import PAGE as ALERTS
from cpoms_core.dashboard.history import PAGE as OWN
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def alerted(school: SchoolForTests, who: str, times: int) -> list[uuid.UUID]:
    """Open alerts of one user to one incident, three at each moment; their ids, newest first."""
    incident, now = add_incident(school), utc_now()
    rows = [
        Alert(
            school_id=school.id, id=new_id(), recipient_id=school.users[who], incident_id=incident.id,
            sender_id=school.users["lead"], created_at=now - dt.timedelta(hours=number // 3),
        )
        for number in range(times)
    ]  # fmt: skip
    with school.app.transaction(school.id) as db:
        db.add_all(rows)
    return [row.id for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)]


def noted(school: SchoolForTests, who: str, times: int) -> None:
    """Actions of one user, two at each moment."""
    incident, now = add_incident(school), utc_now()
    with school.app.transaction(school.id) as db:
        db.add_all(
            Action(
                school_id=school.id, id=new_id(), incident_id=incident.id, author_id=school.users[who],
                text="Rang home.", occurred_at=now, submission=new_id(),
                created_at=now - dt.timedelta(minutes=number // 2),
            )
            for number in range(times)
        )  # fmt: skip


def count_in_heading(page: Any) -> str:
    return str(page.html.select_one("#alerts .part-count").get_text())


def listed(page: Any, which: str) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.html.select(f"#{which} > li")]


def on_all_pages(browser: Any, which: str) -> list[list[str]]:
    """The rows of each page, as who presses the link under each finds them."""
    page = browser.get("/")
    pages = [listed(page, which)]
    while (link := page.html.select_one(f"#{which}-next")) is not None:
        page = browser.get(link["href"])
        pages.append(listed(page, which))
    return pages


@pytest.mark.parametrize(("who", "elevated"), [("lead", None), ("teacher", None), ("lead", False)])
def test_every_open_alert_can_be_reached(
    school: SchoolForTests, web: Any, who: str, elevated: bool | None
) -> None:
    """DSH-02, DSH-06: the oldest, too, each once, with how many they are in all, with a key and without."""
    alerted(school, who, ALERTS * 2 + 3)
    browser = web(school, who, elevated=elevated)
    assert count_in_heading(browser.get("/")) == str(ALERTS * 2 + 3)
    pages = on_all_pages(browser, "alert-list")
    assert [len(rows) for rows in pages] == [ALERTS, ALERTS, 3]
    hours = (ALERTS * 2 + 2) // 3
    assert pages[-1][-1].endswith(f"{hours // 24} days ago")
    second = browser.get(browser.get("/").html.select_one("#alert-list-next")["href"])
    assert count_in_heading(second) == str(ALERTS * 2 + 3)
    assert second.html.select_one('a[href="/"]:-soup-contains("Back to the newest")') is not None


def test_the_place_stays_when_what_it_is_after_was_read(school: SchoolForTests, web: Any) -> None:
    """DSH-02, USR-12.1: somebody who reads from the top and goes on misses none; another's link shows one's
    own."""
    ids = alerted(school, "teacher", ALERTS + 3)
    teacher = web(school, "teacher")
    older = teacher.get("/").html.select_one("#alert-list-next")["href"]
    with school.app.transaction(school.id) as db:
        read = update(Alert).where(Alert.id == ids[ALERTS - 1]).values(read_at=utc_now())
        db.execute(read.execution_options(synchronize_session=False))
    page = teacher.get(older)
    assert len(listed(page, "alert-list")) == 3
    assert count_in_heading(page) == str(ALERTS + 2)
    others = web(school, "lead").get(older)
    assert listed(others, "alert-list") == [] and "You have no alerts." in others.text
    teacher.get("/?alerts-after=rubbish", status=404)


def test_as_many_as_fit_have_no_further_page(school: SchoolForTests, web: Any) -> None:
    """DSH-02: the link is there only where it leads on."""
    alerted(school, "lead", ALERTS)
    page = web(school, "lead").get("/")
    assert count_in_heading(page) == str(ALERTS)
    assert page.html.select_one("#alert-list-next") is None


def test_the_whole_history_can_be_reached(school: SchoolForTests, web: Any) -> None:
    """DSH-04: all of the last seven days, each once."""
    noted(school, "teacher", OWN + 5)
    teacher = web(school, "teacher")
    assert [len(rows) for rows in on_all_pages(teacher, "history-list")] == [OWN, 5]
    older = teacher.get("/").html.select_one("#history-list-next")["href"]
    assert listed(web(school, "lead").get(older), "history-list") == []


def test_long_lists_take_no_statement_for_each_row(school: SchoolForTests, web: Any) -> None:
    """DSH-02, DSH-04: one more, for the count."""
    lead = web(school, "lead")

    def statements(path: str) -> int:
        with counted(school.app.engines) as ran:
            page = lead.get(path)
        links.update({one["id"]: one["href"] for one in page.html.select("p.more a")})
        return ran.number

    links: dict[str, str] = {}
    alerted(school, "lead", 2)
    noted(school, "lead", 2)
    statements("/")
    few = statements("/")
    alerted(school, "lead", ALERTS + 1)
    noted(school, "lead", OWN + 1)
    assert statements("/") == few + 1
    assert statements(links["alert-list-next"]) == few + 1
    assert statements(links["history-list-next"]) == few + 1
