"""Account settings: what the user logs in with, and where they are logged in."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.access import own_logins
from cpoms_core.access.browsers import browser_in_words
from cpoms_core.access.models import LoginSession, PortalSession
from cpoms_core.access.places import place_of
from cpoms_core.errors import NothingThere
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.web.forms import as_id
from cpoms_core.web.request import cookie_name


def account(request: Request) -> dict[str, Any]:
    """The account's settings; its keys have a page of their own (`keys.views`)."""
    owner: KeyOwner = request.key_owner
    return {
        "title": "Account settings",
        "email": owner.email,
        "has_key": owner.has_key,
        "portal": owner.elsewhere,
    }


def log_ins(request: Request) -> dict[str, Any]:
    """ACC-12: where the user is logged in; those of an SSO account are in its portal."""
    viewer, login = request.viewer, request.asking.login
    rows = [] if login.sso else own_logins.going_on(request.db, login.account_id, viewer.now())
    return {
        "title": "Your log-ins",
        "portal": request.app.deployment.accounts_address if login.sso else "",
        "logins": [shown_log_in(row, login.id, viewer.local) for row in rows],
    }


def shown_log_in(
    row: LoginSession | PortalSession, here: uuid.UUID, local: Callable[[dt.datetime], dt.datetime]
) -> dict[str, Any]:
    """A log-in in its owner's list, at a school or at the accounts' own host. here: the id of the one that
    asks; local: a stored moment as the owner's clock shows it."""
    return {
        "id": row.id,
        "here": row.id == here,
        "browser": browser_in_words(row.browser),
        "ip": row.ip,
        "place": place_of(row.ip),
        "began": local(row.created_at),
        "used": local(row.touched_at),
        "with_key": row.access == "elevated",
    }


def end_log_in(request: Request) -> Any:
    """Ends one of the user's log-ins; their own, here, is left by Log out."""
    login_id = as_id(request.matchdict["login_id"])
    login = request.asking.login
    if login_id is None or login_id == login.id:
        raise NothingThere
    own_logins.end_one(request.db, request.viewer, login.account_id, login_id)
    return HTTPSeeOther(request.route_path("account-log-ins", _query={"said": "log-in-ended"}))


def end_everywhere(request: Request) -> Any:
    """Ends every log-in of the account, this one too."""
    request.afterwards.touch = False
    own_logins.end_everywhere(request.db, request.viewer, request.asking.login.account_id)
    response = HTTPSeeOther(request.route_path("login", _query={"said": "logged-out-everywhere"}))
    response.delete_cookie(cookie_name(request.app), path="/")
    return response
