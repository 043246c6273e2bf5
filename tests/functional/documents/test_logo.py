"""ADM-02: the school's logo, on every page, on the log-in page and at the head of prints."""

from __future__ import annotations

import datetime as dt
import io
import os
import subprocess
from typing import Any

import pytest
from browsing import Browser, Web
from PIL import Image, PngImagePlugin
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.tasks import sweep_files
from cpoms_core.testing.schools import SchoolForTests

ADDRESS = "/admin/settings/logo"


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 400), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "#a8221b").save(file, kind, **options)
    return file.getvalue()


def upload(browser: Browser, content: bytes, name: str = "logo.png", **options: Any) -> Any:
    return browser.post(
        ADDRESS,
        {"csrf_token": browser.csrf()},
        upload_files=[("file", name, content, "application/octet-stream")],
        **options,
    )


def logo_on(browser: Browser, path: str = "/") -> str | None:
    """The address of the logo in the frame of a page."""
    found = browser.get(path, status="*").html.select_one(".top-school img, .gate-school img")
    return str(found["src"]) if found else None


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_it_is_drawn_anew_and_shown(school: SchoolForTests, web: Web, kind: str) -> None:
    """ADM-02: on the pages and, to everyone, on the log-in page; small, and without what came in its file."""
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Comment", "secret of the camera")
    sent = picture(kind, **({"pnginfo": facts} if kind == "PNG" else {"comment": b"secret of the camera"}))
    assert b"secret" in sent
    admin = web(school, "admin")
    assert logo_on(admin) is None
    assert "This is the logo now." in upload(admin, sent).follow()
    address = logo_on(admin)
    assert address and logo_on(web(school), "/login") == address
    shown = web(school).get(address)
    assert b"secret" not in shown.body
    with Image.open(io.BytesIO(shown.body)) as drawn:
        assert max(drawn.size) <= 900
    assert "immutable" in shown.headers["Cache-Control"]
    with school.app.session(school.id, writes=False) as db:
        events = list(db.scalars(select(AuditEntry.event).where(AuditEntry.event.like("logo.%"))))
    assert "logo.changed" in events


def test_it_is_kept_encrypted(school: SchoolForTests, web: Web) -> None:
    """ADM-02: nobody who reads the disk sees it."""
    upload(web(school, "admin"), picture())
    folder = school.app.deployment.folder / "files" / str(school.id)
    kept = [one.read_bytes() for one in folder.rglob("*") if one.is_file()]
    assert kept and all(b"PNG" not in one[:64] and b"JFIF" not in one[:64] for one in kept)


def test_it_heads_the_prints(school: SchoolForTests, web: Web) -> None:
    """EDT-07, ADM-02: and a print without a logo has no picture."""
    lead = web(school, "lead")
    address = f"/students/{school.students['aoife']}/incidents/print"

    def pictures() -> int:
        pdf = lead.submit(address).body
        listed = subprocess.run(["pdfimages", "-list", "-"], input=pdf, capture_output=True, check=True)
        return len([line for line in listed.stdout.splitlines()[2:] if b" image " in line])

    assert pictures() == 0
    upload(web(school, "admin"), picture())
    assert pictures() >= 1


def test_it_is_replaced_and_removed(school: SchoolForTests, web: Web) -> None:
    """ADM-02: the earlier one answers no more."""
    admin = web(school, "admin")
    upload(admin, picture())
    first = logo_on(admin)
    upload(admin, picture(size=(10, 10)))
    second = logo_on(admin)
    assert first != second
    admin.get(first, status=404)
    assert "The logo is removed." in admin.submit(f"{ADDRESS}/remove").follow()
    assert logo_on(admin) is None
    admin.get(second, status=404)
    assert "There is no logo." in admin.get(ADDRESS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        picture("GIF"),
        picture()[:60],
        b"\x89PNG\r\n\x1a\n" + b"x" * 500,
        b"x" * (5 * 1024 * 1024 + 1),
    ],
    ids=["empty", "text", "svg", "gif", "cut short", "no png", "large"],
)
def test_what_is_no_picture_is_refused(school: SchoolForTests, web: Web, content: bytes) -> None:
    """Issue 4, bad input: a file that is not what it says."""
    admin = web(school, "admin")
    answer = upload(admin, content, status=422)
    assert answer.html.find(id="file-error")
    assert logo_on(admin) is None


def test_a_picture_of_too_many_points_is_refused(school: SchoolForTests, web: Web) -> None:
    """Issue 4, bad input: a small file that would fill the memory."""
    upload(web(school, "admin"), picture(size=(20_000, 20_000)), status=422)


def test_no_file_is_asked_for(school: SchoolForTests, web: Web) -> None:
    assert "Choose a JPEG or PNG file" in web(school, "admin").submit(ADDRESS, status=422)


def test_only_administrators_change_it(school: SchoolForTests, web: Web) -> None:
    """USR-12.2."""
    head = web(school, "head")
    upload(head, picture(), status=404)
    head.submit(f"{ADDRESS}/remove", status=404)


def test_the_sweep_knows_it(school: SchoolForTests, web: Web) -> None:
    """The logo stays when files without a name are swept; the one before goes."""
    admin = web(school, "admin")
    upload(admin, picture(size=(9, 9)))
    upload(admin, picture())
    address = logo_on(admin)
    later = utc_now() - dt.timedelta(days=3)
    for one in (school.app.deployment.folder / "files" / str(school.id)).rglob("*"):
        if one.is_file():
            os.utime(one, (later.timestamp(), later.timestamp()))
    counts = list(sweep_files(school.app, school.id, utc_now()))[-1]
    assert (counts.looked_at, counts.removed) == (2, 1)
    assert web(school).get(address).body


def test_a_damaged_logo_costs_the_logo_only(school: SchoolForTests, web: Web) -> None:
    """OPS: a page and a print are there without it."""
    admin = web(school, "admin")
    upload(admin, picture())
    for one in (school.app.deployment.folder / "files" / str(school.id)).rglob("*"):
        if one.is_file():
            one.write_bytes(b"damaged")
    address = logo_on(admin)
    assert address
    admin.get(address, status=404)
    pdf = web(school, "lead").submit(f"/students/{school.students['aoife']}/incidents/print").body
    assert pdf.startswith(b"%PDF")
