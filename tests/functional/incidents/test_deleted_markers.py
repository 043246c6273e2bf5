"""Where the markers of deleted incidents stand (EDT-02)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    Linked,
    Merge,
    NewAction,
    delete_action,
    delete_incident,
    merge_incident,
    record_action,
)
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


@pytest.mark.parametrize("opened", [None, 1, 25])
def test_a_marker_keeps_its_place_whatever_the_page_was_opened_for(
    school: SchoolForTests, web: Any, opened: int | None
) -> None:
    """EDT-02, INC-12: an older incident that is opened by its link stands in front of its page, and the
    marker of incident 21 between 22 and 20."""
    days = [utc_now() - dt.timedelta(days=30 - number) for number in range(30)]
    incidents = [add_incident(school, f"Note {at}.", occurred_at=one) for at, one in enumerate(days)]
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), incidents[20].id, "Wrong", opened=1)
    at = "" if opened is None else f"?at={incidents[opened].id}"
    page = web(school, "lead").get(f"/students/{school.students['aoife']}/incidents{at}")
    entries = [one.get_text(" ", strip=True) for one in page.html.select("#incidents > li")]
    place = next(at for at, one in enumerate(entries) if "Wrong" in one)
    around = [re.findall(r"Note (\d+)\.", one) for one in (entries[place - 1], entries[place + 1])]
    assert around == [["21"], ["19"]]
    assert ("Note 1." in entries[0]) is (opened == 1)


def test_a_merge_leaves_the_marker_of_a_deleted_action_as_it_is(school: SchoolForTests, web: Any) -> None:
    """EDT-02, EDT-04: who deleted it and why, though the merge says something of each action's records."""
    lead = school.viewer("lead")
    into = add_incident(school, "Into.", linked=[Linked(school.students["björn"])])
    with school.app.transaction(school.id) as db:
        new = NewAction(new_id(), into.id, "Of another child.", utc_now(), on_linked=True)
        action_id = record_action(db, lead, new).id
    with school.app.transaction(school.id) as db:
        delete_action(db, school.viewer("head"), action_id, "Wrong child", opened=1)
    other = add_incident(school, "Other.", student_id=school.students["chloe"])
    with school.app.transaction(school.id) as db:
        now = db.get_one(Incident, (school.id, into.id))
        merge_incident(db, lead, Merge(other.id, other.version, into.id, now.version))
    path = f"/students/{school.students['aoife']}/incidents"
    marker = text_of(web(school, "lead").get(path).html.select_one(".gone"))
    assert "Wrong child" in marker and "Hugo Head" in marker
