"""Who may call which view, and the token that shows that a form was ours."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from pyramid.config import Configurator
from pyramid.interfaces import ICSRFStoragePolicy, ISecurityPolicy
from pyramid.request import Request
from pyramid.security import Allowed, Denied
from zope.interface import implementer

from cpoms_core.access.viewer import Viewer
from cpoms_core.modules.routes import OWN_ACCOUNT, PORTAL, SIGNED_IN
from cpoms_core.web.cookies import host_bound, set_cookie

ANONYMOUS_COOKIE = "form-token"


@implementer(ISecurityPolicy)
class SessionSecurity:
    """A view's permission is one that the session has; `signed-in` asks for a session that reaches more than
    its own account, `own-account` for any; `portal` for an SSO log-in at the accounts' own host."""

    def identity(self, request: Request) -> Viewer | None:
        return request.viewer

    def authenticated_userid(self, request: Request) -> str | None:
        return str(request.viewer.user_id) if request.viewer else None

    def permits(self, request: Request, _context: Any, permission: str) -> Any:
        if permission == PORTAL:
            return Denied("nobody is logged in") if request.portal is None else Allowed("an SSO log-in")
        viewer: Viewer | None = request.viewer
        if viewer is None:
            return Denied("nobody is signed in")
        signed_in = permission == SIGNED_IN and viewer.access != "account"
        if permission == OWN_ACCOUNT or signed_in or viewer.may(permission):
            return Allowed("the session has %s", permission)
        return Denied("the session does not have %s", permission)

    def remember(self, _request: Request, _userid: str, **_kw: Any) -> list[Any]:
        raise NotImplementedError("sessions are begun by access.sessions")

    def forget(self, _request: Request, **_kw: Any) -> list[Any]:
        raise NotImplementedError("sessions are ended by access.sessions")


@implementer(ICSRFStoragePolicy)
class FormToken:
    """The session's own token; before log-in one in a cookie of its own. It is made when a form is shown,
    never while a request is checked, so a cross-site post leaves no cookie behind."""

    def new_csrf_token(self, request: Request) -> str:
        token = secrets.token_urlsafe(24)

        def hand_out(_request: Request, response: Any) -> None:
            set_cookie(request, response, _cookie(request), token)

        request.add_response_callback(hand_out)
        request.form_token = token
        return token

    def get_csrf_token(self, request: Request) -> str:
        return present_token(request) or self.new_csrf_token(request)

    def check_csrf_token(self, request: Request, token: str) -> bool:
        expected = present_token(request)
        return bool(expected) and hmac.compare_digest(expected.encode(), token.encode())


def present_token(request: Request) -> str:
    """The token that this browser's forms carry already, or an empty text."""
    login = request.portal_login or (request.asking and request.asking.login)
    if login:
        return str(login.csrf_token)
    made = str(getattr(request, "form_token", ""))
    return made or str(request.cookies.get(_cookie(request), ""))


def _cookie(request: Request) -> str:
    return host_bound(request.app, ANONYMOUS_COOKIE)


def includeme(config: Configurator) -> None:
    config.set_security_policy(SessionSecurity())
    config.set_csrf_storage_policy(FormToken())
    config.set_default_csrf_options(require_csrf=True)
