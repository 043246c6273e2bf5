"""What was out of reach before: the oldest alerts, and students whose full name must be typed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.dashboard.alerts import PAGE
from cpoms_core.database.types import new_id
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def test_older_alerts_come_in_place(school: SchoolForTests, desk: Any) -> None:
    """DSH-02: the link puts them under the others, and is gone with the last."""
    incident, now = add_incident(school), utc_now()
    with school.app.transaction(school.id) as db:
        db.add_all(
            Alert(
                school_id=school.id, id=new_id(), recipient_id=school.users["teacher"],
                sender_id=school.users["lead"], incident_id=incident.id,
                created_at=now - dt.timedelta(minutes=number),
            )
            for number in range(PAGE + 3)
        )  # fmt: skip
    teacher = desk("teacher")
    page = teacher.open("/")
    expect(page.get_by_role("heading", name=f"Alerts {PAGE + 3}")).to_be_visible()
    page.get_by_role("link", name="Show older alerts").click()
    expect(page.locator("#alert-list > li")).to_have_count(PAGE + 3)
    expect(page.get_by_role("link", name="Show older alerts")).to_have_count(0)
    teacher.look("dashboard-older-alerts")


def test_a_student_is_linked_by_the_full_name(school: SchoolForTests, desk: Any) -> None:
    """INC-01, INC-04: where staff without a key may not search, the box says what to type."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "student_search_on_form", "")
    teacher = desk("teacher")
    page = teacher.open("/incidents/add")
    linked = page.get_by_role("combobox", name=re.compile("^Linked students"))
    linked.press_sequentially("chloe mart", delay=30)
    expect(page.get_by_text("Type the full name to its end", exact=False)).to_be_visible()
    linked.press_sequentially("in-smith", delay=30)
    page.get_by_role("option", name="Chloë Martin-Smith").click()
    expect(page.get_by_role("button", name="Remove Chloë Martin-Smith")).to_be_visible()
    expect(page.get_by_text("For each linked student")).to_be_visible()
