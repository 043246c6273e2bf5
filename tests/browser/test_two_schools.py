"""One person, two schools, two tabs of one browser; and the portal of their SSO account, looked at."""

from __future__ import annotations

from typing import Any

import pyotp
from playwright.sync_api import Page, expect

from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.testing.schools import PASSWORD, SchoolForTests
from cpoms_core.testing.sso import SsoForTests, sso_of


def log_in(page: Page, sso: SsoForTests) -> None:
    """Types e-mail, password and code at the accounts' own host."""
    page.get_by_label("E-mail address").fill(sso.email)
    page.get_by_label("Password", exact=False).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("6-digit code").fill(pyotp.TOTP(sso.secret).at(utc_now()))
    page.get_by_role("button", name="Confirm with this code").click()


def test_two_schools_in_two_tabs(school: SchoolForTests, other_school: SchoolForTests, desk: Any) -> None:
    """ACC-03: one log-in and one key open both; what is typed, may be done and is open at one school is
    nothing at the other; logging out ends both."""
    sso = sso_of([school, other_school], "lead")
    with other_school.app.transaction(other_school.id) as db:
        user = db.get_one(User, (other_school.id, other_school.users["lead"]))
        user.group_id = other_school.groups["Teachers"]
    one = desk()
    page = one.open("/login")
    one.look("login-with-sso")
    page.get_by_role("link", name="Log in with your SSO account").click()
    expect(page.get_by_role("heading", name="Log in with your SSO account")).to_be_visible()
    one.look("sso-login")
    log_in(page, sso)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    assert page.url.startswith(one.address("/"))
    page.get_by_text("Switch school").click()
    link = page.get_by_role("link", name=f"School {other_school.slug}")
    one.look("switcher")
    with one.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    two = one.beside(other_school)
    two.page.close()
    two.page = opened.value
    expect(two.page.get_by_role("heading", name="Dashboard")).to_be_visible()
    assert two.page.url.startswith(two.address("/"))

    expect(one.page.get_by_role("link", name="Admin")).to_be_visible()
    expect(two.page.get_by_role("link", name="Admin")).to_have_count(0)
    for tab, text in ((one, "Of the first school."), (two, "Of the other school.")):
        tab.open("/incidents/add")
        box = tab.page.get_by_role("textbox", name="Incident")
        expect(box).to_have_value("")
        with tab.page.expect_response(lambda answer: "/drafts/" in answer.url) as saved:
            box.fill(text)
            tab.page.keyboard.press("Tab")
        assert saved.value.status == 200
    for tab, text in ((one, "Of the first school."), (two, "Of the other school.")):
        tab.open("/incidents/add")
        expect(tab.page.get_by_role("textbox", name="Incident")).to_have_value(text)

    one.page.get_by_role("button", name="Log out").click()
    expect(one.page.get_by_text("logged out, at all your schools")).to_be_visible()
    one.look("sso-logged-out")
    two.open("/")
    expect(two.page.get_by_role("link", name="Log in with your SSO account")).to_be_visible()
    assert one.wrong == []


def test_the_portal_is_looked_at(school: SchoolForTests, other_school: SchoolForTests, desk: Any) -> None:
    """ACC-04: every page of it, at both widths; the screen is locked after idle time and opened again."""
    sso = sso_of([school, other_school], "lead")
    tab = desk()
    page = tab.page
    address = f"http://{sso.host}:{tab.port}"
    tab.context.add_cookies([{"name": "portal", "value": sso.portal_token(), "url": address}])
    page.clock.install()
    for path, heading, name in (
        ("/", "Your schools", "portal"),
        ("/account", "Account settings", "portal-account"),
        ("/account/email", "Change your e-mail address", "portal-email"),
        (f"/account/schools/{school.slug}", "Mails of", "portal-alerts"),
        ("/account/password", "Change your password", "portal-password"),
        ("/account/keys", "Security keys", "portal-keys"),
        ("/account/log-ins", "Your log-ins", "portal-log-ins"),
        ("/confirm/no-such-link", "Confirm your e-mail address", "portal-confirm-expired"),
        ("/go/no-such-school", "Your account does not open this school", "portal-no-school"),
    ):
        page.goto(f"{address}{path}")
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        tab.look(name)
    page.goto(f"{address}/account/email")
    page.get_by_label("New e-mail address").fill("no address")
    page.get_by_role("button", name="Send a link to the new address").click()
    tab.look("portal-email-refused")
    page.goto(f"{address}/account")
    page.clock.fast_forward("15:30")
    expect(page.get_by_role("heading", name="Screen locked")).to_be_visible()
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Unlock the screen").click()
    expect(page.get_by_role("heading", name="Screen locked")).to_be_hidden()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("logged out, at all your schools")).to_be_visible()
    page.goto(tab.address("/sso/enter?code=x"))
    expect(page.get_by_role("link", name="Log in again with your SSO account")).to_be_visible()
    tab.look("sso-not-finished")
