"""A print says everything that it was narrowed to: nobody takes a part for the whole (INC-14, INC-15)."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import pytest

from cpoms_core.incidents.filters import EVERYTHING, ChronologyFilter, FilterShape, ModuleFilter
from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.printing.opening import asked_in_words
from cpoms_core.printing.queries import Chosen
from cpoms_core.testing.schools import SchoolForTests

DAY = dt.date(2026, 9, 1)
HOW = frozenset({"student_id", "newest_first", "pinned_first"})
"""What of `Chosen` leaves nothing out."""


@pytest.fixture
def asked(school: SchoolForTests) -> dict[str, tuple[Any, str]]:
    """Every question of a filter, with something to ask and how the print says it."""
    with school.app.transaction(school.id) as db:
        witness = plant_part(db, "Witness").id
    module = ModuleFilter("body map", ("1",), "Body map: left arm")
    return {
        "words": ("lunch", "Only with the words: lunch."),
        "category_id": (school.categories["Medical"], "Only of the category: Medical."),
        "since": (DAY, "Only from 1 September 2026, by the date of the incident."),
        "until": (DAY, "Only to 1 September 2026, by the date of the incident."),
        "author_id": (school.users["lead"], "Only added by Lena Lead."),
        "part_id": (witness, "Only where the student’s part in it is: Witness."),
        "modules": ((module,), "Only with Body map: left arm."),
    }


def said(school: SchoolForTests, chosen: Chosen) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return list(asked_in_words(db, school.viewer("lead"), chosen))


def test_every_question_of_a_filter_is_said(school: SchoolForTests, asked: Any) -> None:
    """INC-14: a question that is new has to be said too: this test goes through all that there are."""
    aoife = school.students["aoife"]
    assert said(school, Chosen(aoife)) == []
    assert set(asked) == {one.name for one in fields(ChronologyFilter)}
    shapes: set[str] = set()
    for name, (value, words) in asked.items():
        only = replace(EVERYTHING, **{name: value})
        shapes |= {question for question, is_asked in only.shape._asdict().items() if is_asked}
        assert said(school, Chosen(aoife, only)) == [words], name
    assert shapes == set(FilterShape._fields)


def test_all_questions_at_once_are_said(school: SchoolForTests, asked: Any) -> None:
    """INC-14."""
    only = replace(EVERYTHING, **{name: value for name, (value, _) in asked.items()})
    assert len(said(school, Chosen(school.students["aoife"], only))) == len(asked) - 1, "dates are one"


def test_every_choice_of_a_print_is_said(school: SchoolForTests) -> None:
    """STU-07: as the filters, what else leaves incidents out."""
    aoife = school.students["aoife"]
    choices: dict[str, Any] = {"only": None, "categories": (school.categories["Medical"],), "linked": False}
    assert set(choices) | HOW == {one.name for one in fields(Chosen)}
    for name, value in choices.items():
        if value is not None:
            assert len(said(school, Chosen(aoife, **{name: value}))) == 1, name


def test_the_part_of_anybody_on_the_whole_schools_record(school: SchoolForTests, asked: Any) -> None:
    """INC-15."""
    only = replace(EVERYTHING, part_id=asked["part_id"][0])
    assert said(school, Chosen(None, only)) == ["Only where a student’s part in it is: Witness."]
