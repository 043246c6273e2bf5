"""The frame of every page (DSH-07): what `templates/layout.pt` reads as `page`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import structlog
from markupsafe import Markup
from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from pyramid.renderers import get_renderer
from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import HookFailure
from cpoms_core.hooks.types import NavItem, Panel
from cpoms_core.logs import place_of
from cpoms_core.portal.queries import other_schools
from cpoms_core.web.forms import DRAWN
from cpoms_core.web.request import SAFE_METHODS
from cpoms_core.web.said import NOT_DONE, SAID
from cpoms_core.web.security import present_token

log = structlog.get_logger()

STATIC = Path(__file__).parent.parent / "static"
CORE_NAV = (
    NavItem("Dashboard", "dashboard", 0, "layout-dashboard"),
    NavItem("Admin", "admin", 80, "settings", needs="admin"),
    NavItem("Account settings", "account", 90, "user-circle"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the frame."""

    label: str
    href: str
    icon: str
    active: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the person at the top of the page: info, success, warning or danger."""

    kind: str
    text: str


@lru_cache(maxsize=500)
def asset_address(path: str) -> str:
    """The address of one of our static files, with a part that changes when the file does."""
    return f"/static/{path}?v={_version((STATIC / path).read_bytes())}"


@lru_cache(maxsize=500)
def module_asset_address(module: str, package: str, path: str) -> str:
    """As `asset_address`, of a file in a module's static folder."""
    content = resources.files(package).joinpath("static", path).read_bytes()
    return f"/static/modules/{module}/{path}?v={_version(content)}"


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:10]


class Page:
    """One page's frame; parts are worked out when the template asks for them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.title = ""
        self._templates: dict[str, Any] = {}
        code = _said(request) if request.method == "GET" else ""
        kind = "warning" if code in NOT_DONE else "success"
        self.notices: list[Notice] = [Notice(kind, SAID[code])] if code in SAID else []

    @property
    def viewer(self) -> Viewer | None:
        return self._request.viewer

    @property
    def signed_in(self) -> bool:
        return self.viewer is not None

    @property
    def demo(self) -> bool:
        return bool(self._request.app.deployment.demo)

    @property
    def school_name(self) -> str:
        return self._request.asking.school.name if self._request.asking else ""

    @property
    def security_message(self) -> str:
        asking = self._request.asking
        return asking.school.setting("security_message") if asking else ""

    @property
    def hides_names(self) -> bool | None:
        """Whether names are hidden (DSH-08); None where the frame offers no choice."""
        viewer = self.viewer
        return viewer.names_hidden if viewer is not None and viewer.access != "account" else None

    @property
    def here(self) -> str:
        """The address of this page, to come back to."""
        return str(self._request.path_qs) if path_of(self._request) and not self._failed else "/"

    @property
    def _failed(self) -> bool:
        return getattr(self._request, "exception", None) is not None

    @property
    def training(self) -> bool:
        """Whether the school is in training mode (TRN-01)."""
        return self.signed_in and self._request.asking.school.training

    @property
    def training_href(self) -> str:
        """Where the banner leads: administrators to the list, everybody else to what it means."""
        viewer = self.viewer
        return "/admin/settings/training" if viewer and viewer.may("admin") else "/help#training"

    @property
    def user_name(self) -> str:
        return self.viewer.user_name if self.viewer else ""

    @property
    def idle_minutes(self) -> int:
        return int(self._request.asking.school.setting("idle_minutes"))

    @property
    def elevated(self) -> bool:
        return self.viewer is not None and self.viewer.elevated

    @property
    def elevate(self) -> bool:
        """ACC-07: exactly while the session is restricted and the user has a key."""
        return self.viewer is not None and self.viewer.has_key and not self.viewer.elevated

    @property
    def add_href(self) -> str | None:
        return "/incidents/add" if self.viewer and self.viewer.may("incidents:add") else None

    @cached_property
    def other_schools(self) -> list[Link]:
        """The other schools that an SSO account opens, with the way there (ACC-03). Nothing of this school
        goes along: the link says only where to."""
        request = self._request
        login = request.asking.login if request.asking and self.viewer else None
        if login is None or not login.sso or getattr(request, "exception", None) is not None:
            return []
        address = request.app.deployment.school_address
        return [
            Link(school.name, f"{address(school.slug)}/sso", "school")
            for school in other_schools(request.db, login.account_id)
        ]

    @property
    def logo(self) -> str | None:
        """The address of the school's logo, or none (ADM-02)."""
        school = self._request.asking.school if self._request.asking else None
        if school is None or school.logo is None:
            return None
        return str(self._request.route_path("school-logo", logo_id=school.logo))

    @cached_property
    def csrf_token(self) -> str:
        """The forms' token. Only a page that was asked for may make one: the page that refuses a post from
        another site must leave no cookie behind."""
        if self._request.method not in SAFE_METHODS:
            return present_token(self._request)
        return get_csrf_token(self._request)

    @property
    def nav(self) -> list[Link]:
        """The top bar: what this user may use, the modules' entries in their places."""
        viewer = self.viewer
        if viewer is None:
            return []
        if viewer.access == "account":
            items = [item for item in CORE_NAV if item.route == "account"]
        else:
            items = [item for item in CORE_NAV if not item.needs or viewer.may(item.needs)]
        return self._links([*items, *(item for item in self._of_modules if item.place == "pages")])

    @property
    def tools(self) -> list[Link]:
        """The modules' tools, at the right of the top bar beside those of the frame (DSH-08)."""
        return self._links([item for item in self._of_modules if item.place == "tools"])

    @cached_property
    def _of_modules(self) -> list[NavItem]:
        """The modules' entries of the top bar, asked for once. A page that says that something failed asks
        nobody: it may have been a module."""
        viewer, request = self.viewer, self._request
        if viewer is None or viewer.access == "account" or self._failed:
            return []
        items: list[NavItem] = request.app.hooks.collect("nav_items", request.db, viewer)
        return items

    def _links(self, items: list[NavItem]) -> list[Link]:
        request = self._request
        here = path_of(request)
        links = []
        for item in sorted(items, key=lambda item: item.weight):
            try:
                href = request.route_path(item.route)
            except KeyError:  # a module's slip must cost its entry, not every page
                log.error("an entry of the top bar names no route", route=item.route)
                continue
            links.append(Link(item.label, href, item.icon, here == href or here.startswith(f"{href}/")))
        return links

    @property
    def side_links(self) -> list[Link]:
        """The left panel's help: the guide, the questions people ask, and whom to call (DSH-07)."""
        if not self.signed_in:
            return []
        website = self._request.app.deployment.website
        links = [
            Link("User guide", "/help#guide", "book"),
            Link("Questions and answers", "/help#questions", "help"),
            Link("Support", "/help#support", "lifebuoy"),
        ]
        return [Link("Website", website, "world"), *links] if website else links

    def panel(self, panel: Panel) -> Markup:
        """A module's panel, drawn on its own: one that fails costs its place only, and administrators are
        told (MOD-04)."""
        return self._guarded("panel", panel.template, panel.context)

    def field(self, item: Mapping[str, Any]) -> Markup:
        """A module's field that its own template draws (`web.arranged.drawn`), guarded as a panel. What comes
        back with the form says that it was there to be filled in."""
        given = {**item["context"], "field": item["field"], "advice": item["advice"]}
        was_there = Markup('<input type="hidden" name="{}" value="{}">').format(DRAWN, item["field"].name)
        return self._guarded("field", item["template"], given, was_there)

    def _guarded(
        self, what: str, template: str, context: Mapping[str, Any], after: Markup | str = ""
    ) -> Markup:
        request = self._request
        try:
            return Markup(self._template(template)(page=self, request=request, **context)) + after  # noqa: S704
        except Exception as error:  # a module's fault must never become the page's
            reference = new_id().hex[-12:]
            package = template.partition(":")[0]
            module = next((m.name for m in request.app.modules.values() if m.package == package), package)
            request.db.hook_failures.append(HookFailure(module, what, reference))
            log.error(
                f"{what} failed",
                module=module,
                reference=reference,
                error=type(error).__name__,
                at=place_of(error),
            )
            if self.viewer is not None and self.viewer.may("admin"):
                return Markup(
                    '<p class="small quiet">A part of the module {} could not be shown ({}).</p>'
                ).format(module, reference)
            return Markup("")

    def _template(self, name: str) -> Any:
        """A module's template; kept for the page, on which many incidents have a panel of it."""
        if name not in self._templates:
            renderer = get_renderer(name, registry=self._request.registry)
            self._templates[name] = renderer.implementation()
        return self._templates[name]

    @staticmethod
    def asset(path: str) -> str:
        return asset_address(path)

    def module_asset(self, module: str, path: str) -> str:
        """The address of a file in a module's `static` folder, for its templates."""
        return module_asset_address(module, self._request.app.modules[module].package, path)


def _address(request: Request, route: str, **parameter: Any) -> str:
    """As `route_path` of a route with one parameter, an id: each route is worked out once a request, for
    pages that link to as many as they list."""
    ((name, value),) = parameter.items()
    kept = request.__dict__.setdefault("_addresses", {})
    if route not in kept:
        before, _, after = request.route_path(route, **{name: "~"}).rpartition("~")
        kept[route] = before, after
    before, after = kept[route]
    return f"{before}{value}{after}"


def _said(request: Request) -> str:
    try:
        return str(request.GET.get("said", ""))
    except UnicodeDecodeError:  # this is the page that refuses it
        return ""


def path_of(request: Request) -> str:
    """The path that was asked for, or an empty text for one that cannot be read."""
    try:
        return str(request.path)
    except UnicodeDecodeError:
        return ""


def _page(request: Request) -> Page:
    """The frame of the place that was asked; a place that is no school may have one of its own."""
    made: Page = request.registry.pages.get(request.place, Page)(request)
    return made


def _add_page(event: BeforeRender) -> None:
    request = event["request"]
    if request is None:
        return
    page: Page = request.page
    if isinstance(event.rendering_val, dict):
        page.title = event.rendering_val.get("title", page.title)
    event["page"] = page


def includeme(config: Configurator) -> None:
    config.registry.pages = {}  # type: ignore[attr-defined]
    config.add_request_method(_page, "page", reify=True)
    config.add_request_method(_address, "address")
    config.add_subscriber(_add_page, BeforeRender)
