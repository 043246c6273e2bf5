"""Documents: what is known of a file. Its bytes are in the storage, encrypted, under the same id."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record, belongs_to
from cpoms_core.database.types import Json


class Document(Record, Base):
    """A file on an incident, on an action, or straight in a student's vault (STU-05)."""

    __tablename__ = "document"
    __table_args__ = (
        belongs_to("incident", "incident_id"),
        belongs_to("action", "action_id"),
        belongs_to("student", "student_id"),
        belongs_to("user", "added_by"),
        UniqueConstraint("school_id", "number"),
        Index("ix_document_incident", "school_id", "incident_id"),
        Index("ix_document_student", "school_id", "student_id"),
    )

    number: Mapped[int]  # the document ID that people see (EDT-10)
    incident_id: Mapped[uuid.UUID | None]  # also set for a file of one of its actions
    action_id: Mapped[uuid.UUID | None]
    student_id: Mapped[uuid.UUID | None]  # straight in the vault
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[uuid.UUID]
    added_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]  # hidden, and restorable (EDT-10)
    removed_by: Mapped[uuid.UUID | None]
    removed_reason: Mapped[str] = mapped_column(Text, default="")
    destroyed_at: Mapped[dt.datetime | None]  # its bytes are gone, by the operator on a written request
    destroyed_reason: Mapped[str] = mapped_column(Text, default="")


class PreparedFile(Record, Base):
    """A file that the worker makes for one user and only they may fetch, until it expires: a long PDF, a zip.
    Its bytes are in the storage, encrypted, under its id."""

    __tablename__ = "prepared_file"
    __table_args__ = (
        belongs_to("user", "asked_by"),
        Index("ix_prepared_file_asked_by", "school_id", "asked_by", "asked_at"),
    )

    asked_by: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(40))  # which maker makes it
    wanted: Mapped[dict[str, Any]] = mapped_column(Json)  # ids and choices, no content
    asked_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting | making | ready | failed
    done: Mapped[int] = mapped_column(default=0)  # parts, for the progress bar
    out_of: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(255), default="")
    media_type: Mapped[str] = mapped_column(String(120), default="")
    size: Mapped[int | None]  # bytes
    expires_at: Mapped[dt.datetime]
