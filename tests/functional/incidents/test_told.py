"""INC-07 line by line: who is told is shown before anything is sent, with the reason where somebody could not
normally see it, and all of it works without scripts."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import (
    Account,
    AlertGroup,
    ClassAccess,
    ClassRestriction,
    GroupPermission,
    SoftKey,
    User,
)
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert, AutomaticAlert
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.students.models import StudentGroup
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

TOLD = "/incidents/add/told"


def chosen(
    school: SchoolForTests, *categories: str, alerts: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "student": str(school.students["aoife"]),
        "categories": [str(school.categories[name]) for name in categories],
        "alerts": [str(school.users[who]) for who in alerts],
        **more,
    }


def outsiders(page: Any) -> list[str]:
    return [" ".join(one.get_text().split()) for one in page.html.select(".outsiders .outsider")]


def because(name: str, why: str) -> str:
    return f"{name} cannot normally see this incident, because {why}. The alert lets them read this one."


def no_key(school: SchoolForTests, who: str) -> None:
    with school.app.transaction(school.id) as db:
        db.get_one(SoftKey, school.keys[who]).removed_at = utc_now()


def test_inc_07_red_colleagues_have_the_reason_in_words(school: SchoolForTests, web: Any) -> None:
    """INC-07: each reason that there is, of those that USR-12.3 knows; who could see it is not listed."""
    teacher = web(school, "teacher")
    page = teacher.submit(TOLD, chosen(school, "Child Protection", "Behaviour", alerts=("lead", "head")))
    assert outsiders(page) == [because("Hugo Head", "their user group does not see Child Protection")]
    page = teacher.submit(TOLD, chosen(school, "Child Protection", "Medical", alerts=("head",)))
    assert outsiders(page) == [
        because("Hugo Head", "their user group does not see Child Protection and Medical")
    ]
    no_key(school, "lead")
    page = teacher.submit(TOLD, chosen(school, "Behaviour", alerts=("lead",)))
    assert outsiders(page) == [because("Lena Lead", "they have no key")]
    page = teacher.submit(TOLD, chosen(school, "Behaviour", alerts=("colleague",)))
    assert outsiders(page) == [
        because(
            "Cleo Colleague",
            "they have no key, their user group does not open students’ records and their user group does "
            "not see Behaviour",
        )
    ]
    assert outsiders(teacher.submit(TOLD, chosen(school, "Behaviour", alerts=("head",)))) == []


def test_inc_07_a_class_and_an_account_are_reasons_too(school: SchoolForTests, web: Any) -> None:
    """INC-07, USR-09: not in their classes, unless one of the linked students is; an account switched off."""
    teacher = web(school, "teacher")
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        group = db.scalars(select(StudentGroup.id).where(StudentGroup.name == "8B")).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=group, holder_id=school.users["head"]))
    fields = chosen(school, "Behaviour", alerts=("head",))
    assert outsiders(teacher.submit(TOLD, fields)) == [
        because("Hugo Head", "the students are not in their classes")
    ]
    linked = {**fields, "linked": str(school.students["chloe"])}
    assert outsiders(teacher.submit(TOLD, linked)) == []
    assert outsiders(teacher.submit(TOLD, {**fields, "student": "whole-school"})) == []
    with school.app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["head"]))
        db.get_one(Account, user.account_id).disabled_at = utc_now()
    assert outsiders(teacher.submit(TOLD, linked)) == [because("Hugo Head", "their account is switched off")]


def test_inc_07_whoever_could_not_see_it_has_a_reason(school: SchoolForTests, web: Any) -> None:
    """INC-07: nobody is red for no reason: the reasons are what the rule is made of."""
    with school.app.transaction(school.id) as db:
        group = school.groups["Heads of year"]
        db.delete(db.get_one(GroupPermission, (school.id, group, "students:details")))
    everyone = tuple(school.users)
    for categories in (("Behaviour",), ("Child Protection", "Attendance"), ("Medical",)):
        found = outsiders(web(school, "teacher").submit(TOLD, chosen(school, *categories, alerts=everyone)))
        assert {one.split(" cannot")[0] for one in found} >= {"Hugo Head", "Cleo Colleague", "Tariq Teacher"}
        assert all(", because ." not in one for one in found), found


def test_inc_07_why_is_asked_only_where_somebody_is_red(school: SchoolForTests, web: Any) -> None:
    """INC-07: no statement more for who could see it, and a fixed number for many who could not."""
    teacher = web(school, "teacher")
    token = teacher.csrf("/")

    def cost(*who: str) -> int:
        with counted(school.app.engines) as found:
            fields = {**chosen(school, "Medical", alerts=who), "csrf_token": token}
            teacher.fetch("POST", TOLD, params=fields)
        return found.number

    cost("lead")
    seen, one, many = cost("lead"), cost("head"), cost("head", "admin", "colleague", "teacher")
    assert one == seen + 1 and many == one


def page_without_scripts(school: SchoolForTests, web: Any) -> Any:
    return web(school, "teacher").get("/incidents/add")


def members(school: SchoolForTests) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(AlertGroup.id)).one()


@pytest.mark.parametrize("form", ["add", "action", "add-to"])
def test_inc_07_an_alert_group_is_ticked_without_scripts(school: SchoolForTests, web: Any, form: str) -> None:
    """INC-07: its members are alerted like those who were chosen one by one, once each."""
    lead, group = web(school, "lead"), str(members(school))
    new = {"submission": str(new_id()), "text": "A note.", "occurred": "2026-01-05T08:35"}
    fields = {**chosen(school, "Behaviour", alerts=("head", "colleague")), **new}
    path = "/incidents/add"
    if form != "add":
        lead.submit(path, {**fields, "alerts": []}, status=302)
        with school.app.session(school.id, writes=False) as db:
            incident = db.scalars(select(Incident.id)).one()
        path = f"/incidents/{incident}/" + ("actions/add" if form == "action" else "add-to")
        fields = {**fields, "submission": str(new_id()), "categories": [], "student": []}
    page = lead.get(path)
    boxes = page.html.select('noscript [name="alert_groups"]')
    assert [one["value"] for one in boxes] == [group]
    lead.submit(path, {**fields, "alert_groups": group}, status=302)
    with school.app.session(school.id, writes=False) as db:
        told = list(db.scalars(select(Alert.recipient_id)))
    assert sorted(told) == sorted(school.users[who] for who in ("lead", "head", "colleague"))


@pytest.mark.parametrize("form", ["add", "action"])
def test_inc_07_without_scripts_a_button_shows_who_will_be_told(
    school: SchoolForTests, web: Any, form: str
) -> None:
    """INC-07, USR-07: configured people with the reason, red colleagues with theirs; nothing is recorded and
    what was typed stays."""
    with school.app.transaction(school.id) as db:
        db.add(
            AutomaticAlert(
                school_id=school.id, id=new_id(), user_id=school.users["lead"],
                category_id=school.categories["Child Protection"],
            )
        )  # fmt: skip
    lead = web(school, "lead")
    new = {"submission": str(new_id()), "text": "A note.", "occurred": "2026-01-05T08:35"}
    path = "/incidents/add"
    if form == "action":
        lead.submit(path, {**chosen(school, "Behaviour"), **new}, status=302)
        with school.app.session(school.id, writes=False) as db:
            path = f"/incidents/{db.scalars(select(Incident.id)).one()}/actions/add"
    assert lead.get(path).html.select_one('noscript button[name="look"]')["type"] == "submit"
    fields = {**chosen(school, "Child Protection", alerts=("head",)), **new, "text": "Something else."}
    page = lead.submit(path, {**fields, "look": "1", "alert_groups": str(members(school))}, status=200)
    assert [" ".join(one.get_text(" ").split()) for one in page.html.select(".configured-list li")] == [
        "Lena Lead for Child Protection"
    ]
    assert outsiders(page) == [because("Hugo Head", "their user group does not see Child Protection")]
    assert page.html.select_one("#text").get_text().strip() == "Something else."
    ticked = {one["value"] for one in page.html.select("#alerts option[selected]")}
    assert ticked == {str(school.users["lead"]), str(school.users["head"])}
    assert page.html.select_one(".errors") is None
    with school.app.session(school.id, writes=False) as db:
        assert "Something else." not in list(db.scalars(select(Incident.text)))


def test_inc_07_an_enforced_alert_may_be_a_configured_one(school: SchoolForTests, web: Any) -> None:
    """INC-07: "Enforce at least one alert for all incidents": without any the form comes back with its text;
    somebody who is configured is one, and so is a group."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "enforce_alert", "on")
    teacher = web(school, "teacher")
    new = {"submission": str(new_id()), "text": "A note.", "occurred": "2026-01-05T08:35"}
    fields = {**chosen(school, "Behaviour"), **new}
    page = teacher.submit("/incidents/add", fields, status=422)
    assert "somebody is alerted to every incident" in page.html.select_one("#alerts-error").get_text()
    teacher.submit("/incidents/add", {**fields, "alert_groups": str(members(school))}, status=302)
    with school.app.transaction(school.id) as db:
        db.add(
            AutomaticAlert(
                school_id=school.id, id=new_id(), user_id=school.users["head"],
                category_id=school.categories["Behaviour"],
            )
        )  # fmt: skip
    teacher.submit("/incidents/add", {**fields, "submission": str(new_id())}, status=302)
    with school.app.session(school.id, writes=False) as db:
        assert len(db.scalars(select(Incident)).all()) == 2
