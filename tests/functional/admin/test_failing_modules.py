"""MOD-04: what administrators see of a module that fails, takes too long, or is behind, and what they can
do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.hooks.failures import SLOW
from cpoms_core.modules.models import HookSetAside, ModuleFailure
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.testing.schools import SchoolForTests

PAGE = "/admin/modules/notes"


@pytest.fixture
def lead(school: SchoolForTests, notes_web: Any) -> Any:
    """The lead's browser at a school where the module is on."""
    browser = notes_web(school, "lead")
    browser.submit(PAGE, {"enabled": "yes"}, status=303)
    return browser


def fail(browser: Any, notes: Any, times: int = 1) -> None:
    notes.broken = True
    for _turn in range(times):
        browser.get("/admin/groups")
    notes.broken = False


def add(school: SchoolForTests, *rows: Any) -> None:
    with school.app.transaction(school.id) as db:
        db.add_all(rows)


def owed(school: SchoolForTests, **more: Any) -> tuple[OutboxItem, Wakeup]:
    """A call that waits to be made again, in half an hour."""
    now = utc_now()
    payload = {"module": "notes", "hook": "incident_saved", "ids": {}, "arguments": {}, "user_id": None}
    item = OutboxItem(
        school_id=school.id,
        id=new_id(),
        kind="hook",
        payload=payload,
        created_at=now - dt.timedelta(days=1),
        **more,
    )
    return item, Wakeup(item_id=item.id, school_id=school.id, due_at=now + dt.timedelta(minutes=30))


def test_a_failure_shows_how_often_since_when_and_its_reference(
    school: SchoolForTests, lead: Any, notes: Any, pages: Any
) -> None:
    """The newest one's reference; nothing of what went wrong inside; "On, degraded" in the list."""
    fail(lead, notes, 3)
    text = pages.text(lead.get(PAGE))
    with school.app.session(school.id, writes=False) as db:
        newest = db.scalars(select(ModuleFailure).order_by(ModuleFailure.id.desc())).first()
    assert "Tabs of the administration failed, 3 times" in text
    assert newest is not None and f"Reference {newest.reference}" in text
    assert "secret" not in text
    assert "On, degraded" in pages.text(lead.get("/admin/modules"))


def test_the_reference_finds_the_trace_in_the_log(school: SchoolForTests, lead: Any, notes: Any) -> None:
    """OPS-05: module, hook, kind of error and place; nothing that a person typed."""
    with capture_logs() as logged:
        fail(lead, notes)
    with school.app.session(school.id, writes=False) as db:
        (reference,) = db.scalars(select(ModuleFailure.reference))
    (line,) = [entry for entry in logged if entry.get("reference") == reference]
    assert (line["module"], line["hook"], line["error"]) == ("notes", "admin_tabs", "ValueError")
    assert line["school"] == school.id and any("conftest.py:admin_tabs" in place for place in line["at"])
    assert "secret" not in str(line)


def test_seen_clears_it_for_this_module_up_to_what_was_shown(
    school: SchoolForTests, lead: Any, notes: Any, pages: Any, audited: Any
) -> None:
    fail(lead, notes, 2)
    other = ModuleFailure(school_id=school.id, module="cases", hook="panel", reference="other", at=utc_now())
    add(school, other)
    page = lead.get(PAGE)
    fail(lead, notes)
    done = pages.form(page).submit().follow()
    assert "Marked as seen." in done.text and "failed, " not in pages.text(done)
    assert "Tabs of the administration failed" in pages.text(done), "the later one"
    done = pages.form(done).submit().follow()
    assert "What is wrong" not in pages.text(done)
    assert [entry.details for entry in audited(school, "module.failures-seen")] == [
        {"count": 2, "module": "notes"}, {"count": 1, "module": "notes"},
    ]  # fmt: skip
    with school.app.session(school.id, writes=False) as db:
        unseen = db.scalars(select(ModuleFailure.reference).where(ModuleFailure.seen_at.is_(None)))
        assert unseen.all() == ["other"]


def test_what_is_set_aside_is_shown_and_tried_again(
    school: SchoolForTests, other_school: SchoolForTests, lead: Any, pages: Any, audited: Any
) -> None:
    """Also what waits, with its attempts and the next one; "Try again" lifts it, at this school only, and has
    what waits done at once, what was given up too."""
    now = utc_now()
    for one in (school, other_school):
        add(one, HookSetAside(school_id=one.id, module="notes", hook="admin_tabs", since=now))
    add(school, *owed(school, attempts=7, last_error="TookTooLong"))
    given_up, _ = owed(school, attempts=150, gave_up_at=now, last_error="ValueError")
    add(school, given_up)
    assert "Notes" not in pages.tabs(lead.get("/admin"))
    page = lead.get(PAGE)
    text = pages.text(page)
    for words in (
        "Set aside These parts took too long", "Tabs of the administration since",
        "Work when an incident is recorded : 2 waiting, 1 of them given up", "Tried up to 150 times",
        "Next attempt:",
    ):  # fmt: skip
        assert words in text, text
    done = pages.form(page).submit().follow()
    assert "It is tried again from now on." in done.text
    text = pages.text(done)
    assert "Set aside" not in text and "given up" not in text
    assert "Notes" in pages.tabs(lead.get("/admin"))
    with school.app.session(school.id, writes=False) as db:
        due = db.scalars(select(Wakeup.due_at).join(OutboxItem, OutboxItem.id == Wakeup.item_id)).all()
    assert len(due) == 2 and all(moment <= utc_now() for moment in due)
    (entry,) = audited(school, "module.tried-again")
    assert entry.details == {"module": "notes", "hooks": 1, "waiting": 2}
    with other_school.app.session(other_school.id, writes=False) as db:
        assert db.scalars(select(HookSetAside.lifted_at)).all() == [None]


def test_what_is_set_aside_is_not_called_slow_things_are_said_to_be(
    school: SchoolForTests, lead: Any, pages: Any
) -> None:
    add(
        school,
        ModuleFailure(
            school_id=school.id, module="notes", hook="panel", reference="r1", at=utc_now(), kind=SLOW
        ),
    )
    assert "A part of a page took too long" in pages.text(lead.get(PAGE))


def test_the_dashboard_tells_administrators(
    school: SchoolForTests, lead: Any, notes: Any, notes_web: Any, pages: Any
) -> None:
    """Those with the permission, and nobody else; gone once it was seen."""
    assert "not work as" not in lead.get("/").text
    fail(lead, notes)
    page = lead.get("/")
    assert "A module does not work as it should. What was recorded is complete." in pages.text(page)
    for who in ("teacher", "head"):
        assert "not work as" not in notes_web(school, who).get("/").text
    seen = pages.form(page.click("Look under Modules").click("Sticky notes", href="notes$"))
    seen.submit()
    assert "not work as" not in lead.get("/").text


def test_a_module_whose_tables_are_behind_says_so(
    school: SchoolForTests, lead: Any, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is off, keeps its switch, and cannot be switched on: the refusal says whom to ask."""
    monkeypatch.setattr(Application, "behind", property(lambda _app: frozenset({"notes"})))
    lead.get("/notes/all", status=404)
    text = pages.text(lead.get(PAGE))
    assert "Its tables in the database are not up to date" in text and "On, degraded" in text
    lead.submit(PAGE, {"enabled": "no"}, status=303)
    assert "Off, degraded" in pages.text(lead.get(PAGE))
    refused = lead.submit(PAGE, {"enabled": "yes"}, status=422)
    assert "cannot be switched on" in refused.text and "Ask whoever runs the system" in refused.text


def test_only_administrators_try_again_or_mark(school: SchoolForTests, notes_web: Any, lead: Any) -> None:
    teacher = notes_web(school, "teacher")
    for path in (f"{PAGE}/again", f"{PAGE}/seen"):
        teacher.submit(path, {"newest": str(new_id())}, status=404)
    lead.submit("/admin/modules/nothing/again", status=404)
    lead.submit("/admin/modules/nothing/seen", {"newest": str(new_id())}, status=404)
    lead.submit(f"{PAGE}/seen", {"newest": "x"}, status=404)
