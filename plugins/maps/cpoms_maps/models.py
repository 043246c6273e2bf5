"""The school's maps, and the markers of incidents on them. Nothing here is ever changed but a map's title and
whether it is in use, and each change of those has a row of its own."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import APPEND_ONLY_ROWS, KEPT_ROWS, Base, OfSchool, Record, belongs_to

BODY_ID = uuid.UUID(int=1)
"""The body map's row, at every school: it is there once the body map was disabled for the first time. Markers
on the body map name no row."""
BODY_TITLE = "Body map"
LONGEST_TITLE, LONGEST_NOTE = 80, 500  # characters
MOST_MARKERS = 50  # of one incident


class Map(Record, Base):
    """A picture of the school's own that markers are put on, or the body map. `picture_id` names a file in
    the storage (a JPEG of `width` by `height` pixels); the body map has none, being a drawing of ours."""

    __tablename__ = "maps_map"
    __table_args__ = ({"info": KEPT_ROWS},)

    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    picture_id: Mapped[uuid.UUID | None]
    width: Mapped[int]
    height: Mapped[int]
    added_at: Mapped[dt.datetime]
    added_by: Mapped[uuid.UUID | None]
    disabled_at: Mapped[dt.datetime | None]
    version: Mapped[int]  # counts its changes


class MapChange(OfSchool, Base):
    """One change of a map: added, renamed, disabled or enabled; with the title that it had from then on."""

    __tablename__ = "maps_change"
    __table_args__ = (belongs_to("maps_map", "map_id"), {"info": APPEND_ONLY_ROWS})

    map_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]


class MarkerSet(OfSchool, Base):
    """The markers of an incident as one of its versions has them; those of the newest set count. An incident
    without a set never had a marker."""

    __tablename__ = "maps_set"
    __table_args__ = (belongs_to("incident", "incident_id"), {"info": APPEND_ONLY_ROWS})

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)  # of the incident
    markers: Mapped[int]  # how many
    made_at: Mapped[dt.datetime]
    made_by: Mapped[uuid.UUID | None]


class Marker(OfSchool, Base):
    """A marker. `map_id`: None is the body map. `x` and `y` are parts of the map's width and height; a marker
    that was put in words only, without a script, has none on a map that is no body. `side` and `region`: of
    the body, as the drawing had it there on that day."""

    __tablename__ = "maps_marker"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "incident_id", "version"],
            ["maps_set.school_id", "maps_set.incident_id", "maps_set.version"],
        ),
        belongs_to("maps_map", "map_id"),
        Index("ix_maps_marker_map", "school_id", "map_id"),
        {"info": APPEND_ONLY_ROWS},
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    map_id: Mapped[uuid.UUID | None]
    x: Mapped[float | None]
    y: Mapped[float | None]
    side: Mapped[str] = mapped_column(String(5))
    region: Mapped[str] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE))
