"""Alerts: a request to one user to read one incident, action or file."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from cpoms_core.database.base import Base, Record, belongs_to

WAITING = "read_at IS NULL AND passed_on_at IS NULL AND passed_on_from IS NULL"


class Alert(Record, Base):
    """Open while there is no `read_at`. Everyone's alerts of an incident are kept: "Read by N" counts those
    that their recipient marked as read, and not those that an administrator took off a dashboard."""

    __tablename__ = "alert"
    __table_args__ = (
        belongs_to("user", "recipient_id"),
        belongs_to("user", "closed_by"),
        belongs_to("incident", "incident_id"),
        belongs_to("action", "action_id"),
        belongs_to("document", "document_id"),
        belongs_to("alert", "passed_on_from"),
        Index("ix_alert_recipient", "school_id", "recipient_id", "read_at", "created_at"),
        Index("ix_alert_incident", "school_id", "incident_id"),
        Index(  # the worker asks every minute what is to be passed on
            "ix_alert_unread",
            "school_id",
            "created_at",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
    )

    recipient_id: Mapped[uuid.UUID]
    sender_id: Mapped[uuid.UUID | None]
    incident_id: Mapped[uuid.UUID | None]  # None: to a file that is in a vault
    action_id: Mapped[uuid.UUID | None]
    document_id: Mapped[uuid.UUID | None]  # to a file of its own (STU-05)
    created_at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
    passed_on_at: Mapped[dt.datetime | None]  # unread too long, so that others were alerted too (INC-16)
    passed_on_from: Mapped[uuid.UUID | None]  # the unread alert that this one follows
    closed_by: Mapped[uuid.UUID | None]  # who took it off the dashboard unread (USR-08); None: it was read


class AutomaticAlert(Record, Base):
    """A user who is alerted to every incident of a category, a student or a student group (USR-07).
    Exactly one of the three is set."""

    __tablename__ = "automatic_alert"
    __table_args__ = (
        belongs_to("user", "user_id"),
        belongs_to("category", "category_id"),
        belongs_to("student", "student_id"),
        belongs_to("student_group", "student_group_id"),
        Index("ix_automatic_alert_user", "school_id", "user_id"),
    )

    user_id: Mapped[uuid.UUID]
    category_id: Mapped[uuid.UUID | None]
    student_id: Mapped[uuid.UUID | None]
    student_group_id: Mapped[uuid.UUID | None]
