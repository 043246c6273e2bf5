"""Reading what is known of files: a student's vault (STU-05), and one file with what it hangs on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import Id
from cpoms_core.documents.kinds import ending_of, shown_as_picture
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.models import Incident
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 50
REMOVER = aliased(User)


def number_in_words(number: int) -> str:
    """The document ID that people see (EDT-10)."""
    return f"D-{number}"


@dataclass(frozen=True, slots=True)
class Removed:
    """That a file was removed. `for_good`: its bytes are gone, by the operator on a written request."""

    by_name: str
    at: dt.datetime
    reason: str
    for_good: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as a list shows it; names are the viewer's to see, times the school's."""

    id: uuid.UUID
    number: int
    name: str
    size: int  # bytes
    picture: bool
    added_by: str
    added: dt.datetime
    student_id: uuid.UUID | None  # straight in this student's vault
    incident_id: uuid.UUID | None
    incident_number: int | None
    action_id: uuid.UUID | None
    incident_seen: bool  # the viewer may open the incident, and not only this one file of it
    rightful: bool
    kept: bool  # the viewer may remove and restore it
    removed: Removed | None

    @property
    def label(self) -> str:
        return number_in_words(self.number)

    @property
    def kind(self) -> str:
        """The ending, as people say it: "PDF"."""
        return ending_of(self.name).upper() or "File"


def _rows(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    """Files that the viewer may open, and removed ones that they may restore."""
    return (
        select(
            Document.id,
            Document.number,
            Document.name,
            Document.media_type,
            Document.size,
            Document.added_at,
            Document.student_id,
            Document.incident_id,
            Document.action_id,
            Document.removed_at,
            Document.removed_reason,
            Document.destroyed_at,
            Document.destroyed_reason,
            Incident.number.label("incident_number"),
            staff_name().label("added_by"),
            staff_name(REMOVER).label("removed_by"),
            policy.visible_incidents(sight).label("incident_seen"),
            policy.rightful_documents(sight).label("rightful"),
            policy.kept_documents(sight).label("kept"),
        )
        .join(User, User.id == Document.added_by)
        .outerjoin(REMOVER, REMOVER.id == Document.removed_by)
        .outerjoin(Incident, Incident.id == Document.incident_id)
        .where(
            or_(
                policy.visible_documents(sight),
                and_(Document.removed_at.is_not(None), policy.kept_documents(sight)),
            )
        )
    )


@policy.for_rights
def _vault(sight: policy.Sight, *, later: bool) -> Select[*tuple[Any, ...]]:
    statement = (
        _rows(sight)
        .where(policy.in_vault_of(bindparam("student", type_=Id)))
        .order_by(Document.number.desc())
        .limit(PAGE + 1)
    )
    return statement.where(Document.number < bindparam("before")) if later else statement


@policy.for_rights
def _one(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return _rows(sight).where(Document.id == bindparam("document", type_=Id))


def vault(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, before: int | None = None
) -> tuple[list[FileRow], int | None]:
    """A page of all files on a student's record that the viewer may see, newest first, and the number to go
    on before (None at the end). The viewer's right to the record was asked for before."""
    given = policy.who(viewer, student=student_id, **({} if before is None else {"before": before}))
    rows = db.execute(_vault(viewer, later=before is not None), given).all()
    shown = [_row(viewer, row) for row in rows[:PAGE]]
    return shown, shown[-1].number if len(rows) > PAGE else None


def file_of(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID) -> FileRow:
    """One file that the viewer may open, or restore. Raises NothingThere."""
    row = db.execute(_one(viewer), policy.who(viewer, document=document_id)).first()
    if row is None:
        raise NothingThere
    return _row(viewer, row)


@policy.for_rights
def _several(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        _rows(sight)
        .where(Document.id.in_(bindparam("documents", expanding=True, type_=Id)))
        .order_by(Document.number)
    )


def files_of(db: SchoolSession, viewer: Viewer, ids: Collection[uuid.UUID]) -> list[FileRow]:
    """Those of the files that the viewer may open, or restore, by their numbers."""
    if not ids:
        return []
    return [
        _row(viewer, row) for row in db.execute(_several(viewer), policy.who(viewer, documents=list(ids)))
    ]


def file_names(db: SchoolSession, viewer: Viewer, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What each of some files is called in a history: one that was removed has only its document ID left for
    who may not restore it (EDT-10)."""
    if not ids:
        return {}
    told = {file.id: file.name for file in files_of(db, viewer, ids)}
    rows = db.execute(select(Document.id, Document.number).where(Document.id.in_(ids)))
    return {row.id: told.get(row.id) or f"{number_in_words(row.number)}, removed" for row in rows}


def _row(viewer: Viewer, row: Any) -> FileRow:
    removed = None
    if row.removed_at is not None:
        removed = Removed(
            row.removed_by or "the operator of this system",
            viewer.local(row.destroyed_at or row.removed_at),
            viewer.text(row.removed_reason),
            row.destroyed_at is not None,
        )
    return FileRow(
        id=row.id,
        number=row.number,
        name=viewer.text(row.name),
        size=row.size,
        picture=removed is None and shown_as_picture(row.media_type, row.size),
        added_by=row.added_by,
        added=viewer.local(row.added_at),
        student_id=row.student_id,
        incident_id=row.incident_id,
        incident_number=row.incident_number,
        action_id=row.action_id,
        incident_seen=bool(row.incident_seen) and row.incident_id is not None,
        rightful=bool(row.rightful),
        kept=bool(row.kept),
        removed=removed,
    )


@dataclass(frozen=True, slots=True)
class Packable:
    """A file that goes into a zip; its name is the viewer's to see."""

    id: uuid.UUID
    number: int
    name: str
    size: int
    added: dt.datetime
    added_by: str
    incident_number: int | None


def packable(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, ids: Sequence[uuid.UUID] | None
) -> list[Packable]:
    """The files of a student's vault that the viewer may open, by their numbers; `ids`: only these."""
    wanted: list[ColumnElement[bool]] = [] if ids is None else [Document.id.in_(ids)]
    rows = db.execute(
        select(
            Document.id,
            Document.number,
            Document.name,
            Document.size,
            Document.added_at,
            staff_name().label("added_by"),
            Incident.number.label("incident_number"),
        )
        .join(User, User.id == Document.added_by)
        .outerjoin(Incident, Incident.id == Document.incident_id)
        .where(policy.visible_documents(viewer), policy.in_vault_of(student_id), *wanted)
        .order_by(Document.number)
    )
    return [
        Packable(
            row.id,
            row.number,
            viewer.text(row.name),
            row.size,
            viewer.local(row.added_at),
            row.added_by,
            row.incident_number,
        )
        for row in rows
    ]


def whose(db: SchoolSession, viewer: Viewer, file: FileRow) -> str:
    """Whom a file is about, in words: the student of its vault or its incident. Who sees only this one file,
    by an alert, is told the name (USR-12.4); a child outside the viewer's classes is "another student". Who
    may restore a file sees it by right, though it was removed (EDT-10)."""
    student_id: Any = file.student_id
    if student_id is None:
        student_id = select(Incident.student_id).where(Incident.id == file.incident_id).scalar_subquery()
    row = db.execute(
        select(Student, policy.student_names_in(viewer).label("nameable")).where(Student.id == student_id)
    ).first()
    if row is None:
        return "Whole school"
    by_right = file.rightful or file.kept
    return viewer.name(row[0]) if row.nameable or not by_right else "another student"


def own_open_alerts(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID) -> list[uuid.UUID]:
    """The viewer's open alerts to a file."""
    statement = select(Alert.id).where(Alert.document_id == document_id, policy.own_alerts(viewer))
    return list(db.scalars(statement))
