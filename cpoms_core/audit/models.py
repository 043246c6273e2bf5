"""The audit: who saw, searched, printed or changed what; append-only and sealed into a chain of hashes."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool, Record, belongs_to
from cpoms_core.database.types import Json


class AuditEntry(Record, Base):
    """One thing that somebody did. `subjects` are the ids of what it was done to (students, incidents,
    users, ...), so that each finds it."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_user", "school_id", "user_id", "at", "id"),
        Index("ix_audit_entry_event", "school_id", "event", "at", "id"),
    )

    at: Mapped[dt.datetime]
    user_id: Mapped[uuid.UUID | None]
    event: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(20))  # web | worker | command line
    access: Mapped[str] = mapped_column(String(10), default="")
    subjects: Mapped[list[Any]] = mapped_column(Json, default=list)
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    ip: Mapped[str] = mapped_column(String(64), default="")


class AuditSubject(OfSchool, Base):
    """What an entry was done to, by what it was done to: a student's and an incident's audit are read from
    here (STU-08, EDT-09). A way to find entries and no record: the entry itself, which is sealed, has the
    same list. Ids of entries rise with time, so that each subject's are in their order."""

    __tablename__ = "audit_subject"
    __table_args__ = (belongs_to("audit_entry", "entry_id"),)

    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Unsealed(OfSchool, Base):
    """An audit entry that no seal covers yet. A queue: a long transaction commits an entry with an older id
    late, and is still found here."""

    __tablename__ = "audit_unsealed"
    __table_args__ = (belongs_to("audit_entry", "entry_id"),)

    entry_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Seal(OfSchool, Base):
    """A link of the school's chain: a hash over the entries it covers and the seal before it (OPS-09)."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[list[Any]] = mapped_column(Json)  # [id, hash in hex] of each, in the order of hashing
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[dt.datetime]
