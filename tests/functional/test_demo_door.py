"""The demonstration's front door and its mailbox: there, and nowhere else (OPS-01)."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import webtest

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.services import queue_mail
from cpoms_core.testing.schools import SchoolForTests

Open = Callable[..., webtest.TestApp]


@pytest.fixture
def open_at(app: Application, tmp_path: Path) -> Open:
    """Opens a deployment at a host; a demonstration unless said otherwise."""

    def open_it(host: str = "localhost:6543", **changes: Any) -> webtest.TestApp:
        deployment = dataclasses.replace(app.deployment, folder=tmp_path, **{"demo": True, **changes})
        made = Application(deployment, engines=app.engines)
        browser = webtest.TestApp(configure(made), extra_environ={"HTTP_HOST": host})
        browser.made = made
        return browser

    return open_it


def write_facts(folder: Path, school: SchoolForTests) -> None:
    key = {
        "role": "Safeguarding lead",
        "email": "lead@example.com",
        "password": "<pass>&word",
        "secret": "JBSWY3DP",
        "otpauth": "otpauth://totp/x?secret=JBSWY3DP",
    }
    none = {"role": "Teacher", "email": "t@example.com", "password": "other", "secret": "", "otpauth": ""}
    facts = {
        "slug": school.slug,
        "name": "Hillside & Co",
        "address": f"http://{school.host}:6543",
        "logins": [key, none],
    }
    (folder / "demo.json").write_text(json.dumps({"schools": [facts]}))


def test_ops_01_the_door_shows_the_schools_and_the_log_ins(
    open_at: Open, school: SchoolForTests, tmp_path: Path
) -> None:
    write_facts(tmp_path, school)
    page = open_at().get("/")
    assert page.html.find("a", href=f"http://{school.host}:6543").text == "Hillside & Co"
    for shown in ("lead@example.com", "<pass>&word", "JBSWY3DP", "t@example.com", "other"):
        assert shown in page.html.text
    pictures = page.html.find_all("img", alt="QR code of the key of lead@example.com")
    assert [picture["src"][:19] for picture in pictures] == ["data:image/svg+xml;"]
    assert len(page.html.find_all("img")) == 1
    assert page.html.find("a", href="/mailbox")


def test_the_door_answers_while_the_demonstration_is_set_up(open_at: Open) -> None:
    assert "still being set up" in open_at().get("/").text


@pytest.mark.parametrize("host", ["127.0.0.1:6543", "cpoms.localhost:6543"])
def test_the_door_has_these_names_too(open_at: Open, host: str) -> None:
    assert "Try the demonstration" in open_at(host).get("/").text


@pytest.mark.parametrize("path", ["/", "/mailbox", f"/mailbox/{uuid.UUID(int=7)}"])
def test_no_other_deployment_has_a_door(open_at: Open, path: str) -> None:
    assert open_at(demo=False).get(path, status=400).text == "There is no school at this address."


@pytest.mark.parametrize("path", ["/mailbox", f"/mailbox/{uuid.UUID(int=7)}"])
def test_schools_have_no_mailbox_page(open_at: Open, school: SchoolForTests, path: str) -> None:
    open_at(school.host).get(path, status=404)


@pytest.mark.parametrize("path", ["/login", "/forgotten", "/account", "/incidents/add", "/students"])
def test_no_page_of_a_school_answers_at_the_door(open_at: Open, path: str) -> None:
    open_at().get(path, status=404)


def test_static_files_and_health_answer_at_the_door(open_at: Open) -> None:
    open_at().get("/static/css/theme.css")
    assert open_at().get("/health").json == {"ok": True}


def test_ops_01_the_mailbox_shows_the_mails_that_were_sent(open_at: Open, school: SchoolForTests) -> None:
    browser = open_at()
    assert "No mail has been sent yet" in browser.get("/mailbox").text
    with browser.made.transaction(school.id) as db:
        item_id = queue_mail(
            db,
            "incident-alert",
            to_user=school.users["colleague"],
            now=utc_now(),
            sender=str(school.users["teacher"]),
            categories=str(school.categories["Medical"]),
        )
    for claim in claim_due(browser.made, utc_now(), most=1000):
        run_claimed(browser.made, claim)
    row = browser.get("/mailbox").html.find("a", href=f"/mailbox/{item_id}")
    assert row.text == "You have been alerted to an incident"
    page = browser.get(row["href"])
    assert "Tariq Teacher has alerted you to an incident in the category Medical." in page.text
    assert school.emails["colleague"] in page.text
    login = f"http://{school.host}:6543/login"
    assert page.html.find("a", href=login).text == login


@pytest.mark.parametrize("name", ["..%2F..%2Fdemo.json", "..", "%2e%2e", "demo.json", str(uuid.UUID(int=7))])
def test_nothing_but_mails_is_read(open_at: Open, school: SchoolForTests, tmp_path: Path, name: str) -> None:
    write_facts(tmp_path, school)
    open_at().get(f"/mailbox/{name}", status=404)


def test_the_mailbox_is_closed_where_mail_goes_to_a_server(open_at: Open) -> None:
    browser = open_at(mail="smtp://127.0.0.1:25")
    browser.get("/mailbox", status=404)
    assert browser.get("/").html.find("a", href="/mailbox") is None


def test_only_links_to_our_schools_become_links(app: Application) -> None:
    from cpoms_core.web.mailbox import Part, with_links

    text = "See http://a.cpoms.localhost:6543/login or http://evil.example/x or http://a.cpoms.localhost:6543.evil.example/"
    links = [part for part in with_links(app.deployment, text) if part.href]
    assert links == [Part("http://a.cpoms.localhost:6543/login", "http://a.cpoms.localhost:6543/login")]
    assert "".join(part.text for part in with_links(app.deployment, text)) == text
