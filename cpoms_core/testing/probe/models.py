"""The probe's table."""

from __future__ import annotations

import uuid

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record, belongs_to


class ProbeNote(Record, Base):
    """A note beside one incident."""

    __tablename__ = "probe_note"
    __table_args__ = (belongs_to("incident", "incident_id"), UniqueConstraint("school_id", "incident_id"))

    incident_id: Mapped[uuid.UUID]
    text: Mapped[str] = mapped_column(Text)
