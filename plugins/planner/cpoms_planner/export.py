"""What the planner holds on a student, for the export of a record."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner.models import Event, EventStudent, EventVersion


def of_student(db: PluginSession, student_id: uuid.UUID) -> list[dict[str, Any]]:
    """Every event that names or named a student, as plain JSON values, for export."""
    rows = db.execute(
        select(Event, EventStudent.removed_at.label("taken_off"), staff_name().label("owner"))
        .join(EventStudent, EventStudent.event_id == Event.id)
        .join(User, User.id == Event.owner_id)
        .where(EventStudent.student_id == student_id)
        .order_by(Event.first_day, Event.id)
    ).all()
    versions: defaultdict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for version in db.scalars(
        select(EventVersion)
        .where(EventVersion.event_id.in_([row.Event.id for row in rows]))
        .order_by(EventVersion.version)
    ):
        state = {name: version.state[name] for name in ("title", "first_day", "begins", "ends", "public")}
        versions[version.event_id].append({"at": version.made_at.isoformat(), "what": version.kind, **state})
    return [_exported(row, versions[row.Event.id]) for row in rows]


def _exported(row: Any, versions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    event = row.Event
    return {
        "title": event.title,
        "day": event.first_day.isoformat(),
        "begins": event.begins.isoformat("minutes") if event.begins else None,
        "ends": event.ends.isoformat("minutes") if event.ends else None,
        "repeats": event.repeats,
        "until": event.last_begin.isoformat(),
        "public": event.public,
        "by": row.owner,
        "made_at": event.made_at.isoformat(),
        "removed_at": event.removed_at.isoformat() if event.removed_at else None,
        "student_taken_off_at": row.taken_off.isoformat() if row.taken_off else None,
        "versions": list(versions),
    }
