"""MOD-01: modules are switched per school while the system runs. MOD-04: their failures are told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func, select

from cpoms_core.access.viewer import utc_now
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.models import ModuleSwitch
from cpoms_core.testing.schools import SchoolForTests


def section(page: Any, module: str) -> str:
    found = page.html.select_one(f"section[aria-labelledby=module-{module}]")
    return " ".join(found.get_text(" ").split())


def test_every_installed_module_is_listed(school: SchoolForTests, notes_web: Any) -> None:
    """MOD-01: title, version, summary, and its state in words; each leads to its own page and to its
    switch."""
    page = notes_web(school, "lead").get("/admin/modules")
    text = section(page, "notes")
    for words in (
        "Sticky notes version 1.2.3 Off", "Notes beside an incident.", "Switch Sticky notes on",
    ):  # fmt: skip
        assert words in text
    assert "Switch SIMS off" in section(page, "mis_sims")
    assert "1.2.3" in page.click("Sticky notes", href="notes$").text


def test_a_modules_page_says_what_it_adds(school: SchoolForTests, notes_web: Any, pages: Any) -> None:
    """MOD-01: in plain words, from what it declared: its parts, pages with who may open them, permissions,
    settings; and what it holds of this school."""
    lead = notes_web(school, "lead")
    text = pages.text(lead.get("/admin/modules/notes"))
    for words in (
        "Notes beside an incident. Version 1.2.3. Off", "1 page", "tabs of the administration",
        "fields of the Add incident form", "the permission “Write sticky notes” for user groups",
        "the setting “Colour of notes”", "/notes/all with the permission", "Switch Sticky notes on",
    ):  # fmt: skip
        assert words in text
    assert "What is wrong" not in text
    assert "imports from SIMS" in pages.text(lead.get("/admin/modules/mis_sims"))
    lead.get("/admin/modules/nothing", status=404)
    lead.get("/admin/modules/nothing/switch", status=404)


def test_a_switch_asks_first(school: SchoolForTests, notes_web: Any, notes: Any, pages: Any) -> None:
    """MOD-01: what disappears and what is kept, as a page and a form, without any script; nothing is switched
    by looking."""
    lead = notes_web(school, "lead")
    page = lead.get("/admin/modules").click("Switch Sticky notes on")
    assert "What appears" in page.text and "the setting “Colour of notes”" in page.text
    assert notes.told == []
    done = pages.form(page).submit().follow()
    assert "The module is on." in done.text and notes.told == ["on"]
    page = done.click("Switch Sticky notes off")
    text = pages.text(page)
    assert "What disappears" in text and "tabs of the administration" in text
    assert "What is kept Everything that was recorded with it" in text
    assert notes.told == ["on"]
    assert "The module is off." in pages.form(page).submit().follow().text and notes.told == ["on", "off"]


def test_a_switch_is_felt_by_the_next_request(
    school: SchoolForTests, other_school: SchoolForTests, notes_web: Any, notes: Any, pages: Any, audited: Any
) -> None:
    """MOD-01: on, its pages, tabs and settings are there; off, they are gone; at this school only. The
    module is told, and both switches are written down."""
    lead, elsewhere = notes_web(school, "lead"), notes_web(other_school, "lead")
    lead.get("/notes/all", status=404)
    assert "Notes" not in pages.tabs(lead.get("/admin"))

    done = lead.submit("/admin/modules/notes", {"enabled": "yes"}, status=303).follow()
    assert "The module is on." in done.text and "Sticky notes version 1.2.3 On" in section(done, "notes")
    assert lead.get("/notes/all").json == {}
    assert "Notes" in pages.tabs(lead.get("/admin"))
    assert "Colour of notes" in lead.get("/admin/settings").text
    elsewhere.get("/notes/all", status=404)
    assert "Notes" not in pages.tabs(elsewhere.get("/admin"))

    done = lead.submit("/admin/modules/notes", {"enabled": "no"}, status=303).follow()
    assert "The module is off." in done.text
    lead.get("/notes/all", status=404)
    assert "Notes" not in pages.tabs(lead.get("/admin"))
    assert "Colour of notes" not in lead.get("/admin/settings").text
    assert notes.told == ["on", "off"]
    entries = [entry.details for entry in audited(school, "module.switched")]
    assert entries == [{"module": "notes", "enabled": True}, {"module": "notes", "enabled": False}]


def test_turning_a_switch_twice_is_turning_it_once(
    school: SchoolForTests, notes_web: Any, notes: Any, audited: Any
) -> None:
    """MOD-01: a repeated press neither tells the module again nor is written down again."""
    lead = notes_web(school, "lead")
    lead.submit("/admin/modules/notes", {"enabled": "no"}, status=303)
    assert notes.told == []
    for _press in range(2):
        lead.submit("/admin/modules/notes", {"enabled": "yes"}, status=303)
    assert notes.told == ["on"] and len(audited(school, "module.switched")) == 1


def test_unknown_modules_and_answers(school: SchoolForTests, notes_web: Any) -> None:
    """MOD-01: a module that is not installed is not there; a press without an answer is refused."""
    lead = notes_web(school, "lead")
    for unknown in ("nothing", "core", "Notes"):
        lead.submit(f"/admin/modules/{unknown}", {"enabled": "yes"}, status=404)
    lead.submit("/admin/modules/notes", {"enabled": "maybe"}, status=400)
    lead.submit("/admin/modules/notes", status=400)
    with school.app.session(school.id, writes=False) as db:
        names = set(db.scalars(select(ModuleSwitch.module)))
    assert names.isdisjoint({"nothing", "core", "Notes", "notes"})


def test_a_modules_failure_is_told_until_it_was_seen(
    school: SchoolForTests, notes_web: Any, notes: Any, pages: Any, audited: Any
) -> None:
    """MOD-04: the page is there without the module's part; administrators see module, what failed, when and
    the reference, and nothing of what went wrong inside; once seen it is gone, later ones are not."""
    lead, admin = notes_web(school, "lead"), notes_web(school, "admin")
    assert "No module has failed" in pages.text(lead.get("/admin"))
    lead.submit("/admin/modules/notes", {"enabled": "yes"})
    notes.broken = True
    assert "Notes" not in pages.tabs(lead.get("/admin/groups"))
    notes.broken = False
    page = admin.get("/admin")
    with school.app.session(school.id, writes=False) as db:
        (failure,) = db.scalars(select(ModuleFailure))
    row = " ".join(page.html.select_one(".failures").get_text(" ").split())
    assert row.startswith("Sticky notes : tabs of the administration") and failure.reference in row
    assert "secret" not in page.text

    notes.broken = True
    lead.get("/admin/groups")  # another, after the page was opened
    notes.broken = False
    token = pages.form(page)
    done = token.submit().follow()
    assert "Marked as seen." in done.text
    rows = [tr.get_text(" ") for tr in done.html.select(".failures li")]
    assert len(rows) == 1 and failure.reference not in rows[0]
    (entry,) = audited(school, "module.failures-seen")
    assert entry.details == {"count": 1}
    admin.submit("/admin/failures/seen", {"newest": "x"}, status=404)


def test_failures_of_another_school_are_not_shown_or_marked(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, pages: Any
) -> None:
    """MOD-04: each school sees and marks its own failures; many are counted and the newest shown."""
    now = utc_now()
    for one, many in ((school, 25), (other_school, 1)):
        with one.app.transaction(one.id) as db:
            for number in range(many):
                db.add(
                    ModuleFailure(
                        school_id=one.id, module="gone", hook="panel", reference=f"ref{number}", at=now
                    )
                )
    page = web(school, "admin").get("/admin")
    assert len(page.html.select(".failures li")) == 20
    assert "The newest 20 of 25 are shown." in pages.text(page)
    done = pages.form(page).submit().follow()
    assert "No module has failed" in pages.text(done)
    with other_school.app.session(other_school.id, writes=False) as db:
        unseen = select(func.count()).select_from(ModuleFailure).where(ModuleFailure.seen_at.is_(None))
        assert db.scalar(unseen) == 1


def test_the_overview_says_what_could_not_be_sent(school: SchoolForTests, web: Any, pages: Any) -> None:
    """ADM-01: given up and late mail is told; what waits for a moment only is not."""
    lead = web(school, "lead")
    now = utc_now()

    def item(age: dt.timedelta, **more: Any) -> None:
        with school.app.transaction(school.id) as db:
            db.add(OutboxItem(school_id=school.id, kind="mail", payload={}, created_at=now - age, **more))

    item(dt.timedelta(minutes=5))
    item(dt.timedelta(days=2), done_at=now)
    with school.app.transaction(school.id) as db:
        payload = {"module": "cases", "hook": "incident_saved"}
        old = now - dt.timedelta(days=1)
        db.add(OutboxItem(school_id=school.id, kind="hook", payload=payload, created_at=old))
    assert "Everything was sent" in pages.text(lead.get("/admin")), "it waits for its module, not the worker"
    item(dt.timedelta(days=1), gave_up_at=now)
    item(dt.timedelta(hours=2))
    text = pages.text(lead.get("/admin"))
    assert "1 mail or task could not be done" in text
    assert "2 mails or tasks wait since" in text
    assert "Everything was sent" not in text


def test_the_overview_says_how_imports_are(school: SchoolForTests, web: Any, pages: Any) -> None:
    """ADM-01: the health of imports in words."""
    assert "No import yet" in pages.text(web(school, "lead").get("/admin"))
