"""The list of the library's files, and that of the deleted ones."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from cpoms_core.hooks.relay import PluginSession
from cpoms_core.web.forms import as_id
from cpoms_library import queries
from cpoms_library.shown import file_line, say
from cpoms_library.sight import ADD

SORT_WORDS = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "name": "Name, A to Z",
    "name-down": "Name, Z to A",
    "largest": "Largest first",
    "smallest": "Smallest first",
}
LONGEST_WORDS = 200  # characters


def files(request: Request) -> dict[str, Any]:
    """LIB-01: the files, newest first."""
    say(request)
    return _listed(request, {})


def find(request: Request) -> dict[str, Any]:
    """The files as they were asked for: by name, in another order, or those behind the ones shown before. It
    is posted, so that what people look for stands in no address."""
    return _listed(request, request.POST)


def _listed(request: Request, asked: Any) -> dict[str, Any]:
    db, viewer = PluginSession(request.db), request.viewer
    words = asked.get("q", "")[:LONGEST_WORDS]
    sort = asked.get("sort", "newest")
    sort = sort if sort in queries.SORTS else "newest"
    after = as_id(asked.get("after"))
    rows, more = queries.files(db, viewer, sort=sort, words=words, after=after)
    return {
        "title": "Library",
        "files": [file_line(request, row) for row in rows],
        "q": words,
        "sort": sort,
        "sorts": SORT_WORDS,
        "after": more,
        "further": after is not None,
        "here": request.route_path("library.files"),
        "add_href": request.route_path("library.add") if viewer.may(ADD) else None,
        "deleted_href": request.route_path("library.deleted")
        if viewer.may(ADD) and queries.any_deleted(db, viewer)
        else None,
    }


def deleted(request: Request) -> dict[str, Any]:
    """LIB-03: the deleted files that the viewer may bring back."""
    say(request)
    rows = queries.deleted(PluginSession(request.db), request.viewer)
    request.shows(row.id for row in rows)
    return {
        "title": "Deleted files",
        "files": [file_line(request, row) for row in rows],
        "back_href": request.route_path("library.files"),
    }
