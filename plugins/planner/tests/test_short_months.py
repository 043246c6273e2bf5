"""PLN-02, PLN-04: a series on a day that not every month has, changed from a short month on. What was left
out of it before stays out, though the later part is on another day of the month."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cpoms_planner import queries
from cpoms_planner.recurrence import NEVER
from cpoms_planner.services import LATER, ONE, Typed, change_event, remove_event

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.schools import SchoolForTests

Make = Callable[..., uuid.UUID]
NINE = dt.time(9)
MADE = dt.datetime(2028, 1, 1, 12, tzinfo=dt.UTC)
SHORT_MONTHS = {
    "the 31st": ("monthly", "2030-01-31", "2030-03-31", "2030-02-28",
                 ["2030-01-31", "2030-02-28", "2030-04-28", "2030-05-28"]),
    "the 30th": ("monthly", "2030-01-30", "2030-05-30", "2030-02-28",
                 ["2030-01-30", "2030-02-28", "2030-03-28", "2030-04-28"]),
    "the 29th": ("monthly", "2030-01-29", "2030-03-29", "2030-02-28",
                 ["2030-01-29", "2030-02-28", "2030-04-28", "2030-05-28"]),
    "from April": ("monthly", "2030-03-31", "2030-05-31", "2030-04-30",
                   ["2030-03-31", "2030-04-30", "2030-06-30", "2030-07-30"]),
    "29 February": ("yearly", "2028-02-29", "2032-02-29", "2029-02-28",
                    ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"]),
}  # fmt: skip
"""How a series repeats, its first day, one that is left out, from which one it is changed, what is left."""


def days_seen(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        found = queries.entries(
            PluginSession(db), school.viewer("lead"), dt.date(2028, 1, 1), dt.date(2034, 1, 1)
        )
    return [f"{one.occurrence.day} {one.title}" for one in found]


@pytest.mark.parametrize("case", SHORT_MONTHS)
@pytest.mark.parametrize("by", ["removed", "changed"])
def test_what_was_left_out_stays_out_of_the_later_part(
    school: SchoolForTests, make: Make, worker: Any, at: Any, case: str, by: str
) -> None:
    """PLN-02, PLN-04: removed, it does not come back with its reminder; an event of its own is there once."""
    repeats, first, out, day, left = SHORT_MONTHS[case]
    first_day, out_on, later = (dt.date.fromisoformat(one) for one in (first, out, day))
    series = Typed("Review", first_day, NINE, repeats=repeats, times=5, reminder="15")
    made, lead = make("lead", series, now=MADE), at("lead", MADE)
    with school.app.transaction(school.id) as db:
        if by == "removed":
            remove_event(PluginSession(db), lead, made, which=ONE, day=out_on)
        else:
            alone = Typed("Alone", out_on, NINE, repeats=NEVER)
            change_event(PluginSession(db), lead, made, alone, seen=1, which=ONE, day=out_on)
        rest = Typed("Review", later, NINE, repeats=repeats, times=4, reminder="15")
        change_event(PluginSession(db), lead, made, rest, seen=2, which=LATER, day=later)
    expected = [f"{one} Review" for one in left] + ([f"{out} Alone"] if by == "changed" else [])
    assert days_seen(school) == sorted(expected)
    back = str(later.replace(year=out_on.year, month=out_on.month))  # where it would come back
    for one in sorted([*left, back]):
        worker.run(dt.datetime.fromisoformat(f"{one}T12:00+00:00"))
    assert [f"{due:%Y-%m-%d}" for _who, due in worker.mails()] == left
