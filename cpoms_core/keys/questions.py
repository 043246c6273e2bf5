"""Challenges: what a security key is asked to sign. Each is for one account, one session and one purpose,
for five minutes, and one answer uses it up (the library remembers nothing)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Literal

from sqlalchemy import delete, select, update

from cpoms_core.access.models import KeyChallenge
from cpoms_core.database.types import new_id
from cpoms_core.errors import Refused
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.tenancy.scope import SchoolSession

Purpose = Literal["register", "use"]
VALID = dt.timedelta(minutes=5)
TOO_LATE = "That took too long, or the page was used before. Press the button and touch your key again."


def ask(db: SchoolSession, owner: KeyOwner, purpose: Purpose, now: dt.datetime) -> KeyChallenge:
    """Makes a challenge. Those of the account that ran out are taken away."""
    db.execute(
        delete(KeyChallenge).where(KeyChallenge.account_id == owner.account_id, KeyChallenge.expires_at < now)
    )
    made = KeyChallenge(
        id=new_id(),
        account_id=owner.account_id,
        purpose=purpose,
        session_hash=owner.session_hash,
        challenge=secrets.token_bytes(32),
        created_at=now,
        expires_at=now + VALID,
    )
    db.add(made)
    db.flush()
    return made


def use_up(
    db: SchoolSession, owner: KeyOwner, purpose: Purpose, question: uuid.UUID | None, now: dt.datetime
) -> bytes:
    """The challenge of a question, used up by this: of two answers to it, one finds it. Raises Refused."""
    taken = db.execute(
        update(KeyChallenge)
        .where(
            KeyChallenge.id == question,
            KeyChallenge.account_id == owner.account_id,
            KeyChallenge.session_hash == owner.session_hash,
            KeyChallenge.purpose == purpose,
            KeyChallenge.used_at.is_(None),
            KeyChallenge.expires_at > now,
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if question is None or taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(TOO_LATE)
    return db.scalars(select(KeyChallenge.challenge).where(KeyChallenge.id == question)).one()
