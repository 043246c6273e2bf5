"""Documents: what is known of a file. Its bytes are in the storage, encrypted, under the same id."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record, belongs_to


class Document(Record, Base):
    """A file on an incident, on an action, or straight in a student's vault (STU-05)."""

    __tablename__ = "document"
    __table_args__ = (
        belongs_to("incident", "incident_id"),
        belongs_to("action", "action_id"),
        belongs_to("student", "student_id"),
        belongs_to("user", "added_by"),
        Index("ix_document_incident", "school_id", "incident_id"),
        Index("ix_document_student", "school_id", "student_id"),
    )

    incident_id: Mapped[uuid.UUID | None]  # also set for a file of one of its actions
    action_id: Mapped[uuid.UUID | None]
    student_id: Mapped[uuid.UUID | None]  # straight in the vault
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[uuid.UUID]
    added_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]
