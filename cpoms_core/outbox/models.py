"""The outbox: work that a change owes to the outside, written in the same transaction as the change."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record
from cpoms_core.database.types import Json


class OutboxItem(Record, Base):
    """One mail to send or task to run. It stays after it is done: it says what was sent, to whom, when."""

    __tablename__ = "outbox_item"

    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None]
    gave_up_at: Mapped[dt.datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")  # the kind of error, never its content


class Wakeup(Base):
    """Says that a school has an outbox item due, and nothing of what it holds: the worker claims one, then
    enters that school. Removed when the item is done."""

    __tablename__ = "outbox_wakeup"
    __table_args__ = (Index("ix_outbox_wakeup_due", "due_at"),)

    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    due_at: Mapped[dt.datetime]
