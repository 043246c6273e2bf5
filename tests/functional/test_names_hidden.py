"""DSH-08 Hide names: the whole application, opened with names hidden, says no student's name."""

from __future__ import annotations

import io
import json
import sys
import types
import zipfile
from typing import Any

import pytest
from browsing import Browser
from hidden_names import FILE_NAME, SENTENCE, fill, keep_versions, poison
from matrix import ROWS, SIGHT, TEXTS, Row
from matrix_objects import THEIRS, make
from names_crawl import Crawl
from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy import select
from test_matrix import Stage

import cpoms_core.config
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.incidents import drafts
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    ActionEdit,
    IncidentEdit,
    Linked,
    NewAction,
    NewIncident,
    edit_action,
    edit_incident,
    record_action,
    record_incident,
)
from cpoms_core.incidents.services.removing import remove_actions, remove_incidents
from cpoms_core.modules.routes import CORE, SIGNED_IN, ModuleRoutes, NotAudited
from cpoms_core.printing.pdf import Whole, make_pdf
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name

LEAVES = {"GET logout", "GET sso", "GET sso-enter", "GET openid-go"}
"""What leads away from the school or out of the session."""
ENDS = {
    "logout", "lock", "unlock", "elevate", "names", "login", "account-log-ins-end", "admin-module",
    "forgotten",
}  # fmt: skip
"""What ends the session, or changes who the browser is."""


def hide(browser: Browser, hidden: str = "yes") -> None:
    answer = browser.submit("/session/names", {"hidden": hidden, "next": "/"})
    assert answer.status_int == 303


class Poisoned(Stage):
    """A school with the children's names in everything that people can write, made once for each database."""

    def __init__(self, app: Application, wsgi: Any, web: Any) -> None:
        super().__init__(app, wsgi, web)
        fill(self.ours)
        record_about_them(self.ours)
        keep_versions(self.ours)
        self.objects = objects(self.ours, self.theirs)
        poison(self.ours, TEXTS)
        self._browsers: dict[str, Browser] = {}

    def hidden(self, person: str) -> Browser:
        """The browser of a person who has hidden names; with one token for all that it sends."""
        if person not in self._browsers:
            browser = self._browsers[person] = self.browser(person)
            hide(browser)
            token = browser.csrf()
            browser.csrf = lambda at="": token  # type: ignore[method-assign]
        return self._browsers[person]

    def crawl(self, person: str) -> Crawl:
        return Crawl(self.ours, self.hidden(person))


_stages: dict[str, Poisoned] = {}


@pytest.fixture
def stage(app: Application, wsgi: Any, web: Any) -> Poisoned:
    kind = app.engines.dialect
    if kind not in _stages:
        _stages[kind] = Poisoned(app, wsgi, web)
    return _stages[kind]


def record_about_them(school: SchoolForTests) -> None:
    """Incidents about the children, with links, actions, alerts, monitoring."""
    viewer = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        for who, other in (("Rose", "May"), ("Will", "Zoë"), ("Mark", "Iestyn")):
            incident = record_incident(
                db,
                viewer,
                NewIncident(
                    new_id(), school.students[who], SENTENCE, [school.categories["Behaviour"]], utc_now(),
                    linked=[Linked(school.students[other], monitor=True, share_documents=True)],
                    alert_ids=[school.users["lead"], school.users["teacher"]],
                ),
            )  # fmt: skip
            to_lead = [school.users["lead"]]
            for _ in range(2):
                new = NewAction(new_id(), incident.id, SENTENCE, utc_now(), alert_ids=to_lead)
                action = record_action(db, viewer, new)
        now = utc_now()
        edited = ActionEdit(action.id, action.version, f"{SENTENCE} And again.", now)
        edit_action(db, viewer, edited)
        again = [school.categories["Behaviour"]]
        edit = IncidentEdit(incident.id, incident.version, f"{SENTENCE} And again.", now, category_ids=again)
        edit_incident(db, viewer, edit)
        for who in ("lead", "teacher"):
            drafts.save(db, school.viewer(who), "incident", {"fields": [["text", SENTENCE]]}, None)
        remove_actions(db, viewer, [action.id], SENTENCE)
        again = NewIncident(
            new_id(), school.students["May"], SENTENCE, [school.categories["Behaviour"]], utc_now()
        )
        remove_incidents(db, viewer, [record_incident(db, viewer, again).id], SENTENCE)


def objects(ours: SchoolForTests, theirs: SchoolForTests) -> dict[str, list[Any]]:
    """Everything that the matrix is about, one of each, and the children's own."""
    made = {
        kind: [make(kind, which, ours, theirs) for which in sight if which != THEIRS]
        for kind, sight in SIGHT.items()
    }
    made["student"] = [ours.students[name] for name in ("Rose", "Will", "Mark", "Zoë")] + made["student"]
    with ours.app.session(ours.id, writes=False) as db:
        about = Incident.student_id.in_([ours.students["Rose"], ours.students["Will"]])
        made["incident"] = [*db.scalars(select(Incident.id).where(about)), *made["incident"]]
    return made


def asked(rows: list[Row], person: str, method: str) -> list[Row]:
    return [
        row
        for row in rows
        if row.method == method and person in row.may.split() and f"{method} {row.route}" not in LEAVES
        and not row.route.startswith("portal")
    ]  # fmt: skip


PEOPLE = ("lead", "teacher", "admin")


@pytest.mark.parametrize("person", PEOPLE)
def test_no_page_says_a_name(stage: Poisoned, person: str) -> None:
    """DSH-08: every page that the matrix knows, with every object, and everything they lead to."""
    crawl = stage.crawl(person)
    crawl.follow(
        stage.path(row, one)
        for row in asked(ROWS, person, "GET")
        for one in (stage.objects[row.of] if row.of else [None])
    )
    assert not crawl.leaks, "\n".join(crawl.leaks)
    assert not crawl.waiting, "there was more to open"
    assert list(crawl.opened.values()).count(200) > 20
    assert [path for path, status in crawl.opened.items() if status == 500] == []
    if person == "lead":
        assert crawl.kinds["application/pdf"] > 1


def test_words_of_the_product_stay(stage: Poisoned) -> None:
    """DSH-08: "Mark as read" is no name, although a child is called Mark."""
    browser = stage.hidden("lead")
    with stage.ours.app.session(stage.ours.id, writes=False) as db:
        about = db.scalars(
            select(Incident.id).where(Incident.student_id == stage.ours.students["Mark"])
        ).one()
    page = browser.get(f"/incidents/{about}").follow()
    assert "Mark as read" in page.text
    assert "M*** R***" in page.text
    assert "W*** P*** will mark the rose in may" in page.text
    assert "Lena Lead noted it" in page.text


@pytest.mark.parametrize("person", PEOPLE[:2])
def test_no_list_that_is_asked_for_by_a_script_says_a_name(stage: Poisoned, person: str) -> None:
    """DSH-08: type-aheads and parts of forms find by the name, and do not say it."""
    crawl, browser = stage.crawl(person), stage.hidden(person)
    rose = str(stage.ours.students["Rose"])
    searches: tuple[tuple[str, dict[str, str]], ...] = (
        ("/", {"q": "rose"}),
        ("/", {"monitored": "1"}),
        ("/incidents/add/linked", {"linked": rose}),
        ("/incidents/add/told", {"student": rose}),
    )
    for path, fields in searches:
        crawl.look(f"POST {path} {fields}", browser.submit(path, fields, expect_errors=True))
    found = browser.post_json("/students/search", {"q": "rose"}, headers={"X-CSRF-Token": browser.csrf()})
    assert found.json[0]["text"] == "R*** A***", "it finds them, and tells them apart by their notes"
    assert found.json[0]["note"] == "Year 8, 8B"
    crawl.look("POST /students/search", found)
    assert not crawl.leaks, "\n".join(crawl.leaks)


@pytest.mark.parametrize("person", PEOPLE)
def test_no_answer_to_a_form_says_a_name(stage: Poisoned, person: str) -> None:
    """DSH-08: every answer to a post that the person may send."""
    crawl = stage.crawl(person)
    for row in asked(ROWS, person, "POST"):
        if row.route in ENDS:
            continue
        for one in stage.objects[row.of] if row.of else [None]:
            path = f"POST {stage.path(row, one)}"
            if not crawl.has_enough_of(path):
                crawl.look(path, stage.ask(stage.hidden(person), row, one))
    assert not crawl.leaks, "\n".join(crawl.leaks)
    assert [path for path, status in crawl.opened.items() if status == 500] == []
    assert len(crawl.opened) > 10


def answers() -> dict[str, Response]:
    """Answers of every kind that the application has, each with a child's name in one place."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as packed:
        packed.writestr(FILE_NAME, b"")
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w") as packed:
        packed.writestr("xl/sharedStrings.xml", "<si><t>Adeyemi, R.</t></si>")
    pdf = make_pdf(["<p>Seen by Zoë</p>"], Whole("Report", ""), seconds=60)
    titled = make_pdf(["<p>Nobody</p>"], Whole("Rose Adeyemi", ""), seconds=60)
    spec = {"data": {"values": [{"who": "Zo\u00eb", "n": 1}]}}
    disposition = "attachment; filename*=UTF-8''Zo%C3%AB%20report.pdf"
    return {
        "a page": Response("<p>saw RANSOME again</p>"),
        "a middle name": Response("<p>Philomena was here</p>"),
        "a tooltip": Response('<a title="Iestyn">x</a>'),
        "an escape": Response("<p>Zo&euml; and O&rsquo;Shaughnessy</p>"),
        "a field": Response('<input name="q" value="R*** saw it">'),
        "a title": Response("<title>May</title>"),
        "a name behind a number": Response("<p>Year 7 May O.</p>"),
        "a list for a script": Response(json_body=[{"text": "Zo\u00eb"}], content_type="application/json"),
        "a drawing": Response(b"<svg><title>Okonkwo</title></svg>", content_type="image/svg+xml"),
        "a chart": Response(f"<div data-spec='{json.dumps(spec)}'></div>"),
        "a table": Response("name;n\r\nPemberton;1", content_type="text/csv"),
        "a word in a name": Response("letter_pembertonhayes.docx", content_type="text/plain"),
        "a file's name": Response(b"x", content_disposition=disposition),
        "an address": Response(b"", location="/students?q=Adeyemi"),
        "a name in a zip": Response(zipped.getvalue(), content_type="application/zip"),
        "a spreadsheet": Response(sheet.getvalue(), content_type="application/zip"),
        "a PDF": Response(pdf, content_type="application/pdf"),
        "a PDF's title": Response(titled, content_type="application/pdf"),
    }


def test_the_crawl_notices_a_name_wherever_it_is(stage: Poisoned) -> None:
    """Proof that the guard guards: it finds a name in each kind of answer, and none where there is none."""
    for where, answer in answers().items():
        crawl = stage.crawl("lead")
        crawl.look(where, answer)
        assert crawl.leaks, where
    crawl = stage.crawl("lead")
    crawl.look("clean", Response("<p>Mark as read. R*** will mark the rose in may, at Rosewood</p>"))
    crawl.look("dates", Response("<p>Wednesday 1 May</p><h1>May 2030</h1>"))
    by_chance = "eN4aJUPukM6bvZIt1pC21AEcd5ZoE/3SL9Upjod8NDyXockP"
    sealed = f'<input name="sealed" value="{by_chance}"> <a href="/authenticator/#t={by_chance}">'
    crawl.look("sealed", Response(sealed))
    crawl.look("of a key", Response(f'<div data-options=\'{{"challenge": "{by_chance}"}}\'></div>'))
    assert not crawl.leaks
    crawl.look("a text", Response(f"<p>{by_chance}</p>"))
    assert crawl.leaks


def test_a_page_that_leaks_is_noticed(
    app: Application, stage: Poisoned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof that the guard guards: a page that writes what is in the database."""

    def leaking(request: Any) -> Response:
        texts = request.db.scalars(select(Incident.text)).all()
        return Response(f"<p>{texts[0]}</p>")

    def includeme(config: Configurator) -> None:
        routes = ModuleRoutes(config, CORE)
        routes.route("leaking", "/leaking")
        routes.view(leaking, "leaking", permission=SIGNED_IN, audit=NotAudited("test"))

    part = types.ModuleType("leaking_part")
    part.includeme = includeme  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "leaking_part", part)
    monkeypatch.setattr(cpoms_core.config, "PARTS", (*cpoms_core.config.PARTS, "leaking_part"))
    browser = Browser(cpoms_core.config.configure(app), extra_environ={"HTTP_HOST": stage.ours.host})
    browser.set_cookie(cookie_name(app), stage.ours.session_token("lead"))
    hide(browser)
    crawl = Crawl(stage.ours, browser)
    crawl.follow(["/leaking"])
    assert crawl.leaks
    assert all(leak.startswith("/leaking") for leak in crawl.leaks)
