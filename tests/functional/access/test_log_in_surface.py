"""What the pages of logging in ask for, and what a session's cookie is (ASVS V6, V7)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import text_of
from bs4 import BeautifulSoup
from logging_in import log_in
from test_reset import NEW, ask, choose, links

from cpoms_core.access.models import LoginSession
from cpoms_core.access.sessions import hashed
from cpoms_core.application import Application
from cpoms_core.testing.schools import SchoolForTests

PAGES = ("/login", "/forgotten", "/", "/account", "/help")


def fields(page: Any, action: str) -> dict[str, Any]:
    """What a form asks for, by name; the token aside."""
    form = BeautifulSoup(page.text, "html.parser").find("form", {"action": action})
    assert form is not None, action
    return {one["name"]: one for one in form.find_all(["input", "select"]) if one["name"] != "csrf_token"}


def test_nothing_but_address_and_password_is_asked_for(web: Any, school: SchoolForTests) -> None:
    """ACC-01, V6.4.2: no hint, no secret question, neither to log in nor to set a password."""
    visitor = web(school)
    assert set(fields(visitor.get("/login"), "/login")) - {"next"} == {"email", "password"}
    assert set(fields(visitor.get("/forgotten"), "/forgotten")) == {"email"}
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    page = visitor.get(f"/password/{token}")
    assert set(fields(page, f"/password/{token}")) == {"email", "password", "repeat"}
    assert page.html.find("input", {"name": "email"}).has_attr("hidden")  # for password managers


def test_passwords_are_masked_and_managers_fill_them_in(web: Any, school: SchoolForTests) -> None:
    """V6.2.6, V6.2.7: type=password with its autocomplete; nothing stops pasting; what was typed wrong does
    not come back."""
    visitor = web(school)
    ask(web, school, school.emails["teacher"])
    (token,) = links(school)
    wrong = visitor.submit("/login", {"email": school.emails["teacher"], "password": "typed-wrong-here"})
    asked = [
        (visitor.get("/login"), "/login", "password", "current-password"),
        (wrong, "/login", "password", "current-password"),
        (visitor.get(f"/password/{token}"), f"/password/{token}", "password", "new-password"),
        (visitor.get(f"/password/{token}"), f"/password/{token}", "repeat", "new-password"),
    ]
    for page, action, name, filled_in_as in asked:
        field = fields(page, action)[name]
        assert (field["type"], field.get("autocomplete")) == ("password", filled_in_as), action
        assert not field.get("value")
        assert not [attribute for attribute in field.attrs if attribute.startswith("on")]
    assert "typed-wrong-here" not in wrong.text


def test_a_new_password_is_no_key(web: Any, school: SchoolForTests) -> None:
    """V6.4.3: whoever holds a reset link holds no second factor: the key is asked for as before."""
    ask(web, school, school.emails["lead"])
    (token,) = links(school)
    choose(web, school, token)
    browser = web(school)
    assert "/elevate" in log_in(browser, school, "lead", NEW).location
    assert browser.get("/admin", expect_errors=True).status_int == 404
    assert "code" in text_of(browser.get("/elevate"))


def test_forged_and_cut_cookies_are_nobody(web: Any, school: SchoolForTests) -> None:
    """V7.2.1: the server looks each session up; what it did not make opens nothing."""
    real = school.session_token("lead")
    for forged in (real[:-1], real[1:], real + "x", real.swapcase(), "a" * 43, "", "%00", "../../etc/passwd"):
        browser = web(school)
        browser.set_cookie("session", forged)
        assert browser.get("/account").status_int == 302, forged
    browser = web(school)
    browser.set_cookie("session", real)
    assert browser.get("/account").status_int == 200


def test_tokens_of_sessions_cannot_be_guessed(app: Application, school: SchoolForTests) -> None:
    """V7.2.2, V7.2.3: 256 random bits, new each time; the database keeps only their hash."""
    tokens = [school.session_token("teacher") for _ in range(200)]
    assert len(set(tokens)) == 200
    assert {len(token) for token in tokens} == {43}
    for place in range(43):
        assert len({token[place] for token in tokens}) > 10, f"character {place} hardly changes"
    with app.session(school.id, writes=False) as db:
        kept = db.get_one(LoginSession, hashed(tokens[0]))
        assert tokens[0] not in str(vars(kept))


@pytest.mark.parametrize("who", ["lead", "admin", "teacher"])
def test_every_page_can_be_logged_out_from(web: Any, school: SchoolForTests, who: str) -> None:
    """ACC-12, V7.4.4: the frame has it."""
    browser = web(school, who)
    for path in ("/", "/account", "/help", "/incidents/add", "/admin", "/admin/users", "/nothing-there"):
        page = browser.get(path, expect_errors=True)
        if page.status_int < 300 or page.status_int == 404:
            assert 'action="/logout"' in page.text, path
