"""One file of the library: its page, the file itself, and who has read it."""

from __future__ import annotations

from typing import Any

import structlog
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.charts.pictures import NoPicture
from cpoms_core.documents.answers import StoredFile, attachment, drawn_anew, in_browser, saved
from cpoms_core.documents.pictures import SMALL
from cpoms_core.documents.services import file_key
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.views import matched_id
from cpoms_core.web.errors import answer
from cpoms_core.web.forms import as_number
from cpoms_library import log_picture, log_sheet, queries, readers, services, sight
from cpoms_library.models import DOWNLOADED, OPENED
from cpoms_library.queries import FileRow
from cpoms_library.shown import file_line, say

log = structlog.get_logger()


def file(request: Request) -> dict[str, Any]:
    """What a file is, and what the viewer may do with it; where an alert leads."""
    say(request)
    row = file_of(request)
    alert = readers.own_open_alert(PluginSession(request.db), request.viewer, row.id)
    listing = request.route_path("library.files") if request.viewer.may(sight.VIEW) else None
    return {
        "title": f"File {row.label}",
        "file": file_line(request, row),
        "alerted": alert is not None,
        "requires_action": alert is not None and alert.requires_action,
        "back_href": listing,
    }


def open_file(request: Request) -> Response:
    """LIB-01: the file in the browser, where that can show it safely, or else saved."""
    stored, key = _stored(request)
    response = in_browser(request.app, key, stored)
    _note(request, stored, OPENED)
    return response


def download(request: Request) -> Response:
    """The file as it came, to be saved."""
    stored, key = _stored(request)
    response = saved(request.app, key, stored)
    _note(request, stored, DOWNLOADED)
    return response


def thumbnail(request: Request) -> Response:
    """A small picture of a picture."""
    stored, key = _stored(request)
    return drawn_anew(request.app, key, stored, SMALL)


def _stored(request: Request) -> tuple[StoredFile, str]:
    """The file of the address, and the key of its school. They are read before the transaction that notes the
    view begins: nobody's change waits for a slow storage."""
    viewer = request.viewer
    with request.app.session(viewer.school_id, writes=False) as db:
        stored, number = queries.stored(PluginSession(db), viewer, matched_id(request, "file_id"))
    request.shows([stored.id], number=number)
    return stored, file_key(request.app, viewer.school_id)


def _note(request: Request, stored: StoredFile, how: str) -> None:
    """Notes the view, unless a program only asks about the file, or fetches it before anybody wants it."""
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return
    services.note_view(PluginSession(request.db), request.viewer, stored.id, how)


def readers_page(request: Request) -> dict[str, Any]:
    """LIB-02: who was alerted by whom and when, when they last viewed it, and whether they understood."""
    row, lines = _log(request)
    picture = request.address("library.readers-picture", file_id=row.id)
    return {
        "title": f"Who has read {row.label}",
        "file": file_line(request, row),
        "readers": lines,
        "pictures": [f"{picture}?part={part}" for part in range(1, log_picture.parts_of(len(lines)) + 1)],
        "sheet_href": request.address("library.readers-sheet", file_id=row.id),
    }


def readers_picture(request: Request) -> Response:
    """The log as a picture to print; a long one in parts."""
    row, lines = _log(request)
    part = as_number(request.GET.get("part", "1")) or 1
    parts = log_picture.parts_of(len(lines))
    if part > parts:
        raise NothingThere
    heading = _heading(request, row)
    if parts > 1:
        heading = [*heading, f"Picture {part} of {parts}"]
    try:
        content = log_picture.draw(lines, heading, part)
    except NoPicture as error:
        log.warning("no picture of a log of readers", reason=str(error))
        return answer(request, 503)
    suffix = f" {part}" if parts > 1 else ""
    return _attached(f"read by {row.label}{suffix}.png", "image/png", content)


def readers_sheet(request: Request) -> Response:
    """The log as an Excel file."""
    row, lines = _log(request)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    content = log_sheet.write(lines, _heading(request, row))
    return _attached(f"read by {row.label}.xlsx", kind, content)


def _log(request: Request) -> tuple[FileRow, list[readers.Reader]]:
    row = file_of(request)
    return row, readers.log_of(PluginSession(request.db), request.viewer, row.id)


def _heading(request: Request, row: FileRow) -> list[str]:
    viewer = request.viewer
    made = log_picture.moment(viewer.local(viewer.now()))
    return [
        f"{row.name} ({row.label})",
        f"{viewer.school.name}. Read by {row.read} of {row.alerted}.",
        f"As of {made} ({viewer.school.time_zone}).",
    ]


def _attached(name: str, kind: str, content: bytes) -> Response:
    response = attachment(name)
    response.content_type = kind
    response.charset = None
    response.body = content
    return response


def file_of(request: Request) -> FileRow:
    """The file of the address. Raises NothingThere where the viewer may not open it."""
    row = queries.file_of(PluginSession(request.db), request.viewer, matched_id(request, "file_id"))
    request.shows([row.id])
    return row
