"""How many statements many custom fields cost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from cpoms_formbuilder import plans, queries, saving, services
from cpoms_formbuilder.kinds import WEIGHT, field_name

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

FIELDS, INCIDENTS = 20, 25


def publish(db: PluginSession, school: SchoolForTests, form: str) -> list[str]:
    """Gives staff a form with twenty dropdowns, the half of them for one category."""
    viewer, ids = school.viewer("lead"), [uuid.uuid4() for _ in range(FIELDS)]

    def make(plan: plans.Plan) -> plans.Plan:
        for at, one in enumerate(ids):
            limited = [school.categories["Behaviour"]] if at % 2 and form != "student" else []
            field = {"label": f"Field {at}", "kind": "dropdown", "categories": limited, "required": False}
            field |= {"many": bool(at % 3), "options": [("", "Hall"), ("", "Yard")]}
            plan = plans.with_field(plan, one, field, "Be exact.")
        return plan

    services.change(db, viewer, form, 0, make, "formbuilder.field-changed")
    names = [field_name(one) for one in ids]
    services.publish(db, viewer, form, 1, dict.fromkeys(names, WEIGHT), names)
    return names


@pytest.fixture
def incident(builder: Any, school: SchoolForTests) -> uuid.UUID:
    """One of twenty-five incidents of Aoife, something put into each of their fields."""
    viewer, found = school.viewer("lead"), new_id()
    with school.app.transaction(school.id) as db:
        own = PluginSession(db)
        names = {form: publish(own, school, form) for form in ("incident", "action", "student")}["incident"]
        fields = queries.definitions(own, form="incident")
        typed = {one.name: [choice.id.hex for choice in one.options] for one in fields}
        assert typed.keys() == set(names)
        for _ in range(INCIDENTS):
            categories = [school.categories["Behaviour"]]
            new = NewIncident(new_id(), school.students["aoife"], "A note.", categories, utc_now())
            found = record_incident(db, viewer, new).id
            saving.save(own, viewer, "incident", found, 1, typed)
    return found


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/students/{student}/incidents", 4),  # what was put in, of actions too, the filters, whose they are
        ("/incidents/add", 3),  # the order, the fields, their categories
        ("/incidents/{incident}/edit", 5),
        ("/incidents/{incident}/actions/add", 7),
        ("/students/{student}/edit", 4),
        ("/students/{student}/report", 2),
    ],
)
def test_many_fields_cost_few_statements(
    incident: uuid.UUID, school: SchoolForTests, records: Any, switch: Any, path: str, most: int
) -> None:
    """FRM-02, FRM-04: twenty fields on each form and twenty-five incidents with them: a handful of statements
    more than without the module."""
    where = path.format(student=school.students["aoife"], incident=incident)

    def statements() -> int:
        records.lead.get(where)
        with counted(school.app.engines) as ran:
            records.lead.get(where, status=200)
        return ran.number

    on = statements()
    switch(False)
    assert on - statements() <= most
