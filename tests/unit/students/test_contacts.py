"""Contacts: those of the MIS, and the school's own beside them (STU-04)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students.contacts import ContactFacts, contacts_of, end_contact, save_contact
from cpoms_core.students.models import Contact, Student, StudentVersion
from cpoms_core.students.versions import ChangedMeanwhile
from cpoms_core.testing.records import as_imported
from cpoms_core.testing.schools import SchoolForTests

PRICE = ContactFacts(
    "  Petra   Price ",
    "Social worker",
    phones=["01632  960100", "", "01632 960100"],
    email=" petra@council.example ",
    address="Civic Centre\n\n  Seatown ",
)


def version(school: SchoolForTests) -> int:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(Student, (school.id, school.students["aoife"])).version


def save(school: SchoolForTests, facts: ContactFacts, who: str = "lead", **more: Any) -> uuid.UUID:
    seen = more.pop("seen", None) or version(school)
    with school.app.transaction(school.id) as db:
        return save_contact(db, school.viewer(who), school.students["aoife"], facts, seen=seen, **more).id


def end(school: SchoolForTests, contact_id: uuid.UUID, *, ended: bool, who: str = "lead") -> None:
    with school.app.transaction(school.id) as db:
        end_contact(db, school.viewer(who), contact_id, ended=ended, seen=version(school))


def shown(school: SchoolForTests, who: str = "lead") -> list[Any]:
    with school.app.session(school.id, writes=False) as db:
        return contacts_of(db, school.viewer(who), school.students["aoife"])


def versions(school: SchoolForTests) -> list[dict[str, Any]]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(StudentVersion.content).order_by(StudentVersion.version)))


def test_the_miss_come_by_priority_and_the_schools_own_beside_them(school: SchoolForTests) -> None:
    """STU-04: with relationship, parental responsibility, phones, e-mail and address; those without a
    priority last."""
    as_imported(school)
    save(school, PRICE)
    save(school, ContactFacts("Dr Who", "Family doctor", priority=1))
    assert [one.name for one in shown(school)] == [
        "Maeve O'Connor", "Dr Who", "Declan O'Connor", "Petra Price",
    ]  # fmt: skip
    mother, _doctor, father, price = shown(school)
    assert (mother.relationship, mother.priority, mother.parental_responsibility) == ("Mother", 1, True)
    assert mother.from_mis and father.parental_responsibility is None
    assert (price.phones, price.email) == (["01632 960100"], "petra@council.example")
    assert price.address == ["Civic Centre", "Seatown"] and not price.from_mis


def test_each_change_is_a_version(school: SchoolForTests) -> None:
    """STU-04: what it was stays readable, and an end is no deletion."""
    made = save(school, PRICE)
    save(school, ContactFacts("Petra Price-Smith"), contact_id=made)
    end(school, made, ended=True)
    kept = [content["contacts"][0] for content in versions(school)]
    assert [one["name"] for one in kept] == ["Petra Price", "Petra Price-Smith", "Petra Price-Smith"]
    assert [one["ended"] is None for one in kept] == [True, True, False]
    assert kept[0]["phones"] == ["01632 960100"] and kept[1]["phones"] == []
    assert [(one.name, one.ended) for one in shown(school)] == [("Petra Price-Smith", True)]
    end(school, made, ended=False)
    assert [one.ended for one in shown(school)] == [False]


def test_the_second_of_two_is_told(school: SchoolForTests) -> None:
    """STU-04, STU-03: nothing of the second is kept."""
    made = save(school, PRICE)
    seen = version(school)
    save(school, ContactFacts("The lead's"), contact_id=made, seen=seen)
    with pytest.raises(ChangedMeanwhile):
        save(school, ContactFacts("The head's"), "head", contact_id=made, seen=seen)
    assert [one.name for one in shown(school)] == ["The lead's"]


def test_those_of_the_mis_are_not_changed_here(school: SchoolForTests) -> None:
    """STU-04: they come anew with every import."""
    as_imported(school)
    mother = shown(school)[0].id
    with pytest.raises(NothingThere):
        save(school, PRICE, contact_id=mother)
    with pytest.raises(NothingThere):
        end(school, mother, ended=True)
    assert versions(school) == []


def test_who_may(school: SchoolForTests) -> None:
    """STU-04: read with the record, changed by who may edit it; not through another student's form."""
    made = save(school, PRICE)
    assert len(shown(school, "head")) == 1
    assert shown(school, "admin") == shown(school, "teacher") == []
    for who in ("admin", "teacher"):
        with pytest.raises(NothingThere):
            save(school, PRICE, who)
        with pytest.raises(NothingThere):
            end(school, made, ended=True, who=who)


def test_a_contact_is_not_moved_to_another_student(school: SchoolForTests) -> None:
    """STU-04: a form of one record cannot change the contact of another."""
    made = save(school, PRICE)
    with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
        save_contact(db, school.viewer("lead"), school.students["björn"], PRICE, seen=1, contact_id=made)
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Contact, (school.id, made)).student_id == school.students["aoife"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (ContactFacts(" "), "name"),
        (ContactFacts("x" * 201), "name"),
        (ContactFacts("x", "y" * 81), "relationship"),
        (ContactFacts("x", email="petra at council"), "email"),
        (ContactFacts("x", address="y" * 501), "address"),
        (ContactFacts("x", priority=0), "priority"),
        (ContactFacts("x", phones=[str(n) for n in range(7)]), "phones"),
        (ContactFacts("x", phones=["1" * 41]), "phones"),
    ],
)
def test_what_cannot_be_is_refused(school: SchoolForTests, facts: ContactFacts, field: str) -> None:
    """STU-04: beside its field, and nothing is kept."""
    with pytest.raises(Refused) as refused:
        save(school, facts)
    assert refused.value.field == field and versions(school) == []
