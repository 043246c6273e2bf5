"""Pages for what went wrong: what happened, what was kept, what to do. The answer for what may not be seen
is the same, byte for byte, as for what does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFToken
from pyramid.httpexceptions import HTTPForbidden, HTTPFound
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from pyramid_retry import RetryableException, mark_error_retryable
from sqlalchemy.exc import OperationalError

from cpoms_core.audit.services import entry
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere
from cpoms_core.logs import place_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trouble:
    """The parts of an error page."""

    status: int
    title: str
    text: str
    kept: str
    to_do: str


KEPT = "What you typed in a form is kept as your draft while the page is open and you are signed in."
TROUBLES = {
    400: Trouble(400, "This could not be understood", "The request was not in a form that the system reads.",
                 "Nothing was changed.", "Go back and try again. If it happens again, tell support."),
    403: Trouble(403, "The form was too old", "The page was open too long, or you logged in again since.",
                 KEPT, "Go back, reload the page and submit the form again."),
    404: Trouble(404, "There is nothing here", "The page does not exist, or it is not yours to see.",
                 "Nothing was changed.", "Check the address, or go to your dashboard."),
    409: Trouble(409, "Somebody else was there first", "This was changed by somebody else meanwhile.",
                 KEPT, "Go back, reload the page and look at what changed."),
    413: Trouble(413, "That is too large", "The files together are larger than the school allows.",
                 KEPT, "Attach fewer or smaller files and submit again."),
    500: Trouble(500, "Something went wrong", "The system made a mistake, and the operator can see which.",
                 f"Nothing of your last step was saved. {KEPT}",
                 "Try again. If it happens again, tell support the reference below."),
    503: Trouble(503, "The system is busy", "What you asked for could not be done just now.",
                 f"Nothing of your last step was saved. {KEPT}", "Please try again in a minute."),
}


def answer(request: Request, status: int, reference: str = "") -> Response:
    """The page for a status; plain JSON for what a script asked."""
    trouble = TROUBLES[status]
    if request.headers.get("X-Requested-With") == "fetch" or request.content_type == "application/json":
        response: Response = render_to_response(
            "json", {"ok": False, "message": f"{trouble.text} {trouble.to_do}"}, request=request
        )
    else:
        response = render_to_response(
            "cpoms_core:templates/errors/error.pt",
            {"title": trouble.title, "trouble": trouble, "reference": reference},
            request=request,
        )
    response.status_int = status
    return response


def _not_found(_error: Exception, request: Request) -> Response:
    _note_refusal(request)
    return answer(request, 404)


def _forbidden(error: HTTPForbidden, request: Request) -> Response:
    """Signed in: there is nothing there. Not signed in: to the log-in page, and back afterwards."""
    if request.viewer is not None:
        return _not_found(error, request)
    if request.content_type == "application/json" or request.headers.get("X-Requested-With") == "fetch":
        response = answer(request, 403)
        response.status_int = 401
        return response
    asking = request.asking
    if asking is None:
        return answer(request, 404)
    locked = asking.login is not None and asking.login.locked
    query = {"next": request.path} if request.method == "GET" and request.path != "/" else {}
    return HTTPFound(request.route_path("unlock" if locked else "login", _query=query))


def _note_refusal(request: Request) -> None:
    """A signed-in user asked for what is not theirs, or not there: written down (DSH, USR-12.7)."""
    if request.viewer is not None and request.matched_route is not None:
        details = {"route": request.matched_route.name, "asked": sorted((request.matchdict or {}).values())}
        request.afterwards.entries.append(entry(request.viewer, "refused", (), **details))


def _bad_token(_error: BadCSRFToken, request: Request) -> Response:
    return answer(request, 403)


def _bad_input(_error: Exception, request: Request) -> Response:
    return answer(request, 400)


def _by_status(error: Any, request: Request) -> Response:
    status = error.status_int
    return answer(request, status if status in TROUBLES else 400)


def _database_trouble(error: OperationalError, request: Request) -> Response:
    """A database that is busy or away. The retry policy has tried again before this is shown."""
    log.error("database trouble", error=type(error.orig).__name__)
    return answer(request, 503)


def _mistake(error: Exception, request: Request) -> Response:
    reference = new_id().hex[-12:]
    route = request.matched_route.name if getattr(request, "matched_route", None) else ""
    log.error("unexpected error", reference=reference, error=type(error).__name__, route=route,
              at=place_of(error))
    return answer(request, 500, reference)


def mark_busy_as_retryable(error: OperationalError) -> OperationalError:
    """SQLite says "database is locked" where PostgreSQL would say "serialization failure"."""
    if "database is locked" in str(error.orig):
        mark_error_retryable(error)
    return error


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


