"""Files as they leave: downloaded, shown as pictures drawn anew, several as a zip."""

from __future__ import annotations

import uuid

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.documents import queries
from cpoms_core.documents.answers import StoredFile, attachment, drawn_anew, saved
from cpoms_core.documents.models import Document
from cpoms_core.documents.pictures import LARGE, SMALL
from cpoms_core.documents.sending import Sent, place_for
from cpoms_core.documents.zipping import zipped
from cpoms_core.errors import NothingThere
from cpoms_core.students.record import open_record
from cpoms_core.students.views import matched_id
from cpoms_core.tenancy.models import School
from cpoms_core.web.forms import as_id


def download(request: Request) -> Response:
    """A document for who may see what it hangs on (USR-12.6), decrypted as it streams. It is always saved,
    never opened in our own origin."""
    document, wrapped = _opened(request)
    response = saved(request.app, wrapped, _stored(request, document))
    request.shows(_subjects(document))
    return response


def thumbnail(request: Request) -> Response:
    """A small picture of a picture, for pages that list it."""
    return _picture(request, SMALL)


def picture(request: Request) -> Response:
    """A picture drawn anew, as large as a screen."""
    document, response = _drawn(request, LARGE)
    request.shows(_subjects(document))
    return response


def pack(request: Request) -> Response:
    """STU-05: the chosen files of a student's vault, or all of them, as a zip made while it is sent."""
    viewer = request.viewer
    student = open_record(request.db, viewer, matched_id(request, "student_id"))
    chosen = None
    if not request.POST.get("all"):
        chosen = [one for one in map(as_id, request.POST.getall("file")) if one]
    files = queries.packable(request.db, viewer, student.id, chosen)
    if not files:
        query = {"said": "no-files-chosen"}
        return HTTPSeeOther(request.route_path("student-vault", student_id=student.id, _query=query))
    place = place_for(sum(file.size for file in files))
    wrapped = request.db.scalars(select(School.file_key).where(School.id == viewer.school_id)).one()
    request.shows([student.id, *(file.id for file in files)], files=len(files))
    made = viewer.local(viewer.now())
    response = attachment(f"documents {made:%Y-%m-%d}.zip")
    response.app_iter = Sent(zipped(request.app, viewer.school_id, wrapped, files, made), place)
    return response


def _opened(request: Request) -> tuple[Document, str]:
    """The document of the address, with the key of its school. Raises NothingThere."""
    found = request.db.execute(
        select(Document, School.file_key)
        .join(School, School.id == Document.school_id)
        .where(Document.id == matched_id(request, "document_id"), policy.visible_documents(request.viewer))
    ).first()
    if found is None:
        raise NothingThere
    return found[0], found[1]


def _picture(request: Request, longest: int) -> Response:
    return _drawn(request, longest)[1]


def _drawn(request: Request, longest: int) -> tuple[Document, Response]:
    document, wrapped = _opened(request)
    return document, drawn_anew(request.app, wrapped, _stored(request, document), longest)


def _stored(request: Request, document: Document) -> StoredFile:
    name = request.viewer.text(document.name)
    return StoredFile(document.id, document.school_id, name, document.media_type, document.size)


def _subjects(document: Document) -> list[uuid.UUID]:
    return [one for one in (document.id, document.incident_id, document.student_id) if one]
