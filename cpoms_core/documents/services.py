"""Taking files in and hanging them on records."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import magic
from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.documents.storage import FileTooLarge
from cpoms_core.errors import Refused
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import next_numbers

SNIFFED = 8192  # bytes
MOST_FILES = 20
RUNNABLE = frozenset(
    [
        "exe",
        "com",
        "bat",
        "cmd",
        "scr",
        "msi",
        "msp",
        "dll",
        "cpl",
        "ps1",
        "vbs",
        "vbe",
        "js",
        "jse",
        "wsf",
        "wsh",
        "hta",
        "jar",
        "lnk",
        "reg",
        "svg",
        "svgz",
        "swf",
        "app",
        "sh",
    ]
)
"""Kinds of file that do things when opened. They are refused by name and by content."""
RUNNABLE_TYPES = (
    "application/x-dosexec",
    "application/x-executable",
    "application/x-sharedlib",
    "application/x-pie-executable",
    "image/svg+xml",
    "text/x-shellscript",
    "application/java-archive",
    "application/x-ms-shortcut",
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in: its name and a stream of its bytes."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that is in the storage and waits for the record that it hangs on."""

    id: uuid.UUID
    name: str
    media_type: str
    size: int
    sha256: str


def safe_name(name: str) -> str:
    """A file's own name without folders, control characters and tricks of direction; at most 200
    characters, the ending kept."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    name = re.sub(r"\s+", " ", name).strip(" .") or "file"
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else name[:200]


@contextmanager
def taken_in(app: Application, viewer: Viewer, uploads: Sequence[Upload]) -> Iterator[list[Incoming]]:
    """Checks and encrypts files into the storage before the transaction that will name them begins; if that
    one fails, they are forgotten again. Raises Refused with the name of the file that cannot be taken."""
    if len(uploads) > MOST_FILES:
        raise Refused(f"Attach at most {MOST_FILES} files at once.", field="files")
    taken: list[Incoming] = []
    try:
        if uploads:
            with app.session(viewer.school_id, writes=False) as db:
                wrapped = db.scalars(select(School.file_key).where(School.id == viewer.school_id)).one()
            for upload in uploads:
                taken.append(_take_in(app, viewer, wrapped or "", upload))
        yield taken
    except BaseException:
        for one in taken:
            app.storage.remove(viewer.school_id, one.id)
        raise


def _take_in(app: Application, viewer: Viewer, wrapped: str, upload: Upload) -> Incoming:
    name = safe_name(upload.name)
    media_type = _checked_type(name, upload.stream)
    megabytes = int(viewer.school.setting("max_file_megabytes"))
    document_id = new_id()
    try:
        stored = app.storage.write(
            wrapped, viewer.school_id, document_id, upload.stream, limit=megabytes * 1024 * 1024
        )
    except FileTooLarge:
        raise Refused(f"{name} is larger than {megabytes} MB. Attach a smaller one.", field="files") from None
    except OSError:
        raise Refused(
            f"{name} could not be stored: the disk may be full. Submit without it, and tell support.",
            field="files",
        ) from None
    return Incoming(document_id, name, media_type, stored.size, stored.sha256)


def _checked_type(name: str, stream: BinaryIO) -> str:
    """The media type by the file's content. Raises Refused for what is empty or does things when opened."""
    start = stream.read(SNIFFED)
    stream.seek(0)
    if not start:
        raise Refused(f"{name} is empty. Choose another file.", field="files")
    media_type = magic.from_buffer(start, mime=True)
    ending = name.rpartition(".")[2].lower()
    if ending in RUNNABLE or media_type in RUNNABLE_TYPES:
        raise Refused(f"{name} is a kind of file that cannot be attached, because it can run.", field="files")
    return str(media_type)


def attach(
    db: SchoolSession,
    viewer: Viewer,
    documents: Sequence[Incoming],
    *,
    incident_id: uuid.UUID,
    action_id: uuid.UUID | None = None,
) -> None:
    """Hangs stored files on an incident, or on one of its actions."""
    if not documents:
        return
    for number, document in zip(next_numbers(db, "document", len(documents)), documents, strict=True):
        db.add(
            Document(
                school_id=viewer.school_id,
                id=document.id,
                number=number,
                incident_id=incident_id,
                action_id=action_id,
                name=document.name,
                media_type=document.media_type,
                size=document.size,
                sha256=document.sha256,
                added_by=viewer.acting_user,
                added_at=viewer.now(),
            )
        )
    db.flush()
