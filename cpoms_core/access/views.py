"""Logging in and out, links to set a password, elevating, locking."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from wtforms import Field

from cpoms_core.access import accounts, login, security_log, sessions
from cpoms_core.access.forms import ForgottenForm, LoginForm, NewPasswordForm, UnlockForm
from cpoms_core.access.models import User
from cpoms_core.access.passwords import WeakPassword
from cpoms_core.access.viewer import Access, utc_now
from cpoms_core.openid.services import enabled_providers
from cpoms_core.portal.cookies import prefers_sso, remember_choice
from cpoms_core.portal.queries import has_sso_users
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.web.cookies import CLEARED, set_cookie
from cpoms_core.web.errors import answer
from cpoms_core.web.request import asked_by_script, cookie_name


def visitor(request: Request) -> login.Visitor:
    """Where the request comes from. `client_addr` would believe any X-Forwarded-For: behind a proxy the
    server is told which one to trust, and sets the remote address itself."""
    return login.Visitor(request.school_id, request.remote_addr or "", request.user_agent or "")


def local_path(address: str) -> str:
    """A path on this host to go to after log-in; anything else is the dashboard."""
    safe = (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and "\\" not in address
        and address.isprintable()
    )
    return address if safe else "/"


def here(request: Request, target: str) -> str:
    """Where a form posts to: the page itself, with where to go on afterwards."""
    return str(request.current_route_path(_query={"next": target} if target != "/" else {}))


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    set_cookie(request, response, cookie_name(request.app), token)


def start_session(
    request: Request,
    user: User,
    access: Access,
    target: str,
    *,
    key_id: uuid.UUID | None = None,
    provider: str = "",
) -> Response:
    """Begins a session, ends the one before it, writes it down, and goes on to `target`. `key_id`: the key
    that was used. `provider`: the name of the OpenID provider that vouched instead of a password (ACC-14)."""
    db, now = request.db, utc_now()
    request.afterwards.touch = False
    if request.asking.login is not None:
        sessions.end(db, request.asking.login.token_hash, now)
    who = visitor(request)
    token = sessions.begin(
        db,
        user,
        access,
        ip=who.ip,
        browser=who.browser,
        now=now,
        key_id=key_id,
        provider_vouched=bool(provider) and access == "elevated",
        names_hidden=access == "elevated" and _names_hidden(request, user),
    )
    details: dict[str, Any] = {"browser": who.browser[:300]}
    details |= {"key": str(key_id)} if key_id else {}
    details |= {"provider": provider} if provider else {}
    users = {user.school_id: user.id}
    security_log.write(db, None, users, f"login.{access}", now, access=access, ip=who.ip, **details)
    response = HTTPFound(target)
    set_session_cookie(request, response, token)
    return response


def _names_hidden(request: Request, user: User) -> bool:
    """Whether the user's session so far hides names: a key in front of a class must not show them."""
    before = request.asking.viewer
    return before is not None and before.user_id == user.id and before.names_hidden


def log_in(request: Request) -> Any:
    """ACC-07: e-mail and password; then the key, if the user has one."""
    if request.viewer is not None and request.method == "GET":
        return HTTPFound("/")
    form = LoginForm(request.POST)
    target = local_path(request.params.get("next", "/"))
    if request.method == "POST" and form.validate():
        try:
            owner = login.check_password(
                request.app, visitor(request), form.email.data or "", form.password.data or "", utc_now()
            )
        except login.LoginRefused as refusal:
            form.form_errors.append(str(refusal))
        else:
            user = request.db.get_one(User, (request.school_id, owner.users[request.school_id]))
            response = start_session(
                request, user, "restricted", request.route_path("elevate", _query={"next": target})
            )
            remember_choice(request, response, sso=False)
            return response
    return {
        "title": "Log in",
        "form": form,
        "next": target,
        "action": request.path,
        **_other_ways(request, target),
        "sso_first": prefers_sso(request) and request.method == "GET" and "with" not in request.GET,
    }


def _other_ways(request: Request, target: str) -> dict[str, Any]:
    """Where a log-in begins that needs no password of this school: with an SSO account, where somebody has
    one (ACC-03), and by a provider."""
    with request.app.session(request.school_id, writes=False) as db:
        return {
            "sso": request.route_path("sso", _query={"next": target}) if has_sso_users(db) else None,
            "providers": _providers(request, db, target),
        }


def _providers(request: Request, db: SchoolSession, target: str) -> list[dict[str, str]]:
    """The OpenID providers that the school offers, and where their log-in begins (ACC-14)."""
    return [
        {
            "name": one.name,
            "href": request.route_path("openid-go", provider_id=one.id, _query={"next": target}),
        }
        for one in enabled_providers(db)
    ]


def forgotten(request: Request) -> Any:
    """ACC-01, ACC-02: asks for the address; the answer is the same whoever's it is."""
    form = ForgottenForm(request.POST)
    if request.method == "POST" and form.validate():
        try:
            login.count_link(request.app, visitor(request), utc_now())
        except login.LoginRefused as refusal:
            form.form_errors.append(str(refusal))
        else:
            school, ip = request.asking.school, visitor(request).ip
            accounts.send_reset_link(request.db, school, form.email.data or "", utc_now(), ip=ip)
            return HTTPFound(request.route_path("forgotten-sent"))
    with request.app.session(request.school_id, writes=False) as db:
        sso = f"{request.app.deployment.accounts_address}/forgotten" if has_sso_users(db) else None
    return {"title": "Set your password", "form": form, "action": request.path, "sso": sso}


def forgotten_sent(request: Request) -> dict[str, Any]:
    return {"title": "Look at your e-mail"}


def new_password(request: Request) -> Any:
    """Sets a password by a link from a mail; the link is used up only by a password that was good enough."""
    token = request.matchdict["token"]
    now = utc_now()
    with request.app.session(request.school_id, writes=False) as db:
        found = accounts.link_owner(db, token, now)
    form = NewPasswordForm(request.POST)
    if found and request.method == "POST" and form.validate():
        try:
            password_hash = accounts.hash_new_password(
                request.app, form.password.data or "", *found, request.asking.school
            )
        except WeakPassword as weakness:
            form.password.errors = [*form.password.errors, str(weakness)]
        else:
            if accounts.set_password(request.db, token, password_hash, now, ip=visitor(request).ip):
                login.end_lock_out(request.db, found[0])
                return HTTPFound(request.route_path("login", _query={"said": "password-set"}))
            found = None
    return {
        "title": "Choose a password",
        "form": form,
        "action": request.path,
        "email": found[0].email if found else None,
        "expired": found is None,
    }


def log_out(request: Request) -> Response:
    """Ends the session; of an SSO account the log-in as a whole, at all of its schools (ACC-03)."""
    db, found, now = request.db, request.asking.login, utc_now()
    request.afterwards.touch = False
    sso = found is not None and found.portal_hash is not None
    if found is not None:
        viewer = request.asking.viewer
        sessions.end(db, found.token_hash, now)
        users = {viewer.school_id: viewer.user_id}
        if found.portal_hash is not None:
            sessions.end_portal(db, found.portal_hash, now)
            users |= security_log.users_of(db, found.account_id)
        security_log.write(db, found.account_id, users, "logout", now, ip=viewer.ip)
    said = "sso-logged-out" if sso else "logged-out"
    response = HTTPFound(request.route_path("login", _query={"said": said}))
    response.delete_cookie(cookie_name(request.app), path="/")
    response.headers["Clear-Site-Data"] = CLEARED
    return response


def is_own_password(
    request: Request, account_id: uuid.UUID, users: Mapping[int, uuid.UUID], field: Field
) -> bool:
    """Whether a field holds the password of the account that asks; otherwise the field says so. `users`: the
    users that the account is, by school."""
    try:
        login.check_own_password(
            request.app, visitor(request), account_id, users, field.data or "", utc_now()
        )
    except login.LoginRefused as refusal:
        field.errors = [*field.errors, str(refusal)]
        return False
    return True


def lock(request: Request) -> dict[str, Any]:
    """ACC-12: the page was idle; from now on the session needs the password."""
    request.afterwards.touch = False
    if request.asking.login is not None:
        sessions.lock(request.db, request.asking.login.token_hash, utc_now())
    return {"ok": True}


def unlock(request: Request) -> Any:
    """The password again: by the cover of the page (JSON), or by a page of its own."""
    asking = request.asking
    if asking.login is None:
        return answer(request, 401) if asked_by_script(request) else HTTPFound(request.route_path("login"))
    if not asking.login.locked and request.method == "GET":
        return HTTPFound("/")
    form = UnlockForm(request.POST)
    target = local_path(request.params.get("next", "/"))
    users = {request.school_id: asking.viewer.user_id}
    if (
        request.method == "POST"
        and form.validate()
        and is_own_password(request, asking.login.account_id, users, form.password)
    ):
        sessions.unlock(request.db, asking.login.token_hash, utc_now())
        if asking.login.portal_hash is not None:
            sessions.touch_portal(request.db, asking.login.portal_hash, utc_now())
        if asked_by_script(request):
            return Response(json_body={"ok": True, "csrf_token": asking.login.csrf_token})
        return HTTPFound(target)
    if asked_by_script(request):
        return Response(json_body={"ok": False, "message": " ".join(form.password.errors)})
    with request.app.session(request.school_id, writes=False) as db:
        providers = _providers(request, db, target)
    return {
        "title": "Your screen was locked",
        "form": form,
        "next": target,
        "action": here(request, target),
        "providers": providers,
    }


def session_token(request: Request) -> dict[str, Any]:
    """The forms' token of the session that goes on in a page which was open before (static/js/http.js)."""
    viewer = request.viewer
    token = request.asking.login.csrf_token
    return {"csrf_token": token, "user": viewer.user_name, "elevated": viewer.elevated}
