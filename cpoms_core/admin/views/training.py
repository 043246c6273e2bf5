"""Training mode: what was recorded in it, what of that is kept, and its end (TRN-01)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries.training import page_of_marked
from cpoms_core.admin.services.training import Ending, begin_training, end_training, keep_real
from cpoms_core.errors import Refused
from cpoms_core.incidents.training import marked
from cpoms_core.web.forms import as_id

MOST_POSTED = 200
"""Records of one page, with room to spare."""


def begin(request: Request) -> HTTPSeeOther:
    """Switches training mode on."""
    begin_training(request.db, request.viewer)
    return _go(request, "training-begun")


def manage(request: Request) -> Any:
    """The list, with everything ticked for removal; what is unticked is kept, by itself or with the end."""
    if request.method != "POST":
        return _page(request)
    incidents, actions = _unticked(request)
    if request.POST.get("do") != "end":
        kept = keep_real(request.db, request.viewer, incidents, actions)
        return _go(request, "training-kept" if kept else "training-none-unticked", request.POST.get("go", ""))
    typed = request.POST.get("name", "")[:500]
    try:
        ending = Ending(request.POST.get("seen", ""), typed, incidents, actions)
        end_training(request.db, request.viewer, ending)
    except ChangedMeanwhile:
        return _refused(
            request,
            typed,
            "Something was recorded in training mode, or kept, since you opened "
            "this page. Look through the list again: nothing was removed.",
        )
    except Refused as refusal:
        return _refused(request, typed, refusal.message, of_name=True)
    return _go(request, "training-ended")


def _refused(request: Request, typed: str, error: str, *, of_name: bool = False) -> dict[str, Any]:
    request.tm.doom()
    request.response.status_int = 422 if of_name else 409
    unticked = {value for value in _shown(request) if value not in set(request.POST.getall("remove"))}
    said = {"name_error": error} if of_name else {"changed": error}
    return {**_page(request, unticked), "typed": typed, **said}


def _page(request: Request, unticked: set[str] | None = None) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    counted = marked(db, viewer)
    after = request.GET.get("after", "")
    rows, more = page_of_marked(db, viewer, after)
    request.shows([one.row.incident_id for one in rows])
    path = request.route_path
    return {
        "title": "Training mode",
        "on": viewer.school.training,
        "marked": counted,
        "rows": rows,
        "unticked": unticked or set(),
        "seen": mark_of(*counted.state),
        "typed": "",
        "name_error": "",
        "changed": "",
        "begin_href": path("admin-training-begin"),
        "here": path("admin-training", _query={"after": after} if after else {}),
        "next_href": path("admin-training", _query={"after": more}) if more else None,
        "next_key": more,
        "first_href": path("admin-training") if after else None,
    }


def _shown(request: Request) -> Sequence[str]:
    shown: Sequence[str] = request.POST.getall("shown")[:MOST_POSTED]
    return shown


def _unticked(request: Request) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """The incidents and the actions that the page showed, and whose tick for removal was taken away."""
    ticked = set(request.POST.getall("remove"))
    found: dict[str, list[uuid.UUID]] = {"incident": [], "action": []}
    for value in _shown(request):
        kind, _, text = value.partition(":")
        one = as_id(text)
        if value not in ticked and kind in found and one is not None:
            found[kind].append(one)
    return found["incident"], found["action"]


def _go(request: Request, said: str, after: str = "") -> HTTPSeeOther:
    query = {"after": after[:80], "said": said} if after else {"said": said}
    return HTTPSeeOther(request.route_path("admin-training", _query=query))
