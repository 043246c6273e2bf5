"""ACC-10: the authenticator on a phone beside a log-in on a desk: two browsers, one approval."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from cpoms_core.access.models import ApprovingDevice, SoftKey, User
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.testing.browser import look_at
from cpoms_core.testing.schools import PASSWORD, SchoolForTests

PHONE = {"width": 390, "height": 844}
SIZES = ({"width": 360, "height": 740}, PHONE, {"width": 1280, "height": 900})
VECTORS = [  # RFC 6238, appendix B, the last six of its eight digits
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
NOTE_PAUSES = """{
  const later = window.setTimeout;
  window.pauses = [];
  window.setTimeout = (act, pause, ...rest) => {
    if (act.name === 'wait') window.pauses.push(pause);
    return later(act, pause, ...rest);
  };
}"""
"""Notes how long the key step means to wait before it asks again, however busy the machine is."""


class Handset:
    """A phone with the app: its browser, and what went wrong in it."""

    def __init__(self, context: BrowserContext, app: Application, port: int, axe: Path) -> None:
        self.context = context
        self.home = f"http://accounts.{app.deployment.domain}:{port}/authenticator/"
        self.wrong: list[str] = []
        self._axe = axe
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda message: self._heard(message.type, message.text))

    def _heard(self, kind: str, text: str) -> None:
        # what the server refuses, and a phone without a connection, are in the tests' own assertions
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.wrong.append(text)

    def open(self, link: str = "") -> Page:
        self.page.goto(self.home + link)
        return self.page

    def link(self, text: str) -> str:
        """The address of a picture, with the port of the tests' server."""
        address, _, fragment = text.partition("#")
        assert re.fullmatch(r"http://accounts\.[^/]+/authenticator/", address), address
        return f"{self.home}#{fragment}"

    def look(self, name: str) -> None:
        """As `Desk.look`, at a phone's widths and at a desk's, in light and dark."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            look_at(self.page, f"{name}-{scheme}", self._axe, SIZES)
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light")
        assert self.wrong == []


@pytest.fixture
def handset(app: Application, chromium: Browser, axe: Path, port: int) -> Iterator[Callable[[], Handset]]:
    contexts: list[BrowserContext] = []

    def take() -> Handset:
        context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
        contexts.append(context)
        return Handset(context, app, port, axe)

    yield take
    for context in contexts:
        context.close()


def enrolled(desk: Any, handset: Callable[[], Handset], who: str) -> tuple[Any, Handset]:
    """A desk whose user added a phone as a device, and the phone."""
    sitting, phone = desk(who), handset()
    page = sitting.open("/account/keys/add")
    link = page.locator("[data-app-link]").input_value()
    phone.page.goto(phone.link(link))
    phone.page.get_by_role("button", name="Add this account").click()
    expect(phone.page.get_by_text("type this code on the computer")).to_be_visible()
    page.get_by_label("Name of the device").fill("My phone")
    page.get_by_label("6-digit code").fill(code_on(phone))
    page.get_by_role("button", name="Add this device").click()
    expect(page.get_by_text("The key is added")).to_be_visible()
    expect(phone.page.get_by_text("type this code on the computer")).to_be_hidden()
    return sitting, phone


def code_on(phone: Handset) -> str:
    shown = phone.page.locator("[data-code]")
    expect(shown).to_have_text(re.compile(r"\d{3} \d{3}"))
    return shown.inner_text().replace(" ", "")


def log_in(sitting: Any, school: SchoolForTests, who: str) -> Page:
    sitting.context.clear_cookies()
    page = sitting.open("/login")
    page.get_by_label("E-mail address").fill(school.emails[who])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Approve on your phone")).to_be_visible()
    return page


def number_on(page: Page) -> str:
    number = page.locator("[data-number]")
    expect(number).to_have_text(re.compile(r"\d\d"))
    return number.inner_text()


def in_words(school: SchoolForTests, statement: Any) -> list[Any]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(statement))


def test_enrol_and_approve(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-05, ACC-07, ACC-10: the phone is added by its picture's link; the next log-in asks it; the log-in
    page goes on by itself within two seconds of Approve, with elevated access."""
    sitting, phone = enrolled(desk, handset, "teacher")
    sitting.page.add_init_script(NOTE_PAUSES)
    asked: list[str] = []
    sitting.page.on("request", lambda request: asked.append(request.url))
    expect(phone.page.get_by_text("Done. This phone is now a key")).to_be_visible()
    phone.look("authenticator-codes")
    page = log_in(sitting, school, "teacher")
    number = number_on(page)
    sitting.look("key-step-phone")
    ask = phone.page.get_by_role("article", name="Is this you?")
    expect(ask.get_by_text("Chrome on Linux")).to_be_visible()
    expect(ask.get_by_text("local network")).to_be_visible()
    expect(ask.get_by_text("127.0.0.1")).to_be_visible()
    phone.look("authenticator-ask")
    ask.get_by_label("Number on the log-in page").fill("00")
    ask.get_by_role("button", name="Approve").click()
    expect(ask.get_by_text("That is not the number")).to_be_visible()
    ask.get_by_label("Number on the log-in page").fill(number)
    page.wait_for_function("pauses.length")
    assert max(page.evaluate("pauses")) <= 1000
    with page.expect_response(lambda response: response.url.endswith("/finish")) as gone_on:
        ask.get_by_role("button", name="Approve").click()
        expect(phone.page.get_by_text("Approved.")).to_be_visible()
        asked.clear()
    assert gone_on.value.status == 302
    # one may have been on its way
    assert sum(url.endswith("/elevate/approval/state") for url in asked) <= 2
    page.wait_for_url(re.compile(r":\d+/$"))
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(page.get_by_text("Elevate your access")).to_have_count(0)
    expect(ask).to_have_count(0)
    assert sitting.wrong == [] and phone.wrong == []


def test_deny(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-10: the log-in page says so and stays where it is; the owner is owed a mail; the log has it."""
    sitting, phone = enrolled(desk, handset, "teacher")
    page = log_in(sitting, school, "teacher")
    phone.page.get_by_role("button", name="Deny").click()
    expect(phone.page.get_by_text("somebody knows your password")).to_be_visible()
    expect(page.get_by_text("The log-in was denied on your phone")).to_be_visible()
    sitting.look("key-step-denied")
    page.get_by_role("button", name="Ask my phone").click()
    expect(page.get_by_text("You can type a code instead")).to_be_visible()
    page.get_by_role("link", name="Go on without your key").click()
    expect(page.get_by_text("Elevate your access")).to_be_visible()
    mails = in_words(school, select(OutboxItem.payload).where(OutboxItem.kind == "mail"))
    assert [mail["to_user"] for mail in mails if mail["template"] == "login-denied"] == [
        str(school.users["teacher"])
    ]
    assert in_words(school, select(AuditEntry).where(AuditEntry.event == "login.denied"))


def test_offline_the_code_is_right(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-10: the service worker keeps the app, and the code needs no connection: it is pyotp's for the same
    secret, also after the app was opened anew without a connection."""
    _sitting, phone = enrolled(desk, handset, "teacher")
    ready = "navigator.serviceWorker.ready.then(r => [r.scope, r.active.scriptURL])"
    scope, script = phone.page.evaluate(ready)
    assert (scope, script) == (phone.home, f"{phone.home}worker.js")
    phone.context.set_offline(True)
    expect(phone.page.get_by_text("No connection.")).to_be_visible()
    phone.page.reload()
    account = select(User.account_id).where(User.id == school.users["teacher"])
    (account_id,) = in_words(school, account)
    (key,) = in_words(school, select(SoftKey).where(SoftKey.account_id == account_id))
    secret = school.app.key.open(key.sealed_secret, f"soft key of {account_id}").decode()
    totp = pyotp.TOTP(secret)
    began = int(time.time())
    shown = code_on(phone)
    # the page looks at its clock now and then
    assert shown in {totp.at(began - 5), totp.at(began), totp.at(int(time.time()))}
    phone.look("authenticator-offline")
    phone.context.set_offline(False)
    expect(phone.page.get_by_text("No connection.")).to_be_hidden()


def test_the_browser_keeps_the_keys_to_itself(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-10: neither key can be read out of the browser, and the secret stays in no address."""
    _sitting, phone = enrolled(desk, handset, "teacher")
    assert phone.page.url == phone.home
    found = phone.page.evaluate(
        """async () => {
          const open = indexedDB.open('authenticator');
          const db = await new Promise((done) => { open.onsuccess = () => done(open.result); });
          const all = db.transaction('accounts').objectStore('accounts').getAll();
          const [one] = await new Promise((done) => { all.onsuccess = () => done(all.result); });
          const readable = async (key, form) => crypto.subtle.exportKey(form, key)
            .then(() => true, () => false);
          return {
            names: Object.keys(one).sort(),
            coder: [one.coder.extractable, await readable(one.coder, 'raw')],
            signer: [one.signer.extractable, await readable(one.signer, 'pkcs8')],
            plain: localStorage.length + sessionStorage.length,
          };
        }"""
    )
    assert found["coder"] == found["signer"] == [False, False]
    assert found["plain"] == 0 and "secret" not in found["names"]
    (device,) = in_words(school, select(ApprovingDevice).where(ApprovingDevice.account_id.in_(
        select(User.account_id).where(User.id == school.users["teacher"])
    )))  # fmt: skip
    assert device.public_key


def test_codes_of_the_standard(handset: Any) -> None:
    """ACC-05, ACC-10: the test vectors of RFC 6238, in the browser."""
    phone = handset()
    phone.open()
    codes = phone.page.evaluate(
        """async (moments) => {
          const { codeAt, importSecret } = await import('/static/js/authenticator/codes.js');
          const key = await importSecret(new TextEncoder().encode('12345678901234567890'));
          return Promise.all(moments.map((moment) => codeAt(key, moment)));
        }""",
        [moment for moment, _code in VECTORS],
    )
    assert codes == [code for _moment, code in VECTORS]
    decoded = phone.page.evaluate(
        """async () => {
          const { fromBase32 } = await import('/static/js/authenticator/codes.js');
          return ['MZXW6YTBOI======', 'mzxw6', 'MZXW1', ''].map((text) => {
            const bytes = fromBase32(text);
            return bytes && new TextDecoder().decode(bytes);
          });
        }"""
    )
    assert decoded == ["foobar", "foo", None, None]  # RFC 4648, section 10


def test_pictures_that_are_not_ours(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-05, ACC-10: each is told in words, and nothing is added; one's own can be pasted."""
    sitting, phone = desk("teacher"), handset()
    page = phone.open()
    expect(page.get_by_text("No account on this phone yet")).to_be_visible()
    phone.look("authenticator-empty")
    page.get_by_role("button", name="Add account").click()
    phone.look("authenticator-add")
    box = page.get_by_label("Or paste the text")
    for text, told in (
        ("otpauth://totp/x:y?secret=ABCDEFGHIJKLMNOP", "for other authenticator apps"),
        ("https://www.example.org/", "not a picture of ours"),
        ("WIFI:S:Guests;T:WPA;P:secret;;", "not a picture of ours"),
        ("javascript:alert(1)", "not a picture of ours"),
        (
            "https://accounts.example.org/authenticator#t=a",
            "belongs to another system, at accounts.example.org",
        ),
        (f"{phone.home}#t=tooshort&s=ABC", "part of the picture’s text is missing"),
        ("", "not a picture of ours"),
    ):
        box.fill(text)
        page.get_by_role("button", name="Go on with this text").click()
        expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    link = phone.link(sitting.open("/account/keys/add").locator("[data-app-link]").input_value())
    sitting.look("key-add-with-ours")
    box.fill(link[:80] + ("A" if link[80] != "A" else "B") + link[81:])
    page.get_by_role("button", name="Go on with this text").click()
    page.get_by_role("button", name="Add this account").click()
    expect(page.get_by_text("not valid any more")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Add account").click()
    box.fill(link)
    page.get_by_role("button", name="Go on with this text").click()
    expect(page.get_by_text(school.emails["teacher"])).to_be_visible()
    phone.look("authenticator-confirm")
    page.get_by_role("button", name="Add this account").click()
    expect(page.get_by_text("type this code on the computer")).to_be_visible()
    second = handset()
    second.page.goto(link)
    second.page.get_by_role("button", name="Add this account").click()
    expect(second.page.get_by_text("Another phone has used this picture")).to_be_visible()
    assert phone.wrong == [] and second.wrong == []


def test_the_camera_reads_a_picture(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-10: where the browser can read QR codes. This Chromium cannot, so camera and reader are played; the
    rest is the app's: it offers the button, says what is not ours, and goes on with what is."""
    phone = handset()
    phone.page.add_init_script(
        """window.seen = '';
        navigator.mediaDevices.getUserMedia = async () => {
          window.cameraOn = true;
          const stream = Object.assign(document.createElement('canvas'), { width: 9, height: 9 });
          stream.getContext('2d').fillRect(0, 0, 9, 9);
          return stream.captureStream(5);
        };
        window.BarcodeDetector = class {
          static async getSupportedFormats() { return ['qr_code']; }
          async detect() { return window.seen ? [{ rawValue: window.seen }] : []; }
        };"""
    )
    page = phone.open()
    allowed = page.evaluate("fetch('/authenticator/').then(r => r.headers.get('Permissions-Policy'))")
    assert allowed.startswith("camera=(self)")
    page.get_by_role("button", name="Add account").click()
    page.get_by_role("button", name="Scan QR code").click()
    page.evaluate("window.seen = 'https://www.example.org/menu'")
    expect(page.get_by_text("not a picture of ours")).to_be_visible()
    link = phone.link(desk("teacher").open("/account/keys/add").locator("[data-app-link]").input_value())
    page.evaluate("(link) => { window.seen = link; }", link)
    expect(page.get_by_role("heading", name="Add this account to this phone?")).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
    page.get_by_role("button", name="Add this account").click()
    expect(page.locator("[data-code]")).to_have_text(re.compile(r"\d{3} \d{3}"))
    assert phone.wrong == []


def test_several_accounts_and_removal(school: SchoolForTests, desk: Any, handset: Any) -> None:
    """ACC-10: two accounts on one phone; a log-in names its account; one is removed from the phone; the
    other's key is removed at the school, and the phone says so."""
    sitting, phone = enrolled(desk, handset, "teacher")
    other = desk("colleague")
    page = other.open("/account/keys/add")
    phone.page.goto(phone.link(page.locator("[data-app-link]").input_value()))
    phone.page.get_by_role("button", name="Add this account").click()
    expect(phone.page.get_by_role("listitem").filter(has_text=school.emails["teacher"])).to_be_visible()
    cards = phone.page.locator("#accounts > li")
    expect(cards).to_have_count(2)
    log_in(sitting, school, "teacher")
    ask = phone.page.get_by_role("article", name="Is this you?")
    expect(ask.get_by_text(school.emails["teacher"])).to_be_visible()
    mine = cards.filter(has_text=school.emails["colleague"])
    mine.get_by_role("button", name="Remove from this phone").click()
    phone.look("authenticator-remove")
    mine.get_by_role("button", name="Keep it").click()
    mine.get_by_role("button", name="Remove from this phone").click()
    mine.get_by_role("button", name="Remove it").click()
    expect(cards).to_have_count(1)
    with school.app.transaction(school.id) as db:
        account = db.get_one(User, (school.id, school.users["teacher"])).account_id
        for key in db.scalars(select(SoftKey).where(SoftKey.account_id == account)):
            key.removed_at = key.created_at
    expect(phone.page.get_by_text("This key was removed at your school")).to_be_visible()
    expect(phone.page.locator("[data-code]")).to_be_hidden()
    phone.look("authenticator-removed")


def test_the_manifest_can_be_installed(handset: Any) -> None:
    """ACC-10: a name, a start inside the scope, icons of the sizes that they say, and of one for a mask."""
    phone = handset()
    phone.open()
    manifest = phone.page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then(r => r.json())"
    )
    assert manifest["display"] == "standalone"
    assert manifest["start_url"] == manifest["scope"] == "/authenticator/"
    sizes = phone.page.evaluate(
        """async (icons) => Promise.all(icons.map(async (icon) => {
          const image = new Image();
          image.src = icon.src;
          await image.decode();
          return `${image.naturalWidth}x${image.naturalHeight}`;
        }))""",
        manifest["icons"],
    )
    assert sizes == [icon["sizes"] for icon in manifest["icons"]] == ["192x192", "512x512", "512x512"]
    assert [icon.get("purpose") for icon in manifest["icons"]] == [None, None, "maskable"]
    phone.page.goto(phone.home.rstrip("/") + "#x")
    expect(phone.page.get_by_text("part of the picture’s text is missing")).to_be_visible()
    assert phone.page.url == phone.home
    assert phone.wrong == []
