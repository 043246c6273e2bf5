"""Drafts of half-typed forms (INC-10), for their author only."""

from __future__ import annotations

import re
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest
from pyramid.request import Request

from cpoms_core.errors import NothingThere
from cpoms_core.incidents import drafts
from cpoms_core.web.forms import as_id
from cpoms_core.web.inputs import json_object

KEY = re.compile(r"(incident|action)(-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?")
LONGEST = 400_000  # characters of all fields together
MOST = 500


def save(request: Request) -> dict[str, Any]:
    """Keeps what is typed so far: names and values of the form's fields, no files."""
    viewer, key = request.viewer, request.matchdict["form"]
    if not KEY.fullmatch(key):
        raise NothingThere
    content = _content(request)
    drafts.save(request.db, viewer, key, content, as_id(content["submission"]))
    return {"ok": True}


def _content(request: Request) -> dict[str, Any]:
    sent = json_object(request)
    try:
        pairs = [(str(name), str(value)) for name, value in sent["fields"]]
    except (ValueError, TypeError, KeyError) as error:
        raise HTTPBadRequest from error
    if len(pairs) > MOST or sum(len(name) + len(value) for name, value in pairs) > LONGEST:
        raise HTTPBadRequest
    return {"fields": pairs, "submission": str(sent.get("submission") or "")[:36]}
