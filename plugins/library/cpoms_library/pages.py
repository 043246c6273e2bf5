"""The addresses of the library, and who may ask there at all. Which file somebody may open is asked of
`sight` in each query: an alert opens a file to people who may not list them."""

from __future__ import annotations

from cpoms_core.modules.routes import IN_SERVICE, SIGNED_IN, ModuleRoutes, NotAudited
from cpoms_library import change_views, file_views, list_views
from cpoms_library.sight import ADD, VIEW

TEMPLATES = "cpoms_library:templates/"
FILE = "/library/files/{file_id}"


def declare(routes: ModuleRoutes) -> None:
    """Declares the module's pages."""
    routes.static("cpoms_library:static")
    _lists(routes)
    _one_file(routes)
    _readers(routes)
    _changes(routes)


def _lists(routes: ModuleRoutes) -> None:
    template = f"{TEMPLATES}files.pt"
    routes.route("library.files", "/library/files", reads=True)
    routes.view(list_views.files, "library.files", permission=VIEW, audit="library.listed", template=template)
    routes.view(
        list_views.find,
        "library.files",
        permission=VIEW,
        methods=("POST",),
        audit="library.searched",
        template=template,
    )
    routes.route("library.deleted", "/library/deleted")
    routes.view(
        list_views.deleted,
        "library.deleted",
        permission=ADD,
        audit="library.deleted-listed",
        template=f"{TEMPLATES}deleted.pt",
    )


def _one_file(routes: ModuleRoutes) -> None:
    routes.route("library.file", FILE)
    routes.view(
        file_views.file,
        "library.file",
        permission=SIGNED_IN,
        audit="library.viewed",
        template=f"{TEMPLATES}file.pt",
    )
    # a file that is sent is noted as viewed, which closes an alert
    routes.route("library.open", f"{FILE}/open", changes=True)
    routes.view(file_views.open_file, "library.open", permission=SIGNED_IN, audit="library.opened")
    routes.route("library.download", f"{FILE}/download", changes=True)
    routes.view(file_views.download, "library.download", permission=SIGNED_IN, audit="library.downloaded")
    routes.route("library.thumbnail", f"{FILE}/thumbnail")
    routes.view(
        file_views.thumbnail,
        "library.thumbnail",
        permission=VIEW,
        audit=NotAudited("a small picture on a page that is audited itself"),
    )


def _readers(routes: ModuleRoutes) -> None:
    routes.route("library.readers", f"{FILE}/readers")
    routes.view(
        file_views.readers_page,
        "library.readers",
        permission=VIEW,
        audit="library.readers",
        template=f"{TEMPLATES}readers.pt",
    )
    for name, view in (("picture", file_views.readers_picture), ("sheet", file_views.readers_sheet)):
        routes.route(f"library.readers-{name}", f"{FILE}/readers/{name}")
        routes.view(view, f"library.readers-{name}", permission=VIEW, audit="library.readers-saved")


def _changes(routes: ModuleRoutes) -> None:
    routes.route("library.add", "/library/add")
    template = f"{TEMPLATES}add.pt"
    empty = NotAudited("an empty form")
    routes.view(
        change_views.add_form,
        "library.add",
        permission=ADD,
        audit=empty,
        template=template,
    )
    routes.view(
        change_views.add,
        "library.add",
        permission=ADD,
        methods=("POST",),
        audit=IN_SERVICE,
        comes_back=empty,
        template=template,
        keeps_text=True,
    )
    routes.route("library.alert", f"{FILE}/alert")
    routes.view(
        change_views.alert,
        "library.alert",
        permission=ADD,
        methods=("GET", "POST"),
        audit="library.viewed",
        template=f"{TEMPLATES}alert.pt",
    )
    routes.route("library.delete", f"{FILE}/delete")
    routes.view(
        change_views.delete,
        "library.delete",
        permission=SIGNED_IN,
        methods=("GET", "POST"),
        audit="library.viewed",
        template=f"{TEMPLATES}delete.pt",
    )
    for name, view, permission in (
        ("understood", change_views.understood, SIGNED_IN),
        ("restore", change_views.restore, SIGNED_IN),
        ("logo", change_views.use_as_logo, "admin"),
    ):
        routes.route(f"library.{name}", f"{FILE}/{name}")
        routes.view(view, f"library.{name}", permission=permission, methods=("POST",), audit=IN_SERVICE)
