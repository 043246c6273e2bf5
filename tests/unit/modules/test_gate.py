"""MOD-01, the gate: a page of a module that is off is not there, whoever asks and however; and proof that the
tests notice when the gate is taken out. A module's hook register_routes declares its pages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.config import configure
from cpoms_core.modules import routes
from cpoms_core.testing.conformance import Browser, browser_for, filled, turn, views_of
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.walls import assert_shut

PAGES = [
    "/probe/notes",
    "/probe/notes/00000000-0000-7000-8000-000000000000",
    "/probe/echo",
    "/probe/students/00000000-0000-7000-8000-000000000000",
    "/probe/incidents/00000000-0000-7000-8000-000000000000",
    "/probe/actions/00000000-0000-7000-8000-000000000000",
    "/static/modules/probe/probe.txt",
    "/static/modules/probe/not-there.txt",
    "/static/modules/probe/../probe/probe.txt",
]
OPEN = ["/probe/notes", "/probe/echo", "/static/modules/probe/probe.txt"]


def test_the_list_of_pages_is_the_probes(probe_wsgi: Any) -> None:
    declared = {filled(pattern) for pattern, _view in views_of(probe_wsgi, "probe")}
    assert len(declared) == 7
    assert {page.split("/")[2] for page in PAGES} >= {page.split("/")[2] for page in declared}


@pytest.mark.parametrize("who", ["lead", "teacher"])
def test_off_every_page_is_as_if_it_never_was(probe_wsgi: Any, school: SchoolForTests, who: str) -> None:
    turn(school, "probe", False)
    assert_shut(browser_for(probe_wsgi, school, who), PAGES)


def test_off_a_public_page_is_not_there_for_nobody_either(probe_wsgi: Any, school: SchoolForTests) -> None:
    turn(school, "probe", False)
    nobody = Browser(probe_wsgi, extra_environ={"HTTP_HOST": school.host})
    for page in PAGES:
        answer = nobody.get(page, status="*")
        assert (answer.status_int, answer.body) == (404, nobody.get("/nowhere", status=404).body)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_off_no_method_answers(probe_wsgi: Any, school: SchoolForTests, method: str) -> None:
    turn(school, "probe", False)
    browser = browser_for(probe_wsgi, school, "lead")
    for page in PAGES:
        assert browser._gen_request(method, page, expect_errors=True).status_int == 404


def test_off_a_post_without_a_token_is_not_there(probe_wsgi: Any, school: SchoolForTests) -> None:
    """404 and not 400 or 403: the gate stands before the form's token and before permissions."""
    turn(school, "probe", False)
    browser = browser_for(probe_wsgi, school, "lead")
    assert browser.post("/probe/echo", {"csrf_token": "wrong"}, status="*").status_int == 404
    assert browser.post("/probe/echo", {}, status="*").status_int == 404
    assert browser.post_json("/probe/echo", {}, status="*").status_int == 404


def test_on_again_it_answers_and_off_again_not(
    probe_wsgi: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """While the system runs: the next request feels the switch."""
    lead = browser_for(probe_wsgi, school, "lead")
    for turns in range(2):
        assert all(lead.get(page, status="*").status_int == 200 for page in OPEN), turns
        assert lead.post("/probe/echo", {"csrf_token": lead.csrf()}).json == {"method": "POST"}
        turn(school, "probe", False)
        assert all(lead.get(page, status="*").status_int == 404 for page in OPEN), turns
        turn(school, "probe", True)


def test_a_switch_is_of_one_school(probe_app: Application, probe_wsgi: Any, school: SchoolForTests) -> None:
    from cpoms_core.testing.schools import make_school

    other = make_school(probe_app)
    turn(school, "probe", False)
    assert browser_for(probe_wsgi, other, "lead").get("/probe/echo").status_int == 200
    assert browser_for(probe_wsgi, school, "lead").get("/probe/echo", status="*").status_int == 404


def test_on_permissions_still_count(probe_wsgi: Any, school: SchoolForTests) -> None:
    teacher = browser_for(probe_wsgi, school, "teacher")
    assert teacher.get("/probe/echo").status_int == 200
    assert teacher.get("/probe/notes", status="*").status_int == 404


def test_a_view_of_a_module_is_audited(
    probe_app: Application, probe_wsgi: Any, school: SchoolForTests
) -> None:
    browser_for(probe_wsgi, school, "lead").get("/probe/notes")
    with probe_app.session(school.id, writes=False) as db:
        assert "probe.listed" in set(db.scalars(select(AuditEntry.event)))


def test_where_no_school_is_asked_modules_are_off(probe_wsgi: Any) -> None:
    """Static files answer on every host, but a module's only where it is on."""
    nowhere = Browser(probe_wsgi, extra_environ={"HTTP_HOST": "unknown.example"})
    assert nowhere.get("/static/modules/probe/probe.txt", status="*").status_int in (400, 404)


# --- proof that the guard guards -------------------------------------------------------------------------


def _open_gate(view: Any, _info: Any) -> Any:
    return view


_open_gate.options = ("module", "needs")  # type: ignore[attr-defined]


def test_without_the_gate_the_test_of_shut_pages_fails(
    probe_app: Application, probe_wsgi: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn(school, "probe", False)
    assert_shut(browser_for(probe_wsgi, school, "lead"), PAGES)
    monkeypatch.setattr(routes, "gate", _open_gate)
    ungated = configure(probe_app)
    # the pages that need no permission of the module: those do not count either where it is off
    for page in ("/probe/echo", "/static/modules/probe/probe.txt"):
        with pytest.raises(AssertionError, match="answered 200"):
            assert_shut(browser_for(ungated, school, "lead"), [page])


def test_a_gate_at_pyramids_usual_place_would_be_noticed(
    probe_app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After permissions and the form's token an off module answered 403 or 400 when it was tried."""
    gate, include = routes.gate, routes.includeme

    def includeme(config: Any) -> None:
        include(config)
        config.add_view_deriver(lambda view, info: gate(view, info), name="late_gate")  # noqa: PLW0108 - without its options

    monkeypatch.setattr(routes, "gate", _open_gate)
    monkeypatch.setattr(routes, "includeme", includeme)
    late = browser_for(configure(probe_app), school, "lead")
    turn(school, "probe", False)
    assert late.get("/probe/echo", status="*").status_int == 404
    assert late.post("/probe/echo", {}, status="*").status_int != 404, "a late gate lets the token be checked"
