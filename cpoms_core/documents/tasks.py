"""Removing stored files that no row names: those of a submission that turned out to be a repeat, and those
whose transaction failed while nobody was left to forget them.

Nothing that is removed here comes back. So a file must be a day old, which no upload in progress is; and
where many files have no row, it is rather the rows that are missing (a backup was restored, the folder is
another deployment's), and none is removed until a person says so.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import Select, select

from cpoms_core.access.identity import system_viewer
from cpoms_core.application import Application
from cpoms_core.documents.logo import SETTING as LOGO
from cpoms_core.documents.models import Document, PreparedFile
from cpoms_core.imports.models import ImportRun
from cpoms_core.logs import place_of
from cpoms_core.students.models import Student, StudentVersion
from cpoms_core.tenancy.models import ModuleSwitch, Setting
from cpoms_core.tenancy.scope import SchoolSession

log = structlog.get_logger()
AGE = dt.timedelta(hours=24)
BATCH = 500  # files compared with the rows at once
FEW = 5  # files without a row are not many yet,
SHARE = 100  # and neither is one in so many
MOST_REMOVED = 5_000  # at one school at once; the rest is found again


@dataclass(slots=True)
class Swept:
    """Counts of one school's files that are older than AGE. `unfinished`: parts of files whose writing was
    interrupted, all removed. `gone`: modules that the school had and that are no longer installed, so that
    nobody can say which files are theirs."""

    looked_at: int = 0
    unnamed: int = 0
    removed: int = 0
    unfinished: int = 0
    gone: tuple[str, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether it is rather the rows that are missing: so many have none, or who knows them is gone."""
        return bool(self.gone) or self.unnamed > max(FEW, self.looked_at // SHARE)


def sweep_files(
    app: Application, school_id: int, now: dt.datetime, *, even_many: bool = False
) -> Iterator[Swept]:
    """Removes the files of a school that no row names. It is done in steps, one for each value that it
    yields, always the same counts, so that the caller can see to other things in between.

    now: UTC. even_many: also where `Swept.doubtful` says that something else is wrong.
    """
    swept, unnamed = Swept(gone=_modules_gone(app, school_id)), list[uuid.UUID]()
    before = now - AGE
    stored = app.storage.written_before(school_id, before)
    while batch := list(islice(stored, BATCH)):
        with app.session(school_id, writes=False) as db:
            named = _named(db, batch, now) | _named_by_modules(app, db, batch)
        found = [one for one in batch if one not in named]
        swept.looked_at += len(batch)
        swept.unnamed += len(found)
        unnamed += found[: MOST_REMOVED - len(unnamed)]
        yield swept
    if even_many or not swept.doubtful:
        for one in unnamed:
            app.storage.remove(school_id, one)
            swept.removed += 1
    swept.unfinished = app.storage.remove_unfinished(school_id, before)
    _tell(school_id, swept)
    yield swept


def _named(db: SchoolSession, ids: Collection[uuid.UUID], now: dt.datetime) -> set[uuid.UUID]:
    """Those of the ids that something names: a document whose bytes were not removed for good, an import that
    waits (its file is stored under its own id), a file that was prepared for somebody and may still be
    fetched, a student's photo, the school's logo."""
    naming: tuple[Select[Any], ...] = (
        select(Document.id).where(Document.id.in_(ids), Document.destroyed_at.is_(None)),
        select(ImportRun.id).where(ImportRun.id.in_(ids), ImportRun.state == "previewed"),
        select(PreparedFile.id).where(PreparedFile.id.in_(ids), PreparedFile.expires_at > now),
        select(Student.photo_id).where(Student.photo_id.in_(ids)),
    )
    photo = StudentVersion.content["photo"].as_string()
    logo = db.scalar(select(Setting.value).where(Setting.name == LOGO))
    earlier = select(photo).where(photo.in_([str(one) for one in ids]))  # versions need theirs
    return {one for statement in naming for one in db.scalars(statement)} | {
        uuid.UUID(one) for one in (*db.scalars(earlier), *([logo] if logo else []))
    }


def _named_by_modules(app: Application, db: SchoolSession, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the ids that a row of a module names, on or off; all of them where one cannot say."""
    if not app.hooks.implementers("kept_files"):
        return set()
    try:
        answers = app.hooks.always("kept_files", db, system_viewer(db), file_ids=list(ids))
        kept = {one for answer in answers.values() for one in answer}
        if not all(isinstance(one, uuid.UUID) for one in kept):
            raise TypeError("kept_files answers with ids")
    except Exception as error:  # whatever it was: what nobody can say is kept
        log.error(
            "a module cannot say which files are its own: none is removed",
            school=db.school_id,
            error=type(error).__name__,
            at=place_of(error),
        )
        return set(ids)
    return kept


def _modules_gone(app: Application, school_id: int) -> tuple[str, ...]:
    with app.session(school_id, writes=False) as db:
        return tuple(name for name in db.scalars(_SWITCHED) if name not in app.modules)


_SWITCHED = select(ModuleSwitch.module).order_by(ModuleSwitch.module)


def _tell(school_id: int, swept: Swept) -> None:
    counts: dict[str, Any] = {"school": school_id, "looked_at": swept.looked_at, "unnamed": swept.unnamed}
    if swept.gone:
        counts["modules_gone"] = ", ".join(swept.gone)
    if swept.unnamed > swept.removed:
        log.error("stored files without a row were left: see the handbook", removed=swept.removed, **counts)
    elif swept.removed or swept.unfinished:
        log.info("removed stored files", removed=swept.removed, unfinished=swept.unfinished, **counts)
