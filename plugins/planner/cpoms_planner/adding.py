"""Reminders that are made in one line: Remind me, and Add to planner with an incident or action (PLN-05)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.forms import in_utc
from cpoms_core.incidents.models import Action, ActionVersion, Incident, IncidentVersion
from cpoms_planner.forms import MOMENT_FIELD, TITLE_FIELD
from cpoms_planner.models import LONGEST_TITLE, Event
from cpoms_planner.moments import due_at
from cpoms_planner.reminding import owe_next
from cpoms_planner.services import Typed, make_event
from cpoms_planner.sight import USE

NAMESPACE = uuid.UUID("3f5d7f0e-54c6-4f0e-9a43-6f1b4c9f7d25")
TYPED = ("created", "edited")
"""Versions whose values somebody has just typed. Those of one that is restored were typed before."""


def reminder(viewer: Viewer, what: str, when: dt.datetime) -> Typed:
    """A private event at a moment (naive, on the school's clock), with a reminder when it begins."""
    # in the hour that the clocks skip, what is typed is a moment an hour later: it is kept as that
    local = viewer.local(in_utc(when, viewer))
    return Typed(what, local.date(), local.time().replace(tzinfo=None, fold=0), reminder="0")


def add_to_planner(
    db: PluginSession,
    viewer: Viewer,
    values: Mapping[str, Any],
    version: int,
    *,
    incident_id: uuid.UUID | None = None,
    action_id: uuid.UUID | None = None,
) -> None:
    """Makes what was typed with an incident or action into a reminder, once for each version that somebody
    typed, however often it is called."""
    if not values.get(MOMENT_FIELD) or viewer.user_id is None or not (viewer.elevated and viewer.may(USE)):
        return
    subject = action_id or incident_id
    made_for = uuid.uuid5(NAMESPACE, f"{subject} {version}")
    if db.get(Event, (db.school_id, made_for)) is not None:
        return
    if _kind(db, version, incident_id, action_id) not in TYPED:
        return
    what = values.get(TITLE_FIELD) or default_title(db, incident_id=incident_id, action_id=action_id)
    when = dt.datetime.fromisoformat(values[MOMENT_FIELD])
    typed = reminder(viewer, what[:LONGEST_TITLE], when)
    event = make_event(db, viewer, typed, event_id=made_for, incident_id=incident_id, action_id=action_id)
    due = due_at(event, event.first_day)
    if due is not None and due < viewer.now():
        # it was to come when it was typed: the hook failed then, and was tried again after that moment
        owe_next(db, event, due)


def default_title(
    db: PluginSession, *, incident_id: uuid.UUID | None = None, action_id: uuid.UUID | None = None
) -> str:
    """What a reminder is called where nobody said: by the number, which names nobody. Raises NothingThere."""
    if action_id is not None:
        incident_id = db.scalar(select(Action.incident_id).where(Action.id == action_id))
    number = db.scalar(select(Incident.number).where(Incident.id == incident_id))
    if number is None:
        raise NothingThere
    return f"Action on incident {number}" if action_id else f"Incident {number}"


def _kind(
    db: PluginSession, version: int, incident_id: uuid.UUID | None, action_id: uuid.UUID | None
) -> str | None:
    """What made a version: whether it was typed, or is an older one that was restored."""
    if action_id is not None:
        of_action = select(ActionVersion.kind).where(
            ActionVersion.action_id == action_id, ActionVersion.version == version
        )
        return db.scalar(of_action)
    of_incident = select(IncidentVersion.kind).where(
        IncidentVersion.incident_id == incident_id, IncidentVersion.version == version
    )
    return db.scalar(of_incident)
