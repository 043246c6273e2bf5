"""The frame of every page (DSH-07): what `templates/layout.pt` reads as `page`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from pyramid.request import Request

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import NavItem

STATIC = Path(__file__).parent.parent / "static"
CORE_NAV = (
    NavItem("Dashboard", "dashboard", 0, "layout-dashboard"),
    NavItem("Admin", "admin", 80, "settings", needs="admin"),
    NavItem("Account settings", "account", 90, "user-circle"),
)
SAID = {
    "incident-recorded": "The incident is recorded, and the people you chose are alerted.",
    "action-recorded": "The action is recorded.",
    "alert-read": "Marked as read.",
    "logged-out": "You are logged out.",
    "password-set": "Your password is set. Log in with it now.",
    "key-added": "The key is added. You will be asked for it when you log in.",
    "key-removed": "The key is removed.",
    "saved": "Saved.",
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
        said = SAID.get(request.GET.get("said", "")) if request.method == "GET" else None
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
        here = request.path
        links = []
        for item in sorted(items, key=lambda item: item.weight):
            href = request.route_path(item.route)
            links.append(Link(item.label, href, item.icon, here == href or here.startswith(f"{href}/")))
        return links

    @property
    def side_links(self) -> list[Link]:
        return [Link("Support", "/support", "life-buoy")] if self.signed_in else []

    @staticmethod
    def asset(path: str) -> str:
        return asset_address(path)


def _add_page(event: BeforeRender) -> None:
    request = event["request"]
    if request is None:
        return
    page: Page = request.page
    page.title = event.get("title") or page.title
    event["page"] = page


def includeme(config: Configurator) -> None:
    config.add_request_method(Page, "page", reify=True)
    config.add_subscriber(_add_page, BeforeRender)
