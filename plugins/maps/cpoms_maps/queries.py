"""Reading maps and markers, always through the policy."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident, IncidentStudent
from cpoms_core.tenancy.scope import built_once
from cpoms_maps import body, drawing
from cpoms_maps.markers import Placed, Unreadable, from_json
from cpoms_maps.models import BODY_TITLE, Map, Marker, MarkerSet
from cpoms_maps.school_maps import MAPS, MapShown, body_map, in_order, map_shown, readable

MOST_TOGETHER = 200  # markers of a student's combined maps


@dataclass(frozen=True, slots=True)
class MarkerShown:
    """A marker as people see it. where: the region of the body in words, else where to look; word: what is
    written in it on the map."""

    number: int
    map: MapShown
    placed: Placed
    where: str
    note: str
    word: str = ""

    @property
    def pin(self) -> drawing.Pin | None:
        """As it is drawn, if it has a place."""
        if self.placed.x is None or self.placed.y is None:
            return None
        return drawing.pin(self.word or str(self.number), self.placed.x, self.placed.y, self.map.height)

    @property
    def text(self) -> str:
        """What it says beside its number."""
        return f"{self.where}: {self.note}" if self.note else self.where


@dataclass(slots=True)
class MapWithMarkers:
    """A map with those markers of an incident, or of a student's incidents, that are on it."""

    map: MapShown
    markers: list[MarkerShown] = field(default_factory=list)


@dataclass(slots=True)
class IncidentOnMaps:
    """An incident in the list beside the combined maps. occurred: in the school's zone."""

    id: uuid.UUID
    number: int
    occurred: dt.datetime
    markers: list[MarkerShown] = field(default_factory=list)


# --- which markers count ---------------------------------------------------------------------------------


def _newest() -> ColumnElement[bool]:
    """Condition on Marker: of the newest set of its incident."""
    other = aliased(MarkerSet)
    newest = select(func.max(other.version)).where(other.incident_id == Marker.incident_id)
    return Marker.version == newest.correlate(Marker).scalar_subquery()


def _with_maps(*columns: Any) -> Select[*tuple[Any, ...]]:
    return select(Marker, Map, *columns).outerjoin(Map, Map.id == Marker.map_id)


OF_INCIDENTS = built_once(
    _with_maps()
    .where(Marker.incident_id.in_(bindparam("incidents", expanding=True, type_=Id)), _newest())
    .order_by(Marker.incident_id, Marker.number)
)


def of_incidents(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[MapWithMarkers]]:
    """The markers of incidents that the viewer was found to see, by incident and map: one query for all."""
    found: dict[uuid.UUID, list[MarkerShown]] = {}
    for marker, kept in db.execute(OF_INCIDENTS, {"incidents": list(ids)}):
        found.setdefault(marker.incident_id, []).append(_shown(viewer, marker, kept))
    return {incident_id: by_map(markers) for incident_id, markers in found.items()}


def placed_now(db: PluginSession, incident_id: uuid.UUID) -> list[Placed]:
    """An incident's markers as a form has them."""
    return [_placed(marker) for marker, _ in db.execute(OF_INCIDENTS, {"incidents": [incident_id]})]


def by_map(markers: Iterable[MarkerShown]) -> list[MapWithMarkers]:
    """Markers by the map that they are on, the body map first, then by title."""
    found: dict[str, MapWithMarkers] = {}
    for marker in markers:
        found.setdefault(marker.map.name, MapWithMarkers(marker.map)).markers.append(marker)
    return sorted(found.values(), key=lambda one: in_order(one.map))


# --- combined (MAP-03) -----------------------------------------------------------------------------------


@policy.for_rights
def _of_student(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    return (
        _with_maps(Incident.number.label("incident_number"), Incident.occurred_at)
        .join(Incident, Incident.id == Marker.incident_id)
        .join(IncidentStudent, IncidentStudent.incident_id == Marker.incident_id)
        .where(
            IncidentStudent.student_id == bindparam("student", type_=Id),
            readable(sight),
            _newest(),
        )
        .order_by(Incident.occurred_at.desc(), Incident.id.desc(), Marker.number)
        .limit(bindparam("limit"))
    )


def of_student(
    db: PluginSession, viewer: Viewer, student_id: uuid.UUID
) -> tuple[list[MapWithMarkers], list[IncidentOnMaps], bool]:
    """The newest markers of a student's incidents, of those that the viewer may read: by map, by incident,
    and whether there are more of them."""
    asked = policy.who(viewer, student=student_id, limit=MOST_TOGETHER + 1)
    rows = db.execute(_of_student(viewer), asked).all()
    incidents: dict[uuid.UUID, IncidentOnMaps] = {}
    for marker, kept, number, occurred in rows[:MOST_TOGETHER]:
        one = incidents.setdefault(
            marker.incident_id, IncidentOnMaps(marker.incident_id, number, viewer.local(occurred))
        )
        one.markers.append(_shown(viewer, marker, kept, word=str(number)))
    together = by_map(marker for one in incidents.values() for marker in one.markers)
    return together, list(incidents.values()), len(rows) > MOST_TOGETHER


def in_words(db: PluginSession, viewer: Viewer, sets: Sequence[Any]) -> list[tuple[Any, str]]:
    """Sets of markers as versions keep them, each with what it says; one that cannot be read is left out."""
    known = [(one, placed) for one in sets if (placed := _read(one)) is not None]
    titles: dict[uuid.UUID | None, str] = {None: ""}
    if any(marker.map_id is not None for _, placed in known for marker in placed):
        titles |= {row.id: f"{viewer.text(row.title)}, " for row in db.scalars(MAPS)}
    return [
        (
            one,
            "; ".join(
                f"{number}. {titles.get(marker.map_id, '')}{_words(viewer, marker)}"
                for number, marker in enumerate(placed, 1)
            ),
        )
        for one, placed in known
    ]


def _read(kept: Any) -> list[Placed] | None:
    try:
        return from_json(kept)
    except Unreadable:
        return None


def _words(viewer: Viewer, marker: Placed) -> str:
    where = marker.words
    return f"{where}: {viewer.text(marker.note)}" if marker.note else where


def held_on(db: PluginSession, student_id: uuid.UUID) -> list[dict[str, Any]]:
    """Every set of markers of a student's incidents, as plain JSON values: for subject access and export."""
    its = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)
    sets = db.execute(
        select(MarkerSet, Incident.number)
        .join(Incident, Incident.id == MarkerSet.incident_id)
        .where(MarkerSet.incident_id.in_(its))
        .order_by(Incident.number, MarkerSet.version)
    ).all()
    rows = db.execute(_with_maps().where(Marker.incident_id.in_(its)).order_by(Marker.number)).all()
    held: dict[tuple[uuid.UUID, int], list[dict[str, Any]]] = {}
    for marker, kept in rows:
        title = kept.title if kept is not None else BODY_TITLE
        where = body.words_of(marker.region, marker.side) if marker.region else ""
        held.setdefault((marker.incident_id, marker.version), []).append(
            {"number": marker.number, "map": title, "where": where, "x": marker.x, "y": marker.y}
            | {"note": marker.note}
        )
    return [
        {
            "incident": number,
            "version": one.version,
            "made_at": one.made_at.isoformat(),
            "markers": held.get((one.incident_id, one.version), []),
        }
        for one, number in sets
    ]


# --- as they are shown -----------------------------------------------------------------------------------


def _placed(marker: Marker) -> Placed:
    return Placed(marker.map_id, marker.x, marker.y, marker.note)


def _shown(viewer: Viewer, marker: Marker, kept: Map | None, *, word: str = "") -> MarkerShown:
    placed = _placed(marker)
    words = body.words_of(marker.region, marker.side) if marker.region else placed.words
    on = body_map() if kept is None else map_shown(viewer, kept)
    return MarkerShown(marker.number, on, placed, words, viewer.text(marker.note), word)
