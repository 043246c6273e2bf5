"""Keeping markers with the versions of their incident, and changing the school's maps. Each change of a map
is kept and audited; markers are part of their incident, whose own entry says what was done."""

from __future__ import annotations

import uuid

from sqlalchemy import insert, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.web.forms import as_id
from cpoms_maps import queries
from cpoms_maps.markers import BODY, Placed, clean
from cpoms_maps.models import BODY_ID, BODY_TITLE, LONGEST_TITLE, Map, MapChange, Marker, MarkerSet
from cpoms_maps.pictures import KeptPicture

TITLE = "title"


def keep_markers(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, placed: list[Placed]
) -> None:
    """Keeps an incident's markers as its version has them, once: where they are what they were, there is
    nothing to keep. A version that comes late (it failed at first) takes nothing back of a newer one."""
    of_incident = select(MarkerSet.version).where(MarkerSet.incident_id == incident_id)
    before = sorted(db.scalars(of_incident))
    if version in before:
        return
    if not before or version > before[-1]:
        now = queries.placed_now(db, incident_id) if before else []
        if now == placed:
            return
    kept = MarkerSet(
        school_id=db.school_id,
        incident_id=incident_id,
        version=version,
        markers=len(placed),
        made_at=viewer.now(),
        made_by=viewer.user_id,
    )
    db.add(kept)
    db.flush()
    if placed:
        db.execute(insert(Marker), [_row(kept, number, one) for number, one in enumerate(placed, 1)])


def _row(kept: MarkerSet, number: int, one: Placed) -> dict[str, object]:
    side, region = one.where
    return {
        "school_id": kept.school_id,
        "incident_id": kept.incident_id,
        "version": kept.version,
        "number": number,
        "map_id": one.map_id,
        "x": one.x,
        "y": one.y,
        "side": side,
        "region": region,
        "note": one.note,
    }


# --- the school's maps (MAP-02) --------------------------------------------------------------------------


def add_map(db: PluginSession, viewer: Viewer, title: str, picture: KeptPicture) -> uuid.UUID:
    """Adds a map. Raises NothingThere and Refused."""
    begin_change(db, viewer)
    title = checked_title(title)
    row = Map(
        school_id=db.school_id,
        id=new_id(),
        title=title,
        picture_id=picture.id,
        width=picture.width,
        height=picture.height,
        added_at=viewer.now(),
        added_by=viewer.user_id,
        disabled_at=None,
        version=0,
    )
    db.add(row)
    db.flush()
    _changed(db, viewer, row, "added")
    return row.id


def rename_map(db: PluginSession, viewer: Viewer, map_id: uuid.UUID, title: str) -> None:
    """Gives a map another title; those before are kept. Raises NothingThere and Refused."""
    row = _locked(db, viewer, map_id)
    title = checked_title(title)
    if row is None or row.id == BODY_ID:
        raise NothingThere
    if row.title != title:
        row.title = title
        _changed(db, viewer, row, "renamed")


def set_in_use(db: PluginSession, viewer: Viewer, name: str, *, in_use: bool) -> None:
    """Disables a map, so that no new marker is put on it, or enables it again. name: `body`, or an id. Raises
    NothingThere."""
    map_id = BODY_ID if name == BODY else as_id(name)
    row = _locked(db, viewer, map_id)
    if row is None:
        if map_id != BODY_ID:
            raise NothingThere
        if in_use:
            return
        row = _body_row(db, viewer)
    if (row.disabled_at is None) == in_use:
        return
    row.disabled_at = None if in_use else viewer.now()
    _changed(db, viewer, row, "enabled" if in_use else "disabled")


def checked_title(title: str) -> str:
    """A map's title as it is kept. Raises Refused."""
    title = clean(title)
    if not title:
        raise Refused("Give the map a title: it stands beside it.", TITLE)
    if len(title) > LONGEST_TITLE:
        raise Refused(f"Shorten the title to {LONGEST_TITLE} characters.", TITLE)
    return title


def _locked(db: PluginSession, viewer: Viewer, map_id: uuid.UUID | None) -> Map | None:
    begin_change(db, viewer)  # the school, not the map: the body map's row may not be there yet
    fresh = select(Map).where(Map.id == map_id).execution_options(populate_existing=True)
    found: Map | None = db.scalars(fresh).first()
    return found


def _body_row(db: PluginSession, viewer: Viewer) -> Map:
    row = Map(
        school_id=db.school_id,
        id=BODY_ID,
        title=BODY_TITLE,
        picture_id=None,
        width=1,
        height=1,
        added_at=viewer.now(),
        added_by=None,
        disabled_at=None,
        version=0,
    )
    db.add(row)
    db.flush()
    return row


def _changed(db: PluginSession, viewer: Viewer, row: Map, kind: str) -> None:
    row.version += 1
    db.flush()
    db.add(
        MapChange(
            school_id=db.school_id,
            map_id=row.id,
            version=row.version,
            kind=kind,
            title=row.title,
            made_at=viewer.now(),
            made_by=viewer.user_id,
        )
    )
    db.flush()
    db.audit(viewer, f"maps.{kind}")
