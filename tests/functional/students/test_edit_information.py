"""The Edit information form, as a browser sends it (STU-01, STU-03)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import GroupPermission, LoginSession
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import Monitoring, Student, StudentLink, StudentVersion
from cpoms_core.tenancy.services import change_setting, switch_module
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.records import as_imported, picture, record
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name


def address(school: SchoolForTests, student: str = "aoife") -> str:
    return f"/students/{school.students[student]}/edit"


def form_of(browser: Browser, school: SchoolForTests) -> Any:
    """The page's own form, filled as it is shown."""
    page = browser.get(address(school))
    return next(form for form in page.forms.values() if "seen" in form.fields)


def all_of(school: SchoolForTests, statement: Any) -> Any:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(statement).all()


def test_what_is_shown_comes_back_unchanged(school: SchoolForTests, web: Any) -> None:
    """STU-03: saving without a change is a version like the one before, and ends nothing."""
    as_imported(school)
    record(school, ["Behaviour", "Bullying"])
    lead = web(school, "lead")
    form = form_of(lead, school)
    form["summary"] = "Two lines,\r\none below."
    form["keywords"] = "wears glasses,  allergy ,wears glasses,"
    form["agencies"].force_value([str(school.agencies["Police"])])
    form["alerts"].force_value([str(school.users["head"])])
    form.submit(status=303)
    assert form_of(lead, school)["keywords"].value == "wears glasses, allergy"
    form_of(lead, school).submit(status=303)
    first, second = all_of(school, select(StudentVersion.content).order_by(StudentVersion.version))
    assert first == second
    assert first["summary"] == "Two lines,\none below."
    assert [one.ended_at for one in all_of(school, select(Monitoring))] == [None, None]
    assert len(all_of(school, select(StudentLink))) == 2


def test_ticks_begin_and_end_monitoring(school: SchoolForTests, web: Any) -> None:
    """STU-03: and a second send of the same form changes nothing twice."""
    record(school, ["Behaviour"])
    lead = web(school, "lead")
    sent = [
        ("csrf_token", lead.csrf()), ("seen", "1"), ("monitored_seen", str(school.categories["Behaviour"])),
        ("monitored", str(school.categories["Medical"])),
    ]  # fmt: skip
    lead.post(address(school), sent, status=303)
    told = {one.category_id: one.ended_at is None for one in all_of(school, select(Monitoring))}
    assert told == {school.categories["Behaviour"]: False, school.categories["Medical"]: True}
    lead.post(address(school), sent, status=409)
    assert len(all_of(school, select(Monitoring))) == 2


def test_the_second_sees_both_and_decides(school: SchoolForTests, web: Any) -> None:
    """STU-03: told who saved what; their own text is still in the form, over what the other saved, and a
    further save is deliberate: it takes back nothing that they did not touch."""
    lead, head = web(school, "lead"), web(school, "head")
    theirs, ours = form_of(lead, school), form_of(head, school)
    theirs["summary"], theirs["keywords"] = "The lead's.", "allergy"
    theirs["agencies"].force_value([str(school.agencies["Police"])])
    theirs["alerts"].force_value([str(school.users["teacher"])])
    theirs["monitored"] = [str(school.categories["Medical"])]
    theirs.submit(status=303)
    ours["summary"], ours["keywords"] = "The head's.", "glasses"
    page = ours.submit(status=409)
    told = page.html.select_one("[role=alert]").text
    for words in ("Lena Lead saved this first", "The lead's.", "allergy", "Police"):
        assert words in told
    again = next(form for form in page.forms.values() if "seen" in form.fields)
    assert (again["summary"].value, again["keywords"].value) == ("The head's.", "allergy, glasses")
    assert again["agencies"].value == [str(school.agencies["Police"])]
    assert all_of(school, select(Student.summary).where(Student.id == school.students["aoife"])) == [
        "The lead's."
    ]
    again.submit(status=303)
    assert all_of(school, select(Student.summary).where(Student.id == school.students["aoife"])) == [
        "The head's."
    ]
    kept = max(all_of(school, select(StudentVersion)), key=lambda one: one.version).content
    assert (kept["keywords"], kept["agencies"]) == (["allergy", "glasses"], [str(school.agencies["Police"])])
    last = form_of(lead, school)
    assert last["alerts"].value == [str(school.users["teacher"])]
    assert all_of(school, select(Monitoring.ended_at)) == [None]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"summary": "x" * 1_001}, "Use at most 1,000 characters."),
        ({"keywords": "y" * 61}, "A keyword has at most 60 characters."),
        ({"link_name": "Nobody Atall", "link_kind": "friend"}, "This student is not known."),
        ({"link_name": "Björn Ångström"}, "Say what they are to each other"),
        ({"agencies": "no id"}, "One of these cannot be chosen."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    school: SchoolForTests, web: Any, fields: dict[str, str], words: str
) -> None:
    """STU-03: what was typed is still there, and nothing is kept."""
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": "1", "summary": "Kept in the form.", **fields}
    page = lead.post(address(school), sent, status=422)
    assert words in " ".join(page.html.select_one(".errors").text.split())
    assert sent["summary"] in page.html.find("textarea", {"name": "summary"}).text
    assert all_of(school, select(StudentVersion)) == []


def test_a_link_without_a_script(school: SchoolForTests, web: Any) -> None:
    """STU-03: the full name is typed instead."""
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": "1", "link_name": "ångström björn", "link_kind": "cousin"}
    lead.post(address(school), sent, status=303)
    links = all_of(school, select(StudentLink))
    assert {(one.student_id, one.other_id, one.kind) for one in links} == {
        (school.students["aoife"], school.students["björn"], "cousin"),
        (school.students["björn"], school.students["aoife"], "cousin"),
    }


def test_students_to_link_are_found_by_who_sees_them(school: SchoolForTests, web: Any) -> None:
    """STU-03: by a post, so that no name stands in an address."""
    lead = web(school, "lead")
    headers = {"X-CSRF-Token": lead.csrf()}
    found = lead.post_json("/students/find", {"q": "bjorn"}, headers=headers).json
    assert [one["text"] for one in found] == ["Björn Ångström"]
    assert lead.post_json("/students/find", {"q": " "}, headers=headers).json == []


@pytest.mark.parametrize("content", [b"no picture", b"<svg onload='x'/>", b""], ids=["text", "svg", "empty"])
def test_a_photo_that_is_none_is_refused(school: SchoolForTests, web: Any, content: bytes) -> None:
    """STU-01: beside its field; nothing else of the form is kept either."""
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": "1", "summary": "x"}
    page = lead.post(address(school), sent, upload_files=[("file", "photo.jpg", content)], status=422)
    assert "This is no picture that can be shown." in page.text
    assert all_of(school, select(StudentVersion)) == []


def test_the_photo_is_taken_off_and_the_version_keeps_it(school: SchoolForTests, web: Any) -> None:
    """STU-01, STU-03."""
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": "1"}
    lead.post(
        address(school), sent, upload_files=[("file", "photo.png", picture("PNG", (40, 50)))], status=303
    )
    sent = {"csrf_token": lead.csrf(), "seen": "2", "remove_photo": "y"}
    lead.post(address(school), sent, status=303)
    first, second = all_of(school, select(StudentVersion.content).order_by(StudentVersion.version))
    assert first["photo"] and second["photo"] is None
    lead.get(f"/students/{school.students['aoife']}/photo", status=404)


def test_while_names_are_hidden_the_form_asks_to_show_them(school: SchoolForTests, web: Any) -> None:
    """STU-03, DSH-08: stars in a form would be saved as stars."""
    lead = web(school, "lead")
    with school.app.session(None, writes=True) as db:
        for row in db.scalars(select(LoginSession)):
            row.names_hidden = True
        db.commit()
    page = lead.get(address(school))
    assert "Names are hidden" in page.text and "summary" not in page.text and "Aoife" not in page.text


@pytest.fixture
def probed(probe_app: Application, school: SchoolForTests) -> Browser:
    """The lead at an application with the probe, which is on."""
    environ = {"HTTP_HOST": school.host, "REMOTE_ADDR": "2001:db8::1"}
    browser = Browser(configure(probe_app), extra_environ=environ)
    browser.set_cookie(cookie_name(probe_app), school.session_token("lead"))
    with probe_app.transaction(school.id) as db:
        switch_module(db, "probe", True, school.viewer("lead").now())
        group = school.groups["Safeguarding"]
        db.add(GroupPermission(school_id=school.id, group_id=group, permission="probe:read"))
    return browser


def test_a_modules_field_reaches_its_module(probed: Browser, school: SchoolForTests) -> None:
    """STU-03, MOD-01: student_form_fields is drawn, and student_saved gets its value with the version."""
    told: list[dict[str, Any]] = []
    page = probed.get(address(school))
    assert page.html.find("input", {"name": "probe-note"}) is not None
    sent = {"csrf_token": probed.csrf(), "seen": "1", "probe-note": "A word.", "summary": "x"}
    with behaviour.instead("student_saved", lambda **arguments: told.append(arguments)):
        probed.post(address(school), sent, status=303)
    (one,) = told
    assert (one["student_id"], one["version"]) == (school.students["aoife"], 2)
    assert one["values"] == {"probe-note": "A word."}


def test_a_module_that_fails_loses_nothing(probed: Browser, school: SchoolForTests) -> None:
    """STU-03, MOD-04: what the school keeps is saved, and the module's part is tried again."""

    def fails(**_: Any) -> None:
        raise RuntimeError("a module broke")

    sent = {"csrf_token": probed.csrf(), "seen": "1", "probe-note": "A word.", "summary": "Kept."}
    with behaviour.instead("student_saved", fails):
        probed.post(address(school), sent, status=303)
    assert all_of(school, select(StudentVersion.content))[0]["summary"] == "Kept."
    (waiting,) = all_of(school, select(OutboxItem).where(OutboxItem.kind == "hook"))
    assert waiting.payload["arguments"]["values"] == {"probe-note": "A word."}


@pytest.mark.parametrize("seen", ["", "-1", "²", "9" * 40, "1.0", "x", "0"])
def test_a_version_that_is_none_is_an_old_one(school: SchoolForTests, web: Any, seen: str) -> None:
    """STU-03: hostile or cut short, it is answered like a form that is out of date."""
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": seen, "summary": "x"}
    lead.post(address(school), sent, status=409)
    lead.get(f"/students/{school.students['aoife']}/history", {"before": seen})
    assert all_of(school, select(StudentVersion)) == []


def test_a_photo_beyond_all_measure_costs_no_text(school: SchoolForTests, web: Any) -> None:
    """STU-01, STU-03: the form comes back with what was typed, and says what was wrong."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "max_file_megabytes", "1")
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": "1", "summary": "Typed with care."}
    page = lead.post(
        address(school), sent, upload_files=[("file", "a.jpg", b"\xff\xd8" * 4_000_000)], status=422
    )
    assert "The photo is too large." in page.html.select_one(".errors").text
    assert "Typed with care." in page.html.find("textarea", {"name": "summary"}).text


def test_nobody_waits_while_a_photo_is_drawn(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STU-01, one writer: a photo is drawn and stored before the form asks the database anything; where the
    form is refused, it is forgotten."""
    colleague, lead = web(school, "head"), web(school, "lead")
    real, done = school.app.storage.write, []

    def slow(*args: Any, **more: Any) -> Any:
        colleague.post(address(school), {"csrf_token": colleague.csrf(), "seen": "1"}, status=303)
        done.append(args[2])
        return real(*args, **more)

    monkeypatch.setattr(school.app.storage, "write", slow)
    sent = {"csrf_token": lead.csrf(), "seen": "1", "summary": "Other words."}
    photo = [("file", "a.jpg", picture(size=(60, 80)))]
    lead.post(address(school), sent, upload_files=photo, status=409)
    assert len(done) == 1
    assert not school.app.storage.place.path(school.id, done[0]).exists()
    monkeypatch.setattr(school.app.storage, "write", real)
    lead.post(address(school), {**sent, "seen": "2"}, upload_files=photo, status=303)
    (kept,) = [one for one in all_of(school, select(Student.photo_id)) if one]
    assert school.app.storage.place.path(school.id, kept).exists()
