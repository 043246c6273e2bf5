"""What a merge brings to the other incident: students and categories (EDT-04). Each remembers the action that
it came with, so that splitting that off takes it back (EDT-05)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select, update

from cpoms_core.database.rows import insert_rows
from cpoms_core.incidents.models import Action, Incident, IncidentCategory, IncidentStudent
from cpoms_core.incidents.services.contents import newest_of_action
from cpoms_core.incidents.services.editing import ids_of
from cpoms_core.incidents.services.taking_back import Givers, going_along, leaving
from cpoms_core.tenancy.scope import SchoolSession


def bring(
    db: SchoolSession,
    incident: Incident,
    into: Incident,
    action: Action,
    students: Sequence[IncidentStudent],
    categories: Sequence[uuid.UUID],
) -> None:
    """Links the students, and puts the categories on the incident. What had come to the merged one by an
    earlier merge, and did not become its own (`keep_own`), still came with that one's action."""
    common = {"school_id": into.school_id, "incident_id": into.id}
    insert_rows(
        db,
        IncidentStudent,
        [
            {
                **common,
                "student_id": row.student_id,
                "occurred_at": into.occurred_at,
                "linked": True,
                "monitored": row.monitored,
                "share_documents": False,  # the other's own files were never this child's
                "part_id": row.part_id,
                "came_with": row.came_with or action.id,
            }
            for row in students
        ],
    )
    came = _came_with(db, incident, categories)
    insert_rows(
        db,
        IncidentCategory,
        [{**common, "category_id": one, "came_with": came.get(one) or action.id} for one in categories],
    )


def _came_with(
    db: SchoolSession, incident: Incident, categories: Sequence[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID | None]:
    rows = select(IncidentCategory.category_id, IncidentCategory.came_with).where(
        IncidentCategory.incident_id == incident.id, IncidentCategory.category_id.in_(categories)
    )
    return {row.category_id: row.came_with for row in db.execute(rows)}


def keep_own(db: SchoolSession, incident: Incident) -> None:
    """Before an incident is merged: what earlier merges had brought to it, and would stay on it if they were
    undone now, is its own from here on. It goes to the other incident, and leaves that, with this one."""
    marks = [
        select(model.came_with).where(model.incident_id == incident.id, model.came_with.is_not(None))
        for model in (IncidentStudent, IncidentCategory)
    ]
    brought_by = select(Action).where(or_(*(Action.id.in_(one) for one in marks))).order_by(Action.id)
    for action in db.scalars(brought_by).all():
        left = leaving(db, incident, going_along(db, action))
        students, categories = _own(left.staying_students), _own(left.staying_categories)
        given_by_a_person(db, incident.id, student_ids=students, category_ids=categories)


def _own(staying: Givers) -> list[uuid.UUID]:
    """What no other merge gave as well."""
    return [one for one, giver in staying.items() if giver is None]


def brought_itself(
    db: SchoolSession, moved: Sequence[Action], categories: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Those of the categories that the merged incident did not have from one merged into it before: those are
    said by that one's action, which goes along."""
    before = [one for one in moved if one.was_incident is not None and one.deleted_at is None]
    said = {one for action in before for one in ids_of(newest_of_action(db, action), "categories")}
    return [one for one in categories if one not in said]


def given_by_a_person(db: SchoolSession, incident_id: uuid.UUID, **chosen: Sequence[uuid.UUID]) -> bool:
    """Somebody gives an incident students (`student_ids`) or categories (`category_ids`) that a merge had
    brought: they stay when that is split off. Answers whether there were any."""
    kinds: Any = (
        (IncidentStudent, IncidentStudent.student_id, "student_ids"),
        (IncidentCategory, IncidentCategory.category_id, "category_ids"),
    )
    given = False
    for model, which, name in kinds:
        if ids := chosen.get(name):
            brought = (model.incident_id == incident_id, which.in_(ids), model.came_with.is_not(None))
            statement = update(model).where(*brought).values(came_with=None)
            done: Any = db.execute(statement.execution_options(synchronize_session=False))
            given = given or done.rowcount > 0
    return given
