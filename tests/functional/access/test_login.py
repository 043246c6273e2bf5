"""Logging in: e-mail and password, then the key (ACC-07, ACC-09, ACC-12)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import csrf_of, form_with, text_of
from logging_in import account_of, at_once, code_of, events, log_in, session_of, travel, wrong_code
from sqlalchemy import update

from cpoms_core.access import login, passwords
from cpoms_core.access.models import Account, SoftKey, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.keys import soft_keys
from cpoms_core.keys.using import OLD_CODE
from cpoms_core.testing.schools import PASSWORD, SchoolForTests

NOBODY = "nobody@elsewhere.example"


def change(school: SchoolForTests, model: Any, condition: Any, **values: Any) -> None:
    with school.app.transaction(school.id) as db:
        db.execute(update(model).where(condition).values(**values))


def test_right_password_gives_a_restricted_session(web: Any, school: SchoolForTests) -> None:
    """ACC-07: after e-mail and password the session is restricted; a key holder is asked for the key."""
    browser = web(school)
    asked = log_in(browser, school, "lead").follow()
    assert "Use your key" in text_of(asked)
    assert session_of(school, browser.session).access == "restricted"
    assert "Elevate your access" in text_of(browser.get("/account"))
    assert asked.html.find("a", string="Go on without your key")["href"] == "/"
    assert events(school)[-2:] == ["login.restricted", "account.viewed"]


def test_a_user_without_a_key_is_not_asked_for_one(web: Any, school: SchoolForTests) -> None:
    """ACC-07: "Elevate your access" shows only where there is a key."""
    browser = web(school)
    assert log_in(browser, school, "teacher").follow().location.endswith("/")
    assert "Elevate your access" not in text_of(browser.get("/account"))


def test_email_is_compared_without_capitals(web: Any, school: SchoolForTests) -> None:
    """ACC-07: people do not mind capitals and spaces in their address."""
    browser = web(school)
    email = f" {school.emails['teacher'].upper()} "
    assert browser.submit("/login", {"email": email, "password": PASSWORD}).status_int == 302


@pytest.mark.parametrize(
    "who", ["wrong", "unknown", "deactivated", "disabled", "no password", "other school"]
)
def test_every_failure_has_the_same_answer(
    web: Any, school: SchoolForTests, other_school: SchoolForTests, who: str
) -> None:
    """ACC-07, ACC-02: nobody learns from the log-in page whose address it is."""
    browser, email, password = web(school), school.emails["teacher"], PASSWORD
    if who == "wrong":
        password = "not the password"
    elif who == "unknown":
        email = NOBODY
    elif who == "deactivated":
        change(school, User, User.id == school.users["teacher"], deactivated_at=utc_now())
    elif who == "disabled":
        change(school, Account, Account.id == account_of(school, "teacher"), disabled_at=utc_now())
    elif who == "no password":
        change(school, Account, Account.id == account_of(school, "teacher"), password_hash=None)
    else:
        email = other_school.emails["teacher"]
    answer = browser.submit("/login", {"email": email, "password": password})
    assert answer.status_int == 200
    assert login.WRONG in text_of(answer)
    assert "session" not in browser.cookies
    assert events(school)[-1] == "login.wrong-password"


def test_password_is_verified_for_unknown_addresses_too(
    web: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACC-02: an unknown address costs the same work as a known one."""
    verified = []
    real = passwords._hasher.verify

    def verify(password_hash: str, password: str) -> bool:
        verified.append(password)
        return bool(real(password_hash, password))

    monkeypatch.setattr(passwords, "_hasher", type("H", (), {"verify": staticmethod(verify)}))
    for email in (NOBODY, school.emails["teacher"]):
        web(school).submit("/login", {"email": email, "password": "not the password"})
    assert verified == ["not the password"] * 2


def test_elevating_makes_a_new_session(web: Any, school: SchoolForTests) -> None:
    """ACC-07: the key elevates; the token from before is worthless."""
    browser = web(school)
    log_in(browser, school, "lead")
    before = browser.session
    page = browser.get("/elevate?next=/account")
    form = form_with(page, "code")
    form["code"] = code_of(school, "lead")
    answer = form.submit()
    assert answer.location.endswith("/account")
    after = browser.session
    assert after != before
    assert session_of(school, after).access == "elevated"
    assert session_of(school, before).ended_at is not None
    assert csrf_of(page) != csrf_of(browser.get("/account"))
    browser.set_cookie("session", before)
    assert browser.get("/account").location.endswith("/login?next=%2Faccount")


def test_code_may_drift_by_one_step_each_way(web: Any, school: SchoolForTests) -> None:
    """ACC-09: one step of drift each way is accepted."""
    for steps, accepted in ((-2, False), (-1, True), (2, False), (1, True)):
        with travel(utc_now()):  # no step ends between the code and its answer
            browser = web(school, "lead", elevated=False)
            answer = browser.submit("/elevate", {"code": code_of(school, "lead", steps=steps)})
        assert (answer.status_int == 302) is accepted, steps
        if not accepted:
            assert soft_keys.DRIFT == 1
            assert OLD_CODE in text_of(answer)


@pytest.mark.parametrize("code", ["wrong", "", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5a"])
def test_wrong_code_says_what_to_do(web: Any, school: SchoolForTests, code: str) -> None:
    """ACC-09: "Incorrect or out of date code", with a hint on date, time and zone."""
    browser = web(school, "lead", elevated=False)
    answer = browser.submit("/elevate", {"code": wrong_code(school, "lead") if code == "wrong" else code})
    assert answer.status_int == 200
    said = text_of(answer)
    assert ("Incorrect or out of date code" in said and "time zone" in said) or not code
    assert session_of(school, browser.session).access == "restricted"


def test_code_with_a_space_in_it_is_right(web: Any, school: SchoolForTests) -> None:
    """ACC-09: authenticators show "123 456"."""
    code = code_of(school, "lead")
    browser = web(school, "lead", elevated=False)
    assert browser.submit("/elevate", {"code": f"{code[:3]} {code[3:]}"}).status_int == 302


def test_code_is_accepted_once(web: Any, school: SchoolForTests) -> None:
    """ACC-09: of eight parallel uses of one code one wins."""
    code = code_of(school, "lead")
    browsers = [web(school, "lead", elevated=False) for _ in range(8)]
    tokens = [browser.csrf("/account") for browser in browsers]

    def use(number: int) -> int:
        fields = {"code": code, "csrf_token": tokens[number]}
        return int(browsers[number].post("/elevate", fields).status_int)

    assert sorted(at_once(8, use)) == [200] * 7 + [302]
    assert events(school).count("login.elevated") == 1


def test_older_code_is_refused_after_a_newer_one(web: Any, school: SchoolForTests) -> None:
    """ACC-09: a code is accepted once only, and no older one after it."""
    assert (
        web(school, "lead", elevated=False).submit("/elevate", {"code": code_of(school, "lead")}).status_int
        == 302
    )
    again = web(school, "lead", elevated=False).submit(
        "/elevate", {"code": code_of(school, "lead", steps=-1)}
    )
    assert again.status_int == 200


def test_removed_key_opens_nothing(web: Any, school: SchoolForTests) -> None:
    """ACC-07, ACC-09: a removed key's code is nothing, and a session that it elevated is restricted."""
    restricted, elevated = web(school, "lead", elevated=False), web(school, "lead", elevated=True)
    change(school, SoftKey, SoftKey.account_id == account_of(school, "lead"), removed_at=utc_now())
    assert restricted.get("/elevate").status_int == 302  # no key left to ask for
    with school.app.transaction(school.id) as db:
        code = code_of(school, "lead")
        assert soft_keys.accept_code(db, account_of(school, "lead"), code, utc_now()) is None
    assert elevated.get("/admin", expect_errors=True).status_int == 404


def test_deactivated_user_is_out_at_once(web: Any, school: SchoolForTests) -> None:
    """ACC-12, USR-02: sessions of a deactivated user end at once."""
    browser = web(school, "teacher")
    assert browser.get("/account").status_int == 200
    change(school, User, User.id == school.users["teacher"], deactivated_at=utc_now())
    assert browser.get("/account").status_int == 302


def test_session_of_another_school_is_nobody(
    web: Any, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-12: a cookie is good at its own school's host only."""
    browser = web(other_school)
    browser.set_cookie("session", school.session_token("lead"))
    assert browser.get("/account").location.endswith("/login?next=%2Faccount")


def test_log_out_ends_the_session(web: Any, school: SchoolForTests) -> None:
    """ACC-12: log-out: the cookie goes, and the token is worthless even where it was kept."""
    browser = web(school, "lead")
    token = browser.session
    answer = browser.submit("/logout", {"csrf_token": browser.csrf("/account")})
    assert answer.location.endswith("/login?said=logged-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "You are logged out." in text_of(answer.follow())
    assert "session" not in browser.cookies
    assert events(school)[-1] == "logout"
    browser.set_cookie("session", token)
    assert browser.get("/account").status_int == 302


def test_log_out_is_a_post(web: Any, school: SchoolForTests) -> None:
    """ACC-12: a picture on another site must not log people out."""
    browser = web(school, "lead")
    assert browser.get("/logout", expect_errors=True).status_int == 404
    assert browser.get("/account").status_int == 200


def test_going_on_where_one_wanted_to(web: Any, school: SchoolForTests) -> None:
    """ACC-07: the page that was asked for comes after password and key, through a wrong try of each."""
    browser = web(school)
    page = browser.get("/account/keys/add").follow()
    for password in ("not the password", PASSWORD):
        form = form_with(page, "password")
        form["email"], form["password"] = school.emails["lead"], password
        page = form.submit()
    page = page.follow()
    for code in (wrong_code(school, "lead"), code_of(school, "lead")):
        form = form_with(page, "code")
        form["code"] = code
        page = form.submit()
    assert page.location.endswith("/account/keys/add")


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "http:evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/\tevil",
        "\\\\evil",
        "",
        "evil",
        "/a\\b",
        " //evil.example",
        "/\x7f",
    ],
)
def test_no_other_site_comes_after_log_in(web: Any, school: SchoolForTests, target: str) -> None:
    """ACC-07: only a path of our own; anything else is the dashboard."""
    browser = web(school)
    fields = {"email": school.emails["teacher"], "password": PASSWORD, "next": target}
    answer = browser.submit("/login", fields)
    assert answer.location.endswith("/elevate?next=%2F")
    assert browser.get("/elevate", {"next": target}).location == f"http://{school.host}/"


def test_cookie_of_a_session(web: Any, school: SchoolForTests) -> None:
    """ACC-12: scripts cannot read it, other sites do not send it."""
    answer = log_in(web(school), school, "teacher")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("session=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert "Path=/" in cookie and "omain" not in cookie
