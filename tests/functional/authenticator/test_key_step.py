"""ACC-10: the key step of a log-in asks the phone, shows two digits, and goes on."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from browsing import text_of
from logging_in import account_of, at_once, events, mails, session_of, travel
from sqlalchemy import func, select, update

from cpoms_core.access.models import LoginApproval, SoftKey
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.authenticator.prompts import PROMPTS
from cpoms_core.testing.phones import Phone, PhoneBrowser, phone_of
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def phone(school: SchoolForTests) -> Phone:
    """The lead's phone."""
    return phone_of(school, "lead")


def ask(browser: Any) -> Any:
    """Asks the phone, as the page's script does."""
    headers = {"X-CSRF-Token": browser.csrf()}
    return browser.fetch("POST", "/elevate/approval/start", headers=headers).json


def stands(browser: Any) -> Any:
    return browser.fetch("GET", "/elevate/approval/state").json


def reply(phone_browser: PhoneBrowser, phone: Phone, decision: str, number: str = "") -> Any:
    """Answers the newest log-in that waits, as the person would."""
    waiting = phone_browser.send("pending", phone.question(phone_browser.nonce())).json["log_ins"]
    message = phone.answer(phone_browser.nonce(), waiting[0]["id"], decision, number)
    return phone_browser.send("decide", message).json["outcome"]


def count(school: SchoolForTests, who: str) -> int:
    with school.app.session(school.id, writes=False) as db:
        mine = LoginApproval.account_id == account_of(school, who)
        return db.scalar(select(func.count()).select_from(LoginApproval).where(mine)) or 0


def test_approved_on_the_phone(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-07, ACC-10: the session goes on elevated by the phone's key, under a new token."""
    browser = web(school, "lead", elevated=False)
    before = browser.session
    asked = ask(browser)
    assert re.fullmatch("[1-9][0-9]", asked["number"]) and asked["standing"] == "waiting"
    assert stands(browser)["standing"] == "waiting"
    assert reply(phone_browser, phone, "approve", asked["number"]) == "approved"
    assert stands(browser)["standing"] == "approved"
    done = browser.submit("/elevate/approval/finish", {"next": "/account"})
    assert done.location.endswith("/account")
    assert session_of(school, before).ended_at is not None
    session = session_of(school, browser.session)
    assert (session.access, session.key_id) == ("elevated", phone.device_id)
    assert "Elevate your access" not in text_of(browser.get("/account"))
    assert [event for event in events(school) if event.startswith("login.")][-2:] == [
        "login.approved",
        "login.elevated",
    ]
    with school.app.session(school.id, writes=False) as db:
        assert db.get_one(SoftKey, phone.device_id).first_used_at is not None


def test_without_scripts(web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser) -> None:
    """ACC-10: buttons ask the phone and go on; before the answer the page says that it waits."""
    browser = web(school, "lead", elevated=False)
    page = browser.get("/elevate?next=/account")
    page = next(f for f in page.forms.values() if f.action.endswith("start")).submit().follow()
    number = page.html.find(attrs={"data-number": ""}).text
    finish = next(f for f in page.forms.values() if f.action.endswith("finish"))
    waiting = finish.submit().follow()
    assert waiting.html.find(attrs={"data-number": ""}).text == number
    assert reply(phone_browser, phone, "approve", number) == "approved"
    assert finish.submit().location.endswith("/account")
    assert session_of(school, browser.session).access == "elevated"


def test_denied_on_the_phone(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: the page says so plainly, the session stays restricted, the owner gets a mail, and the phone is
    left in peace for a while; the code still works."""
    browser = web(school, "lead", elevated=False)
    ask(browser)
    assert reply(phone_browser, phone, "deny") == "denied"
    assert stands(browser)["standing"] == "denied"
    assert "was denied on your phone" in text_of(browser.get("/elevate"))
    finished = browser.submit("/elevate/approval/finish")
    assert finished.location.endswith("/elevate?next=%2F")
    assert session_of(school, browser.session).access == "restricted"
    assert len(mails(school, "login-denied")) == 1 and "login.denied" in events(school)
    again = ask(browser)
    assert again["standing"] == "wait" and "You can type a code instead" in again["message"]
    page = browser.submit("/elevate/approval/start").follow()
    assert "Your phone was not asked" in text_of(page)
    with travel(utc_now() + dt.timedelta(minutes=14)):
        assert ask(web(school, "lead", elevated=False))["standing"] == "wait"
    with travel(utc_now() + dt.timedelta(minutes=16)):
        assert ask(web(school, "lead", elevated=False))["standing"] == "waiting"


def test_an_approval_is_for_the_session_that_asked(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: another session of the same user, and a colleague's, get nothing out of it."""
    asking, other = web(school, "lead", elevated=False), web(school, "lead", elevated=False)
    colleague = web(school, "head", elevated=False)
    number = ask(asking)["number"]
    assert stands(other)["standing"] == stands(colleague)["standing"] == "none"
    assert reply(phone_browser, phone, "approve", number) == "approved"
    for browser in (other, colleague):
        browser.submit("/elevate/approval/finish")
        assert session_of(school, browser.session).access == "restricted"
    asking.submit("/elevate/approval/finish")
    assert session_of(school, asking.session).access == "elevated"


def test_an_approval_is_used_once(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: of four requests at one moment one gets the elevated session."""
    browser = web(school, "lead", elevated=False)
    token, fields = browser.session, {"csrf_token": browser.csrf()}
    reply(phone_browser, phone, "approve", ask(browser)["number"])

    def finish(_n: int) -> str:
        tab = web(school)
        tab.set_cookie("session", token)
        return str(tab.post("/elevate/approval/finish", fields, expect_errors=True).headers.get("Set-Cookie"))

    cookies = at_once(4, finish)
    assert sum("session=" in cookie for cookie in cookies) == 1, cookies
    assert events(school).count("login.elevated") == 1


def test_an_approval_does_not_keep(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: two minutes after Approve it is good for nothing; an unanswered question runs out as well."""
    browser = web(school, "lead", elevated=False)
    number = ask(browser)["number"]
    with travel(utc_now() + dt.timedelta(seconds=121)):
        assert stands(browser)["standing"] == "expired"
        assert "Nobody answered in time" in text_of(browser.get("/elevate"))
    reply(phone_browser, phone, "approve", number)
    with travel(utc_now() + dt.timedelta(seconds=121)):
        browser.submit("/elevate/approval/finish")
    assert session_of(school, browser.session).access == "restricted"


def test_an_approval_dies_with_its_key(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: a key that is removed between Approve and going on elevates nothing."""
    browser = web(school, "lead", elevated=False)
    reply(phone_browser, phone, "approve", ask(browser)["number"])
    with school.app.transaction(school.id) as db:
        db.execute(update(SoftKey).where(SoftKey.id == phone.device_id).values(removed_at=utc_now()))
    browser.submit("/elevate/approval/finish")
    assert session_of(school, browser.session).access == "restricted"


def test_one_question_is_open_at_a_time(web: Any, school: SchoolForTests, phone: Phone) -> None:
    """ACC-10: a page that is loaded again, and two tabs at one moment, ask nothing more."""
    browser = web(school, "lead", elevated=False)
    token, headers = browser.session, {"X-CSRF-Token": browser.csrf()}

    def ask_again(_n: int) -> Any:
        tab = web(school)
        tab.set_cookie("session", token)
        found = tab.fetch("POST", "/elevate/approval/start", headers=headers).json
        return found.get("number", str(found))

    numbers = at_once(4, ask_again)
    assert len(set(numbers)) == 1, numbers
    assert ask(browser)["number"] == numbers[0]
    assert count(school, "lead") == 1


def test_a_phone_is_not_worn_down(web: Any, school: SchoolForTests, phone: Phone) -> None:
    """ACC-10: who has the password and logs in again and again asks a few times, then a code is needed."""
    standings = [ask(web(school, "lead", elevated=False))["standing"] for _ in range(PROMPTS + 2)]
    assert standings == ["waiting"] * PROMPTS + ["wait"] * 2
    assert count(school, "lead") == PROMPTS


def test_who_has_no_phone_is_asked_for_a_code(web: Any, school: SchoolForTests, phone: Phone) -> None:
    """ACC-10: the part of the page is there only for accounts with an approving phone."""
    assert phone.device_id == school.keys["lead"]
    assert "Approve on your phone" in text_of(web(school, "lead", elevated=False).get("/elevate"))
    head = web(school, "head", elevated=False)
    assert "Approve on your phone" not in text_of(head.get("/elevate"))
    assert ask(head)["standing"] == "none"
    assert count(school, "head") == 0


def test_waiting_does_not_keep_a_session_alive(web: Any, school: SchoolForTests, phone: Phone) -> None:
    """ACC-12: the page asks each second, and that is no activity of a person."""
    browser = web(school, "lead", elevated=False)
    ask(browser)
    touched = session_of(school, browser.session).touched_at
    with travel(utc_now() + dt.timedelta(minutes=3)):
        stands(browser)
    assert session_of(school, browser.session).touched_at == touched


def test_the_number_is_told_to_the_asking_page_only(
    web: Any, school: SchoolForTests, phone: Phone, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: the phone's owner has to look at the page; the phone is never told the number."""
    browser = web(school, "lead", elevated=False)
    number = ask(browser)["number"]
    answer = phone_browser.send("pending", phone.question(phone_browser.nonce()))
    (shown,) = answer.json["log_ins"]
    assert "number" not in shown
    with school.app.session(school.id, writes=False) as db:
        mine = LoginApproval.session_hash == hashed(browser.session)
        assert db.scalars(select(LoginApproval).where(mine)).one().number == number
