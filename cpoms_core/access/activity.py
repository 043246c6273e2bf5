"""Activity in a page that is open: typing and reading count at the server as on the screen, so that both lock
together (ACC-12). The page's script says it now and then (static/js/idle.js)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest
from pyramid.request import Request

from cpoms_core.access import sessions
from cpoms_core.access.viewer import utc_now
from cpoms_core.web.inputs import json_object


def active(request: Request) -> dict[str, Any]:
    """Somebody is at a page of a school."""
    request.afterwards.touch = False  # it is known better than by the time of this request
    login, at = request.asking.login, _last_there(request)
    sessions.touch(request.db, login.token_hash, at)
    if login.portal_hash is not None:
        sessions.touch_portal(request.db, login.portal_hash, at)
    return {"ok": True}


def active_at_accounts(request: Request) -> dict[str, Any]:
    """As `active`, at the accounts' own host."""
    request.afterwards.touch = False
    sessions.touch_portal(request.db, request.portal.token_hash, _last_there(request))
    return {"ok": True}


def _last_there(request: Request) -> dt.datetime:
    """When somebody was last active, said in seconds ago, so that a browser's wrong clock does not matter.
    Raises HTTPBadRequest."""
    seconds = json_object(request).get("idle_seconds")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not seconds >= 0:
        raise HTTPBadRequest
    return utc_now() - dt.timedelta(seconds=min(seconds, sessions.LONGEST.total_seconds()))
