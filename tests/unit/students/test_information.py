"""Edit information: what the school keeps on a student, each time a version, never an overwrite (STU-03)."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError

from cpoms_core.access.models import ClassAccess, ClassRestriction
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.tasks import sweep_files
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Agency, Category
from cpoms_core.students import queries
from cpoms_core.students.information import Information, save_information
from cpoms_core.students.links import links_of
from cpoms_core.students.models import Monitoring, Student, StudentGroup, StudentLink, StudentVersion
from cpoms_core.students.photos import photo_taken_in
from cpoms_core.students.queries import Search
from cpoms_core.students.versions import ChangedMeanwhile
from cpoms_core.testing.records import as_imported, picture, record
from cpoms_core.testing.schools import SchoolForTests


def save(school: SchoolForTests, who: str = "lead", student: str = "aoife", **facts: Any) -> Student:
    """Saves the form as it is opened now, with these fields."""
    with school.app.transaction(school.id) as db:
        student_id = school.students[student]
        seen = facts.pop("seen", db.get_one(Student, (school.id, student_id)).version)
        return save_information(db, school.viewer(who), student_id, Information(seen=seen, **facts))


def rows(school: SchoolForTests, statement: Any) -> Sequence[Any]:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(statement).all()


def versions(school: SchoolForTests, student: str = "aoife") -> list[StudentVersion]:
    of = StudentVersion.student_id == school.students[student]
    return list(rows(school, select(StudentVersion).where(of).order_by(StudentVersion.version)))


def links(school: SchoolForTests, student: str, viewer: Viewer | None = None) -> list[tuple[str, str, bool]]:
    with school.app.session(school.id, writes=False) as db:
        found = links_of(db, viewer or school.viewer("lead"), school.students[student])
        return [(one.name, one.kind, one.from_mis) for one in found]


def test_each_save_is_a_version(school: SchoolForTests) -> None:
    """STU-03: the earlier ones stay as they were, with who and when; nobody can change one."""
    save(school, summary="First.", keywords=["allergy"])
    save(school, "head", summary="Second.", agency_ids=[school.agencies["Police"]])
    first, second = versions(school)
    assert (first.version, second.version) == (2, 3)
    assert (first.content["summary"], first.content["keywords"]) == ("First.", ["allergy"])
    assert (second.content["summary"], second.content["keywords"]) == ("Second.", [])
    assert second.content["agencies"] == [str(school.agencies["Police"])]
    assert (first.made_by, second.made_by) == (school.users["lead"], school.users["head"])
    with pytest.raises(DatabaseError), school.app.transaction(school.id) as db:
        db.execute(
            update(StudentVersion)
            .where(StudentVersion.version == 2)
            .values(content={})
            .execution_options(synchronize_session=False)
        )


def test_the_second_of_two_is_told(school: SchoolForTests) -> None:
    """STU-03: who saved, and both versions; nothing of the second is kept."""
    save(school, summary="The lead's.", seen=1)
    with pytest.raises(ChangedMeanwhile) as told:
        save(school, "head", summary="The head's.", keywords=["x"], seen=1)
    meanwhile = told.value.meanwhile
    assert (meanwhile.by_name, meanwhile.version, meanwhile.parts) == ("Lena Lead", 2, ["summary"])
    assert (meanwhile.before["summary"], meanwhile.after["summary"]) == ("", "The lead's.")
    assert rows(school, select(Student.summary).where(Student.id == school.students["aoife"])) == [
        "The lead's."
    ]
    assert len(versions(school)) == 1


def test_who_may_edit(school: SchoolForTests) -> None:
    """STU-03: who may open the record and edit incidents; not without the key, not another school's."""
    for who in ("admin", "teacher"):
        with pytest.raises(NothingThere):
            save(school, who, summary="x")
    with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
        viewer = school.viewer("lead", elevated=False)
        save_information(db, viewer, school.students["aoife"], Information(seen=1))
    with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
        save_information(db, school.viewer("lead"), uuid.uuid4(), Information(seen=1))


def test_a_link_shows_on_both_records(school: SchoolForTests) -> None:
    """STU-03: each has a version of it; the MIS's sibling stays beside it, and it is taken off both."""
    as_imported(school, "aoife", "björn")
    save(school, link_ids=[school.students["björn"]], link_kind=" best  friend ")
    assert links(school, "aoife") == [
        ("Björn Ångström", "sibling", True),
        ("Björn Ångström", "best friend", False),
    ]
    assert links(school, "björn")[1] == ("Aoife O'Connor", "best friend", False)
    assert versions(school, "björn")[-1].content["links"] == [
        {"student": str(school.students["aoife"]), "kind": "best friend"}
    ]
    save(school, student="björn", unlinked=[school.students["aoife"]])
    assert links(school, "aoife") == [("Björn Ångström", "sibling", True)]
    assert versions(school)[-1].content["links"] == []
    assert len(versions(school)) == len(versions(school, "björn")) == 2


def test_a_link_is_named_anew(school: SchoolForTests) -> None:
    """STU-03: linking again with another word changes the word."""
    for kind in ("friend", "cousin"):
        save(school, link_ids=[school.students["björn"]], link_kind=kind)
    assert links(school, "björn") == [("Aoife O'Connor", "cousin", False)]


def test_a_linked_student_of_another_class_has_no_name(school: SchoolForTests) -> None:
    """STU-03, USR-12.3, USR-09: and can neither be linked nor taken off by who does not see them."""
    save(school, link_ids=[school.students["chloe"]], link_kind="friend")
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        own = db.scalars(select(StudentGroup.id).where(StudentGroup.name == "7A")).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=own, holder_id=school.users["head"]))
    head = school.viewer("head")
    assert links(school, "aoife", head) == [("another student", "friend", False)]
    chloe = [school.students["chloe"]]
    for change in ({"unlinked": chloe}, {"link_ids": chloe, "link_kind": "cousin"}):
        with pytest.raises(Refused):
            save(school, "head", **change)
    save(school, "head", summary="Something else.")
    assert len(rows(school, select(StudentLink.other_id))) == 2


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"summary": "x" * 1_001}, "summary"),
        ({"keywords": ["x" * 61]}, "keywords"),
        ({"keywords": [str(n) for n in range(41)]}, "keywords"),
        ({"agency_ids": [uuid.uuid4()]}, "agencies"),
        ({"link_ids": ["aoife"], "link_kind": "friend"}, "link_students"),
        ({"link_ids": ["björn"], "link_kind": " "}, "link_kind"),
        ({"link_ids": ["björn"], "link_kind": "x" * 41}, "link_kind"),
        ({"link_ids": [uuid.uuid4()], "link_kind": "friend"}, "link_students"),
        ({"alert": [uuid.uuid4()]}, "alerts"),
        ({"monitor": [uuid.uuid4()]}, "monitored"),
    ],
)
def test_what_cannot_be_is_refused(school: SchoolForTests, facts: dict[str, Any], field: str) -> None:
    """STU-03: beside its field, and nothing is kept."""
    facts = {
        name: [school.students.get(one, one) for one in value] if name == "link_ids" else value
        for name, value in facts.items()
    }
    with pytest.raises(Refused) as refused:
        save(school, **facts)
    assert refused.value.field == field
    assert versions(school) == []


def test_an_agency_that_was_disabled_stays_and_is_not_added(school: SchoolForTests) -> None:
    """STU-03: what was chosen is kept; nobody can choose it again."""
    police = school.agencies["Police"]
    save(school, agency_ids=[police])
    with school.app.transaction(school.id) as db:
        db.get_one(Agency, (school.id, police)).disabled_at = school.viewer("lead").now()
    save(school, agency_ids=[police], summary="Still.")
    assert versions(school)[-1].content["agencies"] == [str(police)]
    save(school, agency_ids=[])
    with pytest.raises(Refused):
        save(school, agency_ids=[police])


def found(school: SchoolForTests, who: str, words: str) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return [one.name for one in queries.search(db, school.viewer(who), Search(words=words))[0]]


def test_keywords_are_found_by_who_may_open_the_record(school: SchoolForTests) -> None:
    """STU-03, DSH-01: together with names, in any spelling; by nobody who may know only names."""
    save(school, keywords=["Wears  glasses", "wears glasses", "Café run", " "])
    assert versions(school)[-1].content["keywords"] == ["Wears glasses", "Café run"]
    for words in ("glasses", "GLASS aoife", "cafe"):
        assert found(school, "head", words) == ["Aoife O'Connor"], words
        assert found(school, "admin", words) == [], words  # lists students, opens no record
    with school.app.session(school.id, writes=False) as db:
        assert queries.choices(db, school.viewer("teacher"), "glasses") == []
        assert queries.seen_choices(db, school.viewer("admin"), "glasses") == []
    save(school, keywords=[])
    assert found(school, "head", "glasses") == []


def test_automatic_alerts_are_changes_against_what_was_shown(school: SchoolForTests) -> None:
    """STU-03, USR-07: what somebody else set meanwhile stays."""
    save(school, alert=[school.users["head"]])
    save(school, alert=[school.users["teacher"]], no_longer_alert=[school.users["head"]])
    save(school, alert=[school.users["colleague"]])
    told = select(AutomaticAlert.user_id).where(AutomaticAlert.student_id == school.students["aoife"])
    assert set(rows(school, told)) == {school.users["teacher"], school.users["colleague"]}
    events = rows(school, select(AuditEntry.event))
    assert events.count("automatic-alert.added") == 3 and events.count("automatic-alert.removed") == 1


def test_monitoring_begins_and_ends_with_its_history(school: SchoolForTests) -> None:
    """STU-03, STU-09: a sub-category begins with its parent; an end is a date, no row goes."""
    save(school, monitor=[school.categories["Bullying"]])
    save(school, no_longer_monitor=[school.categories["Behaviour"]])
    save(school, monitor=[school.categories["Behaviour"]])
    kept = rows(school, select(Monitoring).order_by(Monitoring.started_at, Monitoring.id))
    behaviour = [one for one in kept if one.category_id == school.categories["Behaviour"]]
    assert [one.ended_at is None for one in behaviour] == [False, True]
    assert behaviour[0].ended_by == school.users["lead"]
    assert [one.ended_at for one in kept if one.category_id == school.categories["Bullying"]] == [None]


def test_a_sub_category_is_monitored_without_a_disabled_parent(school: SchoolForTests) -> None:
    """STU-03, STU-09: the sub-category can be chosen on its own; nobody begins what is no longer used."""
    with school.app.transaction(school.id) as db:
        db.get_one(Category, (school.id, school.categories["Behaviour"])).disabled_at = utc_now()
    save(school, monitor=[school.categories["Bullying"]])
    assert rows(school, select(Monitoring.category_id)) == [school.categories["Bullying"]]


def test_monitoring_is_for_who_may_see_it(school: SchoolForTests) -> None:
    """STU-03, USR-12.5: the head of year can neither begin nor end Child Protection."""
    record(school, ["Child Protection"])
    protection = [school.categories["Child Protection"]]
    changes: tuple[dict[str, Any], ...] = ({"monitor": protection}, {"no_longer_monitor": protection})
    for change in changes:
        with pytest.raises(Refused):
            save(school, "head", **change)
    assert [one.ended_at for one in rows(school, select(Monitoring))] == [None]


def test_what_was_done_is_written_down(school: SchoolForTests) -> None:
    """STU-03, STU-08: the names of the parts, no content; on the linked student's audit too."""
    save(school, summary="Secret.", link_ids=[school.students["björn"]], link_kind="friend")
    (entry,) = rows(school, select(AuditEntry).where(AuditEntry.event == "student.edited"))
    assert entry.subjects == [str(school.students["aoife"]), str(school.students["björn"])]
    assert entry.details == {"version": 2, "parts": ["summary", "links"]}
    assert "Secret" not in str(entry.details)


def test_an_earlier_photo_is_kept(school: SchoolForTests) -> None:
    """STU-01, STU-03: the sweep removes neither the photo in use nor one that a version names."""
    for _ in range(2):
        with photo_taken_in(school.app, school.viewer("lead"), io.BytesIO(picture(size=(60, 80)))) as photo:
            save(school, photo_id=photo)
    save(school, remove_photo=True)
    first, second, third = (version.content["photo"] for version in versions(school))
    assert first != second and third is None
    later = school.viewer("lead").now() + dt.timedelta(days=3)
    for swept in sweep_files(school.app, school.id, later, even_many=True):
        assert swept.removed == 0
    place: Any = school.app.storage.place
    for photo_id in (first, second):
        assert place.path(school.id, uuid.UUID(photo_id)).exists()
