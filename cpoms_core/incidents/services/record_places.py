"""How an action is on the records of single linked students, where its own ticks say otherwise (EDT-04):
reading it, keeping it, and what later ticks and matches do to it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select

from cpoms_core.database.rows import insert_rows
from cpoms_core.incidents.models import Action, ActionStudent
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class Place:
    """Whether an action is on a student's record, and whether its files are."""

    shown: bool
    files: bool

    def __or__(self, other: Place) -> Place:
        return Place(self.shown or other.shown, self.files or other.files)


NOWHERE = Place(False, False)
WHOLE = Place(True, True)
Places = dict[uuid.UUID, dict[uuid.UUID, Place]]
"""By action, then by student."""


def by_ticks(action: Action) -> Place:
    """Its place on the record of any linked student of whom nothing else is said."""
    return Place(action.on_linked, action.on_linked and action.share_documents)


def place_of(action: Action, said: Place | None) -> Place:
    """Its place on the record of a linked student of whom this is said: kept off it, or at least this."""
    if said is None:
        return by_ticks(action)
    return said | by_ticks(action) if said.shown else NOWHERE


def places_of(db: SchoolSession, action_ids: Collection[uuid.UUID]) -> Places:
    """What is said of single students."""
    found: Places = {one: {} for one in action_ids}
    for row in db.scalars(_rows(ActionStudent.action_id.in_(action_ids))) if action_ids else ():
        found[row.action_id][row.student_id] = Place(row.shown, row.share_documents)
    return found


def _rows(condition: Any) -> Any:
    rows = select(ActionStudent).where(condition).order_by(ActionStudent.student_id)
    return rows.execution_options(populate_existing=True)


def put(db: SchoolSession, actions: Sequence[Action], wanted: Places) -> list[Action]:
    """Gives actions these places on records; what was said of the same students before is forgotten. Answers
    the actions of which something else is said now."""
    kept = places_of(db, [action.id for action in actions])
    changed = []
    for action in actions:
        asked, said = wanted.get(action.id, {}), kept[action.id]
        new = {student: place for student, place in asked.items() if place != by_ticks(action)}
        if new == {student: place for student, place in said.items() if student in asked}:
            continue
        forget(db, [action.id], asked)
        _insert(db, action.id, new)
        changed.append(action)
    return changed


def forget(
    db: SchoolSession, action_ids: Collection[uuid.UUID], student_ids: Collection[uuid.UUID]
) -> list[uuid.UUID]:
    """What actions' own ticks say counts for these students again. Answers the actions of which something
    else had been said."""
    of_them = ActionStudent.action_id.in_(action_ids), ActionStudent.student_id.in_(student_ids)
    if not action_ids or not student_ids:
        return []
    found = db.scalars(select(ActionStudent.action_id).where(*of_them).distinct()).all()
    if found:
        db.execute(delete(ActionStudent).where(*of_them).execution_options(synchronize_session=False))
    return list(found)


def _insert(db: SchoolSession, action_id: uuid.UUID, places: Mapping[uuid.UUID, Place]) -> None:
    common = {"school_id": db.school_id, "action_id": action_id}
    insert_rows(
        db,
        ActionStudent,
        [
            {**common, "student_id": student, "shown": place.shown, "share_documents": place.files}
            for student, place in places.items()
        ],
    )


def put_on_every_linked(db: SchoolSession, action_id: uuid.UUID) -> None:
    """Whoever ticks that an action is on the linked students' records (ACT-01, ACT-02) means all of them: it
    is kept off none of them any more."""
    kept_off = delete(ActionStudent).where(ActionStudent.action_id == action_id, ~ActionStudent.shown)
    db.execute(kept_off.execution_options(synchronize_session=False))


def places_told(db: SchoolSession, action_id: uuid.UUID) -> list[dict[str, Any]]:
    """As a version keeps it."""
    return [
        {"student": str(student), "shown": place.shown, "share_documents": place.files}
        for student, place in places_of(db, [action_id])[action_id].items()
    ]


def follow_match(
    db: SchoolSession, old: uuid.UUID, new: uuid.UUID, on_both: Collection[uuid.UUID]
) -> list[Action]:
    """A student's places are another's now (INC-02). on_both: incidents that both are on: what was on either
    record is on the one. What is said of the other elsewhere stays. Answers the actions of which something
    was said that moved or became one."""
    rows = db.scalars(_rows(ActionStudent.student_id.in_([old, new]))).all()
    said = {(row.action_id, row.student_id): Place(row.shown, row.share_documents) for row in rows}
    if not said:
        return []
    moves = Action.id.in_([one for one, student in said if student == old])
    theirs = Action.id.in_([one for one, _ in said]) & or_(moves, Action.incident_id.in_(on_both))
    actions = db.scalars(select(Action).where(theirs).order_by(Action.id)).all()
    for action in actions:
        places = [said.get((action.id, student)) for student in (old, new)]
        if action.incident_id in on_both:
            place: Place | None = place_of(action, places[0]) | place_of(action, places[1])
        else:
            place = places[0] or places[1]
        forget(db, [action.id], [old, new])
        if place is not None and place != by_ticks(action):
            _insert(db, action.id, {new: place})
    db.flush()
    return list(actions)
