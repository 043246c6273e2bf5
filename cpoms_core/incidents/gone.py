"""What an editor is shown in the place of what was deleted: that it was, by whom, when and why (EDT-02). For
everyone else it never existed, and nothing here is asked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, tuple_

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id, UtcDateTime
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentStudent, IncidentVersion
from cpoms_core.tenancy.scope import SchoolSession

MOST = 200
"""Markers on one page."""
Key = tuple[dt.datetime, uuid.UUID]
"""The place of an incident on its record: its moment in UTC and its id."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A deleted incident or action: when it happened and when it was deleted are the school's time. `number`:
    of the incident; None of an action. `training`: it went when training mode was ended (TRN-01)."""

    id: uuid.UUID
    key: Key
    number: int | None
    occurred: dt.datetime
    deleted: dt.datetime
    by_name: str
    reason: str
    training: bool


def of_record(
    db: SchoolSession,
    viewer: Viewer,
    student_id: uuid.UUID | None,
    *,
    before: Key | None = None,
    down_to: Key | None = None,
) -> list[Gone]:
    """The deleted incidents of a page of a student's record, or of the whole school's (None), newest first:
    those between the page's ends, `before` the first and not after the last. None: to the record's end."""
    if not (viewer.elevated and viewer.may("incidents:edit")):
        return []
    shape = {
        "whole_school": student_id is None,
        "has_before": before is not None,
        "has_down_to": down_to is not None,
    }
    given: dict[str, Any] = {"student": student_id} if student_id else {}
    if before:
        given |= {"before_moment": before[0], "before_id": before[1]}
    if down_to:
        given |= {"last_moment": down_to[0], "last_id": down_to[1]}
    rows = db.execute(_of_record(viewer, **shape), policy.who(viewer, **given))
    return [_shown(viewer, row, row.number) for row in rows]


@policy.for_rights
def _of_record(
    sight: policy.Sight, *, whole_school: bool, has_before: bool, has_down_to: bool
) -> Select[*tuple[Any, ...]]:
    place: tuple[Any, Any] = (Incident.occurred_at, Incident.id)
    read = (
        select(
            Incident.id,
            Incident.number,
            Incident.occurred_at,
            IncidentVersion.made_at,
            IncidentVersion.kind,
            IncidentVersion.reason,
            staff_name().label("by_name"),
        )
        .join(
            IncidentVersion,
            and_(IncidentVersion.incident_id == Incident.id, IncidentVersion.version == Incident.version),
        )
        .outerjoin(User, User.id == IncidentVersion.made_by)
        .where(Incident.deleted_at.is_not(None), policy.kept_incidents(sight))
        .limit(MOST)
    )
    if whole_school:
        read = read.where(Incident.student_id.is_(None))
    else:
        place = (IncidentStudent.occurred_at, IncidentStudent.incident_id)
        read = read.join(IncidentStudent, IncidentStudent.incident_id == Incident.id).where(
            IncidentStudent.student_id == bindparam("student", type_=Id)
        )
    if has_before:
        read = read.where(tuple_(*place) < _key("before"))
    if has_down_to:
        read = read.where(tuple_(*place) > _key("last"))
    return read.order_by(*(column.desc() for column in place))


def _key(name: str) -> Any:
    return tuple_(bindparam(f"{name}_moment", type_=UtcDateTime), bindparam(f"{name}_id", type_=Id))


def actions_of(
    db: SchoolSession, viewer: Viewer, action_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Gone]]:
    """Deleted actions by their incident, of incidents that the viewer was found to be able to edit."""
    rows = db.execute(
        select(
            Action.id,
            Action.incident_id,
            Action.occurred_at,
            ActionVersion.made_at,
            ActionVersion.kind,
            ActionVersion.reason,
            staff_name().label("by_name"),
        )
        .join(
            ActionVersion,
            and_(ActionVersion.action_id == Action.id, ActionVersion.version == Action.version),
        )
        .outerjoin(User, User.id == ActionVersion.made_by)
        .where(Action.id.in_(action_ids), Action.deleted_at.is_not(None), policy.kept_actions(viewer))
        .order_by(Action.occurred_at, Action.id)
    )
    found: dict[uuid.UUID, list[Gone]] = {}
    for row in rows:
        found.setdefault(row.incident_id, []).append(_shown(viewer, row, None))
    return found


def _shown(viewer: Viewer, row: Any, number: int | None) -> Gone:
    return Gone(
        id=row.id,
        key=(row.occurred_at, row.id),
        number=number,
        occurred=viewer.local(row.occurred_at),
        deleted=viewer.local(row.made_at),
        by_name=row.by_name or "The system",
        reason=viewer.text(row.reason),
        training=row.kind == "training removed",
    )
