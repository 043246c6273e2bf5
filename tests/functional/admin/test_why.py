"""USR-13: why a user sees an incident, or does not."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import ClassAccess, ClassRestriction, SoftKey, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked
from cpoms_core.students.models import StudentGroup
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

AT = "/admin/why"


def record(
    school: SchoolForTests, *categories: str, student: str | None = "aoife", linked: str = "", alert: str = ""
) -> Incident:
    return add_incident(
        school,
        "SECRET-TEXT",
        student_id=school.students[student] if student else None,
        category_ids=[school.categories[name] for name in categories],
        linked=[Linked(school.students[linked])] if linked else (),
        alert_ids=[school.users[alert]] if alert else (),
    )


def ask(browser: Any, school: SchoolForTests, who: str, number: Any, **how: Any) -> Any:
    return browser.submit(AT, {"user": str(school.users[who]), "number": str(number)}, **how)


def rules(page: Any) -> list[str]:
    return [" ".join(one.get_text(" ").split()) for one in page.html.select(".why-rules > li")]


def verdict(page: Any) -> str:
    return " ".join(page.html.select_one(".why-verdict").get_text(" ").split())


def decides(page: Any) -> list[str]:
    return [one.get_text(strip=True) for one in page.html.select(".why-decides")]


def test_each_rule_is_answered_in_its_order(school: SchoolForTests, web: Any, audited: Any) -> None:
    """USR-13: the rules in the order of USR-12, each with yes or no, in words; audited with both subjects."""
    incident = record(school, "Behaviour", "Child Protection")
    page = ask(web(school, "lead"), school, "head", incident.number)
    assert verdict(page) == "Hugo Head does not see incident 1."
    assert rules(page) == [
        "Yes The incident is there",
        "Yes The account is active",
        "Yes They have a key It counts once they have used it in a session.",
        "Yes Their user group, Heads of year, has the permission to view student details",
        "No Heads of year has View incidents on every category of the incident (this decides) Yes Behaviour "
        "No Child Protection",
        "Yes Their class access includes one of its students Class restrictions are off: everyone sees every "
        "class. Yes Aoife O'Connor: in a class",
        "No They have an open alert for it An alert would let them read this one incident.",
        "No Without their key, in a restricted session, they see it Only an open alert shows an incident "
        "there.",
    ]
    assert decides(page) == ["Heads of year has View incidents on every category of the incident"]
    assert "SECRET-TEXT" not in page.text
    (entry,) = audited(school, "why.asked")
    assert set(entry.subjects) == {str(school.users["head"]), str(incident.id)}
    seen = ask(web(school, "lead"), school, "lead", incident.number)
    assert verdict(seen) == "Lena Lead sees incident 1, by their own rights." and decides(seen) == []


def test_what_decides(school: SchoolForTests, web: Any) -> None:
    """USR-13: the permission, the account, the key, an alert, a deletion: the first rule that says no, unless
    an open alert lets them read it all the same."""
    lead = web(school, "lead")
    plain, alerted = record(school, "Behaviour").number, record(school, "Behaviour", alert="teacher").number
    assert decides(ask(lead, school, "teacher", plain)) == ["They have a key"]
    page = ask(lead, school, "teacher", alerted)
    assert verdict(page).endswith("sees incident 2, through an open alert only, until it is marked as read.")
    assert decides(page) == ["They have an open alert for it"]
    assert rules(page)[-1].startswith("Yes Without their key")
    assert decides(ask(lead, school, "admin", plain)) == [
        "Their user group, Administrators, has the permission to view student details"
    ]
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).deactivated_at = utc_now()
        db.get_one(SoftKey, school.keys["head"]).removed_at = utc_now()
    assert decides(ask(lead, school, "teacher", alerted)) == ["The account is active"]
    assert decides(ask(lead, school, "head", plain)) == ["They have a key"]
    with school.app.transaction(school.id) as db:
        db.scalars(select(Incident).where(Incident.number == plain)).one().deleted_at = utc_now()
    page = ask(lead, school, "lead", plain)
    assert decides(page) == ["The incident is there"] and "does not see" in verdict(page)
    assert "Behaviour" not in page.html.select_one(".why-rules").get_text(), "nobody sees it by now"


def test_class_access_says_which_list(school: SchoolForTests, web: Any) -> None:
    """USR-13, USR-09: which class lists the user, or their user group; for each student of the incident."""
    incident = record(school, "Behaviour", linked="chloe")
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        groups = {one.name: one.id for one in db.scalars(select(StudentGroup))}
        for name, holder in (
            ("7A", school.users["lead"]),
            ("8B", school.users["lead"]),
            ("8B", school.groups["Heads of year"]),
        ):
            db.add(ClassAccess(school_id=school.id, student_group_id=groups[name], holder_id=holder))
    page = ask(web(school, "lead"), school, "head", incident.number)
    line = next(one for one in rules(page) if "class access" in one)
    assert "Yes Chloë Martin-Smith: listed for 8B, through the user group Heads of year" in line
    assert "No Aoife O'Connor: none of their classes lists this user or the user group" in line
    assert verdict(page) == "Hugo Head sees incident 1, by their own rights."
    with school.app.transaction(school.id) as db:  # now the lead is outside one of the two classes
        row = db.get_one(ClassAccess, (school.id, groups["8B"], school.users["lead"]))
        db.delete(row)
    line = next(
        one for one in rules(ask(web(school, "lead"), school, "head", incident.number)) if "class" in one
    )
    assert "Chloë" not in line and "8B" not in line, "another student, whom the lead may not be told"


def test_an_administrator_who_may_not_see_it_is_told_the_rules_only(school: SchoolForTests, web: Any) -> None:
    """USR-12.7, USR-13: neither its text nor its categories, students or classes, though the administration
    could list each of those by itself."""
    incident = record(school, "Behaviour", "Child Protection")
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        group = db.scalars(select(StudentGroup.id).where(StudentGroup.name == "7A")).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=group, holder_id=school.users["lead"]))
    page = ask(web(school, "admin"), school, "lead", incident.number)
    assert verdict(page) == f"Lena Lead sees incident {incident.number}, by their own rights."
    answer = page.html.select_one(".why-rules").get_text(" ")
    for word in ("SECRET", "Behaviour", "Protection", "Aoife", "O'Connor", "7A"):
        assert word not in answer, word
    assert answer.count("A category that you may not be told") == 2
    assert "A student whom you may not be told: one of their classes lists them" in " ".join(answer.split())


def test_hidden_lines_are_not_in_the_order_of_their_names(school: SchoolForTests, web: Any) -> None:
    """USR-12.7: the order would tell which of the categories it is that a user group sees."""
    one = record(school, "Attendance", "Child Protection").number
    two = record(school, "Behaviour", "Attendance").number
    lines = [rules(ask(web(school, "admin"), school, "head", number))[4] for number in (one, two)]
    assert lines[0].endswith("Yes A category that you may not be told No A category that you may not be told")
    assert lines[1].endswith(
        "Yes A category that you may not be told Yes A category that you may not be told"
    )


def test_what_cannot_be_asked(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-13: an unknown number, another school's user, nothing at all; what was typed is kept."""
    lead = web(school, "lead")
    record(school, "Behaviour")
    record(other_school, "Behaviour")
    record(other_school, "Behaviour")
    for number in ("2", "0", "-1", "1e9", "9" * 20, "٣"):
        page = ask(lead, school, "head", number, status=422)
        assert "There is no incident of this number." in pages.errors(page), number
        assert page.html.select_one("#number")["value"] == number
    ask(lead, school, "head", "9" * 5_000, status=422)
    for user in ("", "me", str(uuid.uuid4()), str(other_school.users["lead"])):
        page = lead.submit(AT, {"user": user, "number": "1"}, status=422)
        assert "user" in pages.errors(page).lower() and not page.html.select(".why-rules")
    assert "Give the number" in pages.errors(lead.submit(AT, {"user": ""}, status=422))


def test_an_incidents_options_lead_here(school: SchoolForTests, web: Any) -> None:
    """USR-13: for administrators, with the number filled in and no name in the address."""
    incident = record(school, "Behaviour")
    at = f"/students/{school.students['aoife']}/incidents"
    [link] = web(school, "lead").get(at).html.select(f'.incident-options a[href^="{AT}"]')
    assert link["href"] == f"{AT}?number={incident.number}"
    page = web(school, "lead").get(link["href"])
    assert page.html.select_one("#number")["value"] == str(incident.number)
    assert AT not in web(school, "head").get(at).text
