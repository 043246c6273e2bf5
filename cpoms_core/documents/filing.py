"""Putting files straight into a student's vault (STU-05)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.documents.services import Incoming, attach
from cpoms_core.errors import NothingThere
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession


def file_in_vault(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, documents: Sequence[Incoming]
) -> uuid.UUID:
    """Hangs stored files on a student, and answers whose record they are on: of one who was typed in and has
    been matched, that of the child of the register (INC-02). Raises NothingThere where the viewer may not
    open the record, or may not attach files."""
    record = db.execute(
        select(Student.id, Student.matched_to)
        .where(Student.id == student_id, policy.student_records(viewer))
        .with_for_update(read=True, key_share=True, of=Student)  # no match moves the files away meanwhile
    ).first()
    if not viewer.may("files:attach") or record is None:
        raise NothingThere
    if record.matched_to is not None:
        return file_in_vault(db, viewer, record.matched_to, documents)
    attach(db, viewer, documents, student_id=student_id)
    ids = [document.id for document in documents]
    audit.record(db, viewer, "document.added", [student_id, *ids], files=len(ids))
    return student_id
