"""What each installed module adds, in plain words (MOD-01): worked out from the hooks it implements and the
pages it declared, so that it cannot promise what it does not do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pyramid.registry import Registry

from cpoms_core.application import Application
from cpoms_core.errors import NothingThere
from cpoms_core.hooks import specs
from cpoms_core.modules import Module
from cpoms_core.modules.routes import PUBLIC

HOOK_WORDS = {
    "register_permissions": "",  # named one by one
    "register_settings": "",
    "register_routes": "",  # counted
    "register_tasks": "work in the background",
    "register_mails": "mails of its own",
    "register_mis_sources": "",  # named one by one
    "audit_words": "",  # words for what is there anyway
    "nav_items": "entries of the top bar",
    "dashboard_panels": "parts of the dashboard",
    "dashboard_alerts": "alerts on the dashboard",
    "dashboard_alerts_removed": "",  # goes with the one before
    "admin_tabs": "tabs of the administration",
    "student_tabs": "tabs of a student's record",
    "student_panels": "parts of a student's overview",
    "student_form_fields": "fields of a student's Edit information form",
    "incident_form_fields": "fields of the Add incident form",
    "action_form_fields": "fields of the Add action form",
    "incident_edit_fields": "fields of the form that edits an incident",
    "action_edit_fields": "fields of the form that edits an action",
    "field_words": "",  # words for what is there anyway
    "incident_options": "links in the Options menu of an incident",
    "action_options": "links in the Options menu of an action",
    "incident_merged": "",  # told to modules that are off, too
    "incident_split": "",
    "incidents_removed": "",
    "incidents_reinstated": "",
    "incident_prints": "parts of the incidents on paper",
    "action_prints": "parts of the actions on paper",
    "student_prints": "parts of a student's report",
    "arrange_form": "the order of the forms that staff fill in",
    "action_panels": "parts of the actions in the chronology",
    "report_filters": "filters of the incidents",
    "report_groupings": "what incidents are counted by",
    "report_columns": "what a report may leave out",
    "incident_panels": "parts of the incidents in the chronology",
    "validate_incident": "checks of a new incident",
    "incident_saved": "work when an incident is recorded",
    "action_saved": "work when an action is recorded",
    "student_saved": "work when a student's information is edited",
    "students_imported": "work when students are imported",
    "fill_demo": "",
    "module_enabled": "",  # says nothing of what a school gets
    "module_disabled": "",
    "merge_students": "",  # as export_student
    "export_student": "",  # asked of modules that are off, too
    "audit_subjects": "",  # words for what is there anyway
    "kept_files": "files of its own",
    "destroy_document": "",  # for the operator
    "logo_panels": "a way to choose the school's logo",
    "field": "a field of a form",  # as the next
    "panel": "a part of a page",  # no hook: what the page notes where a panel could not be drawn
}
"""What implementing a hook means to a school; empty where it is said in another way, or means nothing."""


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """A module as the administration shows it. `adds`: plain words, each a line. `on`: the switch, which an
    installed module keeps while it is off because its tables are behind."""

    name: str
    title: str
    summary: str
    version: str
    on: bool
    adds: list[str]


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page of a module: its address, and who may open it, in words."""

    pattern: str
    opened_by: str


def module_facts(app: Application, registry: Registry, on: Iterable[str]) -> list[ModuleFacts]:
    """Every installed module by title, with what it adds; `on` are the names of those that are on."""
    switched = frozenset(on)
    facts = [_facts(app, registry, module, module.name in switched) for module in app.modules.values()]
    return sorted(facts, key=lambda module: (module.title.casefold(), module.name))


def _facts(app: Application, registry: Registry, module: Module, on: bool) -> ModuleFacts:
    name = module.name
    adds = []
    pages = _pages(registry, name)
    if pages:
        adds.append("1 page" if pages == 1 else f"{pages} pages")
    adds += [
        hook_words(hook) for hook in specs.MODES if hook_words(hook) and name in app.hooks.implementers(hook)
    ]
    sources = [source.title for owner, source in app.mis_sources.values() if owner == name]
    adds += [f"imports from {title}" for title in sorted(sources)]
    adds += [
        f"the permission “{permission.title}” for user groups"
        for owner, permission in app.permissions.values()
        if owner == name
    ]
    adds += [
        f"the setting “{spec.title}”" for key, spec in app.settings.items() if key.startswith(f"{name}.")
    ]
    return ModuleFacts(name, module.title, module.summary, module.version, on, adds)


def facts_of(app: Application, registry: Registry, name: str, on: Iterable[str]) -> ModuleFacts:
    """One installed module. Raises NothingThere."""
    if name not in app.modules:
        raise NothingThere
    return _facts(app, registry, app.modules[name], name in frozenset(on))


def tasks_of(app: Application, name: str) -> list[str]:
    """The names of a module's tasks."""
    return sorted(kind for kind, (owner, _task) in app.tasks.items() if owner == name)


def pages_of(app: Application, registry: Registry, name: str) -> list[PageFacts]:
    """The pages of a module by their addresses."""
    patterns = {
        route["introspectable"]["name"]: route["introspectable"]["pattern"]
        for route in registry.introspector.get_category("routes") or ()
    }
    needed = {
        patterns[view["route_name"]]: view["needs"]
        for view in _views(registry, name)
        if view["route_name"] != f"{name}.static"
    }
    return [PageFacts(pattern, _who(app, needs)) for pattern, needs in sorted(needed.items())]


def _who(app: Application, needs: str) -> str:
    if needs in app.permissions:
        return f"with the permission “{app.permissions[needs][1].title}”"
    return "anyone" if needs == PUBLIC else "everybody who is logged in"


def hook_words(hook: str) -> str:
    """A hook in plain words, or an empty text."""
    return HOOK_WORDS.get(hook, "")


def _pages(registry: Registry, module: str) -> int:
    """How many addresses of pages the module answers."""
    routes = {view["route_name"] for view in _views(registry, module)}
    return len(routes - {f"{module}.static"})


def _views(registry: Registry, module: str) -> Iterator[dict[str, Any]]:
    """The views of a module that show something."""
    for entry in registry.introspector.get_category("views") or ():
        view = entry["introspectable"]
        if view.get("module") == module and "GET" in (view.get("request_methods") or ()):
            yield view
