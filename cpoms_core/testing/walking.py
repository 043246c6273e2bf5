"""A walk over every kind of page where modules have their places, and what one that is off must not leave
there (MOD-01)."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    ActionEdit,
    IncidentEdit,
    NewAction,
    edit_action,
    edit_incident,
    record_action,
    record_incident,
)
from cpoms_core.modules import Module
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests

STUDENT, INCIDENT, ACTION = "/students/{student}", "/incidents/{incident}", "/actions/{action}"
USER = "/admin/users/{user}"
PAGES = (
    "/",
    "/help",
    "/account",
    "/incidents/add",
    STUDENT,
    f"{STUDENT}/edit",
    f"{STUDENT}/history",
    f"{STUDENT}/incidents?filter=open&actions=open",
    f"{STUDENT}/report",
    f"{STUDENT}/audits",
    f"{INCIDENT}/edit",
    f"{INCIDENT}/history",
    f"{INCIDENT}/audit",
    f"{INCIDENT}/actions/add",
    f"{ACTION}/edit",
    f"{ACTION}/history",
    "/admin",
    "/admin/groups/{group}",
    "/admin/settings",
    "/admin/settings/logo",
    "/admin/imports",
    "/admin/security-log",
    USER,
    f"{USER}/permissions",
    f"{USER}/alerts",
    f"{USER}/audits",
)
"""Pages of the core to which modules add: menus, panels, tabs, fields, filters, ticks, permissions. Admin >
Modules is none of them: it names what is off, to switch it on."""
ON_NO_PAGE = frozenset({
    "incident_prints", "action_prints", "student_prints", "report_groupings", "dashboard_alerts",
    "audit_subjects",
})  # fmt: skip
"""Hooks that give these pages nothing: they are of paper, of counts, of a deed, of what was done before."""


def kept_of(module: str) -> str:
    """What was typed in a field of a module that is gone, as the history of an incident and of an action has
    it."""
    return f"Put into a field of {module}."


def walk(browser: Any, school: SchoolForTests, ids: Mapping[str, uuid.UUID]) -> dict[str, str]:
    """The text of each of the pages. ids: as `recorded` made them."""
    here = {
        "student": school.students["aoife"],
        "group": school.groups["Safeguarding"],
        "user": school.users["teacher"],
        **ids,
    }
    found = {}
    for page in PAGES:
        answer = browser.get(page.format(**here), status="*")
        assert answer.status_int < 300, f"{page} answered {answer.status_int}"
        found[page] = answer.text
    return found


def recorded(db: Any, school: SchoolForTests, modules: Iterable[str]) -> dict[str, uuid.UUID]:
    """An incident and an action for the walk, each with a second version in which something was put into a
    field of each of the modules, and typed in one that was gone when it was sent."""
    viewer = school.viewer("lead")
    values = {f"{module}-walked": kept_of(module) for module in modules}
    typed: dict[str, Any] = {
        "module_values": values,
        "not_taken": {name: [value] for name, value in values.items()},
    }
    incident = record_incident(db, viewer, new_incident(school, text="A concern."))
    action = record_action(db, viewer, NewAction(new_id(), incident.id, "Rang home.", utc_now()))
    db.refresh(incident)
    edit_action(
        db,
        viewer,
        ActionEdit(action.id, action.version, "Rang home twice.", action.occurred_at, **typed),
    )
    incident = db.get_one(Incident, (school.id, incident.id), populate_existing=True)
    edit_incident(
        db,
        viewer,
        IncidentEdit(
            incident.id,
            incident.version,
            "Another concern.",
            incident.occurred_at,
            [school.categories["Behaviour"]],
            **typed,
        ),
    )
    return {"incident": incident.id, "action": action.id}


def traces(app: Application, module: Module, text: str) -> list[str]:
    """What a page has of a module: its addresses and files, whatever is named as its own (fields, ticks,
    permissions, settings), its MIS sources, and what was typed in its fields."""
    name = re.escape(module.name)
    own = rf"""["']/{name}/|/static/modules/{name}/|\b(?:name|value)=["']{name}[-.:][^"']*"""
    found = re.findall(own, text)
    for home, source in app.mis_sources.values():
        if home == module.name:
            found += re.findall(rf'value="{re.escape(source.name)}"', text)
            found += re.findall(rf">\s*{re.escape(html.escape(source.title))}\s*<", text)
    return [*found, *re.findall(re.escape(kept_of(module.name)), text)]
