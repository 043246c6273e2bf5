"""USR-07, USR-08: the alerts of one user."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import ClassRestriction, GroupPermission
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.alerts.queries import About, configured
from cpoms_core.incidents.models import Incident
from cpoms_core.students.models import StudentGroup
from cpoms_core.testing.browsing import csrf_of
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests, add_student


def stored(school: SchoolForTests, who: str) -> dict[str, set[uuid.UUID]]:
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(AutomaticAlert).where(AutomaticAlert.user_id == school.users[who])).all()
    return {
        name: {getattr(row, column) for row in rows if getattr(row, column)}
        for name, column in (
            ("categories", "category_id"), ("students", "student_id"), ("groups", "student_group_id"),
        )
    }  # fmt: skip


def class_id(school: SchoolForTests, name: str) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(StudentGroup.id).where(StudentGroup.name == name)).one()


def record(school: SchoolForTests, *alerted: str, number: int = 1) -> list[uuid.UUID]:
    people = [school.users[who] for who in alerted]
    return [add_incident(school, alert_ids=people).id for _ in range(number)]


def seen(page: Any, pages: Any) -> str:
    return str(pages.form(page)["seen"].value)


def test_automatic_alerts_by_category_student_and_group(
    school: SchoolForTests, web: Any, pages: Any, audited: Any, address: Any
) -> None:
    """USR-07: each can be added and taken away; what is saved is what the Add incident form goes by."""
    lead, at = web(school, "lead"), address(school, "head", "/alerts")
    behaviour, aoife, b8 = school.categories["Behaviour"], school.students["aoife"], class_id(school, "8B")
    page = lead.get(at)
    fields = {
        "seen": seen(page, pages), "categories": str(behaviour), "students": str(aoife), "groups": str(b8),
    }  # fmt: skip
    assert "Saved." in lead.submit(at, fields, status=303).follow().text
    assert stored(school, "head") == {"categories": {behaviour}, "students": {aoife}, "groups": {b8}}
    with school.app.session(school.id, writes=False) as db:
        for student, category in (
            (None, behaviour),
            (aoife, school.categories["Attendance"]),
            (school.students["chloe"], school.categories["Attendance"]),
        ):
            found = configured(db, About(student, [], [category]))
            assert [one.name for one in found] == ["Hugo Head"]
    page = lead.get(at)
    assert pages.ticked(page, "categories") == {str(behaviour)}
    chosen = [option.get_text() for option in page.html.select("option[selected]")]
    assert chosen == ["Aoife O'Connor (Year 7, 7A)", "8B (tutor group)"]
    (entry,) = audited(school, "user.alerts-changed")
    assert entry.subjects == [str(school.users["head"]), str(aoife)]
    assert entry.details["categories"] == {"added": [str(behaviour)], "removed": []}
    lead.submit(at, {"seen": seen(page, pages)}, status=303)
    assert not any(stored(school, "head").values())


def test_alerts_that_will_never_come_are_said(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-07: beside each category on which the user group lacks View students or View incidents; on top
    where there is no other."""
    lead = web(school, "lead")
    page = lead.get(address(school, "head", "/alerts"))
    never = {
        label.get_text(" ", strip=True).split(" never sent")[0]
        for label in page.html.select(".user-categories label")
        if label.select_one(".user-never")
    }
    assert never == {"Child Protection", "Medical"}
    assert "has both on no category" not in pages.text(page)
    box = pages.box(page, "categories", school.categories["Medical"])
    assert "never sent: Heads of year" in page.html.find(id=box["aria-describedby"]).get_text()
    at = address(school, "teacher", "/alerts")
    assert "does not have View student details" in pages.text(lead.get(at))
    with school.app.transaction(school.id) as db:
        db.add(
            GroupPermission(
                school_id=school.id, group_id=school.groups["Teachers"], permission="students:details"
            )
        )
    assert "has both on no category" in pages.text(lead.get(at))


def test_students_whom_an_administrator_may_not_see(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-07, USR-12.7: are not named, not found, cannot be chosen, and are kept when the rest changes."""
    chloe = school.students["chloe"]
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        db.add(AutomaticAlert(school_id=school.id, user_id=school.users["head"], student_id=chloe))
    admin, at = web(school, "admin"), address(school, "head", "/alerts")
    page = admin.get(at)
    assert "Chloë" not in page.text and "1 more student is" in pages.text(page)
    mark = seen(page, pages)
    wrong = {"seen": mark, "students": str(school.students["aoife"])}
    assert "does not have" in pages.errors(admin.submit(at, wrong, status=422))
    fields = {"seen": mark, "categories": str(school.categories["Behaviour"])}
    admin.submit(at, fields, status=303)
    assert stored(school, "head")["students"] == {chloe}
    headers = {"X-CSRF-Token": csrf_of(page)}
    found = admin.post_json("/admin/users/students", {"q": "chl"}, headers=headers)
    assert found.json == []


def test_students_are_found_by_any_part_of_a_name(school: SchoolForTests, web: Any, audited: Any) -> None:
    """USR-07: posted, so that no name is in an address; archived ones are said to be."""
    with school.app.transaction(school.id) as db:
        add_student(db, "Aoibhe", "Gone", tutor="7A", archived=True)
    lead = web(school, "lead")
    headers = {"X-CSRF-Token": lead.csrf()}
    found = lead.post_json("/admin/users/students", {"q": "AOI"}, headers=headers).json
    assert [(one["text"], one["note"]) for one in found] == [
        ("Aoife O'Connor", "Year 7, 7A"), ("Aoibhe Gone", "Year 7, 7A · archived"),
    ]  # fmt: skip
    assert lead.post_json("/admin/users/students", {"q": " "}, headers=headers).json == []
    assert audited(school, "students.searched")


def test_only_what_the_school_has_can_be_chosen(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-07: unknown ids and another school's change nothing."""
    lead, at = web(school, "lead"), address(school, "head", "/alerts")
    mark = seen(lead.get(at), pages)
    for name, bad in (
        ("categories", other_school.categories["Behaviour"]),
        ("students", other_school.students["aoife"]),
        ("groups", class_id(other_school, "7A")),
        ("groups", uuid.uuid4()),
    ):
        assert "does not have" in pages.errors(lead.submit(at, {"seen": mark, name: str(bad)}, status=422))
    assert not any(stored(school, "head").values())


def test_a_colleagues_change_is_not_overwritten(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-07: the second to save is told, and sees what is stored."""
    lead, at = web(school, "lead"), address(school, "head", "/alerts")
    mark = seen(lead.get(at), pages)
    lead.submit(at, {"seen": mark, "categories": str(school.categories["Behaviour"])}, status=303)
    page = lead.submit(at, {"seen": mark, "categories": str(school.categories["Medical"])}, status=422)
    assert "Somebody else changed these alerts" in pages.errors(page)
    assert pages.ticked(page, "categories") == {str(school.categories["Behaviour"])}


def test_alerts_are_taken_off_a_dashboard_after_a_warning(
    school: SchoolForTests, web: Any, pages: Any, audited: Any, address: Any
) -> None:
    """USR-08: the warning counts them; then they are gone, nobody counts as having read them, and it is
    written down who did it."""
    incidents = record(school, "teacher", "head", number=3)
    teacher, lead = web(school, "teacher"), web(school, "lead")
    at = address(school, "teacher", "/alerts")
    assert "3 alerts are open on the dashboard." in pages.text(lead.get(at))
    page = lead.get(f"{at}/remove")
    assert "all 3 open alerts" in pages.text(page) and "cannot be undone" in pages.text(page)
    assert teacher.get(f"/incidents/{incidents[0]}").status_int == 200
    done = lead.submit(f"{at}/remove", {"seen": seen(page, pages)}, status=303).follow()
    assert "The alerts are off the dashboard." in done.text
    teacher.get(f"/incidents/{incidents[0]}", status=404)
    with school.app.session(school.id, writes=False) as db:
        alerts = db.scalars(select(Alert).where(Alert.recipient_id == school.users["teacher"])).all()
        assert {alert.closed_by for alert in alerts} == {school.users["lead"]}
        others = db.scalars(select(Alert).where(Alert.recipient_id == school.users["head"])).all()
        assert [alert.read_at for alert in others] == [None] * 3
    readers = pages.text(lead.get(f"/incidents/{incidents[0]}/readers"))
    assert "Not read; taken off their dashboard" in readers and "Not read yet" in readers
    assert "Read by 0" in pages.text(lead.get(f"/incidents/{incidents[0]}").follow())
    (entry,) = audited(school, "user.alerts-removed")
    assert entry.user_id == school.users["lead"] and entry.details == {"count": 3}
    assert set(entry.subjects) == {str(school.users["teacher"]), *map(str, incidents)}
    assert "no open alerts" in pages.text(lead.get(f"{at}/remove"))


def test_an_alert_that_came_in_between_stays(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-08: nobody removes what they were not shown."""
    record(school, "teacher")
    lead, at = web(school, "lead"), address(school, "teacher", "/alerts/remove")
    mark = seen(lead.get(at), pages)
    record(school, "teacher")
    page = lead.submit(at, {"seen": mark}, status=422)
    assert "Somebody else changed these alerts" in page.text and "all 2 open alerts" in pages.text(page)
    lead.submit(at, {"seen": seen(page, pages)}, status=303)
    lead.submit(at, {"seen": seen(page, pages)}, status=422)


def test_an_alert_that_was_read_counts_as_read(
    school: SchoolForTests, web: Any, pages: Any, address: Any
) -> None:
    """USR-08, INC-12: only open ones are touched; those on a deleted incident are no part of the count."""
    read, gone = record(school, "head", number=2)
    head, lead = web(school, "head"), web(school, "lead")
    with school.app.session(school.id, writes=False) as db:
        alert = db.scalars(select(Alert.id).where(Alert.incident_id == read)).one()
    head.submit(f"/incidents/{read}/read", {"alert": str(alert)}, status=302)
    record(school, "head")
    with school.app.transaction(school.id) as db:
        db.get_one(Incident, (school.id, gone)).deleted_at = utc_now()
    at = address(school, "head", "/alerts/remove")
    page = lead.get(at)
    assert "the one open alert" in pages.text(page)
    lead.submit(at, {"seen": seen(page, pages)}, status=303)
    with school.app.session(school.id, writes=False) as db:
        kept = {row.incident_id: row for row in db.scalars(select(Alert))}
    assert kept[read].closed_by is None and kept[read].read_at
    assert kept[gone].read_at is None
    assert "Read by 1" in pages.text(lead.get(f"/incidents/{read}").follow())
