"""The school's maps and their pictures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, literal, or_, select, true

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.scope import built_once
from cpoms_maps import body, drawing
from cpoms_maps.models import BODY_ID, BODY_TITLE, Map, MapChange, Marker

PLACING = ("incidents:add", "incidents:edit")
MANAGING = "admin"


@dataclass(frozen=True, slots=True)
class MapShown:
    """A map as people see it. id: None for the body map; height: of its drawing; disabled: not offered."""

    id: uuid.UUID | None
    title: str
    height: int
    disabled: bool = False
    picture_id: uuid.UUID | None = None

    @property
    def name(self) -> str:
        """How forms and pages call it."""
        return "body" if self.id is None else str(self.id)


MAPS = built_once(select(Map))
CHANGES = built_once(
    select(MapChange, staff_name())
    .outerjoin(User, User.id == MapChange.made_by)
    .order_by(MapChange.map_id, MapChange.version.desc())
)


def all_maps(db: PluginSession, viewer: Viewer) -> list[MapShown]:
    """Every map of the school, the body map first."""
    rows = {row.id: row for row in db.scalars(MAPS)}
    body_row = rows.pop(BODY_ID, None)
    return sorted([body_map(body_row), *(map_shown(viewer, row) for row in rows.values())], key=in_order)


def changes(db: PluginSession) -> dict[uuid.UUID, list[tuple[MapChange, str]]]:
    """Every change of the school's maps, newest first, with who made it."""
    found: dict[uuid.UUID, list[tuple[MapChange, str]]] = {}
    for change, who in db.execute(CHANGES):
        found.setdefault(change.map_id, []).append((change, who or "The system"))
    return found


@policy.for_rights
def _picture(sight: policy.Sight) -> Select[*tuple[Any, ...]]:
    adds = any(sight.may(one) for one in (*PLACING, MANAGING))
    on_it = (
        select(Marker.map_id)
        .join(Incident, Incident.id == Marker.incident_id)
        .where(Marker.map_id == bindparam("map", type_=Id), readable(sight))
    )
    return select(Map).where(
        Map.id == bindparam("map", type_=Id),
        Map.picture_id.is_not(None),
        or_(true() if adds else false(), Map.id.in_(on_it)),
    )


def picture_of(db: PluginSession, viewer: Viewer, map_id: uuid.UUID) -> uuid.UUID | None:
    """The stored picture of a map, for who may put markers on it, with a new incident or an older one, or
    reads an incident that has one there: a map is about no child."""
    found: Map | None = db.execute(_picture(viewer), policy.who(viewer, map=map_id)).scalars().first()
    return found.picture_id if found is not None else None


def named_files(db: PluginSession, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the stored files that are pictures of maps, disabled ones too."""
    return list(db.scalars(select(Map.picture_id).where(Map.picture_id.in_(ids))))


def body_map(row: Map | None = None) -> MapShown:
    """The body map; `row`: the school's, where it has one."""
    return MapShown(None, BODY_TITLE, body.HEIGHT, row is not None and row.disabled_at is not None)


def map_shown(viewer: Viewer, row: Map) -> MapShown:
    """A map of the school's own."""
    height = drawing.height_of(row.width, row.height)
    return MapShown(row.id, viewer.text(row.title), height, row.disabled_at is not None, row.picture_id)


def readable(sight: policy.Sight) -> ColumnElement[bool]:
    """Condition on Incident: the viewer reads it, or the action that it became when merged (EDT-04)."""
    became = (
        select(literal(1))
        .select_from(Action)
        .where(Action.id == Incident.merged_into, policy.visible_actions(sight))
        .correlate_except(Action)
    )
    merged = and_(Incident.merged_into.is_not(None), became.exists())
    return or_(policy.visible_incidents(sight), merged)


def in_order(one: MapShown) -> tuple[bool, str, str]:
    return one.id is not None, one.title.casefold(), one.name
