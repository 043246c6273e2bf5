"""Logging in and out, links to set a password, elevating, locking."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access import accounts, login, sessions
from cpoms_core.access.forms import CodeForm, ForgottenForm, LoginForm, NewPasswordForm, UnlockForm
from cpoms_core.access.models import User
from cpoms_core.access.passwords import WeakPassword
from cpoms_core.access.viewer import Access, utc_now
from cpoms_core.audit.services import raw_entry, write_entries
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


def _here(request: Request, target: str) -> str:
    """Where a form posts to: the page itself, with where to go on afterwards."""
    return str(request.current_route_path(_query={"next": target} if target != "/" else {}))


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        cookie_name(request.app),
        token,
        httponly=True,
        secure=request.app.deployment.secure,
        samesite="Lax",
        path="/",
        overwrite=True,
    )


def start_session(
    request: Request, user: User, access: Access, target: str, *, key_id: uuid.UUID | None = None
) -> Response:
    """Begins a session, ends the one before it, writes it down, and goes on to `target`. `key_id`: the key
    that was used."""
    db, now = request.db, utc_now()
    request.afterwards.touch = False
    if request.asking.login is not None:
        sessions.end(db, request.asking.login.token_hash, now)
    who = visitor(request)
    token = sessions.begin(db, user, access, ip=who.ip, browser=who.browser, now=now, key_id=key_id)
    details = {"browser": who.browser[:300]} | ({"key": str(key_id)} if key_id else {})
    write_entries(
        db,
        [
            raw_entry(
                user.school_id,
                user.id,
                f"login.{access}",
                [user.id],
                details,
                at=now,
                access=access,
                ip=who.ip,
            )
        ],
    )
    response = HTTPFound(target)
    set_session_cookie(request, response, token)
    return response


def log_in(request: Request) -> Any:
    """ACC-07: e-mail and password; then the key, if the user has one."""
    if request.viewer is not None and request.method == "GET":
        return HTTPFound("/")
    form = LoginForm(request.POST)
    target = local_path(request.params.get("next", "/"))
    if request.method == "POST" and form.validate():
        try:
            user_id = login.check_password(
                request.app, visitor(request), form.email.data or "", form.password.data or "", utc_now()
            )
        except login.LoginRefused as refusal:
            form.form_errors.append(str(refusal))
        else:
            user = request.db.get_one(User, (request.school_id, user_id))
            return start_session(
                request, user, "restricted", request.route_path("elevate", _query={"next": target})
            )
    return {"title": "Log in", "form": form, "next": target, "action": request.path}


def forgotten(request: Request) -> Any:
    """ACC-01, ACC-02: asks for the address; the answer is the same whoever's it is."""
    form = ForgottenForm(request.POST)
    if request.method == "POST" and form.validate():
        try:
            login.count_link(request.app, visitor(request), utc_now())
        except login.LoginRefused as refusal:
            form.form_errors.append(str(refusal))
        else:
            accounts.send_reset_link(request.db, request.asking.school, form.email.data or "", utc_now())
            return HTTPFound(request.route_path("forgotten-sent"))
    return {"title": "Set your password", "form": form, "action": request.path}


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
                form.password.data or "", *found, request.asking.school
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


def elevate(request: Request) -> Any:
    """The key: a code of the authenticator makes the session an elevated one, under a new token."""
    viewer, target = request.viewer, local_path(request.params.get("next", "/"))
    if viewer.elevated or not viewer.has_key:
        return HTTPFound(target)
    form = CodeForm(request.POST)
    if request.method == "POST" and form.validate():
        try:
            key_id = login.check_code(
                request.app,
                visitor(request),
                viewer.user_id,
                request.asking.login.account_id,
                form.code.data or "",
                utc_now(),
            )
        except login.LoginRefused as refusal:
            form.code.errors = [*form.code.errors, str(refusal)]
        else:
            user = request.db.get_one(User, (request.school_id, viewer.user_id))
            return start_session(request, user, "elevated", target, key_id=key_id)
    return {"title": "Use your key", "form": form, "next": target, "action": _here(request, target)}


def log_out(request: Request) -> Response:
    asking = request.asking
    request.afterwards.touch = False
    if asking.login is not None:
        sessions.end(request.db, asking.login.token_hash, utc_now())
        viewer = asking.viewer
        write_entries(
            request.db,
            [
                raw_entry(
                    viewer.school_id,
                    viewer.user_id,
                    "logout",
                    [viewer.user_id],
                    {},
                    at=utc_now(),
                    ip=viewer.ip,
                )
            ],
        )
    response = HTTPFound(request.route_path("login", _query={"said": "logged-out"}))
    response.delete_cookie(cookie_name(request.app), path="/")
    return response


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
    if request.method == "POST" and form.validate():
        try:
            login.check_own_password(
                request.app,
                visitor(request),
                asking.viewer.user_id,
                asking.login.account_id,
                form.password.data or "",
                utc_now(),
            )
        except login.LoginRefused as refusal:
            form.password.errors = [*form.password.errors, str(refusal)]
        else:
            sessions.unlock(request.db, asking.login.token_hash, utc_now())
            if asked_by_script(request):
                return Response(json_body={"ok": True, "csrf_token": asking.login.csrf_token})
            return HTTPFound(target)
    if asked_by_script(request):
        return Response(json_body={"ok": False, "message": " ".join(form.password.errors)})
    return {"title": "Your screen was locked", "form": form, "next": target, "action": _here(request, target)}


def session_token(request: Request) -> dict[str, str]:
    """The forms' token of the session that goes on in a page which was open before (static/js/http.js)."""
    return {"csrf_token": request.asking.login.csrf_token, "user": request.viewer.user_name}
