"""USR-12, ASVS V8.3, V8.4: the system and the operator see no record."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.access import policy
from cpoms_core.access.identity import operator_viewer, system_viewer
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident
from cpoms_core.students.models import Student
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

RULES = (
    (Student, policy.visible_students),
    (Student, policy.student_records),
    (Incident, policy.visible_incidents),
    (Incident, policy.rightful_incidents),
    (Action, policy.visible_actions),
    (Document, policy.visible_documents),
    (Category, policy.monitored_categories),
    (Category, policy.addable_categories),
    (Category, policy.readable_categories),
)


def seen(school: SchoolForTests, viewer: Viewer) -> dict[str, int]:
    """How many rows of each kind each rule lets a viewer see."""
    with school.app.session(school.id, writes=False) as db:
        return {
            rule.__name__: db.scalar(select(func.count()).select_from(kind).where(rule(viewer))) or 0
            for kind, rule in RULES
        }


@pytest.fixture
def recorded(school: SchoolForTests) -> SchoolForTests:
    add_incident(school, "A concern.")
    return school


def viewer_by(school: SchoolForTests, make: Any) -> Viewer:
    with school.app.session(school.id, writes=False) as db:
        viewer: Viewer = make(db)
        return viewer


def test_the_worker_sees_nothing_by_itself(recorded: SchoolForTests) -> None:
    """USR-12, V8.3.3: what it shows, it must ask for on behalf of a user."""
    viewer = viewer_by(recorded, system_viewer)
    assert viewer.permissions == frozenset() and viewer.user_id is None
    assert set(seen(recorded, viewer).values()) == {0}
    assert seen(recorded, recorded.viewer("lead"))["visible_incidents"] == 1


def test_the_operator_reads_no_record(recorded: SchoolForTests) -> None:
    """OPS-02, V8.4.2: the command line administers, and that is all."""
    viewer = viewer_by(recorded, operator_viewer)
    assert viewer.permissions == {"admin"} and viewer.channel == "command line"
    assert set(seen(recorded, viewer).values()) == {0}
    with recorded.app.session(recorded.id, writes=False) as db:
        assert db.scalar(select(func.count()).select_from(AuditEntry).where(policy.audits(viewer)))
