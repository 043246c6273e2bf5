"""An older version that is the newest one again, where its categories decide who sees it (EDT-01, INC-03)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from browsing import form_with, text_of
from sqlalchemy import select, update

from cpoms_core.access.models import GroupCategory
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Category, Incident, IncidentCategory
from cpoms_core.incidents.services import NewAction, record_action
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

STAYED = "Its categories stayed as they were"


def categories_of(school: SchoolForTests, incident: Incident) -> set[str]:
    with school.app.session(school.id, writes=False) as db:
        return set(
            db.scalars(
                select(Category.name)
                .join(IncidentCategory, IncidentCategory.category_id == Category.id)
                .where(IncidentCategory.incident_id == incident.id)
            )
        )


def edit(browser: Browser, page: str, categories: Sequence[uuid.UUID], text: str = "Plain.") -> None:
    form = form_with(browser.get(page), "version")
    form["text"], form["categories"] = text, [str(one) for one in categories]
    form.submit(status=302)


def restore_first(browser: Browser, history: str) -> Any:
    """Presses Restore at the oldest version, and answers with the page that follows."""
    forms = [one for one in browser.get(history).forms.values() if "restore" in one.fields]
    return forms[-1].submit(status=302).maybe_follow()


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (("Behaviour", "Child Protection"), ("Behaviour",)),
        (("Child Protection",), ("Behaviour",)),
        (("Attendance", "Child Protection"), ("Attendance", "Behaviour")),
    ],
)
def test_one_does_not_put_it_where_they_may_not(
    school: SchoolForTests, web: Any, older: Sequence[str], newer: Sequence[str]
) -> None:
    """EDT-01, INC-03: the head may not add Child Protection. The words come back and the categories stay, all
    of them: a mixture of two versions would be seen by others than either was."""
    ids = school.categories
    incident = add_incident(school, "The first words.", category_ids=[ids[one] for one in older])
    edit(web(school, "lead"), f"/incidents/{incident.id}/edit", [ids[one] for one in newer])
    head = web(school, "head")
    page = restore_first(head, f"/incidents/{incident.id}/history")
    assert "The first words." in text_of(page) and STAYED in text_of(page)
    assert categories_of(school, incident) == set(newer)
    newest = head.get(f"/incidents/{incident.id}/history").html.select_one(".version").get_text(" ")
    assert "Version 1 restored" in newest and "Categories" not in newest


def test_one_does_not_take_it_out_of_their_own_sight(school: SchoolForTests, web: Any) -> None:
    """EDT-01: a category that the head may add to and not read; the form that edits says what it does."""
    ids = school.categories
    incident = add_incident(school, category_ids=[ids["Behaviour"], ids["Attendance"]])
    edit(web(school, "lead"), f"/incidents/{incident.id}/edit", [ids["Behaviour"]])
    with school.app.transaction(school.id) as db:
        db.execute(
            update(GroupCategory)
            .where(
                GroupCategory.group_id == school.groups["Heads of year"],
                GroupCategory.category_id == ids["Attendance"],
            )
            .values(view_incidents=False)
        )
    assert STAYED in text_of(restore_first(web(school, "head"), f"/incidents/{incident.id}/history"))
    assert categories_of(school, incident) == {"Behaviour"}


def test_a_disabled_category_does_not_come_back(school: SchoolForTests, web: Any) -> None:
    """EDT-01, ADM-03: not even with a version that has it."""
    ids = school.categories
    incident = add_incident(school, category_ids=[ids["Behaviour"], ids["Medical"]])
    lead = web(school, "lead")
    edit(lead, f"/incidents/{incident.id}/edit", [ids["Behaviour"]])
    with school.app.transaction(school.id) as db:
        db.execute(update(Category).where(Category.id == ids["Medical"]).values(disabled_at=utc_now()))
    assert STAYED in text_of(restore_first(lead, f"/incidents/{incident.id}/history"))
    assert categories_of(school, incident) == {"Behaviour"}


def test_categories_that_come_back_are_said(school: SchoolForTests, web: Any) -> None:
    """EDT-01: others may see it then, or no longer."""
    ids = school.categories
    incident = add_incident(school, category_ids=[ids["Behaviour"], ids["Child Protection"]])
    lead = web(school, "lead")
    edit(lead, f"/incidents/{incident.id}/edit", [ids["Behaviour"], ids["Medical"]])
    page = text_of(restore_first(lead, f"/incidents/{incident.id}/history"))
    assert "with its categories, which decide who sees it" in page
    assert categories_of(school, incident) == {"Behaviour", "Child Protection"}
    again = text_of(restore_first(lead, f"/incidents/{incident.id}/history"))
    assert "which decide" not in again and STAYED not in again


def test_an_action_widens_its_incident_by_nothing_that_one_may_not_add(
    school: SchoolForTests, web: Any
) -> None:
    """EDT-01, ACT-01: as of an incident."""
    ids = school.categories
    incident = add_incident(school)
    new = NewAction(new_id(), incident.id, "Rang home.", utc_now(), [ids["Child Protection"]])
    with school.app.transaction(school.id) as db:
        action = record_action(db, school.viewer("lead"), new)
    lead, head = web(school, "lead"), web(school, "head")
    edit(lead, f"/actions/{action.id}/edit", [])
    edit(lead, f"/incidents/{incident.id}/edit", [ids["Behaviour"]])
    page = text_of(restore_first(head, f"/actions/{action.id}/history"))
    assert "Rang home." in page and STAYED in page
    assert categories_of(school, incident) == {"Behaviour"}
    restore_first(lead, f"/actions/{action.id}/history")
    assert categories_of(school, incident) == {"Behaviour", "Child Protection"}


def test_an_action_s_words_leave_its_categories_alone(school: SchoolForTests, web: Any) -> None:
    """EDT-01: both versions add the same; that the incident's own form took it off since then stays so."""
    ids = school.categories
    incident = add_incident(school)
    new = NewAction(new_id(), incident.id, "Rang home.", utc_now(), [ids["Medical"]])
    with school.app.transaction(school.id) as db:
        action = record_action(db, school.viewer("lead"), new)
    lead = web(school, "lead")
    edit(lead, f"/actions/{action.id}/edit", [ids["Medical"]])
    edit(lead, f"/incidents/{incident.id}/edit", [ids["Behaviour"]])
    assert "Rang home." in text_of(restore_first(lead, f"/actions/{action.id}/history"))
    assert categories_of(school, incident) == {"Behaviour"}
