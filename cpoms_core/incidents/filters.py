"""What a chronology is narrowed to (INC-14): words, a category, dates, an author, a part (INC-15). One value
for the page, its further pages and what is printed of it."""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, bindparam, false, func, or_, select, true

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.incidents.models import Action, Incident, IncidentCategory, IncidentStudent

MOST_WORDS = 10


class FilterShape(NamedTuple):
    """Which questions a filter asks, without what it asks for: statements are built once for each."""

    words: int = 0
    category: bool = False
    since: bool = False
    until: bool = False
    author: bool = False
    part: bool = False


@dataclass(frozen=True, slots=True)
class ModuleFilter:
    """A module's question that was asked (`report_filters`). typed: what came in, as text, to ask it again;
    said: the question and what was chosen, in words. Without a condition, because its module is off by now,
    it leaves nothing: a print must not hold more than was asked for."""

    name: str
    typed: tuple[str, ...]
    said: str = ""
    condition: ColumnElement[bool] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ChronologyFilter:
    """What a chronology is narrowed to; an empty one leaves everything. Words: all of them, each in the
    incident's text or in that of an action shown under it, in any case of letters. Days are the school's,
    both included, by the date of the incident. Author: who recorded the incident. Part: the record's own
    student has it in the incident, on the whole school's record any student of it. Modules: what they ask."""

    words: str = ""
    category_id: uuid.UUID | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    author_id: uuid.UUID | None = None
    part_id: uuid.UUID | None = None
    modules: tuple[ModuleFilter, ...] = ()

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What the modules' questions leave, on `Incident`; for statements that are not built once."""
        return [false() if one.condition is None else one.condition for one in self.modules]

    @property
    def shape(self) -> FilterShape:
        return FilterShape(
            len(_words(self.words)),
            self.category_id is not None,
            self.since is not None,
            self.until is not None,
            self.author_id is not None,
            self.part_id is not None,
        )

    @property
    def asked(self) -> list[str]:
        """The questions that are asked, by name: for the audit, which holds no content."""
        own = [name for name, value in self.shape._asdict().items() if value]
        return own + [one.name for one in self.modules]

    def given(self, viewer: Viewer) -> dict[str, Any]:
        """The parameters of a statement with `narrowed_to(self.shape)`."""
        values: dict[str, Any] = {
            f"filter_word_{index}": f"%{_literally(word)}%" for index, word in enumerate(_words(self.words))
        }
        if self.category_id is not None:
            values["filter_category"] = self.category_id
        if self.since is not None:
            values["filter_since"] = _midnight(self.since, viewer)
        if self.until is not None:
            values["filter_until"] = _midnight(self.until + dt.timedelta(days=1), viewer)
        if self.author_id is not None:
            values["filter_author"] = self.author_id
        if self.part_id is not None:
            values["filter_part"] = self.part_id
        return values


EVERYTHING = ChronologyFilter()


def narrowed_to(shape: FilterShape, *, whole_school: bool = False) -> list[ColumnElement[bool]]:
    """The conditions of a filter on a statement that has `Incident`, and its `IncidentStudent` on the record
    that is shown; the whole school's record has none. Who may see what is asked elsewhere: these only leave
    out."""
    on_linked = policy.action_on_linked(IncidentStudent.student_id)
    there = true() if whole_school else or_(on_linked, ~IncidentStudent.linked)
    moment = Incident.occurred_at if whole_school else IncidentStudent.occurred_at
    conditions: list[ColumnElement[bool]] = [
        _says(f"filter_word_{index}", there) for index in range(shape.words)
    ]
    if shape.category:
        wanted = bindparam("filter_category", type_=Id)
        has = select(IncidentCategory.incident_id).where(
            IncidentCategory.incident_id == Incident.id, IncidentCategory.category_id == wanted
        )
        conditions.append(has.correlate_except(IncidentCategory).exists())
    if shape.since:
        conditions.append(moment >= bindparam("filter_since", type_=UtcDateTime))
    if shape.until:
        conditions.append(moment < bindparam("filter_until", type_=UtcDateTime))
    if shape.author:
        conditions.append(Incident.author_id == bindparam("filter_author", type_=Id))
    if shape.part:
        conditions.append(_has_part(bindparam("filter_part", type_=Id), whole_school=whole_school))
    return conditions


def _has_part(wanted: BindParameter[uuid.UUID], *, whole_school: bool) -> ColumnElement[bool]:
    if not whole_school:
        return IncidentStudent.part_id == wanted
    anyone = select(IncidentStudent.incident_id).where(
        IncidentStudent.incident_id == Incident.id, IncidentStudent.part_id == wanted
    )
    return anyone.correlate_except(IncidentStudent).exists()


def _says(parameter: str, action_there: ColumnElement[bool]) -> ColumnElement[bool]:
    """The word is in the incident, or in an action that its record shows: one that a linked student's record
    does not show must not give away what it says."""
    word: BindParameter[str] = bindparam(parameter)
    in_action = select(Action.id).where(
        Action.incident_id == Incident.id,
        Action.deleted_at.is_(None),
        action_there,
        func.lower(Action.text).like(word, escape="!"),
    )
    return or_(func.lower(Incident.text).like(word, escape="!"), in_action.correlate_except(Action).exists())


def shown_on_record() -> ColumnElement[bool]:
    """Condition on Action, for the questions of modules: the record that is narrowed down shows it. One that
    a linked student's record does not show must not give away what it holds (ACT-01)."""
    record: BindParameter[uuid.UUID | None] = bindparam("filter_record", None, type_=Id)
    linked = select(IncidentStudent.incident_id).where(
        IncidentStudent.incident_id == Action.incident_id,
        IncidentStudent.student_id == record,
        IncidentStudent.linked,
    )
    return or_(policy.action_on_linked(record), ~linked.correlate_except(IncidentStudent).exists())


def _words(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).lower().split()[:MOST_WORDS]


def _literally(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _midnight(day: dt.date, viewer: Viewer) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), viewer.school.zone).astimezone(dt.UTC)
