"""USR-10: what pages say of accounts of staff who left the extract."""

from __future__ import annotations

from typing import Any

from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.imports.models import ImportRun
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests


def leave(school: SchoolForTests, people: Any, who: str) -> None:
    """One of the test users is a member of staff who left the MIS."""
    people.staff(school, who, left=True, mis_id=who)
    with school.app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users[who]))
        user.staff_mis_source, user.staff_mis_id = "mis_sims", who


def test_the_overview_names_those_whom_no_import_deactivated(
    school: SchoolForTests, web: Any, people: Any, pages: Any, address: Any
) -> None:
    """USR-10: only while the school asks for it; each leads to their page; nobody once it was dealt with."""
    leave(school, people, "teacher")
    lead = web(school, "lead")
    assert "Accounts of staff who left" not in pages.text(lead.get("/admin"))
    with school.app.transaction(school.id) as db:
        change_setting(db, "disable_missing_accounts", "y")
    page = lead.get("/admin")
    assert "Accounts of staff who left 1" in pages.text(page)
    assert page.html.select_one(f'main a[href="{address(school, "teacher")}"]')
    lead.submit(address(school, "teacher", "/deactivate"), status=303)
    assert "Accounts of staff who left" not in pages.text(lead.get("/admin"))
    at = address(school, "teacher", "/reactivate")
    assert "will deactivate this one again" in pages.text(lead.get(at))
    with school.app.transaction(school.id) as db:
        change_setting(db, "disable_missing_accounts", "")
    assert "will deactivate this one again" not in pages.text(lead.get(at))


def test_the_run_says_how_many_it_deactivated(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-10: beside its other counts."""
    kind = {"added": 0, "changed": 0, "archived": 2, "restored": 0, "unchanged": 3}
    run = ImportRun(
        school_id=school.id, id=new_id(), source="mis_sims", file_name="night.xml", state="applied",
        started_at=utc_now(), finished_at=utc_now(), counts={"staff": kind, "deactivated_users": 2},
    )  # fmt: skip
    with school.app.transaction(school.id) as db:
        db.add(run)
    text = pages.text(web(school, "lead").get(f"/admin/imports/{run.id}"))
    assert "2 accounts were deactivated, because the extract no longer has the member of staff." in text
