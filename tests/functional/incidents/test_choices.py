"""What the Add incident and Add action forms offer, and to whom."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from cpoms_core.access.models import GroupCategory
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Agency, Category, Incident, IncidentCategory
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.schools import SchoolForTests, add_student


def incidents(school: SchoolForTests) -> list[Incident]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Incident)))


def boxes(page: Any) -> list[str]:
    return [box["value"] for box in page.html.select('input[name="categories"]')]


def test_the_date_is_now_until_it_is_set_back(school: SchoolForTests, web: Any) -> None:
    """INC-05, ACT-01: the school's clock, to the minute, on both forms."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", typed_incident(school))
    (incident,) = incidents(school)
    now = utc_now().astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None)
    for path in ("/incidents/add", f"/incidents/{incident.id}/actions/add"):
        shown = dt.datetime.fromisoformat(lead.get(path).html.select_one('[name="occurred"]')["value"])
        assert dt.timedelta(minutes=-1) <= shown - now <= dt.timedelta(minutes=1), path


def test_only_categories_that_may_be_added_to_are_offered(school: SchoolForTests, web: Any) -> None:
    """INC-03: sub-categories under their parent; disabled ones and those of other groups are not there."""
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Medical"])).disabled_at = utc_now()
    page = web(school, "teacher").get("/incidents/add")
    assert set(boxes(page)) == {str(v) for k, v in school.categories.items() if k != "Medical"}
    parent = page.html.select_one(f'[value="{school.categories["Behaviour"]}"]').find_parent(class_="cat")
    assert parent.select_one(f'[value="{school.categories["Bullying"]}"]') is not None
    head = boxes(web(school, "head").get("/incidents/add"))
    assert str(school.categories["Child Protection"]) not in head and head


def test_disabled_agencies_are_not_offered(school: SchoolForTests, web: Any) -> None:
    """INC-08: any number of the school's list."""
    with school.app.transaction(school.id) as db:
        db.get_one(Agency, (school.id, school.agencies["Police"])).disabled_at = utc_now()
    page = web(school, "teacher").get("/incidents/add")
    offered = [option.get_text() for option in page.html.select('select[name="agencies"] option')]
    assert offered == ["Social care"]
    assert page.html.select_one('select[name="agencies"]').has_attr("multiple")


def test_without_search_a_full_name_is_typed(school: SchoolForTests, web: Any) -> None:
    """INC-01: "Allow student search on add incident form" off: users without a key type the exact name."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "student_search_on_form", "")
    teacher = web(school, "teacher")
    page = teacher.get("/incidents/add")
    assert page.html.select_one('input[name="student"][type="text"]') is not None
    found = teacher.fetch(
        "POST", "/students/search", headers={"X-CSRF-Token": teacher.csrf()},
        content_type="application/json", params='{"q": "aoife"}',
    )  # fmt: skip
    assert found.json == []
    refused = teacher.submit("/incidents/add", typed_incident(school, student="Aoife"), status=422)
    assert "This student is not known." in refused.text
    assert refused.html.select_one('[name="student"]')["value"] == "Aoife"
    teacher.submit("/incidents/add", typed_incident(school, student="Aoife O'Connor"), status=302)
    assert [incident.student_id for incident in incidents(school)] == [school.students["aoife"]]
    with school.app.transaction(school.id) as db:
        add_student(db, "Aoife", "O'Connor", tutor="9C")
    twice = teacher.submit("/incidents/add", typed_incident(school, student="Aoife O'Connor"), status=422)
    assert "Two students have this name." in twice.text
    lead = web(school, "lead").get("/incidents/add")
    assert lead.html.select_one('select[name="student"]') is not None, "with a key one searches"


def test_configured_people_show_as_soon_as_the_category_is_chosen(school: SchoolForTests, web: Any) -> None:
    """INC-07, USR-07: marked as configured, before anything is submitted."""
    with school.app.transaction(school.id) as db:
        db.add(
            AutomaticAlert(
                school_id=school.id,
                id=new_id(),
                user_id=school.users["head"],
                category_id=school.categories["Behaviour"],
            )
        )
    teacher = web(school, "teacher")
    chosen = {"student": str(school.students["aoife"]), "categories": str(school.categories["Behaviour"])}
    told = teacher.submit("/incidents/add/told", chosen).text
    assert "Hugo Head" in told and "alert 1 person" in told
    other = {**chosen, "categories": str(school.categories["Medical"])}
    assert "Hugo Head" not in teacher.submit("/incidents/add/told", other).text


def test_an_alert_is_asked_for_where_the_school_enforces_it(school: SchoolForTests, web: Any) -> None:
    """INC-07: "Enforce at least one alert for all incidents": said beside the field, the text is kept."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "enforce_alert", "on")
    teacher = web(school, "teacher")
    page = teacher.submit("/incidents/add", typed_incident(school), status=422)
    assert page.html.select_one("#alerts-error") is not None
    assert "A note." in page.html.select_one("#text").get_text()
    assert incidents(school) == []


def test_the_action_form_has_its_fields(school: SchoolForTests, web: Any) -> None:
    """ACT-01: linked students only where the incident has some; those alerted beside their button."""
    lead = web(school, "lead")
    lead.submit(
        "/incidents/add",
        typed_incident(school, linked=str(school.students["chloe"]), alerts=str(school.users["teacher"])),
    )
    (incident,) = incidents(school)
    page = lead.get(f"/incidents/{incident.id}/actions/add")
    names = [part["name"] for part in page.html.select("#action-form [name]")]
    beside = ("csrf_token", "submission", "draft", "training", "alert_groups", "look")
    order = list(dict.fromkeys(name for name in names if name not in beside))
    assert order == ["text", "categories", "linked_actions", "agencies", "occurred", "files", "alerts"]
    ticks = [box["value"] for box in page.html.select('[name="linked_actions"]')]
    assert ticks == ["show", "share"]
    words = page.html.select_one("#action-form").get_text(" ", strip=True)
    for label in (
        *("Action taken", "Add categories", "Add action to linked students", "Share documents"),
        *("Agency involved", "Date and time", "Files", "Alert staff"),
    ):
        assert label in words
    button = page.html.find("button", string="Add incident alert recipients")
    assert str(school.users["teacher"]) in button["data-members"]
    assert "Alerted to the incident: Tariq Teacher" in page.text


def test_bad_actions_keep_what_was_typed(school: SchoolForTests, web: Any) -> None:
    """ACT-01: an empty one and one of the future are refused beside their fields; nothing is recorded."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", typed_incident(school))
    (incident,) = incidents(school)
    path = f"/incidents/{incident.id}/actions/add"
    empty = lead.submit(path, {"submission": str(new_id()), "occurred": "2026-01-05T10:00"}, status=422)
    assert "Write down what was done." in empty.html.select_one("#text-error").get_text()
    late = {"submission": str(new_id()), "text": "Rang home.", "occurred": "2999-01-01T08:00"}
    page = lead.submit(path, late, status=422)
    assert "in the future" in page.html.select_one("#occurred-error").get_text()
    assert "Rang home." in page.html.select_one("#text").get_text()
    assert page.html.select_one('[name="submission"]')["value"] == late["submission"]
    assert "Rang home." not in lead.get(f"/incidents/{incident.id}").follow().text


def test_with_a_disabled_category_its_sub_categories_go(school: SchoolForTests, web: Any) -> None:
    """INC-03, ADM-03: a sub-category brings its parent along, which nobody is to begin any more; what was
    chosen before is refused beside the field, on actions too."""
    behaviour, bullying = school.categories["Behaviour"], school.categories["Bullying"]
    lead = web(school, "lead")
    lead.submit("/incidents/add", typed_incident(school))
    (incident,) = incidents(school)
    action = f"/incidents/{incident.id}/actions/add"
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, behaviour)).disabled_at = utc_now()
    for path in ("/incidents/add", action):
        assert not {str(behaviour), str(bullying)} & set(boxes(lead.get(path))), path
    fields = typed_incident(school, categories=str(bullying))
    page = lead.submit("/incidents/add", fields, status=422)
    assert "Categories: One of these categories can no longer be used." in page.text
    fields = {"submission": str(new_id()), "text": "Rang.", "occurred": "2026-01-05T10:00"}
    page = lead.submit(action, {**fields, "categories": str(bullying)}, status=422)
    assert "One of these categories can no longer be used." in page.text
    assert len(incidents(school)) == 1


def test_a_sub_category_brings_a_parent_that_the_group_may_not_add_to(
    school: SchoolForTests, web: Any
) -> None:
    """INC-03, USR-04, USR-12.3: it can be chosen by itself, and its parent counts for who sees the incident:
    left out, those who may not view the parent's incidents would."""
    with school.app.transaction(school.id) as db:
        key = (school.id, school.groups["Teachers"], school.categories["Behaviour"])
        db.get_one(GroupCategory, key).add_incidents = False
    teacher = web(school, "teacher")
    offered = boxes(teacher.get("/incidents/add"))
    assert str(school.categories["Bullying"]) in offered
    assert str(school.categories["Behaviour"]) not in offered
    teacher.submit(
        "/incidents/add", typed_incident(school, categories=str(school.categories["Bullying"])), status=302
    )
    with school.app.session(school.id, writes=False) as db:
        found = set(db.scalars(select(IncidentCategory.category_id)))
    assert found == {school.categories["Behaviour"], school.categories["Bullying"]}
