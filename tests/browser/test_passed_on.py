"""INC-16 as people meet it: the settings, the incident that says to whom it went on, and who has read it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from playwright.sync_api import expect

from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.passing_on import pass_on
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.testing.schools import SchoolForTests


def test_an_unread_alert_goes_on_and_says_so(school: SchoolForTests, desk: Any) -> None:
    """INC-16: a group is named in the settings; a day later the lead reads what the colleague did not."""
    lead = desk("lead")
    page = lead.open("/admin/settings")
    page.get_by_role("combobox", name="Pass on alerts that are not read").select_option("DSLs")
    expect(page.get_by_role("spinbutton", name="Pass on after")).to_have_value("24")
    page.get_by_role("checkbox", name="Name the category in alert mails").uncheck()
    lead.look("settings-pass-on")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with school.app.transaction(school.id) as db:
        new = NewIncident(
            new_id(), school.students["aoife"], "He asked me to ring back.", [school.categories["Behaviour"]],
            utc_now(), alert_ids=[school.users["colleague"]],
        )  # fmt: skip
        record_incident(db, school.viewer("teacher"), new)
    assert pass_on(school.app, school.id, utc_now() + dt.timedelta(hours=25)) == 1
    page = lead.open("/")
    expect(page.get_by_text("passed on, not read in time")).to_be_visible()
    lead.look("dashboard-passed-on")
    page.get_by_role("link", name="Incident for Aoife O'Connor").click()
    expect(page.get_by_text("was passed on to Hugo Head, Lena Lead on")).to_be_visible()
    lead.look("incident-passed-on")
    page.get_by_role("link", name="Read by 0").click()
    expect(page.get_by_text("Passed on to Hugo Head, Lena Lead on")).to_be_visible()
    lead.look("readers-passed-on")
