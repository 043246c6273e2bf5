"""Status and Assigned to in the margin of every incident, changed in place."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

IN_PLACE = {"HX-Request": "true"}
EVENTS = ("case.status-changed", "case.assigned")


def chronology(school: SchoolForTests) -> str:
    return f"/students/{school.students['aoife']}/incidents"


def status_of(incident_id: uuid.UUID) -> str:
    return f"/cases/incidents/{incident_id}/status"


def assignee_of(incident_id: uuid.UUID) -> str:
    return f"/cases/incidents/{incident_id}/assignee"


def events(school: SchoolForTests) -> list[tuple[str, list[str], Any]]:
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(AuditEntry).where(AuditEntry.event.in_(EVENTS)).order_by(AuditEntry.id))
        return [(row.event, row.subjects, row.user_id) for row in rows]


def test_every_incident_shows_both(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-01: at the left of every incident, closed by default to nobody's surprise."""
    first = record(school)
    second = record(school, status="closed", assignee="head")
    page = web(school, "lead").get(chronology(school))
    for incident, says in ((first, ("Active", "Nobody")), (second, ("Closed", "Hugo Head"))):
        margin = page.html.select_one(f"#incident-{incident.number} .incident-margin").get_text(" ")
        assert f"Status: {says[0]}" in margin
        assert f"Assigned to: {says[1]}" in margin


def test_the_lead_closes_and_opens_again_without_scripts(
    school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-01: the form in the margin posts, and comes back to the incident."""
    incident = record(school)
    lead = web(school, "lead")
    page = lead.get(chronology(school))
    form = next(form for form in page.forms.values() if form.action.endswith(status_of(incident.id)))
    page = form.submit().follow().follow()
    assert "Saved." in page.text
    assert "Status: Closed" in text_of(page)
    form = next(form for form in page.forms.values() if form.action.endswith(status_of(incident.id)))
    form.submit()
    assert stored.case(incident.id).status == "active"
    history = [(one.from_status, one.to_status, one.made_by) for one in stored.changes(incident.id)]
    lead_id = school.users["lead"]
    assert history == [
        ("active", "active", lead_id),
        ("active", "closed", lead_id),
        ("closed", "active", lead_id),
    ]
    subjects = [str(incident.id), str(school.students["aoife"])]
    assert events(school) == [("case.status-changed", subjects, lead_id)] * 2


def test_in_place_the_answer_is_the_new_margin(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-01: with scripts only the two lines are replaced, and the focus stays where it was."""
    incident = record(school)
    lead = web(school, "lead")
    answer = lead.submit(status_of(incident.id), {"status": "closed"}, headers=IN_PLACE)
    assert [part["id"] for part in answer.html.select("[id]")] == [f"case-{incident.number}"]
    assert "<html" not in answer.text
    assert answer.html.select_one("summary[autofocus]").get_text(" ").startswith("Status: Closed")


def test_only_who_sees_the_incident_is_offered(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-01: the head may not see Child Protection, the admin has no right to open records."""
    lead = web(school, "lead")
    behaviour, protection = record(school), record(school, categories=["Child Protection"])
    for incident, people in (
        (behaviour, ["Nobody", "Hugo Head", "Lena Lead"]),
        (protection, ["Nobody", "Lena Lead"]),
    ):
        for headers in (IN_PLACE, {}):
            page = lead.get(assignee_of(incident.id), headers=headers)
            assert [option.text for option in page.html.select("select option")] == people


def test_assigning_mails_the_assignee(school: SchoolForTests, web: Any, record: Any, stored: Any) -> None:
    """CAS-01, CAS-02: without scripts by the page of its own; choosing the same again mails nobody."""
    incident = record(school)
    lead = web(school, "lead")
    for _ in range(2):
        page = lead.get(assignee_of(incident.id))
        form = next(form for form in page.forms.values() if "assignee" in form.fields)
        form["assignee"] = str(school.users["head"])
        form.submit(status=303)
    assert stored.case(incident.id).assignee_id == school.users["head"]
    assert stored.mails() == ["head"]
    subjects = [str(incident.id), str(school.students["aoife"])]
    assert events(school) == [("case.assigned", subjects, school.users["lead"])]
    assert "Assigned to: Hugo Head" in text_of(lead.get(chronology(school)))


def test_assigning_to_oneself_or_nobody_mails_nobody(
    school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-02."""
    incident = record(school)
    lead = web(school, "lead")
    lead.submit(assignee_of(incident.id), {"assignee": str(school.users["lead"])})
    assert stored.case(incident.id).assignee_id == school.users["lead"]
    lead.submit(assignee_of(incident.id), {"assignee": ""})
    assert stored.case(incident.id).assignee_id is None
    assert stored.mails() == []
    assert len(events(school)) == 2


@pytest.mark.parametrize("who", ["admin", "teacher", "unknown", "nonsense"])
def test_somebody_who_cannot_see_it_is_not_assigned(
    school: SchoolForTests, web: Any, record: Any, stored: Any, who: str
) -> None:
    """CAS-01: a choice that was not offered is refused in words, and nothing changes."""
    incident = record(school, assignee="head")
    chosen = {"unknown": str(new_id()), "nonsense": "x"}.get(who) or str(school.users[who])
    lead = web(school, "lead")
    page = lead.submit(assignee_of(incident.id), {"assignee": chosen}, status=422)
    assert "Choose again." in page.html.select_one(".field-error").text
    part = lead.submit(assignee_of(incident.id), {"assignee": chosen}, headers=IN_PLACE)
    assert "Choose again." in part.html.select_one("[role=alert]").text
    assert stored.case(incident.id).assignee_id == school.users["head"]
    assert stored.mails() == ["head"]


def test_an_unknown_status_changes_nothing(
    school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-01."""
    incident = record(school)
    part = web(school, "lead").submit(status_of(incident.id), {"status": "lost"}, headers=IN_PLACE)
    assert "Choose Active or Closed." in part.text
    assert stored.case(incident.id).status == "active"


def test_who_sees_it_by_an_alert_only_reads_both(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-01: without a key, and with one but no right of their own; nothing to change it with."""
    incident = record(school, categories=["Child Protection"], alert=["teacher", "head"])
    for who in ("teacher", "head"):
        page = web(school, who).get(f"/incidents/{incident.id}")
        margin = page.html.select_one(".incident-margin")
        assert "Status: Active" in margin.text
        assert "Assigned to: Nobody" in margin.text
        assert not margin.select("form, a, summary")


def test_what_may_not_be_seen_is_not_there(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-01, USR-12.7: hidden, of another school, or without a key: the answer for an id of nothing."""
    hidden = record(school, categories=["Child Protection"], alert=["head"])
    elsewhere = record(other_school)
    cases = [
        (web(school, "head"), hidden.id),
        (web(school, "lead"), elsewhere.id),
        (web(school, "lead", elevated=False), hidden.id),
        (web(school, "teacher"), hidden.id),
        (web(school, "admin"), hidden.id),
        (web(school, "lead"), "nonsense"),
    ]
    for browser, incident_id in cases:
        token = {"csrf_token": browser.csrf()}
        for asked in (incident_id, new_id()):
            got = browser.get(assignee_of(asked), status=404)
            closed = browser.post(status_of(asked), {**token, "status": "closed"}, status=404)
            assigned = browser.post(assignee_of(asked), {**token, "assignee": ""}, status=404)
            assert got.body == closed.body == assigned.body
    assert stored.case(hidden.id).status == "active"


def test_nobody_is_sent_to_the_log_in_page(school: SchoolForTests, web: Any, record: Any) -> None:
    """ACC-07: not signed in."""
    incident = record(school)
    assert "/login" in web(school).get(assignee_of(incident.id), status=302).location


def test_a_post_of_another_site_changes_nothing(
    school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-01: without the form's token."""
    incident = record(school)
    web(school, "lead").post(status_of(incident.id), {"status": "closed"}, status=403)
    assert stored.case(incident.id).status == "active"


def test_an_assignee_who_left_keeps_their_name(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-01: it still says who it was assigned to, but they are offered no more."""
    incident = record(school, assignee="head")
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
    lead = web(school, "lead")
    assert "Assigned to: Hugo Head" in text_of(lead.get(chronology(school)))
    page = lead.get(assignee_of(incident.id), headers=IN_PLACE)
    assert [option.text for option in page.html.select("select option")] == ["Nobody", "Lena Lead"]


def test_a_page_of_incidents_asks_once(school: SchoolForTests, record: Any) -> None:
    """CAS-01: one query, however many incidents the page shows."""
    viewer = replace(school.viewer("lead"), modules=frozenset({"cases"}))
    ids, found = [record(school).id], []
    for more in (0, 19):
        ids += [record(school).id for _ in range(more)]
        with school.app.session(school.id, writes=False) as db:
            db.execute(select(User.id))
            with counted(school.app.engines) as asked:
                panels = school.app.hooks.collect_by_id("incident_panels", db, viewer, incident_ids=ids)
        assert panels.keys() == set(ids)
        found.append(asked.number)
    assert found[0] == found[1] <= 3, "the module's own, and the relay's, which makes sure of the transaction"


def test_the_chronology_asks_no_more_for_more(school: SchoolForTests, web: Any, record: Any) -> None:
    """CAS-01, INC-13: as many statements for 20 incidents as for one."""
    lead, found = web(school, "lead"), []
    lead.get(chronology(school))
    for more in (1, 19):
        for _ in range(more):
            record(school)
        with counted(school.app.engines) as asked:
            page = lead.get(chronology(school))
        found.append(asked.number)
    assert len(page.html.select(".case")) == 20
    assert found[0] == found[1]
