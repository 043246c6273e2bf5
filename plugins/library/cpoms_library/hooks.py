"""The hooks that this module implements."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import (
    AuditSubject,
    AuditWords,
    DashboardAlert,
    MailSpec,
    NavItem,
    Panel,
    Permission,
    SettingSpec,
)
from cpoms_core.modules.routes import ModuleRoutes
from cpoms_core.tenancy.settings import yes_or_no
from cpoms_library import demo, pages, queries, readers, services, sight, taking_off
from cpoms_library.wording import AUDIT

SECTION = "Library"
TEMPLATES = "cpoms_library:templates/"


@hookimpl
def register_permissions() -> list[Permission]:
    """View files and Add files (LIB-04), without a key where the school allows it."""
    return [
        Permission(sight.VIEW, "View files", SECTION, when_restricted=sight.WITHOUT_KEY),
        Permission(sight.ADD, "Add files", SECTION, when_restricted=sight.WITHOUT_KEY),
    ]


@hookimpl
def register_settings() -> list[SettingSpec]:
    """Non key access (LIB-04)."""
    return [
        SettingSpec(
            sight.WITHOUT_KEY,
            False,
            "Non key access to the library",
            "Users who have logged in without a key can use the library, as far as their user group may. "
            "When off, it is for key holders only.",
            yes_or_no,
        )
    ]


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    """The pages under `/library/`."""
    pages.declare(routes)


@hookimpl
def register_mails() -> list[MailSpec]:
    """The mail of an alert. It names neither the file nor a student."""
    return [
        MailSpec(
            services.MAIL,
            "There is something in the library for you to read",
            "{who} has alerted you to a file in the library of {school}.\n\nLog in to read it:\n{login}\n",
            readers.still_wanted,
        )
    ]


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    """How the library's events read in a user's Audits."""
    return AUDIT


@hookimpl
def audit_subjects(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[AuditSubject]]:
    """What a file is called in the audit, for who may open or restore it."""
    return {file_id: [AuditSubject(label)] for file_id, label in queries.labels(db, viewer, ids).items()}


@hookimpl
def nav_items() -> list[NavItem]:
    """Library, in the top bar."""
    return [NavItem("Library", "library.files", 40, "folder", needs=sight.VIEW)]


@hookimpl
def dashboard_panels(db: PluginSession, viewer: Viewer) -> list[Panel]:
    """Files for you to read (LIB-02), on the restricted dashboard too; nothing where there is none."""
    rows = readers.waiting_for(db, viewer)
    if not rows:
        return []
    shown = rows[: readers.MOST_ON_DASHBOARD]
    context = {"waiting": shown, "more": len(rows) > len(shown), "opens": sight.reaches(viewer)}
    return [Panel("dashboard", 20, f"{TEMPLATES}dashboard.pt", context)]


@hookimpl
def dashboard_alerts(db: PluginSession, user_id: uuid.UUID) -> list[DashboardAlert]:
    """The files that a user has still to read (USR-08)."""
    return [DashboardAlert(one) for one in taking_off.open_of(db, user_id)]


@hookimpl
def dashboard_alerts_removed(
    db: PluginSession, viewer: Viewer, user_id: uuid.UUID, alert_ids: Sequence[uuid.UUID]
) -> None:
    """They were taken off the dashboard unread (USR-08)."""
    taking_off.take_off(db, viewer, user_id, alert_ids)


@hookimpl
def logo_panels(db: PluginSession, viewer: Viewer) -> list[Panel]:
    """The library's pictures, to choose the school's logo from (LIB-06)."""
    if not viewer.may(sight.VIEW):
        return []
    return [Panel("logo", 10, f"{TEMPLATES}logos.pt", {"pictures": queries.logos(db, viewer)})]


@hookimpl
def fill_demo(db: PluginSession, viewer: Viewer, app: Application) -> None:
    """Invented files for the demonstration."""
    demo.fill(db, viewer, app)


@hookimpl
def kept_files(db: PluginSession, file_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The stored files that are the library's."""
    return queries.named(db, file_ids)


@hookimpl
def destroy_document(db: PluginSession, viewer: Viewer, number: int, reason: str) -> uuid.UUID | None:
    """A file of the library is removed for good (LIB-03, EDT-10)."""
    return services.destroy(db, viewer, number, reason)
