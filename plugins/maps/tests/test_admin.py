"""Admin > Maps: a school's own maps, and what old incidents keep of them."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import threading
import uuid
import zlib
from typing import Any

import pytest
from cpoms_maps import services
from cpoms_maps.models import MapChange
from PIL import Image
from sqlalchemy import delete, select
from webtest import Upload

from cpoms_core.access.models import GroupPermission
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.tasks import sweep_files
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.schools import SchoolForTests

MAPS = "/maps/admin"


def plan(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (900, 600)) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, (30, 90, 120, 0)[: len(mode)]).save(made, kind)
    return made.getvalue()


def upload(
    browser: Any, content: bytes, *, title: str = "Playground", name: str = "plan.png", **more: Any
) -> Any:
    fields = {"csrf_token": browser.csrf(), "title": title, "file": Upload("plan.png", content)}
    return browser.post(MAPS, fields, **more)


def press(browser: Any, what: str, which: str) -> None:
    browser.submit(f"/maps/{which}/{what}", status=303)


def offered(browser: Any) -> list[str]:
    return [one["data-title"] for one in browser.get("/incidents/add").html.select("[data-map]")]


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA")])
def test_a_map_is_uploaded_drawn_anew_and_offered(
    school: SchoolForTests, web: Any, kind: str, mode: str
) -> None:
    """MAP-02: by an administrator; the title stands beside it."""
    content = plan(kind, mode) + b"<script>alert(1)</script>"
    upload(web(school, "admin"), content, status=303)
    lead = web(school, "lead")
    assert offered(lead) == ["Body map", "Playground"]
    fold = lead.get("/incidents/add").html.select_one('[data-title="Playground"]')
    shown = lead.get(fold.find("image")["href"])
    assert shown.content_type == "image/jpeg" and b"script" not in shown.body
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in shown.headers["Cache-Control"]
    with Image.open(io.BytesIO(shown.body)) as picture:
        assert picture.size == (900, 600)
        if mode == "RGBA":
            assert picture.getpixel((5, 5)) == (255, 255, 255), "what was see-through is paper"
    stored = [path.read_bytes() for path in school.app.deployment.folder.rglob("*") if path.is_file()]
    assert not any(shown.body[:200] in one for one in stored), "kept encrypted"


def bomb() -> bytes:
    """A small PNG that says it is as large as a field."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100_000)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "title", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Plan", "no picture that can be used"),
        (plan("GIF"), "Plan", "no picture that can be used"),
        (b"\xff\xd8\xff" + b"x" * 5000, "Plan", "no picture that can be used"),
        (bomb(), "Plan", "no picture that can be used"),
        (plan(size=(900, 30)), "Plan", "too long and narrow"),
        (plan() + b"x" * (15 * 1024 * 1024), "Plan", "larger than 15 MB"),
        (plan(), "  ", "Give the map a title"),
        (plan(), "x" * 81, "Shorten the title to 80"),
        (None, "Plan", "Choose a JPEG or PNG file"),
    ],
    ids=["svg", "gif", "broken", "bomb", "narrow", "large", "untitled", "long title", "nothing"],
)
def test_what_is_no_map_is_refused_with_words(
    school: SchoolForTests, web: Any, content: bytes | None, title: str, said: str
) -> None:
    """MAP-02: nothing of it is kept, and the title that was typed is still there."""
    admin = web(school, "admin")
    if content is None:
        page = admin.submit(MAPS, {"title": title}, status=422)
    else:
        page = upload(admin, content, title=title, status=422)
    assert said in text_of(page)
    assert page.html.find(id="title")["value"] == title
    assert offered(web(school, "lead")) == ["Body map"]


def test_disabled_maps_are_not_offered_and_old_incidents_keep_theirs(
    school: SchoolForTests, web: Any, record: Any, playground: uuid.UUID
) -> None:
    """MAP-02: the body map, too; each can be enabled again, and what was done is kept."""
    at = {"map": str(playground), "x": 0.5, "y": 0.25, "note": "By the gate"}
    on_body = {"map": "body", "x": 0.4, "y": 0.46, "note": ""}
    incident = record(school, at, on_body)
    admin, lead = web(school, "admin"), web(school, "lead")
    for which in (str(playground), "body"):
        press(admin, "disable", which)
    assert offered(lead) == []
    record_page = lead.get(f"/students/{school.students['aoife']}/incidents")
    assert record_page.html.select_one(".map-shown figcaption").text == "Body map"
    assert "By the gate" in record_page.text
    lead.get(f"/maps/{playground}/picture")
    edit = lead.get(f"/incidents/{incident.id}/edit")
    assert [one["data-title"] for one in edit.html.select("[data-map]")] == ["Body map", "Playground"]
    form = edit.forms["edit-form"]
    form["text"] = "Another word."
    form.submit(status=302)
    press(admin, "enable", str(playground))
    press(admin, "enable", "body")
    assert offered(lead) == ["Body map", "Playground"]
    with school.app.session(school.id, writes=False) as db:
        kinds = db.scalars(
            select(MapChange.kind).where(MapChange.map_id == playground).order_by(MapChange.version)
        ).all()
        events = db.scalars(select(AuditEntry.event).where(AuditEntry.event.like("maps.%"))).all()
    assert kinds == ["added", "disabled", "enabled"]
    assert sorted(events) == sorted(["maps.added", *["maps.disabled", "maps.enabled"] * 2])


@pytest.mark.parametrize("body_too", [False, True])
def test_markers_of_a_form_that_was_open_while_their_map_was_disabled_are_kept(
    school: SchoolForTests,
    web: Any,
    playground: uuid.UUID,
    texts: Any,
    stored_incident: Any,
    body_too: bool,
) -> None:
    """MAP-02: also where no map at all is in use any more; and with another error they come back."""
    for which in (str(playground), *(["body"] if body_too else [])):
        press(web(school, "admin"), "disable", which)
    at = {"map": str(playground), "x": 0.5, "y": 0.25, "note": "By the gate"}
    typed = {"text": "", "student": str(school.students["aoife"]), "occurred": "2026-01-05T08:35"}
    typed |= {"categories": str(school.categories["Behaviour"]), "maps-markers": json.dumps([at])}
    lead = web(school, "lead")
    page = lead.submit("/incidents/add", typed, status=422)
    assert json.loads(page.html.find(attrs={"name": "maps-markers"})["value"]) == [at]
    shown = [one["data-title"] for one in page.html.select("[data-map]")]
    assert shown == ["Playground"] if body_too else ["Body map", "Playground"]
    lead.submit("/incidents/add", {**typed, "text": "A concern."}, status=302)
    assert texts(stored_incident().id) == ["1. 50 % from the left, 25 % from the top: By the gate"]


def test_two_administrators_disable_the_body_map_for_the_first_time_at_once(school: SchoolForTests) -> None:
    """MAP-02: the second waits, and finds it done."""
    wrong: list[BaseException] = []

    def disable() -> None:
        try:
            with school.app.transaction(school.id) as db:
                services.set_in_use(PluginSession(db), school.viewer("admin"), "body", in_use=False)
        except BaseException as error:
            wrong.append(error)

    second = threading.Thread(target=disable)
    with school.app.transaction(school.id) as db:
        services.set_in_use(PluginSession(db), school.viewer("admin"), "body", in_use=False)
        second.start()
        second.join(0.3)
    second.join()
    assert wrong == []
    with school.app.session(school.id, writes=False) as db:
        assert list(db.scalars(select(MapChange.kind))) == ["disabled"]


def test_a_map_is_renamed_and_its_titles_are_kept(
    school: SchoolForTests, web: Any, playground: uuid.UUID
) -> None:
    """MAP-02: in words, with who and when."""
    admin = web(school, "admin")
    form = admin.get(f"/maps/{playground}/rename").forms
    form = next(one for one in form.values() if "title" in one.fields)
    assert form["title"].value == "Playground"
    form["title"] = "Lower playground"
    form.submit(status=303)
    said = text_of(admin.get(MAPS))
    assert "Renamed: Lower playground, Ada Admin" in said and "Added: Playground, Lena Lead" in said
    assert admin.submit(f"/maps/{playground}/rename", {"title": " "}, status=422)
    assert offered(web(school, "lead")) == ["Body map", "Lower playground"]


def test_a_picture_is_for_who_may_add_or_reads_an_incident_with_it(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, record: Any, playground: uuid.UUID
) -> None:
    """MAP-02: it is about no child; another school's is not there."""
    where = f"/maps/{playground}/picture"
    for who in ("lead", "head", "teacher", "admin"):
        web(school, who).get(where)
    with school.app.transaction(school.id) as db:
        db.execute(delete(GroupPermission).where(GroupPermission.permission == "incidents:add"))
    web(school, "lead").get(where)  # the form of an older incident offers it
    web(other_school, "lead").get(where, status=404)
    assert web(school).get(where, status="*").status_int in (302, 303, 401, 404)
    assert web(school, "lead").get("/maps/nothing/picture", status=404)


def test_the_sweep_leaves_pictures_of_maps(school: SchoolForTests, web: Any, playground: uuid.UUID) -> None:
    """MAP-02, MOD-01: `kept_files`; disabled or the module off makes no difference."""
    from cpoms_core.access.viewer import utc_now
    from cpoms_core.tenancy.services import switch_module

    press(web(school, "admin"), "disable", str(playground))
    with school.app.transaction(school.id) as db:
        switch_module(db, "maps", False, utc_now())
    for swept in sweep_files(school.app, school.id, utc_now() + dt.timedelta(days=3)):
        last = swept
    assert (last.looked_at, last.removed) == (1, 0)
    with school.app.transaction(school.id) as db:
        switch_module(db, "maps", True, utc_now())
    assert web(school, "lead").get(f"/maps/{playground}/picture").body


def test_only_administrators_change_maps(school: SchoolForTests, web: Any, playground: uuid.UUID) -> None:
    """MAP-02: for the others the pages are not there."""
    for who in ("head", "teacher"):
        browser = web(school, who)
        browser.get(MAPS, status=404)
        browser.submit(f"/maps/{playground}/disable", status=404)
    web(school, "admin").submit(f"/maps/{uuid.UUID(int=9)}/disable", status=404)
    web(school, "admin").submit(f"/maps/{uuid.UUID(int=9)}/rename", {"title": "x"}, status=404)
