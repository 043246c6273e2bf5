"""A student's record, and searches for students on forms."""

from __future__ import annotations

import uuid

from pyramid.request import Request

from cpoms_core.errors import NothingThere
from cpoms_core.students import queries
from cpoms_core.web.forms import as_id
from cpoms_core.web.inputs import json_object


def matched_id(request: Request, name: str) -> uuid.UUID:
    """An id of the address. Raises NothingThere where it is none."""
    found = as_id(request.matchdict[name])
    if found is None:
        raise NothingThere
    return found


def search(request: Request) -> list[dict[str, str]]:
    """Students for a form's type-ahead, by any part of a name; by the whole of it where the school does not
    let staff without a key search (INC-01, INC-04). Posted, so that no name is in an address."""
    viewer = request.viewer
    words = str(json_object(request).get("q", ""))[:200]
    searches = viewer.elevated or viewer.school.setting("student_search_on_form")
    find = queries.choices if searches else queries.exact_choices
    return [
        {
            "value": str(student.id),
            "text": student.name,
            "note": student.note + (" · archived" if student.archived else ""),
        }
        for student in find(request.db, viewer, words)
    ]
