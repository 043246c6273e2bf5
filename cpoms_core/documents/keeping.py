"""Removing a file so that it can come back, and, on a written request, for good (EDT-10)."""

from __future__ import annotations

import uuid
from contextlib import suppress

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.scope import SchoolSession

LONGEST_REASON = 2_000  # characters


def remove(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID, reason: str) -> Document:
    """Hides a file from everyone but administrators, with a reason. Raises NothingThere,
    and Refused without a reason."""
    document = _kept(db, viewer, document_id)
    if document.removed_at is not None:
        return document
    document.removed_reason = _given(reason, "Give the reason why it is removed.")
    document.removed_at, document.removed_by = viewer.now(), viewer.user_id
    db.flush()
    audit.record(db, viewer, "document.removed", _subjects(document), number=document.number)
    return document


def restore(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID) -> Document:
    """Brings a removed file back to where it was. Raises NothingThere, and Refused where its bytes went."""
    document = _kept(db, viewer, document_id)
    if document.destroyed_at is not None:
        raise Refused("This file was removed for good. It cannot be restored.")
    if document.removed_at is None:
        return document
    document.removed_at = document.removed_by = None
    document.removed_reason = ""
    db.flush()
    audit.record(db, viewer, "document.restored", _subjects(document), number=document.number)
    return document


def destroy(db: SchoolSession, viewer: Viewer, number: int, request: str) -> uuid.UUID:
    """Notes that a file is removed for good, by the operator on a school's written request; then its bytes go
    with `forget_bytes`, once this is committed. The row stays. number: the document ID, also of a module's
    file. Answers the id of the stored file. Raises Refused."""
    request = _given(request, "Say whose written request it is, and of which day.")
    document = db.scalars(select(Document).where(Document.number == number)).first()
    if document is None:
        return _destroyed_by_module(db, viewer, number, request)
    if document.destroyed_at is not None:
        raise Refused(f"The document D-{number} was removed for good before.")
    document.destroyed_reason = request
    document.destroyed_at = now = viewer.now()
    if document.removed_at is None:
        document.removed_at, document.removed_reason = now, document.destroyed_reason
    db.flush()
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


def _kept(db: SchoolSession, viewer: Viewer, document_id: uuid.UUID) -> Document:
    statement = select(Document).where(Document.id == document_id, policy.kept_documents(viewer))
    document = db.scalars(statement).first()
    if document is None:
        raise NothingThere
    return document


def _given(text: str, otherwise: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused(otherwise, field="reason")
    if len(text) > LONGEST_REASON:
        raise Refused(f"Use at most {LONGEST_REASON:,} characters.", field="reason")
    return text


def _subjects(document: Document) -> list[uuid.UUID]:
    return [one for one in (document.id, document.incident_id, document.student_id) if one]
