"""Students and what the school's MIS says of them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool, Record, belongs_to
from cpoms_core.database.types import Json


class Student(Record, Base):
    """A child. One that left the MIS is archived and stays fully usable (STU-11)."""

    __tablename__ = "student"
    __table_args__ = (
        UniqueConstraint("school_id", "mis_source", "mis_id"),
        Index("ix_student_order", "school_id", "surname_key", "forename_key", "id"),
        Index("ix_student_upn", "school_id", "upn"),
    )

    mis_source: Mapped[str | None] = mapped_column(String(40))  # none: typed in by a member of staff
    mis_id: Mapped[str | None] = mapped_column(String(80))
    mis_hash: Mapped[str | None] = mapped_column(String(64))  # of the record last applied: tells a change
    legal_forename: Mapped[str] = mapped_column(String(100))
    legal_surname: Mapped[str] = mapped_column(String(100))
    preferred_forename: Mapped[str] = mapped_column(String(100), default="")
    preferred_surname: Mapped[str] = mapped_column(String(100), default="")
    middle_names: Mapped[str] = mapped_column(String(200), default="")
    surname_key: Mapped[str] = mapped_column(String(100))  # folded, for the order of lists
    forename_key: Mapped[str] = mapped_column(String(100))
    search_text: Mapped[str] = mapped_column(Text)  # every name and the UPN, folded, for quick search
    upn: Mapped[str] = mapped_column(String(13), default="")
    former_upn: Mapped[str] = mapped_column(String(13), default="")
    admission_number: Mapped[str] = mapped_column(String(20), default="")
    date_of_birth: Mapped[dt.date | None]
    gender: Mapped[str] = mapped_column(String(40), default="")
    year_group: Mapped[str] = mapped_column(String(40), default="")
    tutor_group: Mapped[str] = mapped_column(String(40), default="")
    sen_status: Mapped[str] = mapped_column(String(10), default="")
    pupil_premium: Mapped[bool | None]
    free_school_meals: Mapped[bool | None]
    english_additional: Mapped[bool | None]
    ethnicity: Mapped[str] = mapped_column(String(80), default="")
    religion: Mapped[str] = mapped_column(String(80), default="")
    first_language: Mapped[str] = mapped_column(String(80), default="")
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # needs, conditions, address, ...
    summary: Mapped[str] = mapped_column(Text, default="")  # the school's own line on the child (STU-03)
    keywords: Mapped[list[str]] = mapped_column(Json, default=list)  # found by quick search and reports
    # the keywords, folded. Not in search_text: that one is searched by who may know no more than names
    keyword_text: Mapped[str] = mapped_column(Text, default="")
    photo_id: Mapped[uuid.UUID | None]  # its bytes in the storage, re-encoded (STU-01)
    version: Mapped[int] = mapped_column(default=1)  # of what the school itself keeps: `StudentVersion`
    matched_to: Mapped[uuid.UUID | None]  # typed in by staff, and found to be this child of the MIS (INC-02)
    not_in_mis_at: Mapped[dt.datetime | None]  # typed in, and said to be no child of the MIS (INC-02)
    created_at: Mapped[dt.datetime]
    archived_at: Mapped[dt.datetime | None]


class StudentVersion(OfSchool, Base):
    """One version of what the school itself keeps on a student: summary, keywords, agencies, own links and
    contacts, photo (STU-03), and what was put into modules' fields of the form (FRM-03)."""

    __tablename__ = "student_version"
    __table_args__ = (belongs_to("student", "student_id"),)

    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    made_by: Mapped[uuid.UUID | None]
    made_at: Mapped[dt.datetime]


class StudentAgency(OfSchool, Base):
    """An agency involved with a student (STU-03)."""

    __tablename__ = "student_agency"
    __table_args__ = (belongs_to("student", "student_id"), belongs_to("agency", "agency_id"))

    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    agency_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class StudentGroup(Record, Base):
    """A tutor or year group of the MIS."""

    __tablename__ = "student_group"
    __table_args__ = (UniqueConstraint("school_id", "kind", "name"),)

    kind: Mapped[str] = mapped_column(String(10))  # tutor | year
    name: Mapped[str] = mapped_column(String(40))


class GroupMember(OfSchool, Base):
    """A student of a student group."""

    __tablename__ = "group_member"
    __table_args__ = (
        belongs_to("student_group", "group_id"),
        belongs_to("student", "student_id"),
        Index("ix_group_member_student", "school_id", "student_id"),
    )

    group_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class StudentLink(OfSchool, Base):
    """A sibling by the MIS, or a friend, cousin or neighbour noted by staff (STU-03), kept in both
    directions. Two children may be both: what staff noted stands beside what the MIS says."""

    __tablename__ = "student_link"
    __table_args__ = (belongs_to("student", "student_id"), belongs_to("student", "other_id"))

    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    other_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    from_mis: Mapped[bool] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))


class Contact(Record, Base):
    """A contact of one student (STU-04); `mis_id` is empty for one that staff added."""

    __tablename__ = "contact"
    __table_args__ = (
        belongs_to("student", "student_id"),
        Index("ix_contact_student", "school_id", "student_id"),
    )

    student_id: Mapped[uuid.UUID]
    mis_id: Mapped[str] = mapped_column(String(80), default="")
    name: Mapped[str] = mapped_column(String(200))
    relationship_to_student: Mapped[str] = mapped_column("relationship", String(80), default="")
    priority: Mapped[int | None]
    parental_responsibility: Mapped[bool | None]
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # phones, e-mail, address
    ended_at: Mapped[dt.datetime | None]  # no longer in the MIS; kept


class StaffMember(Record, Base):
    """A member of staff in the MIS, whom an administrator can offer an account (USR-01)."""

    __tablename__ = "staff_member"
    __table_args__ = (UniqueConstraint("school_id", "mis_source", "mis_id"),)

    mis_source: Mapped[str] = mapped_column(String(40))
    mis_id: Mapped[str] = mapped_column(String(80))
    mis_hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(40), default="")
    forename: Mapped[str] = mapped_column(String(100))
    surname: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254), default="")
    start_date: Mapped[dt.date | None]
    end_date: Mapped[dt.date | None]
    full_time: Mapped[bool | None]
    left_at: Mapped[dt.datetime | None]


class AttendanceMark(OfSchool, Base):
    """One half-day mark of a student by the school's own display code."""

    __tablename__ = "attendance_mark"
    __table_args__ = (belongs_to("student", "student_id"),)

    student_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(String(2), primary_key=True)  # AM | PM
    code: Mapped[str] = mapped_column(String(3))


class Monitoring(Record, Base):
    """A student is monitored for a category from a moment until it is ended; history is kept."""

    __tablename__ = "monitoring"
    __table_args__ = (
        belongs_to("student", "student_id"),
        belongs_to("category", "category_id"),
        Index("ix_monitoring_student", "school_id", "student_id", "ended_at"),
        Index("ix_monitoring_category", "school_id", "category_id", "ended_at"),
    )

    student_id: Mapped[uuid.UUID]
    category_id: Mapped[uuid.UUID]
    started_at: Mapped[dt.datetime]
    started_by: Mapped[uuid.UUID | None]
    incident_id: Mapped[uuid.UUID | None]  # the incident that began it, if one did
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[uuid.UUID | None]
    withdrawn_at: Mapped[dt.datetime | None]  # ended because its incident was removed; no part of the history
