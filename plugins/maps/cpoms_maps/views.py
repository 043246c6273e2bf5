"""Admin > Maps (MAP-02), and the pictures of maps."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.documents.services import file_key
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.modules.routes import IN_SERVICE, SIGNED_IN, ModuleRoutes, NotAudited
from cpoms_core.web.forms import as_id
from cpoms_maps import drawing, pictures, school_maps, services
from cpoms_maps.models import BODY_ID

TEMPLATES = "cpoms_maps:templates/"
ADMIN = school_maps.MANAGING
PICTURE = NotAudited("a picture of a place or a body, which is about no child")
ALONE = "default-src 'none'; sandbox"
"""A drawing or picture that is opened by itself runs nothing."""


def declare(routes: ModuleRoutes) -> None:
    """Declares the module's pages."""
    routes.static("cpoms_maps:static")
    routes.route("maps.body", "/maps/body.svg")
    routes.view(body_picture, "maps.body", permission=SIGNED_IN, audit=PICTURE)
    routes.route("maps.picture", "/maps/{map_id}/picture")
    routes.view(picture, "maps.picture", permission=SIGNED_IN, audit=PICTURE)
    routes.route("maps.admin", "/maps/admin")
    template = f"{TEMPLATES}admin.pt"
    routes.view(listed, "maps.admin", permission=ADMIN, audit="maps.listed", template=template)
    routes.view(
        add,
        "maps.admin",
        permission=ADMIN,
        audit=IN_SERVICE,
        comes_back="maps.listed",
        methods=("POST",),
        template=template,
        keeps_text=True,
    )
    for name, view in (("disable", disable), ("enable", enable)):
        routes.route(f"maps.{name}", f"/maps/{{map_id}}/{name}")
        routes.view(view, f"maps.{name}", permission=ADMIN, audit=IN_SERVICE, methods=("POST",))
    routes.route("maps.rename", "/maps/{map_id}/rename")
    template = f"{TEMPLATES}rename.pt"
    form = NotAudited("the title of a map, which the list says too")
    routes.view(rename, "maps.rename", permission=ADMIN, audit=form, template=template, fills_in=True)
    routes.view(
        rename,
        "maps.rename",
        permission=ADMIN,
        audit=IN_SERVICE,
        comes_back=form,
        methods=("POST",),
        template=template,
    )


# --- pictures --------------------------------------------------------------------------------------------


def body_picture(_request: Request) -> Response:
    """The body map's drawing. It changes with releases only, and its address with it."""
    response = Response(drawing.body_svg(), content_type="image/svg+xml", charset="utf-8")
    response.headers["Content-Security-Policy"] = ALONE
    response.cache_control = "private, max-age=31536000, immutable"
    return response


def picture(request: Request) -> Response:
    """The picture of a map."""
    map_id = _map_id(request)
    picture_id = school_maps.picture_of(_db(request), request.viewer, map_id)
    if picture_id is None:
        raise NothingThere
    app, school_id = request.app, request.viewer.school_id
    content = b"".join(app.storage.read(file_key(app, school_id), school_id, picture_id))
    response = Response(content, content_type=pictures.MEDIA_TYPE, charset=None)
    response.headers["Content-Security-Policy"] = ALONE
    response.cache_control = "private, no-store"
    return response


# --- Admin > Maps ----------------------------------------------------------------------------------------


def listed(request: Request, *, title: str = "", refused: Refused | None = None) -> dict[str, Any]:
    """The school's maps, and the form that adds one."""
    db, viewer = _db(request), request.viewer
    changes = school_maps.changes(db)
    maps = [
        {
            "map": one,
            "href": _picture_href(request, one),
            "changes": [
                {
                    "kind": change.kind,
                    "title": viewer.text(change.title),
                    "who": who,
                    "when": viewer.local(change.made_at),
                }
                for change, who in changes.get(one.id or BODY_ID, [])
            ],
        }
        for one in school_maps.all_maps(db, viewer)
    ]
    return {
        "title": "Maps",
        "maps": maps,
        "typed": title,
        "error_field": refused.field if refused else "",
        "error": refused.message if refused else "",
    }


def add(request: Request) -> Any:
    """Takes a picture in before anything is asked of the database, and adds it as a map."""
    title = request.POST.get("title", "")
    title = title if isinstance(title, str) else ""
    try:
        _add(request, title)
    except Refused as refused:
        request.tm.doom()
        request.response.status_int = 422
        return listed(request, title=title, refused=refused)
    return _back(request)


def _add(request: Request, title: str) -> None:
    services.checked_title(title)
    sent = request.POST.get(pictures.FIELD)
    stream = getattr(sent, "file", None)
    if stream is None or request.files_left_out:
        raise Refused("Choose a JPEG or PNG file of at most 15 MB.", pictures.FIELD)
    with pictures.taken_in(request.app, request.viewer, stream) as taken:
        services.add_map(_db(request), request.viewer, title, taken)
        request.db.flush()


def disable(request: Request) -> Response:
    """Takes a map off new forms; incidents keep it."""
    return _set_in_use(request, in_use=False)


def enable(request: Request) -> Response:
    """Puts a map on new forms again."""
    return _set_in_use(request, in_use=True)


def _set_in_use(request: Request, *, in_use: bool) -> Response:
    services.set_in_use(_db(request), request.viewer, request.matchdict["map_id"], in_use=in_use)
    return _back(request)


def rename(request: Request) -> Any:
    """Another title for a map."""
    map_id, error = _map_id(request), ""
    row = next((one for one in school_maps.all_maps(_db(request), request.viewer) if one.id == map_id), None)
    if row is None:
        raise NothingThere
    typed = row.title
    if request.method == "POST":
        typed = request.POST.get("title", "")
        typed = typed if isinstance(typed, str) else ""
        try:
            services.rename_map(_db(request), request.viewer, map_id, typed)
        except Refused as refused:
            request.response.status_int = 422
            error = refused.message
        else:
            return _back(request)
    return {"title": "Rename a map", "typed": typed, "error": error}


def _back(request: Request) -> Response:
    return HTTPSeeOther(request.route_path("maps.admin", _query={"said": "saved"}))


def _picture_href(request: Request, one: school_maps.MapShown) -> str:
    if one.id is None:
        return str(request.route_path("maps.body", _query={"v": drawing.body_version()}))
    return str(request.address("maps.picture", map_id=one.id))


def _map_id(request: Request) -> uuid.UUID:
    found = as_id(request.matchdict["map_id"])
    if found is None:
        raise NothingThere
    return found


def _db(request: Request) -> PluginSession:
    return PluginSession(request.db)
