"""The form of who was slower, over what others saved (EDT-01, STU-03): three values of each field decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from webob.multidict import MultiDict
from wtforms import DateField, SelectMultipleField, StringField

from cpoms_core.hooks.types import FormField
from cpoms_core.web.forms import build_form
from cpoms_core.web.over_newest import fields_over_newest, over_newest

MARK, OTHER = {"x": 0.4, "note": "here"}, {"x": 0.7, "note": ""}


@pytest.mark.parametrize(
    ("opened", "typed", "now", "then"),
    [
        ("gate", "gate", "hall", "hall"),
        ("gate ", "gate", "hall", "hall"),
        ("one\ntwo", "one\r\ntwo", "three", "three"),
        ("gate", "yard", "hall", "yard"),
        ("gate", "", "hall", ""),
        (None, "", "hall", "hall"),
        (None, False, True, True),
        ("2026-01-05", dt.date(2026, 1, 5), dt.date(2026, 1, 6), dt.date(2026, 1, 6)),
        (["a", "b"], ["b", "c"], ["a", "b", "d"], ["b", "d", "c"]),
        (None, ["c"], None, ["c"]),
        ([MARK], [], [MARK, OTHER], [OTHER]),
        ([], [], [MARK], [MARK]),
    ],
)
def test_what_was_not_touched_is_what_it_is_now(opened: Any, typed: Any, now: Any, then: Any) -> None:
    assert over_newest({"it": typed}, {"it": opened}, {"it": now}) == {"it": then}


def test_the_modules_fields_are_told_by_their_versions() -> None:
    """One that only begins something, and is empty each time it is opened, stays as it was typed, though an
    earlier version has the same in it."""
    fields = [
        FormField("forms-where", StringField("Where", default="hall"), 1),
        FormField("forms-day", DateField("Day", default=dt.date(2026, 1, 6)), 2),
        FormField("plans-reminder", StringField("Remind me of"), 3),
        FormField("forms-many", SelectMultipleField("Many", choices=["a", "b"], default=["b"]), 4),
    ]
    posted = MultiDict(
        {"forms-where": "gate", "forms-day": "2026-01-05", "plans-reminder": "Ring", "forms-many": "a"}
    )
    opened = {"forms-where": "gate", "forms-day": "2026-01-05", "plans-reminder": "Ring"}
    newest = {**opened, "forms-where": "hall", "forms-day": "2026-01-06", "forms-many": ["b"]}
    found = fields_over_newest(build_form(fields, posted), build_form(fields, None), opened, newest)
    assert found == {
        "forms-where": "hall",
        "forms-day": dt.date(2026, 1, 6),
        "plans-reminder": "Ring",
        "forms-many": ["b", "a"],
    }
