"""A form that is sent again after a change, because the answer to the first time was lost: nothing of it is
lost, and nothing is said that is not so (INC-09, ACT-01)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import text_of
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident, IncidentCategory, IncidentVersion
from cpoms_core.incidents.services import (
    IncidentEdit,
    Merge,
    NewAction,
    delete_incident,
    edit_incident,
    merge_incident,
    record_action,
)
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.records import add_incident, rows
from cpoms_core.testing.schools import SchoolForTests

ADD = "/incidents/add"
LABELS = ("Date and time", "Agency involved", "Linked students", "Alert staff", "Categories", "Files")


def count(school: SchoolForTests, entity: Any) -> int:
    with school.app.session(school.id, writes=False) as db:
        return len(list(db.scalars(select(entity))))


def alerted(school: SchoolForTests) -> list[Any]:
    names = {user: name for name, user in school.users.items()}
    return sorted(names[one.recipient_id] for one in rows(school, Alert))


def errors_of(page: Any) -> str:
    return " ".join(page.html.select_one(".errors").get_text(" ").split())


def submission_of(page: Any) -> str:
    return str(page.html.select_one('main [name="submission"]')["value"])


def test_the_same_form_again_is_the_same_incident(school: SchoolForTests, web: Any) -> None:
    """INC-09: with everything in it, the files too: one incident, one alert each, the usual answer."""
    teacher = web(school, "teacher")
    fields = typed_incident(
        school, alerts=str(school.users["lead"]), linked=str(school.students["chloe"]),
        linked_monitor=str(school.students["chloe"]), agencies=str(school.agencies["Police"]),
        categories=str(school.categories["Bullying"]),
    )  # fmt: skip
    for _ in range(2):
        done = teacher.submit(ADD, fields, upload_files=[("files", "a.txt", b"A letter.")], status=302)
        assert "said=incident-recorded" in done.location
    assert alerted(school) == ["lead"] and count(school, Incident) == count(school, Document) == 1
    assert count(school, IncidentVersion) == 1


@pytest.mark.parametrize("who", ["teacher", "lead"])
def test_who_is_added_is_alerted(school: SchoolForTests, web: Any, who: str) -> None:
    """INC-09: by whoever sent it, with or without a key: a mail each, and only to those who had none."""
    browser, fields = web(school, who), typed_incident(school, alerts=str(school.users["head"]))
    browser.submit(ADD, fields, status=302)
    again = {**fields, "alerts": [str(school.users["head"]), str(school.users["colleague"])]}
    for _ in range(2):
        assert "said=incident-recorded" in browser.submit(ADD, again, status=302).location
    assert alerted(school) == ["colleague", "head"] and count(school, Incident) == 1
    mails = [one for one in rows(school, OutboxItem) if one.kind == "mail"]
    assert sorted(one.payload["template"] for one in mails) == ["incident-alert"] * 2
    (entry,) = [one for one in entries(school) if one.event == "incident.added-to"]
    assert entry.details == {"number": 1, "alerted": 1, "linked": 0}


def entries(school: SchoolForTests) -> list[AuditEntry]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry)))


def test_who_has_read_it_by_then_is_not_alerted_again(school: SchoolForTests, web: Any) -> None:
    """INC-09, INC-12."""
    teacher, fields = web(school, "teacher"), typed_incident(school, alerts=str(school.users["lead"]))
    teacher.submit(ADD, fields)
    (alert,), (incident,) = rows(school, Alert), rows(school, Incident)
    web(school, "lead").submit(f"/incidents/{incident.id}/read", {"alert": str(alert.id)})
    teacher.submit(ADD, fields, status=302)
    assert alerted(school) == ["lead"]


def test_who_cannot_be_alerted_is_said(school: SchoolForTests, web: Any) -> None:
    """INC-09: as where the form is sent for the first time."""
    teacher, fields = web(school, "teacher"), typed_incident(school)
    teacher.submit(ADD, fields)
    page = teacher.submit(ADD, {**fields, "alerts": str(new_id())}, status=422)
    assert "no longer has an account" in errors_of(page) and submission_of(page) == fields["submission"]


def test_what_else_was_changed_is_said_and_can_be_sent(school: SchoolForTests, web: Any) -> None:
    """INC-09: what is different is marked; the added colleague is alerted at once; sent again, it becomes a
    further incident with all of it, so that who has no key is not stuck."""
    teacher, fields = web(school, "teacher"), typed_incident(school)
    teacher.submit(ADD, fields, status=302)
    changed = {
        **fields,
        "categories": [str(school.categories["Behaviour"]), str(school.categories["Child Protection"])],
        "alerts": str(school.users["lead"]),
        "linked": str(school.students["chloe"]),
    }
    page = teacher.submit(ADD, changed, upload_files=[("files", "a.txt", b"A letter.")], status=422)
    said = errors_of(page)
    assert re.search(r"recorded already, on \d+ \w+ \d{4} at \d\d:\d\d, as incident 1\b", said)
    assert "Nothing has been saved" not in said
    for label in ("Categories", "Linked students", "Files"):
        assert f"{label}: Not changed in incident 1" in said
    for label in ("Agency involved", "Date and time", "Alert staff"):
        assert f"{label}:" not in said
    assert "Now alerted to it as well: Lena Lead." in said and "Options > Edit" not in said
    assert alerted(school) == ["lead"] and count(school, IncidentCategory) == 1
    assert count(school, Document) == 0 and page.html.select_one("#text").get_text().strip() == "A note."
    fresh = submission_of(page)
    assert fresh != fields["submission"]
    teacher.submit(ADD, {**changed, "submission": fresh}, status=302)
    assert count(school, Incident) == 2 and count(school, IncidentCategory) == 3
    assert alerted(school) == ["lead", "lead"]


@pytest.mark.parametrize(
    ("changed", "label"),
    [
        ({"occurred": "2026-01-04T08:35"}, "Date and time"),
        ({"agencies": "Police"}, "Agency involved"),
        ({"linked": "chloe", "linked_monitor": ""}, "Linked students"),
        ({"linked": ""}, "Linked students"),
        ({"alerts": ""}, "Alert staff"),
        ({"categories": "Medical"}, "Categories"),
        ({"files": ""}, "Files"),
    ],
)
def test_each_part_is_compared(school: SchoolForTests, web: Any, changed: dict[str, str], label: str) -> None:
    """INC-09: what was taken away is said as well, as it is in the record, and its people were alerted."""
    known = {**school.students, **school.agencies, **school.categories}
    chloe = str(known["chloe"])
    fields = typed_incident(school, alerts=str(school.users["head"]), linked=chloe, linked_monitor=chloe)
    lead, files = web(school, "lead"), [("files", "a.txt", b"A letter.")]
    lead.submit(ADD, fields, upload_files=files, status=302)
    again = {**fields, **{name: str(known.get(value, value)) or [] for name, value in changed.items()}}
    again.pop("files", None)
    page = lead.submit(ADD, again, upload_files=[] if "files" in changed else files, status=422)
    said = errors_of(page)
    assert [one for one in LABELS if f"{one}:" in said] == [label]
    assert ("Alerted already, when you sent it first: Hugo Head." in said) == (label == "Alert staff")
    assert "Options > Edit" in said, "who may edit it is told so"
    assert count(school, Incident) == 1 and alerted(school) == ["head"]


def test_configured_people_are_no_change(school: SchoolForTests, web: Any) -> None:
    """USR-07, INC-09: they are alerted without being chosen, and a repeat is the same all the same."""
    from cpoms_core.alerts.models import AutomaticAlert

    with school.app.transaction(school.id) as db:
        db.add(
            AutomaticAlert(
                school_id=school.id, id=new_id(), user_id=school.users["head"],
                category_id=school.categories["Behaviour"],
            )
        )  # fmt: skip
    teacher, fields = web(school, "teacher"), typed_incident(school)
    for _ in range(2):
        teacher.submit(ADD, fields, status=302)
    assert alerted(school) == ["head"]


def test_a_changed_category_tree_is_no_change(school: SchoolForTests, web: Any) -> None:
    """INC-09: what was chosen once may be disabled since."""
    teacher = web(school, "teacher")
    fields = typed_incident(school, categories=str(school.categories["Bullying"]))
    teacher.submit(ADD, fields, status=302)
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Behaviour"])).disabled_at = utc_now()
    teacher.submit(ADD, fields, status=302)
    assert count(school, Incident) == 1


@pytest.mark.parametrize("gone", ["deleted", "merged"])
def test_nobody_is_alerted_to_what_is_gone_and_it_is_said(
    school: SchoolForTests, web: Any, gone: str
) -> None:
    """INC-09, EDT-02, EDT-04: nobody is alerted to another incident than the author's own."""
    teacher, fields = web(school, "teacher"), typed_incident(school, alerts=str(school.users["head"]))
    teacher.submit(ADD, fields)
    (incident,) = rows(school, Incident)
    with school.app.transaction(school.id) as db:
        if gone == "deleted":
            delete_incident(db, school.viewer("lead"), incident.id, "Twice.", opened=1)
    if gone == "merged":
        into = add_incident(school)
        with school.app.transaction(school.id) as db:
            merge_incident(db, school.viewer("lead"), Merge(incident.id, 1, into.id, 1))
    assert "said=incident-recorded" in teacher.submit(ADD, fields, status=302).location
    more = {**fields, "alerts": [str(school.users["head"]), str(school.users["lead"])]}
    page = teacher.submit(ADD, more, status=422)
    assert "Alert staff: Not alerted: Lena Lead." in errors_of(page)
    assert alerted(school) == ["head"] and submission_of(page) != fields["submission"]


@pytest.mark.parametrize("changed", ["an action", "an edit", "read"])
def test_it_opens_nothing_that_others_have_added(school: SchoolForTests, web: Any, changed: str) -> None:
    """INC-09, EDT-03, USR-12.1: a form is no key, to its author or to others, for ever."""
    teacher, lead = web(school, "teacher"), school.viewer("lead")
    fields = typed_incident(school, alerts=str(school.users["lead"]))
    teacher.submit(ADD, fields)
    (incident,) = rows(school, Incident)
    secret = "A strategy meeting about her father."
    with school.app.transaction(school.id) as db:
        if changed == "an action":
            added = [school.categories["Child Protection"]]
            record_action(db, lead, NewAction(new_id(), incident.id, secret, utc_now(), category_ids=added))
        elif changed == "an edit":
            kept = [school.categories["Behaviour"]]
            edit_incident(db, lead, IncidentEdit(incident.id, 1, secret, incident.occurred_at, kept))
    more = {**fields, "alerts": [str(school.users[one]) for one in ("lead", "teacher", "colleague")]}
    if changed == "read":
        teacher.submit(ADD, more, status=302)
        assert alerted(school) == ["colleague", "lead", "teacher"]
        return
    page = teacher.submit(ADD, more, status=422)
    said = re.search(r"Not alerted: (.*?)\.", errors_of(page))
    assert said and set(said[1].split(", ")) == {"Tariq Teacher", "Cleo Colleague"}
    assert alerted(school) == ["lead"] and secret not in page.text
    teacher.get(f"/incidents/{incident.id}", status=404)


# --- actions ---------------------------------------------------------------------------------------------


def acted(school: SchoolForTests, **changed: Any) -> dict[str, Any]:
    return {"submission": str(new_id()), "text": "Rang home.", "occurred": "2026-01-05T10:40", **changed}


def test_who_is_added_to_an_action_is_alerted_to_it(school: SchoolForTests, web: Any) -> None:
    """ACT-01: as to an incident."""
    path = f"/incidents/{add_incident(school).id}/actions/add"
    lead, fields = web(school, "lead"), acted(school, categories=str(school.categories["Medical"]))
    lead.submit(path, fields, status=302)
    for _ in range(2):
        lead.submit(path, {**fields, "alerts": str(school.users["head"])}, status=302)
    (action,), (alert,) = rows(school, Action), rows(school, Alert)
    assert (alert.action_id, alert.recipient_id) == (action.id, school.users["head"])
    assert count(school, OutboxItem) >= 1
    (entry,) = [one for one in entries(school) if one.event == "incident.added-to"]
    assert entry.details["alerted"] == 1 and str(action.id) in entry.subjects


def test_what_else_was_changed_in_an_action_is_said(school: SchoolForTests, web: Any) -> None:
    """ACT-01: and becomes a further action when it is sent again."""
    path = f"/incidents/{add_incident(school, linked=[]).id}/actions/add"
    lead, fields = web(school, "lead"), acted(school)
    lead.submit(path, fields, status=302)
    changed = {
        **fields,
        "categories": str(school.categories["Medical"]),
        "agencies": str(school.agencies["Police"]),
        "alerts": str(school.users["head"]),
    }
    page = lead.submit(path, changed, upload_files=[("files", "a.txt", b"A letter.")], status=422)
    said = errors_of(page)
    assert "as an action of incident 1" in said and "it becomes a further action" in said
    for label in ("Add categories", "Agency involved", "Files"):
        assert f"{label}: Not changed in this action" in said
    assert "Date and time:" not in said and "Now alerted to it as well: Hugo Head." in said
    assert alerted(school) == ["head"] and count(school, Action) == 1
    lead.submit(path, {**changed, "submission": submission_of(page)}, status=302)
    assert count(school, Action) == 2


def test_other_words_are_still_another_one(school: SchoolForTests, web: Any) -> None:
    """INC-09, INC-10: the heading does not deny what is recorded."""
    teacher, fields = web(school, "teacher"), typed_incident(school)
    teacher.submit(ADD, fields)
    page = teacher.submit(ADD, {**fields, "text": "Another thing."}, status=422)
    assert "submit it again" in errors_of(page) and "Nothing has been saved" not in errors_of(page)
    assert text_of(page)
