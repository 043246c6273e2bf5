"""PLN-02: one event that is saved in two windows at the same moment."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cpoms_planner.services import Typed, change_event

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.browsing import form_with, text_of
from cpoms_core.testing.schools import SchoolForTests

MONDAY = dt.date(2030, 3, 4)
NINE = dt.time(9)


def test_the_second_save_is_told_of_the_first(
    school: SchoolForTests, make: Callable[..., uuid.UUID], web: Any, event_of: Any
) -> None:
    """PLN-02: its page had read the event before the first was saved, and must not go by what it read."""
    made = make("lead", Typed("Review", MONDAY, NINE))
    page = f"/planner/events/{made}/edit"
    fields = {"title": "Theirs", "day": "2030-03-04", "begins": "09:00", "repeats": "never",
              "reminder": "none", "seen": "1", "which": "all"}  # fmt: skip
    lead = web(school, "lead")
    with ThreadPoolExecutor(1) as pool:
        with school.app.transaction(school.id) as db:
            mine = Typed("Mine", MONDAY, NINE)
            change_event(PluginSession(db), school.viewer("lead"), made, mine, seen=1)
            second = pool.submit(lead.submit, page, fields, status=422)
            with pytest.raises(TimeoutError):
                second.result(1)  # time enough to read the event, and to wait for its lock
        late = second.result(60)
    assert "in another window" in text_of(late)
    form = form_with(late, "title")
    assert (form["title"].value, form["seen"].value) == ("Theirs", "2")
    now = event_of(made)
    assert (now.title, now.version) == ("Mine", 2)
