"""Modules: what is installed, what each adds, how it fares, and its switch (MOD-01, MOD-04)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPSeeOther
from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.admin.module_facts import facts_of, hook_words, module_facts, pages_of, tasks_of
from cpoms_core.admin.queries.modules import Fares, Kept, Trouble, how_they_fare, rows_of
from cpoms_core.admin.services.failures import see_failures
from cpoms_core.errors import Refused
from cpoms_core.hooks.failures import SLOW
from cpoms_core.modules.services import switch, try_again
from cpoms_core.tenancy.models import ModuleSwitch
from cpoms_core.web.forms import as_id


def modules(request: Request) -> dict[str, Any]:
    """Every installed module with its state."""
    fare = how_they_fare(request.db, request.viewer)
    return {
        "title": "Modules",
        "modules": [
            {
                "facts": one,
                "state": _state(one.on, fare.get(one.name)),
                "href": request.route_path("admin-module", module=one.name),
                "switch_href": request.route_path("admin-module-switch", module=one.name),
            }
            for one in module_facts(request.app, request.registry, _switched_on(request))
        ],
    }


def module(request: Request) -> dict[str, Any]:
    """One module: what it adds, what it holds, how it fares."""
    app, name = request.app, request.matchdict["module"]
    facts = facts_of(app, request.registry, name, _switched_on(request))
    fares = how_they_fare(request.db, request.viewer).get(name, Fares())
    path = request.route_path
    return {
        "title": facts.title,
        "facts": facts,
        "state": _state(facts.on, fares),
        "behind": fares.behind,
        "troubles": [_trouble(request, one) for one in fares.troubles],
        "failure_count": fares.failures,
        "newest": fares.newest,
        "set_aside": [
            {"what": _words(hook), "since": request.viewer.local(since)} for hook, since in fares.set_aside
        ],
        "kept": [_kept(request, one) for one in fares.kept],
        "pages": pages_of(app, request.registry, name),
        "tasks": tasks_of(app, name),
        "tables": rows_of(request.db, app.modules[name]),
        "switch_href": path("admin-module-switch", module=name),
        "again_href": path("admin-module-again", module=name),
        "seen_href": path("admin-module-seen", module=name),
        "back_href": path("admin-modules"),
    }


def confirm(request: Request) -> dict[str, Any]:
    """What a turn of the switch takes away or brings, and what is kept."""
    app, name = request.app, request.matchdict["module"]
    facts = facts_of(app, request.registry, name, _switched_on(request))
    return {
        "title": f"Switch {facts.title} {'off' if facts.on else 'on'}",
        "facts": facts,
        "rows": sum(rows_of(request.db, app.modules[name]).values()),
        "error": None,
        "action": request.route_path("admin-module", module=name),
        "back_href": request.route_path("admin-module", module=name),
    }


def turn(request: Request) -> Any:
    """Turns a module's switch."""
    asked = request.POST.get("enabled")
    if asked not in ("yes", "no"):
        raise HTTPBadRequest
    try:
        switch(request.db, request.viewer, request.matchdict["module"], asked == "yes")
    except Refused as refusal:
        request.response.status_int = 422
        return {**confirm(request), "error": refusal.message}
    said = "module-on" if asked == "yes" else "module-off"
    return HTTPSeeOther(request.route_path("admin-modules", _query={"said": said}))


def again(request: Request) -> Any:
    """Tries again what is set aside or waits."""
    try_again(request.db, request.viewer, request.matchdict["module"])
    return _back(request, "module-again")


def seen(request: Request) -> Any:
    """Marks a module's failures that were shown as seen."""
    newest, name = as_id(request.POST.get("newest")), request.matchdict["module"]
    if newest is None or name not in request.app.modules:
        raise HTTPNotFound
    see_failures(request.db, request.viewer, newest, name)
    return _back(request, "failures-seen")


def _back(request: Request, said: str) -> HTTPSeeOther:
    name = request.matchdict["module"]
    return HTTPSeeOther(request.route_path("admin-module", module=name, _query={"said": said}))


def _switched_on(request: Request) -> set[str]:
    """The modules whose switch is on, also those that are off because their tables are behind."""
    if not request.app.behind:
        return set(request.modules_on)
    return set(request.db.scalars(select(ModuleSwitch.module).where(ModuleSwitch.enabled)))


def _state(on: bool, fares: Fares | None) -> str:
    if fares is not None and fares.degraded:
        return "degraded" if on else "off, degraded"
    return "on" if on else "off"


def _words(hook: str) -> str:
    words = hook_words(hook) or SAID.get(hook) or hook
    return words[:1].upper() + words[1:]


SAID = {
    "incident_merged": "work when incidents are merged",
    "incident_split": "work when an incident is split off",
    "incidents_removed": "work when incidents are deleted",
    "incidents_reinstated": "work when incidents are restored",
    "module_enabled": "work when it is switched on",
    "module_disabled": "work when it is switched off",
}
"""Hooks that add nothing to see, and yet can fail."""


def _trouble(request: Request, one: Trouble) -> dict[str, Any]:
    viewer = request.viewer
    return {
        "what": _words(one.hook),
        "slow": one.kind == SLOW,
        "count": one.count,
        "since": viewer.local(one.oldest),
        "newest": viewer.local(one.newest),
        "reference": one.reference,
    }


def _kept(request: Request, one: Kept) -> dict[str, Any]:
    viewer = request.viewer
    return {
        "what": _words(one.hook),
        "count": one.count,
        "since": viewer.local(one.oldest),
        "attempts": one.attempts,
        "next": viewer.local(one.next_at) if one.next_at else None,
        "given_up": one.given_up,
        "error": one.error,
    }
