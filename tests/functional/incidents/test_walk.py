"""The main job over HTTP: record a concern, alert, read, act."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from cpoms_core.access.models import GroupPermission
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Draft, Incident
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.schools import SchoolForTests


def incident_fields(school: SchoolForTests, **changes: Any) -> dict[str, Any]:
    return typed_incident(school, **{"text": "She said <b>that</b> she is afraid.\nTwice.", **changes})


def incidents(school: SchoolForTests) -> list[Incident]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Incident).order_by(Incident.number)))


def errors_of(page: Any) -> str:
    soup = BeautifulSoup(page.text, "html.parser")
    return " ".join(part.get_text(" ", strip=True) for part in soup.select(".errors"))


def test_a_teacher_records_a_concern_and_lands_on_the_dashboard(school: SchoolForTests, web: Any) -> None:
    """INC-01, INC-11: from the top bar; a user without a key goes to the dashboard."""
    teacher = web(school, "teacher")
    dashboard = teacher.get("/")
    assert dashboard.html.select_one('a[href="/incidents/add"]')
    done = teacher.submit("/incidents/add", incident_fields(school, alerts=str(school.users["lead"])))
    assert done.location.startswith("http://" + school.host + "/?said=incident-recorded")
    page = done.follow()
    assert "The incident is recorded" in page.text
    assert "Aoife O&#39;Connor" in page.text or "Aoife O'Connor" in page.text
    (incident,) = incidents(school)
    assert incident.occurred_at.isoformat() == "2026-01-05T08:35:00+00:00"


def test_the_form_has_its_fields_in_the_guides_order(school: SchoolForTests, web: Any) -> None:
    """INC-01: Student, Incident, Categories, Linked students, Date/time, Files, Alert staff, Agency."""
    page = web(school, "teacher").get("/incidents/add")
    form = page.html.select_one("#incident-form")
    names = [part.get("name") for part in form.select("[name]") if "-" not in part["name"]]
    beside = ("csrf_token", "submission", "draft", "training", "drawn", "alert_groups", "look")
    order = list(dict.fromkeys(name for name in names if name not in beside))
    assert order == [
        *("student", "new_student", "new_born", "text", "categories", "linked", "occurred", "files"),
        *("alerts", "agencies"),
    ]


def test_the_green_plus_names_the_student(school: SchoolForTests, web: Any) -> None:
    """INC-01, DSH-01: + in a list opens the form with the student chosen."""
    lead = web(school, "lead")
    found = lead.submit("/", {"q": "aoif"})
    plus = found.html.select_one(".finder-list a.finder-add")
    assert "Aoife" in plus.get_text()
    form = lead.get(plus["href"])
    assert form.html.select_one("#student option[selected]")["value"] == str(school.students["aoife"])


@pytest.mark.parametrize(
    ("path", "chosen"),
    [("/students/{}/incidents", "Aoife O'Connor"), ("/incidents/whole-school", "Whole school")],
)
def test_new_incident_of_a_chronology(school: SchoolForTests, web: Any, path: str, chosen: str) -> None:
    """INC-01, INC-13: the Incidents tab has a button that opens the form with its student chosen, the whole
    school's page with that; who may not add has none."""
    path = path.format(school.students["aoife"])
    lead = web(school, "lead")
    (button,) = lead.get(path).html.select(".main-actions a")
    assert button.get_text(strip=True) == "New incident"
    form = lead.get(button["href"])
    assert form.html.select_one("#student option[selected]").get_text(strip=True) == chosen
    with school.app.transaction(school.id) as db:
        for row in db.scalars(select(GroupPermission).where(GroupPermission.permission == "incidents:add")):
            db.delete(row)
    assert "New incident" not in lead.get(path).text


def test_a_lead_lands_on_the_record_with_the_new_incident_marked(school: SchoolForTests, web: Any) -> None:
    """INC-11, INC-13: on the student's chronology, highlighted."""
    done = web(school, "lead").submit("/incidents/add", incident_fields(school))
    assert f"/students/{school.students['aoife']}/incidents" in done.location
    page = done.follow()
    article = page.html.select_one("article.incident-marked")
    assert "afraid" in article.get_text() and "New" in article.get_text()
    assert "<b>that</b>" not in page.text, "typed markup is shown as typed"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text": ""}, "Write down what happened."),
        ({"text": "   \n "}, "Write down what happened."),
        ({"categories": ""}, "Choose at least one category."),
        ({"student": ""}, "Choose the student"),
        ({"student": "018f0000-0000-7000-8000-000000000000"}, "This student is not known."),
        ({"student": "Nobody Atall"}, "This student is not known."),
        ({"occurred": "2999-01-01T08:00"}, "in the future"),
        ({"occurred": "yesterday"}, "Give both, a whole date and a time of day."),
        ({"alerts": "018f0000-0000-7000-8000-000000000000"}, "no longer has an account"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_text_is_kept(
    school: SchoolForTests, web: Any, changes: dict[str, str], says: str
) -> None:
    """INC-01, INC-03, INC-05: an answer in words, what was typed is kept, nothing is recorded."""
    fields = incident_fields(school, **changes)
    page = web(school, "teacher").submit("/incidents/add", fields, status=422)
    assert says in errors_of(page)
    if fields["text"].strip():
        assert page.html.select_one("#text").get_text() == "\n" + fields["text"] or (
            page.html.select_one("#text").get_text().strip() == fields["text"]
        )
    assert page.html.select_one('[name="submission"]')["value"] == fields["submission"]
    assert incidents(school) == []


def test_both_wrong_things_are_told_at_once(school: SchoolForTests, web: Any) -> None:
    """INC-01: an empty form names every field that must be filled in."""
    page = web(school, "teacher").submit("/incidents/add", {"submission": str(new_id())}, status=422)
    for says in ("Student", "Write down", "category", "date and time"):
        assert says in errors_of(page)


def test_the_alert_opens_the_incident_and_reading_ends_it(school: SchoolForTests, web: Any) -> None:
    """INC-12, ACT-01, DSH-02, DSH-06, USR-12.4: for someone with no other right it is then gone."""
    web(school, "lead").submit("/incidents/add", incident_fields(school, alerts=str(school.users["teacher"])))
    teacher = web(school, "teacher")
    alert = teacher.get("/").html.select_one(".rows a")
    assert "Incident" in alert.get_text() and "Aoife" in alert.get_text()
    page = teacher.get(alert["href"])
    assert "afraid" in page.text and "no longer shown to you" in page.text
    (marked,) = page.html.select("article.incident-marked")
    assert "Alerted" in marked.get_text()
    acted = teacher.submit(
        page.html.select_one(".incident-foot a.btn")["href"],
        {"submission": str(new_id()), "text": "Spoke to her at break.", "occurred": "2026-01-05T10:40"},
    )
    assert "Spoke to her at break." in acted.follow().text
    page = teacher.get(alert["href"])
    form = page.html.select_one('form[action$="/read"]')
    ids = [one["value"] for one in form.select('input[name="alert"]')]
    done = teacher.submit(form["action"], {"alert": ids})
    assert "Marked as read." in done.follow().text
    teacher.get(alert["href"], status=404)
    assert "You have no alerts." in teacher.get("/").text
    lead = web(school, "lead")
    chronology = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert "Spoke to her at break." in chronology.text and "Read by 1" in chronology.text
    readers = lead.get(chronology.html.find("a", string=re.compile("Read by"))["href"])
    assert "Tariq Teacher" in readers.text


def test_an_alert_that_came_meanwhile_stays_open(school: SchoolForTests, web: Any) -> None:
    """INC-12: marking as read closes the alerts that the page showed, and no other."""
    lead, teacher = web(school, "lead"), web(school, "teacher")
    lead.submit("/incidents/add", incident_fields(school, alerts=str(school.users["teacher"])))
    (incident,) = incidents(school)
    page = teacher.get(f"/incidents/{incident.id}")
    form = page.html.select_one('form[action$="/read"]')
    ids = [one["value"] for one in form.select('input[name="alert"]')]
    lead.submit(
        f"/incidents/{incident.id}/actions/add",
        {
            "submission": str(new_id()),
            "text": "Please ring me.",
            "occurred": "2026-01-05T10:40",
            "alerts": str(school.users["teacher"]),
        },
    )
    teacher.submit(form["action"], {"alert": ids})
    again = teacher.get(f"/incidents/{incident.id}")
    assert "Please ring me." in again.text, "ACT-03: the alert to the action still opens its incident"


def test_files_go_in_encrypted_and_come_out_for_who_may_see_them(school: SchoolForTests, web: Any) -> None:
    """USR-12.6, INC-06: a file follows its incident."""
    teacher = web(school, "teacher")
    content = b"A letter from social care.\n" * 1000
    teacher.submit(
        "/incidents/add", incident_fields(school), upload_files=[("files", "létter ☂.txt", content)]
    )
    stored = [path for path in (school.app.deployment.folder / "files").rglob("*") if path.is_file()]
    assert stored and all(b"social care" not in path.read_bytes() for path in stored)
    lead = web(school, "lead")
    page = lead.get(f"/students/{school.students['aoife']}/incidents")
    link = page.html.select_one(".incident-files a")
    assert link.get_text() == "létter ☂.txt"
    answer = lead.get(link["href"])
    assert answer.body == content
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    hidden = web(school, "admin").get(link["href"], status=404)
    unknown = web(school, "admin").get(f"/documents/{new_id()}", status=404)
    assert hidden.status_int == unknown.status_int
    teacher.get(link["href"], status=404)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("run.exe", b"MZ" + b"\0" * 100, "cannot be attached"),
        ("empty.txt", b"", "is empty"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "cannot be attached"),
        ("holiday.png", b"#!/bin/sh\nrm -rf /\n", "cannot be attached"),
    ],
)
def test_files_that_run_are_refused_and_nothing_is_left(
    school: SchoolForTests, web: Any, name: str, content: bytes, says: str
) -> None:
    """INC-06: the message names the file; the text is kept, nothing stays in the storage."""
    page = web(school, "teacher").submit(
        "/incidents/add", incident_fields(school), upload_files=[("files", name, content)], status=422
    )
    assert says in errors_of(page) and name in errors_of(page)
    assert incidents(school) == []
    folder = school.app.deployment.folder / "files" / str(school.id)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_that_is_too_large_is_refused(school: SchoolForTests, web: Any) -> None:
    """INC-06: by the school's setting."""
    from cpoms_core.tenancy.services import change_setting

    with school.app.transaction(school.id) as db:
        change_setting(db, "max_file_megabytes", "1")
    page = web(school, "teacher").submit(
        "/incidents/add",
        incident_fields(school),
        upload_files=[("files", "big.txt", b"x" * 1_100_000)],
        status=422,
    )
    assert "larger than 1 MB" in errors_of(page)
    assert incidents(school) == []


def test_a_draft_is_kept_for_its_author_only(school: SchoolForTests, web: Any) -> None:
    """INC-10: typed text survives; nobody else gets it; it goes when the form is submitted."""
    teacher = web(school, "teacher")
    fields = {"text": "half a sent", "categories": str(school.categories["Medical"])}
    teacher.fetch(
        "PUT",
        "/drafts/incident",
        headers={"X-CSRF-Token": teacher.csrf("/")},
        content_type="application/json",
        params=json.dumps({"fields": list(fields.items()), "submission": str(new_id())}),
    )
    again = teacher.get("/incidents/add")
    assert "half a sent" in again.html.select_one("#text").get_text()
    assert again.html.select_one(f'[value="{school.categories["Medical"]}"]').has_attr("checked")
    assert "half a sent" not in web(school, "colleague").get("/incidents/add").text
    teacher.submit("/incidents/add", incident_fields(school))
    assert "half a sent" not in teacher.get("/incidents/add").text
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Draft)).all() == []


def test_the_form_says_who_will_be_told(school: SchoolForTests, web: Any) -> None:
    """INC-07: names of those alerted; people who could not normally see it stand out, in words."""
    page = web(school, "teacher").submit(
        "/incidents/add/told",
        {
            "student": str(school.students["aoife"]),
            "categories": str(school.categories["Child Protection"]),
            "alerts": [str(school.users["lead"]), str(school.users["head"])],
        },
    )
    assert "alert 2 people" in page.text
    outsiders = page.html.select_one(".outsider").get_text()
    assert "Hugo Head" in outsiders and "Lena" not in outsiders


def test_a_draft_that_arrives_after_its_submission_is_dropped(school: SchoolForTests, web: Any) -> None:
    """INC-10: the last save of a page may be slower than its submit; it must not come back as a concern."""
    teacher = web(school, "teacher")
    fields = incident_fields(school)
    teacher.submit("/incidents/add", fields)
    late = {"fields": [["text", fields["text"]]], "submission": fields["submission"]}
    teacher.fetch(
        "PUT",
        "/drafts/incident",
        headers={"X-CSRF-Token": teacher.csrf("/")},
        content_type="application/json",
        params=json.dumps(late),
    )
    assert "afraid" not in teacher.get("/incidents/add").text
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Draft)).all() == []


def test_scripts_are_never_of_two_releases(school: SchoolForTests, web: Any) -> None:
    """What is asked for by version is kept for a year; what is not is asked about each time."""
    nobody = web(school)
    kept = nobody.get("/static/js/http.js?v=1")
    assert "max-age=31536000" in kept.headers["Cache-Control"]
    asked = nobody.get("/static/js/http.js")
    assert asked.headers["Cache-Control"] == "no-cache"
    again = nobody.get("/static/js/http.js", headers={"If-Modified-Since": asked.headers["Last-Modified"]})
    assert again.status_int == 304 and again.body == b""


def test_an_action_of_a_lead_ends_on_the_record_at_the_action(school: SchoolForTests, web: Any) -> None:
    """ACT-01, ACT-03, INC-12: every redirect is followed to its end, and the action is in sight."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", incident_fields(school))
    (incident,) = incidents(school)
    done = lead.submit(
        f"/incidents/{incident.id}/actions/add",
        {"submission": str(new_id()), "text": "Rang social care.", "occurred": "2026-01-05T10:40"},
    )
    page = done.follow().follow()
    assert page.status_int == 200 and "The action is recorded." in page.text
    action = page.html.select_one("li.action.incident-marked")
    assert "Rang social care." in action.get_text()
    assert page.html.select_one("details.incident-actions").has_attr("open")


def test_another_childs_incident_is_never_on_this_record(school: SchoolForTests, web: Any) -> None:
    """INC-13, USR-12: a wrong link shows the record as it is."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", incident_fields(school))
    (incident,) = incidents(school)
    page = lead.get(f"/students/{school.students['chloe']}/incidents?at={incident.id}")
    assert "afraid" not in page.text


def test_a_linked_record_shows_what_was_shared_with_it(school: SchoolForTests, web: Any) -> None:
    """INC-04, ACT-01: files and actions go onto a linked student's record where they were ticked."""
    lead = web(school, "lead")
    chloe = str(school.students["chloe"])
    for share in ({}, {"linked_share": chloe}):
        lead.submit(
            "/incidents/add",
            incident_fields(school, linked=chloe, **share),
            upload_files=[("files", "letter.txt", b"A letter.")],
        )
    first, second = incidents(school)
    for incident, ticks in ((first, {}), (second, {"linked_actions": "show"})):
        lead.submit(
            f"/incidents/{incident.id}/actions/add",
            {
                "submission": str(new_id()),
                "text": f"Action on {incident.number}.",
                "occurred": "2026-01-05T10:40",
                **ticks,
            },
        )
    own = lead.get(f"/students/{school.students['aoife']}/incidents").html
    assert len(own.select(".incident-files li > a")) == 2 and len(own.select("li.action")) == 2
    linked = lead.get(f"/students/{chloe}/incidents").html
    assert len(linked.select(".incident-files li > a")) == 1
    assert [one.get_text(strip=True) for one in linked.select("li.action .incident-text")] == ["Action on 2."]


def test_two_tabs_of_one_draft_are_two_concerns(school: SchoolForTests, web: Any) -> None:
    """INC-09, INC-10: other words in the same form are never taken for a repeat, and never lost."""
    teacher = web(school, "teacher")
    fields = incident_fields(school)
    teacher.submit("/incidents/add", fields)
    other = {**fields, "text": "Quite another thing.", "student": str(school.students["chloe"])}
    page = teacher.submit("/incidents/add", other, status=422)
    assert "submit it again" in errors_of(page)
    again = page.html.select_one('[name="submission"]')["value"]
    assert again != fields["submission"]
    teacher.submit("/incidents/add", {**other, "submission": again})
    assert [one.text.split()[0] for one in incidents(school)] == ["She", "Quite"]


def test_a_restored_draft_keeps_the_ticks(school: SchoolForTests, web: Any) -> None:
    """INC-04, INC-10: also those of the linked students."""
    teacher, chloe = web(school, "teacher"), str(school.students["chloe"])
    pairs = [["linked", chloe], ["linked_monitor", chloe], ["text", "x"]]
    teacher.fetch(
        "PUT",
        "/drafts/incident",
        headers={"X-CSRF-Token": teacher.csrf("/")},
        content_type="application/json",
        params=json.dumps({"fields": pairs, "submission": ""}),
    )
    page = teacher.get("/incidents/add")
    assert page.html.select_one(f"#monitor-{chloe}").has_attr("checked")
    assert not page.html.select_one(f"#share-{chloe}").has_attr("checked")


@pytest.mark.parametrize(
    "body",
    ['{"fields": [["text", "x\\ud800"]]}', "[" * 20_000, '{"fields": [["text", "\\u0000"]]}', "[]", "{"],
)
def test_what_no_script_of_ours_sends_is_refused(school: SchoolForTests, web: Any, body: str) -> None:
    """INC-10: 400, and the form still opens."""
    teacher = web(school, "teacher")
    for method, path in (("PUT", "/drafts/incident"), ("POST", "/students/search")):
        teacher.fetch(
            method,
            path,
            headers={"X-CSRF-Token": teacher.csrf("/")},
            content_type="application/json",
            params=body,
            status=400,
        )
    teacher.get("/incidents/add", status=200)


@pytest.mark.parametrize("occurred", ["0001-01-01T00:00", "1850-06-01T10:00"])
def test_a_date_before_any_school_is_refused(school: SchoolForTests, web: Any, occurred: str) -> None:
    """INC-05: beside its field, with the text kept."""
    page = web(school, "teacher").submit(
        "/incidents/add", incident_fields(school, occurred=occurred), status=422
    )
    assert "too long ago" in errors_of(page)


def test_a_refused_action_form_leaves_an_audit_of_what_it_showed(school: SchoolForTests, web: Any) -> None:
    """USR-12, OPS-09: the page with errors shows the incident, so it is written down."""
    from cpoms_core.audit.models import AuditEntry

    lead = web(school, "lead")
    lead.submit("/incidents/add", incident_fields(school))
    (incident,) = incidents(school)
    lead.submit(
        f"/incidents/{incident.id}/actions/add", {"submission": str(new_id()), "text": ""}, status=422
    )
    with school.app.session(school.id, writes=False) as db:
        entries = db.scalars(select(AuditEntry).where(AuditEntry.event == "incident.viewed")).all()
    assert [str(incident.id) in one.subjects for one in entries] == [True]


def test_pinned_incidents_stand_on_top(school: SchoolForTests, web: Any) -> None:
    """INC-13, EDT-06: on top of the chronology whatever their date, once, and back when unpinned; for those
    who may edit incidents."""
    lead = web(school, "lead")
    for text, occurred in (("Older.", "2026-01-05T08:35"), ("Newer.", "2026-02-05T08:35")):
        lead.submit("/incidents/add", incident_fields(school, text=text, occurred=occurred))
    older, newer = incidents(school)
    record = f"/students/{school.students['aoife']}/incidents"

    def order() -> list[str]:
        page = lead.get(record)
        return [one.get_text(strip=True) for one in page.html.select(".incident-body > .incident-text")]

    assert order() == ["Newer.", "Older."]
    pinned = lead.submit(f"/incidents/{older.id}/pin").follow().follow()
    assert "Pinned to the top." in pinned.text
    assert order() == ["Older.", "Newer."]
    assert "Pinned" in lead.get(record).html.select_one("article .incident-head").get_text()
    lead.submit(f"/incidents/{older.id}/pin")
    assert order() == ["Newer.", "Older."]
    web(school, "teacher").submit(f"/incidents/{newer.id}/pin", status=404)
    web(school, "admin").submit(f"/incidents/{newer.id}/pin", status=404)


def test_an_action_shows_the_categories_that_it_added(school: SchoolForTests, web: Any) -> None:
    """ACT-01: beside the action, and on the incident from then on."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", incident_fields(school))
    (incident,) = incidents(school)
    page = lead.submit(
        f"/incidents/{incident.id}/actions/add",
        {
            "submission": str(new_id()),
            "text": "More serious than it looked.",
            "occurred": "2026-01-05T10:40",
            "categories": [str(school.categories[name]) for name in ("Behaviour", "Child Protection")],
        },
    )
    shown = page.follow().follow().html
    assert [one.get_text(strip=True) for one in shown.select(".action-added .lozenge")] == [
        "Child Protection"
    ]
    margin = [one.get_text(strip=True) for one in shown.select(".incident-margin .lozenge")]
    assert margin == ["Behaviour", "Child Protection"]
