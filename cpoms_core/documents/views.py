"""Downloading documents."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.documents.models import Document
from cpoms_core.errors import NothingThere
from cpoms_core.students.views import matched_id
from cpoms_core.tenancy.models import School


def download(request: Request) -> Response:
    """A document for who may see what it hangs on (USR-12.6), decrypted as it streams. It is always saved,
    never opened in our own origin."""
    found = request.db.execute(
        select(Document, School.file_key)
        .join(School, School.id == Document.school_id)
        .where(Document.id == matched_id(request, "document_id"), policy.visible_documents(request.viewer))
    ).first()
    if found is None:
        raise NothingThere
    document, wrapped = found
    chunks: Iterator[bytes] = request.app.storage.read(wrapped, document.school_id, document.id)
    first = next(chunks, b"")  # a damaged file fails here, before anything is sent
    request.shows([one for one in (document.id, document.incident_id, document.student_id) if one])
    response = Response(app_iter=chain([first], chunks), content_type="application/octet-stream")
    response.content_length = document.size
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(document.name)}"
    return response
