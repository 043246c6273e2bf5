"""Incidents with everything that can hang on one."""

from __future__ import annotations

from typing import Any

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import ActionAgency, Incident, IncidentAgency
from cpoms_core.incidents.services import Linked, NewAction, record_action, record_incident
from cpoms_core.tenancy.services import next_numbers
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests


def recorded(
    school: SchoolForTests, text: str = "She said that she is afraid to go home.", **changes: Any
) -> Incident:
    """An incident about Aoife in Behaviour by the lead, with Björn linked and an action."""
    values: dict[str, Any] = {
        "text": text,
        "category_ids": [school.categories["Behaviour"], school.categories["Bullying"]],
        "linked": [Linked(school.students["björn"])],
        **changes,
    }
    with school.app.transaction(school.id) as db:
        incident = record_incident(db, school.viewer("lead"), new_incident(school, **values))
        action = NewAction(
            submission=new_id(), incident_id=incident.id, text="Rang home at noon.", occurred_at=utc_now()
        )
        action_id = record_action(db, school.viewer("lead"), action).id
        db.add(
            IncidentAgency(school_id=school.id, incident_id=incident.id, agency_id=school.agencies["Police"])
        )
        db.add(
            ActionAgency(school_id=school.id, action_id=action_id, agency_id=school.agencies["Social care"])
        )
        files = ((None, "drawing.png"), (action_id, "letter home.pdf"))
        for number, (of, name) in zip(next_numbers(db, "document", 2), files, strict=True):
            db.add(
                Document(
                    school_id=school.id, id=new_id(), number=number, incident_id=incident.id, action_id=of,
                    name=name, media_type="x/y", size=81_000, sha256="0" * 64,
                    added_by=school.users["lead"], added_at=utc_now(),
                )
            )  # fmt: skip
    return incident
