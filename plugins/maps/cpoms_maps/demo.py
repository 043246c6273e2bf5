"""What the demonstration school has of maps: a plan of its grounds, and markers on a few incidents."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw
from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident
from cpoms_maps import body, services
from cpoms_maps.markers import Placed
from cpoms_maps.models import MarkerSet
from cpoms_maps.pictures import taken_in

INCIDENTS = 12
ON_BODY = (
    (("left-forearm", body.FRONT, "Small bruise, yellow"), ("left-forearm", body.BACK, "A second one")),
    (("right-knee", body.FRONT, "Graze, cleaned and covered"),),
    (("face", body.FRONT, "Red mark below the eye"),),
    (("upper-back", body.BACK, "Says that it hurts here"), ("right-upper-arm", body.BACK, "Scratch")),
)
ON_PLAN = ((0.79, 0.52, "By the far gate"), (0.33, 0.42, "Outside the hall"))


def fill(db: PluginSession, viewer: Viewer, app: Application) -> None:
    """Adds the plan, and puts markers on some of the newest incidents that have none."""
    with taken_in(app, viewer, io.BytesIO(_plan())) as picture:
        plan_id = services.add_map(db, viewer, "School grounds", picture)
    marked = select(MarkerSet.incident_id)
    newest = (
        select(Incident)
        .where(Incident.id.not_in(marked), Incident.deleted_at.is_(None), Incident.student_id.is_not(None))
        .order_by(Incident.number.desc())
        .limit(INCIDENTS)
    )
    for at, incident in enumerate(db.scalars(newest).all()):
        placed = [_on_body(*one) for one in ON_BODY[at % len(ON_BODY)]]
        if at % 3 == 0:
            x, y, note = ON_PLAN[at // 3 % len(ON_PLAN)]
            placed.append(Placed(plan_id, x, y, note))
        services.keep_markers(db, viewer, incident.id, incident.version, placed)


def _on_body(name: str, side: str, note: str) -> Placed:
    region = body.in_region(name, side)
    assert region is not None
    return Placed(None, *body.parts_of_one(region.middle), note)


def _plan() -> bytes:
    """A plan of a school's grounds: hall, classrooms, playground."""
    drawing = Image.new("RGB", (1200, 760), "#f6f4ee")
    pen = ImageDraw.Draw(drawing)
    pen.rectangle((40, 40, 1160, 720), outline="#8a9a86", width=6)
    pen.rectangle((690, 120, 1110, 660), fill="#dbe8d3", outline="#a8bf9b", width=4)
    for box in ((100, 120, 620, 260), (100, 300, 330, 480), (360, 300, 620, 480), (100, 520, 620, 660)):
        pen.rectangle(box, fill="#ffffff", outline="#5b6b7a", width=6)
    made = io.BytesIO()
    drawing.save(made, "PNG")
    return made.getvalue()
