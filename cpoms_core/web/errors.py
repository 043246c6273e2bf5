"""Pages for what went wrong: what happened, what was kept, what to do. The answer for what may not be seen
is the same, byte for byte, as for what does not exist."""

from __future__ import annotations

from typing import Any

import structlog
from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFToken
from pyramid.httpexceptions import HTTPForbidden, HTTPFound
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from pyramid_retry import RetryableException, is_error_retryable, mark_error_retryable
from sqlalchemy.exc import OperationalError

from cpoms_core.audit.services import entry
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere
from cpoms_core.logs import place_of
from cpoms_core.web.forms import as_id
from cpoms_core.web.request import asked_by_script

log = structlog.get_logger()


KEPT = "What you typed in a form is kept as your draft while you are signed in."
TITLES = {
    400: "This could not be read",
    403: "The page was open for too long",
    404: "There is nothing here",
    409: "Somebody else changed this first",
    413: "That is too large",
    500: "Something went wrong",
    503: "The system is busy",
}
FOR_SCRIPTS = {
    400: "This could not be read. Nothing was changed. Reload the page and try again.",
    401: "You are logged out. Log in again in a new tab.",
    403: f"The page was open for too long. Reload it and try again. {KEPT}",
    404: "There is nothing here. Check the address, or go to your dashboard.",
    409: "Somebody else changed this first. Reload the page and look at what changed.",
    413: "That is too large. Attach fewer or smaller files.",
    423: "The screen is locked. Type your password to go on.",
    500: f"Something went wrong. Nothing of your last step was saved. {KEPT} Please try again.",
    503: f"The system is busy. Nothing of your last step was saved. {KEPT} Please try again in a minute.",
}
"""What a script of ours shows; the page's own words are in `templates/errors/error.pt`."""


def answer(request: Request, status: int, reference: str = "") -> Response:
    """The page for a status; plain JSON for what a script asked."""
    if asked_by_script(request):
        response: Response = render_to_response(
            "json", {"ok": False, "message": FOR_SCRIPTS[status], "reference": reference}, request=request
        )
    else:
        response = render_to_response(
            "cpoms_core:templates/errors/error.pt",
            {
                "title": TITLES[status],
                "status": status,
                "reference": reference or None,
                "kept": False if status == 413 else None,  # scripts, which keep drafts, get no page
            },
            request=request,
        )
    response.status_int = status
    return response


def _not_found(_error: Exception, request: Request) -> Response:
    note_refusal(request)
    return answer(request, 404)


def _forbidden(error: HTTPForbidden, request: Request) -> Response:
    """Signed in: there is nothing there; to the account where a key must be added first (ACC-15). Not signed
    in: to the log-in page, and back afterwards."""
    if request.viewer is not None and request.viewer.access == "account" and not asked_by_script(request):
        return HTTPFound(request.route_path("account", _query={"said": "key-needed"}))
    if request.viewer is not None:
        return _not_found(error, request)
    login = _login(request)
    locked = login is not None and login.locked
    if waits_for_answer(request):
        return _for_script(request, 423 if locked else 401)
    if request.place not in LOG_IN:
        return answer(request, 404)
    query = {"next": request.path_qs} if request.method == "GET" and request.path != "/" else {}
    return HTTPFound(request.route_path(LOG_IN[request.place][locked], _query=query))


LOG_IN = {"school": ("login", "unlock"), "accounts": ("portal-login", "portal-unlock")}
"""Where to go without a session, and with one that is locked."""


def _login(request: Request) -> Any:
    """The session that came with the request, at a school or at the accounts' own host."""
    return request.asking.login if request.asking is not None else request.portal_login


def waits_for_answer(request: Request) -> bool:
    """Whether a script sent it whose page stays as it is: it needs to be told, and not led elsewhere."""
    headers = request.headers
    sends_files = headers.get("X-Requested-With") == "XMLHttpRequest"  # static/js/files.js
    return asked_by_script(request) or sends_files or "HX-Request" in headers


def _for_script(request: Request, status: int) -> Response:
    """Tells a script that the session is over or locked: a redirect would put the log-in page into a part
    of the page that it asked for."""
    response: Response = render_to_response(
        "json", {"ok": False, "message": FOR_SCRIPTS[status]}, request=request
    )
    response.status_int = status
    return response


def note_refusal(request: Request) -> None:
    """A signed-in user asked for what is not theirs, or not there: written down (DSH, USR-12.7)."""
    if request.viewer is not None and request.matched_route is not None:
        # ids only: what else stands in an address, somebody may have typed
        asked = sorted(str(one) for one in map(as_id, (request.matchdict or {}).values()) if one)
        details = {"route": request.matched_route.name, "asked": asked}
        request.afterwards.entries.append(entry(request.viewer, "refused", (), **details))


def _bad_token(_error: BadCSRFToken, request: Request) -> Response:
    """A form that is not ours or was open too long; for a script, a session that is over has no token."""
    if asked_by_script(request) and _login(request) is None:
        return _for_script(request, 401)
    return answer(request, 403)


def _bad_input(_error: Exception, request: Request) -> Response:
    return answer(request, 400)


def _by_status(error: Any, request: Request) -> Response:
    status = error.status_int
    return answer(request, status if status in TITLES else 400)


def _database_trouble(error: Any, request: Request) -> Response:
    """A database that is busy or away. A busy one is asked again before this is shown."""
    mark_busy_as_retryable(error)
    if not is_error_retryable(request, error):
        log.error("database trouble", error=type(getattr(error, "orig", error)).__name__)
    return answer(request, 503)


def _mistake(error: Exception, request: Request) -> Response:
    reference = new_id().hex[-12:]
    route = request.matched_route.name if getattr(request, "matched_route", None) else ""
    log.error(
        "unexpected error", reference=reference, error=type(error).__name__, route=route, at=place_of(error)
    )
    return answer(request, 500, reference)


def mark_busy_as_retryable(error: BaseException) -> None:
    """Marks what goes well when the whole request is made again: a database whose lock was not free in
    time, a deadlock, two transactions that cannot both be."""
    orig = getattr(error, "orig", None)
    busy = getattr(orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")
    undone = (getattr(orig, "sqlstate", None) or "").startswith("40")
    if busy or undone:
        mark_error_retryable(error)


def includeme(config: Configurator) -> None:
    config.add_notfound_view(_not_found)
    config.add_forbidden_view(_forbidden)
    config.add_exception_view(_not_found, context=NothingThere)
    config.add_exception_view(_bad_token, context=BadCSRFToken)
    config.add_exception_view(_bad_input, context=UnicodeDecodeError)
    config.add_exception_view(_by_status, context="pyramid.httpexceptions.HTTPClientError")
    config.add_exception_view(_database_trouble, context=OperationalError)
    config.add_exception_view(_database_trouble, context=RetryableException)
    config.add_exception_view(_mistake, context=Exception)
