"""Pages of incidents, actions and drafts."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.incidents import action_views, draft_views, views
from cpoms_core.modules.routes import CORE, IN_SERVICE, SIGNED_IN, ModuleRoutes, NotAudited

TEMPLATES = "cpoms_core:templates/incidents/"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("incident-add", "/incidents/add")
    routes.route("incident-told", "/incidents/add/told", reads=True)
    routes.route("incident-linked", "/incidents/add/linked", reads=True)
    routes.route("incident", "/incidents/{incident_id}")
    routes.route("incident-readers", "/incidents/{incident_id}/readers")
    routes.route("incident-pin", "/incidents/{incident_id}/pin")
    routes.route("incident-read", "/incidents/{incident_id}/read")
    routes.route("action-add", "/incidents/{incident_id}/actions/add")
    routes.route("action-told", "/incidents/{incident_id}/actions/add/told", reads=True)
    routes.route("draft", "/drafts/{form}")

    adding = "incidents:add"
    routes.view(
        views.add,
        "incident-add",
        permission=adding,
        methods=("GET", "POST"),
        template=f"{TEMPLATES}add.pt",
        audit=IN_SERVICE,
        keeps_text=True,
    )
    part = NotAudited("a part of the Add incident form; names were chosen by the user")
    routes.view(
        views.told,
        "incident-told",
        permission=adding,
        methods=("POST",),
        template=f"{TEMPLATES}_told.pt",
        audit=part,
    )
    routes.view(
        views.linked,
        "incident-linked",
        permission=adding,
        methods=("POST",),
        template=f"{TEMPLATES}_linked.pt",
        audit=part,
    )
    routes.view(
        views.show,
        "incident",
        permission=SIGNED_IN,
        template=f"{TEMPLATES}incident.pt",
        audit="incident.viewed",
    )
    routes.view(
        views.readers,
        "incident-readers",
        permission="students:details",
        template=f"{TEMPLATES}readers.pt",
        audit="incident.readers-viewed",
    )
    routes.view(views.pin, "incident-pin", permission="incidents:edit", methods=("POST",), audit=IN_SERVICE)
    routes.view(views.read, "incident-read", permission=SIGNED_IN, methods=("POST",), audit=IN_SERVICE)
    routes.view(
        action_views.add,
        "action-add",
        permission=adding,
        methods=("GET", "POST"),
        template=f"{TEMPLATES}add_action.pt",
        audit="incident.viewed",
        keeps_text=True,
    )
    routes.view(
        action_views.told,
        "action-told",
        permission=adding,
        methods=("POST",),
        template=f"{TEMPLATES}_told.pt",
        audit=NotAudited("a part of the Add action form; its page is audited"),
    )
    routes.view(
        draft_views.save,
        "draft",
        permission=adding,
        methods=("PUT",),
        template="json",
        audit=NotAudited("a draft is no record; only its author sees it"),
    )
