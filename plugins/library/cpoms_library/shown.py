"""What the library's templates read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pyramid.request import Request

from cpoms_core.incidents.shown import size_in_words
from cpoms_core.web.page import Notice
from cpoms_library.queries import FileRow
from cpoms_library.sight import ADD, VIEW
from cpoms_library.wording import SAID


def say(request: Request) -> None:
    """Puts what was done before the redirect on top of the page."""
    if request.method == "GET" and (text := SAID.get(request.GET.get("said", ""))):
        request.page.notices.append(Notice("success", text))


def file_line(request: Request, file: FileRow) -> SimpleNamespace:
    """A file with its links; those that are not for the viewer are None."""
    viewer = request.viewer

    def to(name: str, *, when: bool = True) -> Any:
        return request.address(f"library.{name}", file_id=file.id) if when else None

    return SimpleNamespace(
        id=file.id,
        label=file.label,
        name=file.name,
        kind=file.kind,
        size=size_in_words(file.size),
        added=file.added,
        added_by=file.added_by,
        alerted=file.alerted,
        read=file.read,
        opens=file.opens,
        removed=file.removed,
        href=to("file"),
        open_href=to("open"),
        download_href=to("download"),
        readers_href=to("readers", when=viewer.may(VIEW) and file.alerted > 0),
        alert_href=to("alert", when=viewer.may(ADD)),
        delete_href=to("delete", when=file.deletable),
        restore_href=to("restore"),
        understood_href=to("understood"),
        thumbnail=to("thumbnail", when=file.picture),
        logo_href=to("logo", when=viewer.may("admin") and file.may_be_logo),
    )
