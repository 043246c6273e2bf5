"""How pages are declared. Core and modules use the same façade, which stamps every view with its module;
the gate below answers 404 where that module is off, before anything else is asked (MOD-01)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound
from pyramid.interfaces import IExceptionResponse
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.static import static_view
from pyramid.viewderivers import INGRESS

CORE = "core"
PUBLIC = "public"
"""The permission of pages that anyone may open."""
SIGNED_IN = "signed-in"
"""The permission of pages for every signed-in user, with or without a key; policy bounds what they show."""
IN_SERVICE = "in-service"
"""The audit of views whose service writes the audit entry with the change, in its transaction."""


@dataclass(frozen=True, slots=True)
class NotAudited:
    """Why opening a page leaves no audit entry."""

    reason: str


Audit = str | NotAudited


class ModuleRoutes:
    """Declares routes, views and static files of one module (or of the core)."""

    def __init__(self, config: Configurator, module: str) -> None:
        self._config = config
        self._module = module

    def route(self, name: str, pattern: str) -> None:
        """Declares a route. A module's route is named `module.name` and lives under `/module/`."""
        if self._module != CORE and not (
            name.startswith(f"{self._module}.") and pattern.startswith(f"/{self._module}/")
        ):
            raise ValueError(f"route {name!r} of module {self._module!r} must be named {self._module}.x "
                             f"and start with /{self._module}/")
        self._config.add_route(name, pattern)

    def view(
        self,
        view: Callable[..., Any],
        route: str,
        *,
        permission: str,
        audit: Audit,
        methods: tuple[str, ...] = ("GET",),
        template: str | None = None,
        csrf: bool = True,
    ) -> None:
        """Declares what answers a route.

        permission: a permission's name, PUBLIC or SIGNED_IN. audit: the event written when it answered
        well, IN_SERVICE, or NotAudited with a reason. template: `package:templates/x.pt`. csrf: off only
        for what no browser sends.
        """
        if self._module != CORE and not route.startswith(f"{self._module}."):
            raise ValueError(f"module {self._module!r} declares a view of the route {route!r}")
        if not permission or not audit:
            raise ValueError(f"the view of {route!r} must declare its permission and its audit")
        self._config.add_view(
            view,
            route_name=route,
            request_method=methods,
            renderer=template,
            permission=NO_PERMISSION_REQUIRED if permission == PUBLIC else permission,
            module=self._module,
            needs=permission,
            audit=audit,
            require_csrf=csrf,
        )

    def static(self, path: str) -> None:
        """Serves the module's static folder (`package:static`) under `/static/modules/<module>`; files
        hold no data of a school, so they are public."""
        where = "static" if self._module == CORE else f"static/modules/{self._module}"
        route = f"{self._module}.static"
        self._config.add_route(route, f"/{where}/*subpath")
        self._config.add_view(
            static_view(path, use_subpath=True, cache_max_age=31_536_000), route_name=route,
            request_method=("GET", "HEAD"), permission=NO_PERMISSION_REQUIRED, module=self._module,
            needs=PUBLIC, audit=NotAudited("a static file"),
        )


def gate(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: 404 where the view's module is off for the school."""
    module = info.options.get("module")

    def gated(context: Any, request: Any) -> Any:
        if module in (None, CORE) or module in request.modules_on:
            return view(context, request)
        raise HTTPNotFound

    return gated


gate.options = ("module", "needs")  # type: ignore[attr-defined]


class UnstampedView(RuntimeError):
    """A view that was not declared through ModuleRoutes, so that nothing guards it."""


def refuse_unstamped(config: Configurator) -> None:
    """Refuses to start with a view that neither the core nor a module stamped. Exception views, which
    answer for errors only, are the framework's."""
    for entry in config.introspector.get_category("views") or ():
        view = entry["introspectable"]
        if not view.get("module") and not _answers_for_errors(view["context"]):
            raise UnstampedView(f"the view of route {view['route_name']!r} was declared past ModuleRoutes")


def _answers_for_errors(context: Any) -> bool:
    return context is IExceptionResponse or (isinstance(context, type) and issubclass(context, Exception))


def includeme(config: Configurator) -> None:
    config.add_view_deriver(gate, name="module_gate", under=INGRESS, over="secured_view")
