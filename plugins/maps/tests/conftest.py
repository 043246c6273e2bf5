"""Incidents with markers, maps of the school's own, and what a test reads of the database."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cpoms_maps import services
from cpoms_maps.models import Marker
from cpoms_maps.pictures import taken_in
from cpoms_maps.queries import of_incidents
from PIL import Image, ImageDraw
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.schools import SchoolForTests

ARM = {"map": "body", "x": 0.4, "y": 0.46, "note": "Small bruise"}
BACK = {"map": "body", "x": 0.75, "y": 0.3, "note": ""}


@pytest.fixture
def record() -> Callable[..., Incident]:
    """Records an incident, as the form would: `record(school, ARM, BACK)`."""

    def recorded(
        school: SchoolForTests,
        *markers: dict[str, Any],
        by: str = "lead",
        student: str = "aoife",
        categories: Sequence[str] = ("Behaviour",),
        alert: Sequence[str] = (),
    ) -> Incident:
        new = NewIncident(
            submission=new_id(),
            student_id=school.students[student],
            text="She was very quiet today.",
            category_ids=[school.categories[name] for name in categories],
            occurred_at=utc_now(),
            alert_ids=[school.users[who] for who in alert],
            module_values={"maps-markers": list(markers)},
        )
        with school.app.transaction(school.id) as db:
            made = record_incident(db, school.viewer(by), new)
            assert not db.hook_failures
            return made

    return recorded


def picture(kind: str = "JPEG", size: tuple[int, int] = (900, 600), *, see_through: bool = False) -> bytes:
    """A plan of a school, as somebody would upload it."""
    drawing = Image.new("RGBA" if see_through else "RGB", size, (0, 0, 0, 0) if see_through else "white")
    pen = ImageDraw.Draw(drawing)
    width, height = size
    pen.rectangle((width * 0.1, height * 0.15, width * 0.6, height * 0.8), outline="#1f5c7a", width=8)
    pen.rectangle((width * 0.68, height * 0.3, width * 0.92, height * 0.8), fill="#cfe3c8")
    made = io.BytesIO()
    drawing.save(made, kind)
    return made.getvalue()


@pytest.fixture
def playground(school: SchoolForTests) -> uuid.UUID:
    """A map of the school's own."""
    lead = school.viewer("lead")
    with (
        taken_in(school.app, lead, io.BytesIO(picture())) as taken,
        school.app.transaction(school.id) as db,
    ):
        return services.add_map(PluginSession(db), lead, "Playground", taken)


@pytest.fixture
def texts(school: SchoolForTests) -> Callable[[uuid.UUID], list[str]]:
    """What an incident's markers say now, by their numbers."""

    def said(incident_id: uuid.UUID) -> list[str]:
        with school.app.session(school.id, writes=False) as db:
            maps = of_incidents(PluginSession(db), school.viewer("lead"), [incident_id]).get(incident_id, [])
        found = sorted((one.number, one.text) for of_map in maps for one in of_map.markers)
        return [f"{number}. {text}" for number, text in found]

    return said


@pytest.fixture
def rows(school: SchoolForTests) -> Callable[[uuid.UUID], list[Marker]]:
    """Every marker that was ever kept of an incident."""

    def kept(incident_id: uuid.UUID) -> list[Marker]:
        with school.app.session(school.id, writes=False) as db:
            return list(
                db.scalars(
                    select(Marker)
                    .where(Marker.incident_id == incident_id)
                    .order_by(Marker.version, Marker.number)
                )
            )

    return kept


@pytest.fixture
def switch(school: SchoolForTests) -> Callable[[bool], None]:
    """Switches the module on or off for the school."""

    def turn(enabled: bool) -> None:
        with school.app.transaction(school.id) as db:
            switch_module(db, "maps", enabled, utc_now())

    return turn


@pytest.fixture
def stored_incident(school: SchoolForTests) -> Callable[[], Incident]:
    """The newest incident of the school."""

    def newest() -> Incident:
        with school.app.session(school.id, writes=False) as db:
            return db.scalars(select(Incident).order_by(Incident.number.desc())).first()

    return newest
