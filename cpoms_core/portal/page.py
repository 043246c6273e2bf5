"""The frame of the pages at the accounts' own host: whose account it is, and its pages; no school."""

from __future__ import annotations

from functools import cached_property

from pyramid.config import Configurator

from cpoms_core.portal.identity import IDLE, Portal
from cpoms_core.web.page import Link, Page, path_of

PAGES = (
    ("Your schools", "portal-home", "school"),
    ("Account settings", "portal-account", "user-circle"),
    ("Security keys", "portal-keys", "key"),
    ("Log-ins", "portal-logins", "history"),
)


class PortalPage(Page):
    """As every page, for the owner of an SSO account."""

    @property
    def _portal(self) -> Portal | None:
        portal: Portal | None = self._request.portal
        return portal

    @property
    def signed_in(self) -> bool:
        return self._portal is not None

    @property
    def school_name(self) -> str:
        return "SSO accounts"

    @property
    def security_message(self) -> str:
        return ""

    @property
    def user_name(self) -> str:
        return self._portal.email if self._portal else ""

    @property
    def idle_minutes(self) -> int:
        return int(IDLE.total_seconds()) // 60

    @property
    def elevated(self) -> bool:
        return self._portal is not None and self._portal.elevated

    @property
    def elevate(self) -> bool:
        return self._portal is not None and self._portal.has_key and not self._portal.elevated

    @cached_property
    def nav(self) -> list[Link]:
        here = path_of(self._request)
        return [
            Link(label, href, icon, here == href)
            for label, href, icon in (
                (label, self._request.route_path(to), icon) for label, to, icon in PAGES
            )
        ]

    @property
    def side_links(self) -> list[Link]:
        return []


def includeme(config: Configurator) -> None:
    config.registry.pages["accounts"] = PortalPage  # type: ignore[attr-defined]
