"""Pages of imports."""

from pyramid.config import Configurator

from cpoms_core.imports import captions_views, typed_in_views, views
from cpoms_core.modules.routes import CORE, IN_SERVICE, ModuleRoutes

ADMIN = "admin"
OVERVIEW = "cpoms_core:templates/imports/imports.pt"
RUN = "cpoms_core:templates/imports/run.pt"
CAPTIONS = "cpoms_core:templates/imports/captions.pt"


def includeme(config: Configurator) -> None:
    routes = ModuleRoutes(config, CORE)
    for name, pattern in (
        ("admin-imports", "/admin/imports"),
        ("admin-imports-upload", "/admin/imports/upload"),
        ("admin-typed-in", "/admin/imports/typed-in"),
        ("admin-typed-in-match", "/admin/imports/typed-in/{student_id}"),
        ("admin-import-captions", "/admin/imports/captions/{source}"),
        ("admin-import", "/admin/imports/{run_id}"),
        ("admin-import-apply", "/admin/imports/{run_id}/apply"),
        ("admin-import-drop", "/admin/imports/{run_id}/drop"),
    ):
        routes.route(name, pattern)
    post = ("POST",)
    typed = "cpoms_core:templates/imports/typed_in.pt"
    routes.view(
        typed_in_views.typed_in, "admin-typed-in", permission=ADMIN, audit="typed-in.listed", template=typed
    )
    routes.view(
        typed_in_views.match, "admin-typed-in-match", permission=ADMIN, audit=IN_SERVICE,
        comes_back="typed-in.listed", methods=post, template=typed,
    )  # fmt: skip
    routes.view(
        captions_views.captions, "admin-import-captions", permission=ADMIN, audit="import.captions-viewed",
        template=CAPTIONS,
    )  # fmt: skip
    routes.view(
        captions_views.save, "admin-import-captions", permission=ADMIN, audit=IN_SERVICE,
        comes_back="import.captions-viewed", methods=post, template=CAPTIONS,
    )  # fmt: skip
    routes.view(views.imports, "admin-imports", permission=ADMIN, audit="imports.listed", template=OVERVIEW)
    routes.view(
        views.upload, "admin-imports-upload", permission=ADMIN, audit=IN_SERVICE,
        comes_back="imports.listed", methods=post, template=OVERVIEW,
    )  # fmt: skip
    routes.view(views.run, "admin-import", permission=ADMIN, audit="import.viewed", template=RUN)
    for view, name in ((views.apply, "admin-import-apply"), (views.drop, "admin-import-drop")):
        routes.view(
            view, name, permission=ADMIN, audit=IN_SERVICE, comes_back="import.viewed", methods=post,
            template=RUN,
        )  # fmt: skip
