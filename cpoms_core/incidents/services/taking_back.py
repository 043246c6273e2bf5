"""What leaves an incident with an action that had been merged into it (EDT-05): the students and categories
that the merge brought, but for those that something else gave it as well."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import (
    Action,
    Category,
    Incident,
    IncidentCategory,
    IncidentStudent,
)
from cpoms_core.incidents.services.contents import (
    keep_action_version,
    newest_of_action,
    newest_of_incident,
)
from cpoms_core.incidents.services.editing import ids_of
from cpoms_core.incidents.services.merged_places import actions_of
from cpoms_core.incidents.services.record_places import forget
from cpoms_core.students.monitoring import withdraw
from cpoms_core.tenancy.scope import SchoolSession

Givers = dict[uuid.UUID, uuid.UUID | None]
"""Students or categories that stay, with the merged action that they are now there by; None: by a person, or
by an action that was recorded here."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What leaves an incident, and what stays though it came with what leaves."""

    students: Sequence[uuid.UUID]
    categories: Sequence[uuid.UUID]
    staying_students: Givers
    staying_categories: Givers


NOTHING = Leaving((), (), {}, {})


def going_along(db: SchoolSession, action: Action) -> list[uuid.UUID]:
    """A merged action with those that had come with it and are still under the same incident: what goes when
    it is split off."""
    incident = db.get_one(Incident, (action.school_id, action.was_incident))
    came = ids_of(newest_of_incident(db, incident), "actions")
    there = select(Action.id).where(Action.id.in_(came), Action.incident_id == action.incident_id)
    return [action.id, *(db.scalars(there) if came else ())]


def leaving(db: SchoolSession, incident: Incident, gone: Collection[uuid.UUID]) -> Leaving:
    """What leaves an incident with these actions, which had come with one merge."""
    others = _others(db, incident, gone)
    merged = [one for one in others if one.was_incident is not None]
    students, staying_students = _students(db, incident, gone, merged)
    categories, staying_categories = _categories(db, incident, gone, others, merged)
    return Leaving(students, categories, staying_students, staying_categories)


def take_back(
    db: SchoolSession, viewer: Viewer, source: Incident, again: Incident, gone: Collection[uuid.UUID]
) -> Leaving:
    """Takes it off the incident, out of which another is there `again`, and off those that were merged into
    it by themselves, should they be split off one day. A student's monitoring goes on, as where anybody is in
    doubt; that of a category, as where an editor takes it off."""
    under = select(Action.was_incident).where(
        Action.incident_id == source.id, Action.became_incident.is_(None), Action.id.not_in(gone)
    )
    left = leaving(db, source, gone)
    later = [
        (one, leaving(db, one, gone)) for one in db.scalars(select(Incident).where(Incident.id.in_(under)))
    ]
    for incident, what in ((source, left), *later):
        _take(db, incident, what)
    if left.categories:
        withdraw(db, viewer, [source.id], category_ids=left.categories)
    theirs = {one.id: one for one in actions_of(db, source) if one.id not in gone}
    for action_id in forget(db, list(theirs), left.students):
        if theirs[action_id].deleted_at is None:
            action, other = theirs[action_id], str(again.id)
            keep_action_version(db, viewer, action, "merge undone", number=again.number, other=other)
    return left


def _others(db: SchoolSession, incident: Incident, gone: Collection[uuid.UUID]) -> Sequence[Action]:
    """The living actions of an incident that stay; of one that was merged, those that went along with it."""
    of_it = Action.incident_id == incident.id
    if incident.merged_into is not None:
        of_it = Action.id.in_(ids_of(newest_of_incident(db, incident), "actions"))
    return db.scalars(
        select(Action).where(of_it, Action.id.not_in(gone), Action.deleted_at.is_(None)).order_by(Action.id)
    ).all()


def _students(
    db: SchoolSession, incident: Incident, gone: Collection[uuid.UUID], merged: Sequence[Action]
) -> tuple[list[uuid.UUID], Givers]:
    rows = _came(db, IncidentStudent, incident, gone)
    staying: Givers = {}
    for row in rows:
        if not row.linked or row.share_documents or _changed(db, row):
            staying[row.student_id] = None
            continue
        same = IncidentStudent.student_id == row.student_id
        if giver := _giver(db, IncidentStudent, same, gone, merged):
            staying[row.student_id] = giver
    return [row.student_id for row in rows if row.student_id not in staying], staying


def _changed(db: SchoolSession, row: IncidentStudent) -> bool:
    """Whether somebody said something else of the student on this incident since: then it is about them."""
    brought_by = db.get_one(Action, (row.school_id, row.came_with))
    was = db.get(IncidentStudent, (row.school_id, brought_by.was_incident, row.student_id))
    return was is None or (was.monitored, was.part_id) != (row.monitored, row.part_id)


def _categories(
    db: SchoolSession,
    incident: Incident,
    gone: Collection[uuid.UUID],
    others: Sequence[Action],
    merged: Sequence[Action],
) -> tuple[list[uuid.UUID], Givers]:
    ids = [row.category_id for row in _came(db, IncidentCategory, incident, gone)]
    if not ids:
        return [], {}
    said = {one for action in others for one in ids_of(newest_of_action(db, action), "categories")}
    staying: Givers = {one: None for one in ids if one in said}
    for one in ids:
        giver = _giver(db, IncidentCategory, IncidentCategory.category_id == one, gone, merged)
        if giver:
            staying[one] = giver
    present = select(Category.id, Category.parent_id).join(
        IncidentCategory, IncidentCategory.category_id == Category.id
    )
    parents = dict(db.execute(present.where(IncidentCategory.incident_id == incident.id)).tuples().all())
    stay = [one for one in parents if one not in ids or one in staying]
    above = {parent for one in stay if (parent := parents[one]) is not None}
    staying |= {one: None for one in ids if one in above and one not in staying}
    if not stay:
        return [], dict.fromkeys(ids)
    return [one for one in ids if one not in staying], staying


def _came(db: SchoolSession, model: Any, incident: Incident, gone: Collection[uuid.UUID]) -> Sequence[Any]:
    rows = select(model).where(model.incident_id == incident.id, model.came_with.in_(gone))
    return db.scalars(rows.execution_options(populate_existing=True)).all()


def _giver(
    db: SchoolSession, model: Any, same: Any, gone: Collection[uuid.UUID], merged: Sequence[Action]
) -> uuid.UUID | None:
    """Another merged action, whose incident had it as well and not from what goes; where that had it from
    an earlier merge, the action of that one: it goes with it."""
    by_incident = {one.was_incident: one.id for one in merged}
    itself = or_(model.came_with.is_(None), model.came_with.not_in(gone))
    had = select(model.incident_id, model.came_with).where(model.incident_id.in_(by_incident), same, itself)
    found = db.execute(had.order_by(model.incident_id)).first() if by_incident else None
    return (found.came_with or by_incident[found.incident_id]) if found else None


def _take(db: SchoolSession, incident: Incident, left: Leaving) -> None:
    kinds: Any = (
        (IncidentStudent, IncidentStudent.student_id, left.students, left.staying_students),
        (IncidentCategory, IncidentCategory.category_id, left.categories, left.staying_categories),
    )
    for model, which, gone, staying in kinds:
        of_it = model.incident_id == incident.id
        if gone:
            _run(db, delete(model).where(of_it, which.in_(gone)))
        for one, giver in staying.items():
            values = {"came_with": giver, **(_as_given(db, one, giver) if model is IncidentStudent else {})}
            _run(db, update(model).where(of_it, which == one).values(**values))


def _as_given(db: SchoolSession, student_id: uuid.UUID, giver: uuid.UUID | None) -> dict[str, Any]:
    """What another merge would have said of a student, had it been the only one."""
    if giver is None:
        return {}
    action = db.get_one(Action, (db.school_id, giver))
    row = db.get_one(IncidentStudent, (db.school_id, action.was_incident, student_id))
    return {"monitored": row.monitored, "part_id": row.part_id}


def _run(db: SchoolSession, statement: Any) -> None:
    db.execute(statement.execution_options(synchronize_session=False))
