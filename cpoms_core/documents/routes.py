"""Pages of documents."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.documents import away, file_views, vault_views, views
from cpoms_core.modules.routes import CORE, IN_SERVICE, SIGNED_IN, ModuleRoutes, NotAudited

TEMPLATES = "cpoms_core:templates/documents/"
DETAILS = "students:details"


def includeme(config: Configurator) -> None:
    config.include(away)
    routes = ModuleRoutes(config, CORE)
    _one_file(routes)
    routes.route("student-vault", "/students/{student_id}/documents")
    routes.view(
        vault_views.vault,
        "student-vault",
        permission=DETAILS,
        audit="student.vault-viewed",
        template=f"{TEMPLATES}vault.pt",
    )
    routes.view(
        vault_views.add,
        "student-vault",
        permission=DETAILS,
        methods=("POST",),
        audit="student.vault-viewed",
        template=f"{TEMPLATES}vault.pt",
        keeps_text=True,
    )
    routes.route("student-vault-zip", "/students/{student_id}/documents/zip", reads=True)
    routes.view(
        views.pack, "student-vault-zip", permission=DETAILS, methods=("POST",), audit="documents.downloaded"
    )


def _one_file(routes: ModuleRoutes) -> None:
    for name, path in (
        ("document", ""),
        ("document-about", "/about"),
        ("document-thumbnail", "/thumbnail"),
        ("document-picture", "/picture"),
        ("document-alert", "/alert"),
        ("document-read", "/read"),
        ("document-remove", "/remove"),
        ("document-restore", "/restore"),
    ):
        routes.route(name, f"/documents/{{document_id}}{path}")
    routes.view(views.download, "document", permission=SIGNED_IN, audit="document.downloaded")
    routes.view(
        file_views.about,
        "document-about",
        permission=SIGNED_IN,
        audit="document.viewed",
        template=f"{TEMPLATES}about.pt",
    )
    routes.view(
        views.thumbnail,
        "document-thumbnail",
        permission=SIGNED_IN,
        audit=NotAudited("a small picture on a page that is audited itself"),
    )
    routes.view(views.picture, "document-picture", permission=SIGNED_IN, audit="document.looked-at")
    routes.view(
        file_views.alert,
        "document-alert",
        permission=DETAILS,
        methods=("GET", "POST"),
        audit="document.viewed",
        template=f"{TEMPLATES}alert.pt",
    )
    routes.view(file_views.read, "document-read", permission=SIGNED_IN, methods=("POST",), audit=IN_SERVICE)
    routes.view(
        file_views.remove,
        "document-remove",
        permission="admin",
        methods=("GET", "POST"),
        audit="document.viewed",
        template=f"{TEMPLATES}remove.pt",
    )
    routes.view(
        file_views.restore, "document-restore", permission="admin", methods=("POST",), audit=IN_SERVICE
    )
