"""The portal of an SSO account: its schools, addresses, password and log-ins (ACC-04)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.access import accounts
from cpoms_core.access.account_views import shown_log_in
from cpoms_core.access.accounts import Owner
from cpoms_core.access.models import Account
from cpoms_core.access.passwords import WeakPassword
from cpoms_core.access.viewer import utc_now
from cpoms_core.access.views import is_own_password, visitor
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.portal import addresses, logins, queries, services
from cpoms_core.portal.cookies import forget
from cpoms_core.portal.forms import AlertsForm, ConfirmForm, NewEmailForm, OwnPasswordForm
from cpoms_core.portal.identity import OwnSchool, Portal
from cpoms_core.web.forms import as_id


def home(request: Request) -> dict[str, Any]:
    """The schools that the account opens, with the way there."""
    portal: Portal = request.portal
    return {
        "title": "Your schools",
        "schools": [
            {
                "name": school.name,
                "href": f"{request.app.deployment.school_address(school.slug)}/sso",
                "alerts": school.alert_email or portal.email,
                "alerts_href": request.route_path("portal-alerts", slug=school.slug),
            }
            for school in portal.schools
        ],
    }


def account(request: Request) -> dict[str, Any]:
    """The address and the password that the account logs in with."""
    return {"title": "Account settings", "email": request.portal.email, "has_key": request.portal.has_key}


def change_email(request: Request) -> Any:
    """Asks for another address to log in with; a link is mailed there."""
    portal: Portal = request.portal
    form = NewEmailForm(request.POST)
    if (
        request.method == "POST"
        and form.validate()
        and is_own_password(request, portal.account_id, portal.users, form.present)
    ):
        try:
            addresses.ask_email(request.app, portal, form.email.data or "", utc_now())
        except Refused as refusal:
            form.email.errors = [*form.email.errors, refusal.message]
        else:
            return _sent(request, "portal-account")
    return {
        "title": "Change your e-mail address",
        "form": form,
        "email": portal.email,
        "action": request.path,
    }


def change_alerts(request: Request) -> Any:
    """Asks for another address for the mails of one school; a link is mailed there."""
    portal, school = request.portal, _own_school(request)
    form = AlertsForm(request.POST)
    if request.method == "POST" and form.validate():
        try:
            asked = addresses.ask_alerts(request.app, portal, school, form.email.data or "", utc_now())
        except Refused as refusal:
            form.email.errors = [*form.email.errors, refusal.message]
        else:
            return _sent(request, "portal-home", said="link-sent" if asked else "saved")
    return {
        "title": f"Mails of {school.name}",
        "form": form,
        "school": school.name,
        "alerts": school.alert_email or portal.email,
        "own": portal.email,
        "action": request.path,
    }


def confirm(request: Request) -> Any:
    """A link that was mailed to a new address: a button, because mail programs open links by themselves."""
    token, now = request.matchdict["token"], utc_now()
    found = addresses.asked_change(request.app, token, now)
    form = ConfirmForm(request.POST)
    if found and request.method == "POST":
        try:
            change = addresses.confirm(request.app, token, now, ip=visitor(request).ip)
        except NothingThere:
            found = None
        except Refused as refusal:
            form.form_errors.append(refusal.message)
        else:
            said = "sso-email-changed" if change.school_id is None else "alerts-changed"
            to = "portal-login" if request.portal is None else "portal-home"
            return HTTPFound(request.route_path(to, _query={"said": said}))
    return {
        "title": "Confirm your e-mail address",
        "form": form,
        "email": found[0].email if found else None,
        "school": found[1] if found else None,
        "expired": found is None,
        "action": request.path,
    }


def change_password(request: Request) -> Any:
    """Another password, by who knows the present one; then everybody logs in anew."""
    portal: Portal = request.portal
    form = OwnPasswordForm(request.POST)
    if (
        request.method == "POST"
        and form.validate()
        and is_own_password(request, portal.account_id, portal.users, form.present)
    ):
        owner = Owner(_account(request), portal.users)
        try:
            password_hash = accounts.hash_password_of(request.app, form.password.data or "", owner.account)
        except WeakPassword as weakness:
            form.password.errors = [*form.password.errors, str(weakness)]
        else:
            services.change_password(request.db, owner, password_hash, visitor(request), utc_now())
            return forget(request, request.route_path("portal-login", _query={"said": "password-set"}))
    return {"title": "Change your password", "form": form, "email": portal.email, "action": request.path}


def list_logins(request: Request) -> dict[str, Any]:
    """Where the account is logged in."""
    portal: Portal = request.portal
    return {
        "title": "Your log-ins",
        "portal": "",
        "logins": [
            shown_log_in(one, portal.id, portal.local)
            for one in queries.logins_of(request.db, portal.account_id, utc_now())
        ],
    }


def end_login(request: Request) -> Any:
    """Ends one of the account's log-ins, at its schools too."""
    portal: Portal = request.portal
    login_id = as_id(request.matchdict["login_id"])
    if login_id is None or login_id == portal.id:  # this one is left by Log out
        raise NothingThere
    if not logins.end_one(request.db, portal, login_id, visitor(request), utc_now()):
        raise NothingThere
    return HTTPFound(request.route_path("portal-logins", _query={"said": "log-in-ended"}))


def end_everywhere(request: Request) -> Any:
    """Ends every log-in of the account, this one too."""
    logins.end_everywhere(request.db, request.portal, visitor(request), utc_now())
    return forget(request, request.route_path("portal-login", _query={"said": "sso-logged-out"}))


def _own_school(request: Request) -> OwnSchool:
    slug = request.matchdict["slug"]
    for school in request.portal.schools:
        if school.slug == slug:
            return school
    raise NothingThere


def _account(request: Request) -> Account:
    with request.app.session(None, writes=False) as db:
        return db.get_one(Account, request.portal.account_id)


def _sent(request: Request, to: str, said: str = "link-sent") -> HTTPFound:
    return HTTPFound(request.route_path(to, _query={"said": said}))
