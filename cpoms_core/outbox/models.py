"""The outbox: work that a change owes to the outside, written in the same transaction as the change."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record
from cpoms_core.database.types import Json


class OutboxItem(Record, Base):
    """One mail to send or task to run. It stays after it is done: it says what was sent, to whom, when."""

    __tablename__ = "outbox_item"
    __table_args__ = (
        # what is still open is a handful among years of what is done
        Index(
            "ix_outbox_item_open",
            "school_id",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[dt.datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None]
    gave_up_at: Mapped[dt.datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")  # the error's type, never its content


class Wakeup(Base):
    """Says that a school has an outbox item due, and nothing of what it holds: the worker claims one, then
    enters that school. `due_at` is also the lease: who claims an item moves it on, and where the claimant
    dies, it is due again. Removed when the item is done or given up."""

    __tablename__ = "outbox_wakeup"
    __table_args__ = (Index("ix_outbox_wakeup_due", "due_at"),)

    item_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    due_at: Mapped[dt.datetime]
