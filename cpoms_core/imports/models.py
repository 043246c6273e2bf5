"""Import runs: one row for each file read, previewed, applied or refused (ADM-06)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record
from cpoms_core.database.types import Json


class ImportRun(Record, Base):
    """`state`: previewed (the file waits in the storage under this id), applied, refused, failed, dropped."""

    __tablename__ = "import_run"
    __table_args__ = (Index("ix_import_run_started", "school_id", "started_at"),)

    source: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(String(255), default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(20))
    started_by: Mapped[uuid.UUID | None]
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    problems: Mapped[list[Any]] = mapped_column(Json, default=list)
