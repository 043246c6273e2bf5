"""USR-04, USR-06, MOD-01, ADM-02: the administration is there for administrators with their key only."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import AlertGroup
from cpoms_core.audit.models import AuditEntry
from cpoms_core.testing.schools import SchoolForTests

READ = (
    "/admin", "/admin/groups", "/admin/groups/new", "/admin/groups/{group}", "/admin/alert-groups",
    "/admin/alert-groups/new", "/admin/alert-groups/{alert_group}", "/admin/classes",
    "/admin/classes/kinds/tutor", "/admin/why", "/admin/modules", "/admin/modules/mis_sims",
    "/admin/modules/mis_sims/switch", "/admin/settings",
)  # fmt: skip
WRITE = (
    "/admin/failures/seen", "/admin/groups/new", "/admin/groups/{group}", "/admin/alert-groups/new",
    "/admin/alert-groups/{alert_group}", "/admin/alert-groups/{alert_group}/delete",
    "/admin/classes/kinds/tutor", "/admin/classes/seen", "/admin/modules/mis_sims",
    "/admin/modules/mis_sims/again", "/admin/modules/mis_sims/seen", "/admin/settings",
)  # fmt: skip


def at(school: SchoolForTests, pattern: str) -> str:
    with school.app.session(school.id, writes=False) as db:
        alert_group = db.scalars(select(AlertGroup.id)).first()
    return pattern.format(group=school.groups["Teachers"], alert_group=alert_group)


@pytest.mark.parametrize(("who", "elevated"), [("head", True), ("teacher", False), ("lead", False)])
def test_others_find_nothing_there(school: SchoolForTests, web: Any, who: str, elevated: bool) -> None:
    """USR-12.7: a key holder without the permission, a user without a key, and an administrator who has not
    used theirs get the answer of a random address, byte for byte."""
    browser = web(school, who, elevated=elevated)
    nothing = browser.get("/admin-of-nothing", status=404)
    for pattern in READ:
        assert browser.get(at(school, pattern), status=404).body == nothing.body, pattern
    token = browser.csrf("/")
    nowhere = browser.post("/admin-of-nothing", {"csrf_token": token}, status=404)
    for pattern in WRITE:
        answer = browser.post(at(school, pattern), {"csrf_token": token, "enabled": "no"}, status=404)
        assert answer.body == nowhere.body, pattern
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(AlertGroup.name)).all() == ["DSLs"]
        changes = db.scalars(select(AuditEntry.event).where(AuditEntry.event != "refused"))
        assert not [
            event for event in changes if event.startswith(("group", "alert-g", "module", "settings"))
        ]


def test_nobody_is_asked_to_log_in(school: SchoolForTests, web: Any) -> None:
    """ACC-01: without a session each address leads to the log-in page."""
    for pattern in READ:
        assert "/login" in web(school).get(at(school, pattern), status=302).location


def test_every_page_opens_for_an_administrator(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """USR-04, USR-06, MOD-01, ADM-02: with the tabs, of which the page's own is marked."""
    admin = web(school, "admin")
    for pattern in READ:
        page = admin.get(at(school, pattern))
        ours = [
            "Overview", "Users", "User groups", "Alert groups", "Groups", "Who sees what", "Imports",
            "Log-in by a provider", "Security log", "Parts in incidents", "Modules", "Settings",
        ]  # fmt: skip
        assert [tab for tab in pages.tabs(page) if tab in ours] == ours  # modules have theirs between
        (current,) = page.html.select("#admin-menu a[aria-current]")
        assert at(school, pattern).startswith(current["href"])
        assert len(page.html.select("h1")) == 1
    assert page.html.select_one('nav[aria-label="Main"] a[aria-current]').get_text(strip=True) == "Admin"
    assert audited(school, "group.viewed")[0].subjects == [str(school.groups["Teachers"])]
    assert audited(school, "settings.viewed") and audited(school, "admin.viewed")


def test_changes_need_the_forms_token(school: SchoolForTests, web: Any) -> None:
    """ADM-02: a post from elsewhere changes nothing."""
    admin = web(school, "admin")
    for pattern in WRITE:
        admin.post(at(school, pattern), {"enabled": "no"}, status=403)
