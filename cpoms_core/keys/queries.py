"""The keys that an account has, of both kinds."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal

from cpoms_core.access.models import SecurityKey, SoftKey
from cpoms_core.keys.security_keys import security_keys_of
from cpoms_core.keys.soft_keys import STEP, keys_of
from cpoms_core.tenancy.scope import SchoolSession

Kind = Literal["authenticator", "security key"]


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key as its owner sees it. `address`: the host name that a security key works at; moments in UTC."""

    id: uuid.UUID
    kind: Kind
    name: str
    added: dt.datetime
    first_used: dt.datetime | None
    last_used: dt.datetime | None
    address: str | None = None
    verifies_user: bool = False


def held_keys(db: SchoolSession, account_id: uuid.UUID) -> list[HeldKey]:
    """The account's keys, oldest first."""
    found = [_of_authenticator(key) for key in keys_of(db, account_id)]
    found += [_of_security_key(key) for key in security_keys_of(db, account_id)]
    return sorted(found, key=lambda key: (key.added, key.id))


def held_key(db: SchoolSession, account_id: uuid.UUID, key_id: uuid.UUID | None) -> HeldKey | None:
    """One of the account's keys."""
    return next((key for key in held_keys(db, account_id) if key.id == key_id), None)


def _of_authenticator(key: SoftKey) -> HeldKey:
    """When it was last used follows from the newest code that was accepted of it."""
    first, newest = key.first_used_at, dt.datetime.fromtimestamp(key.last_step * STEP, dt.UTC)
    last = max(newest, first) if first is not None else None
    return HeldKey(key.id, "authenticator", key.name, key.created_at, first, last)


def _of_security_key(key: SecurityKey) -> HeldKey:
    return HeldKey(
        key.id,
        "security key",
        key.name,
        key.created_at,
        key.first_used_at,
        key.last_used_at,
        key.rp_id,
        key.verifies_user,
    )
