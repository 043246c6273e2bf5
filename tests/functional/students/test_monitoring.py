"""STU-09: the monitoring history of a record, and beginning and ending by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from browsing import csrf_of, text_of
from sqlalchemy import select, update

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Category, Incident
from cpoms_core.incidents.services import record_incident
from cpoms_core.students.models import Monitoring
from cpoms_core.students.monitoring_history import Span, timeline
from cpoms_core.testing.records import add_incident, new_incident
from cpoms_core.testing.schools import SchoolForTests

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def page_of(school: SchoolForTests, tail: str = "") -> str:
    return f"/students/{school.students['aoife']}/monitoring{tail}"


def record(school: SchoolForTests, category: str, who: str = "lead") -> Incident:
    return add_incident(school, "A concern.", who, category_ids=[school.categories[category]])


def monitored(school: SchoolForTests) -> list[Monitoring]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Monitoring).order_by(Monitoring.id)))


def rows(page: Any) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in page.html.select(".watch-table tbody tr")]


def test_the_history_says_when_by_whom_and_through_what(school: SchoolForTests, web: Any) -> None:
    """STU-09: begun by an incident, ended and begun again by hand; the timeline has a bar for each."""
    incident = record(school, "Behaviour", "head")
    lead = web(school, "lead")
    page = lead.get(page_of(school))
    (row,) = rows(page)
    assert row.startswith("Behaviour Began")
    assert f"by Hugo Head, with incident {incident.number}" in row
    assert "Goes on" in row
    assert f"/incidents/{incident.id}" in [link["href"] for link in page.html.select(".watch-table a")]

    form = next(form for form in page.forms.values() if form.action.endswith("/end"))
    page = form.submit().follow()
    assert "Monitoring has ended." in text_of(page)
    assert "by Lena Lead" in rows(page)[0] and "Goes on" not in rows(page)[0]

    form = next(form for form in page.forms.values() if form.action.endswith("/begin"))
    form["category"] = str(school.categories["Behaviour"])
    page = form.submit().follow()
    assert len(rows(page)) == 2
    assert "incident" not in rows(page)[0]
    assert len(page.html.select(".watch-bar")) == 2
    assert len(page.html.select(".watch-on")) == 1
    svg = page.html.select_one("svg.watch-timeline")
    assert svg["role"] == "img" and page.html.find(id="timeline-words").get_text()
    assert not page.html.select("svg [style]")


def test_only_categories_with_view_students(school: SchoolForTests, web: Any) -> None:
    """STU-09, USR-12.5: the head does not learn that there is a history under Child Protection, from no list,
    no choice, no bar; nor of an incident that they may not see."""
    record(school, "Child Protection")
    hidden = record(school, "Attendance")
    with school.app.transaction(school.id) as db:
        db.execute(update(Monitoring).values(incident_id=hidden.id))
        cp = school.categories["Child Protection"]
        viewer = school.viewer("lead")
        both = [school.categories["Medical"], school.categories["Behaviour"]]
        record_incident(db, viewer, new_incident(school, text="x", category_ids=both))
    page = web(school, "head").get(page_of(school))
    assert [row.split(" Began")[0] for row in rows(page)] == ["Behaviour", "Attendance"]
    # Medical hides the incident, so that Behaviour began by itself for all the head can tell
    assert "incident" not in rows(page)[0]
    assert "Child Protection" not in page.text and str(cp) not in page.text and "Medical" not in page.text
    answer = web(school, "head").submit(page_of(school, "/end"), {"category": str(cp)}, expect_errors=True)
    assert answer.status_int == 404
    assert all(row.ended_at is None for row in monitored(school))


def test_what_was_withdrawn_is_no_part_of_it(school: SchoolForTests, web: Any) -> None:
    """STU-09, EDT-02."""
    record(school, "Behaviour")
    with school.app.transaction(school.id) as db:
        db.execute(update(Monitoring).values(withdrawn_at=utc_now(), ended_at=utc_now()))
    page = web(school, "lead").get(page_of(school))
    assert rows(page) == [] and page.html.select(".watch-bar") == []
    assert "There is no monitoring to show." in text_of(page)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"category": ""}, "Choose a category."),
        ({"since": "2999-01-01"}, "This day is still to come."),
        ({"since": "1899-01-01"}, "Give a day of this century."),
        ({"since": "soon"}, "Give a whole date: day, month and year."),
        ({"category": str(uuid.uuid4())}, "This cannot be chosen."),
    ],
)
def test_what_cannot_be_begun(school: SchoolForTests, web: Any, fields: dict[str, str], said: str) -> None:
    """STU-09: each says why beside its field, and changes nothing."""
    given = {"category": str(school.categories["Behaviour"]), "since": utc_now().date().isoformat(), **fields}
    answer = web(school, "lead").submit(page_of(school, "/begin"), given, status=422)
    assert said in text_of(answer)
    assert monitored(school) == []


def test_a_disabled_category_is_ended_and_not_begun(school: SchoolForTests, web: Any) -> None:
    """STU-09, ADM-03: disabled while the page was open."""
    record(school, "Behaviour")
    lead = web(school, "lead")
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Category)
            .where(Category.id.in_([school.categories["Behaviour"], school.categories["Medical"]]))
            .values(disabled_at=utc_now())
        )
    given = {"category": str(school.categories["Medical"]), "since": utc_now().date().isoformat()}
    assert lead.submit(page_of(school, "/begin"), given, status=422)
    lead.submit(page_of(school, "/end"), {"category": str(school.categories["Behaviour"])}, status=303)
    (row,) = monitored(school)
    assert row.ended_at is not None


def test_a_second_press_changes_nothing(school: SchoolForTests, web: Any) -> None:
    """STU-09: neither of Begin nor of End, and leaves one audit entry of each."""
    lead = web(school, "lead")
    token = csrf_of(lead.get(page_of(school)))
    begin = {
        "csrf_token": token,
        "category": str(school.categories["Medical"]),
        "since": utc_now().date().isoformat(),
    }
    for _ in range(2):
        assert lead.post(page_of(school, "/begin"), begin).status_int == 303
    (row,) = monitored(school)
    for _ in range(2):
        assert lead.post(page_of(school, "/end"), begin).status_int == 303
    (ended,) = monitored(school)
    assert ended.id == row.id and ended.ended_by == school.users["lead"]
    with school.app.session(school.id, writes=False) as db:
        events = list(db.scalars(select(AuditEntry.event).where(AuditEntry.event.like("monitoring%"))))
    assert sorted(events) == ["monitoring.begun", "monitoring.ended"]


def span(began: dt.datetime, ended: dt.datetime | None = None, name: str = "A") -> Span:
    return Span(uuid.uuid5(uuid.NAMESPACE_OID, name), name, "#000000", began, "", None, ended, "")


def test_bars_are_where_their_days_are() -> None:
    """STU-09: of ten years a single day is seen too; dates are few enough to read on a small screen."""
    years = [NOON.replace(year=2016), NOON.replace(year=2021), NOON.replace(year=2026)]
    found = timeline([span(years[1], years[1] + dt.timedelta(hours=1), "B"), span(years[0])], years[2])
    assert found is not None
    assert [lane.category for lane in found.lanes] == ["A", "B"]
    (whole,), (short,) = found.lanes[0].bars, found.lanes[1].bars
    assert (whole.left, whole.width, whole.goes_on) == (0, 100, True)
    assert 49.9 < short.left < 50.1 and short.width == 0.75 and not short.goes_on
    assert 1 < len(found.dates) <= 6
    assert all(0 < place < 100 for place, _ in found.dates)
    assert [label for _, label in found.dates] == sorted(label for _, label in found.dates)


def test_a_timeline_of_a_moment() -> None:
    """STU-09: begun a second ago, and in the same second ended."""
    found = timeline([span(NOON, NOON), span(NOON)], NOON)
    assert found is not None and [bar.width <= 100 for bar in found.lanes[0].bars] == [True, True]
    assert timeline([], NOON) is None
