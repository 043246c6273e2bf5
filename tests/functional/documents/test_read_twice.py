"""A file that is marked as read twice (STU-05, USR-12.4)."""

from __future__ import annotations

from typing import Any

from cpoms_core.alerts.files import alert_to_file
from cpoms_core.testing.browsing import form_with
from cpoms_core.testing.schools import SchoolForTests


def test_the_second_press_is_answered_as_the_first(school: SchoolForTests, web: Any, filed: Any) -> None:
    (document_id,) = filed.in_vault(("letter.txt", b"A letter."))
    with school.app.transaction(school.id) as db:
        alert_to_file(db, school.viewer("lead"), document_id, [school.users["teacher"]])
    form = form_with(web(school, "teacher").get(f"/documents/{document_id}/about"), "alert")
    assert form.submit(status=303).location == form.submit(status=303).location
