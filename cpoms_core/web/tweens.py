"""What surrounds every request: headers, the host check, and what is written after the main transaction.

Refusals, views and session touches must survive a rollback or follow a read. They are collected on the
request and written here, over pyramid_tm, before the answer leaves. (A second connection inside the first
waited for its own request until the time-out when tried.)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import INGRESS
from pyramid_retry import is_error_retryable
from sqlalchemy.exc import SQLAlchemyError

from cpoms_core.access import sessions
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.services import write_entries
from cpoms_core.logs import place_of
from cpoms_core.modules.failing import write_failures
from cpoms_core.tenancy.settings import SHORTEST_IDLE
from cpoms_core.web.errors import mark_busy_as_retryable
from cpoms_core.web.request import Afterwards

log = structlog.get_logger()
Handler = Callable[[Request], Response]
POLICY = "Content-Security-Policy"
HEADERS = {
    POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; manifest-src 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
}
NO_PAGE = "The system cannot answer just now. What you saved before is kept. Please try again in a minute."
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


def headers_tween(handler: Handler, registry: Any) -> Handler:
    """Security headers on every answer; pages with records are kept by no cache."""
    deployment = registry.app.deployment
    secure = deployment.secure
    # a form that logs in at the accounts' own host leads on to a school, which browsers count as its target
    schools = deployment.school_address("*")
    forms_lead_to_schools = HEADERS[POLICY].replace("form-action 'self'", f"form-action 'self' {schools}")

    def tween(request: Request) -> Response:
        try:
            response = handler(request)
        except Exception as error:  # past every page for errors: those need the database, too
            mark_busy_as_retryable(error)
            if is_error_retryable(request, error):
                raise
            log.error("no page could be made", error=type(error).__name__, at=place_of(error))
            response = Response(NO_PAGE, status=503, content_type="text/plain")
        if request.__dict__.get("place") == "accounts":
            response.headers.setdefault(POLICY, forms_lead_to_schools)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if secure:
            response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return response

    return tween


def host_tween(handler: Handler, _registry: Any) -> Handler:
    """An unknown host is refused before anything else: its name must not reach links or rules."""

    def tween(request: Request) -> Response:
        path = request.environ.get("PATH_INFO", "")  # `request.path` cannot read every path
        if "," in request.environ.get("HTTP_HOST", "") or (
            request.place is None and not path.startswith("/static/")
        ):
            return Response("There is no school at this address.", status=400, content_type="text/plain")
        return handler(request)

    return tween


def afterwards_tween(handler: Handler, _registry: Any) -> Handler:
    """Writes what the request collected; where that fails, the person is told and nothing was hidden."""

    def tween(request: Request) -> Response:
        response = handler(request)
        error = getattr(request, "exception", None)
        if error is not None:
            mark_busy_as_retryable(error)
            if is_error_retryable(request, error):
                return response  # this attempt is thrown away and made again
        try:
            _write(request)
        except SQLAlchemyError as failure:
            log.error("could not write the audit of a request", error=type(failure).__name__)
            return Response(
                "The system could not write down that you opened this page, so it is not shown. "
                "What you saved before is kept. Please try again in a minute.",
                status=503,
                content_type="text/plain",
            )
        return response

    return tween


def _write(request: Request) -> None:
    afterwards: Afterwards = request.afterwards
    db = request.__dict__.get("db")
    failures = list(db.hook_failures) if db is not None else []
    asking = request.__dict__.get("asking")
    now = utc_now()
    login = (
        asking.login if asking and afterwards.touch and not (asking.login and asking.login.locked) else None
    )
    stale = login is not None and sessions.is_stale(login.touched_at, login.idle, now)
    _touch_portal(request, now)
    if not (afterwards.entries or failures or stale) or request.school_id is None:
        return
    with request.app.transaction(request.school_id) as session:
        write_entries(session, afterwards.entries)
        write_failures(session, failures, now)
        if login is not None and stale:
            sessions.touch(session, login.token_hash, now)
            if login.portal_hash is not None:
                sessions.touch_portal(session, login.portal_hash, now)


def _touch_portal(request: Request, now: dt.datetime) -> None:
    portal = request.__dict__.get("portal")
    if portal is None or not request.afterwards.touch:
        return
    # as exactly as the strictest school asks, which is told how long its log-in was idle (portal.handoff)
    if sessions.is_stale(portal.touched_at, dt.timedelta(minutes=SHORTEST_IDLE), now):
        with request.app.transaction(None) as session:
            sessions.touch_portal(session, portal.token_hash, now)


def includeme(config: Configurator) -> None:
    config.add_tween(
        "cpoms_core.web.tweens.afterwards_tween", over="pyramid_tm.tm_tween_factory", under=INGRESS
    )
    config.add_tween(
        "cpoms_core.web.tweens.host_tween", over="cpoms_core.web.tweens.afterwards_tween", under=INGRESS
    )
    config.add_tween(
        "cpoms_core.web.tweens.headers_tween", over="cpoms_core.web.tweens.host_tween", under=INGRESS
    )
