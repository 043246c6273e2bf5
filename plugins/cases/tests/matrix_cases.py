"""The permission matrix of Cases (CAS-01, CAS-05, CAS-07)."""

from __future__ import annotations

import uuid

from cpoms_cases.models import Outcome
from matrix import ADMIN, DETAILS, Row

from cpoms_core.database.types import new_id
from cpoms_core.testing.schools import SchoolForTests

ROWS = [
    Row("GET", "cases.status", DETAILS, "incident"),
    Row("POST", "cases.status", DETAILS, "incident"),
    Row("GET", "cases.assignee", DETAILS, "incident"),
    Row("POST", "cases.assignee", DETAILS, "incident"),
    Row("GET", "cases.history", DETAILS, "incident"),
    Row("GET", "cases.bulk", ADMIN),
    Row("POST", "cases.bulk", ADMIN),
    Row("GET", "cases.outcomes", ADMIN),
    Row("POST", "cases.outcomes", ADMIN),
    Row("POST", "cases.outcome", ADMIN, "outcome of a case"),
]
SIGHT = {"outcome of a case": {"on the list": ADMIN, "of another school": ""}}


def outcome(school: SchoolForTests) -> uuid.UUID:
    """An outcome on the school's list."""
    made = new_id()
    with school.app.transaction(school.id) as db:
        db.add(Outcome(school_id=school.id, id=made, name=f"Outcome {made}"))
    return made


OBJECTS = {"outcome of a case": {"on the list": outcome}}
