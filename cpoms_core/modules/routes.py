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

from cpoms_core.deployment import Place

CORE = "core"
PUBLIC = "public"
"""The permission of pages that anyone may open."""
SIGNED_IN = "signed-in"
"""The permission of pages for every signed-in user, with or without a key; policy bounds what they show."""
OWN_ACCOUNT = "own-account"
"""The permission of what every session reaches, also one that must add a key first (ACC-15): the user's own
account, and logging in and out."""
PORTAL = "portal"
"""The permission of pages at the accounts' own host for who is logged in there (ACC-04)."""
SESSION_ONLY = frozenset({PUBLIC, SIGNED_IN, OWN_ACCOUNT, PORTAL})
"""What a view may need that is no user group's permission."""
IN_SERVICE = "in-service"
"""The audit of views whose service writes the audit entry with the change, in its transaction."""


WITHOUT_SCHOOL = frozenset({f"{CORE}.static", "accent", "health"})
"""Routes that hold nothing of a school, and answer at host names that are none."""


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

    def route(
        self, name: str, pattern: str, *, reads: bool = False, changes: bool = False, at: Place = "school"
    ) -> None:
        """Declares a route. A module's route is named `module.name` and lives under `/module/`.

        reads: a post to it changes nothing and gets a session for reading. Searches post, so that what
        people look for stands in no address and no log. changes: a GET to it changes something, being the end
        of a log-in that comes back from another host; it proves by other means that it was asked for. at:
        the host names where it answers, and no others.
        """
        if self._module != CORE and not (
            name.startswith(f"{self._module}.") and pattern.startswith(f"/{self._module}/")
        ):
            raise ValueError(
                f"route {name!r} of module {self._module!r} must be named {self._module}.x "
                f"and start with /{self._module}/"
            )
        self._config.registry.route_places[name] = at  # type: ignore[attr-defined]
        if at == "school":
            self._config.add_route(name, pattern)
        else:
            self._config.add_route(name, pattern, at=at)
        if reads:
            self._config.registry.reading_routes.add(name)  # type: ignore[attr-defined]
        if changes:
            self._config.registry.changing_routes.add(name)  # type: ignore[attr-defined]

    def view(
        self,
        view: Callable[..., Any],
        route: str,
        *,
        permission: str,
        audit: Audit,
        comes_back: Audit | None = None,
        methods: tuple[str, ...] = ("GET",),
        template: str | None = None,
        csrf: bool = True,
        keeps_text: bool = False,
        fills_in: bool = False,
    ) -> None:
        """Declares what answers a route.

        permission: a permission's name or one of SESSION_ONLY. audit: the event written when it answered
        well, IN_SERVICE, or NotAudited with a reason. comes_back: of a page that is IN_SERVICE, the event
        that is written when it answers with that page because nothing was changed, and the page shows
        something (`request.shows`); or NotAudited with the reason why none is. template:
        `package:templates/x.pt`. csrf: off only for what no browser sends. keeps_text: a form with files that
        are too large together comes without them and with `request.files_left_out`; the view shows it again.
        Without it, a page says so. fills_in: the page is a form filled with what people wrote; while names
        are hidden (DSH-08) a page stands in its place that asks to show them, because stars in a form would
        be saved.
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
            comes_back=comes_back,
            require_csrf=csrf,
            keeps_text=keeps_text,
            fills_in=fills_in,
        )

    def static(self, path: str) -> None:
        """Serves the module's static folder (`package:static`) under `/static/modules/<module>`; files
        hold no data of a school, so they are public."""
        where = "static" if self._module == CORE else f"static/modules/{self._module}"
        route = f"{self._module}.static"
        # the core's folder would answer for those below it, being declared first
        beside = {"path_info": r"/static/(?!modules/)"} if self._module == CORE else {}
        self._config.add_route(route, f"/{where}/*subpath", **beside)
        self._config.add_view(
            _kept_by_version(static_view(path, use_subpath=True)),
            route_name=route,
            request_method=("GET", "HEAD"),
            permission=NO_PERMISSION_REQUIRED,
            module=self._module,
            needs=PUBLIC,
            audit=NotAudited("a static file"),
        )


def _kept_by_version(serve: Callable[..., Any]) -> Callable[..., Any]:
    """A file asked for with its version (`?v=`) is kept for a year; one without, as scripts import each
    other, is asked about each time, so that no browser mixes two releases."""

    def served(context: Any, request: Any) -> Any:
        response = serve(context, request)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if "v" in request.GET else "no-cache"
        )
        response.conditional_response = True
        return response

    return served


def gate(view: Callable[..., Any], info: Any) -> Callable[..., Any]:
    """View deriver: 404 where the view's module is off for the school, and for every page of a school where
    the host is none."""
    module = info.options.get("module")

    def gated(context: Any, request: Any) -> Any:
        if module is None:
            return view(context, request)  # it answers for an error
        route = request.matched_route.name
        if (
            request.school_id is None
            and route not in WITHOUT_SCHOOL
            and request.registry.route_places.get(route, "school") == "school"
        ):
            raise HTTPNotFound
        if module == CORE or module in request.modules_on:
            return view(context, request)
        raise HTTPNotFound

    return gated


gate.options = ("module", "needs")  # type: ignore[attr-defined]


class UnstampedView(RuntimeError):
    """A view that was not declared through ModuleRoutes, so that nothing guards it."""


class UnknownPermission(RuntimeError):
    """A view needs a permission that neither the core nor a module declares: nobody could ever open it."""


def refuse_unstamped(config: Configurator) -> None:
    """Refuses to start with a view that neither the core nor a module stamped, or whose permission nobody
    declares. Exception views, which answer for errors only, are the framework's.

    Raises UnstampedView, UnknownPermission.
    """
    app = config.registry.app  # type: ignore[attr-defined]
    known = {*SESSION_ONLY, *app.permissions}
    for entry in config.introspector.get_category("views") or ():
        view = entry["introspectable"]
        if _answers_for_errors(view["context"]):
            continue
        if not view.get("module") or not view.get("audit"):
            raise UnstampedView(f"the view of route {view['route_name']!r} was declared past ModuleRoutes")
        if view["needs"] not in known:
            raise UnknownPermission(
                f"the view of route {view['route_name']!r} needs {view['needs']!r}, which nobody declares"
            )
    for entry in config.introspector.get_category("routes") or ():
        route = entry["introspectable"]
        first = route["pattern"].lstrip("/").partition("/")[0]
        if first in app.modules and not route["name"].startswith(f"{first}."):
            raise ValueError(f"the module {first!r} has the address of the route {route['name']!r}")


def _answers_for_errors(context: Any) -> bool:
    return context is IExceptionResponse or (isinstance(context, type) and issubclass(context, Exception))


class At:
    """Route predicate: the request came to the host names of a place that is no school."""

    def __init__(self, place: Place, _info: Any) -> None:
        self._place = place

    def text(self) -> str:
        return f"at = {self._place}"

    phash = text

    def __call__(self, _info: Any, request: Any) -> bool:
        return bool(request.place == self._place)


def includeme(config: Configurator) -> None:
    config.registry.route_places = {}  # type: ignore[attr-defined]
    config.add_route_predicate("at", At)
    config.add_view_deriver(gate, name="module_gate", under=INGRESS, over="secured_view")
