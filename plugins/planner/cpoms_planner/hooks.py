"""The hooks that this module implements."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import (
    AuditSubject,
    AuditWords,
    FormField,
    MailSpec,
    NavItem,
    Option,
    Panel,
    Permission,
    TaskSpec,
)
from cpoms_core.modules.routes import ModuleRoutes
from cpoms_planner import adding, demo, export, forms, people, queries, reminding, sight, views
from cpoms_planner.models import Event
from cpoms_planner.sight import USE


@hookimpl
def register_permissions() -> list[Permission]:
    """USR-04: section Planner. It never counts without a key."""
    return [Permission(USE, "Use the planner", "Planner")]


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    views.declare(routes)


@hookimpl
def register_tasks() -> list[TaskSpec]:
    return [reminding.TASK]


@hookimpl
def register_mails() -> list[MailSpec]:
    return [reminding.LETTER]


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    """How the planner reads in a user's Audits."""
    return {
        "planner.viewed": AuditWords("Looked at the planner", "viewed"),
        "planner.form-opened": AuditWords("Opened a form of the planner", "viewed"),
        "planner.event-viewed": AuditWords("Opened an event of the planner", "viewed"),
        "planner.students-searched": AuditWords("Searched for students in the planner", "searched"),
        "planner.event-made": AuditWords("Added an event to the planner", "changed"),
        "planner.event-changed": AuditWords("Changed an event of the planner", "changed"),
        "planner.event-removed": AuditWords("Removed an event from the planner", "changed"),
        "planner.event-restored": AuditWords("Restored an event of the planner", "changed"),
        "planner.reminder-done": AuditWords("Took a reminder off the dashboard", "changed"),
        "planner.feed-made": AuditWords("Made an address of the planner for another calendar", "changed"),
        "planner.feed-revoked": AuditWords("Revoked the planner's address for another calendar", "changed"),
    }


@hookimpl
def audit_subjects(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[AuditSubject]]:
    """What an event is called in the audit, for who sees it, or may restore it. Others are not told on a
    student's record that somebody has noted something about them (PLN-01)."""
    return {
        event.id: [AuditSubject(f"{viewer.text(event.title)}, in the planner")]
        for event in db.scalars(
            select(Event).where(
                Event.id.in_(ids), or_(sight.visible_events(viewer), sight.restorable_events(viewer))
            )
        )
    }


@hookimpl
def nav_items() -> list[NavItem]:
    """Planner among the pages, Remind me among the tools (PLN-05)."""
    return [
        NavItem("Planner", "planner.month", 40, "calendar", needs=USE),
        NavItem("Remind me", "planner.remind", 10, "bell", needs=USE, place="tools"),
    ]


@hookimpl
def dashboard_panels(db: PluginSession, viewer: Viewer) -> list[Panel]:
    """What the viewer was reminded of (PLN-04). Without a key it is not even asked for."""
    if not (viewer.elevated and viewer.may(USE)):
        return []
    rows = [
        {
            "event_id": row.Event.id,
            "title": viewer.text(row.Event.title),
            "due": viewer.local(row.due_at),
            "on": row.day.isoformat() if row.Event.repeats != "never" else None,
        }
        for row in queries.reminders(db, viewer)
    ]
    context = {"reminders": rows}
    return [Panel("dashboard", 5, "cpoms_planner:templates/reminders.pt", context, needs=USE)] if rows else []


@hookimpl
def incident_form_fields(viewer: Viewer) -> list[FormField]:
    """Add to planner, folded (PLN-05)."""
    return forms.fields_to_add(viewer)


@hookimpl
def action_form_fields(viewer: Viewer) -> list[FormField]:
    return forms.fields_to_add(viewer)


@hookimpl
def incident_edit_fields(viewer: Viewer) -> list[FormField]:
    """Empty: what was added before is in the planner, and is changed there."""
    return forms.fields_to_add(viewer)


@hookimpl
def action_edit_fields(viewer: Viewer) -> list[FormField]:
    return forms.fields_to_add(viewer)


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Makes the reminder that was typed with it, once."""
    adding.add_to_planner(db, viewer, values, version, incident_id=incident_id)


@hookimpl
def action_saved(
    db: PluginSession, viewer: Viewer, action_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    adding.add_to_planner(db, viewer, values, version, action_id=action_id)


@hookimpl
def incident_options(incident_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Option]]:
    """Add to planner in the Options menu (EDT-08); nothing is asked of the database."""
    link = Option("Add to planner", "planner.of_incident", 60, needs=USE)
    return {incident_id: [link] for incident_id in incident_ids}


@hookimpl
def action_options(action_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Option]]:
    link = Option("Add to planner", "planner.of_action", 60, needs=USE)
    return {action_id: [link] for action_id in action_ids}


@hookimpl
def incident_merged(db: PluginSession, incident_id: uuid.UUID, action_id: uuid.UUID) -> None:
    """Its events are the action's that it became. Of what is removed and brought back nothing is to be done:
    `sight.there` asks for the incident each time."""
    _move(db, Event.incident_id == incident_id, incident_id=None, action_id=action_id)


@hookimpl
def incident_split(db: PluginSession, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    """The action's events are those of the incident that it became."""
    _move(db, Event.action_id == action_id, incident_id=incident_id, action_id=None)


def _move(db: PluginSession, condition: Any, **to: uuid.UUID | None) -> None:
    db.execute(update(Event).where(condition).values(**to).execution_options(synchronize_session=False))


@hookimpl
def fill_demo(db: PluginSession, viewer: Viewer) -> None:
    """A few events around today, for the demonstration."""
    demo.fill(db, viewer)


@hookimpl
def merge_students(
    db: PluginSession, viewer: Viewer, kept_id: uuid.UUID, merged_id: uuid.UUID
) -> dict[str, Any]:
    """The events about one record are about the other from now on, without doubles."""
    return {"events": people.move_students(db, kept_id, merged_id, viewer.now())}


@hookimpl
def export_student(db: PluginSession, student_id: uuid.UUID) -> dict[str, Any]:
    """Every event that names the student, with its earlier states."""
    return {"events": export.of_student(db, student_id)}
