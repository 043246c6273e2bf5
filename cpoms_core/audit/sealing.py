"""Sealing the audit (OPS-09): entries are hashed, and each batch becomes a link of the school's chain.

A seal's digest is made of the digest before it, its number, its time and the hashes of its entries, so that
nothing under it can be changed, taken out or put in without changing every seal that follows. A page view
costs no lock on the chain: it leaves a row in a queue, and the worker seals what the queue holds. It never
asks for "ids after the last": a long transaction commits an entry with an older id late.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select

from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry, Seal, Unsealed
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

BATCH = 1000
BEGINNING = bytes(32)
"""What stands for the seal before the first."""


def entry_hash(entry: AuditEntry) -> bytes:
    """The hash of everything in an entry, as it is read back from the database, whichever that is."""
    content = {
        "school": entry.school_id,
        "id": str(entry.id),
        "at": entry.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "user": str(entry.user_id) if entry.user_id else None,
        "event": entry.event,
        "channel": entry.channel,
        "access": entry.access,
        "subjects": entry.subjects,
        "details": entry.details,
        "ip": entry.ip,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()


def seal_digest(
    previous: bytes, number: int, sealed_at: dt.datetime, entries: Sequence[Sequence[str]]
) -> bytes:
    """The digest of a seal. `entries`: [id, hash in hex] of each, in the order in which they were sealed."""
    covered = hashlib.sha256(json.dumps(entries, separators=(",", ":")).encode()).digest()
    moment = sealed_at.astimezone(dt.UTC).isoformat(timespec="microseconds").encode()
    return hashlib.sha256(previous + number.to_bytes(8, "big") + moment + covered).digest()


def seal_waiting(app: Application, school_id: int, now: dt.datetime, *, most: int = BATCH) -> int:
    """Seals what waits at a school, at most one batch; returns how many entries. It reads first, and locks
    only when something waits. Where another worker is at it, it leaves it to that one."""
    with app.session(school_id, writes=False) as db:
        if db.scalar(select(Unsealed.entry_id).limit(1)) is None:
            return 0
    with app.transaction(school_id) as db:
        if not _alone(db, school_id):
            return 0
        return _seal(db, school_id, now, most)


def _alone(db: SchoolSession, school_id: int) -> bool:
    """Takes the right to add to the school's chain, until the transaction ends. SQLite has one writer
    anyway; on PostgreSQL the school's row is locked in the way that does not stop rows that refer to it."""
    locked = select(School.id).where(School.id == school_id).with_for_update(key_share=True, skip_locked=True)
    return db.scalar(locked) is not None


def _seal(db: SchoolSession, school_id: int, now: dt.datetime, most: int) -> int:
    entries = db.scalars(
        select(AuditEntry)
        .join(Unsealed, Unsealed.entry_id == AuditEntry.id)
        .order_by(AuditEntry.id)
        .limit(most)
    ).all()
    if not entries:
        return 0
    last = last_seal(db)
    number, previous = (last.number + 1, last.digest) if last else (1, BEGINNING)
    covered = [[str(entry.id), entry_hash(entry).hex()] for entry in entries]
    digest = seal_digest(previous, number, now, covered)
    db.add(Seal(school_id=school_id, number=number, entries=covered, digest=digest, sealed_at=now))
    db.flush()
    _unqueue(db, [entry.id for entry in entries])
    return len(entries)


def _unqueue(db: SchoolSession, ids: Sequence[uuid.UUID]) -> None:
    db.execute(
        delete(Unsealed).where(Unsealed.entry_id.in_(ids)).execution_options(synchronize_session=False)
    )


def last_seal(db: SchoolSession) -> Seal | None:
    """The newest seal of the session's school."""
    return db.scalars(select(Seal).order_by(Seal.number.desc()).limit(1)).first()
