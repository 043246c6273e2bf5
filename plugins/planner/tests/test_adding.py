"""PLN-05, EDT-08: Remind me, and Add to planner from incidents and actions."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from cpoms_planner import adding, queries
from cpoms_planner.hooks import incident_saved
from cpoms_planner.models import Event, EventStudent
from cpoms_planner.services import Typed
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services.training import Ending, begin_training, end_training
from cpoms_core.alerts.services import alert, close_alerts, open_alerts
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import (
    Merge,
    NewAction,
    Split,
    delete_incident,
    merge_incident,
    record_action,
    restore_incident,
    restore_incident_version,
    split_action,
)
from cpoms_core.incidents.training import marked
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import text_of, typed_incident
from cpoms_core.testing.schools import SchoolForTests

LATER = "2030-03-29T08:35"
MONDAY = dt.date(2030, 3, 4)


def events(school: SchoolForTests) -> list[Event]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Event).order_by(Event.made_at, Event.id)))


def recorded(school: SchoolForTests, web: Any, **more: str) -> Incident:
    """Records an incident by its form."""
    lead = web(school, "lead")
    lead.submit("/incidents/add", typed_incident(school, **more), status=302)
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(Incident).order_by(Incident.number.desc())).first()  # type: ignore[return-value]


def test_remind_me_is_a_tool_and_makes_a_private_reminder(school: SchoolForTests, web: Any) -> None:
    """PLN-05: at the moment that was typed, on the school's clock; a moment that has passed is refused."""
    lead = web(school, "lead")
    tool = next(a for a in lead.get("/").html.select(".top-tools a") if "Remind me" in a.get_text())
    page = lead.submit(tool["href"], {"what": "Ring the nurse", "when": "2020-01-01T08:00"}, status=422)
    assert "still to come" in text_of(page) and "Ring the nurse" in page.text
    lead.submit(tool["href"], {"what": "Ring the nurse", "when": LATER}, status=303)
    (event,) = events(school)
    assert (event.title, event.first_day, event.begins, event.reminder, event.public) == (
        "Ring the nurse", dt.date(2030, 3, 29), dt.time(8, 35), "0", False
    )  # fmt: skip


def test_in_the_hour_that_the_clocks_skip_it_is_an_hour_later(school: SchoolForTests) -> None:
    """PLN-05: what is shown is what was meant."""
    lead = school.viewer("lead")
    made = adding.reminder(lead, "Night", dt.datetime.fromisoformat("2030-03-31T01:30"))
    assert made.begins == dt.time(2, 30)
    made = adding.reminder(lead, "Night", dt.datetime.fromisoformat("2030-10-27T01:30"))
    assert made.begins == dt.time(1, 30)


def test_with_an_incident_it_is_made_once(school: SchoolForTests, web: Any) -> None:
    """PLN-05: called by its number where nobody said; a retry of the hook makes no second one."""
    incident = recorded(school, web, **{"planner-moment": LATER})
    (event,) = events(school)
    assert (event.title, event.incident_id) == (f"Incident {incident.number}", incident.id)
    with school.app.transaction(school.id) as db:
        values = {"planner-moment": f"{LATER}:00", "planner-title": "Other"}
        incident_saved(PluginSession(db), school.viewer("lead"), incident.id, 1, values)
    assert len(events(school)) == 1


def test_where_the_hook_was_tried_again_too_late_the_reminder_still_comes(
    school: SchoolForTests, web: Any, worker: Any
) -> None:
    """PLN-04, PLN-05: it was to come when it was typed; the worker is only late."""
    # noon of tomorrow: an hour that comes twice would be typed for its first time
    noon = (utc_now() + dt.timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    with time_machine.travel(noon, tick=False):
        incident = recorded(school, web)
        lead = school.viewer("lead")
        due = noon - dt.timedelta(hours=1)
        typed_in = {
            "planner-moment": lead.local(due).replace(tzinfo=None).isoformat(),
            "planner-title": "Ring",
        }
        with school.app.transaction(school.id) as db:
            incident_saved(PluginSession(db), lead, incident.id, 1, typed_in)
        worker.run(utc_now())
        assert worker.mails() == [("lead", due)]
        assert "Ring" in text_of(web(school, "lead").get("/"))


def test_a_second_click_on_remind_me_is_one_reminder(school: SchoolForTests, web: Any) -> None:
    """PLN-05."""
    form = next(
        one for one in web(school, "lead").get("/planner/remind").forms.values() if "what" in one.fields
    )
    form["what"], form["when"] = "Ring the nurse", LATER
    assert form.submit(status=303).location == form.submit(status=303).location
    assert len(events(school)) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"planner-title": "Ring home"}, "Give the date and time of the reminder as well"),
        ({"planner-moment": "2020-01-01T08:00"}, "still to come"),
        ({"planner-moment": "tomorrow"}, "Give both, a whole date and a time of day."),
        ({"planner-moment": LATER, "planner-title": "x" * 201}, "Use at most 200 characters."),
    ],
)
def test_what_cannot_be_is_refused_and_the_concern_kept_on_the_page(
    school: SchoolForTests, web: Any, more: dict[str, str], said: str
) -> None:
    """PLN-05: on the Add incident form."""
    fields = typed_incident(school, text="She was very quiet today.", **more)
    page = web(school, "lead").submit("/incidents/add", fields, status=422)
    assert said in text_of(page) and "She was very quiet today." in page.text
    assert events(school) == []


def test_an_edit_adds_what_was_typed_and_an_older_version_nothing(school: SchoolForTests, web: Any) -> None:
    """PLN-05: restoring a version never adds a second time, by whomever."""
    incident = recorded(school, web, **{"planner-moment": LATER})
    lead = web(school, "lead")
    record = f"/students/{school.students['aoife']}/incidents"
    form = lead.get(lead.get(record).html.find("a", string="Edit")["href"]).forms["edit-form"]
    assert form["planner-moment"].value == ""
    form["text"] = "She was quiet."
    form.submit(status=302)
    assert len(events(school)) == 1
    form = lead.get(lead.get(record).html.find("a", string="Edit")["href"]).forms["edit-form"]
    form["planner-moment"], form["planner-title"] = "2030-04-01T09:00", "Ring home"
    form.submit(status=302)
    assert [event.title for event in events(school)] == [f"Incident {incident.number}", "Ring home"]
    with school.app.transaction(school.id) as db:
        restore_incident_version(db, school.viewer("head"), incident.id, 1, opened=3)
    assert len(events(school)) == 2


def act(school: SchoolForTests, incident_id: uuid.UUID, **values: str) -> uuid.UUID:
    new = NewAction(new_id(), incident_id, "Rang home.", utc_now(), module_values=values)
    with school.app.transaction(school.id) as db:
        return record_action(db, school.viewer("lead"), new).id


def test_with_an_action_too(school: SchoolForTests, web: Any) -> None:
    """PLN-05: and the event leads to the incident that the action is under."""
    incident = recorded(school, web)
    action_id = act(school, incident.id, **{"planner-moment": f"{LATER}:00"})
    (event,) = events(school)
    assert (event.title, event.action_id) == (f"Action on incident {incident.number}", action_id)
    page = web(school, "lead").get(f"/planner/events/{event.id}")
    assert page.html.find("a", href=f"/incidents/{incident.id}?at={action_id}")


def test_in_the_options_menu_of_both(school: SchoolForTests, web: Any) -> None:
    """EDT-08: for who sees the incident by right, and has a planner."""
    incident = recorded(school, web)
    action_id = act(school, incident.id)
    lead = web(school, "lead")
    page = lead.get(f"/incidents/{incident.id}").follow()
    for path in (f"/planner/incidents/{incident.id}", f"/planner/actions/{action_id}"):
        assert page.html.find("a", href=path) is not None
        form = lead.get(path)
        assert form.html.find("input", {"name": "what"})["value"].endswith(str(incident.number))
        lead.submit(path, {"what": "Follow it up", "when": LATER}, status=303)
    assert [bool(event.action_id) for event in events(school)] == [False, True]
    assert "Add to planner" not in web(school, "admin").get("/").text


def test_the_link_is_there_only_for_who_may_see_the_incident_now(
    school: SchoolForTests, web: Any, make: Any
) -> None:
    """PLN-05: with whom the event is shared, need not see the incident."""
    incident = recorded(school, web, categories=str(school.categories["Child Protection"]))
    shared = Typed("Review", MONDAY, share_ids=[school.users["head"]])
    made = make("lead", shared, incident_id=incident.id)
    assert str(incident.id) in web(school, "lead").get(f"/planner/events/{made}").text
    head = web(school, "head").get(f"/planner/events/{made}")
    assert "Review" in head.text and str(incident.id) not in head.text


def test_the_link_is_there_for_whom_an_open_alert_lets_see_it(
    school: SchoolForTests, web: Any, make: Any
) -> None:
    """PLN-05, USR-12.4: as long as the alert is open, and no longer; nobody adds it to their own planner by
    an alert alone."""
    incident = recorded(school, web, categories=str(school.categories["Child Protection"]))
    made = make("lead", Typed("Review", MONDAY, share_ids=[school.users["head"]]), incident_id=incident.id)
    head, path = web(school, "head"), f"/planner/events/{made}"
    assert str(incident.id) not in head.get(path).text
    with school.app.transaction(school.id) as db:
        category = school.categories["Child Protection"]
        alert(db, school.viewer("lead"), [school.users["head"]], incident.id, [category])
    assert head.get(path).html.find("a", href=f"/incidents/{incident.id}") is not None
    head.get(f"/planner/incidents/{incident.id}", status=404)
    with school.app.transaction(school.id) as db:
        close_alerts(db, school.viewer("head"), open_alerts(db, school.users["head"]))
    assert str(incident.id) not in head.get(path).text


def test_reminders_of_training_go_with_it(school: SchoolForTests, web: Any, worker: Any) -> None:
    """TRN-01: when training ends, those of what was recorded in it; of what is kept as real, they stay."""
    with school.app.transaction(school.id) as db:
        begin_training(db, school.viewer("lead"))
    kept = recorded(school, web, **{"planner-moment": "2030-03-04T09:00", "planner-title": "Kept"})
    recorded(school, web, **{"planner-moment": "2030-03-04T09:00", "planner-title": "Gone"})
    assert sorted(seen(school)) == ["Gone", "Kept"]
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        mark = mark_of(*marked(db, lead).state)
        end_training(db, lead, Ending(mark, lead.school.name, incident_ids=[kept.id]))
    assert seen(school) == ["Kept"]
    worker.run(dt.datetime(2030, 3, 4, 9, tzinfo=dt.UTC))
    assert [who for who, _at in worker.mails()] == ["lead"]


def seen(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        found = queries.entries(PluginSession(db), school.viewer("lead"), MONDAY, MONDAY)
    return [entry.title for entry in found]


@pytest.mark.parametrize("on", [True, False])
def test_what_is_deleted_takes_its_reminder_along_and_brings_it_back(
    school: SchoolForTests, web: Any, make: Any, worker: Any, on: bool
) -> None:
    """EDT-02, TRN-01, incidents_removed: also where the module was off on that day."""
    incident = recorded(school, web)
    action_id = act(school, incident.id)
    begins = dt.time(9)
    made = dt.datetime(2030, 3, 1, tzinfo=dt.UTC)
    make("lead", Typed("Of it", MONDAY, begins, reminder="0"), incident_id=incident.id, now=made)
    make("lead", Typed("Of its action", MONDAY, begins, reminder="5"), action_id=action_id, now=made)
    turn(school, on)
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        incident_now = db.get_one(Incident, (school.id, incident.id))
        delete_incident(db, lead, incident.id, "A mistake.", opened=incident_now.version)
    turn(school, True)
    assert seen(school) == []
    worker.run(dt.datetime(2030, 3, 4, 8, 56, tzinfo=dt.UTC))
    assert worker.mails() == []
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), incident.id)
    assert sorted(seen(school)) == ["Of it", "Of its action"]
    worker.run(dt.datetime(2030, 3, 4, 9, tzinfo=dt.UTC))
    assert len(worker.mails()) == 1


def turn(school: SchoolForTests, on: bool) -> None:
    with school.app.transaction(school.id) as db:
        switch_module(db, "planner", on, utc_now())


@pytest.mark.parametrize("on", [True, False])
def test_merged_and_split_again_it_still_leads_to_where_the_record_is(
    school: SchoolForTests, web: Any, make: Any, on: bool
) -> None:
    """EDT-04, EDT-05, incident_merged, incident_split: nothing is lost, on or off."""
    incident, into = recorded(school, web), recorded(school, web)
    made = make("lead", Typed("Review", MONDAY), incident_id=incident.id)
    turn(school, on)
    with school.app.transaction(school.id) as db:
        action = merge_incident(db, school.viewer("lead"), Merge(incident.id, 1, into.id, 1))
        action_id = action.id
    turn(school, True)
    assert seen(school) == ["Review"]
    page = web(school, "lead").get(f"/planner/events/{made}")
    assert page.html.find("a", href=f"/incidents/{into.id}?at={action_id}")
    turn(school, on)
    split(school, action_id, into.id)
    turn(school, True)
    assert seen(school) == ["Review"]
    assert [event.action_id for event in events(school)] == [None]


def split(school: SchoolForTests, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    with school.app.transaction(school.id) as db:
        action = db.get_one(Action, (school.id, action_id))
        split_action(
            db, school.viewer("lead"), Split(action_id, action.version, [school.categories["Behaviour"]])
        )


@pytest.mark.parametrize("on", [True, False])
def test_two_records_of_one_child_are_one_in_the_planner_too(
    school: SchoolForTests, make: Any, on: bool
) -> None:
    """INC-02, merge_students: without doubles, and what was moved is said; the old rows stay."""
    aoife, chloe = school.students["aoife"], school.students["chloe"]
    both = make("lead", Typed("Both", MONDAY, student_ids=[aoife, chloe]))
    one = make("lead", Typed("One", MONDAY, student_ids=[chloe]))
    turn(school, on)
    with school.app.transaction(school.id) as db:
        answers = school.app.hooks.always(
            "merge_students", db, school.viewer("lead"), kept_id=aoife, merged_id=chloe
        )
    assert answers["planner"] == {"events": sorted([str(both), str(one)])}
    with school.app.session(school.id, writes=False) as db:
        rows = list(db.scalars(select(EventStudent)))
    assert {row.event_id for row in rows if row.removed_at is None} == {both, one}
    assert {row.student_id for row in rows if row.removed_at is None} == {aoife}
    assert len(rows) == 4


def test_what_is_held_on_a_child_is_exported(school: SchoolForTests, make: Any) -> None:
    """export_student: with earlier states, also where the module is off."""
    make("lead", Typed("Review", MONDAY, student_ids=[school.students["aoife"]]))
    turn(school, False)
    with school.app.session(school.id, writes=False) as db:
        viewer = school.viewer("lead")
        found = school.app.hooks.always("export_student", db, viewer, student_id=school.students["aoife"])[
            "planner"
        ]["events"]
    assert [(one["title"], one["by"], len(one["versions"])) for one in found] == [("Review", "Lena Lead", 1)]
