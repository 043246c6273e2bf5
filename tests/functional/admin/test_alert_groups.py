"""USR-06: alert groups."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import AlertGroup, AlertGroupMember, User
from cpoms_core.access.users import create_alert_group, create_user
from cpoms_core.access.viewer import utc_now
from cpoms_core.testing.schools import SchoolForTests


def stored(school: SchoolForTests) -> dict[str, set[uuid.UUID]]:
    """Alert group -> its members."""
    with school.app.session(school.id, writes=False) as db:
        found: dict[str, set[uuid.UUID]] = {name: set() for name in db.scalars(select(AlertGroup.name))}
        rows = db.execute(
            select(AlertGroup.name, AlertGroupMember.user_id).join(
                AlertGroupMember, AlertGroupMember.group_id == AlertGroup.id
            )
        )
        for name, user in rows:
            found[name].add(user)
        return found


def address(school: SchoolForTests, name: str = "DSLs") -> str:
    with school.app.session(school.id, writes=False) as db:
        group_id = db.scalars(select(AlertGroup.id).where(AlertGroup.name == name)).one()
    return f"/admin/alert-groups/{group_id}"


def offered(page: Any) -> list[str]:
    boxes = page.html.select('#members input[type="checkbox"]')
    return [f"{box['data-text']} ({box['data-group']})" for box in boxes]


def people(school: SchoolForTests, *who: str) -> list[str]:
    return [str(school.users[one]) for one in who]


def test_the_list_names_the_members(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-06: each alert group with who is in it."""
    page = web(school, "admin").get("/admin/alert-groups")
    assert "DSLs Hugo Head, Lena Lead 2 users" in pages.text(page)


def test_a_new_alert_group(school: SchoolForTests, web: Any, pages: Any, audited: Any) -> None:
    """USR-06: a name and users; the form offers every active user with their user group, so that typing its
    name finds them; a name that is there already is refused beside its field and the choice is kept."""
    lead = web(school, "lead")
    page = lead.get("/admin/alert-groups/new")
    assert offered(page) == [
        "Ada Admin (Administrators)", "Hugo Head (Heads of year)", "Lena Lead (Safeguarding)",
        "Cleo Colleague (Teachers)", "Tariq Teacher (Teachers)",
    ]  # fmt: skip
    chosen = people(school, "teacher", "admin")
    refused = lead.submit("/admin/alert-groups/new", {"name": "dsls", "members": chosen}, status=422)
    assert "already an alert group of this name" in pages.errors(refused)
    assert pages.ticked(refused, "members") == set(chosen)
    refused = lead.submit("/admin/alert-groups/new", {"name": "", "members": []}, status=422)
    assert "Give it a name" in pages.errors(refused) and "Choose at least one" in pages.errors(refused)
    lead.submit("/admin/alert-groups/new", {"name": " First  aid ", "members": chosen}, status=303)
    assert stored(school)["First aid"] == {school.users["teacher"], school.users["admin"]}
    (entry,) = audited(school, "alert-group.added")
    assert set(chosen) < set(entry.subjects)


def test_a_user_group_is_added_as_its_present_members(school: SchoolForTests, web: Any) -> None:
    """USR-06: the list is by user group, so that one can be moved as those who are in it now, never as a
    deactivated user; the form sends users only."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["colleague"])).deactivated_at = utc_now()
    page = web(school, "lead").get("/admin/alert-groups/new")
    dual = page.html.select_one("#members")
    assert dual.has_attr("data-offers-groups"), "the script offers each user group too"
    sections = [part.legend.get_text() for part in dual.select(".dual-section")]
    assert sections == ["Administrators", "Heads of year", "Safeguarding", "Teachers"]
    teachers = dual.select('input[data-group="Teachers"]')
    assert [one["value"] for one in teachers] == people(school, "teacher")


def test_changing_an_alert_group(school: SchoolForTests, web: Any, pages: Any, audited: Any) -> None:
    """USR-06: its name and who is in it; a deactivated member stays for the day they are back."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
    lead, at = web(school, "lead"), address(school)
    page = lead.get(at)
    assert "1 member is deactivated" in pages.text(page)
    assert pages.ticked(page, "members") == set(people(school, "lead"))
    seen = pages.form(page)["seen"].value
    fields = {"seen": seen, "name": "Safeguarding team", "members": people(school, "teacher")}
    lead.submit(at, fields, status=303)
    assert stored(school) == {"Safeguarding team": {school.users["teacher"], school.users["head"]}}
    (entry,) = audited(school, "alert-group.changed")
    assert entry.details == {
        "added": people(school, "teacher"), "removed": people(school, "lead"), "renamed": True,
    }  # fmt: skip
    refused = lead.submit(at, fields, status=422)
    assert "Somebody else changed this alert group" in pages.errors(refused)


def test_only_active_users_of_the_school_can_be_members(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-06: unknown users, another school's and deactivated ones are refused, and nothing is changed."""
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["colleague"])).deactivated_at = utc_now()
    lead, at = web(school, "lead"), address(school)
    before = stored(school)
    seen = pages.form(lead.get(at))["seen"].value
    bad = (str(uuid.uuid4()), str(other_school.users["lead"]), str(school.users["colleague"]), "me")
    for one in bad:
        fields = {"seen": seen, "name": "DSLs", "members": [*people(school, "lead"), one]}
        assert lead.submit(at, fields, status=422).html.select_one("#members-error")
    assert stored(school) == before


def test_deleting_an_alert_group(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-06: it is configuration and no record: deleted, audited; another school's is not there."""
    lead, at = web(school, "lead"), address(school)
    for unknown in (address(other_school), f"/admin/alert-groups/{uuid.uuid4()}"):
        lead.get(unknown, status=404)
        lead.submit(f"{unknown}/delete", status=404)
        lead.submit(unknown, {"name": "Mine", "members": people(school, "lead")}, status=404)
    assert stored(other_school).keys() == {"DSLs"}
    done = lead.submit(f"{at}/delete", status=303).follow()
    assert "The alert group is deleted." in done.text and "There are no alert groups" in pages.text(done)
    assert stored(school) == {}
    (entry,) = audited(school, "alert-group.deleted")
    assert set(entry.subjects) > {str(school.users["lead"]), str(school.users["head"])}
    lead.submit(f"{at}/delete", status=404)


def test_the_pages_cost_the_same_for_many_users(school: SchoolForTests, web: Any, statements: Any) -> None:
    """USR-06: the list and the form are a fixed number of statements, whatever the number of users."""
    lead, at = web(school, "lead"), address(school)
    lead.get(at)
    few = statements(lambda: lead.get(at)), statements(lambda: lead.get("/admin/alert-groups"))
    with school.app.transaction(school.id) as db:
        users = [
            create_user(
                db, email=f"user{number}@{school.slug}.example", forename="U", surname=f"N{number}",
                group_id=school.groups["Teachers"], now=utc_now(),
            ).id
            for number in range(30)
        ]  # fmt: skip
        for number in range(10):
            create_alert_group(db, f"Group {number}", users[number:])
    assert (statements(lambda: lead.get(at)), statements(lambda: lead.get("/admin/alert-groups"))) == few
