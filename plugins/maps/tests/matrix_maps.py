"""The permission matrix of Maps (MAP-02)."""

from __future__ import annotations

import io
import uuid

from cpoms_maps import services
from cpoms_maps.models import Map
from cpoms_maps.pictures import taken_in
from matrix import ADMIN, EVERYONE, SIGNED_IN, Row
from PIL import Image

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.schools import SchoolForTests


def a_map(school: SchoolForTests, *, in_use: bool = True) -> uuid.UUID:
    """A map of the school's own."""
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(file, "PNG")
    file.seek(0)
    lead = school.viewer("lead")
    with taken_in(school.app, lead, file) as picture, school.app.transaction(school.id) as db:
        made = services.add_map(PluginSession(db), lead, "Playground", picture)
        if not in_use:
            services.set_in_use(PluginSession(db), lead, str(made), in_use=False)
        return made


MAPS = {"in use": a_map, "disabled": lambda school: a_map(school, in_use=False)}
OBJECTS = {"map": MAPS, "map to manage": MAPS}
SIGHT = {
    # who may add an incident, with a key or without, and administrators; it is about no child
    "map": {"in use": SIGNED_IN, "disabled": SIGNED_IN, "of another school": ""},
    "map to manage": {"in use": ADMIN, "disabled": ADMIN, "of another school": ""},
}
ROWS = [
    Row("GET", "maps.static", EVERYONE, fields={"subpath": ("css", "maps.css")}),
    Row("GET", "maps.body", SIGNED_IN),
    Row("GET", "maps.picture", SIGNED_IN, "map"),
    Row("GET", "maps.admin", ADMIN),
    Row("POST", "maps.admin", ADMIN),
    Row("GET", "maps.rename", ADMIN, "map to manage"),
    Row("POST", "maps.rename", ADMIN, "map to manage", {"title": "Lower playground"}),
    Row("POST", "maps.disable", ADMIN, "map to manage"),
    Row("POST", "maps.enable", ADMIN, "map to manage"),
]
TEXTS = [Map.title]
