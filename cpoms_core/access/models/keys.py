"""The keys of an account: authenticators, security keys, and log-ins that wait for a device's answer."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base
from cpoms_core.database.types import new_id


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


class SecurityKey(Base):
    """A WebAuthn key of an account: a passkey of a device, or a key for the USB port (ACC-06). One that was
    removed may be registered again, also by somebody else."""

    __tablename__ = "security_key"
    __table_args__ = (
        Index(
            "uq_security_key_credential_id",
            "credential_id",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    rp_id: Mapped[str] = mapped_column(String(253))  # the host name it answers to
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023))
    credential: Mapped[bytes]  # the attested credential data, with the public key
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    verifies_user: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
    first_used_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    removed_at: Mapped[dt.datetime | None]


class KeyChallenge(Base):
    """A question to a security key that one answer may use up (fido2 itself does not remember them)."""

    __tablename__ = "key_challenge"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))  # register | use
    session_hash: Mapped[bytes]  # the session that asked, and no other
    challenge: Mapped[bytes]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class ApprovingDevice(Base):
    """A phone with our authenticator: the public half of its key pair (ACC-10). Its id is the soft key's, and
    it counts only while that soft key does."""

    __tablename__ = "approving_device"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(200))  # P-256, as SubjectPublicKeyInfo
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]


class LoginApproval(Base):
    """A log-in that waits for Approve or Deny on a phone (ACC-10). `number` is what the log-in page shows and
    the phone asks for."""

    __tablename__ = "login_approval"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[int | None] = mapped_column(ForeignKey("school.id"))  # None: at the account's own host
    session_hash: Mapped[bytes]  # the restricted session that waits
    number: Mapped[str] = mapped_column(String(2))
    browser: Mapped[str] = mapped_column(String(300), default="")
    ip: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    decision: Mapped[str | None] = mapped_column(String(10))  # approved | denied
    decided_at: Mapped[dt.datetime | None]
    decided_by: Mapped[uuid.UUID | None]  # the device's id
    wrong_numbers: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[dt.datetime | None]  # the session went on
