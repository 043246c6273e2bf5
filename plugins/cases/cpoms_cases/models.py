"""The state of each incident as a case, and every change of it."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base, OfSchool, Record, belongs_to

ACTIVE, CLOSED = "active", "closed"
STATUSES = {ACTIVE: "Active", CLOSED: "Closed"}
"""The statuses with the words that people see."""
LONGEST_NAME, LONGEST_REASON = 120, 2000  # characters


class Outcome(Record, Base):
    """What can become of an incident, by the school's own list (CAS-07). Disabled ones stay on the past."""

    __tablename__ = "cases_outcome"
    __table_args__ = (UniqueConstraint("school_id", "name"), {"info": KEPT_ROWS})

    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    disabled_at: Mapped[dt.datetime | None]


class Case(OfSchool, Base):
    """The newest state of an incident. One without a row is active and assigned to nobody: it was recorded
    while the module was off. `version` counts its changes."""

    __tablename__ = "cases_case"
    __table_args__ = (
        belongs_to("incident", "incident_id"),
        belongs_to("user", "assignee_id"),
        Index("ix_cases_case_assignee", "school_id", "assignee_id", "status"),
        {"info": KEPT_ROWS},
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str] = mapped_column(
        String(LONGEST_NAME), default=""
    )  # as it was called when it was closed
    assignee_id: Mapped[uuid.UUID | None]
    version: Mapped[int]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[uuid.UUID | None]  # None: the system


class BulkClosing(Record, Base):
    """All incidents between two days were closed at once (CAS-05); both days are the school's, and included.
    `closed`: how many were active, and are not any more. `training`: those of
    training mode, and no others."""

    __tablename__ = "cases_bulk_closing"
    __table_args__ = (belongs_to("cases_outcome", "outcome_id"), {"info": APPEND_ONLY_ROWS})

    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    training: Mapped[bool]
    closed: Mapped[int]
    outcome_id: Mapped[uuid.UUID | None]
    outcome: Mapped[str] = mapped_column(String(LONGEST_NAME))
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]


class CaseChange(OfSchool, Base):
    """One change of a case: who made it, when, from what to what, and why. Rows are only ever added."""

    __tablename__ = "cases_change"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "incident_id"], ["cases_case.school_id", "cases_case.incident_id"]
        ),
        belongs_to("cases_outcome", "outcome_id"),
        belongs_to("cases_bulk_closing", "bulk_id"),
        {"info": APPEND_ONLY_ROWS},
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    with_form: Mapped[bool]  # it came with the Add incident form
    from_status: Mapped[str] = mapped_column(String(10))
    to_status: Mapped[str] = mapped_column(String(10))
    from_assignee_id: Mapped[uuid.UUID | None]
    to_assignee_id: Mapped[uuid.UUID | None]
    outcome_id: Mapped[uuid.UUID | None]
    outcome: Mapped[str] = mapped_column(String(LONGEST_NAME), default="")  # as it was called then
    reason: Mapped[str] = mapped_column(Text, default="")
    bulk_id: Mapped[uuid.UUID | None]
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]
