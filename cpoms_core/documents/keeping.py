"""Removing a file so that it can come back, and, on a written request, for good (EDT-10)."""

from __future__ import annotations

import uuid
from contextlib import suppress

from sqlalchemy import ColumnElement, and_, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.services.files import Holder, keep_file_version, locked_holder
from cpoms_core.tenancy.scope import SchoolSession

LONGEST_REASON = 2_000  # characters


def remove(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID, reason: str) -> Document:
    """Hides a file from everyone but administrators, with a reason; what it hangs on has a version that says
    so. Raises NothingThere, and Refused without a reason."""
    document, holder = _kept(db, viewer, document_id)
    if document.removed_at is not None:
        return document
    document.removed_reason = _given(reason, "Give the reason why it is removed.")
    document.removed_at, document.removed_by = viewer.now(), viewer.user_id
    db.flush()
    if holder is not None:
        keep_file_version(db, viewer, holder, "file removed", document.id, document.removed_reason)
    audit.record(db, viewer, "document.removed", _subjects(document), number=document.number)
    return document


def restore(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID) -> Document:
    """Brings a removed file back to where it was. Raises NothingThere, and Refused where its bytes went."""
    document, holder = _kept(db, viewer, document_id)
    if document.destroyed_at is not None:
        raise Refused("This file was removed for good. It cannot be restored.")
    if document.removed_at is None:
        return document
    document.removed_at = document.removed_by = None
    document.removed_reason = ""
    db.flush()
    if holder is not None:
        keep_file_version(db, viewer, holder, "file restored", document.id)
    audit.record(db, viewer, "document.restored", _subjects(document), number=document.number)
    return document


def destroy(db: SchoolSession, viewer: Viewer, number: int, request: str) -> uuid.UUID:
    """Notes that a file is removed for good, by the operator on a school's written request; then its bytes go
    with `forget_bytes`, once this is committed. The row stays. number: the document ID, also of a module's
    file. Answers the id of the stored file. Raises Refused."""
    request = _given(request, "Say whose written request it is, and of which day.")
    found = _held(db, Document.number == number)
    if found is None:
        return _destroyed_by_module(db, viewer, number, request)
    document, holder = found
    if document.destroyed_at is not None:
        raise Refused(f"The document D-{number} was removed for good before.")
    document.destroyed_reason = request
    document.destroyed_at = now = viewer.now()
    shown = document.removed_at is None
    if shown:
        document.removed_at, document.removed_reason = now, document.destroyed_reason
    db.flush()
    if holder is not None and shown:  # else a version says already that it was removed
        keep_file_version(db, viewer, holder, "file destroyed", document.id, request)
    audit.record(db, viewer, "document.destroyed", _subjects(document), number=document.number)
    return document.id


def _destroyed_by_module(db: SchoolSession, viewer: Viewer, number: int, request: str) -> uuid.UUID:
    """Asks every installed module, on or off, whether the document is one of its own."""
    answers = db.app.hooks.always("destroy_document", db, viewer, number=number, reason=request)
    found = [stored for stored in answers.values() if stored is not None]
    if not found:
        raise Refused(f"The school has no document D-{number}.")
    return uuid.UUID(str(found[0]))


def forget_bytes(app: Application, school_id: int, document_id: uuid.UUID) -> bool:
    """Removes the bytes of a file that was removed for good. Where the storage is away it answers False, and
    the sweep removes them: nothing names them any more."""
    with suppress(OSError):
        app.storage.remove(school_id, document_id)
        return True
    return False


def _kept(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID) -> tuple[Document, Holder | None]:
    found = _held(db, and_(Document.id == document_id, policy.kept_documents(viewer)))
    if found is None:
        raise NothingThere
    return found


def _held(db: SchoolSession, condition: ColumnElement[bool]) -> tuple[Document, Holder | None] | None:
    """The file of a condition, with what it hangs on, which is locked: it is read again then, since somebody
    may have changed it, or merged its incident into another."""
    read = select(Document).where(condition).execution_options(populate_existing=True)
    document = db.scalars(read).first()
    while document is not None:
        place = document.incident_id, document.action_id
        holder = locked_holder(db, *place)
        document = db.scalars(read).first()
        if document is not None and (document.incident_id, document.action_id) == place:
            return document, holder
    return None


def _given(text: str, otherwise: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused(otherwise, field="reason")
    if len(text) > LONGEST_REASON:
        raise Refused(f"Use at most {LONGEST_REASON:,} characters.", field="reason")
    return text


def _subjects(document: Document) -> list[uuid.UUID]:
    return [one for one in (document.id, document.incident_id, document.student_id) if one]
