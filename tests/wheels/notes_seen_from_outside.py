"""What the page's own tests leave open. `test_plugins_page.py` puts this beside them and runs both."""

from __future__ import annotations

from typing import Any

from cpoms_notes.models import Note
from sqlalchemy import insert, select

from cpoms_core.access.models import GroupPermission
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.tenancy.models import Setting
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.conformance import grant_everything, turn
from cpoms_core.testing.schools import SchoolForTests


def record(school: SchoolForTests, note: str, *, category: str = "Behaviour") -> Incident:
    new = NewIncident(
        submission=new_id(),
        student_id=school.students["aoife"],
        text="She was very quiet today.",
        category_ids=[school.categories[category]],
        occurred_at=utc_now(),
        module_values={"notes-text": note},
    )
    with school.app.transaction(school.id) as db:
        incident = record_incident(db, school.viewer("lead"), new)
        assert not db.hook_failures
        return incident


def stored(school: SchoolForTests, statement: Any) -> list[Any]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(statement))


def test_it_is_installed_and_its_table_is_made(school: SchoolForTests) -> None:
    assert school.app.modules["notes"].title == "Notes"
    assert stored(school, select(Note)) == []


def test_the_value_is_in_the_database_and_audited(school: SchoolForTests) -> None:
    incident = record(school, "  Kept.  ")
    record(school, "   ")
    (note,) = stored(school, select(Note))
    assert (note.incident_id, note.text) == (incident.id, "Kept.")
    (entry,) = stored(school, select(AuditEntry).where(AuditEntry.event == "notes.kept"))
    assert entry.subjects == [str(incident.id)]


def test_whoever_cannot_see_the_incident_reads_no_note(school: SchoolForTests, web: Any) -> None:
    """The head has the permission, and no sight of Child Protection."""
    with school.app.transaction(school.id) as db:
        held = {"school_id": school.id, "group_id": school.groups["Heads of year"]}
        db.execute(insert(GroupPermission), [{**held, "permission": "notes:read"}])
    record(school, "For the few.", category="Child Protection")
    record(school, "For the many.")
    page = text_of(web(school, "head").get("/notes/list"))
    assert "For the many." in page
    assert "For the few." not in page


def test_the_setting_bounds_the_page(school: SchoolForTests, web: Any) -> None:
    grant_everything(school)
    with school.app.transaction(school.id) as db:
        db.add(Setting(school_id=school.id, name="notes.most", value=1))
    record(school, "The older one.")
    record(school, "The newer one.")
    page = text_of(web(school, "lead").get("/notes/list"))
    assert "The newer one." in page
    assert "The older one." not in page


def test_a_module_that_is_off_still_exports(school: SchoolForTests) -> None:
    record(school, "On the record.")
    turn(school, "notes", False)
    with school.app.transaction(school.id) as db:
        answers = school.app.hooks.always(
            "export_student", db, school.viewer("lead"), student_id=school.students["aoife"]
        )
    assert [note["text"] for note in answers["notes"]["notes"]] == ["On the record."]


def test_other_schools_have_no_part_in_it(
    school: SchoolForTests, other_school: SchoolForTests, web: Any
) -> None:
    grant_everything(other_school)
    record(school, "Ours alone.")
    assert stored(other_school, select(Note)) == []
    assert "Ours alone." not in text_of(web(other_school, "lead").get("/notes/list"))
