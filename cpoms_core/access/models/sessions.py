"""Log-ins that go on, and tries that failed. These tables belong to no school: a cookie is looked up before
its school is known to be the right one."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base
from cpoms_core.database.types import new_id


class LoginSession(Base):
    """A log-in of an account at a school. The cookie holds a token whose hash is the key."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_portal", "portal_hash"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True, default=new_id)  # names it to its owner
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    user_id: Mapped[uuid.UUID]
    access: Mapped[str] = mapped_column(String(10))  # restricted | elevated
    key_id: Mapped[uuid.UUID | None]  # the key that elevated it: it is elevated while that key is there
    provider_vouched: Mapped[bool] = mapped_column(default=False)  # an OpenID provider did instead (ACC-14)
    portal_hash: Mapped[bytes | None]  # the SSO log-in that it came from, and ends with
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    touched_at: Mapped[dt.datetime]
    proved_at: Mapped[dt.datetime]  # when a password, key or provider last showed who it is
    locked_at: Mapped[dt.datetime | None]
    names_hidden: Mapped[bool] = mapped_column(default=False)  # until "Show names" (DSH-08)
    ended_at: Mapped[dt.datetime | None]
    ip: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(300), default="")


class PortalSession(Base):
    """A log-in of an SSO account at the account's own host (ACC-03); schools get sessions from it."""

    __tablename__ = "portal_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    access: Mapped[str] = mapped_column(String(10))  # restricted | elevated
    key_id: Mapped[uuid.UUID | None]
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    touched_at: Mapped[dt.datetime]
    proved_at: Mapped[dt.datetime]  # when a password, key or provider last showed who it is
    ended_at: Mapped[dt.datetime | None]
    ip: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(300), default="")


class HandOff(Base):
    """A single-use code of 30 seconds by which an SSO log-in becomes a session at one school. `state_hash`
    ties it to the browser that asked for it."""

    __tablename__ = "hand_off"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    portal_hash: Mapped[bytes]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    school_id: Mapped[int] = mapped_column(ForeignKey("school.id"))
    state_hash: Mapped[bytes]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class FailureCount(Base):
    """Failed tries of one account or one address, kept across processes and restarts (ACC-13)."""

    __tablename__ = "failure_count"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[dt.datetime]
