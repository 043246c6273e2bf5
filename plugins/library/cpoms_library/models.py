"""The module's tables. The bytes of a file are in the storage, encrypted, under the file's id."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base, Record, belongs_to

OPENED, DOWNLOADED = "opened", "downloaded"
DELETED, RESTORED, DESTROYED = "deleted", "restored", "destroyed"
OPEN = text("closed_at IS NULL")


class LibraryFile(Record, Base):
    """A file of the library. One that was deleted stays, hidden, until it is restored (LIB-03); one that was
    removed for good has no bytes any more, and its row stays all the same."""

    __tablename__ = "library_file"
    __table_args__ = (
        belongs_to("user", "added_by"),
        belongs_to("user", "removed_by"),
        UniqueConstraint("school_id", "number"),
        Index("ix_library_file_added_at", "school_id", "added_at"),
        Index("ix_library_file_sort_name", "school_id", "sort_name"),
        {"info": KEPT_ROWS},
    )

    number: Mapped[int]  # the document ID, of the school's one series (EDT-10)
    name: Mapped[str] = mapped_column(String(255))
    sort_name: Mapped[str] = mapped_column(String(500))  # in plain small letters: to sort by and to find
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[uuid.UUID]
    added_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]
    removed_by: Mapped[uuid.UUID | None]
    removed_reason: Mapped[str] = mapped_column(Text, default="")
    destroyed_at: Mapped[dt.datetime | None]  # its bytes are gone, by the operator on a written request
    destroyed_reason: Mapped[str] = mapped_column(Text, default="")


class LibraryRemoval(Record, Base):
    """That a file was deleted, restored or removed for good: by whom, when and why. Only ever added to."""

    __tablename__ = "library_removal"
    __table_args__ = (
        belongs_to("library_file", "file_id"),
        belongs_to("user", "made_by"),
        Index("ix_library_removal_file", "school_id", "file_id"),
        {"info": APPEND_ONLY_ROWS},
    )

    file_id: Mapped[uuid.UUID]
    what: Mapped[str] = mapped_column(String(10))  # deleted | restored | destroyed
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]  # None: the operator
    reason: Mapped[str] = mapped_column(Text, default="")


class LibraryAlert(Record, Base):
    """A request to one user to read one file. Open while there is no `closed_at`: it is closed when the file
    is viewed or, where it requires action, when it is marked as read and understood (LIB-02); or, with a
    `closed_by`, when it is taken off the dashboard unread (USR-08)."""

    __tablename__ = "library_alert"
    __table_args__ = (
        belongs_to("library_file", "file_id"),
        belongs_to("user", "recipient_id"),
        belongs_to("user", "sender_id"),
        belongs_to("user", "closed_by"),
        Index(
            "ix_library_alert_open",
            "school_id",
            "recipient_id",
            "file_id",
            unique=True,  # nobody is told twice of what still waits for them
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index("ix_library_alert_file", "school_id", "file_id", "recipient_id"),
        {"info": KEPT_ROWS},
    )

    file_id: Mapped[uuid.UUID]
    recipient_id: Mapped[uuid.UUID]
    sender_id: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    requires_action: Mapped[bool]
    understood_at: Mapped[dt.datetime | None]  # marked as read and understood
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[uuid.UUID | None]  # who took it off the dashboard unread (USR-08); None: it was read


class LibraryView(Record, Base):
    """That somebody opened or downloaded a file. Only ever added to; "last viewed" is the newest of these."""

    __tablename__ = "library_view"
    __table_args__ = (
        belongs_to("library_file", "file_id"),
        belongs_to("user", "user_id"),
        Index("ix_library_view_file", "school_id", "file_id", "user_id", "made_at"),
        {"info": APPEND_ONLY_ROWS},
    )

    file_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    made_at: Mapped[dt.datetime]
    how: Mapped[str] = mapped_column(String(10))  # opened | downloaded
