"""Security keys as they are kept (ACC-06); what they answer is judged in `webauthn`."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from cpoms_core.access.models import SecurityKey
from cpoms_core.tenancy.scope import SchoolSession


def security_keys_of(db: SchoolSession, account_id: uuid.UUID) -> list[SecurityKey]:
    """The account's security keys, oldest first, at whatever address they work."""
    return list(
        db.scalars(
            select(SecurityKey)
            .where(SecurityKey.account_id == account_id, SecurityKey.removed_at.is_(None))
            .order_by(SecurityKey.created_at, SecurityKey.id)
        )
    )
