"""STU-11: students who left the MIS: found with the tick by those who may see students without a group, and
fully usable."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from browsing import form_with, text_of
from sqlalchemy import delete, select, update

from cpoms_core.access.viewer import utc_now
from cpoms_core.incidents.models import Incident
from cpoms_core.students.models import GroupMember, Monitoring, Student
from cpoms_core.students.monitoring import monitor
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def gone(school: SchoolForTests) -> uuid.UUID:
    """Aoife, monitored for Behaviour, after the import that found her gone: archived, in no group."""
    student = school.students["aoife"]
    with school.app.transaction(school.id) as db:
        monitor(db, school.viewer("lead"), [student], [school.categories["Behaviour"]])
        db.execute(update(Student).where(Student.id == student).values(archived_at=utc_now()))
        db.execute(delete(GroupMember).where(GroupMember.student_id == student))
    return student


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "aoife"},
        {"monitored": "1"},
        {"category": "Behaviour"},
        {"q": "o'conn", "monitored": "1", "category": "Behaviour"},
    ],
)
def test_found_with_the_tick_and_only_then(
    school: SchoolForTests, web: Any, gone: uuid.UUID, asked: dict[str, str]
) -> None:
    """STU-11, DSH-01: in the quick search, the monitored list and a category's; the list says archived."""
    fields = {**asked, "category": str(school.categories[asked["category"]]) if "category" in asked else ""}
    lead = web(school, "lead")
    assert str(gone) not in lead.submit("/", fields).text
    page = lead.submit("/", {**fields, "archived": "1"})
    (row,) = [one for one in page.html.select("#found-list > li") if str(gone) in str(one)]
    assert "archived" in row.get_text()
    # the head may not see students without a group
    assert str(gone) not in web(school, "head").submit("/", {**fields, "archived": "1"}).text


def test_every_tab_opens(school: SchoolForTests, web: Any, gone: uuid.UUID) -> None:
    """STU-11, STU-01: whatever tabs the record has; to the head the record is not there."""
    lead, head = web(school, "lead"), web(school, "head")
    page = lead.get(f"/students/{gone}/attendance")
    tabs = [link["href"] for link in page.html.select("#record-menu a")]
    assert len(tabs) >= 4
    for tab in tabs:
        opened = lead.get(tab)
        assert "Aoife O'Connor" in text_of(opened) and "archived" in text_of(opened), tab
        assert head.get(tab, expect_errors=True).status_int == 404, tab


def test_an_incident_is_recorded(school: SchoolForTests, web: Any, gone: uuid.UUID) -> None:
    """STU-11: from the + of the list, and it is on the record."""
    lead = web(school, "lead")
    found = lead.submit("/", {"q": "aoife", "archived": "1"})
    (add,) = [one["href"] for one in found.html.select(".finder-add") if str(gone) in one["href"]]
    form = form_with(lead.get(add), "categories")
    form["text"] = "Seen in town, worried."
    for box in form.fields["categories"]:
        box.checked = box._value == str(school.categories["Behaviour"])
    landed = form.submit().follow()
    assert f"/students/{gone}/incidents" in landed.request.path
    assert "Seen in town, worried." in text_of(landed)
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Incident.student_id)).all() == [gone]


def test_monitoring_is_ended_alone_and_with_others(school: SchoolForTests, web: Any, gone: uuid.UUID) -> None:
    """STU-11, STU-09, STU-10: by who sees the student, and by nobody else."""
    fields = {"category": str(school.categories["Behaviour"])}
    end = f"/students/{gone}/monitoring/end"
    assert web(school, "head").submit(end, fields, expect_errors=True).status_int == 404
    lead = web(school, "lead")
    listed = lead.submit("/", {"monitored": "1", "archived": "1"})
    page = next(one for one in listed.forms.values() if one.action == "/update-categories").submit()
    form = form_with(page, "deed")
    form.fields["student"][0].checked = True
    form["deed"], form["chosen"] = "add", str(school.categories["Medical"])
    form_with(form.submit(), "confirmed").submit(status=303)
    assert lead.submit(end, fields, status=303)
    with school.app.session(school.id, writes=False) as db:
        rows = {row.category_id: row.ended_at for row in db.scalars(select(Monitoring))}
    assert rows[school.categories["Behaviour"]] is not None
    assert rows[school.categories["Medical"]] is None
