"""Pages of logging in and of the account."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.access import account_views, activity, hiding_views, views
from cpoms_core.modules.routes import (
    CORE,
    IN_SERVICE,
    OWN_ACCOUNT,
    PUBLIC,
    SIGNED_IN,
    ModuleRoutes,
    NotAudited,
)

TEMPLATES = "cpoms_core:templates/"
BOTH = ("GET", "POST")


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    for name, pattern in (
        ("login", "/login"),
        ("logout", "/logout"),
        ("forgotten", "/forgotten"),
        ("forgotten-sent", "/forgotten/sent"),
        ("new-password", "/password/{token}"),
        ("lock", "/session/lock"),
        ("unlock", "/session/unlock"),
        ("active", "/session/active"),
        ("session-token", "/session/token"),
        ("names", "/session/names"),
        ("account", "/account"),
        ("account-log-ins", "/account/log-ins"),
        ("account-log-ins-end", "/account/log-ins/end"),
        ("account-log-in-end", "/account/log-ins/{login_id}/end"),
    ):
        routes.route(name, pattern)
    form = NotAudited("a form without data; each try is written by its service")
    routes.view(
        views.log_in,
        "login",
        permission=PUBLIC,
        audit=form,
        methods=BOTH,
        template=f"{TEMPLATES}login/login.pt",
    )
    routes.view(views.log_out, "logout", permission=PUBLIC, audit=IN_SERVICE, methods=("POST",))
    routes.view(
        views.forgotten,
        "forgotten",
        permission=PUBLIC,
        audit=form,
        methods=BOTH,
        template=f"{TEMPLATES}login/forgotten.pt",
    )
    routes.view(
        views.forgotten_sent,
        "forgotten-sent",
        permission=PUBLIC,
        audit=NotAudited("the same for everyone"),
        template=f"{TEMPLATES}login/forgotten_sent.pt",
    )
    routes.view(
        views.new_password,
        "new-password",
        permission=PUBLIC,
        audit=form,
        methods=BOTH,
        template=f"{TEMPLATES}login/new_password.pt",
    )
    routes.view(
        views.lock,
        "lock",
        permission=PUBLIC,
        audit=NotAudited("the screen was covered"),
        methods=("POST",),
        template="json",
    )
    routes.view(
        views.unlock,
        "unlock",
        permission=PUBLIC,
        audit=form,
        methods=BOTH,
        template=f"{TEMPLATES}login/locked.pt",
    )
    routes.view(
        activity.active,
        "active",
        permission=OWN_ACCOUNT,
        audit=NotAudited("somebody is at a page, which was audited itself"),
        methods=("POST",),
        template="json",
    )
    routes.view(
        views.session_token,
        "session-token",
        permission=OWN_ACCOUNT,
        audit=NotAudited("no data of a record"),
        template="json",
    )
    routes.view(hiding_views.switch, "names", permission=SIGNED_IN, audit=IN_SERVICE, methods=("POST",))
    routes.view(
        account_views.account,
        "account",
        permission=OWN_ACCOUNT,
        audit="account.viewed",
        template=f"{TEMPLATES}account/account.pt",
    )
    routes.view(
        account_views.log_ins,
        "account-log-ins",
        permission=OWN_ACCOUNT,
        audit="log-ins.viewed",
        template=f"{TEMPLATES}account/log_ins.pt",
    )
    for view, route in (
        (account_views.end_log_in, "account-log-in-end"),
        (account_views.end_everywhere, "account-log-ins-end"),
    ):
        routes.view(view, route, permission=OWN_ACCOUNT, audit=IN_SERVICE, methods=("POST",))
