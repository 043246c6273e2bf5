"""The hooks that this module implements."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cpoms_cases import forms, queries, services, views
from cpoms_cases.models import ACTIVE
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import AuditWords, FieldError, FormField, Panel, PrintPart
from cpoms_core.modules.routes import ModuleRoutes
from cpoms_core.web.forms import as_id


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    """The pages behind the two lines in an incident's margin."""
    views.declare(routes)


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    """How changes of a case read in a user's Audits."""
    return {
        "case.assigned": AuditWords("Assigned an incident", "changed"),
        "case.status-changed": AuditWords("Changed the status of an incident", "changed"),
    }


@hookimpl
def incident_form_fields(db: PluginSession) -> list[FormField]:
    """Status and Assign to (CAS-01)."""
    return forms.incident_fields(db)


@hookimpl
def validate_incident(db: PluginSession, values: Mapping[str, Any]) -> list[FieldError]:
    """Refuses an assignee who could not see the incident."""
    chosen = values.get(forms.ASSIGNEE)
    if not chosen:
        return []
    # a whole-school incident is for all who see its categories, whoever is linked to it
    students = [values["student"], *values["linked"]] if values["student"] else []
    message = queries.objection(
        db, as_id(chosen), [uuid.UUID(one) for one in values["categories"]], [uuid.UUID(s) for s in students]
    )
    return [FieldError(forms.ASSIGNEE, message)] if message else []


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Keeps what was chosen on the form. Later versions come from elsewhere: a case is changed in place."""
    if version == 1:
        typed = services.State(values.get(forms.STATUS) or ACTIVE, as_id(values.get(forms.ASSIGNEE)))
        services.open_case(db, viewer, incident_id, typed)


@hookimpl
def incident_merged(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, into_id: uuid.UUID) -> None:
    """The case of the merged incident stays with its id and is shown in the action that it became; what was
    still to be done about it is to be done about the other one."""
    services.carry_over(db, viewer, incident_id, into_id)


@hookimpl
def incident_panels(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Panel]]:
    """Status and Assigned to in the margin of every incident (CAS-01)."""
    return {
        incident_id: [Panel("incident-margin", 10, views.MARGIN, views.margin_context(standing))]
        for incident_id, standing in queries.standings(db, viewer, incident_ids).items()
    }


@hookimpl
def incident_prints(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    """Status and Assigned to on paper (INC-13, EDT-07)."""
    return {
        incident_id: [
            PrintPart(10, lines=[f"Status: {standing.status_name}. Assigned to: {standing.assignee_name}."])
        ]
        for incident_id, standing in queries.standings(db, viewer, incident_ids).items()
    }


@hookimpl
def dashboard_panels(db: PluginSession, viewer: Viewer) -> list[Panel]:
    """My assigned (CAS-03), on the restricted dashboard too (DSH-06)."""
    rows = queries.assigned_to(db, viewer)
    listed = rows[: queries.MOST_ASSIGNED]
    context = {"assigned": listed, "more": len(rows) > len(listed), "all_open": all(r.opens for r in listed)}
    return [Panel("dashboard", 10, "cpoms_cases:templates/my_assigned.pt", context)]


@hookimpl
def export_student(db: PluginSession, student_id: uuid.UUID) -> dict[str, Any]:
    """The history of every case of an incident on the student's record."""
    return {"cases": queries.of_student(db, student_id)}
