"""Pages of documents."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.documents import views
from cpoms_core.modules.routes import CORE, SIGNED_IN, ModuleRoutes


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    routes.route("document", "/documents/{document_id}")
    routes.view(views.download, "document", permission=SIGNED_IN, audit="document.downloaded")
