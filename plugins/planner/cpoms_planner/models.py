"""Events with everything that hangs on them. Days and times are those on the school's clock: a meeting at
09:00 is at 09:00 after the clocks have changed, too. What is kept in UTC says so."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base, OfSchool, Record, belongs_to

LONGEST_TITLE = 200  # characters


class Event(Record, Base):
    """An event, or a series of them, as it is now; each earlier state is an EventVersion."""

    __tablename__ = "planner_event"
    __table_args__ = (
        belongs_to("user", "owner_id"),
        belongs_to("incident", "incident_id"),
        belongs_to("action", "action_id"),
        Index("ix_planner_event_days", "school_id", "over_on", "first_day"),
        Index("ix_planner_event_owner", "school_id", "owner_id"),
        Index("ix_planner_event_incident", "school_id", "incident_id"),
        Index("ix_planner_event_action", "school_id", "action_id"),
        {"info": KEPT_ROWS},
    )

    owner_id: Mapped[uuid.UUID]
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    first_day: Mapped[dt.date]  # of the first occurrence
    begins: Mapped[dt.time | None]  # on the clock of `zone`; None: all day
    days: Mapped[int]  # that an occurrence goes on after its first, usually none
    ends: Mapped[dt.time | None]  # None: all day, or a moment without an end
    zone: Mapped[str] = mapped_column(String(64))  # the school's when it was made or last changed
    public: Mapped[bool]
    repeats: Mapped[str] = mapped_column(String(12))
    last_begin: Mapped[dt.date]  # no occurrence begins later
    over_on: Mapped[dt.date]  # the last day of the last occurrence, for finding what is in a month
    reminder: Mapped[str] = mapped_column(String(12))
    remind_at: Mapped[dt.datetime | None]  # UTC, of the reminder `moment`
    incident_id: Mapped[uuid.UUID | None]  # where it was added from, or the action below
    action_id: Mapped[uuid.UUID | None]
    version: Mapped[int]
    made_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    removed_at: Mapped[dt.datetime | None]


class EventVersion(OfSchool, Base):
    """One state of an event: who made it so, and when. Rows are only ever added."""

    __tablename__ = "planner_version"
    __table_args__ = (belongs_to("planner_event", "event_id"), {"info": APPEND_ONLY_ROWS})

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # made | changed | removed | restored
    state: Mapped[dict[str, Any]]
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]


class EventStudent(OfSchool, Base):
    """A student whom an event is about."""

    __tablename__ = "planner_event_student"
    __table_args__ = (
        belongs_to("planner_event", "event_id"),
        belongs_to("student", "student_id"),
        Index("ix_planner_event_student_student", "school_id", "student_id"),
        {"info": KEPT_ROWS},
    )

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    removed_at: Mapped[dt.datetime | None]


class EventShare(OfSchool, Base):
    """A colleague with whom an event is shared."""

    __tablename__ = "planner_event_share"
    __table_args__ = (
        belongs_to("planner_event", "event_id"),
        belongs_to("user", "user_id"),
        Index("ix_planner_event_share_user", "school_id", "user_id"),
        {"info": KEPT_ROWS},
    )

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    removed_at: Mapped[dt.datetime | None]


class LeftOut(OfSchool, Base):
    """A day on which a series has no occurrence: it was removed, or became an event of its own."""

    __tablename__ = "planner_left_out"
    __table_args__ = (belongs_to("planner_event", "event_id"), {"info": KEPT_ROWS})

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    put_back_at: Mapped[dt.datetime | None]


class Reminded(OfSchool, Base):
    """One user was reminded of one occurrence, once. `done_at`: they took it off their dashboard."""

    __tablename__ = "planner_reminded"
    __table_args__ = (
        belongs_to("planner_event", "event_id"),
        belongs_to("user", "user_id"),
        Index("ix_planner_reminded_user", "school_id", "user_id", "done_at"),
        {"info": KEPT_ROWS},
    )

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    day: Mapped[dt.date]  # of the occurrence
    done_at: Mapped[dt.datetime | None]


class Feed(Record, Base):
    """A user's secret address of the planner, of which only a hash is kept (PLN-06)."""

    __tablename__ = "planner_feed"
    __table_args__ = (
        belongs_to("user", "user_id"),
        Index("ix_planner_feed_secret", "school_id", "secret_hash", unique=True),
        Index("ix_planner_feed_user", "school_id", "user_id"),
        {"info": KEPT_ROWS},
    )

    user_id: Mapped[uuid.UUID]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    made_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
