"""The page that waits for a file in the making, and the file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access.hiding_views import hidden_page
from cpoms_core.documents import prepared
from cpoms_core.documents.models import PreparedFile
from cpoms_core.documents.sending import Sent, on_from, place_for
from cpoms_core.documents.services import safe_name
from cpoms_core.incidents.shown import size_in_words
from cpoms_core.students.views import matched_id

ANEW = "Go to where it is made anew"
OUT_OF_DATE = "cpoms_core:templates/documents/out_of_date.pt"
WORDS = {
    "waiting": "Waiting for its turn.",
    "making": "Being made.",
    "again": "Being made once more.",
    "failed": "It could not be made. Ask for it again.",
}


def listed(request: Request) -> dict[str, Any]:
    """What one asked for oneself: the way back to a page that waits, for who has left it."""
    viewer = request.viewer
    return {
        "title": "Your PDFs",
        "files": [
            {
                "name": viewer.text(file.name),
                "asked": viewer.local(file.asked_at),
                "until": viewer.local(file.expires_at),
                "words": WORDS.get(file.state, ""),
                "size": size_in_words(file.size or 0),
                "href": request.route_path("prepared-file", file_id=file.id),
                "fetch_href": request.route_path("prepared-file-fetch", file_id=file.id),
            }
            for file in prepared.own(request.db, viewer)
        ],
    }


def page(request: Request) -> dict[str, Any]:
    """How far it is. The page looks again by itself, and where no script runs, when it is reloaded."""
    file = prepared.one(request.db, request.viewer, matched_id(request, "file_id"))
    if request.headers.get("HX-Request"):
        request.afterwards.touch = False  # a page that waits by itself keeps no session awake
    return {
        "title": "Your PDF",
        "state": file.state,
        "words": WORDS.get(file.state, ""),
        "done": file.done,
        "out_of": file.out_of,
        "per_cent": _per_cent(file),
        "name": request.viewer.text(file.name),
        "size": size_in_words(file.size or 0),
        "until": request.viewer.local(file.expires_at),
        "here": request.route_path("prepared-file", file_id=file.id),
        "all_href": request.route_path("prepared-files"),
        "fetch_href": request.route_path("prepared-file-fetch", file_id=file.id),
    }


def _per_cent(file: PreparedFile) -> int | None:
    return 100 * file.done // file.out_of if file.out_of and file.state != "waiting" else None


def fetch(request: Request) -> Response:
    """The file, for who asked for it."""
    file, subjects, chunks = prepared.fetch(request.db, request.viewer, matched_id(request, "file_id"))
    place = place_for(file.size or 0)
    first = next(chunks, b"")  # a damaged file fails here, before anything is sent
    request.shows(subjects)
    response = Response(
        app_iter=Sent(on_from(first, chunks), place), content_type=file.media_type, charset=None
    )
    response.content_length = file.size
    name = quote(safe_name(request.viewer.text(file.name)))
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def kept_back(found: prepared.NamesInside, request: Request) -> Response:
    """Exception view: in place of a file with names in it, while they are hidden (DSH-08)."""
    why = "This PDF was made while names were shown, and they are in it."
    href, here = _where_made(found, request), request.path_qs
    return hidden_page(request, why=why, other_href=href, other=ANEW, here=here)


def out_of_date(found: prepared.OutOfDate, request: Request) -> Response:
    """Exception view: in place of a file in which something is not as it was. What that is, and what became
    of it, is not said: they may not be allowed to know (USR-12.7)."""
    request.shown.clear()
    context = {"title": "This PDF is out of date", "anew_href": _where_made(found, request), "anew": ANEW}
    response = render_to_response(OUT_OF_DATE, context, request=request)
    response.status_int = 410
    return response


def _where_made(found: prepared.KeptBack, request: Request) -> str | None:
    if found.again is None:
        return None
    route, values = found.again
    return str(request.route_path(route, **values))
