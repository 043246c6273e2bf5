"""The demonstration's front door: where its schools are, and with which log-ins. It answers only where the
deployment is a demonstration, and only at host names that are no school's."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request

from cpoms_core.keys.soft_keys import qr_code
from cpoms_core.modules.routes import CORE, PUBLIC, ModuleRoutes, NotAudited
from cpoms_core.web import mailbox

PUBLIC_DATA = NotAudited("invented data of a demonstration, shown to everyone")


def door(request: Request) -> dict[str, Any]:
    """The schools with their log-ins, as `cpoms demo` left them; none while it is still at work."""
    file = request.app.deployment.folder / "demo.json"
    try:
        text = file.read_text(encoding="utf-8")
        schools = json.loads(text, object_hook=lambda values: SimpleNamespace(**values)).schools
    except FileNotFoundError:
        schools = []
    for school in schools:
        for login in school.logins:
            login.picture = qr_code(login.otpauth) if login.otpauth else ""
    return {"title": "Try the demonstration", "schools": schools, "mailbox": mailbox.is_local(request.app)}


def list_mails(request: Request) -> dict[str, Any]:
    """The newest mails of the local mailbox."""
    if not mailbox.is_local(request.app):
        raise HTTPNotFound
    return {"title": "Mailbox", "mails": mailbox.newest(request.app.deployment)}


def show_mail(request: Request) -> dict[str, Any]:
    """One mail of the local mailbox."""
    if not mailbox.is_local(request.app):
        raise HTTPNotFound
    mail = mailbox.read(request.app.deployment, request.matchdict["mail"])
    if mail is None:
        raise HTTPNotFound
    return {
        "title": mail.subject,
        "mail": mail,
        "paragraphs": mailbox.paragraphs(request.app.deployment, mail.text),
    }


def includeme(config: Configurator) -> None:
    """Included before the schools' own routes: the same address `/` is another page at a school."""
    routes = ModuleRoutes(config, CORE)
    for view, name, pattern, template in (
        (door, "demo-door", "/", "demo/door.pt"),
        (list_mails, "mailbox", "/mailbox", "mailbox/list.pt"),
        (show_mail, "mailbox-mail", "/mailbox/{mail}", "mailbox/mail.pt"),
    ):
        routes.route(name, pattern, at="demo door")
        routes.view(
            view, name, permission=PUBLIC, audit=PUBLIC_DATA, template=f"cpoms_core:templates/{template}"
        )
