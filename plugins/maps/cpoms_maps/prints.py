"""Maps with their markers on paper (MAP-04)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog

from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.storage import FileDamaged, FilesAway
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import PrintPart
from cpoms_maps import drawing, queries
from cpoms_maps.pictures import for_print

log = structlog.get_logger()
WEIGHT = 20
LOST = "The picture of this map could not be read when this was printed."


def of_incidents(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[PrintPart]]:
    """A part for each map of each incident. The picture of a map is read and made small once for all."""
    pictures: dict[uuid.UUID, bytes | None] = {}
    printed: dict[uuid.UUID, list[PrintPart]] = {}
    for incident_id, maps in queries.of_incidents(db, viewer, ids).items():
        for one in maps:
            picture_id = one.map.picture_id
            if picture_id is not None and picture_id not in pictures:
                pictures[picture_id] = _picture(db, picture_id)
            picture = pictures.get(picture_id) if picture_id is not None else None
            printed.setdefault(incident_id, []).append(_part(one, picture))
    return printed


def _part(one: queries.MapWithMarkers, picture: bytes | None) -> PrintPart:
    lines = [f"{marker.number}. {marker.text}" for marker in one.markers]
    if one.map.id is not None and picture is None:
        return PrintPart(WEIGHT, one.map.title, [LOST, *lines])
    pins = [marker.pin for marker in one.markers if marker.pin is not None]
    return PrintPart(WEIGHT, one.map.title, lines, drawing.printed(pins, one.map.height, picture))


def _picture(db: PluginSession, picture_id: uuid.UUID) -> bytes | None:
    """A map's picture as it is printed; none where it cannot be read, which costs the print no words."""
    try:
        return for_print(db.read_file(picture_id))
    except (FileDamaged, FilesAway):
        log.error("the picture of a map cannot be read", school=db.school_id, picture=str(picture_id))
        return None
