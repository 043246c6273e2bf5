"""Training mode as people meet it (TRN-01): the banner, the marks, the list, its end."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.services.training import begin_training
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import NewAction, record_action
from cpoms_core.testing.browsing import form_with
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

PAGE = "/admin/settings/training"


def begin(school: SchoolForTests) -> None:
    with school.app.transaction(school.id) as db:
        begin_training(db, school.viewer("lead"))


def record(school: SchoolForTests, who: str = "teacher", **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "text": "Aoife pretends to be sad.",
        "occurred_at": utc_now() - dt.timedelta(minutes=1),
        **changes,
    }
    return add_incident(school, who=who, **values)


def follow_up(school: SchoolForTests, incident_id: uuid.UUID, **changes: Any) -> Action:
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), incident_id, "Rang nobody.", utc_now(), **changes)
        return record_action(db, school.viewer("lead"), new)


def stored(school: SchoolForTests) -> dict[str, tuple[bool, bool]]:
    """Of each incident by its text: marked, and still there."""
    with school.app.session(school.id, writes=False) as db:
        return {
            one.text: (one.training, one.deleted_at is None) for one in db.scalars(select(Incident)).all()
        }


def banner(page: Any) -> Any:
    return page.html.select_one(".training-banner")


def test_it_is_switched_on_at_the_end_of_the_settings(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """TRN-01: a banner for everybody from the next page on; administrators are led to the list, all others to
    what it means."""
    lead, teacher = web(school, "lead"), web(school, "teacher")
    assert banner(teacher.get("/")) is None
    settings = lead.get("/admin/settings")
    (form,) = [one for one in settings.forms.values() if one.action.endswith("/begin")]
    page = form.submit(status=303).follow()
    assert "Training mode is on." in page.text and banner(page).a["href"] == PAGE
    assert len(audited(school, "training.begun")) == 1
    assert "Manage training mode" in lead.get("/admin/settings").text
    for path in ("/", "/incidents/add", "/account", "/help"):
        there = banner(teacher.get(path))
        assert there.a["href"] == "/help#training", path
    assert teacher.get("/help").html.find(id="training") is not None
    assert banner(teacher.get("/no-such-page", status=404)) is not None
    assert banner(web(school).get("/login")) is None, "who has not logged in is told nothing of the school"


def test_the_form_says_how_it_was_opened(school: SchoolForTests, web: Any, pages: Any) -> None:
    """TRN-01: one that was opened before is real; one that comes after the end is asked about once, with all
    that was typed, and is real the second time."""
    teacher, lead = web(school, "teacher"), web(school, "lead")

    def opened(text: str) -> Any:
        page = teacher.get("/incidents/add")
        form = form_with(page, "text")
        form["student"].force_value(str(school.students["aoife"]))
        form["text"] = text
        form["categories"] = [str(school.categories["Behaviour"])]
        return form

    before = opened("Real.")
    begin(school)
    before.submit(status=302)
    opened("Pretend.").submit(status=302)
    late = opened("Late.")
    end = lead.get(PAGE)
    form = form_with(end, "seen")
    form["name"] = school.viewer("lead").school.name
    form.submit("do", value="end", status=303)
    asked = late.submit(status=422)
    assert "Training mode was switched off while you were writing." in asked.text
    assert set(stored(school)) == {"Real.", "Pretend."}
    again = form_with(asked, "text")
    assert (again["text"].value, again["training"].value) == ("Late.", "off")
    again.submit(status=302)
    assert stored(school) == {"Real.": (False, True), "Pretend.": (True, False), "Late.": (False, True)}


def test_it_is_marked_wherever_it_is_shown(school: SchoolForTests, web: Any) -> None:
    """TRN-01: on the record, by itself, on the dashboards, in what is assigned, before a merge; the mark goes
    when it is kept as real."""
    begin(school)
    incident = record(school, alert_ids=[school.users["lead"]], module_values={
        "cases-assignee": str(school.users["lead"])
    })  # fmt: skip
    other = record(school)
    follow_up(school, incident.id, alert_ids=[school.users["teacher"]])
    lead, teacher = web(school, "lead"), web(school, "teacher")

    def marks() -> dict[str, int]:
        merge = f"/incidents/{incident.id}/merge"
        form = form_with(lead.get(merge), "number")
        form["number"] = str(other.number)
        shown = {
            "chronology": lead.get(f"/students/{school.students['aoife']}/incidents"),
            "at the action": lead.get(f"/incidents/{incident.id}").follow(),
            "alerted": teacher.get(f"/incidents/{incident.id}"),
            "dashboard": lead.get("/"),
            "restricted dashboard": teacher.get("/"),
        }
        found = {name: len(page.html.select(".training-mark")) for name, page in shown.items()}
        return {**found, "merge": form.submit().html.main.text.count("Training")}

    # the lead's dashboard: the alert, what is assigned, and the own action
    assert marks() == {
        "chronology": 3, "at the action": 3, "alerted": 2,
        "dashboard": 3, "restricted dashboard": 3, "merge": 3,
    }  # fmt: skip
    page = lead.get(PAGE)
    form = form_with(page, "seen")
    for tick in form.fields["remove"]:
        tick.checked = False
    assert "Kept as real." in form.submit("do", value="keep", status=303).follow().text
    assert set(marks().values()) == {0}


def test_the_list_names_who_may_be_named(school: SchoolForTests, web: Any, audited: Any) -> None:
    """TRN-01, DSH-08, STU-08: all ticked, with names hidden in names and texts; who was shown is audited."""
    begin(school)
    incident = record(school)
    follow_up(school, incident.id)
    lead = web(school, "lead")
    page = lead.get(PAGE)
    ticks = page.html.select('input[name="remove"]')
    assert len(ticks) == 2 and all(tick.has_attr("checked") for tick in ticks)
    assert "Aoife O'Connor" in page.html.main.text and "Aoife pretends" in page.html.main.text
    assert str(incident.id) in audited(school, "training.viewed")[-1].subjects
    lead.post("/session/names", {"csrf_token": lead.csrf(), "hidden": "yes", "next": "/"}, status=303)
    hidden = lead.get(PAGE).html.main.text
    assert "Aoife" not in hidden and "A***" in hidden and "pretends" in hidden
    none = web(school, "admin").get(PAGE).html.main.text
    assert "Nothing is marked." in none and "Aoife" not in none


def test_what_is_wrong_is_said_and_the_ticks_stay(school: SchoolForTests, web: Any) -> None:
    """TRN-01: another name, or something recorded meanwhile: nothing is removed, and what was unticked is
    unticked still."""
    begin(school)
    kept, gone = record(school, text="Kept."), record(school, text="Gone.")
    lead = web(school, "lead")

    def unticked(page: Any) -> set[str]:
        boxes = page.html.select('input[name="remove"]')
        return {box["value"] for box in boxes if not box.has_attr("checked")}

    form = form_with(lead.get(PAGE), "seen")
    for tick in form.fields["remove"]:
        tick.checked = tick._value != f"incident:{kept.id}"
    form["name"] = "Another school"
    wrong = form.submit("do", value="end", status=422)
    assert (
        wrong.html.find(id="name-error") is not None and wrong.html.find(id="name")["aria-invalid"] == "true"
    )
    assert unticked(wrong) == {f"incident:{kept.id}"}
    record(school, text="Late.")
    form = form_with(wrong, "seen")
    form["name"] = school.viewer("lead").school.name
    late = form.submit("do", value="end", status=409)
    assert "nothing was removed" in late.html.main.text
    assert unticked(late) == {f"incident:{kept.id}"} and "Late." in late.html.main.text
    assert all(there for _, there in stored(school).values())
    done = form_with(late, "seen").submit("do", value="end", status=303).follow()
    assert "Training mode is off." in done.text and banner(done) is None
    assert stored(school) == {"Kept.": (False, True), "Gone.": (True, False), "Late.": (True, False)}
    record_page = lead.get(f"/students/{school.students['aoife']}/incidents").html
    assert len(record_page.select(".gone")) == 2 and "Removed as training" in record_page.text
    assert gone.number != kept.number


def test_rubbish_from_outside_keeps_and_removes_nothing(
    school: SchoolForTests, other_school: SchoolForTests, web: Any
) -> None:
    """TRN-01: ids of another school, of no kind, of no record; a page that is not there."""
    begin(school)
    begin(other_school)
    record(school, text="Ours.")
    theirs = record(other_school, text="Theirs.")
    lead = web(school, "lead")
    for value in (f"incident:{theirs.id}", f"action:{theirs.id}", "incident:x", "user:1", ""):
        answer = lead.post(PAGE, {"csrf_token": lead.csrf(), "do": "keep", "shown": value}, status=303)
        assert "said=training-none-unticked" in answer.location
    lead.get(f"{PAGE}?after=rubbish", status=404)
    assert stored(other_school) == {"Theirs.": (True, True)} and stored(school) == {"Ours.": (True, True)}
