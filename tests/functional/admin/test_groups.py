"""USR-04: user groups, their matrix of categories and their system permissions."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import GroupCategory, GroupPermission, User, UserGroup
from cpoms_core.access.viewer import utc_now
from cpoms_core.incidents.models import Category
from cpoms_core.tenancy.services import add_category, add_group
from cpoms_core.testing.schools import SchoolForTests

COLUMNS = ("view_students", "view_incidents", "add_incidents")


def rights_of(school: SchoolForTests, group: str, category: str) -> tuple[bool, ...]:
    with school.app.session(school.id, writes=False) as db:
        row = db.get(GroupCategory, (school.id, school.groups[group], school.categories[category]))
        return tuple(getattr(row, column) for column in COLUMNS) if row else (False, False, False)


def permissions_of(school: SchoolForTests, group_id: uuid.UUID) -> set[str]:
    with school.app.session(school.id, writes=False) as db:
        query = select(GroupPermission.permission).where(GroupPermission.group_id == group_id)
        return set(db.scalars(query))


def address(school: SchoolForTests, group: str) -> str:
    return f"/admin/groups/{school.groups[group]}"


def fields_of(page: Any, pages: Any) -> dict[str, Any]:
    """What the page's form would send as it stands, as lists."""
    form = pages.form(page)
    return {
        "csrf_token": form["csrf_token"].value,
        "seen": form["seen"].value,
        "name": form["name"].value,
        "permission": sorted(pages.ticked(page, "permission")),
        **{column: sorted(pages.ticked(page, column)) for column in COLUMNS},
    }


def send(browser: Any, path: str, fields: dict[str, Any], **how: Any) -> Any:
    pairs = [
        (name, one)
        for name, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return browser.post(path, pairs, **how)


def test_the_list_counts_the_users(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-04: every user group with how many are in it, how many have a key, and which administer."""
    page = web(school, "lead").get("/admin/groups")
    rows = [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page.html.select("main tbody tr")
    ]
    assert rows == [
        ["Administrators Administration", "1", "1"],
        ["Heads of year", "1", "1"],
        ["Safeguarding Administration", "1", "1"],
        ["Teachers", "2", "0"],
    ]


def test_the_matrix_shows_what_is_given(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-04: categories by View students, View incidents, Add incidents, each tick named by its row and
    column; a sub-category stands under its parent, a disabled category is shown as such."""
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Medical"])).disabled_at = utc_now()
    page = web(school, "lead").get(address(school, "Heads of year"))
    names = [cell.get_text(" ", strip=True) for cell in page.html.select('.matrix tbody th[scope="row"]')]
    assert names == [
        "Attendance", "Behaviour", "Behaviour: Bullying", "Child Protection", "Medical (disabled)",
    ]  # fmt: skip
    seen = {str(school.categories[name]) for name in ("Behaviour", "Bullying", "Attendance")}
    assert all(pages.ticked(page, column) == seen for column in COLUMNS)
    box = pages.box(page, "view_incidents", school.categories["Bullying"])
    labels = [page.html.find(id=one).get_text(" ", strip=True) for one in box["aria-labelledby"].split()]
    assert labels == ["Behaviour: Bullying", "View incidents"]
    assert pages.ticked(page, "permission") == permissions_of(school, school.groups["Heads of year"])


def test_a_change_counts_with_the_next_request(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-04: what is ticked is saved in one step, audited by names and ids, and felt at once."""
    head, lead = web(school, "head"), web(school, "lead")
    assert head.get("/admin", status=404)
    page = lead.get(address(school, "Heads of year"))
    fields = fields_of(page, pages)
    medical, bullying = str(school.categories["Medical"]), str(school.categories["Bullying"])
    fields["view_students"].append(medical)
    fields["add_incidents"].remove(bullying)
    fields["permission"] = [*[p for p in fields["permission"] if p != "reports:run"], "admin"]
    fields["name"] = "  Heads   of year 7 "
    done = send(lead, address(school, "Heads of year"), fields, status=303)
    assert "Saved." in done.follow().text
    assert rights_of(school, "Heads of year", "Medical") == (True, False, False)
    assert rights_of(school, "Heads of year", "Bullying") == (True, True, False)
    assert rights_of(school, "Heads of year", "Behaviour") == (True, True, True)
    held = permissions_of(school, school.groups["Heads of year"])
    assert "admin" in held and "reports:run" not in held and "files:attach" in held
    assert "Heads of year 7" in pages.text(head.get("/admin/groups"))
    (entry,) = audited(school, "group.changed")
    assert entry.user_id == school.users["lead"]
    assert entry.subjects == [str(school.groups["Heads of year"])]
    assert entry.details == {
        "permissions_given": ["admin"], "permissions_taken": ["reports:run"],
        "view_students_given": [medical], "add_incidents_taken": [bullying], "renamed": True,
    }  # fmt: skip


def test_taking_every_tick_of_a_category_takes_the_rights(
    school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-04: a category without a tick gives nothing, and one that was not touched keeps what it gives."""
    lead = web(school, "lead")
    fields = fields_of(lead.get(address(school, "Heads of year")), pages)
    for column in COLUMNS:
        fields[column].remove(str(school.categories["Attendance"]))
    send(lead, address(school, "Heads of year"), fields, status=303)
    assert rights_of(school, "Heads of year", "Attendance") == (False, False, False)
    assert rights_of(school, "Heads of year", "Behaviour") == (True, True, True)
    assert rights_of(school, "Teachers", "Attendance") == (False, False, True)


def test_saving_what_is_shown_changes_nothing(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-04: no change, no audit entry; rights on disabled categories are kept."""
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Behaviour"])).disabled_at = utc_now()
    lead = web(school, "lead")
    before = permissions_of(school, school.groups["Heads of year"])
    fields = fields_of(lead.get(address(school, "Heads of year")), pages)
    send(lead, address(school, "Heads of year"), fields, status=303)
    assert rights_of(school, "Heads of year", "Behaviour") == (True, True, True)
    assert permissions_of(school, school.groups["Heads of year"]) == before
    assert audited(school, "group.changed") == []


def test_a_new_user_group(school: SchoolForTests, web: Any, pages: Any, audited: Any) -> None:
    """USR-04: made with its ticks; a name that is there already is refused beside its field, and what was
    ticked is kept."""
    lead = web(school, "lead")
    page = lead.get("/admin/groups/new")
    fields = fields_of(page, pages)
    assert not any(fields[column] for column in (*COLUMNS, "permission"))
    chosen = str(school.categories["Child Protection"])
    fields |= {"name": "teachers", "view_incidents": [chosen], "permission": ["students:list"]}
    refused = send(lead, "/admin/groups/new", fields, status=422)
    assert "already a user group of this name" in pages.errors(refused)
    assert refused.html.select_one("#name-error")
    assert pages.ticked(refused, "view_incidents") == {chosen}
    send(lead, "/admin/groups/new", {**fields, "name": " "}, status=422)
    send(lead, "/admin/groups/new", {**fields, "name": "x" * 81}, status=422)
    send(lead, "/admin/groups/new", {**fields, "name": "Governors"}, status=303)
    with school.app.session(school.id, writes=False) as db:
        group_id = db.scalars(select(UserGroup.id).where(UserGroup.name == "Governors")).one()
        assert db.scalars(select(UserGroup.name)).all().count("Teachers") == 1
    school.groups["Governors"] = group_id
    assert rights_of(school, "Governors", "Child Protection") == (False, True, False)
    assert permissions_of(school, group_id) == {"students:list"}
    (entry,) = audited(school, "group.added")
    assert entry.details == {"permissions_given": ["students:list"], "view_incidents_given": [chosen]}


def test_what_the_school_does_not_have_is_refused(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-04: unknown categories and permissions change nothing; unknown groups, and those of another
    school, are not there."""
    lead = web(school, "lead")
    fields = fields_of(lead.get(address(school, "Teachers")), pages)
    before = permissions_of(school, school.groups["Teachers"])
    for bad in (str(uuid.uuid4()), str(other_school.categories["Medical"]), "1", "'"):
        wrong = {**fields, "view_incidents": [bad], "permission": ["reports:run"]}
        assert "category" in pages.errors(send(lead, address(school, "Teachers"), wrong, status=422))
    for bad in ("everything", "students:list ", ""):
        wrong = {**fields, "permission": ["reports:run", bad]}
        assert "permission" in pages.errors(send(lead, address(school, "Teachers"), wrong, status=422))
    assert permissions_of(school, school.groups["Teachers"]) == before
    for unknown in (str(uuid.uuid4()), str(other_school.groups["Teachers"]), "x"):
        lead.get(f"/admin/groups/{unknown}", status=404)
        send(lead, f"/admin/groups/{unknown}", fields, status=404)
    assert "reports:run" not in permissions_of(other_school, other_school.groups["Teachers"])


def test_somebody_who_can_log_in_keeps_the_administration(
    school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-04: the administration cannot be taken from the last user group whose key holders have it; a
    group of users without a key does not count as another."""
    lead = web(school, "lead")
    with school.app.transaction(school.id) as db:
        add_group(db, "Office", ("admin",), {})  # nobody is in it
        db.add(GroupPermission(school_id=school.id, group_id=school.groups["Teachers"], permission="admin"))
    admins = fields_of(lead.get(address(school, "Administrators")), pages)
    admins["permission"].remove("admin")
    send(lead, address(school, "Administrators"), admins, status=303)  # the lead still has it

    own = fields_of(lead.get(address(school, "Safeguarding")), pages)
    own["permission"].remove("admin")
    own["view_students"] = []
    refused = send(lead, address(school, "Safeguarding"), own, status=422)
    assert "only user group with key holders" in pages.errors(refused)
    assert "admin" in permissions_of(school, school.groups["Safeguarding"])
    assert rights_of(school, "Safeguarding", "Medical") == (True, True, True)
    assert pages.ticked(refused, "view_students") == set(), "what was ticked is kept"
    assert lead.get("/admin").status_int == 200


def test_a_deactivated_administrator_does_not_count(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-04: key holders who are deactivated cannot give the administration back."""
    lead = web(school, "lead")
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["admin"])).deactivated_at = utc_now()
    own = fields_of(lead.get(address(school, "Safeguarding")), pages)
    own["permission"].remove("admin")
    assert "only user group" in pages.errors(send(lead, address(school, "Safeguarding"), own, status=422))


def test_those_who_take_it_from_themselves_land_on_the_dashboard(
    school: SchoolForTests, web: Any, pages: Any
) -> None:
    """USR-04: allowed while others have it; the next request of the administration finds nothing."""
    lead = web(school, "lead")
    own = fields_of(lead.get(address(school, "Safeguarding")), pages)
    own["permission"].remove("admin")
    done = send(lead, address(school, "Safeguarding"), own, status=303)
    assert done.location == f"http://{school.host}/?said=saved"
    lead.get("/admin", status=404)


def test_a_colleagues_change_is_not_overwritten(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-04: who saves a page that was changed meanwhile is told, and sees what is stored now."""
    lead, admin = web(school, "lead"), web(school, "admin")
    mine = fields_of(lead.get(address(school, "Teachers")), pages)
    theirs = fields_of(admin.get(address(school, "Teachers")), pages)
    medical = str(school.categories["Medical"])
    theirs["add_incidents"].remove(medical)
    send(admin, address(school, "Teachers"), theirs, status=303)
    mine["permission"].append("reports:run")
    refused = send(lead, address(school, "Teachers"), mine, status=422)
    assert "Somebody else changed this user group" in pages.errors(refused)
    assert medical not in pages.ticked(refused, "add_incidents")
    assert rights_of(school, "Teachers", "Medical") == (False, False, False)
    again = fields_of(refused, pages)
    again["permission"].append("reports:run")
    send(lead, address(school, "Teachers"), again, status=303)
    assert "reports:run" in permissions_of(school, school.groups["Teachers"])
    assert rights_of(school, "Teachers", "Medical") == (False, False, False)


def test_permissions_of_modules(school: SchoolForTests, notes_web: Any, pages: Any) -> None:
    """USR-04: a module that is on adds its permissions to the same screen; those of a module that is off are
    not shown, cannot be given, and are kept."""
    lead = notes_web(school, "lead")
    teachers = address(school, "Teachers")
    assert "Write sticky notes" not in lead.get(teachers).text
    off = fields_of(lead.get(teachers), pages)
    assert send(lead, teachers, {**off, "permission": ["notes:write"]}, status=422)

    lead.submit("/admin/modules/notes", {"enabled": "yes"})
    assert "Somebody else changed" in pages.errors(send(lead, teachers, off, status=422)), (
        "the page did not show the permission, so its missing tick says nothing"
    )
    on = fields_of(lead.get(teachers), pages)
    assert "Write sticky notes" in pages.text(lead.get(teachers))
    on["permission"].append("notes:write")
    send(lead, teachers, on, status=303)
    assert "notes:write" in permissions_of(school, school.groups["Teachers"])

    lead.submit("/admin/modules/notes", {"enabled": "no"})
    off = fields_of(lead.get(teachers), pages)
    off["permission"].append("reports:run")
    send(lead, teachers, off, status=303)
    assert permissions_of(school, school.groups["Teachers"]) >= {"notes:write", "reports:run"}


def test_the_pages_cost_the_same_for_sixty_categories(
    school: SchoolForTests, web: Any, pages: Any, statements: Any
) -> None:
    """USR-04: neither showing nor saving asks the database more often for more categories."""
    lead, teachers = web(school, "lead"), address(school, "Teachers")
    lead.get(teachers)

    def save() -> None:
        fields = fields_of(lead.get(teachers), pages)
        boxes = lead.get(teachers).html.select('input[name="view_students"]')
        every = sorted(str(box["value"]) for box in boxes)
        fields["view_students"] = [] if fields["view_students"] else every
        send(lead, teachers, fields, status=303)

    few = (
        statements(lambda: lead.get(teachers)),
        statements(lambda: lead.get("/admin/groups")),
        statements(save),
    )
    save()
    with school.app.transaction(school.id) as db:
        for number in range(56):
            add_category(
                db, f"Category {number}", parent=school.categories["Medical"] if number % 2 else None
            )
        for number in range(20):
            add_group(db, f"Group {number}", ("students:list",), {})
    many = (
        statements(lambda: lead.get(teachers)),
        statements(lambda: lead.get("/admin/groups")),
        statements(save),
    )
    assert len(lead.get(teachers).html.select(".matrix tbody tr")) == 61
    assert many == few
    assert few[0] <= 20 and few[1] <= 16
