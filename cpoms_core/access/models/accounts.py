"""What a person logs in with, and the links that change it. These tables belong to no school."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base
from cpoms_core.database.types import new_id


class Account(Base):
    """What a person logs in with. An identity account is local to `home_school_id`; an SSO account has none
    and serves several schools (ACC-03)."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("email_key", "home_school_id"),
        Index(
            "uq_account_sso_email_key",
            "email_key",
            unique=True,
            sqlite_where=text("home_school_id IS NULL"),
            postgresql_where=text("home_school_id IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    home_school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))  # folded, for comparing
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
    disabled_at: Mapped[dt.datetime | None]


class Membership(Base):
    """A school that an SSO account serves, as which user, and where its mails of that school go (ACC-03)."""

    __tablename__ = "membership"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"), primary_key=True, autoincrement=False)
    user_id: Mapped[uuid.UUID]
    alert_email: Mapped[str | None] = mapped_column(String(254))  # None: the account's own address
    ended_at: Mapped[dt.datetime | None]  # the user was deactivated there


class ResetLink(Base):
    """A single-use link to set a password (ACC-01). Only a hash of its token is kept."""

    __tablename__ = "reset_link"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))  # None: of an SSO account
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class EmailChange(Base):
    """A link to a new address that somebody wants their account, or their alerts of one school, to have; the
    change is made when it is opened (ACC-04). Only a hash of its token is kept."""

    __tablename__ = "email_change"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))  # of alerts; None: the log-in
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
