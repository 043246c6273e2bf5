"""Taking alerts off a user's dashboard, which an administrator does for the core's and the library's at once
(USR-08)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.relay import PluginSession
from cpoms_library.models import LibraryAlert, LibraryFile

AT_ONCE = 500  # ids in one statement


def open_of(db: PluginSession, user_id: uuid.UUID) -> list[uuid.UUID]:
    """The alerts that stand on a user's dashboard: open ones, to files that were not deleted."""
    statement = (
        select(LibraryAlert.id)
        .join(LibraryFile, LibraryFile.id == LibraryAlert.file_id)
        .where(
            LibraryAlert.recipient_id == user_id,
            LibraryAlert.closed_at.is_(None),
            LibraryFile.removed_at.is_(None),
        )
        .order_by(LibraryAlert.id)
    )
    return list(db.scalars(statement))


def take_off(db: PluginSession, viewer: Viewer, user_id: uuid.UUID, alert_ids: Sequence[uuid.UUID]) -> None:
    """Closes those of a user's open alerts that an administrator took off their dashboard, as not read
    (USR-08); the user can be alerted to the files again. To do it twice changes nothing."""
    files: set[uuid.UUID] = set()
    for at in range(0, len(alert_ids), AT_ONCE):
        these = (
            LibraryAlert.id.in_(alert_ids[at : at + AT_ONCE]),
            LibraryAlert.recipient_id == user_id,
            LibraryAlert.closed_at.is_(None),
        )
        files |= set(db.scalars(select(LibraryAlert.file_id).where(*these)))
        db.execute(
            update(LibraryAlert)
            .where(*these)
            .values(closed_at=viewer.now(), closed_by=viewer.acting_user)
            .execution_options(synchronize_session=False)
        )
    if files:
        db.audit(viewer, "library.alerts-removed", [user_id, *sorted(files)], files=len(files))
