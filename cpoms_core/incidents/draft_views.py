"""Drafts of half-typed forms (INC-10), for their author only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from webob.multidict import MultiDict

from cpoms_core.access.hiding_views import STARS_STAY, hidden_page
from cpoms_core.access.views import local_path
from cpoms_core.errors import NothingThere
from cpoms_core.incidents import drafts
from cpoms_core.web.forms import as_id
from cpoms_core.web.inputs import json_object

ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ADDED = re.compile(rf"incident(-whole-school)?|(incident|action)-{ID}")
EDITED = re.compile(rf"edit-(incident|action)-{ID}")
LONGEST = 400_000  # characters of all fields together
MOST = 500


def save(request: Request) -> dict[str, Any]:
    """Keeps what is typed so far in a form that adds: names and values of its fields, no files."""
    return _save(request, ADDED)


def save_edit(request: Request) -> dict[str, Any]:
    """As `save`, of a form that edits."""
    return _save(request, EDITED)


def discard(request: Request) -> HTTPFound:
    """Throws the viewer's own draft of a form that adds away. Goes on to `next`, a path on this host, or to
    the form, empty."""
    return _discard(request, ADDED)


def discard_edit(request: Request) -> HTTPFound:
    """As `discard`, of a form that edits."""
    return _discard(request, EDITED)


def _key(request: Request, known: re.Pattern[str]) -> str:
    key: str = request.matchdict["form"]
    if not known.fullmatch(key):
        raise NothingThere
    return key


def _save(request: Request, known: re.Pattern[str]) -> dict[str, Any]:
    key, content = _key(request, known), _content(request)
    drafts.save(request.db, request.viewer, key, content, as_id(content["submission"]))
    return {"ok": True}


def _discard(request: Request, known: re.Pattern[str]) -> HTTPFound:
    key = _key(request, known)
    drafts.forget(request.db, request.viewer, key)
    return HTTPFound(local_path(request.POST.get("next") or form_of(request, key)))


def form_of(request: Request, key: str) -> str:
    """The address of the form that a draft is of."""
    name, _, rest = key.removeprefix("edit-").partition("-")
    if key.startswith("edit-"):
        return str(request.route_path(f"{name}-edit", **{f"{name}_id": rest}))
    if name == "action":
        return str(request.route_path("action-add", incident_id=rest))
    return str(request.route_path("incident-add", _query={"student": rest} if rest else {}))


def draft_context(request: Request, key: str, saved: str | None) -> dict[str, Any]:
    """What a form's page says of its draft, as macros/forms.pt reads it. `saved`: when, where the form is
    filled with it."""
    route = "draft-edit" if EDITED.fullmatch(key) else "draft"
    return {
        "draft_key": key,
        "draft_href": request.route_path(route, form=key)
        if ADDED.fullmatch(key) or EDITED.fullmatch(key)
        else None,
        "draft_saved": saved,
        "draft_discard_href": request.route_path(f"{route}-discard", form=key) if saved else None,
    }


def _content(request: Request) -> dict[str, Any]:
    sent = json_object(request)
    try:
        pairs = [(str(name), str(value)) for name, value in sent["fields"]]
    except (ValueError, TypeError, KeyError) as error:
        raise HTTPBadRequest from error
    if is_too_long(pairs):
        raise HTTPBadRequest
    return {"fields": pairs, "submission": str(sent.get("submission") or "")[:36]}


def is_too_long(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether fields are more than a draft holds."""
    return len(pairs) > MOST or sum(len(name) + len(value) for name, value in pairs) > LONGEST


def in_place_of(request: Request, drafted: MultiDict[str, Any] | None) -> Response | None:
    """The page that asks to show names first, where a form would be filled with a draft that has names in it
    while they are hidden (DSH-08). A draft without names, and none, are no matter."""
    text = request.viewer.text
    if drafted is None or all(text(str(value)) == value for value in drafted.values()):
        return None
    why = "You began to write here, and what you wrote has names in it: it is kept as your draft."
    return hidden_page(request, why=f"{why} {STARS_STAY}")
