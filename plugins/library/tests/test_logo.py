"""LIB-06: the school's logo is chosen from the library."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, PngImagePlugin

from cpoms_core.testing.browsing import Web, text_of
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.schools import SchoolForTests

PAGE = "/admin/settings/logo"


def picture(kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1200, 400), "#a8221b").save(file, kind, **options)
    return file.getvalue()


def logo_on(page: Any) -> str | None:
    found = page.html.select_one(".top-school img, .gate-school img")
    return str(found["src"]) if found else None


def test_a_picture_of_the_library_becomes_the_logo(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-06: chosen on the page of the logo; drawn anew, and shown to everyone on the log-in page. It stays
    when the file is deleted."""
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Comment", "secret of the camera")
    logo, _text = shelf.put(("crest.png", picture(pnginfo=facts)), ("policy.txt", b"Be kind."))
    lead = web(school, "lead")
    page = lead.get(PAGE)
    forms = [one["action"] for one in page.html.select("#library-logos ~ ul form, .part form")]
    assert forms == [f"/library/files/{logo}/logo"] and "crest.png" in text_of(page)
    assert lead.get(f"/library/files/{logo}/thumbnail").content_type == "image/jpeg"
    answer = lead.submit(f"/library/files/{logo}/logo", status=303).follow()
    assert "This is the logo now." in text_of(answer)
    address = logo_on(web(school).get("/login"))
    assert address is not None
    shown = web(school).get(address)
    assert b"secret" not in shown.body
    with Image.open(io.BytesIO(shown.body)) as drawn:
        assert max(drawn.size) <= 900
    lead.submit(f"/library/files/{logo}/delete", {"reason": "No longer needed."}, status=303)
    assert web(school).get(address).body == shown.body
    assert "logo.changed" in shelf.audited()


def test_it_is_offered_beside_each_picture_that_can_be_one(
    school: SchoolForTests, shelf: Any, web: Web
) -> None:
    """LIB-06: a JPEG or PNG; to administrators only."""
    png, _gif, jpeg, _text = shelf.put(
        ("a.png", picture()), ("b.gif", picture("GIF")), ("c.jpg", picture("JPEG")), ("d.txt", b"text")
    )
    offered = [form["action"] for form in web(school, "lead").get("/library/files").html.select("td form")]
    assert sorted(offered) == sorted(f"/library/files/{one}/logo" for one in (png, jpeg))
    head = web(school, "head")
    assert not head.get("/library/files").html.select("td form")
    head.submit(f"/library/files/{png}/logo", status=404)


def test_what_is_no_picture_is_refused(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-06: also where its address is typed; the logo stays as it was."""
    gif, text = shelf.put(("b.gif", picture("GIF")), ("policy.txt", b"Be kind."))
    lead = web(school, "lead")
    for file_id in (gif, text):
        answer = lead.submit(f"/library/files/{file_id}/logo", status="*")
        assert answer.status_int == 422 and "Choose a JPEG or PNG file." in text_of(answer)
    assert logo_on(lead.get("/")) is None


def test_an_administrator_who_may_not_view_the_library_is_offered_none(
    school: SchoolForTests, shelf: Any, web: Web
) -> None:
    """LIB-06, LIB-04, MOD-01: nor is anybody where the module is off."""
    (logo,) = shelf.put(("crest.png", picture()))
    admin = web(school, "admin")
    assert "crest.png" not in admin.get(PAGE).text
    admin.submit(f"/library/files/{logo}/logo", status=404)
    turn(school, "library", False)
    page = web(school, "lead").get(PAGE)
    assert "library" not in text_of(page)
