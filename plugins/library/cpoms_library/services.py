"""What changes the library. Each change writes its audit entry in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select, update

from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.documents.services import Incoming
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.names import fold
from cpoms_core.tenancy.services import next_numbers
from cpoms_library import sight
from cpoms_library.models import (
    DELETED,
    DESTROYED,
    RESTORED,
    LibraryAlert,
    LibraryFile,
    LibraryRemoval,
    LibraryView,
)

MAIL = "library.alerted"
LONGEST_REASON = 2_000  # characters


def add_files(
    db: PluginSession,
    viewer: Viewer,
    documents: Sequence[Incoming],
    recipients: Collection[uuid.UUID] = (),
    *,
    requires_action: bool = False,
) -> list[uuid.UUID]:
    """Puts stored files into the library, and alerts users to them with one mail each (LIB-01, LIB-02). A
    second file of the same name is a file of its own. Raises NothingThere and Refused."""
    if not viewer.may(sight.ADD):
        raise NothingThere
    if not documents:
        raise Refused("Choose at least one file.", field="files")
    wanted = _recipients(db, recipients)
    numbers = next_numbers(db, "document", len(documents))
    for number, document in zip(numbers, documents, strict=True):
        db.add(
            LibraryFile(
                school_id=db.school_id,
                id=document.id,
                number=number,
                name=document.name,
                sort_name=fold(document.name)[:500],
                media_type=document.media_type,
                size=document.size,
                sha256=document.sha256,
                added_by=viewer.acting_user,
                added_at=viewer.now(),
            )
        )
    db.flush()
    ids = [document.id for document in documents]
    db.audit(viewer, "library.added", ids, files=len(ids))
    if wanted:
        _alert(db, viewer, ids, wanted, requires_action=requires_action)
    return ids


def alert_to(
    db: PluginSession,
    viewer: Viewer,
    file_id: uuid.UUID,
    recipients: Collection[uuid.UUID],
    *,
    requires_action: bool,
) -> int:
    """Alerts users to a file. Who has an open alert to it already is not told again; that alert requires
    action from now on, if this one does. Returns how many were told. Raises NothingThere and Refused."""
    if not viewer.may(sight.ADD):
        raise NothingThere
    _locked(db, file_id, sight.visible(viewer))
    if not recipients:
        raise Refused("Choose at least one person.", field="alerts")
    return _alert(db, viewer, [file_id], _recipients(db, recipients), requires_action=requires_action)


def note_view(db: PluginSession, viewer: Viewer, file_id: uuid.UUID, how: str) -> None:
    """Notes that the viewer was sent the file: that closes their alert to it, unless it requires action."""
    now = viewer.now()
    db.add(
        LibraryView(
            school_id=db.school_id,
            id=new_id(),
            file_id=file_id,
            user_id=viewer.acting_user,
            made_at=now,
            how=how,
        )
    )
    db.flush()
    db.execute(
        update(LibraryAlert)
        .where(*_own_open(viewer, file_id), LibraryAlert.requires_action.is_(False))
        .values(closed_at=now)
        .execution_options(synchronize_session=False)
    )


def mark_understood(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> None:
    """The viewer says that they have read and understood a file to which they have an open alert. Raises
    NothingThere."""
    _visible(db, file_id, sight.visible(viewer))
    now = viewer.now()
    closed = db.execute(
        update(LibraryAlert)
        .where(*_own_open(viewer, file_id))
        .values(understood_at=now, closed_at=now)
        .execution_options(synchronize_session=False)
    )
    if not closed.rowcount:  # type: ignore[attr-defined]
        raise NothingThere
    db.audit(viewer, "library.understood", [file_id])


def delete(db: PluginSession, viewer: Viewer, file_id: uuid.UUID, reason: str) -> None:
    """Hides a file, with a reason; the alerts to it go with it, and come back with it (LIB-03). Raises
    NothingThere, and Refused without a reason."""
    file = _locked(db, file_id, sight.deletable(viewer))
    file.removed_reason = _given(reason)
    file.removed_at, file.removed_by = viewer.now(), viewer.user_id
    _note(db, viewer, file, DELETED, file.removed_reason)


def restore(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> None:
    """Brings a deleted file back. Raises NothingThere."""
    file = _locked(db, file_id, sight.restorable(viewer))
    file.removed_at = file.removed_by = None
    file.removed_reason = ""
    _note(db, viewer, file, RESTORED, "")


def destroy(db: PluginSession, viewer: Viewer, number: int, reason: str) -> uuid.UUID | None:
    """The operator removes a file for good, on a written request (EDT-10): one that was deleted before. Its
    row stays. Answers the id of the stored file, or None where the library has none of this number. Raises
    Refused."""
    file: LibraryFile | None = db.scalars(
        select(LibraryFile).where(LibraryFile.number == number).with_for_update()
    ).first()
    if file is None:
        return None
    if file.destroyed_at is not None:
        raise Refused(f"The document D-{number} was removed for good before.")
    if file.removed_at is None:
        raise Refused(f"The document D-{number} is in the library. It must be deleted there first.")
    file.destroyed_at, file.destroyed_reason = viewer.now(), reason
    _note(db, viewer, file, DESTROYED, reason)
    return file.id


def _alert(
    db: PluginSession,
    viewer: Viewer,
    file_ids: Sequence[uuid.UUID],
    recipients: Sequence[uuid.UUID],
    *,
    requires_action: bool,
) -> int:
    open_ones = db.scalars(
        select(LibraryAlert).where(
            LibraryAlert.file_id.in_(file_ids),
            LibraryAlert.recipient_id.in_(recipients),
            LibraryAlert.closed_at.is_(None),
        )
    ).all()
    waiting = {(one.file_id, one.recipient_id) for one in open_ones}
    for one in open_ones:
        one.requires_action = one.requires_action or requires_action
    told, now = 0, viewer.now()
    for recipient in recipients:
        fresh = [file_id for file_id in file_ids if (file_id, recipient) not in waiting]
        for file_id in fresh:
            db.add(
                LibraryAlert(
                    school_id=db.school_id,
                    id=new_id(),
                    file_id=file_id,
                    recipient_id=recipient,
                    sender_id=viewer.user_id,
                    created_at=now,
                    requires_action=requires_action,
                )
            )
        if fresh:
            told += 1
            files = ",".join(str(one) for one in fresh)
            db.queue_mail(MAIL, to_user=recipient, now=now, sender=str(viewer.user_id or ""), files=files)
    db.flush()
    db.audit(viewer, "library.alerted", file_ids, alerted=told, requires_action=requires_action)
    return told


def _recipients(db: PluginSession, recipients: Collection[uuid.UUID]) -> list[uuid.UUID]:
    wanted = list(dict.fromkeys(recipients))
    if not wanted:
        return []
    active = set(db.scalars(select(User.id).where(User.id.in_(wanted), User.deactivated_at.is_(None))))
    if len(active) != len(wanted):
        raise Refused("One of these people no longer has an account. Choose again.", field="alerts")
    return wanted


def _own_open(viewer: Viewer, file_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        LibraryAlert.file_id == file_id,
        LibraryAlert.recipient_id == viewer.user_id,
        LibraryAlert.closed_at.is_(None),
    )


def _visible(db: PluginSession, file_id: uuid.UUID, condition: ColumnElement[bool]) -> LibraryFile:
    file: LibraryFile | None = db.scalars(
        select(LibraryFile).where(LibraryFile.id == file_id, condition)
    ).first()
    if file is None:
        raise NothingThere
    return file


def _locked(db: PluginSession, file_id: uuid.UUID, condition: ColumnElement[bool]) -> LibraryFile:
    """The file, locked until the transaction ends: one change at a time. Raises NothingThere."""
    file: LibraryFile | None = db.scalars(
        select(LibraryFile).where(LibraryFile.id == file_id, condition).with_for_update()
    ).first()
    if file is None:
        raise NothingThere
    return file


def _note(db: PluginSession, viewer: Viewer, file: LibraryFile, what: str, reason: str) -> None:
    db.add(
        LibraryRemoval(
            school_id=db.school_id,
            id=new_id(),
            file_id=file.id,
            what=what,
            made_at=viewer.now(),
            made_by=viewer.user_id,
            reason=reason,
        )
    )
    db.flush()
    db.audit(viewer, f"library.{what}", [file.id], number=file.number)


def _given(reason: str) -> str:
    reason = " ".join((reason or "").split())
    if not reason:
        raise Refused("Give the reason for deletion.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"Use at most {LONGEST_REASON:,} characters.", field="reason")
    return reason
