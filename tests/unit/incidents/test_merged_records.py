"""On whose record what is, and in whose vault, once incidents are merged, and split again (EDT-04, EDT-05,
INC-04, ACT-01, USR-12.6): nothing comes on a record that was not told of, and nothing leaves one."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.incidents import chronology, merge_gains, versions
from cpoms_core.incidents.filters import ChronologyFilter
from cpoms_core.incidents.models import (
    Action,
    ActionStudent,
    ActionVersion,
    Incident,
    IncidentCategory,
    IncidentStudent,
    IncidentVersion,
)
from cpoms_core.incidents.services import (
    ActionEdit,
    Addition,
    IncidentEdit,
    Linked,
    Merge,
    Split,
    add_to_incident,
    edit_action,
    edit_incident,
    merge_incident,
    plan_merge,
    show_on_linked,
    split_action,
)
from cpoms_core.incidents.services.record_places import follow_match
from cpoms_core.incidents.services.taking_back import going_along, leaving
from cpoms_core.students import matching
from cpoms_core.students.typed_in import TypedStudent, add_typed_in
from cpoms_core.testing.schools import SchoolForTests

Records = dict[str, tuple[set[str], set[str]]]


def records(school: SchoolForTests) -> Records:
    """Of each student: the texts on their record, and the files. The chronology, its filter by words and the
    vault must agree."""
    viewer, found = school.viewer("lead"), {}
    with school.app.session(school.id, writes=False) as db:
        for name, student in school.students.items():
            shown, _ = chronology.of_student(db, viewer, student)
            held: list[Any] = [part for one in shown for part in (one, *one.actions)]
            texts = {part.text for part in held}
            files = {file.name for part in held for file in part.files}
            living = policy.visible_documents(viewer), policy.in_vault_of(student)
            assert files == set(db.scalars(select(Document.name).where(*living))), name
            for word in school_words(db):
                asked, _ = chronology.of_student(db, viewer, student, only=ChronologyFilter(words=word))
                assert bool(asked) == (word in texts), (name, word)
            if texts or files:
                found[name] = (texts, files)
    return found


def school_words(db: Any) -> list[str]:
    return [*db.scalars(select(Incident.text)), *db.scalars(select(Action.text).distinct())]


def file(school: SchoolForTests, name: str) -> Any:
    with taken_in(school.app, school.viewer("lead"), [Upload(name, io.BytesIO(b"some words"))]) as documents:
        return documents


def now(school: SchoolForTests, row: Any) -> Any:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(type(row), (school.id, row.id))


def merge(school: SchoolForTests, incident: Incident, into: Incident) -> Action:
    merging = Merge(incident.id, now(school, incident).version, into.id, now(school, into).version)
    with school.app.transaction(school.id) as db:
        return merge_incident(db, school.viewer("lead"), merging)


def split(school: SchoolForTests, action: Action, *names: str) -> Incident:
    chosen = [school.categories[one] for one in names or ("Behaviour",)]
    splitting = Split(action.id, now(school, action).version, chosen)
    with school.app.transaction(school.id) as db:
        return split_action(db, school.viewer("lead"), splitting)


def on(school: SchoolForTests, incident: Incident) -> tuple[dict[str, bool], set[str]]:
    """The students of an incident with whether they are linked ones, and its categories."""
    names = {one: name for name, one in (school.students | school.categories).items()}
    with school.app.session(school.id, writes=False) as db:
        students = db.scalars(select(IncidentStudent).where(IncidentStudent.incident_id == incident.id)).all()
        of_it = IncidentCategory.incident_id == incident.id
        categories = db.scalars(select(IncidentCategory.category_id).where(of_it)).all()
    return {names[row.student_id]: row.linked for row in students}, {names[one] for one in categories}


@pytest.fixture
def theirs(school: SchoolForTests, record: Any, follow_up: Any) -> Any:
    """An incident with files, an action that its linked student is kept off, and one that is shared with her.
    `about`: its student, None for the whole school."""

    def make(name: str, about: str | None, *linked: str, share: bool = False) -> Incident:
        students = school.students
        made: Incident = record(
            text=name,
            student_id=students[about] if about else None,
            linked=[Linked(students[one], share_documents=share) for one in linked],
            documents=file(school, f"{name}.txt"),
        )
        follow_up(made, text=f"{name}-private", documents=file(school, f"{name}-private.txt"))
        ticks = {"on_linked": True, "share_documents": True}
        follow_up(made, text=f"{name}-shared", documents=file(school, f"{name}-shared.txt"), **ticks)
        return made

    return make


def parts(name: str, *which: str) -> set[str]:
    return {name if one == "itself" else f"{name}-{one}" for one in which}


ALL = ("itself", "private", "shared")


def files(texts: set[str]) -> set[str]:
    return {f"{one}.txt" for one in texts}


# --- merging ---------------------------------------------------------------------------------------------


def test_ticks_stay_whoever_the_incident_is_about(school: SchoolForTests, theirs: Any) -> None:
    """EDT-04, INC-04: Aoife's, linked with Chloë without files, into Björn's: Aoife keeps hers whole, Chloë
    what was shared with her, Björn has it all; of Björn's own they get what it says, no file, no action."""
    incident, into = theirs("one", "aoife", "chloe"), theirs("two", "björn")
    before = records(school)
    assert before["chloe"] == ({"one", "one-shared"}, {"one-shared.txt"})
    merge(school, incident, into)
    assert records(school) == {
        "aoife": (before["aoife"][0] | {"two"}, before["aoife"][1]),
        "chloe": (before["chloe"][0] | {"two"}, before["chloe"][1]),
        "björn": tuple(a | b for a, b in zip(before["björn"], before["aoife"], strict=True)),
    }


def test_who_is_linked_to_the_other_gets_nothing(school: SchoolForTests, theirs: Any) -> None:
    """EDT-04: not even what was shared with those who were linked to the merged one."""
    incident, into = theirs("one", "aoife"), theirs("two", "björn", "chloe", share=True)
    before = records(school)
    merge(school, incident, into)
    after = records(school)
    assert after["chloe"] == before["chloe"]
    assert after["aoife"] == (before["aoife"][0] | {"two"}, before["aoife"][1])


@pytest.mark.parametrize("share", [False, True])
def test_of_the_whole_schools_everybody_keeps_their_ticks(
    school: SchoolForTests, theirs: Any, share: bool
) -> None:
    """EDT-04: into a student's; and a student's into the whole school's."""
    incident, into = theirs("one", None, "chloe", share=share), theirs("two", "aoife")
    before = records(school)
    merge(school, incident, into)
    after = records(school)
    assert after["chloe"] == (before["chloe"][0] | {"two"}, before["chloe"][1])
    assert after["aoife"][0] == parts("one", *ALL) | parts("two", *ALL)
    other = theirs("three", None, "björn", share=share)
    before = records(school)
    merge(school, into, other)
    after = records(school)
    assert after["björn"] == before["björn"]
    for name in ("aoife", "chloe"):
        assert after[name] == (before[name][0] | {"three"}, before[name][1])


def test_linked_to_both_has_what_both_shared(school: SchoolForTests, theirs: Any) -> None:
    """EDT-04, INC-04."""
    incident, into = theirs("one", "aoife", "chloe", share=True), theirs("two", "aoife", "chloe")
    before = records(school)
    merge(school, incident, into)
    assert records(school) == before


def test_subjects_that_are_linked_to_each_others(school: SchoolForTests, theirs: Any) -> None:
    """EDT-04: the subject of the other one has everything; the former subject loses nothing."""
    incident, into = theirs("one", "aoife", "björn"), theirs("two", "björn", "aoife")
    before = records(school)
    merge(school, incident, into)
    after = records(school)
    assert after["aoife"] == before["aoife"]
    assert after["björn"][0] == parts("one", *ALL) | parts("two", *ALL)


def test_ticks_stay_when_it_is_merged_again(school: SchoolForTests, theirs: Any) -> None:
    """EDT-04: one into two, two into three."""
    first, second = theirs("one", "aoife", "chloe"), theirs("two", "björn", "chloe")
    third = theirs("three", "björn")
    merge(school, first, second)
    before = records(school)
    merge(school, second, third)
    after = records(school)
    for name in ("aoife", "chloe"):
        assert after[name] == (before[name][0] | {"three"}, before[name][1]), name


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("aoife", "chloe"), ("björn",)),
        (("aoife",), ("björn", "chloe")),
        (("aoife", "björn"), ("björn", "aoife")),
        (("aoife", "chloe"), ("aoife",)),
        ((None, "chloe"), ("aoife",)),
        ((None, "aoife"), ("aoife", "chloe")),
        (("aoife",), (None, "chloe")),
    ],
)
def test_the_preview_says_what_comes_on_whose_record(
    school: SchoolForTests, theirs: Any, one: Any, two: Any
) -> None:
    """EDT-04: no more and no less."""
    incident, into = theirs("one", *one), theirs("two", *two)
    before = records(school)
    names = {student: name for name, student in school.students.items()}
    with school.app.session(school.id, writes=False) as db:
        plan = plan_merge(db, now(school, incident), now(school, into))
        first = chronology.one(db, school.viewer("lead"), incident.id)
        gains = merge_gains.of_subject(db, plan, first)
    told: Records = {names[row.student_id]: ({"two"}, set()) for row in plan.students}
    if gains:
        texts = {"one"} if gains.text else set()
        texts |= {gained.action.text for gained in gains.actions if gained.text}
        gained_files = {*gains.files, *(name for gained in gains.actions for name in gained.files)}
        told[two[0]] = (texts, gained_files)
    merge(school, incident, into)
    came: Records = {}
    for name, (texts, held) in records(school).items():
        had = before.get(name, (set(), set()))
        assert had[0] <= texts and had[1] <= held, name
        if texts - had[0] or held - had[1]:
            came[name] = (texts - had[0], held - had[1])
    assert came == told


def test_history_says_on_whose_records_it_stays(school: SchoolForTests, theirs: Any) -> None:
    """EDT-01, EDT-04: of an action that came along, and of one that is kept off who was linked by it."""
    incident, into = theirs("one", "aoife"), theirs("two", "björn")
    merge(school, incident, into)
    said = {}
    with school.app.session(school.id, writes=False) as db:
        for action in db.scalars(select(Action)):
            newest = versions.of_action(db, school.viewer("lead"), action.id).versions[0]
            said[action.text] = (newest.words, [line.now for line in newest.lines])
    assert said["one-private"] == ("Came with incident 1, merged", ["Aoife O'Connor (with files)"])
    assert said["one-shared"] == ("Came with incident 1, merged", [])
    assert said["two-private"] == ("Recorded", [])
    assert said["two-shared"] == (
        "Kept off the records of students linked by merging incident 1",
        ["not on that of Aoife O'Connor"],
    )


def test_whoever_ticks_it_later_means_every_linked_student(school: SchoolForTests, theirs: Any) -> None:
    """ACT-01, ACT-02: "Add to linked incidents" is offered where it is kept off somebody, and puts it on."""
    incident, into = theirs("one", "aoife"), theirs("two", "björn")
    merge(school, incident, into)
    before = records(school)
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        shown = {part.text: part for part in chronology.one(db, viewer, into.id).actions}
    assert not shown["two-shared"].on_linked
    with school.app.transaction(school.id) as db:
        show_on_linked(db, viewer, shown["two-shared"].id, share_documents=True)
    edited = now(school, db_action(school, "two-private"))
    with school.app.transaction(school.id) as db:
        edit_action(
            db, viewer,
            ActionEdit(edited.id, edited.version, edited.text, edited.occurred_at, on_linked=True),
        )  # fmt: skip
    after = records(school)
    assert after["aoife"][0] - before["aoife"][0] == {"two-shared", "two-private"}
    assert after["aoife"][1] - before["aoife"][1] == {"two-shared.txt"}
    with school.app.session(school.id, writes=False) as db:
        shown = {part.text: part for part in chronology.one(db, viewer, into.id).actions}
    assert shown["two-shared"].on_linked
    for text in ("two-shared", "two-private"):
        ticked = now(school, db_action(school, text))
        unticked = ActionEdit(ticked.id, ticked.version, ticked.text, ticked.occurred_at)
        with school.app.transaction(school.id) as db:
            edit_action(db, viewer, unticked)
    assert records(school)["aoife"] == before["aoife"], "a tick that is taken away again leaves nothing"


def test_her_own_incident_stays_on_her_record_whatever_is_ticked(school: SchoolForTests, theirs: Any) -> None:
    """EDT-04, ACT-02: Aoife's own is put on Chloë's record without its files, and taken off again."""
    incident, into = theirs("one", "aoife"), theirs("two", "björn", "chloe")
    action = merge(school, incident, into)
    before, viewer = records(school), school.viewer("lead")
    with school.app.transaction(school.id) as db:
        show_on_linked(db, viewer, action.id, share_documents=False)
    after = records(school)
    assert after["chloe"] == (before["chloe"][0] | {"one"}, before["chloe"][1])
    assert after["aoife"] == before["aoife"]
    with school.app.transaction(school.id) as db:
        show_on_linked(db, viewer, action.id, share_documents=True)
    assert records(school)["chloe"] == (before["chloe"][0] | {"one"}, before["chloe"][1] | {"one.txt"})
    ticked = now(school, action)
    unticked = ActionEdit(ticked.id, ticked.version, ticked.text, ticked.occurred_at)
    with school.app.transaction(school.id) as db:
        edit_action(db, viewer, unticked)
    assert records(school) == before


def db_action(school: SchoolForTests, text: str) -> Action:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(Action).where(Action.text == text)).one()


def test_an_action_that_came_along_is_split_off_on_the_records_it_was_on(
    school: SchoolForTests, theirs: Any
) -> None:
    """EDT-05: about the other's student, linked with the former subject, and with nobody else."""
    incident, into = theirs("one", "aoife", "björn"), theirs("two", "björn", "chloe")
    merge(school, incident, into)
    before = records(school)
    made = split(school, db_action(school, "one-private"))
    assert on(school, made)[0] == {"björn": False, "aoife": True}
    assert records(school) == before


def test_places_follow_who_is_matched_with_the_register(school: SchoolForTests, theirs: Any) -> None:
    """INC-02, EDT-04: as another record's; and where both are linked, what was on either is on the one."""
    incident, into = theirs("one", "aoife"), theirs("two", None, "chloe")
    merge(school, incident, into)
    shared = db_action(school, "two-shared").id
    first, second, third = (school.students[name] for name in ("aoife", "björn", "chloe"))

    def said() -> dict[Any, Any]:
        with school.app.session(school.id, writes=False) as db:
            return {(one.action_id, one.student_id): one.shown for one in db.scalars(select(ActionStudent))}

    before = said()
    with school.app.transaction(school.id) as db:
        follow_match(db, first, second, [])
    of_first = {action: shown for (action, student), shown in before.items() if student == first}
    assert {action: shown for (action, student), shown in said().items() if student == second} == of_first
    assert of_first[shared] is False and first not in {student for _, student in said()}
    with school.app.transaction(school.id) as db:
        follow_match(db, second, third, [into.id])
    assert (shared, third) not in said(), "it is on the record of the third by its ticks, and stays there"
    assert said()[db_action(school, "one-private").id, third] is True


def test_a_match_leaves_other_incidents_of_the_child_alone(school: SchoolForTests, theirs: Any) -> None:
    """INC-02, EDT-01: what is said of the register's child of actions on incidents that the one who was typed
    in is not on stays, and no version says that they changed."""
    merge(school, theirs("one", "aoife"), theirs("two", "björn"))
    with school.app.transaction(school.id) as db:
        typed = add_typed_in(db, school.viewer("teacher"), TypedStudent("Oonagh", "Byrne", None)).id
    school.students["oonagh"] = typed
    theirs("three", "oonagh")

    def said() -> tuple[Any, ...]:
        with school.app.session(school.id, writes=False) as db:
            places = {(one.action_id, one.student_id, one.shown) for one in db.scalars(select(ActionStudent))}
            return places, {one.text: one.version for one in db.scalars(select(Action))}

    before = said()
    assert before[0]
    with school.app.transaction(school.id) as db:
        matching.match(db, school.viewer("lead"), typed, school.students["aoife"])
    assert said() == before


# --- splitting what was merged ---------------------------------------------------------------------------


def test_a_merge_by_a_wrong_number_is_undone(school: SchoolForTests, theirs: Any) -> None:
    """EDT-05: every record is as before, and so are the categories of the other incident, which say who
    sees it."""
    incident, into = theirs("one", "aoife", "chloe"), theirs("two", "björn")
    before, was = records(school), (on(school, incident), on(school, into))
    with school.app.session(school.id, writes=False) as db:
        ticks = {one.text: (one.on_linked, one.share_documents) for one in db.scalars(select(Action))}
    action = merge(school, incident, into)
    split(school, action)
    assert records(school) == before
    assert (on(school, incident), on(school, into)) == was
    with school.app.session(school.id, writes=False) as db:
        for one in db.scalars(select(Action).where(Action.deleted_at.is_(None))):
            assert (one.on_linked, one.share_documents) == ticks[one.text]
        newest = versions.of_incident(db, school.viewer("lead"), into.id).versions[0]
    assert newest.words == "Action split off as incident 1"
    assert [(line.label, line.now) for line in newest.lines] == [("Linked students", "none")]


def test_categories_that_it_brought_leave_again(school: SchoolForTests, record: Any) -> None:
    """EDT-05: Medical came with the merge, and says who sees the other incident."""
    incident = record(category_ids=[school.categories["Medical"]])
    into = record(student_id=school.students["björn"])
    split(school, merge(school, incident, into), "Medical")
    assert on(school, into) == ({"björn": False}, {"Behaviour"})
    assert on(school, incident) == ({"aoife": False}, {"Medical"})


def test_what_a_person_gave_since_stays(school: SchoolForTests, record: Any, follow_up: Any) -> None:
    """EDT-05: an action that chose the category, and who was added once more."""
    medical = [school.categories["Medical"]]
    incident, into = record(category_ids=medical), record(student_id=school.students["björn"])
    action = merge(school, incident, into)
    follow_up(into, category_ids=medical)
    added = Addition(into.id, linked=[Linked(school.students["aoife"])])
    with school.app.transaction(school.id) as db:
        add_to_incident(db, school.viewer("lead"), added)
    split(school, action, "Medical")
    assert on(school, into) == ({"björn": False, "aoife": True}, {"Behaviour", "Medical"})


def test_what_another_merge_gave_as_well_stays_until_that_is_undone(
    school: SchoolForTests, record: Any
) -> None:
    """EDT-05: two incidents about Aoife in Medical, both merged into Björn's, split off in either order."""
    for order in ((0, 1), (1, 0)):
        into = record(student_id=school.students["björn"])
        chloes = {"student_id": school.students["chloe"], "linked": [Linked(school.students["aoife"])]}
        merged = [
            merge(school, record(category_ids=[school.categories["Medical"]], **more), into)
            for more in ({}, chloes)
        ]
        split(school, merged[order[0]], "Medical")
        students, categories = on(school, into)
        assert "aoife" in students and categories == {"Behaviour", "Medical"}
        split(school, merged[order[1]], "Medical")
        assert on(school, into) == ({"björn": False}, {"Behaviour"})


@pytest.mark.parametrize("first_off", ["inner", "outer"])
def test_merged_twice_is_undone_in_either_order(school: SchoolForTests, theirs: Any, first_off: str) -> None:
    """EDT-05: one into two, two into three."""
    first, second, third = theirs("one", "aoife"), theirs("two", "björn"), theirs("three", "chloe")
    before = records(school)
    inner = merge(school, first, second)
    outer = merge(school, second, third)
    order = (inner, outer) if first_off == "inner" else (outer, inner)
    for action in order:
        split(school, action)
    assert records(school) == before
    for incident, who in ((first, "aoife"), (second, "björn"), (third, "chloe")):
        assert on(school, incident) == ({who: False}, {"Behaviour"})


def edit(school: SchoolForTests, incident: Incident, *names: str, **changes: Any) -> None:
    """An editor gives it these categories, or leaves those that it has; `changes`: fields of IncidentEdit."""
    was = now(school, incident)
    wanted = [school.categories[one] for one in names or sorted(on(school, incident)[1])]
    with school.app.transaction(school.id) as db:
        typed = IncidentEdit(was.id, was.version, was.text, was.occurred_at, wanted, **changes)
        edit_incident(db, school.viewer("lead"), typed)


def unlinked_by(school: SchoolForTests, action: Action) -> list[str]:
    """Whom the preview of splitting an action off names as leaving."""
    names = {one: name for name, one in school.students.items()}
    with school.app.session(school.id, writes=False) as db:
        row = now(school, action)
        incident = db.get_one(Incident, (school.id, row.incident_id))
        return [names[one] for one in leaving(db, incident, going_along(db, row)).students]


@pytest.mark.parametrize("ticks", [(True, False), (False, True)], ids=["monitor", "share documents"])
@pytest.mark.parametrize("first_off", ["inner", "outer"])
def test_whom_an_editor_ticked_goes_where_the_merged_one_goes(
    school: SchoolForTests, record: Any, first_off: str, ticks: tuple[bool, bool]
) -> None:
    """EDT-05: one into two, where an editor ticks something for Chloë, who came with one: she is two's from
    then on. Two into three by a wrong number: she comes and leaves with two, whenever one is split off."""
    chloe = school.students["chloe"]
    about = {name: school.students[name] for name in ("aoife", "björn")}
    first = record(text="one", student_id=about["björn"], linked=[Linked(chloe)])
    second, third = record(text="two", student_id=about["björn"]), record(text="three")
    inner = merge(school, first, second)
    edit(school, second, ticks=[Linked(chloe, *ticks)])
    before = records(school)
    outer = merge(school, second, third)
    if first_off == "inner":
        assert unlinked_by(school, inner) == []
        split(school, inner)
        assert records(school)["chloe"][0] == {"one", "two", "three"}
    assert sorted(unlinked_by(school, outer)) == ["björn", "chloe"]
    split(school, outer)
    assert on(school, third)[0] == {"aoife": False}
    assert on(school, second)[0] == {"björn": False, "chloe": True}
    assert records(school) == before
    if first_off == "outer":
        split(school, inner)
        assert on(school, second)[0] == {"björn": False, "chloe": True}


def test_who_is_the_merged_ones_own_stays_when_another_that_gave_her_goes(
    school: SchoolForTests, record: Any
) -> None:
    """EDT-05: Chloë is on three by another merge already; two, on which an editor shared files with her,
    keeps her there when the other and one are split off."""
    linked = [Linked(school.students["chloe"])]
    first, other = (record(text=text, linked=linked) for text in ("one", "other"))
    second, third = record(text="two"), record(text="three")
    inner = merge(school, first, second)
    edit(school, second, ticks=[Linked(school.students["chloe"], share_documents=True)])
    others = merge(school, other, third)
    outer = merge(school, second, third)
    for action in (others, inner):
        split(school, action)
        assert "two" in records(school)["chloe"][0]
    split(school, outer)
    assert on(school, third)[0] == {"aoife": False}


def test_what_stays_by_another_merge_goes_with_that_which_it_came_from(
    school: SchoolForTests, record: Any
) -> None:
    """EDT-05: Chloë and Medical came to three with another first, and with one by way of two. When the other
    and one are split off, nothing of two's is left that either came with."""
    more = {"linked": [Linked(school.students["chloe"])], "category_ids": [school.categories["Medical"]]}
    second, third = record(text="two"), record(text="three")
    first, other = record(text="one", **more), record(text="other", **more)
    inner = merge(school, first, second)
    others = merge(school, other, third)
    merge(school, second, third)
    split(school, others, "Medical")
    assert on(school, third) == ({"aoife": False, "chloe": True}, {"Behaviour", "Medical"})
    split(school, inner, "Medical")
    assert on(school, third) == ({"aoife": False}, {"Behaviour"})


def _by_an_action(school: SchoolForTests, record: Any, follow_up: Any) -> tuple[str, Any]:
    """Two has an action that says Medical, which an editor took off it before one brought it once more."""
    second = record(text="two")
    follow_up(second, category_ids=[school.categories["Medical"]])
    edit(school, second, "Behaviour")
    return "Medical", (second, ())


def _by_what_is_below(school: SchoolForTests, record: Any, follow_up: Any) -> tuple[str, Any]:
    """One brings Behaviour, of which an editor of two chooses a part."""
    second = record(text="two", category_ids=[school.categories["Medical"]])
    return "Behaviour", (second, ("Medical", "Behaviour", "Bullying"))


def _by_being_the_only_one(school: SchoolForTests, record: Any, follow_up: Any) -> tuple[str, Any]:
    """An editor leaves two nothing but what one brought."""
    second = record(text="two", category_ids=[school.categories["Behaviour"]])
    return "Medical", (second, ("Medical",))


@pytest.mark.parametrize("first_off", ["inner", "outer"])
@pytest.mark.parametrize("made", [_by_an_action, _by_what_is_below, _by_being_the_only_one])
def test_a_category_that_became_the_merged_ones_own_comes_and_leaves_with_it(
    school: SchoolForTests, record: Any, follow_up: Any, made: Any, first_off: str
) -> None:
    """EDT-05: one, in that category, into two, which would keep it by now; two into three. It is three's as
    long as two is under it."""
    name, (second, chosen) = made(school, record, follow_up)
    first = record(text="one", category_ids=[school.categories[name]])
    third = record(text="three", category_ids=[school.categories["Attendance"]])
    inner = merge(school, first, second)
    if chosen:
        edit(school, second, *chosen)
    had = on(school, second)[1]
    outer = merge(school, second, third)
    if first_off == "inner":
        split(school, inner, name)
        assert on(school, third)[1] == {"Attendance"} | had
    split(school, outer, *had)
    assert on(school, third)[1] == {"Attendance"}
    if first_off == "outer":
        split(school, inner, name)
    assert on(school, second)[1] == had


def test_versions_of_what_is_undone_are_kept(school: SchoolForTests, theirs: Any) -> None:
    """EDT-01: each step is a version, of the actions too."""
    incident, into = theirs("one", "aoife"), theirs("two", "björn")
    split(school, merge(school, incident, into))
    with school.app.session(school.id, writes=False) as db:
        of_into = IncidentVersion.incident_id == into.id
        kept = db.scalars(select(IncidentVersion).where(of_into).order_by(IncidentVersion.version)).all()
        shared = db_action(school, "two-shared")
        of_action = ActionVersion.action_id == shared.id
        told = db.scalars(select(ActionVersion).where(of_action).order_by(ActionVersion.version)).all()
    assert [(one.kind, len(one.content["linked"])) for one in kept][-2:] == [("merged", 1), ("split", 0)]
    assert [(one.kind, len(one.content.get("places", []))) for one in told] == [
        ("created", 0),
        ("kept off", 1),
        ("merge undone", 0),
    ]
