"""LIB-03: deleting a file with a reason, restoring it, and removing it for good."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from cpoms_library.models import LibraryFile, LibraryRemoval
from cpoms_library.sight import ADD
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from cpoms_core.access.viewer import utc_now
from cpoms_core.documents import keeping
from cpoms_core.documents.tasks import sweep_files
from cpoms_core.errors import Refused
from cpoms_core.testing.browsing import Web, text_of
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.schools import SchoolForTests

LIST, DELETED = "/library/files", "/library/deleted"
REASON = {"reason": "It is out of date."}
REQUEST = "letter of the head teacher of 3 March 2026"


def removed(school: SchoolForTests, web: Web, file_id: uuid.UUID, by: str = "lead") -> None:
    web(school, by).submit(f"/library/files/{file_id}/delete", REASON, status=303)


def test_a_file_is_deleted_with_a_reason_and_restored(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-03: gone for everyone, with the alerts to it, which come back with it; every step is kept."""
    (file_id,) = shelf.put(alert=["head"])
    lead, head = web(school, "lead"), web(school, "head")
    address = f"/library/files/{file_id}"
    assert not lead.get(LIST).html.find("a", href=DELETED)
    page = lead.get(f"{address}/delete")
    assert "D-1" in text_of(page) and "written" not in text_of(page).split("Delete")[0]
    assert "Give the reason for deletion." in text_of(
        lead.submit(f"{address}/delete", {"reason": " "}, status=422)
    )
    page = lead.submit(f"{address}/delete", REASON, status=303).follow()
    assert "The file is deleted." in text_of(page) and page.html.find("a", href=DELETED)
    assert "policy.txt" not in head.get("/").text and "policy.txt" not in head.get(LIST).text
    for browser, end in (
        (lead, ""),
        (lead, "/open"),
        (head, "/download"),
        (lead, "/alert"),
        (lead, "/delete"),
    ):
        browser.get(f"{address}{end}", status=404)
    listed = text_of(lead.get(DELETED))
    assert "policy.txt" in listed and "It is out of date." in listed and "Deleted by Lena Lead" in listed
    page = lead.submit(f"{address}/restore", status=303).follow()
    assert "The file is back, with its alerts." in text_of(page) and "No file is deleted." in text_of(page)
    assert "policy.txt" in head.get("/").text
    lead.submit(f"{address}/restore", status=404)
    history = [(one.what, one.reason, one.made_by) for one in shelf.rows(LibraryRemoval)]
    lead_id = school.users["lead"]
    assert history == [("deleted", REASON["reason"], lead_id), ("restored", "", lead_id)]
    changes = [event for event in shelf.audited() if event in ("library.deleted", "library.restored")]
    assert changes == ["library.deleted", "library.restored"]


def test_who_may_delete(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-03: an administrator who views the library any file, who may add files their own, others none."""
    shelf.grant("Heads of year", ADD)
    (own,), (others,) = shelf.put(by="head"), shelf.put()
    head = web(school, "head")
    options = [link["href"] for link in head.get(LIST).html.find_all("a", string="Delete")]
    assert options == [f"/library/files/{own}/delete"]
    head.get(f"/library/files/{others}/delete", status=404)
    head.submit(f"/library/files/{others}/delete", REASON, status=404)
    removed(school, web, own, "head")
    removed(school, web, others)
    assert "policy.txt" in head.get(DELETED).text
    head.submit(f"/library/files/{others}/restore", status=404)
    web(school, "lead").submit(f"/library/files/{own}/restore", status=303)
    web(school, "admin").get(DELETED, status=404)


def test_the_database_lets_no_row_go(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-03: files are never deleted, and their history is never changed."""
    (file_id,) = shelf.put()
    removed(school, web, file_id)
    for statement in (delete(LibraryFile), delete(LibraryRemoval), update(LibraryRemoval).values(reason="x")):
        with pytest.raises(DBAPIError), school.app.transaction(school.id) as db:
            db.execute(statement.execution_options(synchronize_session=False))


def destroyed(school: SchoolForTests, number: int = 1) -> uuid.UUID:
    from cpoms_core.access.identity import operator_viewer

    with school.app.transaction(school.id) as db:
        return keeping.destroy(db, operator_viewer(db), number, REQUEST)


@pytest.mark.parametrize("on", [True, False])
def test_a_deleted_file_is_removed_for_good_by_the_operator(
    school: SchoolForTests, shelf: Any, web: Web, on: bool
) -> None:
    """LIB-03, EDT-10: by its document ID, also while the module is off; its row, with whose request it was,
    stays, and it cannot be restored."""
    (file_id,) = shelf.put()
    with pytest.raises(Refused, match="must be deleted there first"):
        destroyed(school)
    removed(school, web, file_id)
    turn(school, "library", on)
    assert destroyed(school) == file_id
    turn(school, "library", True)
    with pytest.raises(Refused, match="for good before"):
        destroyed(school)
    with pytest.raises(Refused, match="no document D-7"):
        destroyed(school, 7)
    lead = web(school, "lead")
    page = text_of(lead.get(DELETED))
    assert "Removed for good by the operator" in page and REQUEST in page and "Restore" not in page
    lead.submit(f"/library/files/{file_id}/restore", status=404)
    assert [one.what for one in shelf.rows(LibraryRemoval)] == ["deleted", "destroyed"]
    assert "library.destroyed" in shelf.audited()


Aged = Callable[[uuid.UUID], None]


def swept(school: SchoolForTests) -> int:
    import datetime as dt

    *_, last = sweep_files(school.app, school.id, utc_now() + dt.timedelta(days=2))
    return last.removed


def test_the_sweep_keeps_the_librarys_files(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-03, EDT-10: deleted ones too, also while the module is off; only one that was removed for good
    goes."""
    kept, gone = (*shelf.put(), *shelf.put(("old.txt", b"old")))
    removed(school, web, kept)
    removed(school, web, gone)
    turn(school, "library", False)
    assert swept(school) == 0
    destroyed(school, 2)
    assert swept(school) == 1
    turn(school, "library", True)
    web(school, "lead").submit(f"/library/files/{kept}/restore", status=303)
    assert web(school, "lead").get(f"/library/files/{kept}/download").body == b"Be kind."
