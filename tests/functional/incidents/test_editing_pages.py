"""The pages that change what is recorded: editing, conflicts, history, deleting, restoring, adding, merging,
splitting, and who saw what (EDT, ACT-02, ACT-03)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import form_with, text_of
from sqlalchemy import select

from cpoms_core.access.models import GroupPermission
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident, IncidentStudent, IncidentVersion
from cpoms_core.incidents.services import Linked, NewAction, record_action
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import Monitoring
from cpoms_core.testing.records import add_incident, rows
from cpoms_core.testing.schools import SchoolForTests


def record(school: SchoolForTests, text: str = "She was alone at lunch.", **changes: Any) -> Incident:
    return add_incident(school, text, **changes)


def act(school: SchoolForTests, incident: Incident, text: str = "Rang home.", **changes: Any) -> Action:
    new = NewAction(new_id(), incident.id, text, utc_now(), **changes)
    with school.app.transaction(school.id) as db:
        return record_action(db, school.viewer("lead"), new)


def main_form(page: Any, field: str) -> Any:
    return form_with(page, field)


def chronology(school: SchoolForTests, browser: Any, student: str = "aoife") -> Any:
    return browser.get(f"/students/{school.students[student]}/incidents?actions=open")


def test_the_form_begins_with_what_is_there_and_saves_a_version(school: SchoolForTests, web: Any) -> None:
    """EDT-01: words, date, categories; saving it untouched makes no version."""
    incident = record(school, category_ids=[school.categories["Bullying"]])
    lead = web(school, "lead")
    form = main_form(lead.get(f"/incidents/{incident.id}/edit"), "version")
    assert form["text"].value == "She was alone at lunch."
    form.submit().follow()
    assert [one.version for one in rows(school, IncidentVersion)] == [1]
    form["text"] = "She was alone at lunch again."
    page = form.submit().follow().follow()
    assert "as a new version" in text_of(page) and "She was alone at lunch again." in text_of(page)
    versions = sorted(rows(school, IncidentVersion), key=lambda one: one.version)
    assert [one.kind for one in versions] == ["created", "edited"]
    assert rows(school, Incident)[0].occurred_at == incident.occurred_at, "its seconds stay"


def test_who_may_read_the_history_is_said_where_a_category_is_taken_off(
    school: SchoolForTests, web: Any
) -> None:
    """EDT-01: History is of what they may now see."""
    incident = record(school, category_ids=[school.categories["Behaviour"], school.categories["Medical"]])
    action = act(school, incident)
    lead, head = web(school, "lead"), web(school, "head")
    head.get(f"/incidents/{incident.id}/history", status=404)
    page = lead.get(f"/incidents/{incident.id}/edit")
    said = "may read its earlier versions too"
    field = page.html.select_one("fieldset#categories")
    assert said in page.html.select_one(f"#{field['aria-describedby']}").get_text()
    assert said not in text_of(lead.get(f"/actions/{action.id}/edit"))
    form = main_form(page, "version")
    form["text"], form["categories"] = "Harmless.", [str(school.categories["Behaviour"])]
    form.submit().follow()
    assert "She was alone at lunch." in text_of(head.get(f"/incidents/{incident.id}/history"))


def test_what_is_wrong_is_said_and_kept(school: SchoolForTests, web: Any) -> None:
    """EDT-01: no words, no category, a date in the future."""
    incident = record(school)
    form = main_form(web(school, "lead").get(f"/incidents/{incident.id}/edit"), "version")
    form["text"], form["occurred"] = "", "2199-01-01T10:00"
    page = form.submit(status=422)
    assert "Write down what happened." in text_of(page) and "in the future" in text_of(page)
    assert [one.version for one in rows(school, IncidentVersion)] == [1]


@pytest.mark.parametrize("version", ["", "0", "x", "-1", "99", "9" * 20, "9" * 5_000, "²"])
def test_a_version_that_never_was_is_nothing(school: SchoolForTests, web: Any, version: str) -> None:
    """EDT-01: hostile input."""
    incident = record(school)
    lead = web(school, "lead")
    lead.submit(f"/incidents/{incident.id}/edit", {"version": version, "text": "x"}, status=404)
    assert lead.get(f"/incidents/{incident.id}/history?before={'9' * 30}", status="*").status_int == 200


def test_two_editors_are_shown_both_texts(school: SchoolForTests, web: Any) -> None:
    """EDT-01: the second one keeps what they typed over the newest version, is shown what the other changed
    and how theirs differs, and overwrites nothing they did not touch."""
    incident = record(school)
    lead, head = web(school, "lead"), web(school, "head")
    first = main_form(lead.get(f"/incidents/{incident.id}/edit"), "version")
    second = main_form(head.get(f"/incidents/{incident.id}/edit"), "version")
    first["text"] = "She was alone at breakfast."
    first["agencies"].force_value([str(school.agencies["Police"])])
    first.submit().follow()
    second["text"] = "She was with friends at lunch."
    page = second.submit(status=409)
    words = text_of(page)
    assert "Lena Lead changed this while you were writing" in words
    assert [one.get_text() for one in page.html.select(".differing ins")], words
    assert "Police" in page.html.select_one(".was-is").get_text()
    again = main_form(page, "version")
    assert again["text"].value == "She was with friends at lunch." and again["version"].value == "2"
    assert rows(school, Incident)[0].text == "She was alone at breakfast."
    again.submit().follow()
    newest = max(rows(school, IncidentVersion), key=lambda one: one.version)
    assert (newest.version, newest.content["text"]) == (3, "She was with friends at lunch.")
    assert newest.content["agencies"] == [str(school.agencies["Police"])], "the other's agency stays"


def test_the_history_shows_who_when_and_the_difference(school: SchoolForTests, web: Any) -> None:
    """EDT-01: by words, marked by <ins> and <del>, and an older version can be the newest again."""
    incident = record(school)
    lead = web(school, "lead")
    form = main_form(lead.get(f"/incidents/{incident.id}/edit"), "version")
    form["text"] = "She was alone at breakfast."
    form["categories"] = [str(school.categories["Behaviour"]), str(school.categories["Medical"])]
    form.submit().follow()
    page = lead.get(f"/incidents/{incident.id}/history")
    newest, oldest = page.html.select(".version")
    assert "Version 2: Edited" in newest.get_text() and "Lena Lead" in newest.get_text()
    assert "lunch" in newest.select_one(".differing del").get_text()
    assert "breakfast" in newest.select_one(".differing ins").get_text()
    assert "Behaviour, Medical" in newest.select_one(".was-is ins").get_text()
    assert "Version 1: Recorded" in oldest.get_text() and "at lunch." in oldest.get_text()
    shown = next(form for form in page.forms.values() if "restore" in form.fields).submit().follow().follow()
    assert "She was alone at lunch." in text_of(shown)
    late = next(form for form in page.forms.values() if "restore" in form.fields).submit(status=409)
    assert "It was changed while you were reading" in text_of(late)


def test_a_long_history_is_paged(school: SchoolForTests, web: Any) -> None:
    """EDT-01: twenty versions a page, and a text of 100,000 characters answers."""
    incident = record(school, "word " * 19_000)
    lead = web(school, "lead")
    for number in range(22):
        form = main_form(lead.get(f"/incidents/{incident.id}/edit"), "version")
        form["text"] = f"Number {number}. " + "word " * 19_000
        form.submit()
    page = lead.get(f"/incidents/{incident.id}/history")
    assert len(page.html.select(".version")) == 20
    older = page.click("Show older versions")
    assert len(older.html.select(".version")) == 3


def test_a_deleted_one_is_there_for_editors_only(school: SchoolForTests, web: Any) -> None:
    """EDT-02: a marker in its place with the reason, history and restore; for others byte for byte what never
    was."""
    older, incident, newer = (record(school, text) for text in ("older", "the one", "newer"))
    lead, teacher = web(school, "lead"), web(school, "teacher")
    never = teacher.get(f"/incidents/{new_id()}", status=404)
    form = main_form(lead.get(f"/incidents/{incident.id}/delete"), "reason")
    assert "Say why it is deleted" in text_of(form.submit(status=422))
    form["reason"] = "Recorded twice."
    page = form.submit().follow()
    assert "The incident is deleted." in text_of(page)
    entries = [one.get_text(" ", strip=True) for one in page.html.select("#incidents > li")]
    assert ["newer" in entries[0], "Recorded twice." in entries[1], "older" in entries[2]] == [True] * 3
    assert "the one" not in text_of(page) and "Lena Lead" in entries[1]
    assert teacher.get(f"/incidents/{incident.id}", status=404).body == never.body
    with school.app.transaction(school.id) as db:  # the head without the permission to edit
        for row in db.scalars(
            select(GroupPermission).where(
                GroupPermission.group_id == school.groups["Heads of year"],
                GroupPermission.permission == "incidents:edit",
            )
        ):
            db.delete(row)
    plain = chronology(school, web(school, "head"))
    assert "Recorded twice." not in text_of(plain) and len(plain.html.select("#incidents > li")) == 2
    assert "Recorded twice." in text_of(lead.get(f"/incidents/{incident.id}/history"))
    back = next(one for one in page.forms.values() if one.action.endswith(f"{incident.id}/restore"))
    assert "the one" in text_of(back.submit().follow().follow())
    assert older.number < newer.number


def test_a_deleted_action_is_a_marker_under_its_incident(school: SchoolForTests, web: Any) -> None:
    """EDT-02."""
    incident = record(school)
    action = act(school, incident, "Rang the wrong number.")
    lead = web(school, "lead")
    form = main_form(lead.get(f"/actions/{action.id}/delete"), "reason")
    form["reason"] = "Wrong child."
    page = form.submit().follow().follow()
    assert "Wrong child." in text_of(page) and "Rang the wrong number." not in text_of(page)
    assert "Rang the wrong number." in text_of(lead.get(f"/actions/{action.id}/history"))
    back = next(one for one in page.forms.values() if one.action.endswith(f"{action.id}/restore"))
    assert "Rang the wrong number." in text_of(back.submit().follow().follow())


def test_alerts_and_students_are_added_later(school: SchoolForTests, web: Any) -> None:
    """EDT-03: with mails and monitoring as on the form; a second click adds nothing."""
    incident = record(school)
    lead = web(school, "lead")
    page = lead.get(f"/incidents/{incident.id}/add-to")
    fields = {
        "linked": str(school.students["chloe"]),
        "linked_monitor": str(school.students["chloe"]),
        "alerts": str(school.users["teacher"]),
    }
    told = lead.submit(f"/incidents/{incident.id}/add-to/told", fields)
    assert "Tariq Teacher cannot normally see this incident, because" in text_of(told)
    for _ in range(2):
        answer = lead.submit(f"/incidents/{incident.id}/add-to", fields)
        assert answer.status_int == 302
    assert "Choose somebody" in text_of(lead.submit(f"/incidents/{incident.id}/add-to", status=422))
    assert len(rows(school, Alert)) == 1
    assert len([one for one in rows(school, OutboxItem) if one.kind == "mail"]) == 1
    assert len(rows(school, IncidentStudent)) == 2
    assert school.students["chloe"] in rows(school, Monitoring.student_id)
    assert "She was alone at lunch." in text_of(chronology(school, lead, "chloe"))
    assert page.status_int == 200


def test_a_merge_is_previewed_then_done(school: SchoolForTests, web: Any) -> None:
    """EDT-04: by number, with both as they will be and who newly sees what; afterwards its address leads to
    the action, and its history is there."""
    incident = record(school, "The same again.", student_id=school.students["björn"])
    into = record(school, "The main one.", alert_ids=[school.users["teacher"]])
    lead = web(school, "lead")
    page = lead.get(f"/incidents/{incident.id}/merge")
    for wrong, said in (
        ("999", "There is no incident 999"),
        ("x", "digits only"),
        ("9" * 5_000, "digits only"),
        (str(incident.number), "this incident"),
    ):
        ask = main_form(page, "number")
        ask["number"] = wrong
        assert said in text_of(ask.submit(status=422))
    ask["number"] = str(into.number)
    preview = ask.submit()
    words = text_of(preview)
    assert "The same again." in words and "The main one." in words
    assert "The students differ." in words and "It is linked to: Björn Ångström" in words
    assert "Will newly read what incident 1 says: Tariq Teacher" in words
    confirm = main_form(preview, "into_version")
    done = confirm.submit("merge").follow().follow()
    assert "Merged." in text_of(done)
    assert "It was incident 1 until it was merged" in text_of(done)
    moved = lead.get(f"/incidents/{incident.id}")
    assert f"/incidents/{into.id}" in moved.location
    again = confirm.submit("merge")
    assert again.status_int == 302 and f"/incidents/{into.id}" in again.location, "a second click"
    (action,) = rows(school, Action)
    history = lead.get(f"/actions/{action.id}/history")
    assert "Came with incident 1" in text_of(history)
    assert "Merged into incident 2" in text_of(history.click("Its history from before it was merged"))
    teacher = web(school, "teacher")
    assert "The same again." in text_of(teacher.get(f"/incidents/{into.id}"))
    web(school, "colleague").get(f"/incidents/{incident.id}", status=404)


def test_an_action_that_is_being_written_goes_to_what_it_was_merged_into(
    school: SchoolForTests, web: Any
) -> None:
    """EDT-04, INC-10: a colleague's half-written action is not lost."""
    incident, into = record(school, "The same again."), record(school, "The main one.")
    colleague = web(school, "lead")
    form = main_form(colleague.get(f"/incidents/{incident.id}/actions/add"), "submission")
    form["text"] = "Half written."
    lead = web(school, "lead")
    fields = {"number": str(into.number), "version": "1", "into_version": "1", "merge": "yes"}
    lead.submit(f"/incidents/{incident.id}/merge", fields)
    form.submit()
    (action,) = rows(school, Action, Action.text == "Half written.")
    assert action.incident_id == into.id


def test_a_split_asks_for_categories_and_says_who_reads_it(school: SchoolForTests, web: Any) -> None:
    """EDT-05."""
    action = act(school, record(school), "Another matter.")
    lead = web(school, "lead")
    form = main_form(lead.get(f"/actions/{action.id}/split"), "version")
    form["categories"] = [str(school.categories["Child Protection"])]
    looked = form.submit("look")
    assert "will no longer: Hugo Head" in text_of(looked)
    form = main_form(looked, "version")
    form["categories"] = []
    assert "Choose at least one category." in text_of(form.submit("split", status=422))
    form["categories"] = [str(school.categories["Child Protection"])]
    page = form.submit("split").follow().follow()
    assert "The action is an incident of its own now." in text_of(page)
    assert form.submit("split").status_int == 302, "a second click"
    assert len(rows(school, Incident)) == 2


def test_what_was_split_off_keeps_its_earlier_versions_and_audit(school: SchoolForTests, web: Any) -> None:
    """EDT-01, EDT-05, EDT-09: the new incident's history leads to the action's, which has nothing to restore,
    and its audit goes back to before; both are for who may edit the new one, merged or not."""
    source = record(school)
    action = act(school, source, "Another mater.")
    lead, head = web(school, "lead"), web(school, "head")
    head.get(f"/incidents/{source.id}?at={action.id}").follow()
    edit = main_form(lead.get(f"/actions/{action.id}/edit"), "version")
    edit["text"] = "Another matter."
    edit.submit().follow()
    split = {"version": "2", "categories": str(school.categories["Child Protection"]), "split": "yes"}
    lead.submit(f"/actions/{action.id}/split", split, status=302)
    (incident,) = rows(school, Incident, Incident.id != source.id)

    before = lead.get(f"/incidents/{incident.id}/history").click("Its history from before it was split off")
    words = text_of(before)
    assert "Split off as incident 2" in words and "Version 2: Edited" in words
    assert "mater" in before.html.select_one(".differing del").get_text()
    assert "Restore" not in words and "deleted" not in words
    for fields in ({}, {"restore": "1", "version": "3"}):
        lead.submit(f"/actions/{action.id}/restore", fields, status=404)
    head.get(f"/actions/{action.id}/history", status=404)
    words = text_of(lead.get(f"/incidents/{incident.id}/audit"))
    assert "Recorded an action" in words and "Edited an action" in words
    merge = {"number": str(source.number), "version": "1", "into_version": "2", "merge": "yes"}
    lead.submit(f"/incidents/{incident.id}/merge", merge, status=302)
    assert "Recorded an action" in text_of(lead.get(f"/incidents/{source.id}/audit"))
    (merged,) = rows(school, Action, Action.was_incident == incident.id)
    was = lead.get(f"/actions/{merged.id}/history").click("Its history from before it was merged")
    assert "Split off as incident 2" in text_of(was.click("Its history from before it was split off"))


def test_add_to_linked_incidents(school: SchoolForTests, web: Any) -> None:
    """ACT-02: offered where there are linked students and it is not there yet."""
    incident = record(school, linked=[Linked(school.students["chloe"])])
    action = act(school, incident, "Spoke to her.")
    lead = web(school, "lead")
    assert "Spoke to her." not in text_of(chronology(school, lead, "chloe"))
    page = chronology(school, lead).click("Add to linked incidents", index=0)
    assert "Chloë Martin-Smith" in text_of(page)
    next(one for one in page.forms.values() if one.method == "post" and one.action == "").submit()
    assert "Spoke to her." in text_of(chronology(school, lead, "chloe"))
    assert f"/actions/{action.id}/linked" not in chronology(school, lead).text


def test_an_alert_to_an_action_opens_its_incident_at_the_action(school: SchoolForTests, web: Any) -> None:
    """ACT-03: unfolded and marked."""
    incident = record(school)
    act(school, incident, "First.")
    action = act(school, incident, "Second.", alert_ids=[school.users["lead"]])
    page = web(school, "lead").get(f"/incidents/{incident.id}?at={action.id}").follow()
    assert page.html.select_one("details.incident-actions").get("open") is not None
    marked = page.html.select(".action.incident-marked")
    assert [one["id"] for one in marked] == [f"action-{action.id}"] and "Alerted" in marked[0].get_text()


def test_pinned_to_the_top_and_back(school: SchoolForTests, web: Any) -> None:
    """EDT-06."""
    record(school, "older")
    incident = rows(school, Incident)[0]
    record(school, "newer")
    lead = web(school, "lead")
    for expected in (["older", "newer"], ["newer", "older"]):
        lead.submit(f"/incidents/{incident.id}/pin")
        page = chronology(school, lead)
        assert [one.get_text() for one in page.html.select(".incident-body > .incident-text")] == expected


def test_who_saw_and_changed_one_incident(school: SchoolForTests, web: Any) -> None:
    """EDT-09: and nothing of another incident."""
    incident = record(school, alert_ids=[school.users["teacher"]])
    record(school, "another one")
    action = act(school, incident)
    web(school, "teacher").get(f"/incidents/{incident.id}")
    lead = web(school, "lead")
    lead.get(f"/actions/{action.id}/history")
    words = text_of(lead.get(f"/incidents/{incident.id}/audit"))
    for said in (
        "Lena Lead · Recorded an incident",
        "Tariq Teacher · Opened an incident",
        "Lena Lead · Recorded an action",
        "Lena Lead · Looked at the versions of an action",
    ):
        assert said in words
    assert words.count("Recorded an incident") == 1


def test_the_audit_goes_back_to_before_it_was_merged(school: SchoolForTests, web: Any) -> None:
    """EDT-04, EDT-09: who read the one that was merged, while it stood by itself."""
    incident = record(school, alert_ids=[school.users["teacher"]])
    into = record(school, "The main one.")
    web(school, "teacher").get(f"/incidents/{incident.id}")
    lead = web(school, "lead")
    fields = {"number": str(into.number), "version": "1", "into_version": "1", "merge": "yes"}
    lead.submit(f"/incidents/{incident.id}/merge", fields, status=302)
    words = text_of(lead.get(f"/incidents/{into.id}/audit"))
    assert "Tariq Teacher · Opened an incident" in words
    assert words.count("Recorded an incident") == 2
