"""Pages that change what is recorded: editing, deleting, restoring, adding to, merging, splitting; and the
history and audit of an incident (EDT)."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.incidents import add_to_views, edit_views, merge_views
from cpoms_core.incidents import history_views as of_it
from cpoms_core.modules.routes import CORE, IN_SERVICE, ModuleRoutes, NotAudited

TEMPLATES = "cpoms_core:templates/incidents/"
EDITING = "incidents:edit"
INCIDENT, ACTION = "/incidents/{incident_id}", "/actions/{action_id}"
GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    for name, pattern, view, template, event in (
        ("incident-history", f"{INCIDENT}/history", of_it.history, "history.pt", "incident.history-viewed"),
        ("action-history", f"{ACTION}/history", of_it.of_action, "history.pt", "action.history-viewed"),
        ("incident-audit", f"{INCIDENT}/audit", of_it.audit, "audit.pt", "incident.audits-viewed"),
    ):
        routes.route(name, pattern)
        routes.view(
            view, name, permission=EDITING, audit=event, methods=GET, template=f"{TEMPLATES}{template}"
        )
    for name, pattern, view, template, event in (
        ("incident-edit", f"{INCIDENT}/edit", edit_views.edit, "edit.pt", "incident.form-opened"),
        ("action-edit", f"{ACTION}/edit", edit_views.edit_the_action, "edit.pt", "action.change-opened"),
    ):
        # the form is filled with what people wrote: with names hidden, a page asks to show them first
        routes.route(name, pattern)
        routes.view(
            view,
            name,
            permission=EDITING,
            audit=event,
            methods=BOTH,
            template=f"{TEMPLATES}{template}",
            keeps_text=True,
            fills_in=True,
        )
    for name, pattern, view, template, event in (
        ("incident-delete", f"{INCIDENT}/delete", of_it.delete, "delete.pt", "incident.change-opened"),
        ("incident-add-to", f"{INCIDENT}/add-to", add_to_views.add_to, "add_to.pt", "incident.change-opened"),
        ("incident-merge", f"{INCIDENT}/merge", merge_views.merge, "merge.pt", "incident.change-opened"),
        ("action-delete", f"{ACTION}/delete", of_it.delete_the_action, "delete.pt", "action.change-opened"),
        ("action-split", f"{ACTION}/split", merge_views.split, "split.pt", "action.change-opened"),
        ("action-linked", f"{ACTION}/linked", edit_views.add_to_linked, "linked.pt", "action.change-opened"),
    ):
        routes.route(name, pattern)
        routes.view(
            view, name, permission=EDITING, audit=event, methods=BOTH, template=f"{TEMPLATES}{template}"
        )
    for name, pattern, view, event in (
        ("incident-restore", f"{INCIDENT}/restore", of_it.restore, "incident.history-viewed"),
        ("action-restore", f"{ACTION}/restore", of_it.restore_the_action, "action.history-viewed"),
    ):
        routes.route(name, pattern)
        routes.view(
            view,
            name,
            permission=EDITING,
            audit=IN_SERVICE,
            comes_back=event,
            methods=POST,
            template=f"{TEMPLATES}history.pt",
        )
    routes.route("incident-add-to-told", f"{INCIDENT}/add-to/told", reads=True)
    routes.view(
        add_to_views.told,
        "incident-add-to-told",
        permission=EDITING,
        audit=NotAudited("a part of the form that adds to an incident; its page is audited"),
        methods=POST,
        template=f"{TEMPLATES}_told.pt",
    )
