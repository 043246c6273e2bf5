"""Phones that approve, as everything here finds them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.models import Account, ApprovingDevice, SoftKey
from cpoms_core.tenancy.scope import SchoolSession

Standing = Literal["counts", "not proved", "removed"]


@dataclass(frozen=True, slots=True)
class Device:
    """An approving device, and how it stands with the soft key that it belongs to."""

    id: uuid.UUID
    account_id: uuid.UUID
    public_key: bytes
    standing: Standing


def find_device(db: SchoolSession, device_id: uuid.UUID) -> Device | None:
    """A device by its id; None where there never was one, or its account may not log in any more."""
    row = db.execute(
        select(ApprovingDevice, SoftKey.id, SoftKey.removed_at)
        .join(Account, Account.id == ApprovingDevice.account_id)
        .outerjoin(
            SoftKey,
            (SoftKey.id == ApprovingDevice.id) & (SoftKey.account_id == ApprovingDevice.account_id),
        )
        .where(ApprovingDevice.id == device_id, Account.disabled_at.is_(None))
    ).first()
    if row is None:
        return None
    found: ApprovingDevice = row[0]
    standing: Standing = "not proved" if row[1] is None else "counts" if row[2] is None else "removed"
    return Device(found.id, found.account_id, found.public_key, standing)


def has_device(db: SchoolSession, account_id: uuid.UUID) -> bool:
    """Whether an account has a phone that can approve its log-ins."""
    found = select(ApprovingDevice.id).where(ApprovingDevice.account_id == account_id, policy.device_counts())
    return db.scalar(found.limit(1)) is not None
