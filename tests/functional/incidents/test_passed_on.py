"""INC-16 in the pages: the settings, what the forms say of the mails, and where it is said what went on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from cpoms_core.access.models import AlertGroup
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.passing_on import pass_on
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.schools import SchoolForTests

DAY = 24 * 3600


def group_of(school: SchoolForTests) -> str:
    with school.app.session(school.id, writes=False) as db:
        return str(db.scalars(select(AlertGroup.id)).one())


def recorded(school: SchoolForTests, web: Any) -> Incident:
    fields = typed_incident(school, alerts=str(school.users["colleague"]))
    web(school, "teacher").submit("/incidents/add", fields, status=302)
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(Incident)).one()


def words(page: Any) -> str:
    return " ".join(page.html.select_one("#main").get_text(" ").split())


def test_inc_16_the_group_is_named_in_the_settings(school: SchoolForTests, web: Any) -> None:
    """INC-16: the school's own alert groups are the choice, nobody by default; another school's is refused;
    the group can then not be deleted, and its page says why."""
    lead = web(school, "lead")
    page = lead.get("/admin/settings")
    options = [(one["value"], one.get_text()) for one in page.html.select("#pass_on_group option")]
    assert options == [("", "Nobody: they stay where they are"), (group_of(school), "DSLs")]
    assert page.html.select_one("#pass_on_hours")["value"] == "24"
    assert page.html.select_one("#alert_mail_category").has_attr("checked")
    form = next(one for one in page.forms.values() if "pass_on_group" in one.fields)
    form["pass_on_group"].force_value(str(new_id()))
    assert "This cannot be chosen." in form.submit(status=422).text
    form["pass_on_group"].force_value(group_of(school))
    form["pass_on_hours"] = "0"
    assert "Give a number from 1 to 720." in form.submit(status=422).text
    form["pass_on_hours"] = "24"
    form.submit(status=303)
    refused = lead.submit(f"/admin/alert-groups/{group_of(school)}/delete", status=422)
    assert "Alerts that are not read are passed on to this group." in refused.text
    assert lead.get(f"/admin/alert-groups/{group_of(school)}", status=200)


def test_inc_16_the_incident_says_to_whom_it_was_passed_on(school: SchoolForTests, web: Any) -> None:
    """INC-16: in the incident, on the page of its readers, on the dashboards, in its audit; a recipient
    without rights of their own is not told who else was alerted."""
    lead = web(school, "lead")
    form = next(one for one in lead.get("/admin/settings").forms.values() if "pass_on_group" in one.fields)
    form["pass_on_group"] = group_of(school)
    form.submit(status=303)
    incident = recorded(school, web)
    path = f"/incidents/{incident.id}"
    assert "passed on" not in words(lead.get(path).follow())
    moment = utc_now().fromtimestamp(utc_now().timestamp() + DAY + 60, tz=utc_now().tzinfo)
    assert pass_on(school.app, school.id, moment) == 1
    shown = f"{school.viewer('lead').local(moment):%H:%M}"
    on_record = words(lead.get(path).follow())
    assert "An alert was not read in time and was passed on to Hugo Head, Lena Lead on" in on_record
    assert shown in on_record
    readers = words(lead.get(f"{path}/readers"))
    assert "Cleo Colleague alerted by Tariq Teacher" in readers
    assert "Passed on to Hugo Head, Lena Lead on" in readers
    assert "Lena Lead passed on to them" in readers and "(first alerted by Tariq Teacher)" in readers
    assert "passed on, not read in time" in words(lead.get("/"))
    assert "Passed an alert on that was not read in time" in words(lead.get(f"{path}/audit"))
    assert "Hugo Head" not in words(web(school, "colleague").get(path)), "alerted, without rights"


def test_inc_16_the_forms_say_what_the_mail_says(school: SchoolForTests, web: Any) -> None:
    """INC-16, INC-09: "The e-mail names you and the category", or only you where the school leaves it out."""
    chosen = {"student": str(school.students["aoife"]), "alerts": str(school.users["lead"])}
    teacher = web(school, "teacher")
    said = "The e-mail names you and the category, never the child"
    assert said in teacher.submit("/incidents/add/told", chosen).text
    with school.app.transaction(school.id) as db:
        change_setting(db, "alert_mail_category", "")
    page = teacher.submit("/incidents/add/told", chosen).text
    assert said not in page and "The e-mail names you, never the child" in page
