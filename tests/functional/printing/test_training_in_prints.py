"""TRN-01, REP-05: the print of a page shows what the page shows, marked; a report leaves training out."""

from __future__ import annotations

from browsing import Web, form_with
from paper import text_of
from recorded import recorded

from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.services.training import begin_training
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewAction, record_action
from cpoms_core.testing.schools import SchoolForTests


def test_marked_in_the_print_and_left_out_of_the_report(school: SchoolForTests, web: Web) -> None:
    real = recorded(school, "A real concern.")
    with school.app.transaction(school.id) as db:
        begin_training(db, school.viewer("lead"))
    exercise = recorded(school, "Invented for the course.")
    with school.app.transaction(school.id) as db:
        practice = NewAction(new_id(), real.id, "Pretend: rang home.", utc_now())
        record_action(db, school.viewer("lead"), practice)
    lead = web(school, "lead")
    record = f"/students/{school.students['aoife']}"

    chronology = text_of(lead.submit(f"{record}/incidents/print").body)
    # the incident, its action, and the action under the real one
    assert chronology.lower().count("training") == 3 and "Invented for the course." in chronology
    one = text_of(lead.get(f"/incidents/{exercise.id}/print").body)
    assert "training" in one.lower()

    form = form_with(lead.get(f"{record}/report"), "incidents")
    form["incidents"] = "y"
    report = text_of(form.submit().body)
    assert "A real concern." in report and "Rang home at noon." in report
    assert "Invented" not in report and "Pretend" not in report and "training" not in report.lower()
