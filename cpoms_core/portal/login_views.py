"""Logging in and out at the accounts' own host, links to set a password, idle time (ACC-03)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access import accounts, login
from cpoms_core.access.forms import ForgottenForm, LoginForm, NewPasswordForm, UnlockForm
from cpoms_core.access.passwords import WeakPassword
from cpoms_core.access.viewer import utc_now
from cpoms_core.access.views import here, is_own_password, local_path, visitor
from cpoms_core.portal import logins, services
from cpoms_core.portal.cookies import forget, go_on
from cpoms_core.web.cookies import CLEARED
from cpoms_core.web.errors import answer
from cpoms_core.web.request import asked_by_script

SENT = "portal-forgotten-sent"


def log_in(request: Request) -> Any:
    """E-mail and password of an SSO account; then the key, if it has one."""
    if request.portal is not None and request.method == "GET":
        return HTTPFound(local_path(request.params.get("next", "/")))
    form = LoginForm(request.POST)
    target = local_path(request.params.get("next", "/"))
    if request.method == "POST" and form.validate():
        who, now = visitor(request), utc_now()
        try:
            owner = login.check_password(
                request.app, who, form.email.data or "", form.password.data or "", now
            )
        except login.LoginRefused as refusal:
            form.form_errors.append(str(refusal))
        else:
            with request.app.transaction(owner.first_school) as db:
                token = logins.begin(
                    db, owner.account.id, owner.users, "restricted", who, now, before=request.portal_login
                )
            return go_on(request, token, request.route_path("portal-elevate", _query={"next": target}))
    return {
        "title": "Log in with your SSO account",
        "form": form,
        "next": target,
        "action": request.path,
        "several_schools": True,
    }


def log_out(request: Request) -> Response:
    """Ends the log-in here and at every school."""
    if request.portal_login is not None:
        logins.end(request.db, request.portal_login, visitor(request), utc_now())
    response = forget(request, request.route_path("portal-login", _query={"said": "sso-logged-out"}))
    response.headers["Clear-Site-Data"] = CLEARED
    return response


def forgotten(request: Request) -> Any:
    """Asks for the address; the answer is the same whoever's it is (ACC-02)."""
    form = ForgottenForm(request.POST)
    if request.method == "POST" and form.validate():
        try:
            login.count_link(request.app, visitor(request), utc_now())
        except login.LoginRefused as refusal:
            form.form_errors.append(str(refusal))
        else:
            services.send_link(request.app, form.email.data or "", utc_now())
            return HTTPFound(request.route_path(SENT))
    return {"title": "Set the password of your SSO account", "form": form, "action": request.path}


def forgotten_sent(request: Request) -> dict[str, Any]:
    return {"title": "Look at your e-mail"}


def new_password(request: Request) -> Any:
    """Sets a password by a link from a mail; the link is used up only by a password that was good enough."""
    token, now = request.matchdict["token"], utc_now()
    with request.app.session(None, writes=False) as db:
        owner = accounts.sso_link_owner(db, token, now)
    form = NewPasswordForm(request.POST)
    if owner and request.method == "POST" and form.validate():
        try:
            password_hash = accounts.hash_password_of(request.app, form.password.data or "", owner.account)
        except WeakPassword as weakness:
            form.password.errors = [*form.password.errors, str(weakness)]
        else:
            if services.set_password(request.app, token, password_hash, visitor(request), now):
                return HTTPFound(request.route_path("portal-login", _query={"said": "password-set"}))
            owner = None
    return {
        "title": "Choose a password",
        "form": form,
        "action": request.path,
        "email": owner.account.email if owner else None,
        "expired": owner is None,
    }


def lock(request: Request) -> dict[str, Any]:
    """The page was idle; from now on the password is needed."""
    request.afterwards.touch = False
    if request.portal_login is not None:
        logins.lock(request.db, request.portal_login, utc_now())
    return {"ok": True}


def unlock(request: Request) -> Any:
    """The password again: by the cover of the page (JSON), or by a page of its own."""
    portal = request.portal_login
    if portal is None:
        return (
            answer(request, 401)
            if asked_by_script(request)
            else HTTPFound(request.route_path("portal-login"))
        )
    target = local_path(request.params.get("next", "/"))
    if not portal.locked and request.method == "GET":
        return HTTPFound(target)
    form = UnlockForm(request.POST)
    if (
        request.method == "POST"
        and form.validate()
        and is_own_password(request, portal.account_id, portal.users, form.password)
    ):
        logins.unlock(request.db, portal, utc_now())
        request.afterwards.touch = False
        if asked_by_script(request):
            return Response(json_body={"ok": True, "csrf_token": portal.csrf_token})
        return HTTPFound(target)
    if asked_by_script(request):
        return Response(json_body={"ok": False, "message": " ".join(form.password.errors)})
    return {"title": "Your screen was locked", "form": form, "next": target, "action": here(request, target)}


def session_token(request: Request) -> dict[str, Any]:
    """The forms' token of the log-in that goes on in a page which was open before (static/js/http.js)."""
    portal = request.portal
    return {"csrf_token": portal.csrf_token, "user": portal.email, "elevated": portal.elevated}
