"""Photos of students (STU-01): drawn anew when they come in, kept encrypted under an id of their own. An
earlier photo stays, because an earlier version names it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import Id
from cpoms_core.documents.kept_picture import kept_picture
from cpoms_core.documents.pictures import NoPicture, drawn
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students.models import Student
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

SIDE = 480  # pixels of the longer side
LARGEST = 15 * 1024 * 1024  # bytes, as it comes in
LARGEST_KEPT = 2 * 1024 * 1024  # bytes, as it is kept: far more than such a picture needs
CHUNK = 256 * 1024  # bytes
PNG = b"\x89PNG"
FIELD = "file"


@contextmanager
def photo_taken_in(app: Application, viewer: Viewer, stream: BinaryIO | None) -> Iterator[uuid.UUID | None]:
    """Puts a photo into the storage before the transaction that will name it begins; if that one fails, it
    is forgotten again. Without a stream there is none. Raises Refused."""
    if stream is None:
        yield None
        return
    content = redrawn(stream)
    unstored = Refused("The photo could not be stored just now. Save without it, and tell support.", FIELD)
    with kept_picture(app, viewer, content, limit=LARGEST_KEPT, unstored=unstored) as photo_id:
        yield photo_id


def redrawn(stream: BinaryIO) -> bytes:
    """A photo as it is kept: small, without anything that the camera wrote beside it. Raises Refused."""
    try:
        content, _media_type = drawn(_chunks(stream), SIDE)
    except NoPicture:
        raise Refused(
            "This is no picture that can be shown. Choose a JPEG, PNG or WebP of at most 15 MB.", FIELD
        ) from None
    return content


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > LARGEST:
            raise Refused("The photo is larger than 15 MB. Choose a smaller one.", FIELD)
        yield chunk


@policy.for_rights
def _photo(sight: policy.Sight) -> Select[uuid.UUID | None, str | None]:
    return (
        select(Student.photo_id, School.file_key)
        .join(School, School.id == Student.school_id)
        .where(Student.id == bindparam("student", type_=Id), policy.student_records(sight))
    )


def photo_of(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> tuple[bytes, str]:
    """A student's photo and its media type, for who may open the record and has not hidden names (DSH-08).
    Raises NothingThere."""
    row = db.execute(_photo(viewer), policy.who(viewer, student=student_id)).first()
    if row is None or row.photo_id is None or viewer.names_hidden:
        raise NothingThere
    content = b"".join(db.app.storage.read(row.file_key or "", viewer.school_id, row.photo_id))
    return content, "image/png" if content.startswith(PNG) else "image/jpeg"
