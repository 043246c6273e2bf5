"""Incidents and actions, each with every version of it; categories and agencies."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool, Record, belongs_to
from cpoms_core.database.types import Json


class Category(Record, Base):
    """What an incident is about; a sub-category has a parent. Disabled ones stay on the past (ADM-03)."""

    __tablename__ = "category"
    __table_args__ = (belongs_to("category", "parent_id"),)

    name: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[uuid.UUID | None]
    colour: Mapped[str] = mapped_column(String(7), default="#66788a")
    disabled_at: Mapped[dt.datetime | None]


class Agency(Record, Base):
    """An outside agency that can be involved (ADM-04)."""

    __tablename__ = "agency"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    name: Mapped[str] = mapped_column(String(120))
    disabled_at: Mapped[dt.datetime | None]


class IncidentPart(Record, Base):
    """A part that a student can have in an incident, by the school's own list (INC-15)."""

    __tablename__ = "incident_part"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    name: Mapped[str] = mapped_column(String(120))
    weight: Mapped[int]  # orders the list, lightest first
    disabled_at: Mapped[dt.datetime | None]


class Incident(Record, Base):
    """A dated free-text record about one student, or the whole school where `student_id` is empty.

    The row is the newest version; `IncidentVersion` holds all of them, the first included.
    """

    __tablename__ = "incident"
    __table_args__ = (
        belongs_to("student", "student_id"),
        belongs_to("user", "author_id"),
        UniqueConstraint("school_id", "number"),
        UniqueConstraint("school_id", "submission"),
        UniqueConstraint("school_id", "id", "occurred_at"),  # for IncidentStudent's copy
        Index("ix_incident_author", "school_id", "author_id", "created_at"),
        Index(
            "ix_incident_whole_school",
            "school_id",
            "occurred_at",
            "id",
            sqlite_where=text("student_id IS NULL"),
            postgresql_where=text("student_id IS NULL"),
        ),
        Index(
            "ix_incident_pinned",
            "school_id",
            "id",
            sqlite_where=text("pinned_at IS NOT NULL"),
            postgresql_where=text("pinned_at IS NOT NULL"),
        ),
    )

    number: Mapped[int]
    student_id: Mapped[uuid.UUID | None]
    author_id: Mapped[uuid.UUID]
    text: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    version: Mapped[int] = mapped_column(default=1)
    deleted_at: Mapped[dt.datetime | None]  # also of a merged one, from then on: it is not there by itself
    pinned_at: Mapped[dt.datetime | None]  # on top of the chronology (EDT-06)
    submission: Mapped[uuid.UUID]  # one form, one incident: a second click or the back button adds none
    training: Mapped[bool] = mapped_column(default=False)  # recorded in training mode (TRN-01)
    merged_into: Mapped[uuid.UUID | None]  # the action that it became under another incident (EDT-04)


class IncidentVersion(OfSchool, Base):
    """One version of an incident: everything that can be edited, who made it, when and why."""

    __tablename__ = "incident_version"
    __table_args__ = (belongs_to("incident", "incident_id"),)

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    # created | edited | action added | students added | merged | split | deleted | training removed
    # | restored | file removed | file restored | file destroyed
    kind: Mapped[str] = mapped_column(String(20))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(Text, default="")
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[dt.datetime]


class IncidentStudent(OfSchool, Base):
    """A student on whose record the incident appears: its subject, or a linked one (INC-04).

    `occurred_at` is the incident's own, kept equal by the database: with it an index holds each student's
    incidents in the order of their record.
    """

    __tablename__ = "incident_student"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "incident_id", "occurred_at"],
            ["incident.school_id", "incident.id", "incident.occurred_at"],
            onupdate="CASCADE",
        ),
        belongs_to("student", "student_id"),
        belongs_to("incident_part", "part_id"),
        belongs_to("action", "came_with"),
        Index("ix_incident_student_record", "school_id", "student_id", "occurred_at", "incident_id"),
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[dt.datetime]
    linked: Mapped[bool]
    monitored: Mapped[bool] = mapped_column(default=False)  # under all its categories, later ones too
    share_documents: Mapped[bool] = mapped_column(default=False)
    part_id: Mapped[uuid.UUID | None]  # None: not said, and nothing is assumed (INC-15)
    came_with: Mapped[uuid.UUID | None]  # linked by the merge that made this action, until it is split off


class IncidentCategory(OfSchool, Base):
    """A category of an incident, chosen on its form or added by an action."""

    __tablename__ = "incident_category"
    __table_args__ = (
        belongs_to("incident", "incident_id"),
        belongs_to("category", "category_id"),
        belongs_to("action", "came_with"),
        Index("ix_incident_category_category", "school_id", "category_id"),
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    category_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    came_with: Mapped[uuid.UUID | None]  # as of IncidentStudent


class IncidentAgency(OfSchool, Base):
    """An agency involved in an incident."""

    __tablename__ = "incident_agency"
    __table_args__ = (belongs_to("incident", "incident_id"), belongs_to("agency", "agency_id"))

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Action(Record, Base):
    """A dated free-text follow-up under an incident (ACT-01); its versions are in `ActionVersion`."""

    __tablename__ = "action"
    __table_args__ = (
        belongs_to("incident", "incident_id"),
        belongs_to("user", "author_id"),
        Index("ix_action_incident", "school_id", "incident_id", "occurred_at"),
        Index("ix_action_author", "school_id", "author_id", "created_at"),
        UniqueConstraint("school_id", "submission"),
    )

    incident_id: Mapped[uuid.UUID]
    author_id: Mapped[uuid.UUID]
    text: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    on_linked: Mapped[bool] = mapped_column(default=False)  # shown on the linked students' records too
    share_documents: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    deleted_at: Mapped[dt.datetime | None]
    submission: Mapped[uuid.UUID]
    training: Mapped[bool] = mapped_column(default=False)
    was_incident: Mapped[uuid.UUID | None]  # the incident that was merged into this one's (EDT-04)
    became_incident: Mapped[uuid.UUID | None]  # split off as an incident of its own (EDT-05)


class ActionVersion(OfSchool, Base):
    """One version of an action."""

    __tablename__ = "action_version"
    __table_args__ = (belongs_to("action", "action_id"),)

    action_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(Text, default="")
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[dt.datetime]


class ActionAgency(OfSchool, Base):
    """An agency involved in an action."""

    __tablename__ = "action_agency"
    __table_args__ = (belongs_to("action", "action_id"), belongs_to("agency", "agency_id"))

    action_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class ActionStudent(OfSchool, Base):
    """How an action is on the record of one linked student, where its own ticks say otherwise (EDT-04): a
    merge neither puts an action on a linked student's record nor takes it off. Where it is shown, its ticks
    may show more."""

    __tablename__ = "action_student"
    __table_args__ = (
        belongs_to("action", "action_id"),
        belongs_to("student", "student_id"),
        Index("ix_action_student_student", "school_id", "student_id"),
    )

    action_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    shown: Mapped[bool]
    share_documents: Mapped[bool]  # never where it is not shown


class Draft(OfSchool, Base):
    """A half-typed form, for its author only; deleted when the form is submitted (INC-10)."""

    __tablename__ = "draft"
    __table_args__ = (belongs_to("user", "user_id"),)

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    form: Mapped[str] = mapped_column(String(80), primary_key=True)  # incident, or action-<incident id>
    fields: Mapped[dict[str, Any]] = mapped_column(Json)
    saved_at: Mapped[dt.datetime]
