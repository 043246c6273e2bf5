"""The state of each incident as a case, and every change of it."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base, OfSchool, belongs_to

ACTIVE, CLOSED = "active", "closed"
STATUSES = {ACTIVE: "Active", CLOSED: "Closed"}
"""The statuses with the words that people see."""


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
    assignee_id: Mapped[uuid.UUID | None]
    version: Mapped[int]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[uuid.UUID | None]  # None: the system


class CaseChange(OfSchool, Base):
    """One change of a case: who made it, when, from what to what. Rows are only ever added."""

    __tablename__ = "cases_change"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "incident_id"], ["cases_case.school_id", "cases_case.incident_id"]
        ),
        {"info": APPEND_ONLY_ROWS},
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    with_form: Mapped[bool]  # it came with the Add incident form
    from_status: Mapped[str] = mapped_column(String(10))
    to_status: Mapped[str] = mapped_column(String(10))
    from_assignee_id: Mapped[uuid.UUID | None]
    to_assignee_id: Mapped[uuid.UUID | None]
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]
