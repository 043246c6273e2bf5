"""Reads a delivery through a module's source, guarded: a module that raises refuses its file and no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import BinaryIO

import structlog
from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.errors import Refused
from cpoms_core.imports.checks import check_extract
from cpoms_core.imports.compare import COUNTER
from cpoms_core.imports.own_captions import own_captions
from cpoms_core.imports.records import Extract, MisSource, Problem
from cpoms_core.logs import place_of
from cpoms_core.tenancy.models import Counter, School

log = structlog.get_logger()
MEGABYTE = 1024 * 1024
LONGEST_NAME = 255


def sources_on(app: Application, viewer: Viewer) -> list[MisSource]:
    """The sources of the modules that are on for the viewer's school, in the order of their titles."""
    on = [source for module, source in app.mis_sources.values() if module in viewer.modules]
    return sorted(on, key=lambda source: source.title)


def source_named(app: Application, viewer: Viewer, name: str) -> MisSource:
    """One of those. Raises Refused where its module is off, or there is none of that name."""
    for source in sources_on(app, viewer):
        if source.name == name:
            return source
    raise Refused("The module that reads these files is not switched on for this school.", field="source")


def plain_name(file_name: str) -> str:
    """A file's name as it may be kept and shown: no folders, nothing that does not print."""
    name = PureWindowsPath(file_name.strip()).name
    return "".join(sign if sign.isprintable() else "?" for sign in name)[-LONGEST_NAME:]


def refuse_at_sight(source: MisSource, file_name: str, file: BinaryIO) -> None:
    """Refuses a file that need not be opened to know that it is none of the source's. Raises Refused."""
    if not file_name:
        raise Refused("Choose a file.", field="file")
    if not file_name.lower().endswith(source.accepts):
        raise Refused(
            f"This is not a file that {source.title} hands over. Choose one whose name ends in "
            f"{' or '.join(source.accepts)}.",
            field="file",
        )
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise Refused("The file is empty. Make the export again and choose the new file.", field="file")
    if size > source.max_bytes:
        raise Refused(
            f"The file is larger than {source.max_bytes // MEGABYTE} MB, the most that {source.title} files "
            "may have. Split it and upload the parts.",
            field="file",
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """What a file of a source is read by, and the school's number of imports and captions before it was."""

    version: int
    captions: dict[str, tuple[str, ...]]
    file_key: str


def ground_of(app: Application, viewer: Viewer, source: MisSource) -> Ground:
    """What a file is read by now."""
    with app.session(viewer.school_id, writes=False) as db:
        # the number first: what is read after it can only be newer, and then the number has risen, too
        version = db.scalar(select(Counter.value).where(Counter.name == COUNTER)) or 0
        file_key = db.scalar(select(School.file_key).where(School.id == viewer.school_id))
        return Ground(version, own_captions(db, source), file_key or "")


def read_delivery(
    source: MisSource, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]
) -> Extract:
    """What the file holds, checked by the core too. With an error there is nothing in it but problems."""
    try:
        extract = source.read(file, file_name, captions)
    except Exception as error:  # a module's fault must never become the core's
        reference = new_id().hex[-12:]
        log.error(
            "a MIS source failed",
            source=source.name,
            reference=reference,
            error=type(error).__name__,  # its text may hold what the file says
            at=place_of(error),
        )
        message = (
            f"The file could not be read because of a mistake in the module {source.title}. Tell support"
        )
        return Extract(problems=[Problem(f"{message} the reference {reference}.")])
    if not extract.refused:
        extract.problems.extend(check_extract(extract))
    return Extract(problems=extract.problems) if extract.refused else extract
