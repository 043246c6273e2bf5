"""Entries whose facts name a second incident: what was merged into which, what was split off out of which."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry
from cpoms_core.incidents.models import Incident
from cpoms_core.tenancy.scope import SchoolSession

NUMBERS = {"incident.merged": ("number", "into"), "action.split": ("number", "out_of")}
"""The events, with the names of the two numbers among their details."""
AS_EVENT = "incident.edited"
"""What such an entry is on an incident or a student to who may know of one of the two only, in its words and
for a filter: that it was merged, or split, would tell that there is another (USR-12.7)."""


def asked_for(events: Collection[str]) -> frozenset[str]:
    """The events among which those are that a filter asks for."""
    return frozenset(events) | (NUMBERS.keys() if AS_EVENT in events else frozenset())


def fits(entry: AuditEntry, events: Collection[str], *, told: bool) -> bool:
    """Whether an entry is what a filter asks for (none: all), as the viewer is told of it."""
    return not events or (entry.event if told else AS_EVENT) in events


def untold(db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> frozenset[uuid.UUID]:
    """The entries that name an incident which the viewer may not know of: their facts are left out."""
    named = {entry.id: _numbers(entry) for entry in entries if entry.event in NUMBERS}
    if not named:
        return frozenset()
    numbers = set().union(*named.values())
    known = set(
        db.scalars(
            select(Incident.number).where(Incident.number.in_(numbers), policy.known_incidents(viewer))
        )
    )
    return frozenset(entry_id for entry_id, of_it in named.items() if not of_it <= known)


def _numbers(entry: AuditEntry) -> set[int]:
    return {entry.details[name] for name in NUMBERS[entry.event] if entry.details.get(name)}
