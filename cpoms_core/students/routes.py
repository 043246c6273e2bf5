"""Pages of students' records."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.modules.routes import CORE, IN_SERVICE, ModuleRoutes, NotAudited
from cpoms_core.students import contact_views, information_views, overview_views, views

TEMPLATES = "cpoms_core:templates/students/"
DETAILS = "students:details"
EDIT = "incidents:edit"
"""Who may edit what was written on a record may edit what the school keeps on the student beside it; the
services ask policy whose record it is."""


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    _searches(routes)
    _overview(routes)
    _information(routes)
    _contacts(routes)


def _searches(routes: ModuleRoutes) -> None:
    routes.route("student-search", "/students/search", reads=True)
    routes.view(
        views.search,
        "student-search",
        permission="incidents:add",
        audit="students.searched",
        methods=("POST",),
        template="json",
    )
    routes.route("student-find", "/students/find", reads=True)
    routes.view(
        information_views.find,
        "student-find",
        permission=EDIT,
        audit="students.searched",
        methods=("POST",),
        template="json",
    )


def _overview(routes: ModuleRoutes) -> None:
    routes.route("student", "/students/{student_id}")
    routes.view(
        overview_views.show,
        "student",
        permission=DETAILS,
        audit="student.viewed",
        template=f"{TEMPLATES}overview.pt",
    )
    routes.route("student-chart", "/students/{student_id}/charts/{picture}")
    routes.view(overview_views.chart, "student-chart", permission=DETAILS, audit="student.chart-saved")
    routes.route("student-photo", "/students/{student_id}/photo")
    routes.view(
        information_views.photo,
        "student-photo",
        permission=DETAILS,
        audit=NotAudited("a part of the record's pages, which are audited"),
    )


def _information(routes: ModuleRoutes) -> None:
    routes.route("student-edit", "/students/{student_id}/edit")
    routes.view(
        information_views.edit,
        "student-edit",
        permission=EDIT,
        audit="student.information-opened",
        methods=("GET", "POST"),
        template=f"{TEMPLATES}edit.pt",
        keeps_text=True,
        fills_in=True,
    )
    routes.route("student-history", "/students/{student_id}/history")
    routes.view(
        information_views.history,
        "student-history",
        permission=EDIT,
        audit="student.history-viewed",
        template=f"{TEMPLATES}history.pt",
    )


def _contacts(routes: ModuleRoutes) -> None:
    routes.route("student-contacts", "/students/{student_id}/contacts")
    routes.view(
        contact_views.show,
        "student-contacts",
        permission=DETAILS,
        audit="contacts.viewed",
        template=f"{TEMPLATES}contacts.pt",
    )
    routes.route("student-contact-add", "/students/{student_id}/contacts/add")
    routes.view(
        contact_views.add,
        "student-contact-add",
        permission=EDIT,
        audit="contacts.viewed",
        methods=("GET", "POST"),
        template=f"{TEMPLATES}contact_edit.pt",
    )
    routes.route("student-contact", "/contacts/{contact_id}")
    routes.view(
        contact_views.edit,
        "student-contact",
        permission=EDIT,
        audit="contacts.viewed",
        methods=("GET", "POST"),
        template=f"{TEMPLATES}contact_edit.pt",
        fills_in=True,
    )
    routes.route("student-contact-end", "/contacts/{contact_id}/end")
    routes.view(
        contact_views.end, "student-contact-end", permission=EDIT, methods=("POST",), audit=IN_SERVICE
    )
