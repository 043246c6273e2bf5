"""Pages at the accounts' own host, and at each school the way there and back (ACC-03, ACC-04).

Included before the schools' own: the same addresses are other pages at a school.
"""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.access.activity import active_at_accounts
from cpoms_core.keys.owner import key_places
from cpoms_core.keys.routes import declare as declare_keys
from cpoms_core.modules.routes import CORE, IN_SERVICE, PORTAL, PUBLIC, ModuleRoutes, NotAudited
from cpoms_core.portal import login_views, school_views, views
from cpoms_core.portal.keys import PREFIX, PortalKeys

TEMPLATES = "cpoms_core:templates/"
LOGIN = f"{TEMPLATES}login/"
OWN = f"{TEMPLATES}portal/"
BOTH = ("GET", "POST")
FORM = NotAudited("a form without data; each try is written by its service")
OWN_DATA = NotAudited("the owner's own account; nothing of a record, and of no school")


def includeme(config: Configurator) -> None:
    config.include("cpoms_core.portal.page")
    routes = ModuleRoutes(config, CORE)
    _logging_in(routes)
    _portal(routes)
    key_places(config)["accounts"] = PortalKeys()
    declare_keys(routes, "accounts", PREFIX)
    _hand_off(routes)


def _logging_in(routes: ModuleRoutes) -> None:
    for name, pattern, view, template in (
        ("portal-login", "/login", login_views.log_in, "login.pt"),
        ("portal-forgotten", "/forgotten", login_views.forgotten, "forgotten.pt"),
        ("portal-new-password", "/password/{token}", login_views.new_password, "new_password.pt"),
        ("portal-unlock", "/session/unlock", login_views.unlock, "locked.pt"),
    ):
        routes.route(name, pattern, at="accounts")
        routes.view(view, name, permission=PUBLIC, audit=FORM, methods=BOTH, template=f"{LOGIN}{template}")
    routes.route("portal-forgotten-sent", "/forgotten/sent", at="accounts")
    routes.view(
        login_views.forgotten_sent,
        "portal-forgotten-sent",
        permission=PUBLIC,
        audit=NotAudited("the same for everyone"),
        template=f"{OWN}forgotten_sent.pt",
    )
    routes.route("portal-logout", "/logout", at="accounts")
    routes.view(login_views.log_out, "portal-logout", permission=PUBLIC, audit=IN_SERVICE, methods=("POST",))
    routes.route("portal-lock", "/session/lock", at="accounts")
    routes.view(
        login_views.lock,
        "portal-lock",
        permission=PUBLIC,
        audit=NotAudited("the screen was covered"),
        methods=("POST",),
        template="json",
    )
    routes.route("portal-active", "/session/active", at="accounts")
    routes.view(
        active_at_accounts,
        "portal-active",
        permission=PORTAL,
        audit=NotAudited("somebody is at a page, which shows no data of a record"),
        methods=("POST",),
        template="json",
    )
    routes.route("portal-session-token", "/session/token", at="accounts")
    routes.view(
        login_views.session_token,
        "portal-session-token",
        permission=PORTAL,
        audit=NotAudited("no data of a record"),
        template="json",
    )


def _portal(routes: ModuleRoutes) -> None:
    for name, pattern, view, template in (
        ("portal-home", "/", views.home, "portal/home.pt"),
        ("portal-account", "/account", views.account, "portal/account.pt"),
        ("portal-logins", "/account/log-ins", views.list_logins, "account/log_ins.pt"),
    ):
        routes.route(name, pattern, at="accounts")
        routes.view(view, name, permission=PORTAL, audit=OWN_DATA, template=f"{TEMPLATES}{template}")
    for name, pattern, view, template in (
        ("portal-email", "/account/email", views.change_email, "email.pt"),
        ("portal-password", "/account/password", views.change_password, "password.pt"),
        ("portal-alerts", "/account/schools/{slug}", views.change_alerts, "alerts.pt"),
    ):
        routes.route(name, pattern, at="accounts")
        routes.view(
            view, name, permission=PORTAL, audit=IN_SERVICE, methods=BOTH, template=f"{OWN}{template}"
        )
    for name, pattern, view in (
        ("portal-login-end", "/account/log-ins/{login_id}/end", views.end_login),
        ("portal-logins-end", "/account/log-ins/end", views.end_everywhere),
    ):
        routes.route(name, pattern, at="accounts")
        routes.view(view, name, permission=PORTAL, audit=IN_SERVICE, methods=("POST",))
    routes.route("portal-confirm", "/confirm/{token}", at="accounts")
    routes.view(
        views.confirm,
        "portal-confirm",
        permission=PUBLIC,
        audit=IN_SERVICE,
        methods=BOTH,
        template=f"{OWN}confirm.pt",
    )


def _hand_off(routes: ModuleRoutes) -> None:
    routes.route("sso", "/sso")
    routes.view(school_views.start, "sso", permission=PUBLIC, audit=NotAudited("it leads on"))
    routes.route("portal-go", "/go/{slug}", at="accounts")
    routes.view(
        school_views.go,
        "portal-go",
        permission=PORTAL,
        audit=NotAudited("the school writes down who enters"),
        template=f"{OWN}no_school.pt",
    )
    routes.route("sso-enter", "/sso/enter", changes=True)
    routes.view(
        school_views.enter,
        "sso-enter",
        permission=PUBLIC,
        audit=IN_SERVICE,
        template=f"{OWN}not_finished.pt",
    )
