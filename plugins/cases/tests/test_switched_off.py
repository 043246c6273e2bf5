"""Off means off, at once, and the data stays."""

from __future__ import annotations

from typing import Any

import pytest
from cpoms_cases import services

from cpoms_core.access.identity import system_viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Work
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.outcomes import NotNow, NotOwed
from cpoms_core.testing.schools import SchoolForTests

WORDS = ("My assigned", "Assigned to", "Assign to", "Status:", "cases-", "/cases/")


def pages(school: SchoolForTests, web: Any, incident_id: Any) -> dict[str, str]:
    lead, teacher = web(school, "lead"), web(school, "teacher")
    return {
        "dashboard": lead.get("/").text,
        "restricted dashboard": teacher.get("/").text,
        "form": lead.get("/incidents/add").text,
        "restricted form": teacher.get("/incidents/add").text,
        "chronology": lead.get(f"/students/{school.students['aoife']}/incidents").text,
        "alerted incident": teacher.get(f"/incidents/{incident_id}").text,
    }


def test_off_leaves_no_trace_and_on_brings_all_back(
    school: SchoolForTests, web: Any, record: Any, stored: Any, switch: Any
) -> None:
    """CAS-06, MOD-01: no field, no panel, no page, no hook; the data is back with the next switch."""
    incident = record(school, assignee="lead", by="head", alert=["teacher"])
    before = pages(school, web, incident.id)
    for name, page in before.items():
        assert any(word in page for word in WORDS), name

    switch(False)
    for name, page in pages(school, web, incident.id).items():
        assert [word for word in WORDS if word in page] == [], name
    lead = web(school, "lead")
    token = {"csrf_token": lead.csrf()}
    for path in ("status", "assignee"):
        lead.post(f"/cases/incidents/{incident.id}/{path}", {**token, "status": "closed"}, status=404)
    lead.get(f"/cases/incidents/{incident.id}/assignee", status=404)
    meanwhile = record(school, assignee="head", status="closed")
    assert stored.case(meanwhile.id) is None
    assert stored.case(incident.id).status == "active"

    switch(True)
    after = pages(school, web, incident.id)
    assert "My assigned" in after["dashboard"]
    assert "Assigned to: Lena Lead" in after["chronology"]
    margin = lead.get(f"/students/{school.students['aoife']}/incidents").html.select_one(
        f"#incident-{meanwhile.number} .case"
    )
    assert "Status: Active" in margin.text, "recorded while it was off"
    assert "Assigned to: Nobody" in margin.text


def test_what_was_typed_before_it_was_switched_off_is_kept(
    school: SchoolForTests, record: Any, switch: Any
) -> None:
    """CAS-06: in the version of the incident, beside everything else that was typed."""
    from cpoms_core.incidents.models import IncidentVersion

    switch(False)
    incident = record(school, assignee="head")
    with school.app.session(school.id, writes=False) as db:
        content = db.get_one(IncidentVersion, (school.id, incident.id, 1)).content
    assert content["modules"] == {"cases-assignee": str(school.users["head"])}


def test_one_school_s_switch_is_its_own(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, switch: Any
) -> None:
    """MOD-01: off here, on there, in the same process."""
    switch(False)
    assert "My assigned" not in web(school, "lead").get("/").text
    assert "My assigned" in web(other_school, "lead").get("/").text


def worded(school: SchoolForTests, stored: Any) -> list[str]:
    """What the worker would send of each mail that is owed, the oldest first; nothing for one that nobody
    should get any more. Raises NotNow."""
    texts = []
    for item in stored.outbox("mail"):
        with school.app.session(school.id, writes=False) as db:
            try:
                mail = word_mail(db, system_viewer(db), Work(item.id, item.payload, item.created_at))
            except NotOwed:
                texts.append("")
            else:
                texts.append(f"{mail['To']}: {mail['Subject']}")
    return texts


def test_its_mail_waits_while_it_is_off(
    school: SchoolForTests, record: Any, stored: Any, switch: Any
) -> None:
    """MOD-01, CAS-02: one that was queued before is not worded, and goes out once it is on again."""
    record(school, assignee="head")
    switch(False)
    with pytest.raises(NotNow):
        worded(school, stored)
    switch(True)
    assert worded(school, stored) == [f"{school.emails['head']}: You have been assigned an incident"]


def test_a_mail_that_waited_is_not_sent_to_who_is_assigned_no_more(
    school: SchoolForTests, record: Any, stored: Any
) -> None:
    """CAS-02: assigned to somebody else while the mail waited, so only they are told."""
    incident = record(school, assignee="head")
    with school.app.transaction(school.id) as db:
        services.assign(PluginSession(db), school.viewer("head"), incident.id, school.users["lead"])
    assert worded(school, stored) == ["", f"{school.emails['lead']}: You have been assigned an incident"]
