"""Accounts, keys, sessions; users, user groups, alert groups, class restrictions."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool, Record, belongs_to
from cpoms_core.database.types import new_id


class Account(Base):
    """What a person logs in with. An identity account is local to `home_school_id`; an SSO account has none
    and serves several schools (ACC-03)."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("email_key", "home_school_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    home_school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))  # folded, for comparing
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
    disabled_at: Mapped[dt.datetime | None]


class SoftKey(Base):
    """A TOTP authenticator of an account (ACC-05). The secret is sealed with the deployment's key."""

    __tablename__ = "soft_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    sealed_secret: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(default=0)  # the newest time step accepted: each only once
    created_at: Mapped[dt.datetime]
    first_used_at: Mapped[dt.datetime | None]
    removed_at: Mapped[dt.datetime | None]


class ResetLink(Base):
    """A single-use link to set a password (ACC-01). Only a hash of its token is kept."""

    __tablename__ = "reset_link"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class LoginSession(Base):
    """A log-in of an account at a school. The cookie holds a token whose hash is the key."""

    __tablename__ = "login_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    user_id: Mapped[uuid.UUID]
    access: Mapped[str] = mapped_column(String(10))  # restricted | elevated
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    touched_at: Mapped[dt.datetime]
    locked_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ip: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(300), default="")


class FailureCount(Base):
    """Failed tries of one account or one address, kept across processes and restarts (ACC-13)."""

    __tablename__ = "failure_count"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[dt.datetime]


class UserGroup(Record, Base):
    """A named set of permissions; each user is in exactly one (USR-04)."""

    __tablename__ = "user_group"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    name: Mapped[str] = mapped_column(String(80))


class GroupPermission(OfSchool, Base):
    """A system permission that a user group has."""

    __tablename__ = "group_permission"
    __table_args__ = (belongs_to("user_group", "group_id"),)

    group_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(String(80), primary_key=True)


class GroupCategory(OfSchool, Base):
    """A row of the category matrix: what a user group may do with a category (USR-04)."""

    __tablename__ = "group_category"
    __table_args__ = (belongs_to("user_group", "group_id"), belongs_to("category", "category_id"))

    group_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    category_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    view_students: Mapped[bool] = mapped_column(default=False)
    view_incidents: Mapped[bool] = mapped_column(default=False)
    add_incidents: Mapped[bool] = mapped_column(default=False)


class User(Record, Base):
    """A member of staff with an account at the school. What a deactivated user wrote keeps their name."""

    __tablename__ = "user"
    __table_args__ = (
        belongs_to("user_group", "group_id"),
        UniqueConstraint("school_id", "account_id"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    group_id: Mapped[uuid.UUID]
    forename: Mapped[str] = mapped_column(String(100))
    surname: Mapped[str] = mapped_column(String(100))
    staff_mis_id: Mapped[str | None] = mapped_column(String(80))
    sees_ungrouped: Mapped[bool] = mapped_column(default=False)  # students who have no group (USR-03)
    created_at: Mapped[dt.datetime]
    deactivated_at: Mapped[dt.datetime | None]

    @property
    def name(self) -> str:
        return f"{self.forename} {self.surname}".strip()


class AlertGroup(Record, Base):
    """A named list of users that one button alerts (USR-06)."""

    __tablename__ = "alert_group"
    __table_args__ = (UniqueConstraint("school_id", "name"),)

    name: Mapped[str] = mapped_column(String(80))


class AlertGroupMember(OfSchool, Base):
    """A user of an alert group."""

    __tablename__ = "alert_group_member"
    __table_args__ = (belongs_to("alert_group", "group_id"), belongs_to("user", "user_id"))

    group_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class ClassRestriction(OfSchool, Base):
    """Class restrictions are on for a kind of student group (`tutor` or `year`); no row: off (USR-09)."""

    __tablename__ = "class_restriction"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)


class ClassAccess(OfSchool, Base):
    """A user, or a whole user group, that may see the students of one student group (USR-09)."""

    __tablename__ = "class_access"
    __table_args__ = (
        belongs_to("student_group", "student_group_id"),
        Index("ix_class_access_holder", "school_id", "holder_id"),
    )

    student_group_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    holder_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)  # a user or a user group
