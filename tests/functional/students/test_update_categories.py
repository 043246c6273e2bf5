"""STU-10: Update categories from a class or category list, page by page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from browsing import form_with, text_of
from sqlalchemy import select, update

from cpoms_core.access.models import GroupCategory
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Category
from cpoms_core.students.models import Monitoring, StudentGroup
from cpoms_core.students.monitoring import monitor
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests, add_student


def today(school: SchoolForTests) -> dt.date:
    """The school's own day."""
    return school.viewer("lead").local(utc_now()).date()


def going_on(school: SchoolForTests) -> set[tuple[Any, Any]]:
    with school.app.session(school.id, writes=False) as db:
        found = db.execute(
            select(Monitoring.student_id, Monitoring.category_id).where(Monitoring.ended_at.is_(None))
        )
        return {(row.student_id, row.category_id) for row in found}


def a_class(school: SchoolForTests) -> str:
    with school.app.session(school.id, writes=False) as db:
        return str(db.scalars(select(StudentGroup.id).where(StudentGroup.name == "7A")).one())


def list_of(browser: Any, school: SchoolForTests, **asked: str) -> Any:
    """The page to tick on, come to as a person does: from the dashboard's list."""
    found = browser.submit("/", asked or {"group": a_class(school)})
    form = next(form for form in found.forms.values() if form.action == "/update-categories")
    return form.submit()


def ticks(page: Any) -> list[str]:
    return [box["value"] for box in page.html.select("input[name=student][type=checkbox]")]


def filled(page: Any, students: list[Any], **fields: str) -> Any:
    form = form_with(page, "deed")
    wanted = {str(one) for one in students}
    for box in form.fields["student"]:
        box.checked = box._value in wanted
    for name, value in fields.items():
        form[name] = value
    return form


def test_a_class_is_updated_as_it_was_confirmed(school: SchoolForTests, web: Any) -> None:
    """STU-10: list, tick, continue, read what will happen to whom, and do it; one is monitored for it."""
    aoife, other = school.students["aoife"], school.students["björn"]
    behaviour = school.categories["Behaviour"]
    with school.app.transaction(school.id) as db:
        monitor(db, school.viewer("lead"), [other], [behaviour])
    lead = web(school, "lead")
    page = list_of(lead, school)
    assert set(ticks(page)) == {str(aoife), str(other)}
    page = filled(page, [aoife, other], deed="add", chosen=str(behaviour), since="2026-03-02").submit()
    text = text_of(page)
    assert "From 2 March 2026 on, 1 student will be monitored for Behaviour ." in text
    assert "For this student it changes Aoife O'Connor Year 7, 7A" in text
    assert "For this student nothing changes they are monitored for it already Björn Ångström" in text
    assert going_on(school) == {(other, behaviour)}

    confirming = form_with(page, "confirmed")
    page = confirming.submit().follow()
    assert "The categories are updated." in text_of(page)
    assert going_on(school) == {(aoife, behaviour), (other, behaviour)}
    # the back button, and the button once more
    assert confirming.submit().status_int == 303
    with school.app.session(school.id, writes=False) as db:
        begun = db.scalars(select(AuditEntry).where(AuditEntry.event == "monitoring.begun")).all()
        rows = db.scalars(select(Monitoring).where(Monitoring.student_id == aoife)).all()
    assert [entry.subjects for entry in begun] == [[str(aoife), str(behaviour)]]
    assert [row.started_at for row in rows] == [dt.datetime(2026, 3, 2, tzinfo=dt.UTC)]


def test_what_a_hidden_incident_began_is_not_told(school: SchoolForTests, web: Any) -> None:
    """USR-12.7: who sees the category's students and not its incidents is told that nothing changes."""
    aoife, secret = school.students["aoife"], school.categories["Child Protection"]
    with school.app.transaction(school.id) as db:
        db.add(
            GroupCategory(
                school_id=school.id, group_id=school.groups["Heads of year"], category_id=secret,
                view_students=True, view_incidents=False, add_incidents=False,
            )
        )  # fmt: skip
    add_incident(school, "Secret.", category_ids=[secret])
    page = filled(list_of(web(school, "head"), school), [aoife], deed="add", chosen=str(secret)).submit()
    assert "an incident began it" not in text_of(page)
    assert "nothing changes they are monitored for it already Aoife O'Connor" in text_of(page)


def test_what_an_incident_began_is_made_ones_own(school: SchoolForTests, web: Any) -> None:
    """STU-10, EDT-02: the page says so before, the audit names the incident after; a repeat is nothing."""
    aoife, behaviour = school.students["aoife"], school.categories["Behaviour"]
    incident = add_incident(school, "She was quiet.").id
    page = filled(list_of(web(school, "lead"), school), [aoife], deed="add", chosen=str(behaviour)).submit()
    assert "1 student will be monitored for Behaviour ." in text_of(page)
    assert "an incident began it: it goes on whatever becomes of the incident" in text_of(page)
    for _ in range(2):
        assert form_with(page, "confirmed").submit().status_int == 303
    with school.app.session(school.id, writes=False) as db:
        (row,) = db.scalars(select(Monitoring))
        (kept,) = db.scalars(select(AuditEntry).where(AuditEntry.event == "monitoring.kept"))
    assert (row.incident_id, row.ended_at) == (None, None)
    assert kept.subjects == [str(aoife), str(behaviour), str(incident)]


def test_remove_and_wipe_say_what_ends(school: SchoolForTests, web: Any) -> None:
    """STU-10: by name, for each student."""
    aoife, chloe = school.students["aoife"], school.students["chloe"]
    names = ["Behaviour", "Medical"]
    with school.app.transaction(school.id) as db:
        monitor(db, school.viewer("lead"), [aoife, chloe], [school.categories[name] for name in names])
    lead = web(school, "lead")
    page = list_of(lead, school, category=str(school.categories["Medical"]))
    assert set(ticks(page)) == {str(aoife), str(chloe)}
    removing = filled(page, [chloe], deed="remove", chosen=str(school.categories["Medical"]))
    shown = removing.submit()
    assert "1 student will no longer be monitored for Medical ." in text_of(shown)
    form_with(shown, "confirmed").submit()
    assert (chloe, school.categories["Medical"]) not in going_on(school)
    shown = filled(page, [aoife, chloe], deed="wipe").submit()
    assert "2 students will no longer be monitored for any of the categories" in text_of(shown)
    assert "ends: Behaviour, Medical" in text_of(shown)
    form_with(shown, "confirmed").submit()
    assert going_on(school) == set()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"since": "2999-01-01"}, "This day is still to come."),
        ({"since": ""}, "Give the day."),
        ({"chosen": ""}, "Choose a category."),
        ({"deed": "add", "chosen": "Medical"}, "This category is disabled"),
    ],
)
def test_what_is_wrong_is_said_and_ticks_are_kept(
    school: SchoolForTests, web: Any, fields: dict[str, str], said: str
) -> None:
    """STU-10: beside its field, on the page to tick on, with the same list."""
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Category).where(Category.id == school.categories["Medical"]).values(disabled_at=utc_now())
        )
    given = {"deed": "add", "chosen": "Behaviour", "since": today(school).isoformat(), **fields}
    given["chosen"] = str(school.categories[given["chosen"]]) if given["chosen"] else ""
    page = list_of(web(school, "lead"), school)
    answer = filled(page, [school.students["björn"]], **given).submit(status=422)
    assert said in text_of(answer)
    kept = [box["value"] for box in answer.html.select("input[name=student][checked]")]
    assert kept == [str(school.students["björn"])]
    assert len(ticks(answer)) == 2
    assert going_on(school) == set()


def test_nobody_ticked(school: SchoolForTests, web: Any) -> None:
    """STU-10."""
    page = list_of(web(school, "lead"), school)
    answer = filled(page, [], deed="wipe").submit(status=422)
    assert "Tick at least one student." in text_of(answer)


def test_everybody_is_ticked_without_scripts(school: SchoolForTests, web: Any) -> None:
    """STU-10: select all shown."""
    page = list_of(web(school, "lead"), school)
    form = form_with(page, "deed")
    form["deed"] = "wipe"
    all_of_them = web(school, "lead").submit(
        "/update-categories", {"group": a_class(school), "everyone": "1", "deed": "wipe"}
    )
    assert len(all_of_them.html.select("input[name=student][checked]")) == 2
    assert all_of_them.html.select_one("input[name=deed][checked]")["value"] == "wipe"


def test_what_changed_after_the_confirmation_is_shown_again(school: SchoolForTests, web: Any) -> None:
    """STU-10: nothing is done that was not read."""
    aoife = school.students["aoife"]
    lead = web(school, "lead")
    with school.app.transaction(school.id) as db:
        monitor(db, school.viewer("lead"), [aoife], [school.categories["Behaviour"]])
    page = filled(list_of(lead, school), [aoife], deed="wipe").submit()
    with school.app.transaction(school.id) as db:
        monitor(db, school.viewer("lead"), [aoife], [school.categories["Child Protection"]])
    answer = form_with(page, "confirmed").submit(status=409)
    assert "Somebody changed something meanwhile" in text_of(answer)
    assert "ends: Behaviour, Child Protection" in text_of(answer)
    assert len(going_on(school)) == 2
    form_with(answer, "confirmed").submit(status=303)
    assert going_on(school) == set()


def test_the_way_back_keeps_list_and_ticks(school: SchoolForTests, web: Any) -> None:
    """STU-10."""
    page = list_of(web(school, "lead"), school)
    shown = filled(page, [school.students["aoife"]], deed="wipe", since="2026-03-02").submit()
    back = next(form for form in shown.forms.values() if form.action == "/update-categories").submit()
    assert len(ticks(back)) == 2
    assert [box["value"] for box in back.html.select("input[name=student][checked]")] == [
        str(school.students["aoife"])
    ]
    assert form_with(back, "deed")["since"].value == "2026-03-02"


def test_who_may_not_open_records_is_not_offered_it(school: SchoolForTests, web: Any) -> None:
    """STU-10, USR-12: nor is a category or a student named to who may not see it."""
    with school.app.transaction(school.id) as db:
        monitor(
            db,
            school.viewer("lead"),
            [school.students["aoife"]],
            [school.categories["Child Protection"], school.categories["Behaviour"]],
        )
        gone = add_student(db, "Zed", "Gone", archived=True)
    found = web(school, "admin").submit("/", {"group": a_class(school)})
    assert "Aoife" in found.text and "/update-categories" not in found.text
    head = web(school, "head")
    page = list_of(head, school, q="o", archived="1")
    assert str(gone) not in ticks(page)
    assert "Child Protection" not in page.text
    forged = {
        "deed": "wipe",
        "since": today(school).isoformat(),
        "student": [str(gone), str(school.students["aoife"])],
    }
    shown = head.submit("/update-categories/confirm", forged)
    assert "Zed Gone" not in text_of(shown) and "Child Protection" not in shown.text
    assert "1 of those ticked can no longer be updated by you" in text_of(shown)
    asked = {"deed": "add", "since": today(school).isoformat(), "student": str(school.students["aoife"])}
    asked["chosen"] = str(school.categories["Child Protection"])
    assert head.submit("/update-categories/apply", asked, status=422)
