"""The school's logo: one small picture, drawn anew by us, encrypted in the storage. Which one it is stands
among the school's settings, and is read with them (`SchoolFacts.logo`)."""

from __future__ import annotations

import structlog
from sqlalchemy import select

from cpoms_core.access.viewer import SchoolFacts
from cpoms_core.documents.storage import FileDamaged, FilesAway
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

log = structlog.get_logger()
SETTING = "logo"
STARTS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def logo_of(db: SchoolSession, school: SchoolFacts) -> tuple[bytes, str]:
    """The school's logo with its media type; empty where there is none. One that cannot be read costs a page
    its logo and no more."""
    if school.logo is None:
        return b"", ""
    wrapped = db.scalars(select(School.file_key).where(School.id == school.id)).one()
    try:
        content = b"".join(db.app.storage.read(wrapped or "", school.id, school.logo))
    except (FileDamaged, FilesAway):
        log.error("the school's logo cannot be read", school=school.id)
        return b"", ""
    return content, kind_of(content)


def kind_of(content: bytes) -> str:
    """The media type of a picture that can be a logo, by how it begins; otherwise an empty text."""
    return next((kind for start, kind in STARTS.items() if content.startswith(start)), "")
