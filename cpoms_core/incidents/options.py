"""The Options menus of an incident and of an action: what an editor may do with it, and the modules'
links."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from types import SimpleNamespace

import structlog
from pyramid.request import Request

from cpoms_core.hooks.types import Option
from cpoms_core.incidents.on_page import ActionShown, IncidentShown

log = structlog.get_logger()


def _link(label: str, href: str) -> SimpleNamespace:
    return SimpleNamespace(label=label, action=None, href=href)


def editing_options(request: Request, incident: IncidentShown) -> list[SimpleNamespace]:
    """What can be done with an incident by who sees it by right and may edit."""
    path = request.address
    pin = "Unpin" if incident.pinned else "Pin to the top"
    pages = (
        ("Edit", "incident-edit"),
        ("Add alerts or linked students", "incident-add-to"),
        ("Merge", "incident-merge"),
        ("History", "incident-history"),
        ("Who saw or changed this", "incident-audit"),
        ("Delete", "incident-delete"),
    )
    links = [_link(label, path(route, incident_id=incident.id)) for label, route in pages]
    pinning = SimpleNamespace(label=pin, action=path("incident-pin", incident_id=incident.id), href=None)
    return [links[0], pinning, *links[1:]]


def action_options(request: Request, incident: IncidentShown, action: ActionShown) -> list[SimpleNamespace]:
    """What can be done with an action by who sees its incident by right."""
    if not incident.rightful:
        return []
    path = request.address
    options = []
    if request.viewer.may("incidents:edit"):
        pages = [("Edit", "action-edit")]
        if any(one.linked for one in incident.students) and not action.on_linked:
            pages.append(("Add to linked incidents", "action-linked"))
        pages += [
            ("Split as incident", "action-split"),
            ("History", "action-history"),
            ("Delete", "action-delete"),
        ]
        options = [_link(label, path(route, action_id=action.id)) for label, route in pages]
    return options + module_options(request, action.options, action_id=action.id)


def module_options(
    request: Request, options: Sequence[Option], **subject: uuid.UUID
) -> list[SimpleNamespace]:
    """The modules' links (EDT-08). `subject`: the parameter of their routes, with the id that it stands
    for."""
    links = []
    for option in options:
        try:
            links.append(_link(option.label, request.address(option.route, **subject)))
        except KeyError:  # a module's slip must cost its link, not every page
            log.error("an option names no route of that parameter", route=option.route)
    return links
