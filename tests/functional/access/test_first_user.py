"""OPS-02, ACC-01: `cpoms school create`, `cpoms user create` and the mail's link are enough to log in, to add
a key, and to administer the school."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pyotp
from browsing import Browser, form_with, text_of
from click.testing import CliRunner
from sqlalchemy import select

from cpoms_core.access import accounts
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.cli import main
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.outbox.models import OutboxItem

PASSWORD = "quiet-harbour-eleven-lanterns"


def test_from_nothing_to_an_administrator(
    app: Application, deployment: Deployment, wsgi: Any, tmp_path: Path, clock: Any
) -> None:
    config = tmp_path / "deployment.toml"
    named = ("folder", "database_url", "owner_url", "domain")
    config.write_text("".join(f"{name} = {json.dumps(str(getattr(deployment, name)))}\n" for name in named))

    def cpoms(*words: str) -> dict[str, Any]:
        done = CliRunner().invoke(main, ["--config", str(config), *words, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    slug = f"first-{new_id().hex}"
    school = cpoms("school", "create", slug, "Brook Primary")
    email = "ada@brook.example"
    person = ["--email", email, "--forename", "Ada", "--surname", "Admin", "--group", "Administrators"]
    cpoms("user", "create", "--school", slug, *person)
    with app.session(school["id"], writes=False) as db:
        mail = db.scalars(select(OutboxItem.payload).where(OutboxItem.kind == "mail")).one()
    context = accounts.link_context(uuid.UUID(mail["account"]))
    token = app.key.open(base64.b64decode(mail["sealed_token"]), context).decode()

    browser = Browser(wsgi, extra_environ={"HTTP_HOST": f"{slug}.{deployment.domain}"})
    chosen = {"password": PASSWORD, "repeat": PASSWORD}
    browser.post(f"/password/{token}", {**chosen, "csrf_token": browser.csrf()}, status=302)
    browser.submit("/login", {"email": email, "password": PASSWORD}, status=302)
    assert "Brook Primary" in text_of(browser.get("/"))
    assert browser.get("/admin", expect_errors=True).status_int == 404

    page = browser.get("/account").click("Security keys", index=0).click("Add new device")
    secret = page.html.find("code").text.replace(" ", "")
    form = form_with(page, "code")
    form["name"], form["code"] = "Phone", pyotp.TOTP(secret).at(utc_now())
    form.submit(status=302)
    clock(seconds=31)
    browser.submit("/elevate", {"code": pyotp.TOTP(secret).at(utc_now())}, status=302)
    assert "Safeguarding leads" in text_of(browser.get("/admin/groups"))
