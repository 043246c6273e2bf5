"""Custom fields on the forms that staff fill in: the five kinds, categories, editing, deleting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from custom_fields import chronology, options, shown

from cpoms_core.incidents.models import Incident
from cpoms_core.testing.browsing import Web, form_with

ALL = [
    ("text", "by the gate", "by the gate", "by the gate"),
    ("multiline", "one\r\ntwo", "one\ntwo", "one\ntwo"),
    ("date", "2026-06-30", "2026-06-30", "Tue 30 Jun 2026"),
    ("moment", "2026-06-30T12:30", "2026-06-30T11:30:00+00:00", "Tue 30 Jun 2026, 12:30"),
]


@pytest.mark.parametrize(("kind", "typed", "stored", "read"), ALL, ids=[one[0] for one in ALL])
def test_each_kind_is_kept_and_shown_on_each_form(
    builder: Any, records: Any, kind: str, typed: str, stored: str, read: str
) -> None:
    """FRM-02, EDT-01: typed, stored, shown and edited again; a moment is stored in UTC."""
    names = {form: builder.field("Where", kind, form) for form in ("incident", "action", "student")}
    for form in names:
        builder.publish(form)
    incident = records.add(**{names["incident"]: typed})
    action = records.act(incident, **{names["action"]: typed})
    student = f"/students/{builder.school.students['aoife']}"
    form = form_with(records.lead.get(f"{student}/edit"), names["student"])
    form[names["student"]] = typed
    form.submit(status=303)
    assert records.kept() == [("Where", stored, 1), ("Where", stored, 1), ("Where", stored, 2)]
    assert shown(chronology(records)) == [("Where", read)] * 2
    assert shown(records.lead.get(student)) == [("Where", read)]
    for path, name in (
        (f"/incidents/{incident.id}/edit", "incident"),
        (f"/actions/{action.id}/edit", "action"),
        (f"{student}/edit", "student"),
    ):
        form = form_with(records.lead.get(path), names[name])
        assert form[names[name]].value.replace("\r\n", "\n").strip() == typed.replace("\r\n", "\n")
        form[names[name]] = ""
        assert form.submit().status_int in (302, 303)
    assert records.kept() == [] and len(records.kept(ended=True)) == 3


def test_a_dropdown(builder: Any, records: Any) -> None:
    """FRM-02: enforced, and of several options; a text that is no option is refused."""
    one = builder.field("Where", "dropdown", options=["Hall", "Yard"], required="y")
    several = builder.field("Weather", "dropdown", options=["Rain", "Wind", "Sun"], many="y")
    builder.publish()
    known, more = options(builder.school, one), options(builder.school, several)
    page = records.add(status=422)
    assert "Choose an option." in page.html.select_one(f"#{one}-error").get_text()
    records.add(status=422, **{one: "Hall"})
    records.add(status=422, **{one: known["Hall"], several: [more["Rain"], known["Yard"]]})
    records.add(who="teacher", **{one: known["Hall"], several: [more["Rain"], more["Sun"]]})
    assert sorted(records.kept()) == [("Weather", "Rain", 1), ("Weather", "Sun", 1), ("Where", "Hall", 1)]
    assert shown(chronology(records)) == [("Where", "Hall"), ("Weather", "Rain, Sun")]


@pytest.mark.parametrize(
    ("kind", "typed"),
    [("text", "x" * 1_001), ("date", "1899-12-31"), ("date", "x"), ("moment", "2200-01-01T00:00")],
)
def test_what_no_field_takes_is_refused(builder: Any, records: Any, kind: str, typed: str) -> None:
    """FRM-02: too long, or of no year that calendars know; the form keeps what was typed."""
    name = builder.field("Where", kind)
    builder.publish()
    page = records.add(status=422, **{name: typed})
    assert page.html.select_one(f"#{name}-error")
    assert page.html.select_one(f"#{name}")["value"] == typed


def test_a_field_for_some_categories(builder: Any, records: Any, web: Web) -> None:
    """FRM-02: it comes up with one of them; without one it is not asked for and not kept, and a category that
    is taken off takes the value along, which the history keeps."""
    name = builder.field("Where", "dropdown", options=["Hall"], required="y", categories=["Medical"])
    builder.publish()
    hall = options(builder.school, name)["Hall"]
    part = records.lead.get("/incidents/add").html.select_one("[data-only-for]")
    assert part["data-only-for"] == str(builder.school.categories["Medical"])
    records.add("Behaviour", **{name: hall})
    assert records.kept() == []
    records.add("Medical", status=422)
    incident = records.add("Medical", "Behaviour", **{name: hall})
    assert records.kept() == [("Where", "Hall", 1)]
    form = form_with(records.lead.get(f"/incidents/{incident.id}/edit"), name)
    medical = str(builder.school.categories["Medical"])
    (box,) = [one for one in form.fields["categories"] if one.id.endswith(medical)]
    box.checked = False
    form.submit(status=302)
    assert records.kept() == [] and records.kept(ended=True) == [("Where", "Hall", 1)]
    assert builder.field("Where", "text", "student", categories=["Medical"])
    builder.publish("student")
    assert "data-only-for" not in records.lead.get(f"/students/{builder.school.students['aoife']}/edit").text


def test_a_renamed_option_keeps_its_history(builder: Any, records: Any) -> None:
    """FRM-03: what had it shows the new name, the history keeps the old; an option that was removed stays on
    what had it, and can be kept there by editing, but not be chosen anew."""
    name = builder.field("Where", "dropdown", options=["Hall", "Yard"])
    builder.publish()
    known = options(builder.school, name)
    hall, yard = records.add(**{name: known["Hall"]}), records.add(**{name: known["Yard"]})
    path = builder.path(name)
    builder.field("Where", "dropdown", path=path, options=[(known["Hall"], "Great hall")])
    assert shown(chronology(records)) == [("Where", "Yard"), ("Where", "Hall")]
    builder.publish()
    assert options(builder.school, name) == {"Great hall": known["Hall"], "Yard": known["Yard"]}
    assert shown(chronology(records)) == [("Where", "Yard"), ("Where", "Great hall")]
    assert records.kept()[0] == ("Where", "Hall", 1)
    offered = records.lead.get("/incidents/add").html.select(f"#{name} option")
    assert [one.get_text() for one in offered] == ["Not chosen", "Great hall"]
    records.add(status=422, **{name: known["Yard"]})
    form = form_with(records.lead.get(f"/incidents/{yard.id}/edit"), name)
    assert form[name].value == known["Yard"]
    form["text"] = "Another word."
    form.submit(status=302)
    assert shown(chronology(records))[0] == ("Where", "Yard")
    assert hall.id != yard.id


def test_a_deleted_field_keeps_its_values(builder: Any, records: Any) -> None:
    """FRM-03: marked as a former field where it was put in, read-only when that is edited, gone elsewhere;
    brought back, it is as before."""
    name = builder.field("Where")
    builder.publish()
    incident = records.add(**{name: "by the gate"})
    builder.do(name, "delete")
    assert name in [one["name"] for one in records.lead.get("/incidents/add").html.select("[name]")]
    builder.publish()
    assert name not in records.lead.get("/incidents/add").text
    assert shown(chronology(records)) == [("Where (former field)", "by the gate")]
    path = f"/incidents/{incident.id}/edit"
    page = records.lead.get(path)
    assert "by the gate" in page.html.select_one("[id^=formbuilder-former_]").get_text()
    form = form_with(page, "text")
    form["text"] = "Another word."
    form.submit(status=302)
    assert records.kept() == [("Where", "by the gate", 1)]
    builder.do(name, "back")
    builder.publish()
    assert form_with(records.lead.get(path), name)[name].value == "by the gate"


def test_a_restored_version_has_its_values(builder: Any, records: Any) -> None:
    """EDT-01, FRM-03: what was put in with the version comes back, as a further version."""
    name = builder.field("Where")
    builder.publish()
    incident = records.add(**{name: "by the gate"})
    form = form_with(records.lead.get(f"/incidents/{incident.id}/edit"), name)
    form[name] = "in the hall"
    form.submit(status=302)
    assert records.kept() == [("Where", "in the hall", 2)]
    history = records.lead.get(f"/incidents/{incident.id}/history")
    restores = [one for one in history.forms.values() if "restore" in (one.action or "")]
    restores[-1].submit().maybe_follow()
    assert records.kept() == [("Where", "by the gate", 3)]
    assert records.kept(ended=True) == [("Where", "by the gate", 1), ("Where", "in the hall", 2)]


def test_the_history_says_what_was_put_in(builder: Any, records: Any) -> None:
    """EDT-01, FRM-03, DSH-08: `field_words`: by the names of the fields and options, days as people write
    them, former fields too; names of children have stars where they are hidden."""
    names = {
        kind: builder.field(kind.title(), kind, options=["Hall", "Yard"] if kind == "dropdown" else [])
        for kind in ("dropdown", "text", "date", "moment")
    }
    builder.publish()
    known = options(builder.school, names["dropdown"])
    incident = records.add(**{names["text"]: "Chloë Martin-Smith", names["dropdown"]: known["Hall"]})
    form = form_with(records.lead.get(f"/incidents/{incident.id}/edit"), names["text"])
    for kind, value in (
        ("text", "her aunt"),
        ("dropdown", known["Yard"]),
        ("date", "2026-06-30"),
        ("moment", "2026-06-30T12:30"),
    ):
        form[names[kind]] = value
    form.submit(status=302)
    builder.do(names["text"], "delete")
    builder.publish()

    def history() -> str:
        return " ".join(records.lead.get(f"/incidents/{incident.id}/history").html.main.get_text(" ").split())

    page = history()
    for words in (
        "Hall",
        "Yard",
        "Chloë Martin-Smith",
        "her aunt",
        "Tue 30 Jun 2026",
        "Tue 30 Jun 2026, 12:30",
    ):
        assert words in page
    assert known["Hall"] not in page and "Dropdown" in page and "2026-06-30" not in page
    records.lead.submit("/session/names", {"hidden": "yes", "next": "/"}, status=303)
    assert "Martin" not in history() and "her aunt" in history()


def test_the_history_of_a_student_says_what_was_put_in(
    builder: Any, records: Any, switch: Callable[[bool], None]
) -> None:
    """FRM-03, STU-03, DSH-08, MOD-01: Edit information, in the student's History: in words, with stars where
    names are hidden, while the module is on; a version that another part began goes on with it."""
    text = builder.field("Walks with", form="student")
    choice = builder.field("House", "dropdown", "student", options=["Red", "Blue"])
    builder.publish("student")
    known = options(builder.school, choice)
    student = f"/students/{builder.school.students['aoife']}"

    def fill(**values: str) -> None:
        form = form_with(records.lead.get(f"{student}/edit"), text)
        for name, value in values.items():
            form[name] = value
        form.submit(status=303)

    def history() -> list[tuple[str, list[str]]]:
        rows = records.lead.get(f"{student}/history").html.select("#versions .facts > div")
        return [
            (row.dt.get_text(), [" ".join(one.get_text().split()) for one in row.select("dd")])
            for row in rows
        ]

    fill(**{text: "Chloë Martin-Smith", choice: known["Red"]})
    fill(summary="Another part.")
    fill(**{choice: known["Blue"]})
    first = {("Walks with", "Chloë Martin-Smith"), ("House", "Red")}
    told = history()
    assert told[:2] == [("House", ["Blue", "before: Red"]), ("Summary", ["Another part.", "before: nothing"])]
    assert {(label, lines[0]) for label, lines in told[2:]} == first
    records.lead.submit("/session/names", {"hidden": "yes", "next": "/"}, status=303)
    assert "Martin" not in str(history()) and "Walks with" in str(history())
    switch(False)
    assert [label for label, _lines in history()] == ["Summary"]


def test_an_edit_while_it_is_off_loses_nothing(
    builder: Any, records: Any, switch: Callable[[bool], None]
) -> None:
    """MOD-01, FRM-03: off, no trace; what was put in is there again when it is on."""
    name = builder.field("Where")
    builder.publish()
    incident = records.add(**{name: "by the gate"})
    switch(False)
    assert shown(chronology(records)) == []
    form = form_with(records.lead.get(f"/incidents/{incident.id}/edit"), "text")
    form["text"] = "Another word."
    form.submit(status=302)
    switch(True)
    assert shown(chronology(records)) == [("Where", "by the gate")]


def test_names_are_hidden_in_what_was_put_in(builder: Any, records: Any) -> None:
    """DSH-08, FRM-02: a child's name in a custom field has stars where names are hidden."""
    name = builder.field("People involved")
    builder.publish()
    records.add(**{name: "Chloë Martin-Smith and her aunt"})
    records.lead.submit("/session/names", {"hidden": "yes", "next": "/"}, status=303)
    ((_label, text),) = shown(chronology(records))
    assert "Martin" not in text and "aunt" in text
    assert records.newest(Incident)
