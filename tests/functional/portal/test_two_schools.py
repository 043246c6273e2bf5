"""Two schools in two tabs: nothing of one is carried into the other (ACC-03)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import csrf_of, text_of
from bs4 import BeautifulSoup
from several_schools import Tabs

from cpoms_core.access.models import User
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import PASSWORD, SchoolForTests, make_school
from cpoms_core.testing.sso import SsoForTests


@pytest.fixture
def both(tabs: Any, school: SchoolForTests, other_school: SchoolForTests) -> Tabs:
    """A browser with a tab at each of the two schools."""
    browser: Tabs = tabs()
    browser.enter(school)
    browser.go_to(other_school)
    return browser


def test_forms_of_one_school_are_nothing_at_the_other(
    both: Tabs, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: cookies and tokens differ, and each is good at its own school only."""
    one, two = both.at(school), both.at(other_school)
    assert one.session != two.session
    tokens = [csrf_of(tab.get("/account")) for tab in (one, two)]
    assert tokens[0] != tokens[1]
    for tab, theirs in ((one, tokens[1]), (two, tokens[0])):
        refused = tab.post("/session/lock", {"csrf_token": theirs}, expect_errors=True)
        assert refused.status_int == 403
    own, theirs = one.session, two.session
    one.set_cookie("session", theirs)
    assert one.get("/account").location.startswith(f"http://{school.host}/login")
    one.set_cookie("session", own)
    one.set_cookie("session", both.accounts.portal)
    assert one.get("/account").location.startswith(f"http://{school.host}/login")


def test_a_draft_stays_at_its_school(
    both: Tabs, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03, INC-10: what is typed at one school shows in no form of the other."""
    one, two = both.at(school), both.at(other_school)
    fields = [["text", "Only for the first school."]]
    saved = one.put_json("/drafts/incident", {"fields": fields}, headers={"X-CSRF-Token": one.csrf()})
    assert saved.status_int == 200
    assert "Only for the first school." in one.get("/incidents/add").text
    assert "Only for the first school." not in two.get("/incidents/add").text


def test_permissions_are_each_schools_own(
    both: Tabs, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03, USR-12: the lead of one school may be a teacher at the other; neither's students show there."""
    with other_school.app.transaction(other_school.id) as db:
        user = db.get_one(User, (other_school.id, other_school.users["lead"]))
        user.group_id = other_school.groups["Teachers"]
    assert both.at(school).get("/admin").status_int == 200
    assert both.at(other_school).get("/admin", expect_errors=True).status_int == 404
    path = f"/students/{school.students['aoife']}/incidents"
    assert both.at(school).get(path).status_int == 200
    assert both.at(other_school).get(path, expect_errors=True).status_int == 404


def test_the_header_leads_to_the_other_school(
    both: Tabs, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: the switcher: a link to the other school's own host, which carries nothing but the way."""
    page = both.at(school).get("/incidents/add")
    links = BeautifulSoup(page.text, "html.parser").select(".top-switch a")
    address = school.app.deployment.school_address(other_school.slug)
    assert [link["href"] for link in links] == [f"{address}/sso"]
    back = both.follow(both.open(links[0]["href"]))
    assert back.request.host == other_school.host and back.request.path == "/"


def test_no_switcher_without_an_sso_account(both: Tabs, web: Any, school: SchoolForTests) -> None:
    """ACC-03: and it costs an SSO session one statement, others none."""
    page = web(school, "head").get("/account")
    assert "Switch school" not in page.text and "top-switch" not in page.text
    both.at(school).get("/help")
    web(school, "head").get("/help")
    numbers = []
    for browser in (both.at(school), web(school, "head")):
        browser.get("/help")
        with counted(school.app.engines) as ran:
            browser.get("/help")
        numbers.append(ran.number)
    assert numbers[0] == numbers[1] + 1


def test_switching_does_not_replace_a_session_that_is_there(
    both: Tabs, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    """ACC-03: forms that are open in another tab of that school go on working."""
    before = both.at(other_school).session, csrf_of(both.at(other_school).get("/account"))
    both.go_to(other_school)
    assert (both.at(other_school).session, csrf_of(both.at(other_school).get("/account"))) == before


def test_offered_only_where_somebody_has_one(web: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-03: the log-in and reset pages of a school, and not of another."""
    third = make_school(school.app)
    for path in ("/login", "/forgotten"):
        assert "SSO account" in text_of(web(school).get(path))
        assert "SSO" not in text_of(web(third).get(path))
    href = web(school).get("/forgotten").html.find("a", string="Set its password")["href"]
    assert href == f"{school.app.deployment.accounts_address}/forgotten"


def test_the_browser_remembers_the_choice(tabs: Any, sso: SsoForTests, school: SchoolForTests) -> None:
    """ACC-03: by a cookie of this school's host that says nothing of the person; another log-in ends it."""
    browser: Tabs = tabs()
    browser.enter(school)
    browser.at(school).submit("/logout")
    assert browser.at(school).cookies["log-in-with"] == "sso"
    page = browser.at(school).get("/login")
    assert "E-mail address" not in text_of(page) and "Log in with your SSO account" in text_of(page)
    form = browser.at(school).get("/login?with=school")
    assert "E-mail address" in text_of(form)
    browser.at(school).submit("/login", {"email": school.emails["teacher"], "password": PASSWORD})
    assert "log-in-with" not in browser.at(school).cookies


def test_account_settings_of_a_school_lead_to_the_portal(
    both: Tabs, sso: SsoForTests, school: SchoolForTests
) -> None:
    """ACC-04: e-mail, password, keys and log-ins of an SSO account are in one place."""
    address = school.app.deployment.accounts_address
    page = both.at(school).get("/account")
    assert page.html.find("a", string="Go to your SSO account")["href"] == f"{address}/"
    assert "/account/keys" not in page.text and "/forgotten" not in page.text
    assert both.at(school).get("/account/keys").location == f"{address}/account/keys"
