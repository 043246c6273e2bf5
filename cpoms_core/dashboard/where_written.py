"""Where the user wrote what a merging or a splitting has moved since (EDT-04, EDT-05). What they may not see
stands in My history as they wrote it: with the incident of another child it would tell of that one
(USR-12.7)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.alerts.queries import read_count, was_read
from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Action, Incident, IncidentVersion
from cpoms_core.incidents.on_page import INCIDENTS
from cpoms_core.incidents.services.editing import ids_of
from cpoms_core.tenancy.scope import SchoolSession, built_once


@dataclass(frozen=True, slots=True)
class Origin:
    """What was written first: an action, or (`action_id` is None) an incident, and what holds it now."""

    incident_id: uuid.UUID
    action_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Place:
    """The incident that was written, or under which an action was. `visible`: the viewer may read it."""

    kind: str
    incident_id: uuid.UUID
    number: int
    visible: bool
    read_count: int


@dataclass(frozen=True, slots=True)
class _Merging:
    """An incident that was merged: the action that it became, and those that went along."""

    incident_id: uuid.UUID
    became: uuid.UUID | None  # None where it was split off again
    actions: frozenset[uuid.UUID]


MERGINGS = built_once(
    select(IncidentVersion.incident_id, IncidentVersion.content, Incident.merged_into)
    .join(Incident, Incident.id == IncidentVersion.incident_id)
    .where(
        IncidentVersion.kind == "merged",
        IncidentVersion.incident_id.in_(select(Action.was_incident).where(Action.incident_id.in_(INCIDENTS))),
    )
    .order_by(IncidentVersion.made_at, IncidentVersion.version)
)
READERS = built_once(
    select(Alert.action_id, Alert.recipient_id).where(
        Alert.incident_id.in_(INCIDENTS),
        Alert.action_id.in_(bindparam("actions", expanding=True, type_=Id())),
        was_read(),
    )
)


@policy.for_rights
def _places(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return select(
        Incident.id,
        Incident.number,
        policy.visible_incidents(sight).label("visible"),
        read_count(Incident.id).label("read_count"),
    ).where(Incident.id.in_(INCIDENTS))


def where_written(db: SchoolSession, viewer: Viewer, closed: Sequence[Any]) -> dict[uuid.UUID, Place]:
    """The place of each of the viewer's own records that was moved since, by the record's id; what stayed
    where it was is not among them. `closed`: rows of the history that the viewer may not see. As many
    statements for many as for one, and none where nothing can have moved."""
    origins = {own.record_id: _origin(own) for own in closed}
    held = {own.id for own in closed} | {one.incident_id for one in origins.values() if one.action_id}
    moving = any(own.kind == "Action" or own.split_off for own in closed)
    mergings = _mergings(db, held) if moving else []
    wrote = {record_id: _under(origin, mergings) for record_id, origin in origins.items()}
    moved = {own.record_id: wrote[own.record_id] for own in closed if wrote[own.record_id] != own.id}
    if not moved:
        return {}
    rows = db.execute(_places(viewer), policy.who(viewer, incidents=list(set(moved.values())))).all()
    found = {row.id: row for row in rows}
    read = _read_after_merging(db, held, [one for one in mergings if one.incident_id in found])
    return {
        record_id: Place(
            kind="Action" if origins[record_id].action_id else "Incident",
            incident_id=place,
            number=found[place].number,
            visible=bool(found[place].visible),
            read_count=read.get(place, found[place].read_count),
        )
        for record_id, place in moved.items()
    }


def _origin(own: Any) -> Origin:
    """An incident that was an action before it was split off is that action; an action that was an incident
    before it was merged is that incident."""
    if own.split_off is not None:
        return Origin(own.split_out_of, own.split_off)
    if own.was_incident is not None:
        return Origin(own.was_incident, None)
    return Origin(own.id, own.record_id if own.kind == "Action" else None)


def _under(origin: Origin, mergings: Iterable[_Merging]) -> uuid.UUID:
    """The incident that was written, or under which the action was before its first move."""
    moves = (one.incident_id for one in mergings if origin.action_id in one.actions)
    return next(moves, origin.incident_id)


def _mergings(db: SchoolSession, into: Collection[uuid.UUID]) -> list[_Merging]:
    """What was ever merged into these incidents, oldest first."""
    return [
        _Merging(row.incident_id, row.merged_into, frozenset(ids_of(row.content, "actions")))
        for row in db.execute(MERGINGS, {"incidents": list(into)})
    ]


def _read_after_merging(
    db: SchoolSession, into: Collection[uuid.UUID], mergings: Sequence[_Merging]
) -> dict[uuid.UUID, int]:
    """How many read what is merged by now: their alerts went along, to the actions that it is now."""
    merged = {one.incident_id: {*one.actions, one.became} for one in mergings if one.became}
    if not merged:
        return {}
    actions = set().union(*merged.values())
    readers: defaultdict[uuid.UUID | None, set[uuid.UUID]] = defaultdict(set)
    for action_id, reader in db.execute(READERS, {"incidents": list(into), "actions": list(actions)}):
        readers[action_id].add(reader)
    return {
        incident_id: len(set().union(*(readers[one] for one in of_it)))
        for incident_id, of_it in merged.items()
    }
