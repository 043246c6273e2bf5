"""The user guide (DSH-07) knows the words that stand on the pages: whoever reads "Split as incident" in a
menu finds it there."""

from __future__ import annotations

from typing import Any

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import Linked, NewAction, record_action, record_incident
from cpoms_core.students.tabs import CORE_TABS
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.conformance import grant_everything, turn
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests


def record(school: SchoolForTests) -> None:
    """An incident with a linked student and an action: all that an Options menu can have."""
    with school.app.transaction(school.id) as db:
        lead = school.viewer("lead")
        new = new_incident(school, linked=[Linked(school.students["björn"])])
        incident = record_incident(db, lead, new)
        record_action(db, lead, NewAction(new_id(), incident.id, "A step.", utc_now()))


def options(page: Any) -> list[str]:
    """What the Options menus of a page offer, each once."""
    offered = page.html.select(".incident-options li a, .incident-options li button")
    return list(dict.fromkeys(" ".join(one.get_text().split()) for one in offered))


def test_the_guide_names_every_tab_and_every_option(school: SchoolForTests, web: Any) -> None:
    """DSH-07, STU-01, EDT-01 to EDT-09, ACT-02: those of the core, of an incident and of an action."""
    for module in school.app.modules:
        turn(school, module, False)  # a module's words are its own
    grant_everything(school)
    record(school)
    lead = web(school, "lead")
    guide = text_of(lead.get("/help"))
    chronology = lead.get(f"/students/{school.students['aoife']}/incidents")
    offered = options(chronology)
    assert {"Edit", "Merge", "Print view", "Split as incident", "Pin to the top"} <= set(offered)
    assert len(offered) >= 10
    assert [label for label in offered if f"“{label}”" not in guide] == []
    assert "Unpin" in guide
    parts = [one.get_text() for one in lead.get("/help").html.select("#main strong")]
    assert parts[: len(CORE_TABS)] == [tab.label for tab in CORE_TABS]


def test_the_guide_tells_of_the_rest_of_the_record(school: SchoolForTests, web: Any) -> None:
    """DSH-08, STU-05, STU-07, STU-10, INC-14, EDT-10: in words that stand on the pages."""
    guide = text_of(web(school, "lead").get("/help"))
    for words in ("Alt+Shift+H", "Blank screen", "zip", "document ID", "Set a password", "Update categories"):
        assert words in guide, words
    for words in ("“Filter”", "your PDFs", "what they changed beside what you typed"):
        assert words in guide, words


def test_only_administrators_are_told_what_only_they_can_do(school: SchoolForTests, web: Any) -> None:
    """DSH-07, EDT-10: the rest would look for pages that answer "not found". Every address opens."""
    admin, teacher = web(school, "admin"), web(school, "teacher")
    assert admin.get("/help").html.find(id="administrators") is not None
    assert teacher.get("/help").html.find(id="administrators") is None
    for one in (admin, teacher):
        for link in one.get("/help").html.select(".reading a[href^='/']"):
            assert one.get(link["href"]).status_int == 200, link
