"""What was put into the school's own fields, as it is read: on pages and forms, in histories and exports."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FieldWords
from cpoms_core.incidents.models import Action, IncidentStudent
from cpoms_formbuilder import queries
from cpoms_formbuilder.kinds import Definition, Kept, id_in, to_keep, to_read
from cpoms_formbuilder.models import CustomField, CustomOption, Value

COLUMNS: dict[str, Any] = {
    "incident": Value.incident_id,
    "action": Value.action_id,
    "student": Value.student_id,
}
"""What a value is of, by its form."""


@dataclass(frozen=True, slots=True)
class Said:
    """A field with what was put in, as it is shown. former: staff do not have the field any more."""

    name: str
    label: str
    former: bool
    texts: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        return f"{self.label}: {', '.join(self.texts)}"


def said(
    db: PluginSession, viewer: Viewer, form: str, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Said]]:
    """What is kept now of incidents, actions or students, in the order of the form. One query. An option is
    shown by its name of now."""
    column = COLUMNS[form]
    rows = db.execute(
        select(
            column.label("of"), Value.text, Value.option_id, CustomField, CustomOption.label.label("option")
        )
        .join(CustomField, CustomField.id == Value.field_id)
        .outerjoin(CustomOption, CustomOption.id == Value.option_id)
        .where(column.in_(ids), Value.ended_at.is_(None))
        .order_by(CustomField.position, CustomField.id, CustomOption.position)
    )
    found: dict[uuid.UUID, dict[uuid.UUID, Said]] = {}
    for row in rows:
        own: CustomField = row.CustomField
        former = own.deleted_at is not None or own.form != form
        one = found.setdefault(row.of, {}).setdefault(
            own.id, Said(f"formbuilder-f{own.id.hex}", own.label, former)
        )
        one.texts.append(to_read(own.kind, row.option if row.option_id else row.text, viewer))
    return {key: list(many.values()) for key, many in found.items()}


def in_words(db: PluginSession, viewer: Viewer, kept: Sequence[tuple[str, Any]]) -> list[FieldWords]:
    """Values as the versions of an incident or action keep them, in words for its History (EDT-01): those of
    former fields and removed options too."""
    own = [(one, name, value) for name, value in kept if (one := id_in(name)) is not None]
    if not own:
        return []
    ids = {one for one, _name, _value in own}
    fields = {one.id: one for one in queries.definitions(db, ids=ids, deleted=True)}
    return [
        FieldWords(name, value, fields[one].label, ", ".join(texts))
        for one, name, value in own
        if one in fields and (texts := _texts(fields[one], value, viewer))
    ]


def _texts(definition: Definition, value: Any, viewer: Viewer) -> list[str]:
    return [to_read(definition.kind, text, viewer) for _option, text in to_keep(definition, value, viewer)]


def current(db: PluginSession, form: str, subject_id: uuid.UUID) -> list[Value]:
    """The rows of what is kept now of one incident, action or student."""
    statement = select(Value).where(COLUMNS[form] == subject_id, Value.ended_at.is_(None)).order_by(Value.id)
    return list(db.scalars(statement))


def kept_now(db: PluginSession, form: str, subject_id: uuid.UUID) -> dict[uuid.UUID, list[Kept]]:
    """What is kept now of one incident, action or student, by field."""
    found: dict[uuid.UUID, list[Kept]] = {}
    for row in current(db, form, subject_id):
        found.setdefault(row.field_id, []).append((row.option_id, row.text))
    return found


def of_student(db: PluginSession, student_id: uuid.UUID) -> list[dict[str, Any]]:
    """All that was ever put in about a student: on their record, and on the incidents on it."""
    incidents = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)
    actions = select(Action.id).where(Action.incident_id.in_(incidents))
    rows = db.execute(
        select(Value, CustomField.label)
        .join(CustomField, CustomField.id == Value.field_id)
        .where(
            or_(
                Value.student_id == student_id,
                Value.incident_id.in_(incidents),
                Value.action_id.in_(actions),
            )
        )
        .order_by(Value.made_at, Value.id)
    )
    return [
        {
            "field": label,
            "text": row.text,
            "incident": str(row.incident_id) if row.incident_id else None,
            "action": str(row.action_id) if row.action_id else None,
            "version": row.version,
            "made_at": row.made_at.isoformat(),
            "made_by": str(row.made_by) if row.made_by else None,
            "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        }
        for row, label in rows
    ]
