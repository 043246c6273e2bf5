"""Account settings and new authenticators (ACC-05, ACC-08)."""

from __future__ import annotations

import urllib.parse
from typing import Any

import pyotp
import pytest
from browsing import form_with, text_of
from logging_in import account_of, at_once, code_of, events
from sqlalchemy import select, update

from cpoms_core.access.models import SoftKey
from cpoms_core.access.viewer import utc_now
from cpoms_core.keys.soft_keys import NewKey
from cpoms_core.testing.schools import PASSWORD, SchoolForTests


def keys(school: SchoolForTests, who: str) -> list[SoftKey]:
    with school.app.session(school.id, writes=False) as db:
        account = account_of(school, who)
        return list(db.scalars(select(SoftKey).where(SoftKey.account_id == account).order_by(SoftKey.id)))


def secret_on(page: Any) -> str:
    """The secret as a person copies it from the page."""
    groups = page.html.find("code").text.split(" ")
    assert all(len(group) == 4 for group in groups)
    return "".join(groups)


def row_of(page: Any, name: str) -> str:
    """What the list says of a key."""
    return str(page.html.find("strong", string=name).find_parent("li").text)


def now_shows(secret: str) -> str:
    return pyotp.TOTP(secret).at(utc_now())


def test_add_a_device(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-05: QR code and secret, a name, a current code; then it is listed, not used yet, until it was."""
    browser = web(school, "lead", elevated=True)
    page = browser.get("/account").click("Security keys", index=0).click("Add new device")
    assert page.html.find("img")["src"].startswith("data:image/svg+xml")
    assert "camera app" in text_of(page)
    form = form_with(page, "code")
    secret = secret_on(page)
    form["name"], form["code"] = "My tablet", now_shows(secret)
    listed = form.submit().follow()
    assert "The key is added" in text_of(listed)
    assert "Not used yet" in row_of(listed, "My tablet")
    assert events(school)[-2] == "key.added"
    clock(seconds=31)
    again = web(school, "lead", elevated=False)
    assert again.submit("/elevate", {"code": now_shows(secret)}).status_int == 302
    row = row_of(again.get("/account/keys"), "My tablet")
    assert "Not used yet" not in row and "Last used" in row


def test_first_device_asks_to_be_used(web: Any, school: SchoolForTests) -> None:
    """ACC-05, ACC-07, ACC-08: who had none adds one in a restricted session, and may then elevate it."""
    browser = web(school, "teacher")
    assert "Elevate your access" not in text_of(browser.get("/account"))
    page = browser.get("/account/keys/add")
    form = form_with(page, "code")
    form["name"], form["code"] = "My phone", now_shows(secret_on(page))
    done = text_of(form.submit().follow())
    assert "Elevate your access" in done and "My phone" not in done


def test_qr_code_is_the_secret_of_the_page(school: SchoolForTests) -> None:
    """ACC-05: the address names the school and the user, and uses six digits and 30 seconds."""
    from cpoms_core.keys.soft_keys import provisioning_address

    address = provisioning_address(
        "ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP", email="a@b.example", school_name="A & B"
    )
    parts = urllib.parse.urlsplit(address)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert urllib.parse.unquote(parts.path) == "/A & B:a@b.example"
    query = urllib.parse.parse_qs(parts.query)
    assert query["secret"] == ["ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP"]
    assert query.get("digits", ["6"]) == ["6"] and query.get("period", ["30"]) == ["30"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("Phone", "000000", "Incorrect or out of date code"),
        ("Phone", "", "Type the 6 digits"),
        ("", "right", "Give it a name"),
        ("   ", "right", "Give it a name"),
        ("x" * 81, "right", "at most 80 characters"),
    ],
)
def test_nothing_is_saved_without_proof(
    web: Any, school: SchoolForTests, name: str, code: str, said: str
) -> None:
    """ACC-05: says what is missing, keeps the same secret, and the next try can be right."""
    browser = web(school, "teacher")
    page = browser.get("/account/keys/add")
    secret = secret_on(page)
    form = form_with(page, "code")
    form["name"], form["code"] = name, now_shows(secret) if code == "right" else code
    page = form.submit()
    assert said in text_of(page)
    assert keys(school, "teacher") == []
    assert secret_on(page) == secret
    form = form_with(page, "code")
    form["name"], form["code"] = "Phone", now_shows(secret)
    assert form.submit().status_int == 302


def test_code_that_proved_a_key_is_used_up(web: Any, school: SchoolForTests) -> None:
    """ACC-09: the code that was typed to add the key does not log in as well."""
    browser = web(school, "teacher")
    page = browser.get("/account/keys/add")
    secret = secret_on(page)
    form = form_with(page, "code")
    code = now_shows(secret)
    form["name"], form["code"] = "Phone", code
    form.submit()
    assert "Incorrect or out of date code" in text_of(browser.submit("/elevate", {"code": code}))


@pytest.mark.parametrize("sealed", ["", "nonsense", "AAAA", "other", "altered", "ÄÖ"])
def test_secret_that_was_tampered_with_is_refused(web: Any, school: SchoolForTests, sealed: str) -> None:
    """ACC-05: a secret is good for the account that it was made for, as it was made."""
    mine, browser = NewKey.make(), web(school, "teacher")
    if sealed == "other":
        sealed = mine.seal(school.app.key, account_of(school, "colleague"))
    elif sealed == "altered":
        sealed = mine.seal(school.app.key, account_of(school, "teacher"))
        sealed = ("A" if sealed[20] != "A" else "B").join((sealed[:20], sealed[21:]))
    page = browser.submit(
        "/account/keys/add", {"sealed": sealed, "name": "Phone", "code": now_shows(mine.secret)}
    )
    assert "could not be used any more" in text_of(page)
    assert secret_on(page) != mine.secret
    assert keys(school, "teacher") == []


def test_form_sent_twice_adds_one_key(web: Any, school: SchoolForTests) -> None:
    """ACC-09: with two keys of one secret every code would be accepted twice."""
    browser = web(school, "teacher")
    new = NewKey.make()
    fields = {
        "sealed": new.seal(school.app.key, account_of(school, "teacher")),
        "name": "Phone",
        "code": now_shows(new.secret),
        "csrf_token": browser.csrf("/account"),
    }
    answers = at_once(3, lambda _number: browser.post("/account/keys/add", fields).status_int)
    assert answers == [302, 302, 302]
    assert [key.id for key in keys(school, "teacher")] == [new.id]
    assert events(school).count("key.added") == 1


def test_secret_is_sealed_where_it_is_kept(school: SchoolForTests) -> None:
    """ACC-05: the database's reader has no codes."""
    (key,) = keys(school, "lead")
    assert school.secrets["lead"].encode() not in key.sealed_secret


def test_keys_need_an_elevated_session(web: Any, school: SchoolForTests) -> None:
    """ACC-08: who has a key sees and adds keys only after using it."""
    browser = web(school, "lead", elevated=False)
    page = browser.get("/account/keys")
    assert "Phone" not in text_of(page) and "Add new device" not in text_of(page)
    assert browser.get("/account/keys/add").location.endswith("/elevate?next=%2Faccount%2Fkeys%2Fadd")
    new = NewKey.make()
    fields = {
        "sealed": new.seal(school.app.key, account_of(school, "lead")),
        "name": "Second",
        "code": now_shows(new.secret),
    }
    assert "/elevate" in browser.submit("/account/keys/add", fields).location
    assert len(keys(school, "lead")) == 1
    browser.submit("/elevate", {"code": code_of(school, "lead")})
    assert "Phone" in text_of(browser.get("/account/keys"))
    assert browser.submit("/account/keys/add", fields).location.endswith("/account/keys?said=key-added")


def test_account_page_shows_the_address(web: Any, school: SchoolForTests) -> None:
    """ACC-05: Account settings."""
    assert school.emails["teacher"] in text_of(web(school, "teacher").get("/account"))


def test_a_first_key_needs_a_password_that_was_just_given(
    web: Any, school: SchoolForTests, clock: Any
) -> None:
    """ASVS V7.5.1: a screen that somebody left is not enough to make oneself their key."""
    browser = web(school, "teacher")
    page = browser.get("/account/keys/add")
    for _ in range(2):  # in use all the time, so that it does not lock by itself
        clock(minutes=6)
        browser.get("/")
    form = form_with(page, "code")
    form["name"], form["code"] = "In time", now_shows(secret_on(page))
    assert form.submit().location.endswith("/account/keys?said=key-added")
    with school.app.transaction(school.id) as db:
        db.execute(update(SoftKey).values(removed_at=utc_now()))
    for path in ("/account/keys/add", "/account/keys/register"):
        clock(minutes=11)
        answer = browser.get(path)
        assert "/session/unlock" in answer.location
        locked = answer.follow()
        assert "give your password again" in text_of(locked)
        assert "/session/unlock" in browser.get("/").location, "nobody gets around it by another page"
        form = form_with(locked, "password")
        form["password"] = "not the password"
        assert "That is not your password" in text_of(form.submit())
        form["password"] = PASSWORD
        assert form.submit().location.endswith(path)
        assert browser.get(path).status_int == 200
