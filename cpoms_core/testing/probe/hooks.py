"""The probe's hooks: every one there is, so that a test can ask any of them anything."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import StringField

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import (
    AuditWords,
    FieldError,
    FieldWords,
    Filter,
    FormField,
    FormName,
    Grouping,
    MailSpec,
    NavItem,
    Option,
    Panel,
    Permission,
    Placing,
    PrintPart,
    ReportColumn,
    SettingSpec,
    Tab,
    TaskSpec,
)
from cpoms_core.modules.routes import PUBLIC, ModuleRoutes, NotAudited
from cpoms_core.testing.probe import behaviour, views

READ = "probe:read"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60" viewBox="0 0 120 60">'
    '<rect width="120" height="60" fill="#eef4f8"/><circle cx="30" cy="30" r="9" fill="#a8221b"/></svg>'
)
PANEL = "cpoms_core.testing.probe:templates/panel.pt"


@hookimpl
def register_permissions() -> list[Permission]:
    return [Permission(READ, "Read the probe's notes", "Probe")]


@hookimpl
def register_settings() -> list[SettingSpec]:
    return [SettingSpec("probe.word", "quiet", "Word", "The word that the probe says.")]


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    routes.route("probe.notes", "/probe/notes")
    routes.view(views.notes, "probe.notes", permission=READ, audit="probe.listed", template="json")
    routes.route("probe.note", "/probe/notes/{note_id}")
    routes.view(views.note, "probe.note", permission=READ, audit="probe.viewed", template="json")
    routes.route("probe.echo", "/probe/echo")
    routes.view(
        views.echo,
        "probe.echo",
        permission=PUBLIC,
        audit=NotAudited("it shows nothing"),
        methods=("GET", "POST"),
        template="json",
    )
    routes.route("probe.student", "/probe/students/{student_id}")
    routes.view(views.student, "probe.student", permission=READ, audit="probe.student", template="json")
    for name in ("incident", "action"):
        routes.route(f"probe.{name}", f"/probe/{name}s/{{{name}_id}}")
        routes.view(views.asked, f"probe.{name}", permission=READ, audit="probe.viewed", template="json")
    routes.static("cpoms_core.testing.probe:static")


@hookimpl
def register_tasks() -> list[TaskSpec]:
    return [TaskSpec("probe.count", _count)]


def _count(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> None:
    behaviour.do("probe.count", lambda **_: None, db=db, viewer=viewer, payload=payload)


@hookimpl
def register_mails() -> list[MailSpec]:
    text = "{who} wrote a note at {school} on {when}.\n\nLog in to read it:\n{login}\n"
    return [MailSpec("probe.note", "There is a note of the probe", text, _owed)]


def _owed(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> bool:
    owed: bool = behaviour.do("probe.note", lambda **_: True, db=db, viewer=viewer, payload=payload)
    return owed


@hookimpl
def register_mis_sources() -> list[Any]:
    return []


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    return {
        "probe.listed": AuditWords("Listed the probe's notes", "viewed"),
        "probe.viewed": AuditWords("Read a note of the probe", "viewed"),
        "probe.student": AuditWords("Opened the probe's page of a student", "viewed"),
    }


@hookimpl
def nav_items(db: PluginSession, viewer: Viewer) -> Any:
    return behaviour.do(
        "nav_items",
        lambda **_: [
            NavItem("Probe", "probe.echo", 50, "radar"),
            NavItem("Probe's notes", "probe.notes", 51, "notes", needs=READ),
        ],
        db=db,
        viewer=viewer,
    )


@hookimpl
def dashboard_panels(db: PluginSession, viewer: Viewer) -> Any:
    usual = [Panel("dashboard", 50, PANEL, {"text": "The probe is on."}, needs=READ)]
    return behaviour.do("dashboard_panels", lambda **_: usual, db=db, viewer=viewer)


@hookimpl
def dashboard_alerts(db: PluginSession, viewer: Viewer, user_id: uuid.UUID) -> Any:
    return behaviour.do("dashboard_alerts", lambda **_: [], db=db, viewer=viewer, user_id=user_id)


@hookimpl
def dashboard_alerts_removed(
    db: PluginSession,
    viewer: Viewer,
    change_id: uuid.UUID,
    user_id: uuid.UUID,
    alert_ids: Sequence[uuid.UUID],
) -> None:
    behaviour.do(
        "dashboard_alerts_removed",
        _nothing,
        db=db,
        viewer=viewer,
        change_id=change_id,
        user_id=user_id,
        alert_ids=alert_ids,
    )


@hookimpl
def admin_tabs(db: PluginSession, viewer: Viewer) -> Any:
    return behaviour.do(
        "admin_tabs", lambda **_: [Tab("Probe", "probe.notes", 50, needs=READ)], db=db, viewer=viewer
    )


@hookimpl
def student_tabs(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Any:
    usual = [Tab("Probe", "probe.student", 50, needs=READ)]
    return behaviour.do("student_tabs", lambda **_: usual, db=db, viewer=viewer, student_id=student_id)


@hookimpl
def student_panels(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Any:
    usual = [Panel("student-overview", 50, PANEL, {"text": "The probe knows this child."}, needs=READ)]
    return behaviour.do("student_panels", lambda **_: usual, db=db, viewer=viewer, student_id=student_id)


@hookimpl
def student_form_fields(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Any:
    usual = [FormField("probe-note", StringField("Note of the probe"), 500)]
    return behaviour.do("student_form_fields", lambda **_: usual, db=db, viewer=viewer, student_id=student_id)


@hookimpl
def student_saved(
    db: PluginSession, viewer: Viewer, student_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    behaviour.do(
        "student_saved",
        _nothing,
        db=db,
        viewer=viewer,
        student_id=student_id,
        version=version,
        values=values,
    )


@hookimpl
def incident_form_fields(db: PluginSession, viewer: Viewer) -> Any:
    usual = [FormField("probe-note", StringField("Note of the probe"), 50)]
    return behaviour.do("incident_form_fields", lambda **_: usual, db=db, viewer=viewer)


@hookimpl
def action_form_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> Any:
    usual = [FormField("probe-note", StringField("Note of the probe"), 50)]
    return behaviour.do("action_form_fields", lambda **_: usual, db=db, viewer=viewer)


@hookimpl
def incident_panels(db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]) -> Any:
    return behaviour.do(
        "incident_panels",
        lambda **_: {
            one: [Panel("incident-foot", 50, PANEL, {"text": "A probe's panel."}, needs=READ)]
            for one in incident_ids
        },
        db=db,
        viewer=viewer,
        incident_ids=incident_ids,
    )


@hookimpl
def incident_edit_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> Any:
    return behaviour.do("incident_edit_fields", _note_now, db=db, viewer=viewer, incident_id=incident_id)


@hookimpl
def field_words(db: PluginSession, viewer: Viewer, values: Sequence[tuple[str, Any]]) -> Any:
    return behaviour.do("field_words", _in_words, db=db, viewer=viewer, values=values)


def _in_words(viewer: Viewer, values: Sequence[tuple[str, Any]], **_others: Any) -> list[FieldWords]:
    return [
        FieldWords(name, value, "Note of the probe", viewer.text(f"“{value}”"))
        for name, value in values
        if name == "probe-note"
    ]


def _note_now(db: PluginSession, incident_id: uuid.UUID, **_others: Any) -> list[FormField]:
    from sqlalchemy import select

    from cpoms_core.testing.probe.models import ProbeNote

    note = db.scalar(select(ProbeNote.text).where(ProbeNote.incident_id == incident_id))
    return [FormField("probe-note", StringField("Note of the probe", default=note or ""), 50)]


@hookimpl
def action_edit_fields(db: PluginSession, viewer: Viewer, action_id: uuid.UUID) -> Any:
    usual = [FormField("probe-note", StringField("Note of the probe"), 50)]
    return behaviour.do("action_edit_fields", lambda **_: usual, db=db, viewer=viewer, action_id=action_id)


@hookimpl
def incident_options(db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]) -> Any:
    return behaviour.do(
        "incident_options",
        lambda **_: {one: [Option("Probe this", "probe.incident", 50, needs=READ)] for one in incident_ids},
        db=db,
        viewer=viewer,
        incident_ids=incident_ids,
    )


@hookimpl
def action_options(db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]) -> Any:
    return behaviour.do(
        "action_options",
        lambda **_: {one: [Option("Probe this", "probe.action", 50, needs=READ)] for one in action_ids},
        db=db,
        viewer=viewer,
        action_ids=action_ids,
    )


@hookimpl
def incident_merged(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, into_id: uuid.UUID, action_id: uuid.UUID
) -> None:
    behaviour.do(
        "incident_merged",
        _nothing,
        db=db,
        viewer=viewer,
        incident_id=incident_id,
        into_id=into_id,
        action_id=action_id,
    )


@hookimpl
def incident_split(db: PluginSession, viewer: Viewer, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    behaviour.do(
        "incident_split", _nothing, db=db, viewer=viewer, action_id=action_id, incident_id=incident_id
    )


@hookimpl
def incidents_removed(
    db: PluginSession,
    viewer: Viewer,
    change_id: uuid.UUID,
    incident_ids: Sequence[uuid.UUID],
    action_ids: Sequence[uuid.UUID],
) -> None:
    behaviour.do(
        "incidents_removed",
        _nothing,
        db=db,
        viewer=viewer,
        change_id=change_id,
        incident_ids=incident_ids,
        action_ids=action_ids,
    )


@hookimpl
def incidents_reinstated(
    db: PluginSession,
    viewer: Viewer,
    change_id: uuid.UUID,
    incident_ids: Sequence[uuid.UUID],
    action_ids: Sequence[uuid.UUID],
) -> None:
    behaviour.do(
        "incidents_reinstated",
        _nothing,
        db=db,
        viewer=viewer,
        change_id=change_id,
        incident_ids=incident_ids,
        action_ids=action_ids,
    )


@hookimpl
def incident_prints(db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]) -> Any:
    usual = PrintPart(50, "Probe", ["A line of the probe."], DRAWING, needs=READ, column="probe-line")
    return behaviour.do(
        "incident_prints",
        lambda **_: {one: [usual] for one in incident_ids},
        db=db,
        viewer=viewer,
        incident_ids=incident_ids,
    )


@hookimpl
def action_prints(db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]) -> Any:
    usual = PrintPart(50, "Probe", ["A line of the probe on an action."], needs=READ)
    return behaviour.do(
        "action_prints",
        lambda **_: {one: [usual] for one in action_ids},
        db=db,
        viewer=viewer,
        action_ids=action_ids,
    )


@hookimpl
def student_prints(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Any:
    usual = PrintPart(50, "Probe", ["A line of the probe on a student."], needs=READ, column="probe-child")
    return behaviour.do("student_prints", lambda **_: [usual], db=db, viewer=viewer, student_id=student_id)


@hookimpl
def action_panels(db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]) -> Any:
    usual = Panel("action-foot", 50, PANEL, {"text": "A probe's panel of an action."}, needs=READ)
    return behaviour.do(
        "action_panels",
        lambda **_: {one: [usual] for one in action_ids},
        db=db,
        viewer=viewer,
        action_ids=action_ids,
    )


@hookimpl
def arrange_form(db: PluginSession, viewer: Viewer, form: FormName) -> Any:
    usual: list[Placing] = []
    return behaviour.do("arrange_form", lambda **_: usual, db=db, viewer=viewer, form=form)


@hookimpl
def report_filters(db: PluginSession, viewer: Viewer) -> Any:
    return behaviour.do("report_filters", _said_filter, db=db, viewer=viewer)


def _said_filter(**_others: Any) -> list[Filter]:
    from cpoms_core.testing.probe.models import ProbeNote

    def says(typed: str) -> Any:
        from sqlalchemy import select

        from cpoms_core.incidents.models import Incident

        return Incident.id.in_(select(ProbeNote.incident_id).where(ProbeNote.text == typed))

    return [Filter("probe-says", StringField("Note of the probe"), 50, says, needs=READ)]


@hookimpl
def report_groupings(db: PluginSession, viewer: Viewer) -> Any:
    return behaviour.do("report_groupings", _by_note, db=db, viewer=viewer)


def _by_note(**_others: Any) -> list[Grouping]:
    from sqlalchemy import select

    from cpoms_core.testing.probe.models import ProbeNote

    values = select(ProbeNote.incident_id, ProbeNote.text)
    return [Grouping("probe-note", "Note of the probe", 50, values, needs=READ)]


@hookimpl
def report_columns(db: PluginSession, viewer: Viewer) -> Any:
    usual = [
        ReportColumn("probe-line", "Line of the probe", 50, "incident", _no_values, needs=READ),
        ReportColumn("probe-child", "Line on the child", 51, "student", _no_values, needs=READ),
    ]
    return behaviour.do("report_columns", lambda **_: usual, db=db, viewer=viewer)


def _no_values(db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return {}


@hookimpl
def validate_incident(db: PluginSession, viewer: Viewer, values: Mapping[str, Any]) -> Any:
    def usual(**_: Any) -> list[FieldError]:
        if values.get("probe-note") == "refused":
            return [FieldError("probe-note", "The probe refuses this note.")]
        return []

    return behaviour.do("validate_incident", usual, db=db, viewer=viewer, values=values)


@hookimpl
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    behaviour.do(
        "incident_saved",
        keep_note,
        db=db,
        viewer=viewer,
        incident_id=incident_id,
        version=version,
        values=values,
    )


def keep_note(db: PluginSession, incident_id: uuid.UUID, values: Mapping[str, Any], **_others: Any) -> None:
    """Keeps the note that was typed, once."""
    from sqlalchemy import select

    from cpoms_core.testing.probe.models import ProbeNote

    if db.scalar(select(ProbeNote.id).where(ProbeNote.incident_id == incident_id)) is None:
        text = values.get("probe-note") or ""
        db.add(ProbeNote(school_id=db.school_id, id=new_id(), incident_id=incident_id, text=text))


@hookimpl
def action_saved(
    db: PluginSession, viewer: Viewer, action_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    behaviour.do("action_saved", _nothing, db=db, viewer=viewer, action_id=action_id, values=values)


@hookimpl
def students_imported(db: PluginSession, viewer: Viewer, run_id: uuid.UUID) -> None:
    behaviour.do("students_imported", _nothing, db=db, viewer=viewer, run_id=run_id)


@hookimpl
def module_enabled(db: PluginSession, viewer: Viewer) -> None:
    behaviour.do("module_enabled", _nothing, db=db, viewer=viewer)


@hookimpl
def module_disabled(db: PluginSession, viewer: Viewer) -> None:
    behaviour.do("module_disabled", _nothing, db=db, viewer=viewer)


@hookimpl
def fill_demo(db: PluginSession, viewer: Viewer, app: Any) -> None:
    behaviour.do("fill_demo", _nothing, db=db, viewer=viewer, app=app)


@hookimpl
def merge_students(db: PluginSession, viewer: Viewer, kept_id: uuid.UUID, merged_id: uuid.UUID) -> Any:
    return behaviour.do(
        "merge_students", lambda **_: {}, db=db, viewer=viewer, kept_id=kept_id, merged_id=merged_id
    )


@hookimpl
def export_student(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Any:
    return behaviour.do(
        "export_student", lambda **_: {"notes": []}, db=db, viewer=viewer, student_id=student_id
    )


@hookimpl
def audit_subjects(db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]) -> Any:
    return behaviour.do("audit_subjects", lambda **_: {}, db=db, viewer=viewer, ids=ids)


@hookimpl
def logo_panels(db: PluginSession, viewer: Viewer) -> Any:
    usual = [Panel("logo", 50, PANEL, {"text": "The probe has no logo."}, needs=READ)]
    return behaviour.do("logo_panels", lambda **_: usual, db=db, viewer=viewer)


@hookimpl
def kept_files(db: PluginSession, viewer: Viewer, file_ids: Sequence[uuid.UUID]) -> Any:
    return behaviour.do("kept_files", lambda **_: [], db=db, viewer=viewer, file_ids=file_ids)


@hookimpl
def destroy_document(db: PluginSession, viewer: Viewer, number: int, reason: str) -> Any:
    return behaviour.do(
        "destroy_document", lambda **_: None, db=db, viewer=viewer, number=number, reason=reason
    )


def _nothing(**_arguments: Any) -> None:
    pass
