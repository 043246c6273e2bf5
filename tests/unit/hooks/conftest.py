"""A school with the probe on, and an incident to record."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import record_incident
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests, make_school


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    """A school with only the probe on: what others add and do is none of these tests' business."""
    made = make_school(probe_app, modules=["probe"])
    behaviour.called.clear()
    return made


@pytest.fixture
def viewer(school: SchoolForTests) -> Viewer:
    return school.viewer("lead")


@pytest.fixture
def record(probe_app: Application, school: SchoolForTests, viewer: Viewer) -> Callable[..., uuid.UUID]:
    """Records an incident as its page does, and says its id once it is committed."""

    def do(values: dict[str, Any] | None = None, who: Viewer | None = None) -> uuid.UUID:
        new = new_incident(school, text="A concern.", module_values=values or {})
        with probe_app.transaction(school.id) as db:
            incident_id = record_incident(db, who or viewer, new).id
            do.failures = list(db.hook_failures)  # type: ignore[attr-defined]
        with probe_app.session(school.id, writes=False) as db:
            found = db.scalar(select(func.count()).select_from(Incident).where(Incident.id == incident_id))
            assert found == 1, "the concern is lost"
        return incident_id

    return do
