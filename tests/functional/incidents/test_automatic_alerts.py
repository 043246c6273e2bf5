"""USR-07: automatic alerts on the forms, and what comes of them."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import ClassRestriction, GroupCategory, SoftKey
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.students.models import Student, StudentGroup
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests

TOLD = "/incidents/add/told"


def configure(school: SchoolForTests, who: str, **target: uuid.UUID) -> None:
    blank = dict.fromkeys(("category_id", "student_id", "student_group_id"))
    with school.app.transaction(school.id) as db:
        db.add(
            AutomaticAlert(school_id=school.id, id=new_id(), user_id=school.users[who], **{**blank, **target})
        )


def group_id(school: SchoolForTests, name: str) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(StudentGroup.id).where(StudentGroup.name == name)).one()


def chosen(school: SchoolForTests, *categories: str, student: str = "aoife", **more: Any) -> dict[str, Any]:
    return {
        "student": str(school.students[student]) if student in school.students else student,
        "categories": [str(school.categories[name]) for name in categories],
        **more,
    }


def configured(page: Any) -> list[str]:
    return [" ".join(one.get_text(" ").split()) for one in page.html.select(".configured-list li")]


def told(school: SchoolForTests, web: Any, *categories: str, **more: Any) -> list[str]:
    return configured(web(school, "teacher").submit(TOLD, chosen(school, *categories, **more)))


def record(school: SchoolForTests, web: Any, *categories: str, who: str = "teacher", **more: Any) -> None:
    fields = {"submission": str(new_id()), "text": "A note.", "occurred": "2026-01-05T08:35"}
    web(school, who).submit("/incidents/add", {**chosen(school, *categories, **more), **fields}, status=302)


def alerted(school: SchoolForTests) -> list[tuple[str, bool]]:
    """Who was alerted, and whether to an action, oldest first."""
    names = {key: who for who, key in school.users.items()}
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(Alert).order_by(Alert.created_at, Alert.id))
        return sorted((names[row.recipient_id], row.action_id is not None) for row in rows)


def rights(school: SchoolForTests, group: str, category: str, **changes: bool) -> None:
    with school.app.transaction(school.id) as db:
        row = db.get_one(GroupCategory, (school.id, school.groups[group], school.categories[category]))
        for name, value in changes.items():
            setattr(row, name, value)


def test_the_reason_is_said_in_words(school: SchoolForTests, web: Any) -> None:
    """USR-07: "for Behaviour", "for this student", "for 7A", "for a linked student", all that apply, as soon
    as the student or the category is chosen."""
    configure(school, "head", category_id=school.categories["Behaviour"])
    configure(school, "head", student_id=school.students["aoife"])
    configure(school, "lead", student_group_id=group_id(school, "7A"))
    configure(school, "lead", student_id=school.students["chloe"])
    assert told(school, web) == ["Hugo Head for this student", "Lena Lead for 7A"], "the student alone"
    assert told(school, web, "Behaviour", student="") == ["Hugo Head for Behaviour"], "the category alone"
    both = told(school, web, "Behaviour", linked=[str(school.students["chloe"])])
    assert both == ["Hugo Head for Behaviour, for this student", "Lena Lead for a linked student, for 7A"]
    assert told(school, web, student="whole-school") == []
    configure(school, "head", student_group_id=group_id(school, "8"))
    assert told(school, web, student="chloe")[0] == "Hugo Head for Year 8"


def test_a_sub_category_brings_its_parents_people(school: SchoolForTests, web: Any) -> None:
    """USR-07: what the form says is what is recorded, and that has the parent category (INC-03)."""
    configure(school, "head", category_id=school.categories["Behaviour"])
    assert told(school, web, "Bullying") == ["Hugo Head for Behaviour"]
    record(school, web, "Bullying")
    assert alerted(school) == [("head", False)]


def test_both_rights_are_needed_on_every_category(school: SchoolForTests, web: Any) -> None:
    """USR-07: View students and View incidents on all categories of the incident."""
    configure(school, "head", category_id=school.categories["Behaviour"])
    assert told(school, web, "Behaviour", "Attendance") == ["Hugo Head for Behaviour"]
    assert told(school, web, "Behaviour", "Medical") == []
    for right in ("view_students", "view_incidents"):
        rights(school, "Heads of year", "Attendance", **{right: False})
        assert told(school, web, "Behaviour", "Attendance") == [], right
        rights(school, "Heads of year", "Attendance", **{right: True})
    rights(school, "Heads of year", "Attendance", view_students=False)
    record(school, web, "Behaviour", "Attendance")
    assert alerted(school) == []


def test_class_access_is_needed(school: SchoolForTests, web: Any) -> None:
    """USR-07 "as USR-12.3", USR-09: nobody is told of a child who is not in their classes; a whole-school
    incident has none."""
    configure(school, "head", category_id=school.categories["Behaviour"])
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
    assert told(school, web, "Behaviour") == []
    assert told(school, web, "Behaviour", student="whole-school") == ["Hugo Head for Behaviour"]
    record(school, web, "Behaviour")
    assert alerted(school) == []


def test_who_lost_their_key_is_told_all_the_same(school: SchoolForTests, web: Any) -> None:
    """USR-07: the rule asks about the user group. The alert opens the incident (USR-12.4), and the form says
    that they could not normally see it."""
    configure(school, "head", category_id=school.categories["Behaviour"])
    with school.app.transaction(school.id) as db:
        db.get_one(SoftKey, school.keys["head"]).removed_at = utc_now()
    page = web(school, "teacher").submit(TOLD, chosen(school, "Behaviour"))
    assert configured(page) == ["Hugo Head for Behaviour"]
    assert "cannot normally see this incident, because they have no key." in page.text
    record(school, web, "Behaviour")
    assert alerted(school) == [("head", False)]


def test_the_forms_ticks_do_not_lose_them(school: SchoolForTests, web: Any) -> None:
    """USR-07: alerted on submit without scripts and without being chosen, once where they are chosen too; it
    counts as the alert that a school may ask for (INC-07)."""
    configure(school, "head", student_id=school.students["aoife"])
    with school.app.transaction(school.id) as db:
        change_setting(db, "enforce_alert", "on")
    record(school, web, "Behaviour")
    record(school, web, "Behaviour", alerts=[str(school.users["head"]), str(school.users["lead"])])
    assert alerted(school) == [("head", False), ("head", False), ("lead", False)]


def test_nobody_learns_who_is_told_of_what_they_cannot_record(school: SchoolForTests, web: Any) -> None:
    """USR-12.7: categories that the user may not add to, and children who may not be chosen, tell nothing."""
    configure(school, "lead", category_id=school.categories["Child Protection"])
    configure(school, "lead", student_id=school.students["aoife"])
    rights(school, "Teachers", "Child Protection", add_incidents=False)
    with school.app.transaction(school.id) as db:
        db.get_one(Student, (school.id, school.students["aoife"])).archived_at = utc_now()
    assert told(school, web, "Child Protection", student="") == []
    assert told(school, web, "Behaviour") == []


def test_an_action_that_adds_a_category_tells_those_configured_for_it(
    school: SchoolForTests, web: Any
) -> None:
    """USR-07, ACT-01: by the category that is new, if they have both rights on all that the incident has
    then; an action that adds none tells nobody by itself."""
    record(school, web, "Behaviour", who="lead")
    configure(school, "head", category_id=school.categories["Attendance"])
    configure(school, "head", category_id=school.categories["Behaviour"])
    configure(school, "head", student_id=school.students["aoife"])
    configure(school, "lead", category_id=school.categories["Medical"])
    with school.app.session(school.id, writes=False) as db:
        at = f"/incidents/{db.scalars(select(Incident.id)).one()}/actions/add"
    lead = web(school, "lead")

    def shown(*categories: str) -> Any:
        ids = [str(school.categories[name]) for name in categories]
        return lead.submit(f"{at}/told", {"categories": ids})

    assert configured(shown()) == [] and configured(shown("Behaviour")) == [], "it is there already"
    page = shown("Attendance")
    assert configured(page) == ["Hugo Head for Attendance"]
    assert "Add action and alert 1 person" in page.text
    assert configured(shown("Attendance", "Medical")) == ["Lena Lead for Medical"], (
        "head may not view Medical"
    )
    common = {"text": "Seen to.", "occurred": "2026-01-06T08:35"}
    for categories in ([], [str(school.categories["Attendance"])]):
        lead.submit(at, {**common, "submission": str(new_id()), "categories": categories}, status=302)
    assert alerted(school) == [("head", True)]
    with school.app.session(school.id, writes=False) as db:
        assert len(db.scalars(select(Action)).all()) == 2


def test_the_form_without_scripts_shows_them(school: SchoolForTests, web: Any) -> None:
    """USR-07: a form that comes back with an error, and one that was opened for a student, list them."""
    configure(school, "head", student_id=school.students["aoife"])
    teacher = web(school, "teacher")
    assert configured(teacher.get(f"/incidents/add?student={school.students['aoife']}")) == [
        "Hugo Head for this student"
    ]
    fields = chosen(school, "Behaviour", text="", submission=str(new_id()))
    refused = teacher.submit("/incidents/add", fields, status=422)
    assert configured(refused) == ["Hugo Head for this student"]
