"""A page of a chronology with the markers of what was deleted in their places (EDT-02)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from types import SimpleNamespace

from pyramid.request import Request

from cpoms_core.incidents.chronology import parse_cursor
from cpoms_core.incidents.gone import Gone, of_record
from cpoms_core.incidents.on_page import IncidentShown
from cpoms_core.incidents.shown import gone_context


def markers_of(
    request: Request, record: uuid.UUID | None, shown: Sequence[IncidentShown], after: str, next_page: str
) -> list[Gone]:
    """What was deleted between the ends of a page of a student's record (None: the whole school's), for who
    may restore it."""
    return of_record(
        request.db,
        request.viewer,
        record,
        before=parse_cursor(after) if after else None,
        down_to=parse_cursor(next_page) if next_page else None,
    )


def in_their_places(
    request: Request,
    contexts: Sequence[SimpleNamespace],
    shown: Sequence[IncidentShown],
    markers: Sequence[Gone],
) -> list[SimpleNamespace]:
    """The incidents of a page, newest first behind the pinned ones, with the markers between them."""
    left, found = list(markers), []
    for context, incident in zip(contexts, shown, strict=True):
        if not incident.pinned and left:
            key = parse_cursor(incident.cursor)
            while left and left[0].key > key:
                found.append(gone_context(request, left.pop(0)))
        found.append(context)
    return found + [gone_context(request, one) for one in left]
