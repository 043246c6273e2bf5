"""Stored files that no row names are removed, and nothing else ever is (INC-06, never lost)."""

from __future__ import annotations

import datetime as dt
import io
import os
import threading
import uuid
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.cli import main
from cpoms_core.database.types import new_id
from cpoms_core.documents import tasks
from cpoms_core.documents.models import Document, PreparedFile
from cpoms_core.documents.tasks import Swept, sweep_files
from cpoms_core.imports.models import ImportRun
from cpoms_core.outbox import poller as poller_module
from cpoms_core.outbox.poller import Poller
from cpoms_core.students.models import Student
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.services import next_number
from cpoms_core.testing.schools import SchoolForTests

DAY = 24 * 3600.0
WANTED = {"of": {"student": 7}}


def age(path: Path, seconds: float) -> None:
    written = utc_now().timestamp() - seconds
    os.utime(path, (written, written))


def store(school: SchoolForTests, *, seconds: float = DAY + 60) -> uuid.UUID:
    """A file in the storage, last written so long ago."""
    with school.app.session(school.id, writes=False) as db:
        key = db.scalars(select(School.file_key).where(School.id == school.id)).one()
    made = new_id()
    school.app.storage.write(key or "", school.id, made, io.BytesIO(b"text"), limit=10)
    age(school.app.storage.place.path(school.id, made), seconds)
    return made


def document(school: SchoolForTests, *, removed: bool = False) -> uuid.UUID:
    made = store(school)
    now = utc_now()
    with school.app.transaction(school.id) as db:
        db.add(
            Document(
                school_id=school.id, id=made, number=next_number(db, "document"),
                student_id=school.students["aoife"], name="a", media_type="",
                size=4, sha256="", added_by=school.users["lead"], added_at=now,
                removed_at=now if removed else None,
            )
        )  # fmt: skip
    return made


def import_run(school: SchoolForTests, state: str) -> uuid.UUID:
    made = store(school)
    with school.app.transaction(school.id) as db:
        db.add(ImportRun(school_id=school.id, id=made, source="sims", state=state, started_at=utc_now()))
    return made


def stored(school: SchoolForTests) -> set[str]:
    folder = school.app.deployment.folder / "files" / str(school.id)
    return {path.name for path in folder.rglob("*") if path.is_file()}


def swept(school: SchoolForTests, *, even_many: bool = False) -> Swept:
    *_, last = sweep_files(school.app, school.id, utc_now(), even_many=even_many)
    return last


def test_only_what_nothing_names_goes(school: SchoolForTests, other_school: SchoolForTests) -> None:
    """INC-06: kept are files of documents, removed ones too, those of imports that wait, and other schools';
    gone are those without a row and those of imports that are over."""
    kept = [document(school), document(school, removed=True), import_run(school, "previewed")]
    gone = [store(school), import_run(school, "applied")]
    others = store(other_school)
    assert swept(school) == Swept(looked_at=5, unnamed=2, removed=2)
    assert stored(school) == {one.hex for one in kept}
    assert not {one.hex for one in gone} & stored(school)
    assert stored(other_school) == {others.hex}


def prepared(school: SchoolForTests, *, hours: int) -> uuid.UUID:
    made = store(school)
    now = utc_now()
    with school.app.transaction(school.id) as db:
        db.add(
            PreparedFile(
                school_id=school.id, id=made, asked_by=school.users["lead"], kind="zip", wanted=WANTED,
                asked_at=now, state="ready", expires_at=now + dt.timedelta(hours=hours),
            )
        )  # fmt: skip
    return made


def test_what_else_names_a_file(school: SchoolForTests) -> None:
    """STU-01, STU-07, EDT-10: a photo and a prepared file that may still be fetched are kept; gone are one
    that expired and a document that was removed for good."""
    photo, ready = store(school), prepared(school, hours=1)
    with school.app.transaction(school.id) as db:
        db.get_one(Student, (school.id, school.students["aoife"])).photo_id = photo
    destroyed = document(school, removed=True)
    with school.app.transaction(school.id) as db:
        db.get_one(Document, (school.id, destroyed)).destroyed_at = utc_now()
    prepared(school, hours=-1)
    assert swept(school) == Swept(looked_at=4, unnamed=2, removed=2)
    assert stored(school) == {photo.hex, ready.hex}


@pytest.mark.parametrize(("seconds", "left"), [(DAY - 60, 1), (0, 1), (DAY + 60, 0)])
def test_an_upload_in_progress_stays(school: SchoolForTests, seconds: float, left: int) -> None:
    """INC-06, never lost: nothing that is younger than a day, whether finished or being written."""
    made = store(school, seconds=seconds)
    part = school.app.storage.place.path(school.id, made).with_suffix(".part")
    part.write_bytes(b"half")
    age(part, seconds)
    counts = swept(school)
    assert (counts.removed, counts.unfinished) == (1 - left, 1 - left)
    assert stored(school) == ({made.hex, part.name} if left else set())


def test_the_files_of_a_repeated_submission_go(school: SchoolForTests) -> None:
    """INC-06, INC-09: a process that dies between storing and recording leaves one; the next day it goes."""
    from cpoms_core.documents.services import Upload, taken_in

    with taken_in(school.app, school.viewer("teacher"), [Upload("a.txt", io.BytesIO(b"one"))]) as taken:
        pass  # nothing names it
    path = school.app.storage.place.path(school.id, taken[0].id)
    assert swept(school).looked_at == 0 and path.exists()
    age(path, DAY + 60)
    swept(school)
    assert not path.exists()


def test_it_goes_in_small_steps(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """INC-06: never all ids at once: a batch for each step, and each with the rows of its own."""
    monkeypatch.setattr(tasks, "BATCH", 3)
    asked: list[int] = []
    real = tasks._named

    def named(db: object, ids: list[uuid.UUID], now: object) -> set[uuid.UUID]:
        asked.append(len(ids))
        return real(db, ids, now)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "_named", named)
    kept = {document(school).hex for _ in range(5)}
    for _ in range(3):
        store(school)
    steps = list(sweep_files(school.app, school.id, utc_now()))
    assert (len(steps), asked) == (4, [3, 3, 2])
    assert stored(school) == kept


def test_where_many_have_no_row_none_goes(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never lost: an older database under newer files; a person who has looked may do it."""
    monkeypatch.setattr(tasks, "FEW", 2)
    document(school)
    several = [store(school) for _ in range(3)]
    with structlog.testing.capture_logs() as logs:
        assert swept(school) == Swept(looked_at=4, unnamed=3, removed=0)
    (line,) = logs
    assert (line["log_level"], line["unnamed"], line["removed"]) == ("error", 3, 0)
    assert not any(one.hex in str(line) or str(one) in str(line) for one in several), "counts only"
    assert swept(school, even_many=True).removed == 3
    assert len(stored(school)) == 1


def test_how_many_are_many() -> None:
    """Never lost: five, or one in a hundred, as docs/operating.md says."""
    assert not Swept(looked_at=1000, unnamed=10).doubtful
    assert Swept(looked_at=1000, unnamed=11).doubtful
    assert not Swept(looked_at=5, unnamed=5).doubtful
    assert Swept(looked_at=10, unnamed=6).doubtful


def test_the_worker_sweeps_and_is_not_held_up(
    app: Application,
    school: SchoolForTests,
    other_school: SchoolForTests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """INC-06, INC-09: every school in its turn, batch by batch; one school's trouble is not the others'."""
    monkeypatch.setattr(poller_module, "schools", lambda _app: [(school.id, "a"), (other_school.id, "b")])
    monkeypatch.setattr(tasks, "BATCH", 1)
    for one in (school, school, other_school):
        store(one)
    (school.app.deployment.folder / "files" / str(school.id) / "notes.txt").write_text("not ours")
    poller = Poller(app, most=1)
    turns = 1
    while poller.sweep_files():
        turns += 1
    assert turns == 6, "two batches and an end, one and an end, and the end of all"
    assert stored(school) == {"notes.txt"} and stored(other_school) == set()

    def fail(_app: Application, school_id: int, *_rest: object) -> list[Swept]:
        if school_id == school.id:
            raise OSError
        return [Swept()]

    monkeypatch.setattr(poller_module, "sweep_files", fail)
    assert poller.sweep_files() and not poller.sweep_files()


def test_the_worker_forgets_prepared_files_that_expired(
    app: Application,
    school: SchoolForTests,
    other_school: SchoolForTests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """STU-07, EDT-07: at every school, and before their bytes are a day old, as a sweep alone would not."""
    monkeypatch.setattr(poller_module, "schools", lambda _app: [(school.id, "a"), (other_school.id, "b")])
    gone, ready, others = (
        prepared(school, hours=-1),
        prepared(school, hours=1),
        prepared(other_school, hours=-1),
    )
    for one, of in ((gone, school), (ready, school), (others, other_school)):
        age(app.storage.place.path(of.id, one), 60)
    poller = Poller(app, most=1)
    while poller.sweep_files():
        pass
    assert stored(school) == {ready.hex} and stored(other_school) == set()
    with app.session(school.id, writes=False) as db:
        rows = db.execute(select(PreparedFile.id, PreparedFile.state, PreparedFile.wanted))
        states = {row.id: (row.state, row.wanted) for row in rows}
    assert states == {gone: ("expired", {}), ready: ("ready", WANTED)}


def test_the_worker_has_it_among_its_duties(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """INC-06: at its start, and again after hours."""
    poller = Poller(app, most=1)
    done = threading.Event()

    def sweep(_self: Poller) -> bool:
        done.set()
        return False

    monkeypatch.setattr(Poller, "sweep_files", sweep)
    looking = threading.Thread(target=poller.run, args=(lambda _claim: None,))
    looking.start()
    try:
        assert done.wait(60)
    finally:
        poller.stop()
        looking.join(60)
    assert poller_module.SWEEP_FILES_EVERY > 3600


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    """INC-06: counts for each school; a wrong database is not a matter of course."""
    from cpoms_core.deployment import load
    from cpoms_core.tenancy.services import create_school

    config = tmp_path / "deployment.toml"
    config.write_text('folder = "data"\n')
    assert CliRunner().invoke(main, ["--config", str(config), "migrate"]).exit_code == 0
    app = Application(load(config))
    school_id = create_school(app, "hillside", "Hillside", now=utc_now())
    folder = app.deployment.folder / "files" / str(school_id) / "00"
    folder.mkdir(parents=True)
    for number in range(tasks.FEW + 1):
        path = folder / f"{number:030x}00"
        path.touch()
        age(path, 2 * DAY)
    app.engines.dispose()
    said = CliRunner().invoke(main, ["--config", str(config), "documents", "sweep"])
    assert "hillside: 6 files looked at, 6 that nothing names, 0 removed" in said.output, said.output
    assert "--even-many" in said.output
    said = CliRunner().invoke(main, ["--config", str(config), "documents", "sweep", "--even-many"])
    assert "6 removed" in said.output and "Some were left" not in said.output
    assert not list(folder.iterdir())
