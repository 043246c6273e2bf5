"""Users of a school and what they may do: groups, rights, class restrictions."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool, Record, belongs_to
from cpoms_core.students.names import fold

LONGEST_NAME = 100  # characters of a forename or surname


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
        Index("ix_user_order", "school_id", "surname_key", "forename_key", "id"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    group_id: Mapped[uuid.UUID]
    forename: Mapped[str] = mapped_column(String(LONGEST_NAME))
    surname: Mapped[str] = mapped_column(String(LONGEST_NAME))
    surname_key: Mapped[str] = mapped_column(String(LONGEST_NAME), default="")  # folded, for the order
    forename_key: Mapped[str] = mapped_column(String(LONGEST_NAME), default="")
    search_text: Mapped[str] = mapped_column(Text, default="")  # the name, folded, for searching
    staff_mis_source: Mapped[str | None] = mapped_column(String(40))  # whose id the next one is
    staff_mis_id: Mapped[str | None] = mapped_column(String(80))  # None: not from a MIS
    sees_ungrouped: Mapped[bool] = mapped_column(default=False)  # students who have no group (USR-03)
    created_at: Mapped[dt.datetime]
    deactivated_at: Mapped[dt.datetime | None]

    @property
    def name(self) -> str:
        return f"{self.forename} {self.surname}".strip()


@event.listens_for(User, "before_insert")
@event.listens_for(User, "before_update")
def _fold_name(_mapper: Any, _connection: Any, user: User) -> None:
    """What a user is searched and ordered by follows the name, whoever sets it."""
    user.surname_key = fold(user.surname)[:LONGEST_NAME]
    user.forename_key = fold(user.forename)[:LONGEST_NAME]
    user.search_text = fold(user.name)


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


class NewClass(OfSchool, Base):
    """A student group that an import brought while class restrictions were on for its kind: nobody may see
    its students until an administrator says who (USR-09)."""

    __tablename__ = "new_class"
    __table_args__ = (belongs_to("student_group", "student_group_id"),)

    student_group_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    noticed_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]


class OpenIdProvider(Record, Base):
    """An OpenID Connect provider that a school's staff may log in with (ACC-14); off until it is enabled."""

    __tablename__ = "open_id_provider"
    __table_args__ = (UniqueConstraint("school_id", "issuer"),)

    name: Mapped[str] = mapped_column(String(80))  # on the button
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(200))
    sealed_secret: Mapped[bytes]
    counts_as_key: Mapped[bool] = mapped_column(default=False)  # where it asserts a second factor
    enabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]


class OpenIdSubject(OfSchool, Base):
    """Whom a provider means: its own name for a person, once they logged in with the address of a user."""

    __tablename__ = "open_id_subject"
    __table_args__ = (belongs_to("open_id_provider", "provider_id"), belongs_to("user", "user_id"))

    provider_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[uuid.UUID]
    linked_at: Mapped[dt.datetime]
