"""Recording incidents and actions in a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import NewAction, record_action
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

Record = Callable[..., Incident]


@pytest.fixture
def record(school: SchoolForTests) -> Record:
    """Records an incident about Aoife in Behaviour, as the teacher, unless said otherwise."""

    def make(who: str = "teacher", **changes: Any) -> Incident:
        values = {"text": "She said that she is afraid to go home.", **changes}
        return add_incident(school, who=who, **values)

    return make


@pytest.fixture
def follow_up(school: SchoolForTests) -> Callable[..., Action]:
    """Records an action under an incident, as the lead unless said otherwise."""

    def make(incident: Incident, who: str = "lead", **changes: Any) -> Action:
        values: dict[str, Any] = {
            "submission": new_id(),
            "incident_id": incident.id,
            "text": "Rang home.",
            "occurred_at": utc_now(),
            **changes,
        }
        with school.app.transaction(school.id) as db:
            return record_action(db, school.viewer(who), NewAction(**values))

    return make
