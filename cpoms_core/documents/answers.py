"""Stored files as answers: saved by the browser, drawn anew, or shown by the browser's own reader. The core's
documents leave like this, and a module's files do, whose right to be seen the module has asked for before."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass
from urllib.parse import quote

from pyramid.response import Response

from cpoms_core.application import Application
from cpoms_core.documents.kinds import shown_as_picture
from cpoms_core.documents.pictures import LARGE, NoPicture, drawn
from cpoms_core.documents.sending import Sent, on_from, place_for
from cpoms_core.errors import NothingThere

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""Whatever a browser makes of a file, it runs nothing and is of no origin. The browser's own reader of PDFs
is a program apart, and shows them all the same."""
PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of a stored file. name: as the viewer may see it (`viewer.text`); media_type: as its
    content was found to be when it was taken in; size: bytes."""

    id: uuid.UUID
    school_id: int
    name: str
    media_type: str
    size: int


def opens_in_browser(media_type: str, size: int) -> bool:
    """Whether `in_browser` shows such a file, and does not have it saved: pictures and PDFs."""
    return media_type == PDF or shown_as_picture(media_type, size)


def saved(app: Application, key: str, file: StoredFile) -> Response:
    """The file as it came, decrypted as it streams, for the browser to save: never opened in our origin.

    key: the school's (`documents.services.file_key`). Raises FileDamaged, FilesAway and TooManyAtOnce before
    anything is sent.
    """
    return _streamed(app, key, file, attachment(file.name))


def in_browser(app: Application, key: str, file: StoredFile) -> Response:
    """The file to be looked at: a picture as we draw it anew, a PDF by the browser's own reader; any other is
    saved, as by `saved`. Nothing that came with it runs in our origin."""
    if file.media_type == PDF:
        response = Response(content_type=PDF, charset=None)
        response.headers["Content-Disposition"] = _under(file.name, "inline")
        response.headers["Content-Security-Policy"] = SANDBOX
        return _streamed(app, key, file, response)
    if shown_as_picture(file.media_type, file.size):
        try:
            return drawn_anew(app, key, file, LARGE)
        except NothingThere:  # no picture that we can draw: it is still a file
            pass
    return saved(app, key, file)


def drawn_anew(app: Application, key: str, file: StoredFile, longest: int) -> Response:
    """A picture drawn anew, at most `longest` pixels wide and high. Raises NothingThere where it is none that
    can be drawn, and TooManyPictures."""
    if not shown_as_picture(file.media_type, file.size):
        raise NothingThere
    chunks = app.storage.read(key, file.school_id, file.id)
    try:
        content, media_type = drawn(chunks, longest)
    except NoPicture:
        raise NothingThere from None
    finally:
        chunks.close()  # type: ignore[attr-defined]
    response = Response(body=content, content_type=media_type)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def attachment(name: str) -> Response:
    """An answer that a browser saves under a name and never opens in our origin."""
    response = Response(content_type="application/octet-stream")
    response.headers["Content-Disposition"] = _under(name, "attachment")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _under(name: str, how: str) -> str:
    """A Content-Disposition with a name (RFC 6266 and 8187)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join("_" if letter in '"\\%/' else letter for letter in plain if letter.isprintable())
    return f"{how}; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}"


def _streamed(app: Application, key: str, file: StoredFile, response: Response) -> Response:
    place = place_for(file.size)
    chunks = app.storage.read(key, file.school_id, file.id)
    first = next(chunks, b"")  # one that is damaged or away fails here, before anything is sent
    response.app_iter = Sent(on_from(first, chunks), place)
    response.content_length = file.size
    return response
