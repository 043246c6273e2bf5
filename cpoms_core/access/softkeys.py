"""Soft keys: TOTP authenticators (ACC-05, ACC-09), RFC 6238 with six digits and 30 seconds."""

from __future__ import annotations

import datetime as dt
import uuid

import pyotp
import segno
from pyotp.exceptions import PyOTPError
from sqlalchemy import select, update

from cpoms_core.access.models import SoftKey
from cpoms_core.tenancy.scope import SchoolSession

STEP = 30  # seconds
DRIFT = 1  # steps of clock drift accepted each way


def new_secret() -> str:
    """A secret of 160 bits in base 32, for a new authenticator."""
    return pyotp.random_base32()


def provisioning_address(secret: str, *, email: str, school_name: str) -> str:
    """The `otpauth:` address that a QR code carries to the authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=school_name)


def qr_code(address: str) -> str:
    """The address as an SVG picture in a `data:` address, for an `img`."""
    return segno.make(address, error="m").svg_data_uri(scale=5, dark="#000", light="#fff")


def step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """The time step in which the code is right, or None. Compared in constant time by the library."""
    code = "".join(code.split())
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return None
    current = int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        try:
            if totp.verify(code, for_time=step * STEP):
                found = step
        except PyOTPError:
            return None
    return found


def seal_context(account_id: uuid.UUID) -> str:
    return f"soft key of {account_id}"


def add_key(
    db: SchoolSession, account_id: uuid.UUID, name: str, secret: str, step: int, now: dt.datetime
) -> SoftKey:
    """Saves an authenticator whose current code was proved in time step `step`."""
    sealed = db.app.key.seal(secret.encode(), seal_context(account_id))
    key = SoftKey(account_id=account_id, name=name, sealed_secret=sealed, last_step=step, created_at=now)
    db.add(key)
    db.flush()
    return key


def keys_of(db: SchoolSession, account_id: uuid.UUID) -> list[SoftKey]:
    """The account's authenticators, oldest first."""
    return list(
        db.scalars(
            select(SoftKey)
            .where(SoftKey.account_id == account_id, SoftKey.removed_at.is_(None))
            .order_by(SoftKey.created_at)
        )
    )


def accept_code(db: SchoolSession, account_id: uuid.UUID, code: str, now: dt.datetime) -> bool:
    """Accepts a code of any of the account's authenticators, each code once only: the step is taken by a
    conditional update, so of several tries at the same moment one wins."""
    for key in keys_of(db, account_id):
        secret = db.app.key.open(key.sealed_secret, seal_context(account_id)).decode()
        step = step_of(secret, code, now)
        if step is None:
            continue
        taken = db.execute(
            update(SoftKey)
            .where(SoftKey.id == key.id, SoftKey.last_step < step)
            .values(last_step=step, first_used_at=key.first_used_at or now)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            return True
    return False
