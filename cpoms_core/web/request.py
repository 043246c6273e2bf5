"""What a request knows: its school, its session in the database, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import zope.sqlalchemy
from pyramid.config import Configurator
from pyramid.request import Request

from cpoms_core.access import identity
from cpoms_core.access.identity import Asking
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.portal.identity import Portal, portal_of
from cpoms_core.tenancy.hosts import Hosts
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web.cookies import host_bound

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Afterwards:
    """What is written after the main transaction and before the answer leaves (see `tweens`)."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    touch: bool = True


def cookie_name(app: Application) -> str:
    """The cookie of a session at a school."""
    return host_bound(app, "session")


def portal_cookie(app: Application) -> str:
    """As `cookie_name`, for the log-in at the accounts' own host."""
    return host_bound(app, "portal")


def _asking(request: Request) -> Asking | None:
    """Read in a short transaction of its own, so that a change's transaction begins only once its input
    was read and checked."""
    if request.school_id is None:
        return None
    app: Application = request.app
    with app.session(request.school_id, writes=False) as db:
        return identity.asking(db, request.cookies.get(cookie_name(app), ""), utc_now())


def _db(request: Request) -> SchoolSession:
    """The request's session: for reading, or for one change in one transaction."""
    route = request.matched_route.name if request.matched_route is not None else ""
    writes = (
        request.method not in SAFE_METHODS and route not in request.registry.reading_routes
    ) or route in request.registry.changing_routes
    school_id = request.school_id
    if school_id is None and request.portal_login is not None:
        # one of the account's schools carries what is written down and mailed (access.security_log)
        school_id = request.portal_login.first_school.id
    db = request.app.session(school_id, writes=writes)
    # as 'changed', or Core statements would be dropped without a word
    zope.sqlalchemy.register(
        db, transaction_manager=request.tm, initial_state="changed" if writes else "active"
    )
    request.add_finished_callback(lambda _request: db.close())
    return db


def _viewer(request: Request) -> Viewer | None:
    """Who asks; nobody while the session is locked."""
    asking = request.asking
    if asking is None or asking.login is None or asking.login.locked:
        return None
    return asking.viewer


def _portal_login(request: Request) -> Portal | None:
    """The SSO log-in at the accounts' own host, locked or not (ACC-03)."""
    if request.place != "accounts":
        return None
    with request.app.session(None, writes=False) as db:
        return portal_of(db, request.cookies.get(portal_cookie(request.app), ""), utc_now())


def _portal(request: Request) -> Portal | None:
    """Who is logged in at the accounts' own host; nobody while the log-in is locked."""
    found: Portal | None = request.portal_login
    return None if found is None or found.locked else found


def asked_by_script(request: Request) -> bool:
    """Whether one of our scripts asks and reads the answer (static/js/http.js), not a person's browser."""
    return (
        request.headers.get("Accept") == "application/json"
        or request.headers.get("X-Requested-With") == "fetch"
        or request.content_type == "application/json"
    )


def includeme(config: Configurator) -> None:
    app: Application = config.registry.app  # type: ignore[attr-defined]
    hosts = Hosts(app)
    config.add_request_method(lambda _r: app, "app", reify=True)
    config.add_request_method(lambda r: hosts.school_id(r.host), "school_id", reify=True)
    config.add_request_method(lambda r: hosts.place(r.host), "place", reify=True)
    config.add_request_method(_asking, "asking", reify=True)
    config.add_request_method(_viewer, "viewer", reify=True)
    config.add_request_method(_portal_login, "portal_login", reify=True)
    config.add_request_method(_portal, "portal", reify=True)
    config.add_request_method(_db, "db", reify=True)
    config.add_request_method(
        lambda r: r.asking.modules if r.asking else frozenset(), "modules_on", reify=True
    )
    config.add_request_method(lambda _r: Afterwards(), "afterwards", reify=True)
