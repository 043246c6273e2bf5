"""The cookies of SSO log-ins: the log-in itself at the accounts' own host; at a school, what a hand-off is
bound to, and that this browser logs in there with an SSO account."""

from __future__ import annotations

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.web.cookies import host_bound, set_cookie
from cpoms_core.web.request import portal_cookie

STATE_GOOD_FOR = 3600  # seconds; somebody may have to look for password and key meanwhile
CHOICE = "log-in-with"
SSO = "sso"
YEAR = 365 * 24 * 3600


def go_on(request: Request, token: str, target: str) -> Response:
    """Goes on to a local path with a new SSO log-in."""
    request.afterwards.touch = False
    response = HTTPFound(target)
    set_cookie(request, response, portal_cookie(request.app), token)
    return response


def forget(request: Request, target: str) -> Response:
    """Goes on to a local path without the SSO log-in, which was ended."""
    request.afterwards.touch = False
    response = HTTPFound(target)
    response.delete_cookie(portal_cookie(request.app), path="/")
    return response


def state_cookie(request: Request) -> str:
    return host_bound(request.app, "sso-state")


def set_state(request: Request, response: Response, state: str) -> None:
    """Binds what is handed over to this browser."""
    set_cookie(request, response, state_cookie(request), state, max_age=STATE_GOOD_FOR)


def prefers_sso(request: Request) -> bool:
    """Whether this browser logged in to this school with an SSO account before (ACC-03)."""
    return bool(request.cookies.get(CHOICE, "") == SSO)


def remember_choice(request: Request, response: Response, *, sso: bool) -> None:
    """Remembers, or forgets, that this browser logs in to this school with an SSO account. It holds nothing
    of the person."""
    if sso:
        set_cookie(request, response, CHOICE, SSO, max_age=YEAR)
    elif CHOICE in request.cookies:
        response.delete_cookie(CHOICE, path="/")
