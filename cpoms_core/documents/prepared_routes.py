"""Routes of files that the worker makes."""

from __future__ import annotations

from pyramid.config import Configurator

from cpoms_core.documents import prepared_views
from cpoms_core.documents.prepared import NamesInside, OutOfDate
from cpoms_core.modules.routes import CORE, SIGNED_IN, ModuleRoutes, NotAudited


def includeme(config: Configurator) -> None:
    config.add_exception_view(prepared_views.kept_back, context=NamesInside)
    config.add_exception_view(prepared_views.out_of_date, context=OutOfDate)
    routes = ModuleRoutes(config, CORE)
    routes.route("prepared-files", "/prepared")
    routes.view(
        prepared_views.listed,
        "prepared-files",
        permission=SIGNED_IN,
        audit=NotAudited("names of one's own files; asking for them, making and fetching them are audited"),
        template="cpoms_core:templates/documents/prepared_list.pt",
    )
    routes.route("prepared-file", "/prepared/{file_id}")
    routes.view(
        prepared_views.page,
        "prepared-file",
        permission=SIGNED_IN,
        audit=NotAudited("how far one's own file is; asking for it, making and fetching it are audited"),
        template="cpoms_core:templates/documents/prepared.pt",
    )
    routes.route("prepared-file-fetch", "/prepared/{file_id}/file")
    routes.view(
        prepared_views.fetch, "prepared-file-fetch", permission=SIGNED_IN, audit="prepared-file.fetched"
    )
