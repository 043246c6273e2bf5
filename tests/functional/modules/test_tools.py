"""DSH-08, nav_items: a module's tool stands at the right of the top bar, beside Hide names and Blank
screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.hooks.types import NavItem
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.web.request import cookie_name


@pytest.fixture(scope="module")
def pages(probe_app: Application) -> Any:
    return configure(probe_app)


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    return make_school(probe_app)


@pytest.fixture(autouse=True)
def _with_a_tool() -> Iterator[None]:
    def items(**_: Any) -> list[NavItem]:
        return [
            NavItem("Later", "probe.notes", 20, "bell", needs="probe:read", place="tools"),
            NavItem("Remind me", "probe.echo", 10, "bell", place="tools"),
            NavItem("Planner", "probe.echo", 60),
        ]

    with behaviour.instead("nav_items", items):
        yield


def words(page: Any, place: str) -> list[str]:
    return [" ".join(one.get_text().split()) for one in page.html.select(f"{place} a, {place} button")]


def test_a_tool_stands_beside_the_frames_own(pages: Any, school: SchoolForTests) -> None:
    lead = Browser(pages, extra_environ={"HTTP_HOST": school.host})
    lead.set_cookie(cookie_name(school.app), school.session_token("lead"))
    page = lead.get("/")
    assert words(page, ".top-tools") == ["Remind me", "Hide names", "Blank screen"]
    assert "Planner" in words(page, ".top-menu") and "Remind me" not in words(page, ".top-menu")
    tool = page.html.select_one(".top-tools a")
    assert tool["href"] == "/probe/echo" and "aria-current" not in tool.attrs
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", False, utc_now())
    assert words(lead.get("/"), ".top-tools") == ["Hide names", "Blank screen"]


def test_before_a_log_in_and_where_a_page_failed_there_is_none(pages: Any, school: SchoolForTests) -> None:
    nobody = Browser(pages, extra_environ={"HTTP_HOST": school.host})
    assert words(nobody.get("/login"), ".top-tools") == []
    nobody.set_cookie(cookie_name(school.app), school.session_token("lead"))
    assert "Remind me" not in nobody.get("/nowhere", status=404).text
