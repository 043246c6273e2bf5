"""Taking in a logo of the school, and taking it away (ADM-02)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.documents.answers import StoredFile
from cpoms_core.documents.kept_picture import kept_picture
from cpoms_core.documents.logo import SETTING, kind_of
from cpoms_core.documents.pictures import NoPicture, drawn
from cpoms_core.documents.services import file_key
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.scope import SchoolSession

LONGEST = 900  # pixels of the longer side: sharp in print at the height of a heading
LARGEST = 5 * 1024 * 1024  # bytes, as it comes in
LARGEST_KEPT = 4 * 1024 * 1024  # bytes
FIELD = "file"
_TOO_LARGE = f"Choose a picture of at most {LARGEST // 1024 // 1024} MB."


@contextmanager
def logo_taken_in(app: Application, viewer: Viewer, stream: BinaryIO) -> Iterator[uuid.UUID]:
    """Draws a logo anew and puts it into the storage before the transaction that will name it begins; if that
    one fails, it is forgotten again. Raises Refused."""
    content = redrawn(stream)
    unstored = Refused("The logo could not be stored just now. Try again, and tell support.", FIELD)
    with kept_picture(app, viewer, content, limit=LARGEST_KEPT, unstored=unstored) as logo_id:
        yield logo_id


@contextmanager
def logo_from_file(app: Application, viewer: Viewer, file: StoredFile) -> Iterator[uuid.UUID]:
    """As `logo_taken_in`, from a file that is stored already, such as a module's; its own stays as it is.
    Whether the viewer may see it was asked for before. Raises Refused, FileDamaged and FilesAway."""
    if file.size > LARGEST:
        raise Refused(_TOO_LARGE, FIELD)
    key = file_key(app, file.school_id)
    content = b"".join(app.storage.read(key, file.school_id, file.id))
    with logo_taken_in(app, viewer, io.BytesIO(content)) as logo_id:
        yield logo_id


def redrawn(stream: BinaryIO) -> bytes:
    """A JPEG or PNG picture drawn anew, small, without what else came along in its file. Raises Refused."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Refused(_TOO_LARGE, FIELD)
    try:
        if not kind_of(content):
            raise NoPicture
        return drawn(iter([content]), LONGEST)[0]
    except NoPicture:
        raise Refused("This is no picture that can be used. Choose a JPEG or PNG file.", FIELD) from None


def change_logo(db: SchoolSession, viewer: Viewer, stored: uuid.UUID | None) -> None:
    """Says which stored picture is the logo, or that there is none. The one before has no name from now on,
    and is swept. Raises NothingThere."""
    if not viewer.may("admin"):
        raise NothingThere
    row = db.get(Setting, (db.school_id, SETTING))
    if row is None:
        if stored is None:
            return
        db.add(Setting(school_id=db.school_id, name=SETTING, value=str(stored)))
    else:
        row.value = str(stored) if stored else None
    audit.record(db, viewer, "logo.changed" if stored else "logo.removed")
