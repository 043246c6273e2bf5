"""MOD-01: the walk of the contract suite comes to every place of a module, and knows what it left there."""

from __future__ import annotations

from typing import Any

from cpoms_core.application import Application
from cpoms_core.testing.conformance import browser_for, turn
from cpoms_core.testing.probe import PROBE
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.walking import PAGES, recorded, traces, walk

FRAME_ONLY = "/help"
"""A page to which a module adds nothing but what is around every page."""

PLACES = {
    "/incidents/add",
    "/incidents/{incident}/edit",
    "/incidents/{incident}/history",
    "/incidents/{incident}/actions/add",
    "/actions/{action}/edit",
    "/actions/{action}/history",
    "/students/{student}/edit",
    "/students/{student}/incidents?filter=open&actions=open",
    "/students/{student}/report",
    "/students/{student}/audits",
    "/admin/groups/{group}",
    "/admin/settings",
}
"""Pages with something of the probe in their own part."""


def traced(app: Application, wsgi: Any, school: SchoolForTests) -> dict[str, set[str]]:
    with school.app.transaction(school.id) as db:
        ids = recorded(db, school, [PROBE.name])
    pages = walk(browser_for(wsgi, school, "lead"), school, ids)
    return {page: set(traces(app, PROBE, pages[page])) for page in PAGES}


def test_a_module_that_is_on_is_found_on_every_page(
    probe_app: Application, probe_wsgi: Any, school: SchoolForTests
) -> None:
    """So that one which is off and leaves something there fails the contract."""
    on = traced(probe_app, probe_wsgi, school)
    assert all(on.values())
    assert {page for page in PAGES if on[page] - on[FRAME_ONLY]} >= PLACES
    turn(school, PROBE.name, False)
    assert not any(traced(probe_app, probe_wsgi, school).values())
