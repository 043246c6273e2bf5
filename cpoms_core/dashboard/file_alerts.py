"""What the dashboard says of files that the user was alerted to (DSH-02, STU-05)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.documents.models import Document
from cpoms_core.documents.queries import number_in_words
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.beside import name_for
from cpoms_core.incidents.models import Incident
from cpoms_core.students.models import Student
from cpoms_core.students.queries import SHOWN, note_of
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class FileAbout:
    """A file, and whom it is about, as the viewer may see them written."""

    name: str
    about: str
    note: str


@policy.for_rights
def _files(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Document.id.label("document_id"),
            Document.number,
            Document.name.label("file"),
            *SHOWN,
            policy.student_names_in(sight).label("nameable"),
            policy.rightful_documents(sight).label("rightful"),
        )
        .outerjoin(Incident, Incident.id == Document.incident_id)
        .outerjoin(Student, Student.id == func.coalesce(Document.student_id, Incident.student_id))
        .where(Document.id.in_(bindparam("documents", expanding=True, type_=Id)))
    )


def files_about(
    db: SchoolSession | PluginSession, viewer: Viewer, ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, FileAbout]:
    """What is said of files that the viewer has open alerts to, by which their right to each is given."""
    found: dict[uuid.UUID, FileAbout] = {}
    for row in db.execute(_files(viewer), policy.who(viewer, documents=list(ids))):
        about, note = "Whole school", ""
        if row.id is not None:
            about = name_for(viewer, row, nameable=row.nameable, rightful=row.rightful)
            note = note_of(row) if row.nameable or not row.rightful else ""
        name = f"{viewer.text(row.file)} ({number_in_words(row.number)})"
        found[row.document_id] = FileAbout(name, about, note)
    return found
