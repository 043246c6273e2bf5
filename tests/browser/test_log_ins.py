"""Log-ins that a user has, and logging in by the school's own provider, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import oidc_provider_mock
import pytest
import requests
from playwright.sync_api import expect

from cpoms_core.openid.services import ProviderFacts, save_provider
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


def test_own_log_ins_are_listed_and_ended(desk: Any) -> None:
    """ACC-12: the other one is out at once; then everywhere."""
    here, lost = desk("lead"), desk("lead")
    lost.open("/")
    page = here.open("/account")
    page.get_by_role("link", name="Your log-ins").click()
    expect(page.get_by_text("This one")).to_be_visible()
    here.look("own-log-ins")
    page.get_by_role("button", name="Log out there").first.press("Enter")
    expect(page.get_by_text("That log-in is ended.")).to_be_visible()
    lost.page.reload()
    expect(lost.page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    page.get_by_role("button", name="Log out everywhere").click()
    expect(page.get_by_text("You are logged out everywhere.")).to_be_visible()


def test_a_log_in_by_the_school_s_provider(desk: Any, school: SchoolForTests, provider: str) -> None:
    """ACC-14: from the button over the provider's page to the dashboard; and its administration."""
    claims = {"email": school.emails["teacher"], "email_verified": True}
    requests.put(f"{provider}/users/tariq", json=claims, timeout=60).raise_for_status()
    facts = ProviderFacts("Trust log-in", provider, "school", "secret", False, True)
    with school.app.transaction(school.id) as db:
        save_provider(db, school.viewer("admin"), None, facts)
    teacher = desk()
    page = teacher.open("/login")
    teacher.look("login-with-provider")
    page.get_by_role("link", name="Log in with Trust log-in").click()
    page.locator("input[name=sub]").fill("tariq")
    page.get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()

    admin = desk("admin")
    page = admin.open("/admin/providers")
    admin.look("providers")
    page.get_by_role("link", name="Add a provider").click()
    admin.look("provider-new")
    page.get_by_label("Name").fill("Elsewhere")
    page.get_by_label("Issuer").fill("https://login.microsoftonline.com/common/v2.0")
    page.get_by_label("Client ID").fill("us")
    page.get_by_label("Client secret").fill("secret")
    page.get_by_role("button", name="Add this provider").click()
    expect(page.get_by_text("This address stands for every organisation").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Elsewhere")
    admin.look("provider-refused")


def test_a_key_for_everyone(desk: Any, school: SchoolForTests) -> None:
    """ACC-15: switched on by an administrator, felt by the next page of somebody without a key."""
    teacher = desk("teacher")
    teacher.open("/")
    page = desk("admin").open("/admin/settings")
    page.get_by_label("A key for everyone").check()
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    teacher.page.reload()
    expect(teacher.page.get_by_text("asks everyone to log in with a key")).to_be_visible()
    teacher.look("key-for-everyone")
