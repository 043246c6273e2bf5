"""The hooks that this module implements."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import StringField

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import (
    AuditWords,
    FieldWords,
    Filter,
    FormField,
    FormName,
    Grouping,
    Panel,
    Placing,
    PrintPart,
    ReportColumn,
    Tab,
)
from cpoms_core.modules.routes import ModuleRoutes
from cpoms_formbuilder import queries, reports, saving, values, views
from cpoms_formbuilder.kinds import form_field

TEMPLATES = "cpoms_formbuilder:templates/"
FOOT = 60
"""The weight of the panels and printed lines."""
FORMER = 1_000


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    """The pages of the Form builder."""
    views.declare(routes)


@hookimpl
def admin_tabs(db: PluginSession) -> list[Tab]:
    """Form builder in the administration (FRM-01)."""
    return [Tab("Form builder", "formbuilder.forms", 60, needs="admin")]


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    """How the module's changes read in a user's Audits."""
    return {
        "formbuilder.opened": AuditWords("Opened the form builder", "viewed"),
        "formbuilder.arranged": AuditWords("Changed the order or the advice of a form for later", "changed"),
        "formbuilder.field-changed": AuditWords("Changed a custom field for later", "changed"),
        "formbuilder.field-deleted": AuditWords("Deleted a custom field for later", "changed"),
        "formbuilder.field-brought-back": AuditWords("Brought a custom field back for later", "changed"),
        "formbuilder.dropped": AuditWords("Threw the changes of a form away", "changed"),
        "formbuilder.published": AuditWords("Updated a form for staff", "changed"),
        "formbuilder.filled-in": AuditWords("Filled in custom fields", "changed"),
    }  # fmt: skip


@hookimpl
def arrange_form(db: PluginSession, form: FormName) -> list[Placing]:
    """The order and the advice of the newest version (FRM-01)."""
    return queries.placings(db, form)


@hookimpl
def incident_form_fields(db: PluginSession, viewer: Viewer) -> list[FormField]:
    """The custom fields of the Add incident form (FRM-02)."""
    return [form_field(one, viewer) for one in queries.definitions(db, form="incident")]


@hookimpl
def action_form_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> list[FormField]:
    """The custom fields of the Add action form (FRM-02)."""
    return [form_field(one, viewer) for one in queries.definitions(db, form="action")]


@hookimpl
def incident_edit_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> list[FormField]:
    """The custom fields with what is kept, and former ones to read (FRM-03)."""
    return _edited(db, viewer, "incident", incident_id)


@hookimpl
def action_edit_fields(db: PluginSession, viewer: Viewer, action_id: uuid.UUID) -> list[FormField]:
    """As `incident_edit_fields`, of an action."""
    return _edited(db, viewer, "action", action_id)


@hookimpl
def student_form_fields(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> list[FormField]:
    """As `incident_edit_fields`, of a student's Edit information."""
    return _edited(db, viewer, "student", student_id)


def _edited(db: PluginSession, viewer: Viewer, form: str, subject_id: uuid.UUID) -> list[FormField]:
    now = values.kept_now(db, form, subject_id)
    shown = queries.definitions(db, form=form)
    found = [form_field(one, viewer, now.get(one.id, ())) for one in shown]
    if now.keys() <= {one.id for one in shown}:
        return found
    for at, one in enumerate(values.said(db, viewer, form, [subject_id]).get(subject_id, [])):
        if one.former:
            context = {"texts": one.texts}
            field = StringField(f"{one.label} (former field)")
            name = one.name.replace("-f", "-former_", 1)
            found.append(
                FormField(name, field, FORMER + at, template=f"{TEMPLATES}former.pt", context=context)
            )
    return found


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Keeps what was put in with the incident's version."""
    _save(db, viewer, "incident", incident_id, version, values)


@hookimpl
def action_saved(
    db: PluginSession, viewer: Viewer, action_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Keeps what was put in with the action's version."""
    _save(db, viewer, "action", action_id, version, values)


@hookimpl
def student_saved(
    db: PluginSession, viewer: Viewer, student_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """Keeps what was put in with the student's version."""
    _save(db, viewer, "student", student_id, version, values)


_save = saving.save
said_in_words = values.in_words  # a hook's own argument is named as the module is


@hookimpl
def field_words(db: PluginSession, viewer: Viewer, values: Sequence[tuple[str, Any]]) -> list[FieldWords]:
    """What the values of a version say, in the History of an incident or action."""
    return said_in_words(db, viewer, values)


@hookimpl
def incident_split(db: PluginSession, viewer: Viewer, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    """What was put into the action's fields goes along, as former fields of the incident (EDT-05)."""
    saving.carry_over(db, viewer, action_id, incident_id)


@hookimpl
def incident_panels(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Panel]]:
    """What was put in, under the incident's text."""
    return _panels(db, viewer, "incident", "incident-foot", incident_ids)


@hookimpl
def action_panels(
    db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Panel]]:
    """What was put in, under the action's text."""
    return _panels(db, viewer, "action", "action-foot", action_ids)


@hookimpl
def student_panels(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> list[Panel]:
    """What was put in, on the student's Overview."""
    return _panels(db, viewer, "student", "student-overview", [student_id]).get(student_id, [])


def _panels(
    db: PluginSession, viewer: Viewer, form: str, slot: str, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Panel]]:
    return {
        one: [Panel(slot, FOOT, f"{TEMPLATES}values.pt", {"values": said, "form": form})]
        for one, said in values.said(db, viewer, form, ids).items()
    }


@hookimpl
def incident_prints(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    """What was put in, a line each that a report may leave out (FRM-04)."""
    return _prints(db, viewer, "incident", incident_ids)


@hookimpl
def action_prints(
    db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    """As `incident_prints`, of actions."""
    return _prints(db, viewer, "action", action_ids)


@hookimpl
def student_prints(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> list[PrintPart]:
    """As `incident_prints`, of a student."""
    return _prints(db, viewer, "student", [student_id]).get(student_id, [])


def _prints(
    db: PluginSession, viewer: Viewer, form: str, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    return {
        key: [PrintPart(FOOT + at, lines=[one.line], column=one.name) for at, one in enumerate(said)]
        for key, said in values.said(db, viewer, form, ids).items()
    }


@hookimpl
def report_filters(db: PluginSession, viewer: Viewer) -> list[Filter]:
    """The fields of incidents and actions as filters (FRM-04)."""
    return reports.filters(db, viewer)


@hookimpl
def report_groupings(db: PluginSession, viewer: Viewer) -> list[Grouping]:
    """The dropdowns of incidents and actions as groupings (FRM-04)."""
    return reports.groupings(db, viewer)


@hookimpl
def report_columns(db: PluginSession, viewer: Viewer) -> list[ReportColumn]:
    """Every field as a tick of a report (FRM-04, FRM-05)."""
    return reports.columns(db, viewer)


@hookimpl
def merge_students(
    db: PluginSession, viewer: Viewer, kept_id: uuid.UUID, merged_id: uuid.UUID
) -> dict[str, Any]:
    """What was put in on one record goes to the other (INC-02)."""
    return {"values": saving.move(db, viewer, kept_id, merged_id)}


@hookimpl
def export_student(db: PluginSession, student_id: uuid.UUID) -> dict[str, Any]:
    """All that was put in about the student, former values and fields included."""
    return {"custom_fields": values.of_student(db, student_id)}
