"""Pages of incidents, actions and drafts."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.incidents import action_views, draft_views, part_views, record_views, views
from cpoms_core.modules.routes import CORE, IN_SERVICE, SIGNED_IN, ModuleRoutes, NotAudited

TEMPLATES = "cpoms_core:templates/incidents/"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("incident-add", "/incidents/add")
    routes.route("incident-told", "/incidents/add/told", reads=True)
    routes.route("incident-linked", "/incidents/add/linked", reads=True)
    routes.route("whole-school", "/incidents/whole-school", reads=True)
    routes.route("student-incidents", "/students/{student_id}/incidents", reads=True)
    routes.route("incident", "/incidents/{incident_id}")
    routes.route("incident-readers", "/incidents/{incident_id}/readers")
    routes.route("incident-pin", "/incidents/{incident_id}/pin")
    routes.route("incident-read", "/incidents/{incident_id}/read")
    routes.route("action-add", "/incidents/{incident_id}/actions/add")
    routes.route("action-told", "/incidents/{incident_id}/actions/add/told", reads=True)
    routes.route("draft", "/drafts/{form}")
    routes.route("draft-discard", "/drafts/{form}/discard")
    routes.route("draft-edit", "/drafts/of-edits/{form}")
    routes.route("draft-edit-discard", "/drafts/of-edits/{form}/discard")

    for view, route, template in (
        (record_views.of_student, "student-incidents", "chronology.pt"),
        (record_views.of_whole_school, "whole-school", "whole_school.pt"),
    ):
        routes.view(
            view,
            route,
            permission="students:details",
            methods=("GET", "POST"),
            template=f"{TEMPLATES}{template}",
            audit="incidents.viewed",
        )
    adding = "incidents:add"
    routes.view(
        views.add,
        "incident-add",
        permission=adding,
        methods=("GET", "POST"),
        template=f"{TEMPLATES}add.pt",
        audit=IN_SERVICE,
        comes_back=NotAudited("it shows what the user typed and chose, and nothing of a record"),
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
    own = NotAudited("a draft is no record; only its author sees it")
    for view, route, permission in (
        (draft_views.save, "draft", adding),
        (draft_views.save_edit, "draft-edit", "incidents:edit"),
    ):
        routes.view(view, route, permission=permission, methods=("PUT",), template="json", audit=own)
    for view, route, permission in (
        (draft_views.discard, "draft-discard", adding),
        (draft_views.discard_edit, "draft-edit-discard", "incidents:edit"),
    ):
        routes.view(view, route, permission=permission, methods=("POST",), audit=own)

    routes.route("admin-incident-parts", "/admin/incident-parts")
    routes.route("admin-incident-part", "/admin/incident-parts/{part_id}")
    page = "cpoms_core:templates/admin/incident_parts.pt"
    listed = "incident-parts.listed"
    routes.view(part_views.parts, "admin-incident-parts", permission="admin", template=page, audit=listed)
    for view, route in (
        (part_views.parts, "admin-incident-parts"),
        (part_views.change, "admin-incident-part"),
    ):
        routes.view(
            view,
            route,
            permission="admin",
            methods=("POST",),
            template=page,
            audit=IN_SERVICE,
            comes_back=listed,
        )
