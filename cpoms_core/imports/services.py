"""Importing: look at a file, then apply it or drop it (ADM-06, MIS-02, MIS-03).

Reading and comparing happen before the write lock is taken; each function makes its own short transactions,
so it takes the application and not a session.
"""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from contextlib import suppress
from typing import Any, BinaryIO, cast

from sqlalchemy import select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.documents.storage import CHUNK, FileDamaged
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.imports.apply import ImportedMeanwhile, note_new_classes, take_turn, write
from cpoms_core.imports.changes import Changes
from cpoms_core.imports.compare import COUNTER, compare
from cpoms_core.imports.leavers import deactivate_leavers
from cpoms_core.imports.models import ImportRun
from cpoms_core.imports.outcome import Outcome, judge, plain_problems
from cpoms_core.imports.reading import (
    ground_of,
    plain_name,
    read_delivery,
    refuse_at_sight,
    source_named,
)
from cpoms_core.imports.records import Extract, MisSource
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.tenancy.models import Counter
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.settings import read_settings

IN_MEMORY = 4 * 1024 * 1024  # bytes of a file that are held in memory; more goes to a file without a name
MEANWHILE = (
    "Somebody imported other data or changed the captions meanwhile, so nothing was changed and the preview"
    " was made again. Look at it and apply it then."
)
NOT_WAITING = "This import was applied or dropped already. Nothing was changed."
DAMAGED = "The stored file cannot be read any more. Nothing was changed; upload the file again."


def preview(app: Application, viewer: Viewer, source_name: str, file_name: str, file: BinaryIO) -> uuid.UUID:
    """Reads a file of a source and notes what it would change; an older preview that waits is dropped.

    file: seekable. Answers the run's id; its state says whether it waits to be applied (`previewed`) or was
    `refused`, with what is wrong and where. Raises Refused for a file that is none of the source's at first
    sight, and NothingThere for those who may not import.
    """
    _refuse_others(viewer)
    source, name = source_named(app, viewer, source_name), plain_name(file_name)
    refuse_at_sight(source, name, file)
    ground = ground_of(app, viewer, source)
    started, run_id = viewer.now(), new_id()
    extract = read_delivery(source, file, name, ground.captions)
    outcome = _look(app, viewer, source, extract, ground.version)[1]
    run = ImportRun(
        school_id=viewer.school_id, id=run_id, source=source.name, file_name=name,
        sha256=_digest(file), state=outcome.state,
        started_by=viewer.user_id, started_at=started, counts=outcome.counts, problems=outcome.problems,
        finished_at=None if outcome.waits else viewer.now(),
    )  # fmt: skip
    if outcome.waits:
        file.seek(0)
        app.storage.write(ground.file_key, viewer.school_id, run_id, file, limit=source.max_bytes)
    try:
        older = _note(app, viewer, run)
    except BaseException:
        _forget_file(app, viewer, run_id)
        raise
    for old in older:
        _forget_file(app, viewer, old)
    return run_id


def apply(app: Application, viewer: Viewer, run_id: uuid.UUID) -> None:
    """Applies a preview that waits: all of it in one transaction, or nothing.

    Raises Refused where it waits no more, where something else was imported meanwhile (the preview is then
    made again), where it would archive too many by now, and where its file is damaged.
    """
    _refuse_others(viewer)
    run = _waiting(app, viewer, run_id)
    source = source_named(app, viewer, run.source)
    extract, version = _read_again(app, viewer, run, source)
    now = viewer.now()
    changes, outcome = _look(app, viewer, source, extract, version)
    if changes is None or not outcome.waits:
        _end(
            app, viewer, run_id, "refused", "import.refused", counts=outcome.counts, problems=outcome.problems
        )
        raise Refused(outcome.first_error)
    if changes.version != run.counts.get("version"):
        _renew(app, viewer, run_id, outcome)
        raise Refused(MEANWHILE)
    try:
        with app.transaction(viewer.school_id) as db:
            take_turn(db, changes.version)
            _turn(db, run_id, "applied", finished_at=now, counts=outcome.counts)
            write(db, changes, now)
            note_new_classes(db, changes, now)
            _write_down(db, viewer, run_id, changes)
            if run.started_by is None:  # an automatic import, and not a file that somebody uploaded
                _turn_leavers(db, viewer, run, extract)
            _tell_modules(db, viewer, run_id)
    except ImportedMeanwhile:
        run = _waiting(app, viewer, run_id)
        extract, version = _read_again(app, viewer, run, source)
        _renew(app, viewer, run_id, _look(app, viewer, source, extract, version)[1])
        raise Refused(MEANWHILE) from None
    _forget_file(app, viewer, run_id)


def drop(app: Application, viewer: Viewer, run_id: uuid.UUID) -> None:
    """Drops a preview that waits; its file is removed. Raises Refused where it waits no more."""
    _refuse_others(viewer)
    _waiting(app, viewer, run_id)
    _end(app, viewer, run_id, "dropped", "import.dropped")


def _refuse_others(viewer: Viewer) -> None:
    """For administrators, and the system itself (the worker, an operator's command). Raises NothingThere."""
    if viewer.user_id is not None and not viewer.may("admin"):
        raise NothingThere


def _look(
    app: Application, viewer: Viewer, source: MisSource, extract: Extract, version: int
) -> tuple[Changes | None, Outcome]:
    """Compares a delivery with the school as it is now, without the write lock. version: from before the file
    was read, which may have been long ago and under other captions."""
    with app.session(viewer.school_id, writes=False) as db:
        changes = None if extract.refused else compare(db, source.name, extract, viewer.now())
        if changes is not None:
            changes.version = version
        guard = int(read_settings(db)["import_archive_guard"])
    return changes, judge(extract.problems, changes, guard)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _note(app: Application, viewer: Viewer, run: ImportRun) -> list[uuid.UUID]:
    """Writes the run down; answers the older previews that it replaced."""
    older: list[uuid.UUID] = []
    with app.transaction(viewer.school_id) as db:
        if run.state == "previewed":
            # two at the same moment: the second waits here and then sees the first
            db.execute(select(Counter.value).where(Counter.name == COUNTER).with_for_update())
            older = list(db.scalars(select(ImportRun.id).where(ImportRun.state == "previewed")))
            for old in older:
                _turn(db, old, "dropped", finished_at=viewer.now())
                audit.record(db, viewer, "import.dropped", [old])
        db.add(run)
        audit.record(db, viewer, f"import.{run.state}", [run.id], source=run.source, sha256=run.sha256)
    return older


def _waiting(app: Application, viewer: Viewer, run_id: uuid.UUID) -> ImportRun:
    with app.session(viewer.school_id, writes=False) as db:
        run = db.get(ImportRun, (viewer.school_id, run_id))
    if run is None:
        raise NothingThere
    if run.state != "previewed":
        raise Refused(NOT_WAITING)
    return run


def _read_again(app: Application, viewer: Viewer, run: ImportRun, source: MisSource) -> tuple[Extract, int]:
    """Reads the stored file; and the number of imports and captions from before. Raises Refused where it is
    damaged."""
    ground = ground_of(app, viewer, source)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            for chunk in app.storage.read(ground.file_key, viewer.school_id, run.id):
                file.write(chunk)
        except FileDamaged:
            _end(
                app,
                viewer,
                run.id,
                "failed",
                "import.refused",
                problems=[{"message": DAMAGED, "error": True}],
            )
            raise Refused(DAMAGED) from None
        file.seek(0)
        return read_delivery(source, cast(BinaryIO, file), run.file_name, ground.captions), ground.version


def _turn(db: SchoolSession, run_id: uuid.UUID, state: str, **values: Any) -> None:
    """Takes a run out of waiting; of two at the same moment one wins. Raises Refused for the other."""
    turned = db.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state == "previewed")
        .values(state=state, **values)
        .execution_options(synchronize_session=False)
    )
    if turned.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(NOT_WAITING)


def _end(app: Application, viewer: Viewer, run_id: uuid.UUID, state: str, event: str, **values: Any) -> None:
    """Ends a run that changed nothing, and removes its file."""
    with app.transaction(viewer.school_id) as db:
        _turn(db, run_id, state, finished_at=viewer.now(), **values)
        audit.record(db, viewer, event, [run_id])
    _forget_file(app, viewer, run_id)


def _forget_file(app: Application, viewer: Viewer, run_id: uuid.UUID) -> None:
    """Removes the file of a run that is over. The run is committed: that the place of the files is away must
    not look as if it were not."""
    with suppress(OSError):  # the sweep finds it a day later
        app.storage.remove(viewer.school_id, run_id)


def _renew(app: Application, viewer: Viewer, run_id: uuid.UUID, outcome: Outcome) -> None:
    """Keeps what the file would change by now; the guard may refuse it by now, too."""
    if not outcome.waits:
        kept = {"counts": outcome.counts, "problems": outcome.problems}
        _end(app, viewer, run_id, "refused", "import.refused", **kept)
        return
    with app.transaction(viewer.school_id) as db:
        _turn(db, run_id, "previewed", counts=outcome.counts, problems=outcome.problems)


def _write_down(db: SchoolSession, viewer: Viewer, run_id: uuid.UUID, changes: Changes) -> None:
    """The audit finds the import by every student whose own record it changed."""
    students = changes.students
    touched = [row["id"] for row in students.new + students.changed] + students.archived + students.restored
    subjects = [run_id, *dict.fromkeys(touched)]
    audit.record(db, viewer, "import.applied", subjects, **changes.counts())


def _turn_leavers(db: SchoolSession, viewer: Viewer, run: ImportRun, extract: Extract) -> None:
    """Deactivates the accounts of staff who left the extract, and notes it with the run (USR-10)."""
    leavers = deactivate_leavers(db, viewer, run.id, run.source, extract)
    stored = db.get_one(ImportRun, (db.school_id, run.id), populate_existing=True)
    stored.counts = {**stored.counts, "deactivated_users": len(leavers.deactivated)}
    stored.problems = [*stored.problems, *plain_problems(leavers.problems)]


def _tell_modules(db: SchoolSession, viewer: Viewer, run_id: uuid.UUID) -> None:
    db.app.hooks.effect("students_imported", db, viewer, keep_for_retry(db, viewer), run_id=run_id)
