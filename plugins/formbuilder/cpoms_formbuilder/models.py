"""The school's own fields, the versions of each form, and what was put in."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base, OfSchool, Record, belongs_to

LONGEST_LABEL = 120  # characters


class CustomField(Record, Base):
    """A field of the school's own, as the newest version of its form has it. One that was deleted stays, for
    what was put in. `categories`: ids as text; empty: all."""

    __tablename__ = "formbuilder_field"
    __table_args__ = ({"info": KEPT_ROWS},)

    form: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    required: Mapped[bool]
    many: Mapped[bool]
    categories: Mapped[list[Any]]
    position: Mapped[int]
    deleted_at: Mapped[dt.datetime | None]  # UTC


class CustomOption(Record, Base):
    """Something that can be chosen in a dropdown, by its name of now. One that was removed stays."""

    __tablename__ = "formbuilder_option"
    __table_args__ = (belongs_to("formbuilder_field", "field_id"), {"info": KEPT_ROWS})

    field_id: Mapped[uuid.UUID]
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    position: Mapped[int]
    removed_at: Mapped[dt.datetime | None]  # UTC


class Layout(OfSchool, Base):
    """A version of a form as staff see it. `content`: its plan (`plans.py`) and the weights of its fields."""

    __tablename__ = "formbuilder_layout"
    __table_args__ = ({"info": APPEND_ONLY_ROWS},)

    form: Mapped[str] = mapped_column(String(10), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    made_at: Mapped[dt.datetime]  # UTC
    made_by: Mapped[uuid.UUID | None]


class Draft(OfSchool, Base):
    """What administrators are making of a form; nobody else sees it. `revision` counts its changes."""

    __tablename__ = "formbuilder_draft"
    __table_args__ = ({"info": KEPT_ROWS},)

    form: Mapped[str] = mapped_column(String(10), primary_key=True)
    content: Mapped[dict[str, Any]]
    revision: Mapped[int]
    changed_at: Mapped[dt.datetime]  # UTC
    changed_by: Mapped[uuid.UUID | None]


class Value(Record, Base):
    """What was put into a field of one incident, action or student: one row for a text, and one for each
    option that was chosen. Rows are only ended, never removed. `version`: of the incident, action or student
    that it came with. `text`: what was typed, a day or moment in UTC as ISO 8601 has it, or the option's name
    at that time."""

    __tablename__ = "formbuilder_value"
    __table_args__ = (
        belongs_to("formbuilder_field", "field_id"),
        ForeignKeyConstraint(
            ["school_id", "option_id"], ["formbuilder_option.school_id", "formbuilder_option.id"]
        ),
        belongs_to("incident", "incident_id"),
        belongs_to("action", "action_id"),
        belongs_to("student", "student_id"),
        Index("ix_formbuilder_value_incident", "school_id", "incident_id"),
        Index("ix_formbuilder_value_action", "school_id", "action_id"),
        Index("ix_formbuilder_value_student", "school_id", "student_id"),
        Index("ix_formbuilder_value_field", "school_id", "field_id", "option_id"),
        {"info": KEPT_ROWS},
    )

    field_id: Mapped[uuid.UUID]
    incident_id: Mapped[uuid.UUID | None]
    action_id: Mapped[uuid.UUID | None]
    student_id: Mapped[uuid.UUID | None]
    option_id: Mapped[uuid.UUID | None]
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    made_at: Mapped[dt.datetime]  # UTC
    made_by: Mapped[uuid.UUID | None]
    ended_at: Mapped[dt.datetime | None]  # UTC
