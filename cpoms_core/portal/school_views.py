"""From the accounts' own host to a school and back (ACC-03). Addresses of other hosts come from the
configuration, and what follows log-in is a path of the school's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.access import sessions
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.access.views import local_path, set_session_cookie, visitor
from cpoms_core.errors import NothingThere
from cpoms_core.portal import handoff, logins, queries
from cpoms_core.portal.cookies import remember_choice, set_state, state_cookie
from cpoms_core.portal.handoff import PasswordNeeded
from cpoms_core.portal.identity import Portal

ELEVATE = "elevate"


def start(request: Request) -> Any:
    """At a school: goes to the accounts' own host for a session here; back to `next`. `elevate`: with the
    key, where the account has one."""
    target = local_path(request.GET.get("next", "/"))
    elevate = ELEVATE in request.GET
    if _is_enough(request, elevate=elevate):
        return HTTPFound(target)
    state = request.cookies.get(state_cookie(request), "")
    if not handoff.STATE.fullmatch(state):  # two tabs that log in at once share one
        state = handoff.new_state()
    asked = {"state": hashed(state).hex(), "next": target} | ({ELEVATE: "yes"} if elevate else {})
    slug = request.asking.school.slug
    response = HTTPFound(f"{request.app.deployment.accounts_address}/go/{slug}?{urlencode(asked)}")
    set_state(request, response, state)
    remember_choice(request, response, sso=True)
    return response


def _is_enough(request: Request, *, elevate: bool) -> bool:
    """Whether the session that is here already has the access that the SSO log-in has: then it goes on, and
    with it what is open in other tabs."""
    viewer = request.viewer
    if viewer is None or request.asking.login.portal_hash is None:
        return False
    if viewer.elevated:
        return True
    if elevate:
        return False
    return queries.access_of(request.db, request.asking.login.portal_hash) == "restricted"


def go(request: Request) -> Any:
    """At the accounts' own host: gives the browser a code for the school, and sends it back there."""
    portal: Portal = request.portal
    slug, state = request.matchdict["slug"], request.GET.get("state", "")
    target = local_path(request.GET.get("next", "/"))
    school = next((one for one in portal.schools if one.slug == slug), None)
    if school is None or not handoff.STATE_HASH.fullmatch(state):
        return _not_there(request)
    if ELEVATE in request.GET and portal.has_key and not portal.elevated:
        back = request.route_path("portal-go", slug=slug, _query={"state": state, "next": target})
        return HTTPFound(request.route_path("portal-elevate", _query={"next": back}))
    now = utc_now()
    try:
        code = handoff.issue(request.app, portal, school, state, now)
    except NothingThere:
        return _not_there(request)
    except PasswordNeeded:
        with request.app.transaction(None) as db:
            logins.lock(db, portal, now)
        request.afterwards.touch = False
        return HTTPFound(request.route_path("portal-unlock", _query={"next": request.path_qs}))
    address = request.app.deployment.school_address(school.slug)
    return HTTPFound(f"{address}/sso/enter?{urlencode({'code': code, 'next': target})}")


def _not_there(request: Request) -> dict[str, Any]:
    """The same for a school that is not there and for one that the account does not open."""
    request.response.status_int = 404
    return {"title": "Your account does not open this school"}


def enter(request: Request) -> Any:
    """At the school again: the code is used up, and a session begins."""
    now = utc_now()
    code, state = request.GET.get("code", ""), request.cookies.get(state_cookie(request), "")
    token = handoff.use(request.db, code, state, visitor(request), now)
    if token is None:
        request.response.status_int = 400
        again = {"next": local_path(request.GET.get("next", "/"))}
        return {"title": "This log-in was not finished", "again": request.route_path("sso", _query=again)}
    request.afterwards.touch = False
    if request.asking.login is not None:
        sessions.end(request.db, request.asking.login.token_hash, now)
    response = HTTPFound(local_path(request.GET.get("next", "/")))
    set_session_cookie(request, response, token)
    remember_choice(request, response, sso=True)
    return response
