"""What was put into the school's own fields is kept with each version, goes along with an action that is
split off, and moves with a child. Rows are ended and added, and none is overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.models import Student
from cpoms_formbuilder import newest, queries
from cpoms_formbuilder.kinds import Kept, id_in, to_keep
from cpoms_formbuilder.models import Value
from cpoms_formbuilder.values import current


def save(
    db: PluginSession,
    viewer: Viewer,
    form: str,
    subject_id: uuid.UUID,
    version: int,
    values: Mapping[str, Any],
) -> None:
    """Keeps what came with a version: what differs ends what was kept. A field that is not among the values
    was not on the form, and stays as it is. Done twice, it changes nothing; done late, it does not go behind
    a later version, and finds the fields that were deleted and the child that was matched meanwhile."""
    typed = {one: value for name, value in values.items() if (one := id_in(name)) is not None}
    if not typed:
        return
    later = newest.later_than(db, form, subject_id, version)
    if later is not None and later.subject_id != subject_id:
        subject_id, version = later.subject_id, later.version
    rows = current(db, form, subject_id)
    changed = []
    for definition in queries.definitions(db, form=form, ids=list(typed), deleted=True):
        said = typed[definition.id]
        had = [row for row in rows if row.field_id == definition.id]
        wanted = to_keep(definition, said, viewer)
        if _same(had, wanted) or (later is not None and not later.says(definition.name, said)):
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
    there = {row.field_id for row in current(db, "incident", incident_id)}
    for row in current(db, "action", action_id):
        if row.field_id not in there:
            _add(db, viewer, "incident", incident_id, row.field_id, 1, row.option_id, row.text)


def move(db: PluginSession, viewer: Viewer, kept_id: uuid.UUID, merged_id: uuid.UUID) -> list[str]:
    """Two records of one child become one (INC-02): all that was kept under the one goes to the other, with
    the version that the match gave it; where both have a field, that of the register's record counts and the
    other is its history."""
    there = {row.field_id for row in current(db, "student", kept_id)}
    moved = []
    for row in db.scalars(select(Value).where(Value.student_id == merged_id)).all():
        if row.field_id in there and row.ended_at is None:
            row.ended_at = viewer.now()
        moved.append(str(row.id))
    db.flush()
    version = select(Student.version).where(Student.id == kept_id).scalar_subquery()
    db.execute(
        update(Value)
        .where(Value.student_id == merged_id)
        .values(student_id=kept_id, version=version)
        .execution_options(synchronize_session=False)
    )
    return moved


def _same(had: Sequence[Value], wanted: Sequence[Kept]) -> bool:
    if any(row.option_id for row in had) or any(option for option, _text in wanted):
        return {row.option_id for row in had} == {option for option, _text in wanted}
    return [row.text for row in had] == [text for _option, text in wanted]


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
