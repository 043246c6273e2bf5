"""The tabs of the administration: the core's, and those of the modules that are on.

`templates/admin/_tabs.pt` draws `request.admin_tabs`, so that every page of the administration, a module's
too, has them without passing anything on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog
from pyramid.request import Request

from cpoms_core.hooks.types import Tab

log = structlog.get_logger()

CORE_TABS = (
    Tab("Overview", "admin", 0, needs="admin"),
    Tab("Users", "admin-users", 10, needs="admin"),
    Tab("User groups", "admin-groups", 20, needs="admin"),
    Tab("Alert groups", "admin-alert-groups", 30, needs="admin"),
    Tab("Groups", "admin-classes", 35, needs="admin"),
    Tab("Who sees what", "admin-why", 37, needs="admin"),
    Tab("Imports", "admin-imports", 40, needs="admin"),
    Tab("Parts in incidents", "admin-incident-parts", 48, needs="admin"),
    Tab("Log-in by a provider", "admin-providers", 45, needs="admin"),
    Tab("Security log", "admin-security-log", 46, needs="admin"),
    Tab("Modules", "admin-modules", 50, needs="admin"),
    Tab("Settings", "admin-settings", 60, needs="admin"),
)


@dataclass(frozen=True, slots=True)
class ShownTab:
    """A tab as it is drawn."""

    label: str
    href: str
    active: bool = False


def admin_tabs(request: Request) -> list[ShownTab]:
    """The tabs that this viewer may use, lightest first; the one they are at is the one whose address the
    page's own begins with, and of several the longest."""
    viewer = request.viewer
    if viewer is None:
        return []
    own = [tab for tab in CORE_TABS if viewer.may(tab.needs)]
    tabs = sorted(
        [*own, *request.app.hooks.collect("admin_tabs", request.db, viewer)], key=lambda tab: tab.weight
    )
    shown = []
    for tab in tabs:
        try:
            shown.append(ShownTab(tab.label, request.route_path(tab.route)))
        except KeyError:  # a module's slip must cost its tab, not every page
            log.error("a tab of the administration names no route", route=tab.route)
    here = [tab for tab in shown if request.path == tab.href or request.path.startswith(f"{tab.href}/")]
    at = max(here, key=lambda tab: len(tab.href), default=None)
    return [replace(tab, active=tab is at) for tab in shown]
