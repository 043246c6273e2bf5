"""Pages of keys: declared once for the schools, and once more for the accounts' own host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator

from cpoms_core.authenticator.routes import declare_step
from cpoms_core.deployment import Place
from cpoms_core.keys import adding_views, step_views, views
from cpoms_core.keys.owner import AT_SCHOOL, route_name
from cpoms_core.modules.routes import CORE, IN_SERVICE, OWN_ACCOUNT, PORTAL, Audit, ModuleRoutes, NotAudited

TEMPLATES = "cpoms_core:templates/keys/"
GET, POST = ("GET",), ("POST",)
BOTH = ("GET", "POST")
FORM = NotAudited("a form without data; each try is written by its service")
QUESTION = NotAudited("a random number for a key to sign; what comes of it is written by its service")


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page of keys, or an answer to a script where the template is `json`."""

    name: str
    pattern: str
    view: Callable[..., Any]
    methods: tuple[str, ...]
    audit: Audit
    template: str


KEYS = "/account/keys"
PAGES = (
    KeyPage("keys", KEYS, views.list_keys, GET, "keys.viewed", "keys.pt"),
    KeyPage(
        "key-add",
        f"{KEYS}/add",
        adding_views.add_authenticator,
        BOTH,
        IN_SERVICE,
        "add_authenticator.pt",
    ),
    KeyPage(
        "key-register", f"{KEYS}/register", adding_views.add_security_key, BOTH, IN_SERVICE, "register.pt"
    ),
    KeyPage(
        "key-register-question",
        f"{KEYS}/register/question",
        adding_views.ask_new_key,
        POST,
        QUESTION,
        "json",
    ),
    KeyPage("key-rename", f"{KEYS}/{{key}}/name", views.rename_key, BOTH, IN_SERVICE, "rename.pt"),
    KeyPage("key-remove", f"{KEYS}/{{key}}/remove", views.remove_key, BOTH, IN_SERVICE, "remove.pt"),
    KeyPage("elevate", "/elevate", step_views.elevate, BOTH, FORM, "elevate.pt"),
    KeyPage("elevate-question", "/elevate/question", step_views.ask_key, POST, QUESTION, "json"),
)


def declare(routes: ModuleRoutes, at: Place, prefix: str) -> None:
    """Declares the pages of keys at one kind of place. Their addresses are the same everywhere; the names of
    their routes begin with `prefix` (`KeyOwner.route`)."""
    permission = OWN_ACCOUNT if at == "school" else PORTAL
    for page in PAGES:
        name = route_name(prefix, page.name)
        routes.route(name, page.pattern, at=at)
        routes.view(
            page.view,
            name,
            permission=permission,
            audit=page.audit,
            comes_back=FORM if page.audit == IN_SERVICE else None,
            methods=page.methods,
            template="json" if page.template == "json" else f"{TEMPLATES}{page.template}",
        )
    declare_step(routes, at, prefix)


def includeme(config: Configurator) -> None:
    config.include("cpoms_core.keys.owner")
    declare(ModuleRoutes(config, CORE), "school", AT_SCHOOL)
