"""The part of each student in an incident (INC-15)."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.incidents.filters import ChronologyFilter
from cpoms_core.incidents.models import Incident, IncidentPart, IncidentStudent, IncidentVersion
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.printing.queries import Chosen, lengths
from cpoms_core.tenancy.starting import PARTS, open_school
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.schools import SchoolForTests


def list_parts(school: SchoolForTests) -> dict[str, uuid.UUID]:
    with school.app.transaction(school.id) as db:
        return {name: plant_part(db, name).id for name in PARTS}


def stored(school: SchoolForTests) -> dict[uuid.UUID, uuid.UUID | None]:
    with school.app.session(school.id, writes=False) as db:
        return {row.student_id: row.part_id for row in db.scalars(select(IncidentStudent))}


def test_nothing_is_said_until_somebody_chooses(school: SchoolForTests, web: Any) -> None:
    """INC-15: "Not said" by default, for the student and for each linked one."""
    list_parts(school)
    teacher = web(school, "teacher")
    page = teacher.get("/incidents/add").html
    options = page.select("#student_part option")
    assert [option.get_text() for option in options] == ["Not said", *PARTS]
    assert not any(option.has_attr("selected") for option in options[1:])
    chloe = str(school.students["chloe"])
    linked = teacher.submit("/incidents/add/linked", {"linked": chloe}).html
    (choice,) = linked.select('select[name="linked_part"]')
    assert not choice.select("option[selected]")
    teacher.submit("/incidents/add", typed_incident(school, linked=chloe), status=302)
    assert set(stored(school).values()) == {None}


def test_each_has_a_part_of_their_own_shown_beside_the_name(school: SchoolForTests, web: Any) -> None:
    """INC-15, INC-13: on each record their own part and those of the others; kept in the version."""
    parts = list_parts(school)
    chloe, bjorn = school.students["chloe"], school.students["björn"]
    lead = web(school, "lead")
    lead.submit(
        "/incidents/add",
        typed_incident(
            school,
            student_part=str(parts["Harmed"]),
            linked=[str(chloe), str(bjorn)],
            linked_part=[f"{chloe}:{parts['Alleged to have harmed']}", ""],
        ),
        status=302,
    )
    assert stored(school) == {
        school.students["aoife"]: parts["Harmed"],
        chloe: parts["Alleged to have harmed"],
        bjorn: None,
    }

    def facts(student: str) -> str:
        page = lead.get(f"/students/{school.students[student]}/incidents").html
        return str(page.select_one(".incident-facts").get_text(" ", strip=True)).replace(" ,", ",")

    assert "Part Harmed" in facts("aoife")
    assert "With Björn Ångström, Chloë Martin-Smith (Alleged to have harmed)" in facts("aoife")
    assert "Part Alleged to have harmed About Aoife O'Connor (Harmed) With Björn Ångström" in facts("chloe")
    assert "Part" not in facts("björn")
    with school.app.session(school.id, writes=False) as db:
        content = db.scalars(select(IncidentVersion)).one().content
    assert content["part"] == str(parts["Harmed"])
    assert {one["student"]: one["part"] for one in content["linked"]} == {
        str(chloe): str(parts["Alleged to have harmed"]),
        str(bjorn): None,
    }


def test_a_record_is_narrowed_to_the_students_own_part(school: SchoolForTests, web: Any) -> None:
    """INC-15, INC-14: offered as far as they had one; the part of another in the same incident is not
    theirs. The print of what is shown follows."""
    parts, chloe = list_parts(school), str(school.students["chloe"])
    lead, at = web(school, "lead"), f"/students/{school.students['aoife']}/incidents"
    lead.submit("/incidents/add", typed_incident(school), status=302)
    assert not lead.get(f"{at}?filter=open").html.select("#filter-part")
    both = {"linked": chloe, "linked_part": f"{chloe}:{parts['Harmed']}"}
    for text, own in (("In the yard.", "Alleged to have harmed"), ("At lunch.", "Witness")):
        more = {"text": text, "student_part": str(parts[own]), **both}
        lead.submit("/incidents/add", typed_incident(school, **more), status=302)
    offered = lead.get(f"{at}?filter=open").html.select("#filter-part option")
    assert [one.get_text() for one in offered] == ["Any part", "Alleged to have harmed", "Witness"]

    def found(part: str) -> list[str]:
        page = lead.submit(at, {"part": str(parts[part])})
        return [one.get_text(strip=True) for one in page.html.select(".incident-body > .incident-text")]

    assert found("Witness") == ["At lunch."] and found("Harmed") == []
    with school.app.session(school.id, writes=False) as db:
        only = ChronologyFilter(part_id=parts["Witness"])
        chosen = Chosen(school.students["aoife"], only)
        (printed,) = lengths(db, school.viewer("lead"), chosen)
        assert db.get_one(Incident, (school.id, printed.id)).text == "At lunch."


def test_an_edit_changes_a_part_and_its_history_says_so(school: SchoolForTests, web: Any) -> None:
    """INC-15, EDT-01: a part that was disabled since can stay; each student's is changed on its own."""
    parts, chloe = list_parts(school), str(school.students["chloe"])
    lead = web(school, "lead")
    both = {"linked": chloe, "linked_part": f"{chloe}:{parts['Witness']}"}
    lead.submit(
        "/incidents/add", typed_incident(school, student_part=str(parts["Sibling"]), **both), status=302
    )
    with school.app.transaction(school.id) as db:
        db.get_one(IncidentPart, (school.id, parts["Sibling"])).disabled_at = utc_now()
        incident = db.scalars(select(Incident)).one()
    page = lead.get(f"/incidents/{incident.id}/edit")
    assert page.html.select_one("#student_part option[selected]").get_text() == "Sibling"
    assert page.html.select_one(f"#part-{chloe} option[selected]").get_text() == "Witness"
    form = next(one for one in page.forms.values() if "student_part" in one.fields)
    form["linked_part"] = f"{chloe}:{parts['Harmed']}"
    form.submit(status=302)
    assert stored(school) == {school.students["aoife"]: parts["Sibling"], uuid.UUID(chloe): parts["Harmed"]}
    history = lead.get(f"/incidents/{incident.id}/history").html.get_text(" ", strip=True)
    assert "Harmed" in history and "Witness" in history


def test_what_was_chosen_stays_when_another_is_linked(school: SchoolForTests, web: Any) -> None:
    """INC-04, INC-15: the ticks and parts of those already there are sent along and come back."""
    parts = list_parts(school)
    chloe, bjorn = str(school.students["chloe"]), str(school.students["björn"])
    page = web(school, "teacher").get("/incidents/add").html
    sent = page.select_one("#linked-students")["hx-params"].split(",")
    assert {"linked", "linked_monitor", "linked_share", "linked_part"} <= set(sent)
    again = web(school, "teacher").submit(
        "/incidents/add/linked",
        {
            "linked": [chloe, bjorn],
            "linked_monitor": chloe,
            "linked_share": bjorn,
            "linked_part": f"{bjorn}:{parts['Witness']}",
        },
    )
    assert again.html.select_one(f"#monitor-{chloe}").has_attr("checked")
    assert again.html.select_one(f"#share-{bjorn}").has_attr("checked")
    assert again.html.select_one(f"#part-{bjorn} [selected]").get_text() == "Witness"
    assert not again.html.select(f"#part-{chloe} [selected]")


def test_a_part_disabled_meanwhile_is_told_and_nothing_is_lost(school: SchoolForTests, web: Any) -> None:
    """INC-15: and one of another school is none at all."""
    parts = list_parts(school)
    with school.app.transaction(school.id) as db:
        db.get_one(IncidentPart, (school.id, parts["Witness"])).disabled_at = utc_now()
    teacher = web(school, "teacher")
    assert "Witness" not in [o.get_text() for o in teacher.get("/incidents/add").html.select("option")]
    for gone in (str(parts["Witness"]), str(uuid.uuid4())):
        page = teacher.submit("/incidents/add", typed_incident(school, student_part=gone), status=422)
        assert "can no longer be chosen" in page.html.select_one("#student_part-error").get_text()
        assert "A note." in page.html.select_one("#text").get_text()
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Incident)).all() == []


def names(page: Any) -> list[str]:
    return [box["value"] for box in page.html.select('.part-rows input[name="name"]')]


def test_administrators_keep_the_list(school: SchoolForTests, web: Any) -> None:
    """INC-15: add, rename, order, disable, enable; the form follows."""
    parts = list_parts(school)
    admin, teacher = web(school, "admin"), web(school, "teacher")
    at = "/admin/incident-parts"
    added = admin.submit(at, {"name": "  Bystander "}, status=303).follow()
    assert names(added) == [*PARTS, "Bystander"]
    witness = f"{at}/{parts['Witness']}"
    admin.submit(witness, {"deed": "up", "name": "Witness"}, status=303)
    admin.submit(witness, {"deed": "rename", "name": "Saw it"}, status=303)
    assert names(admin.get(at)) == ["Harmed", "Saw it", "Alleged to have harmed", "Sibling", "Bystander"]
    admin.submit(f"{at}/{parts['Sibling']}", {"deed": "disable"}, status=303)
    offered = [o.get_text() for o in teacher.get("/incidents/add").html.select("#student_part option")]
    assert offered == ["Not said", "Harmed", "Saw it", "Alleged to have harmed", "Bystander"]
    admin.submit(f"{at}/{parts['Sibling']}", {"deed": "enable"}, status=303)
    assert "Sibling" in teacher.get("/incidents/add").html.select_one("#student_part").get_text()


def test_a_part_needs_a_name_of_its_own(school: SchoolForTests, web: Any) -> None:
    """INC-15: an empty, an equal and an endless one are refused, and the list stays."""
    parts = list_parts(school)
    admin = web(school, "admin")
    wrong = (("", "Give the part a name"), ("harmed", "already a part"), ("x" * 121, "at most 120"))
    for name, says in wrong:
        refused = admin.submit("/admin/incident-parts", {"name": name}, status=422)
        assert says in refused.html.select_one(".errors").get_text()
        admin.submit(f"/admin/incident-parts/{parts['Witness']}", {"name": name}, status=422)
    assert names(admin.get("/admin/incident-parts")) == list(PARTS)


def test_a_new_school_starts_with_parts(app: Application) -> None:
    """INC-15: harmed, alleged to have harmed, witness, sibling."""
    made = open_school(app, f"new-{secrets.token_hex(4)}", "New School", now=utc_now())
    with app.session(made.id, writes=False) as db:
        listed = db.scalars(select(IncidentPart.name).order_by(IncidentPart.weight)).all()
    assert tuple(listed) == PARTS
