"""TRN-01, CAS-06: the case of an incident that was recorded in training mode goes with it and comes back with
it, whether the module was on or off on that day."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from cpoms_cases import queries

from cpoms_core.access.identity import system_viewer
from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services.training import Ending, begin_training, end_training
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Work
from cpoms_core.incidents.services import restore_incident
from cpoms_core.incidents.training import marked
from cpoms_core.outbox.mail import word_mail
from cpoms_core.outbox.outcomes import RecordGone
from cpoms_core.testing.schools import SchoolForTests


def assigned(school: SchoolForTests, who: str) -> list[uuid.UUID]:
    with school.app.session(school.id, writes=False) as db:
        return [row.row.incident_id for row in queries.assigned_to(PluginSession(db), school.viewer(who))]


@pytest.mark.parametrize("on", [True, False])
def test_its_case_goes_and_comes_back(
    school: SchoolForTests, web: Any, record: Any, stored: Any, switch: Any, on: bool
) -> None:
    """Out of My assigned, with no mail about it any more; restored, with its status, assignee and history."""
    with school.app.transaction(school.id) as db:
        begin_training(db, school.viewer("lead"))
    incident = record(school, assignee="head")
    assert assigned(school, "head") == [incident.id]
    assert (
        web(school, "head").get("/").html.find(id="assigned").find_parent("section").select(".training-mark")
    )
    switch(on)
    with school.app.transaction(school.id) as db:
        viewer = school.viewer("lead")
        end_training(db, viewer, Ending(mark_of(*marked(db, viewer).state), viewer.school.name))
    assert assigned(school, "head") == []
    case, changes = stored.case(incident.id), len(stored.changes(incident.id))
    (mail,) = stored.outbox("mail")
    with school.app.session(school.id, writes=False) as db, pytest.raises(RecordGone):
        word_mail(db, system_viewer(db), Work(mail.id, mail.payload, mail.created_at))
    with school.app.transaction(school.id) as db:
        restore_incident(db, school.viewer("lead"), incident.id)
    switch(True)
    assert assigned(school, "head") == [incident.id]
    again = stored.case(incident.id)
    assert (again.status, again.assignee_id, again.version) == ("active", school.users["head"], case.version)
    assert len(stored.changes(incident.id)) == changes
