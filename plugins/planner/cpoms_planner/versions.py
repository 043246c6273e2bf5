"""Every state of an event is kept, with who made it so (PLN-02)."""

from __future__ import annotations

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_planner import queries, reminding
from cpoms_planner.models import Event, EventShare, EventStudent, EventVersion
from cpoms_planner.people import ids_on


def keep(db: PluginSession, viewer: Viewer, event: Event, kind: str, audited: str) -> None:
    """Keeps the state as a version, with its audit entry, and owes the next reminder."""
    event.version += 1
    event.changed_at = viewer.now()
    db.flush()
    student_ids = ids_on(db, EventStudent.student_id, EventStudent, event)
    state = {
        "title": event.title,
        "first_day": event.first_day.isoformat(),
        "begins": event.begins.isoformat("minutes") if event.begins else None,
        "days": event.days,
        "ends": event.ends.isoformat("minutes") if event.ends else None,
        "zone": event.zone,
        "public": event.public,
        "repeats": event.repeats,
        "last_begin": event.last_begin.isoformat(),
        "reminder": event.reminder,
        "remind_at": event.remind_at.isoformat() if event.remind_at else None,
        "students": [str(one) for one in student_ids],
        "shared_with": [str(one) for one in ids_on(db, EventShare.user_id, EventShare, event)],
        "left_out": [
            day.isoformat() for day in sorted(queries.left_out(db, [event.id]).get(event.id, frozenset()))
        ],
    }
    db.add(
        EventVersion(
            school_id=db.school_id,
            event_id=event.id,
            version=event.version,
            kind=kind,
            state=state,
            made_at=viewer.now(),
            made_by=viewer.user_id,
        )
    )
    about = [one for one in (event.incident_id, event.action_id) if one]
    db.audit(viewer, audited, [event.id, *student_ids, *about], version=event.version)
    reminding.owe_next(db, event, viewer.now())
