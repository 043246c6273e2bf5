"""Checking the audit's chain of seals (OPS-09): what was altered, what is missing, what was cut off.

The chain alone cannot show that its end was cut off, or that all of it was written anew: for that, its newest
digest is noted as a checkpoint now and then and kept elsewhere.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry, Seal, Unsealed
from cpoms_core.audit.sealing import BEGINNING, entry_hash, last_seal, seal_digest
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

SEALS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A school's newest seal at some moment: its number and digest, kept where the database's writer cannot
    reach it."""

    school: str  # the slug
    number: int
    digest: str  # hex
    sealed_at: str  # ISO 8601, UTC

    def line(self) -> str:
        """The checkpoint as a line of a JSON lines file."""
        return json.dumps(
            {"school": self.school, "number": self.number, "digest": self.digest, "sealed_at": self.sealed_at}
        )


@dataclass(slots=True)
class Findings:
    """What a check found at one school. `entries`: how many are there and under a seal; `unsealed`: how many
    wait for one. `problems` are sentences for the operator; empty: all is well."""

    school: str
    seals: int = 0
    entries: int = 0
    unsealed: int = 0
    problems: list[str] = field(default_factory=list)


def read_checkpoints(lines: Iterable[str]) -> list[Checkpoint]:
    """Reads a JSON lines file of checkpoints. Raises ValueError, which says which line is bad."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(Checkpoint(**json.loads(line)))
        except (TypeError, ValueError):
            raise ValueError(f"line {number} is not a checkpoint") from None
    return found


def schools(app: Application, slug: str | None = None) -> list[tuple[int, str]]:
    """Ids and slugs of all schools, or of the one named."""
    with app.session(None, writes=False) as db:
        statement = select(School.id, School.slug).order_by(School.slug)
        if slug:
            statement = statement.where(School.slug == slug)
        return [(row.id, row.slug) for row in db.execute(statement)]


def checkpoint(app: Application, school_id: int, slug: str) -> Checkpoint | None:
    """The school's newest seal as a checkpoint; None where nothing is sealed yet."""
    with app.session(school_id, writes=False) as db:
        last = last_seal(db)
    if last is None:
        return None
    return Checkpoint(slug, last.number, last.digest.hex(), last.sealed_at.isoformat())


def verify(app: Application, school_id: int, slug: str, checkpoints: Iterable[Checkpoint] = ()) -> Findings:
    """Computes the school's chain again and compares it with what is stored and with the checkpoints."""
    findings = Findings(slug)
    known = {point.number: point.digest for point in checkpoints if point.school == slug}
    with app.session(school_id, writes=False) as db:
        if app.engines.dialect == "postgresql":
            # one state of the database from the first query to the last, as SQLite gives anyway
            db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for seal, previous, expected in _linked(_seals(db)):
            _check_seal(findings, seal, previous, expected)
            _check_entries(db, findings, seal)
            wanted = known.pop(seal.number, None)
            if wanted is not None and wanted != seal.digest.hex():
                findings.problems.append(
                    f"seal {seal.number} is not the one of the checkpoint: the chain was written anew"
                )
        _check_rest(db, findings)
    for number in sorted(known):
        findings.problems.append(f"seal {number} of a checkpoint is gone: the chain was cut off")
    return findings


def _seals(db: SchoolSession) -> Iterator[Seal]:
    last = 0
    while batch := db.scalars(
        select(Seal).where(Seal.number > last).order_by(Seal.number).limit(SEALS_AT_ONCE)
    ).all():
        yield from batch
        last = batch[-1].number
        db.expunge_all()


def _linked(seals: Iterable[Seal]) -> Iterator[tuple[Seal, bytes, int]]:
    """Each seal with the digest of the one before it, and the number that it should have."""
    previous, number = BEGINNING, 0
    for seal in seals:
        yield seal, previous, number + 1
        previous, number = seal.digest, seal.number


def _check_seal(findings: Findings, seal: Seal, previous: bytes, expected: int) -> None:
    findings.seals += 1
    if seal.number != expected:
        gone = f"seal {expected}" if seal.number == expected + 1 else f"seals {expected} to {seal.number - 1}"
        findings.problems.append(f"{gone} missing")
    elif seal_digest(previous, seal.number, seal.sealed_at, seal.entries) != seal.digest:
        findings.problems.append(f"seal {seal.number} was altered, or the one before it")


def _check_entries(db: SchoolSession, findings: Findings, seal: Seal) -> None:
    covered: list[Any] = seal.entries
    ids = [uuid.UUID(entry_id) for entry_id, _ in covered]
    stored = {entry.id: entry for entry in db.scalars(select(AuditEntry).where(AuditEntry.id.in_(ids)))}
    for entry_id, digest in covered:
        entry = stored.get(uuid.UUID(entry_id))
        if entry is None:
            findings.problems.append(f"entry {entry_id} of seal {seal.number} missing")
        elif entry_hash(entry).hex() != digest:
            findings.problems.append(f"entry {entry_id} of seal {seal.number} was altered")
    findings.entries += len(stored)


def _check_rest(db: SchoolSession, findings: Findings) -> None:
    """Every entry is under a seal or waits for one; others were put in, or kept from being sealed."""
    findings.unsealed = db.scalar(select(func.count()).select_from(Unsealed)) or 0
    stored = db.scalar(select(func.count()).select_from(AuditEntry)) or 0
    stray = stored - findings.entries - findings.unsealed
    if stray:
        findings.problems.append(f"{stray} entries are under no seal and do not wait for one")
