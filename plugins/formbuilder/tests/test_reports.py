"""Custom fields as filters, groupings and columns of a report."""

from __future__ import annotations

import subprocess
from typing import Any

from custom_fields import options

from cpoms_core.incidents.groupings import counts_by, groupings_of
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Merge, merge_incident
from cpoms_core.testing.browsing import Web, form_with
from cpoms_core.testing.schools import SchoolForTests


def asked(records: Any, of: str = "aoife", **fields: str) -> list[str]:
    path = f"/students/{records.school.students[of]}/incidents"
    page = records.lead.post(path, {"csrf_token": records.lead.csrf(), **fields}, status=200)
    return sorted(part.get_text(strip=True) for part in page.html.select(".incident-body > .incident-text"))


def words(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_fields_are_filters(builder: Any, records: Any) -> None:
    """FRM-04, INC-14: a dropdown by its options, a text by its words in any case, days and moments between
    two days of the school; those of an action find its incident."""
    place = builder.field("Where", "dropdown", options=["Hall", "Yard"])
    people = builder.field("People involved")
    day = builder.field("Meeting", "date")
    moment = builder.field("Seen", "moment")
    builder.publish()
    told = builder.field("Told", form="action")
    builder.publish("action")
    known = options(builder.school, place)
    records.add(text="One.", **{place: known["Hall"], people: "Her Aunt, 100% sure", day: "2026-03-02"})
    two = records.add(
        text="Two.", **{place: known["Yard"], people: "a neighbour", moment: "2026-06-30T00:30"}
    )
    records.act(two, **{told: "the nurse"})
    assert asked(records, **{place: known["Hall"]}) == ["One."]
    assert asked(records, **{people: "aunt"}) == ["One."]
    assert asked(records, **{people: "0%"}) == ["One."]
    assert asked(records, **{people: "_"}) == []
    assert asked(records, **{f"{day}_since": "2026-03-02", f"{day}_until": "2026-03-02"}) == ["One."]
    assert asked(records, **{f"{day}_since": "2026-03-03"}) == []
    june = {f"{moment}_since": "2026-06-30", f"{moment}_until": "2026-06-30"}
    assert asked(records, **june) == ["Two."]  # half past midnight in summer is the day before in UTC
    assert asked(records, **{f"{moment}_until": "2026-06-29"}) == []
    assert asked(records, **{told: "NURSE"}) == ["Two."]
    assert asked(records) == ["One.", "Two."]


def test_dropdowns_are_groupings(builder: Any, records: Any, school: SchoolForTests) -> None:
    """FRM-04, USR-12.3: counted by the names of now, an incident with several in each; only what the viewer
    may see."""
    name = builder.field("Where", "dropdown", options=["Hall", "Yard"], many="y")
    builder.publish()
    known = options(school, name)
    records.add(**{name: [known["Hall"], known["Yard"]]})
    records.add("Child Protection", **{name: known["Hall"]})
    again = [(known["Hall"], "Great hall"), (known["Yard"], "Yard")]
    builder.field("Where", "dropdown", path=builder.path(name), options=again, many="y")
    builder.publish()
    with school.app.session(school.id, writes=False) as db:
        lead, head = school.viewer("lead"), school.viewer("head")
        (grouping,) = groupings_of(db, lead)
        assert grouping.label == "Where"
        assert counts_by(db, lead, grouping) == [("Great hall", 2), ("Yard", 1)]
        assert counts_by(db, head, grouping) == [("Great hall", 1), ("Yard", 1)]


def test_groupings_follow_a_merge_and_count_actions(
    builder: Any, records: Any, school: SchoolForTests
) -> None:
    """FRM-04, EDT-04: an incident that became an action counts as the one that it went into; a dropdown of
    actions counts their incidents, once each."""
    where = builder.field("Where", "dropdown", options=["Hall", "Yard"])
    told = builder.field("Told", "dropdown", "action", options=["Nurse"])
    for form in ("incident", "action"):
        builder.publish(form)
    places, people = options(school, where), options(school, told)
    into, one = records.add(**{where: places["Hall"]}), records.add(**{where: places["Yard"]})
    for _ in range(2):
        records.act(into, **{told: people["Nurse"]})
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        version = db.get_one(Incident, (school.id, into.id)).version
        merge_incident(db, lead, Merge(one.id, 1, into.id, version))
        counted = {of.label: counts_by(db, lead, of) for of in groupings_of(db, lead)}
    assert counted == {"Where": [("Hall", 1), ("Yard", 1)], "Told (of an action)": [("Nurse", 1)]}


def test_an_action_that_a_linked_record_does_not_show_is_not_found(builder: Any, records: Any) -> None:
    """FRM-04, ACT-01: on the record of a linked student a filter finds no action that is not shown there."""
    told = builder.field("Told", form="action")
    builder.publish("action")
    chloe = str(builder.school.students["chloe"])
    records.act(records.add(text="One.", linked=chloe), **{told: "the nurse"})
    records.act(records.add(text="Two.", linked=chloe), linked_actions="show", **{told: "the nurse"})
    assert asked(records, **{told: "nurse"}) == ["One.", "Two."]
    assert asked(records, of="chloe", **{told: "nurse"}) == ["Two."]


def test_a_field_for_categories_that_one_may_not_know_is_not_named(
    builder: Any, records: Any, school: SchoolForTests
) -> None:
    """FRM-04, USR-12: neither among the filters nor the groupings nor the ticks."""
    for label, kind, category in (
        ("Harm", "dropdown", "Child Protection"),
        ("Place", "dropdown", "Behaviour"),
    ):
        builder.field(label, kind, options=["Hall"], categories=[category])
    builder.publish()

    def heard(who: str) -> list[set[str]]:
        hooks, viewer = school.app.hooks, school.viewer(who)
        with school.app.session(school.id, writes=False) as db:
            columns = {one.label for one in hooks.collect("report_columns", db, viewer)}
            asked = {one.field.args[0] for one in hooks.collect("report_filters", db, viewer)}
            return [columns, asked, {one.label for one in groupings_of(db, viewer)}]

    assert heard("lead") == [{"Harm", "Place"}] * 3
    assert heard("head") == [{"Place"}] * 3


def test_people_involved_is_left_out_of_a_report(builder: Any, records: Any, web: Web) -> None:
    """FRM-05: the recipe: people who are no students, in a multiline text with its advice; each in a report
    with it, and without it where its tick is taken away."""
    name = builder.field("People involved", "multiline", advice="Who else was there, and what they are.")
    builder.publish()
    page = web(builder.school, "teacher").get("/incidents/add")
    assert page.html.select_one(f"#{name}-advice").get_text() == "Who else was there, and what they are."
    told = builder.field("Told", form="action")
    known = builder.field("Known as", form="student")
    for form in ("action", "student"):
        builder.publish(form)
    records.act(records.add(**{name: "Mrs Gray, a neighbour"}), **{told: "the nurse"})
    student = f"/students/{builder.school.students['aoife']}"
    form = form_with(records.lead.get(f"{student}/edit"), known)
    form[known] = "Effie"
    form.submit(status=303)

    def report(*unticked: str) -> str:
        form = form_with(records.lead.get(f"{student}/report"), "order")
        form["incidents"] = True
        sent = [(key, one) for key, one in form.submit_fields() if one not in unticked]
        return words(records.lead.post(f"{student}/report", sent, status=200).body)

    lines = ("People involved: Mrs Gray, a neighbour", "Told: the nurse", "Known as: Effie")
    whole, less = report(), report(name)
    assert [line in whole for line in lines] == [True, True, True]
    assert [line in less for line in lines] == [False, True, True]
    assert not any(line in report(name, told, known) for line in lines)
    builder.do(name, "delete")
    builder.publish()
    assert lines[0] in report() and lines[0] not in report(name)
