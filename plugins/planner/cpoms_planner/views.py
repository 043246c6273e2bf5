"""The module's pages, declared."""

from __future__ import annotations

from cpoms_core.modules.routes import IN_SERVICE, PUBLIC, ModuleRoutes, NotAudited
from cpoms_planner import calendar_views, event_page, event_views, feed_views, reminder_views
from cpoms_planner.sight import USE

TEMPLATES = "cpoms_planner:templates/"
BOTH = ("GET", "POST")
VIEWED = "planner.viewed"
OPENED = "planner.form-opened"


def declare(routes: ModuleRoutes) -> None:
    """Declares the module's pages."""
    _calendar(routes)
    _events(routes)
    _reminders(routes)
    _feeds(routes)
    routes.static("cpoms_planner:static")


def _calendar(routes: ModuleRoutes) -> None:
    routes.route("planner.month", "/planner/month")
    routes.route("planner.month_of", "/planner/month/{month}")
    for route in ("planner.month", "planner.month_of"):
        routes.view(
            calendar_views.month, route, permission=USE, audit=VIEWED, template=f"{TEMPLATES}month.pt"
        )
    routes.route("planner.day", "/planner/day/{day}")
    routes.view(
        calendar_views.day, "planner.day", permission=USE, audit=VIEWED, template=f"{TEMPLATES}day.pt"
    )


def _events(routes: ModuleRoutes) -> None:
    routes.route("planner.students", "/planner/students", reads=True)
    routes.view(
        event_views.find_students,
        "planner.students",
        permission=USE,
        audit="planner.students-searched",
        methods=("POST",),
        template="json",
    )
    routes.route("planner.new", "/planner/new")
    form = f"{TEMPLATES}form.pt"
    routes.view(event_views.new, "planner.new", permission=USE, audit=OPENED, methods=BOTH, template=form)
    routes.route("planner.event", "/planner/events/{event_id}")
    routes.view(
        event_page.show,
        "planner.event",
        permission=USE,
        audit="planner.event-viewed",
        template=f"{TEMPLATES}event.pt",
    )
    routes.route("planner.edit", "/planner/events/{event_id}/edit")
    routes.view(
        event_views.edit,
        "planner.edit",
        permission=USE,
        audit="planner.event-viewed",
        methods=BOTH,
        template=form,
        fills_in=True,
    )
    routes.route("planner.remove", "/planner/events/{event_id}/remove")
    routes.view(
        event_views.remove,
        "planner.remove",
        permission=USE,
        audit="planner.event-viewed",
        methods=BOTH,
        template=f"{TEMPLATES}remove.pt",
    )
    routes.route("planner.restore", "/planner/events/{event_id}/restore")
    routes.view(event_views.restore, "planner.restore", permission=USE, audit=IN_SERVICE, methods=("POST",))


def _reminders(routes: ModuleRoutes) -> None:
    template = f"{TEMPLATES}remind.pt"
    for route, pattern, view in (
        ("planner.remind", "/planner/remind", reminder_views.remind_me),
        ("planner.of_incident", "/planner/incidents/{incident_id}", reminder_views.of_incident),
        ("planner.of_action", "/planner/actions/{action_id}", reminder_views.of_action),
    ):
        routes.route(route, pattern)
        routes.view(view, route, permission=USE, audit=OPENED, methods=BOTH, template=template)
    routes.route("planner.done", "/planner/events/{event_id}/done")
    routes.view(reminder_views.done, "planner.done", permission=USE, audit=IN_SERVICE, methods=("POST",))


def _feeds(routes: ModuleRoutes) -> None:
    routes.route("planner.feeds", "/planner/feed")
    routes.view(
        feed_views.settings,
        "planner.feeds",
        permission=USE,
        audit=NotAudited(
            "it says whether there is a feed; making and revoking one is audited in the service"
        ),
        methods=BOTH,
        template=f"{TEMPLATES}feeds.pt",
    )
    routes.route("planner.feed", "/planner/feed/{secret}.ics")
    routes.view(
        feed_views.feed,
        "planner.feed",
        permission=PUBLIC,
        audit=NotAudited(
            "a calendar program asks every few minutes, with nobody logged in; it tells times only, no name, "
            "no title and nothing of a record, and the making of its address is audited"
        ),
    )
