"""What was put into the school's own fields: kept with each version, shown, moved and handed out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select, update

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


def kept_now(db: PluginSession, form: str, subject_id: uuid.UUID) -> dict[uuid.UUID, list[Kept]]:
    """What is kept now of one incident, action or student, by field."""
    found: dict[uuid.UUID, list[Kept]] = {}
    for row in _current(db, form, subject_id):
        found.setdefault(row.field_id, []).append((row.option_id, row.text))
    return found


def save(
    db: PluginSession,
    viewer: Viewer,
    form: str,
    subject_id: uuid.UUID,
    version: int,
    values: Mapping[str, Any],
) -> None:
    """Keeps what came with a version: what differs ends what was kept, and nothing is overwritten. A field
    that is not among the values was not on the form, and stays as it is. Done twice, it changes nothing; done
    late, it does not go behind a later version."""
    typed = {one: value for name, value in values.items() if (one := id_in(name)) is not None}
    if not typed:
        return
    rows = _current(db, form, subject_id)
    changed = []
    for definition in queries.definitions(db, form=form, ids=list(typed)):
        had = [row for row in rows if row.field_id == definition.id]
        wanted = to_keep(definition, typed[definition.id], viewer)
        if _same(had, wanted) or _ends_later(db, form, subject_id, definition.id, version):
            continue
        changed.append(definition.name)
        for row in had:
            row.ended_at = viewer.now()
        for option_id, text in wanted:
            _add(db, viewer, form, subject_id, definition.id, version, option_id, text)
    if changed:
        db.flush()
        event = "formbuilder.filled-in"
        db.audit(viewer, event, [subject_id], form=form, version=version, fields=changed)


def carry_over(db: PluginSession, viewer: Viewer, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    """An action became an incident of its own (EDT-05): what was put into its fields is shown there, too.
    The action keeps its rows."""
    there = {row.field_id for row in _current(db, "incident", incident_id)}
    for row in _current(db, "action", action_id):
        if row.field_id not in there:
            _add(db, viewer, "incident", incident_id, row.field_id, 1, row.option_id, row.text)


def move(db: PluginSession, viewer: Viewer, kept_id: uuid.UUID, merged_id: uuid.UUID) -> list[str]:
    """Two records of one child become one (INC-02): all that was kept under the one goes to the other; where
    both have a field, that of the register's record counts and the other is its history."""
    there = {row.field_id for row in _current(db, "student", kept_id)}
    moved = []
    for row in db.scalars(select(Value).where(Value.student_id == merged_id)).all():
        if row.field_id in there and row.ended_at is None:
            row.ended_at = viewer.now()
        moved.append(str(row.id))
    db.flush()
    db.execute(
        update(Value)
        .where(Value.student_id == merged_id)
        .values(student_id=kept_id)
        .execution_options(synchronize_session=False)
    )
    return moved


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


def _current(db: PluginSession, form: str, subject_id: uuid.UUID) -> list[Value]:
    statement = select(Value).where(COLUMNS[form] == subject_id, Value.ended_at.is_(None)).order_by(Value.id)
    return list(db.scalars(statement))


def _same(had: Sequence[Value], wanted: Sequence[Kept]) -> bool:
    if any(row.option_id for row in had) or any(option for option, _text in wanted):
        return {row.option_id for row in had} == {option for option, _text in wanted}
    return [row.text for row in had] == [text for _option, text in wanted]


def _ends_later(
    db: PluginSession, form: str, subject_id: uuid.UUID, field_id: uuid.UUID, version: int
) -> bool:
    later = select(Value.id).where(
        COLUMNS[form] == subject_id, Value.field_id == field_id, Value.version > version
    )
    return db.scalar(later.limit(1)) is not None


def _add(
    db: PluginSession,
    viewer: Viewer,
    form: str,
    subject_id: uuid.UUID,
    field_id: uuid.UUID,
    version: int,
    option_id: uuid.UUID | None,
    text: str,
) -> None:
    db.add(
        Value(
            school_id=db.school_id,
            field_id=field_id,
            option_id=option_id,
            text=text,
            version=version,
            made_at=viewer.now(),
            made_by=viewer.user_id,
            **{f"{form}_id": subject_id},
        )
    )
