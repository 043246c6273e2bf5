"""EDT-07: a PDF of one incident with everything that hangs on it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from browsing import Web
from paper import facts_of, opened, pages_of, text_of
from recorded import recorded
from sqlalchemy import select

from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.config import configure
from cpoms_core.printing import services
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.web.request import cookie_name

HOSTILE = (
    '<link rel=attachment href="file:///etc/passwd"><img src="http://127.0.0.1:1/x"><script>alert(1)</script>'
    '<style>@import url(file:///etc/hosts);</style> ${1+1} <svg><image href="file:///etc/passwd"/></svg>'
)


def test_it_holds_the_incident_and_what_hangs_on_it(school: SchoolForTests, web: Web) -> None:
    """EDT-07: text, author, categories, students, agencies, files with their document ID, actions."""
    incident = recorded(school)
    page = web(school, "lead").get(f"/incidents/{incident.id}/print")
    assert page.content_type == "application/pdf"
    assert page.headers["Content-Disposition"] == f"inline; filename*=UTF-8''Incident%20{incident.number}.pdf"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    read = " ".join(text_of(page.body).split())
    for said in (
        "She said that she is afraid to go home.",
        "Rang home at noon.",
        "Lena Lead",
        "Behaviour: Bullying",
        "Aoife O'Connor",
        "Björn Ångström",
        "Police",
        "Social care",
        "drawing.png (document D-1, 81 KB)",
        "letter home.pdf (document D-2, 81 KB)",
        school.viewer("lead").school.name,
        "Printed by Lena Lead on ",
        "1 of 1",
    ):
        assert said in read, said
    assert "CONFIDENTIAL" in read.upper()
    assert facts_of(page.body)["Title"] == f"Incident {incident.number}"


def test_the_option_leads_to_it(school: SchoolForTests, web: Web) -> None:
    """EDT-07: Options > Print view, for who sees the incident by right."""
    incident = recorded(school, alert_ids=[school.users["teacher"]])
    record = web(school, "lead").get(f"/students/{school.students['aoife']}/incidents")
    assert record.html.find("a", string="Print view")["href"] == f"/incidents/{incident.id}/print"
    teacher = web(school, "teacher")
    assert "Print view" not in teacher.get(f"/incidents/{incident.id}").text
    assert teacher.get(f"/incidents/{incident.id}/print", status=404)


def test_markup_in_a_text_is_text(school: SchoolForTests, web: Web) -> None:
    """Trap 3, hostile input 4: what a person types reaches the paper as it is, and fetches nothing."""
    incident = recorded(school, HOSTILE)
    pdf = web(school, "lead").get(f"/incidents/{incident.id}/print").body
    read = "".join(text_of(pdf, "-raw").split())
    assert "".join(HOSTILE.split()) in read
    assert "root:" not in read
    with opened(pdf) as found:
        assert dict(found.attachments) == {}


def test_scripts_of_the_world_are_printed(school: SchoolForTests, web: Web) -> None:
    """Issue 4, bad input: names and texts from right to left and with combining characters."""
    text = "שלום לכולם\nمرحبا بالجميع\nNguye\u0302\u0303n Va\u0306n Łukasz Ωmega"
    incident = recorded(school, text)
    read = text_of(web(school, "lead").get(f"/incidents/{incident.id}/print").body)
    for said in ("שלום", "مرحبا", "Nguyễn", "Văn", "Łukasz", "Ωmega"):
        assert said in read or said in __import__("unicodedata").normalize("NFC", read), said


@pytest.mark.slow
def test_a_text_of_a_hundred_thousand_signs(school: SchoolForTests, web: Web) -> None:
    """Issue 4, bad input: one incident that is long is printed all the same."""
    incident = recorded(school, "She said no. " * 7_600 + "The end of it.")
    pages = pages_of(web(school, "lead").get(f"/incidents/{incident.id}/print").body)
    assert len(pages) > 20
    assert "The end of it." in " ".join("".join(pages).split())
    assert f"{len(pages)} of {len(pages)}" in pages[-1]


def test_busy_presses_are_waited_for_in_words(
    school: SchoolForTests, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EDT-07: no third one is begun beside two others, and nobody is said to have printed. A long incident
    takes a place too, for as long as a person waits."""
    monkeypatch.setattr(services, "AT_ONCE_SECONDS", 0.2)
    monkeypatch.setattr(services, "MOST_CHARACTERS", 10)
    incident = recorded(school)
    given: dict[str, Any] = {}

    def noting(*_parts: Any, **options: Any) -> bytes:
        given.update(options, free=services.PRESSES._value)
        return b"%PDF"

    monkeypatch.setattr(services, "make_pdf", noting)
    lead, address = web(school, "lead"), f"/incidents/{incident.id}/print"
    with services.PRESSES, services.PRESSES:
        assert "The system is busy" in lead.get(address, status=503)
    assert not given
    with school.app.session(school.id, writes=False) as db:
        assert not db.scalars(select(AuditEntry).where(AuditEntry.event == "incident.printed")).all()
    assert lead.get(address).body == b"%PDF"
    assert (given["seconds"], given["free"]) == (services.ONE_INCIDENT_SECONDS, 1)
    assert services.PRESSES._value == 2


def test_it_is_audited(school: SchoolForTests, web: Web) -> None:
    """EDT-09: who printed an incident."""
    incident = recorded(school)
    web(school, "head").get(f"/incidents/{incident.id}/print")
    with school.app.session(school.id, writes=False) as db:
        found = db.scalars(select(AuditEntry).where(AuditEntry.event == "incident.printed")).one()
    assert found.user_id == school.users["head"]
    assert found.subjects == [str(incident.id)]


def test_modules_print_their_part(probe_app: Application) -> None:
    """EDT-07, MAP-04, MOD-01: `incident_prints`: lines and a drawing, where the module is on and permitted;
    nothing that the drawing asks for is fetched."""
    from cpoms_core.access.models import GroupPermission
    from cpoms_core.hooks.types import PrintPart
    from cpoms_core.tenancy.services import switch_module
    from cpoms_core.testing.browsing import Browser
    from cpoms_core.testing.probe.behaviour import instead

    school = make_school(probe_app)
    with probe_app.transaction(school.id) as db:
        group = school.groups["Safeguarding"]
        db.add(GroupPermission(school_id=school.id, group_id=group, permission="probe:read"))
    incident = recorded(school)
    browser = Browser(configure(probe_app), extra_environ={"HTTP_HOST": school.host})
    browser.set_cookie(cookie_name(probe_app), school.session_token("lead"))
    address = f"/incidents/{incident.id}/print"

    def words_drawn(pdf: bytes) -> list[str]:
        return [word for word in text_of(pdf).split() if word in ("Marker", "secret")]

    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60">'
        '<text x="5" y="30" font-size="20">Marker</text>'
        '<image href="file:///etc/passwd" width="5" height="5"/></svg>'
    )

    def with_drawing(incident_ids: Any, **_: Any) -> dict[uuid.UUID, list[PrintPart]]:
        return {one: [PrintPart(5, "Body map", ["1. A bruise <b>"], svg)] for one in incident_ids}

    assert "A line of the probe." in text_of(browser.get(address).body)
    with instead("incident_prints", with_drawing):
        pdf = browser.get(address).body
    assert "Body map" in text_of(pdf) and "1. A bruise <b>" in text_of(pdf)
    assert words_drawn(pdf) == ["Marker"]

    def broken(**_: Any) -> Any:
        raise RuntimeError

    with instead("incident_prints", broken):
        assert "She said that she is afraid" in text_of(browser.get(address).body)
    with probe_app.transaction(school.id) as db:
        switch_module(db, "probe", False, school.viewer("lead").now())
    assert "probe" not in text_of(browser.get(address).body)
