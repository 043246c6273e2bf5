"""Who was alerted to a file, and who has read it: the log, a user's own open alerts, and whether a mail of
one is still owed (LIB-02)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import aliased

from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.documents.queries import number_in_words
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.tenancy.scope import built_once
from cpoms_library import sight
from cpoms_library.models import LibraryAlert, LibraryFile, LibraryView

SENDER, CLOSER = aliased(User), aliased(User)
MOST_ON_DASHBOARD = 20


@dataclass(frozen=True, slots=True)
class Reader:
    """A line of the log. Times are the school's; none: not yet."""

    name: str
    sender: str
    alerted: dt.datetime
    requires_action: bool
    viewed: dt.datetime | None
    understood: dt.datetime | None
    taken_off: dt.datetime | None = None  # off their dashboard, unread (USR-08)
    taken_off_by: str = ""


def log_of(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> list[Reader]:
    """Every alert to a file that the viewer was found to see, oldest first."""
    last_viewed = (
        select(func.max(LibraryView.made_at))
        .where(LibraryView.file_id == LibraryAlert.file_id, LibraryView.user_id == LibraryAlert.recipient_id)
        .correlate(LibraryAlert)
        .scalar_subquery()
    )
    rows = db.execute(
        select(
            staff_name().label("name"),
            staff_name(SENDER).label("sender"),
            LibraryAlert.created_at,
            LibraryAlert.requires_action,
            LibraryAlert.understood_at,
            LibraryAlert.closed_at,
            LibraryAlert.closed_by,
            staff_name(CLOSER).label("closer"),
            last_viewed.label("viewed_at"),
        )
        .join(User, User.id == LibraryAlert.recipient_id)
        .outerjoin(SENDER, SENDER.id == LibraryAlert.sender_id)
        .outerjoin(CLOSER, CLOSER.id == LibraryAlert.closed_by)
        .where(LibraryAlert.file_id == file_id)
        .order_by(LibraryAlert.created_at, User.surname, User.forename, LibraryAlert.id)
    )
    return [
        Reader(
            row.name,
            row.sender or "",
            viewer.local(row.created_at),
            row.requires_action,
            _local(viewer, row.viewed_at),
            _local(viewer, row.understood_at),
            _local(viewer, row.closed_at) if row.closed_by else None,
            row.closer or "",
        )
        for row in rows
    ]


def _local(viewer: Viewer, moment: dt.datetime | None) -> dt.datetime | None:
    return viewer.local(moment) if moment is not None else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open alert of the viewer, for the dashboard. opens: they may read the file in this session; without
    that it has no name here."""

    file_id: uuid.UUID
    name: str
    sender: str
    alerted: dt.datetime
    requires_action: bool
    opens: bool


WAITING = built_once(
    select(
        LibraryFile.id,
        LibraryFile.number,
        LibraryFile.name,
        LibraryAlert.created_at,
        LibraryAlert.requires_action,
        staff_name(SENDER).label("sender"),
    )
    .join(LibraryFile, LibraryFile.id == LibraryAlert.file_id)
    .outerjoin(SENDER, SENDER.id == LibraryAlert.sender_id)
    .where(
        LibraryAlert.recipient_id == bindparam("user", type_=Id),
        LibraryAlert.closed_at.is_(None),
        LibraryFile.removed_at.is_(None),
    )
    .order_by(LibraryAlert.created_at.desc(), LibraryAlert.id)
    .limit(MOST_ON_DASHBOARD + 1)
)


def waiting_for(db: PluginSession, viewer: Viewer) -> list[Waiting]:
    """The files that the viewer has still to read, newest first; at most one more than are shown."""
    opens = sight.reaches(viewer)
    return [
        Waiting(
            row.id,
            f"{viewer.text(row.name)} ({number_in_words(row.number)})" if opens else "",
            row.sender or "",
            viewer.local(row.created_at),
            row.requires_action,
            opens,
        )
        for row in db.execute(WAITING, {"user": viewer.user_id})
    ]


def own_open_alert(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> LibraryAlert | None:
    """The viewer's open alert to a file."""
    statement = select(LibraryAlert).where(
        LibraryAlert.file_id == file_id,
        LibraryAlert.recipient_id == viewer.user_id,
        LibraryAlert.closed_at.is_(None),
    )
    found: LibraryAlert | None = db.scalars(statement).first()
    return found


def still_wanted(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> bool:
    """Whether the recipient of a mail still has an open alert to one of the files it was about."""
    statement = (
        select(LibraryAlert.id)
        .join(LibraryFile, LibraryFile.id == LibraryAlert.file_id)
        .where(
            LibraryAlert.recipient_id == uuid.UUID(payload["to_user"]),
            LibraryAlert.file_id.in_([uuid.UUID(one) for one in payload["files"].split(",")]),
            LibraryAlert.closed_at.is_(None),
            LibraryFile.removed_at.is_(None),
        )
        .limit(1)
    )
    return db.scalar(statement) is not None
