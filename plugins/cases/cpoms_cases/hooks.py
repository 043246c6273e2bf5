"""The hooks that this module implements."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cpoms_cases import bulk_views, forms, history, outcome_views, outcomes, queries, services, views
from cpoms_cases.mails import ASSIGNED
from cpoms_cases.models import ACTIVE, CLOSED
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import (
    AuditWords,
    FieldError,
    FormField,
    MailSpec,
    Option,
    Panel,
    PrintPart,
    SettingSpec,
    Tab,
)
from cpoms_core.modules.routes import ModuleRoutes
from cpoms_core.tenancy.settings import yes_or_no
from cpoms_core.web.forms import as_id


@hookimpl
def register_settings() -> list[SettingSpec]:
    """Whether closing asks why (CAS-07)."""
    help_line = (
        "Whoever closes an incident chooses an outcome from the list under Outcomes and says why; whoever "
        "opens it again says why, too. Both stay in the incident's history."
    )
    return [SettingSpec(outcomes.ASKS, False, "Ask for an outcome and a reason", help_line, yes_or_no)]


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    """The pages behind the lines in an incident's margin, and those of the administration."""
    views.declare(routes)
    bulk_views.declare(routes)
    outcome_views.declare(routes)


@hookimpl
def register_mails() -> list[MailSpec]:
    """The mail to whoever is newly assigned (CAS-02); it waits while the module is off."""
    return [ASSIGNED]


@hookimpl
def admin_tabs(viewer: Viewer) -> list[Tab]:
    """Bulk management (CAS-05), and the list of outcomes where they are asked for (CAS-07)."""
    tabs = [Tab("Bulk management", "cases.bulk", 54, needs="admin")]
    return [*tabs, Tab("Outcomes", "cases.outcomes", 49, needs="admin")] if outcomes.asks(viewer) else tabs


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    """How changes of a case read in a user's Audits."""
    return {
        "case.assigned": AuditWords("Assigned an incident", "changed"),
        "case.status-changed": AuditWords("Changed the status of an incident", "changed"),
        "case.bulk-closed": AuditWords("Closed all incidents between two days", "changed"),
        "case.outcome-added": AuditWords("Added an outcome to the list", "changed"),
        "case.outcome-changed": AuditWords("Changed the list of outcomes", "changed"),
        "case.history": AuditWords("Opened the history of an incident's status", "viewed"),
    }


@hookimpl
def incident_form_fields(db: PluginSession, viewer: Viewer) -> list[FormField]:
    """Status and Assign to (CAS-01), and why it is closed (CAS-07)."""
    return forms.incident_fields(db, viewer)


@hookimpl
def validate_incident(db: PluginSession, viewer: Viewer, values: Mapping[str, Any]) -> list[FieldError]:
    """Refuses an assignee who could not see the incident, and a closed one without its outcome."""
    return [*_about_assignee(db, values), *_about_closing(db, viewer, values)]


def _about_assignee(db: PluginSession, values: Mapping[str, Any]) -> list[FieldError]:
    chosen = values.get(forms.ASSIGNEE)
    if not chosen:
        return []
    # a whole-school incident is for all who see its categories, whoever is linked to it
    students = [values["student"], *values["linked"]] if values["student"] else []
    message = queries.objection(
        db, as_id(chosen), [uuid.UUID(one) for one in values["categories"]], [uuid.UUID(s) for s in students]
    )
    return [FieldError(forms.ASSIGNEE, message)] if message else []


def _about_closing(db: PluginSession, viewer: Viewer, values: Mapping[str, Any]) -> list[FieldError]:
    if values.get(forms.STATUS) != CLOSED:
        return []
    outcome_id, reason = _answer(values)
    missing = outcomes.objections(db, viewer, CLOSED, outcome_id, reason)
    return [FieldError(f"cases-{error.field}", error.message) for error in missing]


def _answer(values: Mapping[str, Any]) -> tuple[uuid.UUID | None, str]:
    return as_id(values.get(forms.OUTCOME)), values.get(forms.REASON) or ""


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Keeps what was chosen on the form. Later versions come from elsewhere: a case is changed in place."""
    if version == 1:
        typed = services.State(values.get(forms.STATUS) or ACTIVE, as_id(values.get(forms.ASSIGNEE)))
        why = outcomes.kept(db, typed.status, *_answer(values)) if typed.status == CLOSED else None
        services.open_case(db, viewer, incident_id, typed, why)


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
        incident_id: [Panel("incident-margin", 10, views.MARGIN, views.margin_context(viewer, standing))]
        for incident_id, standing in queries.standings(db, viewer, incident_ids).items()
    }


@hookimpl
def incident_options(viewer: Viewer, incident_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Option]]:
    """The history of an incident's status, where the school asks why it changes (CAS-07)."""
    if not outcomes.asks(viewer):
        return {}
    return {
        one: [Option("History of its status", "cases.history", 40, needs=views.SEEING)]
        for one in incident_ids
    }


@hookimpl
def incident_prints(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    """Status and Assigned to on paper (INC-13, EDT-07), with their history where the school asks (CAS-07)."""
    histories = history.of_incidents(db, viewer, incident_ids) if outcomes.asks(viewer) else {}
    parts = {}
    for incident_id, standing in queries.standings(db, viewer, incident_ids).items():
        now = f"Status: {standing.status_name}. Assigned to: {standing.assignee_name}."
        lines = [entry.line for entry in histories.get(incident_id, [])]
        parts[incident_id] = [PrintPart(10, lines=[now, *lines])]
    return parts


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
