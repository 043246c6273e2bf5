"""Pages that only a demonstration has, and that links open: looked at like the rest."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from waitress.server import create_server

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.database.types import new_id
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def door(app: Application, school: SchoolForTests, tmp_path: Path) -> Iterator[Application]:
    """A demonstration of the same database, with a mailbox of its own; `door.port` is where it answers."""
    logins = [
        {
            "role": role,
            "email": school.emails[who],
            "password": "shown-by-the-door",
            "secret": school.secrets.get(who, ""),
            "otpauth": f"otpauth://totp/x?secret={school.secrets[who]}" if who in school.secrets else "",
        }
        for role, who in (("Safeguarding lead", "lead"), ("Teacher", "teacher"))
    ]
    facts = {
        "slug": school.slug,
        "name": "Hillside",
        "address": f"http://{school.host}",
        "logins": logins,
    }
    (tmp_path / "demo.json").write_text(json.dumps({"schools": [facts]}), encoding="utf-8")
    made: Any = Application(
        dataclasses.replace(app.deployment, folder=tmp_path, demo=True), engines=app.engines
    )
    server: Any = create_server(configure(made), host="127.0.0.1", port=0, threads=2)
    threading.Thread(target=server.run, daemon=True).start()
    made.port = server.effective_port
    yield made
    server.close()


def test_the_door_and_the_colleagues_mail(school: SchoolForTests, desk: Any, door: Any) -> None:
    """OPS-01, INC-09: two log-ins with a QR code; the colleague's mail says who and which category, and
    nothing of the child."""
    new = NewIncident(
        new_id(),
        school.students["aoife"],
        "She is afraid.",
        [school.categories["Behaviour"]],
        utc_now(),
        alert_ids=[school.users["head"]],
    )
    with door.transaction(school.id) as db:
        record_incident(db, school.viewer("lead"), new)
    for claim in claim_due(door, utc_now(), most=1000):
        run_claimed(door, claim)
    nobody = desk()
    page = nobody.page
    page.goto(f"http://localhost:{door.port}/")
    expect(page.get_by_role("code").filter(has_text=school.emails["lead"])).to_be_visible()
    page.get_by_text(school.emails["teacher"]).first.click()  # all but the first are folded
    expect(page.get_by_role("code").filter(has_text=school.emails["teacher"])).to_be_visible()
    nobody.look("door")
    page.goto(f"http://localhost:{door.port}/mailbox")
    nobody.look("mailbox")
    page.get_by_role("link").filter(has_text="lert").first.click()
    shown = page.locator("main").inner_text()
    assert "Lena Lead" in shown and "Behaviour" in shown
    for secret in ("Aoife", "O'Connor", "afraid"):
        assert secret not in shown
    nobody.look("mail")


def test_elevating_is_looked_at(school: SchoolForTests, desk: Any) -> None:
    """ACC-07: the lead who went on without the key."""
    lead = desk("lead", elevated=False)
    page = lead.open("/")
    page.get_by_role("link", name="Elevate your access").click()
    expect(page.get_by_label("6-digit code")).to_be_visible()
    lead.look("elevate")


def test_a_link_that_does_not_work_any_more(desk: Any) -> None:
    """ACC-01: says so, and how to get another."""
    nobody = desk()
    page = nobody.open("/password/no-such-token")
    expect(page.get_by_text("does not work any more").first).to_be_visible()
    nobody.look("expired-link")
