"""Soft keys: TOTP authenticators (ACC-05, ACC-09), RFC 6238 with six digits and 30 seconds."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from dataclasses import dataclass

import pyotp
import segno
import tink
from pyotp.exceptions import PyOTPError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.models import SoftKey
from cpoms_core.database.types import new_id
from cpoms_core.sealing import DeploymentKey
from cpoms_core.tenancy.scope import SchoolSession

STEP = 30  # seconds
DRIFT = 1  # steps of clock drift accepted each way


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


@dataclass(frozen=True, slots=True)
class NewKey:
    """An authenticator that is not saved yet. Its id is made with its secret, so that a form submitted
    twice adds one key: of two keys with one secret each code would be accepted twice."""

    id: uuid.UUID
    secret: str

    @classmethod
    def make(cls) -> NewKey:
        return cls(new_id(), pyotp.random_base32())  # 160 bits

    def seal(self, key: DeploymentKey, account_id: uuid.UUID) -> str:
        """The new key as a text that only this deployment can open, for this account."""
        return base64.b64encode(
            key.seal(f"{self.id} {self.secret}".encode(), _new_context(account_id))
        ).decode()

    @classmethod
    def open(cls, key: DeploymentKey, account_id: uuid.UUID, sealed: str) -> NewKey | None:
        """What `seal` closed, or None where it was altered or is another account's."""
        try:
            opened = key.open(base64.b64decode(sealed, validate=True), _new_context(account_id)).decode()
        except (tink.TinkError, ValueError):
            return None
        key_id, _, secret = opened.partition(" ")
        return cls(uuid.UUID(key_id), secret)


def _new_context(account_id: uuid.UUID) -> str:
    return f"new {seal_context(account_id)}"


def add_key(
    db: SchoolSession, account_id: uuid.UUID, name: str, new: NewKey, step: int, now: dt.datetime
) -> bool:
    """Saves an authenticator whose current code was proved in time step `step`. False where it is there."""
    sealed = db.app.key.seal(new.secret.encode(), seal_context(account_id))
    try:
        with db.begin_nested():
            db.add(
                SoftKey(
                    id=new.id,
                    account_id=account_id,
                    name=name,
                    sealed_secret=sealed,
                    last_step=step,
                    created_at=now,
                )
            )
    except IntegrityError:
        return False
    return True


def keys_of(db: SchoolSession, account_id: uuid.UUID) -> list[SoftKey]:
    """The account's authenticators, oldest first."""
    return list(
        db.scalars(
            select(SoftKey)
            .where(SoftKey.account_id == account_id, SoftKey.removed_at.is_(None))
            .order_by(SoftKey.created_at)
        )
    )


def accept_code(db: SchoolSession, account_id: uuid.UUID, code: str, now: dt.datetime) -> uuid.UUID | None:
    """Accepts a code of any of the account's authenticators, each code once only: the step is taken by a
    conditional update, so of several tries at the same moment one wins. Returns the key's id, or None."""
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
            return key.id
    return None
