"""The overview page, its charts as pictures, and the photo (STU-01, STU-02)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import GroupPermission, LoginSession
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.charts import pictures
from cpoms_core.charts.pictures import NoPicture
from cpoms_core.config import configure
from cpoms_core.students import overview_views
from cpoms_core.students.contacts import ContactFacts, save_contact
from cpoms_core.students.information import Information, save_information
from cpoms_core.students.models import Student
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import as_imported, picture, record
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name

TABS = [
    *("Overview", "Incidents", "Contact details", "Document vault", "Attendance", "Student report"),
    *("Audit report", "Monitoring history"),
]


def page_of(web: Any, school: SchoolForTests, who: str = "lead", path: str = "") -> Any:
    return web(school, who).get(f"/students/{school.students['aoife']}{path}")


def facts(page: Any) -> dict[str, list[str]]:
    return {
        one.dt.get_text(" ", strip=True): [" ".join(dd.get_text(" ").split()) for dd in one.find_all("dd")]
        for one in page.html.select("dl.facts > div")
    }


def test_the_header_is_always_there(school: SchoolForTests, web: Any) -> None:
    """STU-01: name, class, monitored categories of those the viewer may see, tabs in their order."""
    record(school, ["Behaviour", "Child Protection"])
    for who, monitored in (("lead", ["Behaviour", "Child Protection"]), ("head", ["Behaviour"])):
        for path in ("", "/contacts", "/edit", "/incidents"):
            page = page_of(web, school, who, path)
            assert page.html.select_one(".student-card-name").text == "Aoife O'Connor"
            assert page.html.select_one(".student-card-note").text.strip() == "Year 7, 7A"
            lozenges = [" ".join(one.text.split()) for one in page.html.select(".student-monitored li")]
            assert lozenges == monitored, (who, path)
            tabs = [one.text for one in page.html.select(".record-menu a")]
            assert tabs == TABS
            assert len(page.html.select(".record-menu a[aria-current=page]")) == 1


def test_an_archived_student_is_marked(school: SchoolForTests, web: Any) -> None:
    """STU-01, STU-11."""
    with school.app.transaction(school.id) as db:
        student = db.get_one(Student, (school.id, school.students["aoife"]))
        student.archived_at = school.viewer("lead").now()
    assert "archived" in page_of(web, school).html.select_one(".student-card-note").text


def test_what_the_school_keeps_and_what_the_mis_says(school: SchoolForTests, web: Any) -> None:
    """STU-02: in words, the unknown said, the sibling a link."""
    as_imported(school)
    page = page_of(web, school)
    told = facts(page)
    assert told["Date of birth"] == ["14 March 2014"]
    assert told["Free school meals"] == ["Not known"]
    assert told["Links"] == ["Chloë Martin-Smith sibling by the MIS · Year 8, 8B"]
    assert page.html.find("a", string="Chloë Martin-Smith")["href"] == f"/students/{school.students['chloe']}"
    assert not page.html.select("[style], script:not([src])"), "nothing inline"


def test_the_charts_are_one_specification_and_a_table(school: SchoolForTests, web: Any) -> None:
    """STU-02: what the browser draws and what it says in words are the same figures."""
    for _ in range(2):
        record(school, ["Behaviour"])
    record(school, ["Child Protection"])
    page = page_of(web, school)
    charts = page.html.select("figure")
    assert [chart.h2.text for chart in charts] == ["Incidents by category", "Incidents over time"]
    spec = json.loads(charts[0].select_one("[data-chart]")["data-chart"])
    drawn = {value["name"]: value["count"] for value in spec["data"]["values"]}
    told = {row.th.text: int(row.td.text) for row in charts[0].select("tbody tr")}
    assert drawn == told == {"Behaviour": 2, "Child Protection": 1}
    assert charts[0].select_one("details").has_attr("open"), "the table is there without scripts"
    assert "Child Protection" not in page_of(web, school, "head").html.select_one("main").text


def test_without_incidents_it_says_so(school: SchoolForTests, web: Any) -> None:
    """STU-02: and loads no chart library."""
    page = page_of(web, school)
    assert "There are no incidents to count" in page.html.select_one("main").text
    assert "vega" not in page.text


def test_a_chart_is_saved_as_a_picture(school: SchoolForTests, web: Any) -> None:
    """STU-02: PNG and SVG to download, with the words that say what it is, and written down."""
    record(school, ["Behaviour"])
    saved = page_of(web, school, path="/charts/incidents-by-category.png")
    assert saved.content_type == "image/png" and saved.body.startswith(b"\x89PNG")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="incidents-by-category.png"'
    saved = page_of(web, school, path="/charts/incidents-over-time.svg")
    assert "Aoife O'Connor" in saved.body.decode() and saved.headers["X-Content-Type-Options"] == "nosniff"
    with school.app.session(school.id, writes=False) as db:
        events = db.scalars(select(AuditEntry).where(AuditEntry.event == "student.chart-saved")).all()
    assert [one.details for one in events] == [
        {"chart": "incidents-by-category"}, {"chart": "incidents-over-time"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["nothing.png", "incidents-by-category.gif", "incidents-by-category", ".png"]
)
def test_there_is_no_other_picture(school: SchoolForTests, web: Any, name: str) -> None:
    """STU-02."""
    lead = web(school, "lead")
    assert lead.get(f"/students/{school.students['aoife']}/charts/{name}", status=404)


def test_when_no_picture_can_be_drawn_it_says_busy(
    school: SchoolForTests, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STU-02: and nothing is noted as saved."""

    def busy(*_: Any) -> bytes:
        raise NoPicture("busy")

    monkeypatch.setattr(overview_views, "picture", busy)
    assert pictures.picture is not overview_views.picture
    web(school, "lead").get(
        f"/students/{school.students['aoife']}/charts/incidents-over-time.png", status=503
    )
    with school.app.session(school.id, writes=False) as db:
        assert "student.chart-saved" not in db.scalars(select(AuditEntry.event)).all()


def put_photo(browser: Browser, school: SchoolForTests) -> None:
    address = f"/students/{school.students['aoife']}/edit"
    browser.get(address)
    fields = {"csrf_token": browser.csrf(), "seen": "1"}
    browser.post(address, fields, upload_files=[("file", "a.jpg", picture(size=(60, 80)))], status=303)


def test_the_photo_is_served_to_its_viewer_only(school: SchoolForTests, web: Any) -> None:
    """STU-01: kept by no cache, sniffed by nobody."""
    lead = web(school, "lead")
    put_photo(lead, school)
    page = page_of(web, school, "head")
    source = page.html.select_one(".student-card img")["src"]
    photo = web(school, "head").get(source)
    assert photo.content_type == "image/jpeg"
    assert photo.headers["Cache-Control"] == "no-store"
    assert photo.headers["X-Content-Type-Options"] == "nosniff"


def test_while_names_are_hidden_there_are_initials(school: SchoolForTests, web: Any, app: Any) -> None:
    """STU-01, DSH-08: no photo, neither on the page nor by its address, and no name on any page."""
    as_imported(school)
    record(school, ["Behaviour"])
    lead = web(school, "lead")
    put_photo(lead, school)
    address = f"/students/{school.students['aoife']}"
    photo = lead.get(address).html.select_one(".student-card img")["src"]
    with app.session(None, writes=True) as db:
        for row in db.scalars(select(LoginSession)):
            row.names_hidden = True
        db.commit()
    for path in ("", "/contacts", "/charts/incidents-by-category.svg"):
        page = lead.get(f"{address}{path}")
        for name in ("Aoife", "O'Connor", "O&#39;Connor", "Chloë", "Martin-Smith"):
            assert name not in page.text, (path, name)
    assert lead.get(address).html.select_one(".student-card .face").text.strip() == "AO"
    assert lead.get(address).html.select_one(".student-card img") is None
    lead.get(photo, status=404)


def test_modules_have_a_place(probe_app: Application, school: SchoolForTests) -> None:
    """STU-02, MOD-01: a module's panel, only where it is on, for who has its permission."""
    browser = Browser(
        configure(probe_app), extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": "2001:db8::1"}
    )
    browser.set_cookie(cookie_name(probe_app), school.session_token("lead"))
    address = f"/students/{school.students['aoife']}"
    assert "The probe knows this child." not in browser.get(address).text
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", True, school.viewer("lead").now())
        db.add(
            GroupPermission(
                school_id=school.id, group_id=school.groups["Safeguarding"], permission="probe:read"
            )
        )
    assert "The probe knows this child." in browser.get(address).text


def test_statements_do_not_grow(school: SchoolForTests, web: Any) -> None:
    """STU-01 to 04: with links, contacts, keywords, categories and incidents, by the page."""
    student, viewer = school.students["aoife"], school.viewer("lead")

    def grow(seen: int) -> None:
        for name in ("Behaviour", "Attendance", "Medical"):
            record(school, [name], seen)
        with school.app.transaction(school.id) as db:
            other = [school.students["björn"]] if seen == 1 else [school.students["chloe"]]
            facts_kept = Information(
                seen=seen, link_ids=other, link_kind="friend", keywords=[str(n) for n in range(seen)],
                agency_ids=list(school.agencies.values())[:seen], alert=[school.users["head"]],
            )  # fmt: skip
            save_information(db, viewer, student, facts_kept)
            save_contact(db, viewer, student, ContactFacts(f"Contact {seen}"), seen=seen + 1)

    grow(1)
    browser = web(school, "lead")
    most = {"": 19, "/contacts": 15, "/edit": 19}

    def statements(path: str) -> Any:
        with counted(school.app.engines) as ran:
            browser.get(f"/students/{student}{path}")
        return ran

    few = {path: statements(path) and statements(path) for path in most}
    grow(3)
    for path, bound in most.items():
        many = statements(path)
        assert many.number <= few[path].number <= bound, f"{path}\n{few[path]}\n\n{many}"
