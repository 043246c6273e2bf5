"""LIB-01, LIB-02: what the demonstration shows of the library (hook fill_demo)."""

from __future__ import annotations

import io
from typing import Any

import pikepdf

from cpoms_core.demo.schools import fill_modules
from cpoms_core.testing.browsing import Web, text_of
from cpoms_core.testing.schools import SchoolForTests


def test_the_demonstration_has_files_that_some_have_read(
    school: SchoolForTests, shelf: Any, web: Web, monkeypatch: Any
) -> None:
    """LIB-01, LIB-02: a policy that opens as a PDF, with readers, and a picture that could be the logo."""
    monkeypatch.setattr(school.app, "modules", {"library": school.app.modules["library"]})
    fill_modules(school.app, school.id, school.viewer("lead"))
    lead = web(school, "lead")
    page = lead.get("/library/files")
    assert "Safeguarding policy.pdf" in text_of(page) and "Read by 3 of 4" in text_of(page)
    newest = page.html.select_one(".library-name > a")
    opened = lead.get(newest["href"])
    with pikepdf.open(io.BytesIO(opened.body)) as pdf:
        assert len(pdf.pages) == 1
    assert len(page.html.select("td form")) == 1, "the crest can be the logo"
