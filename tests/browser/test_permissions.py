"""Who sees what and who is told: matrix, dual lists, class restrictions, automatic alerts, the reasons."""

from __future__ import annotations

import uuid
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from cpoms_core.access.models import AlertGroup, AlertGroupMember, ClassAccess, GroupCategory, NewClass
from cpoms_core.access.users import create_user
from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.services.class_access import switch_restriction
from cpoms_core.alerts.services import add_automatic
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.students.models import StudentGroup
from cpoms_core.tenancy.services import add_category
from cpoms_core.testing.schools import SchoolForTests

# In one look, and when the scrolling has come to rest: the column's head is in sight, above the tick.
HEAD_ABOVE = """index => {
    const head = document.querySelector("th[data-column=view_incidents]").getBoundingClientRect();
    const tick = document.querySelectorAll(".matrix tbody input")[index].getBoundingClientRect();
    return head.top >= 0 && head.top <= tick.top && tick.bottom <= innerHeight;
}"""


def members(school: SchoolForTests, name: str) -> set[uuid.UUID]:
    with school.app.session(school.id, writes=False) as db:
        joined = AlertGroup.id == AlertGroupMember.group_id
        query = select(AlertGroupMember.user_id).join(AlertGroup, joined).where(AlertGroup.name == name)
        return set(db.scalars(query))


def class_id(school: SchoolForTests, name: str) -> uuid.UUID:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(StudentGroup.id).where(StudentGroup.name == name)).one()


def add_people(school: SchoolForTests, count: int) -> None:
    with school.app.transaction(school.id) as db:
        for number in range(count):
            create_user(
                db, email=f"person{number}@{school.slug}.example", forename="Petra",
                surname=f"Person{number:02}", group_id=school.groups["Teachers"], now=utc_now(),
            )  # fmt: skip


def options(page: Any, name: str) -> list[str]:
    return [one.strip() for one in page.get_by_label(name).locator("option").all_inner_texts()]


def test_an_alert_group_is_made_with_two_lists(school: SchoolForTests, desk: Any) -> None:
    """USR-06: the filter finds by user-group name, the double arrow moves all that are shown; a user group
    moves its present members; single ones by arrow, double click and Enter."""
    add_people(school, 3)
    lead = desk("lead")
    page = lead.open("/admin/alert-groups/new")
    page.get_by_label("Name (required)").fill("All teachers")
    page.get_by_label("Filter by name or user group: Not in this alert group").fill("téachers")
    assert options(page, "Not in this alert group (")[0] == "Everyone in Teachers (5)"
    page.get_by_role("button", name="Add all shown").click()
    expect(page.get_by_text("5 added")).to_be_attached()
    expect(page.get_by_label("In this alert group (", exact=False).locator("option")).to_have_count(5)
    page.get_by_label("Filter by name or user group: Not in this alert group").fill("")
    left, right = page.locator("#members-out"), page.locator("#members-in")
    left.select_option(label="Everyone in Heads of year (1)")
    page.get_by_role("button", name="Add selected").click()
    left.locator("option", has_text="Lena Lead").dblclick()
    right.focus()
    right.select_option(label="Tariq Teacher (Teachers)")
    page.keyboard.press("Enter")
    expect(left.locator("option", has_text="Tariq")).to_have_count(1)
    lead.look("alert-group-lists")
    page.get_by_role("button", name="Add this alert group").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    found = members(school, "All teachers")
    assert len(found) == 6
    assert {school.users["head"], school.users["lead"], school.users["colleague"]} < found
    assert school.users["teacher"] not in found


def test_without_scripts_the_lists_are_ticks(
    school: SchoolForTests, desk: Any, chromium: Any, app: Any
) -> None:
    """USR-06, USR-09: every tick is there, by user group, and the form sends the same."""
    at = desk("lead")
    context = chromium.new_context(java_script_enabled=False, storage_state=at.context.storage_state())
    page = context.new_page()
    page.goto(at.address("/admin/alert-groups/new"))
    page.get_by_label("Name (required)").fill("By hand")
    page.get_by_label("Hugo Head").check()
    page.get_by_role("button", name="Add this alert group").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert members(school, "By hand") == {school.users["head"]}
    context.close()


def test_a_class_is_listed_and_restricted(school: SchoolForTests, desk: Any) -> None:
    """USR-09: a whole user group as such, by keyboard alone; the switch says what it does."""
    add_people(school, 20)
    lead = desk("lead")
    page = lead.open("/admin/classes")
    lead.look("classes-off")
    page.get_by_role("link", name="7A").click()
    page.get_by_label("Filter by name or user group: Not listed for 7A").focus()
    page.keyboard.type("heads of")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    right = page.get_by_label("May see the students of 7A (")
    assert [one.strip() for one in right.locator("option").all_inner_texts()] == [
        "All of Heads of year (1 user now)"
    ]
    page.get_by_label("Filter by name or user group: Not listed for 7A").fill("")
    page.get_by_role("button", name="Add all shown").focus()
    page.keyboard.press("Enter")
    assert right.locator("option").count() == 26, "25 users; whole user groups move by themselves only"
    page.get_by_role("button", name="Remove all shown").click()
    page.get_by_label("Filter by name or user group: Not listed for 7A").fill("heads")
    page.locator("#holders-out").select_option(label="All of Heads of year (1 user now)")
    page.get_by_role("button", name="Add selected").click()
    lead.look("class")
    page.get_by_role("button", name="Save who may see 7A").click()
    expect(page.get_by_text("all of Heads of year", exact=True)).to_be_visible()
    page.get_by_role("link", name="Restrict access by tutor group").click()
    expect(page.get_by_text("You are not listed for any tutor group.")).to_be_visible()
    lead.look("class-restrict")
    page.get_by_role("button", name="Restrict access by tutor group").click()
    expect(page.get_by_text("Restrictions are on: only who is listed")).to_be_visible()
    lead.look("classes-on")
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(ClassAccess.holder_id)).all() == [school.groups["Heads of year"]]


def test_the_notice_of_a_new_class(school: SchoolForTests, desk: Any) -> None:
    """USR-09: on the dashboard, with a link to the class."""
    with school.app.transaction(school.id) as db:
        switch_restriction(db, school.viewer("lead"), "tutor", on=True)
        group = class_id(school, "8B")
        db.add(NewClass(school_id=school.id, student_group_id=group, noticed_at=utc_now()))
    lead = desk("lead")
    page = lead.open("/")
    lead.look("dashboard-new-class")
    page.get_by_role("link", name="8B", exact=True).click()
    expect(page.get_by_role("heading", name="Who may see 8B")).to_be_visible()


def test_configured_people_appear_with_the_reason(school: SchoolForTests, desk: Any) -> None:
    """USR-07: the moment the student and then the category is chosen; taking them off the form's own list
    does not lose them; on the action form when it adds a category."""
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        add_automatic(db, lead, school.users["head"], category_id=school.categories["Behaviour"])
        add_automatic(db, lead, school.users["lead"], student_id=school.students["aoife"])
        add_automatic(db, lead, school.users["head"], category_id=school.categories["Attendance"])
    teacher = desk("lead")
    page = teacher.open("/incidents/add")
    page.get_by_role("combobox", name="Student", exact=False).first.focus()
    page.keyboard.type("aoif", delay=60)
    page.get_by_role("option", name="Aoife O'Connor").click()
    configured = page.locator("#configured")
    expect(configured).to_contain_text("Lena Lead for this student")
    page.get_by_label("Behaviour").check()
    expect(configured).to_contain_text("Hugo Head for Behaviour")
    page.get_by_role("combobox", name="Alert staff").focus()
    page.keyboard.type("Hugo", delay=60)
    page.get_by_role("listbox", name="Alert staff").get_by_role("option", name="Hugo Head").click()
    page.get_by_role("button", name="Remove Hugo Head").click()
    expect(page.get_by_role("button", name="Add incident and alert 2 people")).to_be_visible()
    expect(configured).to_contain_text("Hugo Head for Behaviour")
    page.get_by_label("Behaviour").uncheck()
    expect(configured).not_to_contain_text("Hugo Head")
    page.get_by_label("Behaviour").check()
    expect(configured).to_contain_text("Hugo Head")
    teacher.look("add-incident-configured")
    page.get_by_role("textbox", name="Incident").fill("A note.")
    page.get_by_role("button", name="Add incident and alert 2 people").click()
    expect(page.get_by_text("The incident is recorded")).to_be_visible()
    page.get_by_role("link", name="Add action to incident").click()
    expect(page.locator("#configured")).not_to_contain_text("Hugo Head")
    page.get_by_label("Attendance").check()
    expect(page.locator("#configured")).to_contain_text("Hugo Head for Attendance")
    expect(page.get_by_role("button", name="Add action and alert 1 person")).to_be_visible()
    teacher.look("add-action-configured")


def test_why_somebody_sees_an_incident(school: SchoolForTests, desk: Any) -> None:
    """USR-13: from the incident's Options to the answer."""
    with school.app.transaction(school.id) as db:
        categories = [school.categories["Behaviour"], school.categories["Child Protection"]]
        new = NewIncident(uuid.uuid4(), school.students["aoife"], "A note.", categories, utc_now())
        record_incident(db, school.viewer("lead"), new)
    lead = desk("lead")
    page = lead.open(f"/students/{school.students['aoife']}/incidents")
    page.get_by_text("Options for incident 1").click()
    page.get_by_role("link", name="Who sees this, and why").click()
    lead.look("why-empty")
    page.get_by_role("combobox", name="User").focus()
    page.keyboard.type("hugo", delay=60)
    page.get_by_role("option", name="Hugo Head (Heads of year)").click()
    page.get_by_role("button", name="Tell me why").click()
    expect(page.get_by_text("Hugo Head does not see incident 1.")).to_be_visible()
    assert page.url.endswith("/admin/why"), "no name and no number in the address"
    lead.look("why")
    page.get_by_label("Number of the incident").fill("77")
    page.get_by_role("button", name="Tell me why").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no incident of this number.")


def test_the_matrix_of_sixty_categories_by_keyboard(school: SchoolForTests, desk: Any) -> None:
    """USR-04: arrows go from tick to tick, Home and End to the ends; a whole row and a column at once; a
    link leads past it; the heads stay in sight; an error keeps every tick."""
    with school.app.transaction(school.id) as db:
        for number in range(28):
            parent = add_category(db, f"Concern {number:02}")
            add_category(db, f"Part of {number:02}", parent=parent)
    lead = desk("lead")
    page = lead.open("/admin/groups/new")
    ticks = page.locator(".matrix tbody input")
    ticks_in_all = ticks.count()
    assert ticks_in_all >= 60 * 3
    ticks.first.focus()
    keys = page.keyboard
    for key in ("Space", "ArrowDown", "ArrowRight", "Space", "ArrowDown", "End", "Space", "Home"):
        keys.press(key)
    expect(page.locator(".matrix tbody tr").nth(2).get_by_role("button")).to_be_focused()
    keys.press("Enter")
    keys.press("Control+End")
    expect(page.locator(".matrix tbody tr").last.get_by_role("button")).to_be_focused()
    keys.press("Control+Home")
    keys.press("ArrowUp")
    keys.press("ArrowRight")
    expect(ticks.first).to_be_focused()
    keys.press("ArrowUp")
    expect(page.locator("th[data-column=view_students] button")).to_be_focused()

    def ticked() -> list[int]:
        return [index for index in range(ticks_in_all) if ticks.nth(index).is_checked()]

    assert ticked() == [0, 4, 6, 7, 8]
    page.locator("th[data-column=add_incidents] button").click()
    assert len(ticked()) == 4 + ticks_in_all // 3
    for index in (100, 130):
        ticks.nth(index).focus()
        page.wait_for_function(HEAD_ABOVE, arg=index)
    before = ticked()
    page.get_by_label("Name (required)").fill("safeguarding")
    page.get_by_role("button", name="Add this user group").click()
    expect(page.get_by_text("already a user group of this name").first).to_be_visible()
    assert ticked() == before
    lead.look("matrix-60")
    page.get_by_role("link", name="Skip to system permissions").focus()
    keys.press("Enter")
    expect(page.get_by_role("heading", name="System permissions")).to_be_focused()
    keys.press("Tab")
    expect(page.locator(".permissions input").first).to_be_focused()
    page.get_by_label("Name (required)").fill("Sixty")
    page.get_by_role("button", name="Add this user group").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with school.app.session(school.id, writes=False) as db:
        new = GroupCategory.group_id.not_in(school.groups.values())
        stored = db.scalars(select(GroupCategory).where(new)).all()
    assert sum(row.add_incidents for row in stored) == ticks_in_all // 3
    given = [row.view_students + row.view_incidents + row.add_incidents for row in stored]
    assert sum(given) == len(before)
