"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
import uuid
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, LargeBinary, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, UUID

Json = JSON().with_variant(JSONB(), "postgresql")


class Id(TypeDecorator[uuid.UUID]):
    """A UUID: native on PostgreSQL, 16 bytes on SQLite (as text the database doubled in size)."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(UUID(as_uuid=True))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        if value is None or isinstance(value, uuid.UUID):
            return value
        return uuid.UUID(bytes=value)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment in UTC. A naive value is refused: it would be somebody's local time by accident."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a date and time without a time zone cannot be stored")
        value = value.astimezone(dt.UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


CLOCK_SET_BACK = 10_000 << 12  # ten seconds
_last_id = 0
_id_lock = threading.Lock()


def new_id() -> uuid.UUID:
    """Makes a UUIDv7 (RFC 9562): the millisecond, a counter that keeps ids of one process rising, and
    62 random bits, so that an id is time-ordered but cannot be guessed."""
    global _last_id  # noqa: PLW0603 - the counter is what keeps ids of one process in order
    stamp = (time.time_ns() // 1_000_000) << 12
    with _id_lock:
        if _last_id - stamp < CLOCK_SET_BACK:  # further back the clock was set anew, and is followed
            stamp = max(stamp, _last_id + 1)
        _last_id = stamp
    high = (stamp >> 12 << 16) | 0x7000 | (stamp & 0xFFF)
    low = (0b10 << 62) | (int.from_bytes(os.urandom(8), "big") >> 2)
    return uuid.UUID(int=(high << 64) | low)
