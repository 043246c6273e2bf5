"""Admin > Imports > Students typed in by staff: matching them with the register (INC-02)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students import matching
from cpoms_core.web.forms import as_id


def typed_in(request: Request) -> dict[str, Any]:
    """Everyone who waits to be matched, with the likeliest children of the register."""
    return _page(request)


def match(request: Request) -> Any:
    """Same child, or not in the register: for one of them."""
    db, viewer, post = request.db, request.viewer, request.POST
    typed_id = as_id(request.matchdict["student_id"])
    if typed_id is None:
        raise NothingThere
    if post.get("deed") == "apart":
        matching.keep_apart(db, viewer, typed_id)
        return _back(request, "student-kept-apart")
    matching.waiting_one(db, viewer, typed_id)  # before a word is said of what was typed
    try:
        matching.match(db, viewer, typed_id, _chosen(request))
    except Refused as error:
        request.tm.doom()
        request.response.status_int = 422
        return _page(request, typed_id, error.message)
    return _back(request, "students-matched")


def _chosen(request: Request) -> uuid.UUID:
    """Whom the typed-in student is to be: ticked, or named in full. Raises Refused."""
    post = request.POST
    child, name = as_id(post.get("child")), post.get("name", "").strip()
    if child is None and name:
        found = matching.named(request.db, request.viewer, name[:200])
        if len(found) != 1:
            several = "Several students of the register have this name. Match them one by one in the list."
            raise Refused(several if found else "The register has no student of this name.")
        (child,) = found
    if child is None:
        raise Refused("Choose who it is, or type the full name as the register has it.")
    if not post.get("checked"):
        raise Refused("Tick that you have checked it: the two records become one.")
    return child


def _back(request: Request, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("admin-typed-in", _query={"said": said}))


def _page(request: Request, wrong: uuid.UUID | None = None, message: str = "") -> dict[str, Any]:
    waiting = matching.typed_in(request.db, request.viewer)
    candidates = [candidate.id for one in waiting for candidate in one.candidates]
    request.shows([*(one.id for one in waiting), *candidates])
    return {
        "title": "Students typed in by staff",
        "students": [
            {
                "row": one,
                "href": request.route_path("admin-typed-in-match", student_id=one.id),
                "error": message if one.id == wrong else "",
                "named": request.POST.get("name", "") if one.id == wrong else "",
                "chosen": as_id(request.POST.get("child")) if one.id == wrong else None,
            }
            for one in waiting
        ],
        "back_href": request.route_path("admin-imports"),
    }
