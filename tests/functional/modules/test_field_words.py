"""EDT-01, MOD-03: what a module's field says in the history of an incident is the module's to word."""

from __future__ import annotations

from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import FieldWords
from cpoms_core.incidents import versions
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.incidents.services.changes import IncidentEdit
from cpoms_core.incidents.services.editing import edit_incident
from cpoms_core.modules.kept_fields import NOT_WORDED
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    return make_school(probe_app)


def edited(school: SchoolForTests) -> Any:
    """An incident whose note of the probe was changed; the lines of its newest version."""
    lead = school.viewer("lead")
    categories = [school.categories["Behaviour"]]
    typed = {"module_values": {"probe-note": "old"}}
    new = NewIncident(new_id(), school.students["aoife"], "A note.", categories, utc_now(), **typed)
    with school.app.transaction(school.id) as db:
        incident = record_incident(db, lead, new)
        edit = IncidentEdit(
            incident.id, 1, "A note.", incident.occurred_at, categories, [], [], {},
            module_values={"probe-note": "new"},
        )  # fmt: skip
        edit_incident(db, lead, edit)
        return versions.of_incident(db, lead, incident.id).versions[0].lines


def test_a_module_words_its_field(school: SchoolForTests) -> None:
    """`field_words`, asked once for all the versions of the page."""
    with_calls = len([name for name in behaviour.called if name == "field_words"])
    (line,) = edited(school)
    assert (line.label, line.was, line.now) == ("Note of the probe", "“old”", "“new”")
    assert len([name for name in behaviour.called if name == "field_words"]) == with_calls + 1


@pytest.mark.parametrize("answer", ["nothing", "another's", "raises", "who may not read it"])
def test_of_what_is_not_answered_only_the_change_is_told(school: SchoolForTests, answer: str) -> None:
    """MOD-04, USR-12: the core cannot know who may read it; also where the module answers for a field that is
    not its own, breaks, or says that reading it takes a permission."""

    def say(**_arguments: Any) -> list[FieldWords]:
        if answer == "raises":
            raise RuntimeError("on purpose")
        if answer == "who may not read it":
            kept = ("old", "new")
            return [FieldWords("probe-note", one, "Secret", one, needs="probe.none") for one in kept]
        return [FieldWords("cases-status", "old", "Mine", "mine")] if answer == "another's" else []

    with behaviour.instead("field_words", say):
        (line,) = edited(school)
    assert (line.label, line.was, line.now) == ("Note", NOT_WORDED, NOT_WORDED)
