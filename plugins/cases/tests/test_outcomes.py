"""CAS-07: by setting, closing asks for an outcome of the school's list and a reason; opening again for the
reason."""

from __future__ import annotations

import subprocess
import uuid
from typing import Any

from bs4 import BeautifulSoup
from cpoms_cases import hooks
from cpoms_cases.models import Outcome

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.models import Student
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import text_of, typed_incident
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

IN_PLACE = {"HX-Request": "true"}
WHY = "Spoke to both families."


def at(incident_id: uuid.UUID, page: str = "status") -> str:
    return f"/cases/incidents/{incident_id}/{page}"


def close(browser: Any, incident_id: uuid.UUID, outcome: Any, reason: str = WHY, **options: Any) -> Any:
    fields = {"status": "closed", "outcome": str(outcome), "reason": reason}
    return browser.submit(at(incident_id), fields, **options)


def test_off_by_default_nothing_is_asked(school: SchoolForTests, web: Any, record: Any, stored: Any) -> None:
    """CAS-07: no fields, no tab, no link; what somebody sends all the same is not kept."""
    incident, lead = record(school), web(school, "lead")
    assert "cases-outcome" not in lead.get("/incidents/add").text
    assert "/cases/outcomes" not in lead.get("/admin").text
    chronology = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert at(incident.id, "history") not in chronology.text
    close(lead, incident.id, "", "A reason that nobody asked for.", status=303)
    assert stored.case(incident.id).status == "closed"
    assert stored.changes(incident.id)[-1].reason == ""


def test_closing_asks_and_both_are_kept(
    school: SchoolForTests, web: Any, record: Any, stored: Any, asking: Any
) -> None:
    """CAS-07: without scripts, on a page of its own; each is missed beside its field; disabled ones are not
    offered and not taken."""
    incident, lead = record(school), web(school, "lead")
    page = lead.get(at(incident.id))
    assert [one.text for one in page.html.select("select option")][1:] == ["Handed on", "Resolved"]
    refused = close(lead, incident.id, asking["Old"], "  ", status=422)
    said = [part.get_text(" ", strip=True) for part in refused.html.select(".field-error")]
    assert list(filter(None, said)) == ["Error: Choose what came of it.", "Error: Say why, in a few words."]
    kept = close(lead, incident.id, "", WHY, status=422)
    assert kept.html.find("textarea").text.strip() == WHY, "what was typed is not lost"
    close(lead, incident.id, asking["Resolved"], "x" * 2001, status=422)
    assert stored.case(incident.id).status == "active"
    close(lead, incident.id, asking["Resolved"], status=303)
    change = stored.changes(incident.id)[-1]
    assert (change.to_status, change.outcome, change.reason) == ("closed", "Resolved", WHY)
    assert "Status: Closed, Resolved" in text_of(lead.get(f"/students/{school.students['aoife']}/incidents"))


def test_it_is_opened_again_with_a_reason(
    school: SchoolForTests, web: Any, record: Any, stored: Any, asking: Any
) -> None:
    """CAS-07: no outcome is asked for then, and the case has none any more; its history has."""
    incident, lead = record(school), web(school, "lead")
    close(lead, incident.id, asking["Resolved"], status=303)
    page = lead.get(at(incident.id))
    assert not page.html.select("select[name=outcome]")
    lead.submit(at(incident.id), {"status": "active", "reason": ""}, status=422)
    assert stored.case(incident.id).status == "closed"
    lead.submit(at(incident.id), {"status": "active", "reason": "It began again."}, status=303)
    assert (stored.case(incident.id).status, stored.case(incident.id).outcome) == ("active", "")
    entries = [
        " ".join(row.get_text(" ").split())
        for row in lead.get(at(incident.id, "history")).html.select("ol.rows .rows-main")
    ]
    assert entries == ["Closed to Active It began again.", f"Active to Closed Outcome: Resolved {WHY}"]


def test_in_place_the_form_comes_back_and_then_the_lines(
    school: SchoolForTests, web: Any, record: Any, asking: Any
) -> None:
    """CAS-07: in the margin, by a script; what is missing stands in the form there."""
    incident, lead = record(school), web(school, "lead")
    form = lead.get(at(incident.id), headers=IN_PLACE)
    assert "<html" not in form.text
    assert form.html.find("form")["id"] == f"status-form-{incident.number}"
    refused = close(lead, incident.id, "", headers=IN_PLACE)
    assert refused.headers["HX-Retarget"] == f"#status-form-{incident.number}"
    assert "Choose what came of it." in text_of(refused)
    done = close(lead, incident.id, asking["Handed on"], headers=IN_PLACE)
    assert "Status: Closed, Handed on" in text_of(done)


def test_the_form_of_an_incident_asks_too(school: SchoolForTests, web: Any, stored: Any, asking: Any) -> None:
    """CAS-07, CAS-01: a restricted teacher records it as closed, and is asked; as active, and is not."""
    teacher = web(school, "teacher")
    page = teacher.get("/incidents/add")
    assert page.html.find("summary", string="If it is closed already")
    fields = typed_incident(school, **{"cases-status": "active"})
    teacher.submit("/incidents/add", fields, status=302)
    closed = typed_incident(school, **{"cases-status": "closed"})
    refused = teacher.submit("/incidents/add", closed, status=422)
    said = " ".join(part.get_text(" ") for part in refused.html.select(".field-error"))
    assert "Choose what came of it." in said
    assert "Say why, in a few words." in said
    answer = {"cases-outcome": str(asking["Resolved"]), "cases-reason": WHY}
    teacher.submit("/incidents/add", {**closed, **answer}, status=302)
    active, incident = stored.incidents()
    (change,) = stored.changes(incident.id)
    assert (change.to_status, change.outcome, change.reason) == ("closed", "Resolved", WHY)
    assert stored.case(incident.id).outcome == "Resolved"
    assert stored.case(active.id).status == "active"


def test_editing_an_incident_asks_nothing(school: SchoolForTests, record: Any, asking: Any) -> None:
    """CAS-07: `validate_incident` objects to a closed one on the form that records it, where there is one."""
    viewer = school.viewer("lead")
    with school.app.session(school.id, writes=False) as db:
        of_edit = {"student": None, "linked": [], "categories": [], "occurred": "2026-01-05T08:35:00+00:00"}
        assert hooks.validate_incident(PluginSession(db), viewer, of_edit) == []
        on_form = {**of_edit, "cases-status": "closed"}
        errors = hooks.validate_incident(PluginSession(db), viewer, on_form)
    assert [error.field for error in errors] == ["cases-outcome", "cases-reason"]


def test_without_a_list_only_the_reason_is_asked(
    school: SchoolForTests, web: Any, record: Any, stored: Any
) -> None:
    """CAS-07: a school that asks and has no outcomes yet can still close."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "cases.outcomes", "y")
    incident, lead = record(school), web(school, "lead")
    assert not lead.get(at(incident.id)).html.select("select[name=outcome]")
    close(lead, incident.id, "", status=303)
    assert stored.changes(incident.id)[-1].reason == WHY


def test_the_list_is_kept_by_administrators(
    school: SchoolForTests, web: Any, record: Any, stored: Any, asking: Any
) -> None:
    """CAS-07: added, renamed, disabled, enabled; a name once only; what was closed keeps the name of then."""
    incident = record(school)
    close(web(school, "lead"), incident.id, asking["Resolved"], status=303)
    admin = web(school, "admin")
    page = admin.submit("/cases/outcomes", {"name": "  No  further action "}, status=303).follow()
    names = [field["value"] for field in page.html.select(".part-rows input[name=name]")]
    assert names == ["Handed on", "No further action", "Old", "Resolved"]
    assert "is on the list already" in text_of(
        admin.submit("/cases/outcomes", {"name": "RESOLVED"}, status=422)
    )
    assert "enable it again" in text_of(admin.submit("/cases/outcomes", {"name": "old"}, status=422))
    one = f"/cases/outcomes/{asking['Resolved']}"
    admin.submit(one, {"name": "Handed on"}, status=422)
    admin.submit(one, {"name": "Put right"}, status=303)
    assert stored.case(incident.id).outcome == "Resolved"
    assert stored.changes(incident.id)[-1].outcome == "Resolved"
    admin.submit(one, {"deed": "disable"}, status=303)
    admin.submit(f"/cases/outcomes/{asking['Old']}", {"deed": "enable"}, status=303)
    options = [o.text for o in web(school, "lead").get("/incidents/add").html.select("#cases-outcome option")]
    assert options[1:] == ["Handed on", "No further action", "Old"]
    web(school, "head").get("/cases/outcomes", status=404)
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(Outcome, (school.id, asking["Resolved"])).name == "Put right"


def test_the_history_is_for_who_sees_the_incident_and_hides_names(
    school: SchoolForTests, web: Any, record: Any, asking: Any
) -> None:
    """CAS-07, USR-12, DSH-08: in the menu of the incident; a reason is a text that a person wrote."""
    incident, lead = record(school, categories=["Child Protection"]), web(school, "lead")
    with school.app.session(school.id, writes=False) as db:
        surname = db.get_one(Student, (school.id, school.students["aoife"])).legal_surname
    close(lead, incident.id, asking["Resolved"], f"{surname} moved away.", status=303)
    menu = lead.get(f"/students/{school.students['aoife']}/incidents").html
    assert menu.find("a", href=lambda href: href and href.endswith(at(incident.id, "history")))
    assert surname in BeautifulSoup(lead.get(at(incident.id, "history")).text, "html.parser").text
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    hidden = BeautifulSoup(lead.get(at(incident.id, "history")).text, "html.parser").text
    assert surname not in hidden
    assert "moved away." in hidden
    web(school, "head").get(at(incident.id, "history"), status=404)
    web(school, "lead", elevated=False).get(at(incident.id, "history"), status=404)


def test_it_is_printed_with_the_incident(school: SchoolForTests, web: Any, record: Any, asking: Any) -> None:
    """CAS-07, EDT-07: the state now, and every change with its reason."""
    incident, lead = record(school), web(school, "lead")
    close(lead, incident.id, asking["Resolved"], status=303)
    pdf = lead.get(f"/incidents/{incident.id}/print").body
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    text = " ".join(done.stdout.decode().split())
    assert "Status: Closed, Resolved. Assigned to: Nobody." in text
    assert f"Lena Lead: Active to Closed. Outcome: Resolved. Reason: {WHY}" in text


def test_it_is_in_the_export_of_a_student(school: SchoolForTests, web: Any, record: Any, asking: Any) -> None:
    """CAS-07: with everything else that the school keeps."""
    incident = record(school)
    close(web(school, "lead"), incident.id, asking["Resolved"], status=303)
    with school.app.session(school.id, writes=False) as db:
        found = hooks.export_student(PluginSession(db), school.students["aoife"])["cases"]
    assert [(one["outcome"], one["reason"]) for one in found] == [("", ""), ("Resolved", WHY)]


def test_a_page_of_incidents_asks_no_more_for_it(
    school: SchoolForTests, web: Any, record: Any, asking: Any
) -> None:
    """CAS-07: the list of outcomes is read where a form is opened, and not with each page of incidents."""
    record(school)
    lead = web(school, "lead")
    with counted(school.app.engines) as found:
        page = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert "Status: Active" in text_of(page)
    assert not [one for one in found.statements if "cases_outcome" in one or "cases_change" in one]
