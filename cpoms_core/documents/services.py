"""Taking files in and hanging them on records."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

import structlog
from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.documents.kinds import check_kind
from cpoms_core.documents.models import Document
from cpoms_core.documents.scanning import Infected, ScannerAway, scan
from cpoms_core.documents.storage import FilesAway, FileTooLarge
from cpoms_core.errors import Refused
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import next_numbers

log = structlog.get_logger()
MOST_FILES = 20


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


class FileRefused(Refused):
    """One of the files cannot be taken. `event` and `facts`: what the audit notes of it, if anything."""

    def __init__(self, message: str, event: str = "", **facts: Any) -> None:
        super().__init__(message, field="files")
        self.event = event
        self.facts = facts


@contextmanager
def taken_in(
    app: Application, viewer: Viewer, uploads: Sequence[Upload], *, needs: str = "files:attach"
) -> Iterator[list[Incoming]]:
    """Checks, scans and encrypts files into the storage before the transaction that will name them begins; if
    that one fails, they are forgotten again. A module names its own in a row of its own, and says so in
    `kept_files`. needs: the permission. Raises Refused with the name of the file that cannot be taken; then
    none is."""
    if uploads and not viewer.may(needs):
        raise FileRefused("You may not attach files. Leave them out.")
    if len(uploads) > MOST_FILES:
        raise FileRefused(f"Attach at most {MOST_FILES} files at once.")
    taken: list[Incoming] = []
    try:
        if uploads:
            wrapped = file_key(app, viewer.school_id)
            for upload in uploads:  # before any is stored
                _check_size(viewer, upload)
            for upload in uploads:
                taken.append(_take_in(app, viewer, wrapped, upload))
        yield taken
    except BaseException:
        forget(app, viewer.school_id, taken)
        raise


def forget(app: Application, school_id: int, documents: Iterable[Incoming]) -> None:
    """Removes files that nothing will name. Where the storage is away, the sweep finds them a day later."""
    for one in documents:
        with suppress(OSError):
            app.storage.remove(school_id, one.id)


def file_key(app: Application, school_id: int) -> str:
    """The wrapped key of a school's files."""
    with app.session(school_id, writes=False) as db:
        return db.scalars(select(School.file_key).where(School.id == school_id)).one() or ""


def _check_size(viewer: Viewer, upload: Upload) -> None:
    megabytes = int(viewer.school.setting("max_file_megabytes"))
    size = upload.stream.seek(0, 2)
    upload.stream.seek(0)
    if size > megabytes * 1024 * 1024:
        raise FileRefused(f"{safe_name(upload.name)} is larger than {megabytes} MB. Attach a smaller one.")


def _take_in(app: Application, viewer: Viewer, wrapped: str, upload: Upload) -> Incoming:
    name = safe_name(upload.name)
    allowed = viewer.school.setting("file_endings").split(", ")
    media_type = check_kind(name, upload.stream, allowed)
    _scan(app, name, upload.stream)
    megabytes = int(viewer.school.setting("max_file_megabytes"))
    document_id = new_id()
    try:
        stored = app.storage.write(
            wrapped, viewer.school_id, document_id, upload.stream, limit=megabytes * 1024 * 1024
        )
    except FileTooLarge:
        raise FileRefused(f"{name} is larger than {megabytes} MB. Attach a smaller one.") from None
    except FilesAway:
        raise FileRefused(
            f"{name} could not be stored: the place where files are kept does not answer. "
            "Submit without files, add them later, and tell support."
        ) from None
    except OSError:
        raise FileRefused(
            f"{name} could not be stored: the disk may be full. Submit without it, and tell support."
        ) from None
    return Incoming(document_id, name, media_type, stored.size, stored.sha256)


def _scan(app: Application, name: str, stream: BinaryIO) -> None:
    if not app.deployment.clamav:
        return
    try:
        scan(app.deployment.clamav, stream)
    except Infected as error:
        log.warning("an infected file was refused")
        raise FileRefused(
            f"{name} was refused: the virus scanner found something harmful in it. Do not open it, and tell "
            "whoever looks after your computers.",
            "document.infected",
            found=str(error)[:100],
        ) from None
    except ScannerAway as error:
        log.error("the virus scanner gave no verdict", error=str(error))
        raise FileRefused(
            f"{name} could not be checked for viruses, so it was not attached. Submit without files, add "
            "them later, and tell support."
        ) from None


def attach(
    db: SchoolSession,
    viewer: Viewer,
    documents: Sequence[Incoming],
    *,
    incident_id: uuid.UUID | None = None,
    action_id: uuid.UUID | None = None,
    student_id: uuid.UUID | None = None,
) -> None:
    """Hangs stored files on an incident, on one of its actions, or straight in a student's vault."""
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
                student_id=student_id,
                name=document.name,
                media_type=document.media_type,
                size=document.size,
                sha256=document.sha256,
                added_by=viewer.acting_user,
                added_at=viewer.now(),
            )
        )
    db.flush()
