"""LIB-06, logo_panels: other places to take the school's logo from, on its page."""

from __future__ import annotations

from typing import Any

from cpoms_core.hooks.types import Panel
from cpoms_core.testing.browsing import Browser, text_of
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

PAGE = "/admin/settings/logo"
TEMPLATE = "cpoms_core.testing.probe:templates/panel.pt"


def test_a_modules_part_is_on_the_page(school: SchoolForTests, lead: Browser) -> None:
    """LIB-06, MOD-01: below the form, also when that comes back with an error; nowhere while it is off."""
    assert "The probe has no logo." in text_of(lead.get(PAGE))
    assert "The probe has no logo." in text_of(lead.submit(PAGE, status=422))
    turn(school, "probe", False)
    assert "probe" not in text_of(lead.get(PAGE))


def test_parts_stand_by_weight_and_need_their_permission(school: SchoolForTests, lead: Browser) -> None:
    """LIB-06: as all panels do."""
    parts = [
        Panel("logo", 20, TEMPLATE, {"text": "The second."}),
        Panel("logo", 10, TEMPLATE, {"text": "The first."}),
        Panel("logo", 30, TEMPLATE, {"text": "The third."}, needs="nobody:has-it"),
    ]
    with behaviour.instead("logo_panels", lambda **_: parts):
        text = text_of(lead.get(PAGE))
    assert text.index("The first.") < text.index("The second.") and "The third." not in text


def test_one_that_fails_costs_its_place_only(school: SchoolForTests, lead: Browser) -> None:
    """MOD-04: the form is there all the same."""

    def fail(**_: Any) -> Any:
        raise RuntimeError("broken")

    with behaviour.instead("logo_panels", fail):
        page = lead.get(PAGE)
    assert page.html.find("input", id="file")
