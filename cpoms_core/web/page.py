"""The frame of every page (DSH-07): what `templates/layout.pt` reads as `page`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import structlog
from markupsafe import Markup
from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from pyramid.renderers import render
from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import HookFailure
from cpoms_core.hooks.types import NavItem, Panel
from cpoms_core.logs import place_of
from cpoms_core.web.request import SAFE_METHODS
from cpoms_core.web.security import present_token

log = structlog.get_logger()

STATIC = Path(__file__).parent.parent / "static"
CORE_NAV = (
    NavItem("Dashboard", "dashboard", 0, "layout-dashboard"),
    NavItem("Admin", "admin", 80, "settings", needs="admin"),
    NavItem("Account settings", "account", 90, "user-circle"),
)
SAID = {
    "incident-recorded": "The incident is recorded, and the people you chose are alerted.",
    "action-recorded": "The action is recorded.",
    "pinned": "Pinned to the top.",
    "unpinned": "Taken off the top, and back in its place by date.",
    "alert-read": "Marked as read.",
    "logged-out": "You are logged out.",
    "password-set": "Your password is set. Log in with it now.",
    "key-needed": "Your school asks everyone to log in with a key. Add one here, or use yours, to go on.",
    "key-added": "The key is added. You will be asked for it when you log in.",
    "key-removed": "The key is removed.",
    "saved": "Saved.",
    "alert-group-deleted": "The alert group is deleted.",
    "module-on": "The module is on.",
    "module-off": "The module is off. What was recorded with it is kept.",
    "failures-seen": "Marked as seen.",
    "import-applied": "The import is applied.",
    "import-dropped": "The import was dropped. Nothing was changed.",
}
"""What a page may say after a redirect, by the code in its address: no text travels in addresses."""


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
    content = (STATIC / path).read_bytes()
    return f"/static/{path}?v={hashlib.sha256(content).hexdigest()[:10]}"


class Page:
    """One page's frame; parts are worked out when the template asks for them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.title = ""
        said = SAID.get(_said(request)) if request.method == "GET" else None
        self.notices: list[Notice] = [Notice("success", said)] if said else []

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
    def user_name(self) -> str:
        return self.viewer.user_name if self.viewer else ""

    @property
    def idle_minutes(self) -> int:
        return int(self._request.asking.school.setting("idle_minutes"))

    @property
    def elevate(self) -> bool:
        """ACC-07: exactly while the session is restricted and the user has a key."""
        return self.viewer is not None and self.viewer.has_key and not self.viewer.elevated

    @property
    def add_href(self) -> str | None:
        return "/incidents/add" if self.viewer and self.viewer.may("incidents:add") else None

    @property
    def logo(self) -> None:
        return None

    @cached_property
    def csrf_token(self) -> str:
        """The forms' token. Only a page that was asked for may make one: the page that refuses a post from
        another site must leave no cookie behind."""
        if self._request.method not in SAFE_METHODS:
            return present_token(self._request)
        return get_csrf_token(self._request)

    @cached_property
    def nav(self) -> list[Link]:
        """The top bar: what this user may use, the modules' entries in their places."""
        viewer, request = self.viewer, self._request
        if viewer is None:
            return []
        items = [item for item in CORE_NAV if not item.needs or viewer.may(item.needs)]
        if getattr(request, "exception", None) is None:
            items += request.app.hooks.collect("nav_items", request.db, viewer)
        here = _path(request)
        links = []
        for item in sorted(items, key=lambda item: item.weight):
            try:
                href = request.route_path(item.route)
            except KeyError:  # a module's slip must cost its entry, not every page
                log.error("an entry of the top bar names no route", label=item.label, route=item.route)
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
        request = self._request
        try:
            return Markup(render(panel.template, dict(panel.context), request=request))  # noqa: S704
        except Exception as error:  # a module's fault must never become the page's
            reference = new_id().hex[-12:]
            package = panel.template.partition(":")[0]
            module = next((m.name for m in request.app.modules.values() if m.package == package), package)
            request.db.hook_failures.append(HookFailure(module, "panel", reference))
            log.error(
                "panel failed",
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

    @staticmethod
    def asset(path: str) -> str:
        return asset_address(path)


def _said(request: Request) -> str:
    try:
        return str(request.GET.get("said", ""))
    except UnicodeDecodeError:  # this is the page that refuses it
        return ""


def _path(request: Request) -> str:
    try:
        return str(request.path)
    except UnicodeDecodeError:
        return ""


def _add_page(event: BeforeRender) -> None:
    request = event["request"]
    if request is None:
        return
    page: Page = request.page
    if isinstance(event.rendering_val, dict):
        page.title = event.rendering_val.get("title", page.title)
    event["page"] = page


def includeme(config: Configurator) -> None:
    config.add_request_method(Page, "page", reify=True)
    config.add_subscriber(_add_page, BeforeRender)
