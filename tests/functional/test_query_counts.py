"""How many statements each page of the walk needs: a stated number, the same for many rows as for a few."""

from __future__ import annotations

from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked, NewAction, NewIncident, record_action, record_incident
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests, add_student

MOST = 25  # statements of one request; a page that leads on to another is two


def fill(school: SchoolForTests, times: int) -> Incident:
    """Records an incident with everything that can hang on one, then more of them."""
    viewer = school.viewer("lead")
    made: list[Incident] = []
    with school.app.transaction(school.id) as db:
        for number in range(times):
            linked = [Linked(add_student(db, "Olaf", f"Other{times}-{number}", tutor="9C"))]
            new = NewIncident(
                new_id(),
                school.students["aoife"],
                "A note.",
                [school.categories["Behaviour"]],
                utc_now(),
                linked=linked,
                alert_ids=[school.users["lead"], school.users["teacher"]],
                agency_ids=[school.agencies["Police"]],
            )
            made.append(record_incident(db, viewer, new))
            for text in ("First.", "Second.")[: 1 + (times > 1)]:
                action = NewAction(
                    new_id(),
                    made[-1].id,
                    text,
                    utc_now(),
                    alert_ids=[school.users["lead"]],
                    agency_ids=[school.agencies["Police"]],
                )
                record_action(db, viewer, action)
    return made[0]


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("lead", "/"),
        ("teacher", "/"),
        ("lead", "/students/{student}"),
        ("lead", "/students/{student}/incidents"),
        ("lead", "/students/{student}/attendance"),
        ("lead", "/students/{student}/audits"),
        ("lead", "/students/{student}/monitoring"),
        ("lead", "/students/{student}/contacts"),
        ("lead", "/students/{student}/edit"),
        ("lead", "/incidents/add"),
        ("teacher", "/incidents/add"),
        ("lead", "/incidents/{incident}"),
        ("teacher", "/incidents/{incident}"),
        ("lead", "/incidents/{incident}/readers"),
        ("lead", "/incidents/{incident}/actions/add"),
        ("lead", "/admin"),
        ("lead", "/admin/modules"),
        ("lead", "/admin/modules/cases"),
        ("lead", "/admin/settings"),
        ("lead", "/help"),
    ],
)
def test_statements_do_not_grow_with_the_rows(school: SchoolForTests, web: Any, who: str, path: str) -> None:
    """DSH-01, DSH-02, DSH-04, INC-01, INC-12, INC-13, ACT-01: by the page."""
    incident = fill(school, 1)
    where = path.format(student=school.students["aoife"], incident=incident.id)
    browser = web(school, who)

    def statements() -> tuple[Any, int]:
        requests = 1
        with counted(school.app.engines) as ran:
            page = browser.get(where)
            while page.status_int in (302, 303):
                page, requests = page.follow(), requests + 1
        return ran, requests

    statements()  # templates are compiled, what is kept between requests is kept
    few, requests = statements()
    fill(school, 9)
    many, _ = statements()
    assert few.number <= MOST * requests, str(few)
    assert many.number <= few.number, f"{few}\n\n{many}"
