"""My assigned, on the dashboard."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from cpoms_core.access.models import GroupCategory
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests


def panel_of(page: Any) -> Any:
    return page.html.select_one('section[aria-labelledby="assigned"]')


def text(part: Any) -> str:
    return " ".join(part.get_text(" ").split())


def test_it_lists_active_incidents_and_closed_ones_leave_it(
    school: SchoolForTests, web: Any, record: Any
) -> None:
    """CAS-03: the number is a link to the incident; whom it is about, its categories, its age."""
    incident = record(school, assignee="head")
    record(school, assignee="lead")
    record(school, assignee="head", status="closed")
    record(school)
    head = web(school, "head")
    panel = panel_of(head.get("/"))
    (row,) = panel.select("li .rows-main")
    assert text(row) == f"Incident {incident.number} for Aoife O'Connor Year 7, 7A Behaviour"
    assert "just now" in panel.text
    link = row.select_one("a")
    assert str(incident.number) in link.text
    assert head.get(link["href"]).follow().html.select_one(f"#incident-{incident.number}")
    head.submit(f"/cases/incidents/{incident.id}/status", {"status": "closed"})
    assert "No active incident is assigned to you." in panel_of(head.get("/")).text


def test_it_is_on_the_restricted_dashboard(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-03, DSH-06: without the key, number and date only, and what to do to open it."""
    incident = record(school, assignee="lead", by="head")
    page = web(school, "lead", elevated=False).get("/")
    panel = panel_of(page)
    assert f"Incident {incident.number}" in panel.text
    assert "Elevate your access" in panel.text
    assert not panel.select("a")
    assert "Aoife" not in page.text
    assert "Behaviour" not in panel.text
    assert "No active incident" in panel_of(web(school, "teacher").get("/")).text


def test_an_alert_opens_it_without_a_key(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-03, USR-12.4: who is alerted as well may read it, so that its number is a link."""
    incident = record(school, assignee="lead", by="head", alert=["lead"])
    browser = web(school, "lead", elevated=False)
    link = panel_of(browser.get("/")).select_one("a")
    assert "She was very quiet" in browser.get(link["href"]).text
    assert str(incident.id) in link["href"]


def test_an_assignment_grants_no_sight(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-03, USR-12: who loses the right to a category no longer finds its incidents here or anywhere."""
    incident = record(school, assignee="head")
    with school.app.transaction(school.id) as db:
        db.execute(
            delete(GroupCategory).where(
                GroupCategory.group_id == school.groups["Heads of year"],
                GroupCategory.category_id == school.categories["Behaviour"],
            )
        )
    for elevated in (True, False):
        browser = web(school, "head", elevated=elevated)
        assert "No active incident" in panel_of(browser.get("/")).text
        browser.get(f"/incidents/{incident.id}", status=404)


def test_the_dashboard_asks_no_more_for_more(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-03: as many statements for 20 incidents as for one."""
    head, found = web(school, "head"), []
    head.get("/")
    for more in (1, 19):
        for _ in range(more):
            record(school, assignee="head")
        with counted(school.app.engines) as asked:
            panel = panel_of(head.get("/"))
        found.append(asked.number)
    assert len(panel.select("li .rows-main")) == 20
    assert found[0] == found[1]


def test_a_long_list_says_that_it_is_longer(
    school: SchoolForTests, web: Any, record: Any, monkeypatch: Any
) -> None:
    """CAS-03: the newest are listed, and nobody is told that these are all."""
    monkeypatch.setattr("cpoms_cases.queries.MOST_ASSIGNED", 2)
    numbers = [record(school, assignee="head").number for _ in range(3)]
    panel = panel_of(web(school, "head").get("/"))
    assert text(panel.select_one(".part-count")) == "2+"
    assert [link.text for link in panel.select("li a")] == [f"Incident {n}" for n in (numbers[2], numbers[1])]
    assert "The newest 2 are listed." in panel.text
