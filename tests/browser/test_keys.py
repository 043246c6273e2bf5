"""Security keys with Chromium's own virtual authenticators (ACC-05 to ACC-08)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect
from sqlalchemy import update

from cpoms_core.access.models import SecurityKey, User
from cpoms_core.testing.schools import PASSWORD, SchoolForTests

KINDS = {
    "key for the USB port": {"protocol": "ctap2", "transport": "usb"},
    "key from the days of U2F": {"protocol": "u2f", "transport": "usb"},
    "passkey of the device": {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    },
}


class Keys:
    """The virtual security keys of one browser."""

    def __init__(self, desk: Any) -> None:
        self._cdp: CDPSession = desk.context.new_cdp_session(desk.page)
        self._cdp.send("WebAuthn.enable", {"enableUI": False})

    def plug_in(self, **facts: Any) -> str:
        """Puts a key in; it touches itself."""
        options = {"automaticPresenceSimulation": True, **facts}
        found = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return str(found["authenticatorId"])

    def pull_out(self, key: str) -> None:
        self._cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})

    def credentials(self, key: str) -> list[dict[str, Any]]:
        found = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": key})
        return list(found["credentials"])


def add_key(desk: Any, name: str) -> None:
    """Adds the key that is plugged in, by keyboard alone."""
    page = desk.open("/account/keys/register")
    page.get_by_label("Name of the device").focus()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The key is added.")).to_be_visible()


def log_in(desk: Any, who: str) -> None:
    page = desk.open("/login")
    page.get_by_label("E-mail address").fill(desk.school.emails[who])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Use your key")).to_be_visible()


def refuse(page: Any, error: str) -> None:
    """Makes the browser refuse the next key in its own way."""
    refusal = f"() => Promise.reject(new DOMException('', '{error}'))"
    page.evaluate(f"() => {{ navigator.credentials.create = {refusal} }}")


def says(desk: Any) -> Any:
    return desk.page.locator("[data-key-says]")


@pytest.mark.parametrize("kind", KINDS)
def test_register_log_out_log_in_remove(desk: Any, kind: str) -> None:
    """ACC-06, ACC-07: each kind of key is added, asked for at the next log-in, listed with its use, and
    removed; by the keyboard."""
    teacher = desk("teacher")
    keys = Keys(teacher)
    key = keys.plug_in(**KINDS[kind])
    add_key(teacher, "Blue key")
    assert len(keys.credentials(key)) == 1
    page = teacher.page
    page.get_by_role("button", name="Log out").click()
    log_in(teacher, "teacher")
    button = page.get_by_role("button", name="Use your security key")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(teacher.address("/"))
    expect(page.get_by_role("link", name="Elevate your access")).to_have_count(0)
    teacher.open("/account/keys")
    expect(page.locator("strong", has_text="Blue key")).to_be_visible()
    expect(page.get_by_text("Last used")).to_be_visible()
    page.get_by_role("link", name="Remove Blue key").click()
    expect(page.get_by_text("This is your last key.")).to_be_visible()
    page.get_by_role("button", name="Remove this key").click()
    expect(page.get_by_text("The key is removed.")).to_be_visible()
    expect(page.get_by_text("You have no key yet.")).to_be_visible()
    assert teacher.wrong == []


def test_wrong_key(desk: Any, school: SchoolForTests) -> None:
    """ACC-06: a key that was never added here is told apart in words, and a code still works beside it."""
    lead = desk("lead")
    keys = Keys(lead)
    mine = keys.plug_in(**KINDS["key for the USB port"])
    add_key(lead, "Blue key")
    keys.pull_out(mine)
    keys.plug_in(**KINDS["key for the USB port"])
    lead.page.get_by_role("button", name="Log out").click()
    log_in(lead, "lead")
    page = lead.page
    page.get_by_role("button", name="Use your security key").click()
    expect(says(lead)).to_contain_text("the key is not one that you added here", timeout=70_000)
    expect(page.get_by_label("6-digit code")).to_be_visible()
    page.get_by_role("link", name="Go on without your key").click()
    expect(page.get_by_role("link", name="Elevate your access")).to_be_visible()
    assert lead.wrong == []


def test_same_key_twice(desk: Any) -> None:
    """ACC-06: the browser itself knows that a key is there already (excludeCredentials)."""
    lead = desk("lead")
    Keys(lead).plug_in(**KINDS["key for the USB port"])
    add_key(lead, "Blue key")
    page = lead.open("/account/keys/register")
    page.get_by_label("Name of the device").fill("Again")
    page.get_by_role("button", name="Add this key").click()
    expect(says(lead)).to_have_text("This key is added to your account already.", timeout=70_000)


def test_cancelled_or_too_late(desk: Any) -> None:
    """ACC-06: no key answers; nothing hangs, and the button works again."""
    lead = desk("lead")
    page = lead.open("/account/keys/register")
    refuse(page, "NotAllowedError")
    page.get_by_label("Name of the device").fill("Blue key")
    button = page.get_by_role("button", name="Add this key")
    button.click()
    expect(says(lead)).to_contain_text("it was cancelled, or took too long")
    page.reload()
    Keys(lead).plug_in(**KINDS["key for the USB port"])
    page.get_by_label("Name of the device").fill("Blue key")
    page.get_by_role("button", name="Add this key").click()
    expect(page.get_by_text("The key is added.")).to_be_visible()


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("delete window.PublicKeyCredential", "This browser cannot use security keys"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false})", "begin with https"),
    ],
)
def test_browser_that_cannot(desk: Any, before: str, said: str) -> None:
    """ACC-06: no WebAuthn, or no https: said on the page before anybody looks for their key."""
    lead = desk("lead")
    lead.context.add_init_script(before)
    lead.open("/account/keys/register")
    expect(says(lead)).to_contain_text(said)
    lead.page.get_by_label("Name of the device").fill("Blue key")
    lead.page.get_by_role("button", name="Add this key").click()
    expect(says(lead)).to_contain_text(said)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("SecurityError", "not at the address that keys belong to here"),
        ("NotSupportedError", "This kind of key cannot be used here"),
        ("UnknownError", "That did not work"),
    ],
)
def test_what_the_browser_refuses(desk: Any, error: str, said: str) -> None:
    """ACC-06: every refusal of the browser has words."""
    lead = desk("lead")
    page = lead.open("/account/keys/register")
    refuse(page, error)
    page.get_by_label("Name of the device").fill("Blue key")
    page.get_by_role("button", name="Add this key").click()
    expect(says(lead)).to_contain_text(said)


def test_copied_key(desk: Any, school: SchoolForTests) -> None:
    """ACC-06: a copy whose counter is behind is refused in words."""
    lead = desk("lead")
    Keys(lead).plug_in(**KINDS["key for the USB port"])
    add_key(lead, "Blue key")
    with school.app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["lead"]))
        db.execute(
            update(SecurityKey).where(SecurityKey.account_id == user.account_id).values(sign_count=10_000)
        )
    lead.page.get_by_role("button", name="Log out").click()
    log_in(lead, "lead")
    lead.page.get_by_role("button", name="Use your security key").click()
    expect(lead.page.get_by_role("alert")).to_contain_text("there may be a copy of it")


def test_pages_of_keys_look_right(desk: Any) -> None:
    """ACC-05 to ACC-08: every page of keys, wide and narrow, for those with and without sight."""
    nobody_yet = desk("teacher")
    nobody_yet.open("/account/keys")
    nobody_yet.look("keys-none")
    lead = desk("lead")
    Keys(lead).plug_in(**KINDS["passkey of the device"])
    add_key(lead, "The laptop’s fingerprint reader in room 14, beside the window")
    lead.look("keys-list")
    for name, link in (("name", "Change the name of Phone"), ("remove", "Remove Phone")):
        lead.open("/account/keys")
        lead.page.get_by_role("link", name=link).click()
        lead.page.get_by_role("heading", level=1).wait_for()
        lead.look(f"keys-{name}")
    lead.open("/account/keys/register")
    lead.page.get_by_role("button", name="Add this key").click()
    expect(lead.page.get_by_role("alert")).to_contain_text("Give it a name")
    lead.look("keys-register")
    lead.open("/account/keys/add")
    lead.look("keys-add")
    restricted = desk("lead", elevated=False)
    restricted.open("/account/keys")
    restricted.look("keys-restricted")
    restricted.open("/elevate")
    restricted.look("keys-step")
