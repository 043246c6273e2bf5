"""The pages of the Form builder: order, advice, custom fields, and giving them to staff."""

from __future__ import annotations

from typing import Any

import pytest
from cpoms_formbuilder.models import Layout
from sqlalchemy import delete, select

from cpoms_core.access.models import GroupCategory
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Category
from cpoms_core.testing.browsing import Web
from cpoms_core.testing.conformance import grant_everything, turn
from cpoms_core.testing.schools import SchoolForTests

FORMS = {"incident": "/incidents/add", "student": "/students/{aoife}/edit"}


def on_form(web: Web, school: SchoolForTests, path: str = "/incidents/add", who: str = "lead") -> list[str]:
    page = web(school, who).get(path)
    fields = page.html.select("form.form [name]")
    return list(dict.fromkeys(one["name"] for one in fields if one.get("type") != "hidden"))


def events(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(AuditEntry.event).order_by(AuditEntry.at))
        return [one for one in rows if one.startswith("formbuilder.") and one != "formbuilder.opened"]


def test_the_forms_are_in_the_administration(builder: Any, web: Web, school: SchoolForTests) -> None:
    """FRM-01: a tab; the three forms with the fields that they have, the student's companions not by
    themselves."""
    tabs = [one.get_text() for one in builder.lead.get("/admin").html.select("#admin-menu a")]
    assert "Form builder" in tabs
    page = builder.lead.get("/formbuilder/forms")
    assert [one.a.get_text() for one in page.html.select("#main .rows li, main .rows li")] == [
        "Incident form",
        "Action form",
        "Student form",
    ]
    assert builder.names()[:4] == ["student", "text", "categories", "linked"]
    assert "linked_actions" in builder.names("action")
    assert "keywords" in builder.names("student") and "link_kind" not in builder.names("student")
    for who in ("teacher", "head"):
        web(school, who).get("/formbuilder/forms", status=404)
    builder.lead.get("/formbuilder/forms/nothing", status=404)


@pytest.mark.parametrize("form", ["incident", "student"])
def test_nothing_shows_until_update_form(builder: Any, web: Web, school: SchoolForTests, form: str) -> None:
    """FRM-01: the order and the advice are the administrators' until "Update form"; then all have them."""
    path = FORMS[form].format(aoife=school.students["aoife"])
    before = on_form(web, school, path)
    names = builder.names(form)
    last, wanted = names[-1], [names[-1], *names[:-1]]
    builder.arrange(wanted, form, **{f"advice-{last}": "Ask the office first."})
    assert builder.names(form) == wanted
    assert on_form(web, school, path) == before
    assert "changes that staff do not see yet, last by Lena Lead" in builder.page(form).text
    builder.publish(form)
    page = builder.lead.get(path)
    assert on_form(web, school, path)[0] == last
    assert page.html.select_one(f"#{last}-advice").get_text() == "Ask the office first."
    assert "Staff have version 1." in builder.page(form).text
    assert events(school) == ["formbuilder.arranged", "formbuilder.published"]


def test_the_buttons_move_without_scripts(builder: Any) -> None:
    """FRM-01: Up and Down post and keep, a field at an end stays there."""
    names = builder.names()
    builder.arrange(names, deed=f"down:{names[0]}")
    assert builder.names()[:2] == [names[1], names[0]]
    builder.arrange(builder.names(), deed=f"up:{names[1]}")
    assert builder.names()[:2] == [names[1], names[0]]
    buttons = builder.page().html.select("li [name=deed]")
    assert buttons[0].get("disabled") is not None and buttons[-1].get("disabled") is not None


def test_two_administrators_at_once(builder: Any, school: SchoolForTests, web: Web) -> None:
    """FRM-01: the second is told by whom it was changed, keeps what they typed, and overwrites nothing unless
    they save again; a form that is thrown away is as staff have it."""
    names, seen = builder.names(), builder.revision()
    builder.arrange(names[::-1])
    page = builder.arrange(names, revision=seen, status=409, **{"advice-text": "Mine."})
    assert "Lena Lead changed this form" in " ".join(
        page.html.select_one(".notice-warning").get_text().split()
    )
    assert page.html.select_one("#advice-text").get_text() == "Mine."
    assert [one["value"] for one in page.html.select("[name=order]")] == names
    assert builder.names() == names[::-1]
    builder.field("Where", revision=seen, status=409)
    assert len(builder.names()) == len(names)
    builder.arrange(names, revision=page.html.select_one("[name=revision]")["value"])
    assert builder.names() == names
    builder.arrange(names[::-1], deed="drop")
    assert builder.names() == names and "As the product has it." in builder.page().text


@pytest.fixture
def with_planner(builder: Any, school: SchoolForTests) -> None:
    """The planner is on, too, and the lead may use it."""
    turn(school, "planner", True)
    grant_everything(school)


def test_an_administrator_arranges_what_others_are_given(
    builder: Any, with_planner: None, web: Web, school: SchoolForTests
) -> None:
    """FRM-01: one who may neither add files nor use the planner has these fields to order and advise, and
    leaves them where another put them."""
    first = ["planner-moment", "files"]
    builder.arrange([*first, *(one for one in builder.names() if one not in first)], deed="publish")
    lead, builder.lead = builder.lead, web(school, "admin")
    assert builder.names()[:2] == first
    advice = {"advice-text": "Be exact.", "advice-files": "No photos."}
    builder.arrange(builder.names(), deed="publish", **advice)
    assert on_form(web, school)[:2] == first
    assert lead.get("/incidents/add").html.select_one("#files-advice").get_text() == "No photos."


def test_what_is_off_while_a_form_is_updated_keeps_its_place(
    builder: Any, with_planner: None, web: Web, school: SchoolForTests
) -> None:
    """FRM-01, MOD-01: a module's fields are behind the one that they stood behind when it is on again."""
    names = builder.names()
    order = [
        "categories",
        "planner-moment",
        *(one for one in names if one not in ("categories", "planner-moment")),
    ]
    builder.arrange(order, deed="publish", **{"advice-planner-moment": "For yourself."})
    turn(school, "planner", False)
    names = builder.names()
    assert not [one for one in names if one.startswith("planner-")]
    builder.arrange([*names[1:3], names[0], *names[3:]])
    builder.field("Where")
    builder.publish()
    turn(school, "planner", True)
    for page in (builder.names(), on_form(web, school)):
        assert page.index("planner-moment") == page.index("categories") + 1 > 1
    advice = builder.lead.get("/incidents/add").html.select_one("#planner-moment-advice")
    assert advice.get_text() == "For yourself."


def test_a_field_that_is_brought_back_is_where_it_was(builder: Any) -> None:
    """FRM-03: as what is not there for a time."""
    name = builder.field("Where")
    names = builder.names()
    builder.arrange([name, *(one for one in names if one != name)], deed="publish")
    builder.do(name, "delete")
    builder.publish()
    assert name not in builder.names()
    builder.do(name, "back")
    assert builder.names()[0] == name


@pytest.mark.parametrize("groups_right", ["Administrators", "nothing else"])
def test_an_administrator_limits_a_field_to_any_category(
    builder: Any, web: Web, school: SchoolForTests, groups_right: str
) -> None:
    """FRM-02: also one whose user group administers the school and adds to no category; a category that is
    disabled is offered while it is chosen."""
    with school.app.transaction(school.id) as db:
        if groups_right == "nothing else":
            db.execute(delete(GroupCategory).where(GroupCategory.group_id == school.groups["Administrators"]))
    name = builder.field("Where", categories=["Medical", "Attendance"])
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Attendance"])).disabled_at = utc_now()
    builder.lead = web(school, "admin")

    def ticks() -> dict[str, bool]:
        found = builder.lead.get(builder.path(name)).html.select("[name=categories]")
        return {one["value"]: one.get("checked") is not None for one in found}

    known = {label: str(one) for label, one in school.categories.items()}
    chosen = {known["Medical"], known["Attendance"]}
    assert ticks() == {one: one in chosen for one in known.values()}
    builder.field("Where", path=builder.path(name), categories=["Behaviour"])
    offered = {one for label, one in known.items() if label != "Attendance"}
    assert ticks() == {one: one == known["Behaviour"] for one in offered}
    builder.field("Where", path=builder.path(name), categories=["Medical"])
    assert ticks()[known["Medical"]]


def test_every_version_is_kept(builder: Any, school: SchoolForTests) -> None:
    """FRM-01: who, when and what; a second Update without a change is none."""
    for label in ("Where", "Who"):
        builder.field(label)
        builder.publish()
        builder.publish()
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(Layout).order_by(Layout.version)).all()
    assert [row.version for row in rows] == [1, 2]
    assert [len(row.content["fields"]) for row in rows] == [1, 2]
    assert {row.made_by for row in rows} == {school.users["lead"]}
    assert builder.page().text.count("Lena Lead") >= 2


@pytest.mark.parametrize(
    ("label", "more", "error"),
    [
        ("", {}, "Give the field a name."),
        ("x" * 121, {}, "Use at most 120 characters."),
        ("Where", {"kind": "picture"}, "This cannot be chosen."),
        ("Where", {"kind": "dropdown"}, "Give at least one option to choose from."),
        ("Where", {"kind": "dropdown", "options": ["Hall", "hall "]}, "Two options have the same name."),
        ("Where", {"kind": "dropdown", "options": [str(n) for n in range(201)]}, "at most 200 options"),
        ("Where", {"advice": "x" * 1001}, "Use at most 1,000 characters"),
    ],
    ids=lambda one: str(one)[:16],
)
def test_a_field_that_cannot_be(builder: Any, label: str, more: dict[str, Any], error: str) -> None:
    """FRM-02: what is wrong is said, and nothing is kept."""
    before = builder.names()
    sent = {"csrf_token": builder.lead.csrf(), "label": label, "kind": "text", "revision": "0", **more}
    choices = sent.pop("options", [])
    listed = [*sent.items(), *(pair for one in choices for pair in (("option_id", ""), ("option", one)))]
    page = builder.lead.post("/formbuilder/forms/incident/fields/new", listed, status=422)
    assert error in page.html.select_one(".errors").get_text()
    assert builder.names() == before


def test_a_second_field_of_one_name_is_refused(builder: Any) -> None:
    """FRM-02: in any case of letters; the name is free again once the field is deleted."""
    name = builder.field("Where it was")
    builder.field("WHERE it was", status=422)
    builder.do(name, "delete")
    assert builder.field("WHERE it was")


def test_more_options_without_scripts(builder: Any) -> None:
    """FRM-02: "+ Add another option" keeps what was typed and gives further lines."""
    sent = {"csrf_token": builder.lead.csrf(), "label": "Where", "kind": "dropdown", "revision": "0"}
    listed = [*sent.items(), ("option_id", ""), ("option", "Hall"), ("deed", "more")]
    page = builder.lead.post("/formbuilder/forms/incident/fields/new", listed, status=200)
    assert [one["value"] for one in page.html.select("[name=option]")] == ["Hall", "", "", ""]
    assert page.html.select_one("#label")["value"] == "Where"


def test_a_field_is_opened_as_it_was_saved(builder: Any, school: SchoolForTests) -> None:
    """FRM-03: with its options and categories; its kind stays; a student's field has no categories."""
    more = {"options": ["Hall", "Yard"], "categories": ["Medical"], "required": "y", "advice": "Be exact."}
    name = builder.field("Where", "dropdown", **more)
    page = builder.lead.get(builder.path(name)).html
    assert page.select_one("#label")["value"] == "Where" and page.select("[name=kind]") == []
    assert [one["value"] for one in page.select("[name=option]")] == ["Hall", "Yard"]
    ticked = page.select("[name=categories][checked]")
    assert [one["value"] for one in ticked] == [str(school.categories["Medical"])]
    assert page.select_one("#required").get("checked") is not None
    assert page.select_one("#advice").get_text().strip() == "Be exact."
    page = builder.lead.get("/formbuilder/forms/student/fields/new").html
    assert page.select("[name=kind]") and not page.select("[name=categories]")
    own = builder.field("Known as", form="student")
    assert builder.lead.get(builder.path(own, "student")).html.select_one("#label")["value"] == "Known as"
    builder.lead.get(builder.path(own, "incident"), status=404)
