"""Preview, apply and drop as services: at the same time, and where something goes wrong (MIS-02, MIS-03)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest
from sqlalchemy import event, func, select

from cpoms_core.access.models import ClassAccess, ClassRestriction, NewClass
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.documents.places import FilesAway
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks import hookimpl
from cpoms_core.imports import checks, queries, services
from cpoms_core.imports.models import ImportRun
from cpoms_core.imports.records import (
    ContactRecord,
    Extract,
    MarkRecord,
    Problem,
    StaffRecord,
    StudentRecord,
    Where,
)
from cpoms_core.modules import Module
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import Student, StudentGroup
from cpoms_core.tenancy.models import Setting
from cpoms_core.testing.schools import SchoolForTests, make_school


class Source:
    """A module's source whose files are their own number of students: b"3" holds three."""

    name, title, accepts, max_bytes = "counted", "Counted", (".txt",), 1000

    def __init__(self) -> None:
        self.while_reading: Callable[[], None] = lambda: None
        self.tutor, self.year = "", ""

    def read(self, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
        self.while_reading()
        count = int(file.read())
        return Extract(
            students=tuple(
                StudentRecord(
                    str(n),
                    f"Fore{n}",
                    f"Sur{n}",
                    contacts=(ContactRecord("c", "Mum"),),
                    tutor_group=self.tutor,
                    year_group=self.year,
                )
                for n in range(count)
            )
        )


class Hooks:
    """A module that brings the source, and may fail when it is told of an import."""

    def __init__(self) -> None:
        self.source = Source()
        self.told: list[uuid.UUID] = []
        self.fails = False

    @hookimpl
    def register_mis_sources(self) -> list[Any]:
        return [self.source]

    @hookimpl
    def students_imported(self, db: Any, run_id: uuid.UUID) -> None:
        if self.fails:
            raise ValueError("the module's own mistake")
        assert db.scalar(select(func.count()).select_from(Student)), "told once the rows are there"
        self.told.append(run_id)


@dataclasses.dataclass
class World:
    app: Application
    school: SchoolForTests
    hooks: Hooks
    viewer: Viewer

    def preview(self, count: int) -> uuid.UUID:
        return services.preview(
            self.app, self.viewer, "counted", "count.txt", io.BytesIO(str(count).encode())
        )

    def apply(self, run_id: uuid.UUID) -> None:
        services.apply(self.app, self.viewer, run_id)

    def run(self, run_id: uuid.UUID) -> ImportRun:
        with self.app.session(self.school.id, writes=False) as db:
            return db.get_one(ImportRun, (self.school.id, run_id))

    def count(self, table: Any = Student, *conditions: Any) -> int:
        with self.app.session(self.school.id, writes=False) as db:
            return db.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    @property
    def imported(self) -> int:
        return self.count(Student, Student.mis_source == "counted", Student.archived_at.is_(None))


@pytest.fixture
def world(deployment: Deployment) -> Iterator[World]:
    hooks: Any = Hooks()
    module = Module("counter", "Counter", "counts", "tests.none", "1", hooks)
    app = Application(deployment, modules={"counter": module})
    school = make_school(app)
    yield World(app, school, hooks, school.viewer("admin"))
    app.engines.dispose()


def test_modules_are_told_in_the_same_transaction(world: World) -> None:
    """MIS-01: `students_imported` comes once, after the rows, for the modules that are on."""
    run_id = world.preview(3)
    assert world.hooks.told == [], "a preview tells nobody"
    world.apply(run_id)
    assert world.hooks.told == [run_id]
    assert world.imported == 3


def test_a_module_that_fails_does_not_undo_the_import(world: World) -> None:
    """MOD-04: the import stands, the failure is noted for administrators, the call is kept for a retry."""
    world.hooks.fails = True
    world.apply(world.preview(3))
    assert world.imported == 3
    assert world.count(ModuleFailure) == 1
    assert world.count(OutboxItem, OutboxItem.kind == "hook") == 1


def test_a_source_that_raises_refuses_its_file_and_no_more(world: World) -> None:
    """MOD-04, MIS-02: a mistake in a module is told with a reference, and nothing of the file is repeated."""
    run_id = services.preview(world.app, world.viewer, "counted", "x.txt", io.BytesIO(b"secret of a child"))
    run = world.run(run_id)
    assert run.state == "refused"
    assert "mistake in the module Counted" in run.problems[0]["message"]
    assert "secret" not in str(run.problems)


def test_nothing_is_left_of_an_import_that_breaks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """MIS-02: an error after every row was written rolls all of it back; the preview still waits."""
    run_id = world.preview(3)

    def breaks(*_args: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(services, "_write_down", breaks)
        with pytest.raises(RuntimeError):
            world.apply(run_id)
    assert world.imported == 0 and world.run(run_id).state == "previewed"
    world.apply(run_id)
    assert world.imported == 3


def test_an_import_meanwhile_asks_to_look_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """MIS-02: something was imported between preview and apply, or while the file was compared: refused, the
    preview is made again, and only what is then shown is applied."""
    world.apply(world.preview(2))
    run_id = world.preview(3)
    before = world.run(run_id).counts["students"]
    assert (before["added"], before["unchanged"]) == (1, 2)
    _import_past_the_preview(world, 3)
    with pytest.raises(Refused, match="meanwhile"):
        world.apply(run_id)
    run = world.run(run_id)
    assert run.state == "previewed"
    assert (run.counts["students"]["added"], run.counts["students"]["unchanged"]) == (0, 3)
    look = services._look

    def look_and_be_late(*args: Any) -> Any:
        found = look(*args)
        monkeypatch.setattr(services, "_look", look)
        _import_past_the_preview(world, 4)
        return found

    monkeypatch.setattr(services, "_look", look_and_be_late)
    with pytest.raises(Refused, match="meanwhile"):
        world.apply(run_id)
    assert world.imported == 4, "nobody was archived by a comparison that was too old"
    assert world.run(run_id).state == "refused", "by now it would archive more than the guard lets pass"


def _import_past_the_preview(world: World, count: int) -> None:
    """As a nightly import would, without the preview that waits."""
    from cpoms_core.imports.apply import take_turn, write
    from cpoms_core.imports.compare import compare

    extract = world.hooks.source.read(io.BytesIO(str(count).encode()), "", {})
    now = world.viewer.now()
    with world.app.session(world.school.id, writes=False) as db:
        changes = compare(db, "counted", extract, now)
    with world.app.transaction(world.school.id) as db:
        take_turn(db, changes.version)
        write(db, changes, now)


def test_a_damaged_file_is_not_applied(world: World) -> None:
    """MIS-02: the stored file is authenticated: an altered one is refused."""
    run_id = world.preview(3)
    path = world.app.storage.place.path(world.school.id, run_id)
    content = bytearray(path.read_bytes())
    assert content != b"3"
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match="cannot be read"):
        world.apply(run_id)
    assert world.run(run_id).state == "failed" and world.imported == 0


def test_a_file_that_cannot_be_read_just_now_still_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MIS-02, hostile input 11: a disk that fails for a moment ends no import and loses no file."""
    run_id = world.preview(3)
    place = world.app.storage.place

    @contextmanager
    def failing(*_of: object) -> Iterator[Any]:
        class Raw(io.RawIOBase):
            def read(self, size: int = -1) -> bytes:
                raise OSError(errno.EIO, "I/O")

        yield Raw()

    with monkeypatch.context() as patch:
        patch.setattr(place, "reading", failing)
        with pytest.raises(FilesAway):
            world.apply(run_id)
    assert world.run(run_id).state == "previewed"
    world.apply(run_id)
    assert world.imported == 3


def test_what_was_done_is_done_where_the_file_cannot_be_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MIS-02: once it is committed, a place of files that is away is no error; the sweep removes the file."""

    def away(*_of: object) -> None:
        raise FilesAway("the place does not answer")

    monkeypatch.setattr(world.app.storage.place, "remove", away)
    world.preview(3)
    run_id = world.preview(4)  # the older one is dropped
    world.apply(run_id)
    assert world.run(run_id).state == "applied" and world.imported == 4
    dropped = world.preview(4)
    services.drop(world.app, world.viewer, dropped)
    assert world.run(dropped).state == "dropped"


def test_the_stored_file_is_encrypted(world: World) -> None:
    """ADM-06, design: what waits for an administrator is no plain text on a disk."""
    text = b"0" * 200 + b"3"
    run_id = services.preview(world.app, world.viewer, "counted", "x.txt", io.BytesIO(text))
    assert b"000" not in world.app.storage.place.path(world.school.id, run_id).read_bytes()


def test_only_administrators_import(world: World) -> None:
    """USR-12.7: for everyone else the services know of nothing."""
    run_id = world.preview(1)
    for who, elevated in (("head", True), ("teacher", False), ("admin", False)):
        world.viewer = world.school.viewer(who, elevated=elevated)
        with pytest.raises(NothingThere):
            world.preview(1)
        with pytest.raises(NothingThere):
            world.apply(run_id)
        with pytest.raises(NothingThere):
            services.drop(world.app, world.viewer, run_id)


# --- at the same time ---------------------------------------------------------------------------------------


def test_pages_are_read_and_written_while_a_file_is_read(world: World) -> None:
    """Design, One writer: reading and comparing hold no lock: others read and write at once meanwhile."""
    reading, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reading.set()
        assert go_on.wait(20)

    world.hooks.source.while_reading = wait
    thread = threading.Thread(target=world.preview, args=(3,))
    thread.start()
    try:
        assert reading.wait(20)
        began = time.monotonic()
        with world.app.transaction(world.school.id) as db:
            db.add(Setting(school_id=world.school.id, name="security_message", value="Hello"))
        assert world.count() >= 3
        assert time.monotonic() - began < 15
    finally:
        go_on.set()
        thread.join()
    assert world.count(ImportRun, ImportRun.state == "previewed") == 1


def test_pages_are_read_while_an_import_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Design, One writer: while the rows are written others read what was there before; a change of theirs
    waits and then succeeds."""
    run_id = world.preview(3)
    writing, go_on = threading.Event(), threading.Event()
    write_down = services._write_down

    def wait(*args: Any) -> None:
        writing.set()
        assert go_on.wait(20)
        write_down(*args)

    monkeypatch.setattr(services, "_write_down", wait)
    thread = threading.Thread(target=world.apply, args=(run_id,))
    thread.start()
    try:
        assert writing.wait(20)
        assert world.imported == 0, "nothing of it is seen before all of it is"
        timer = threading.Timer(0.5, go_on.set)
        timer.start()
        with world.app.transaction(world.school.id) as db:
            db.add(Setting(school_id=world.school.id, name="security_message", value="Hello"))
    finally:
        go_on.set()
        thread.join()
    assert world.imported == 3


def test_two_apply_at_once_and_one_does(world: World) -> None:
    """MIS-02: of several presses on Apply at the same moment exactly one applies."""
    run_id = world.preview(5)
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def press() -> None:
        start.wait()
        try:
            world.apply(run_id)
            outcomes.append("applied")
        except Refused:
            outcomes.append("refused")

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied", "refused", "refused", "refused"]
    assert world.imported == 5 and world.run(run_id).state == "applied"


# --- the second time ----------------------------------------------------------------------------------------


@contextmanager
def writes_to_students(app: Application) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        words = statement.replace('"', "").split()
        if words[0] in ("INSERT", "UPDATE", "DELETE") and {"student", "contact", "group_member"} & set(words):
            found.append(statement)

    event.listen(app.engines.writing, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(app.engines.writing, "before_cursor_execute", note)


def test_the_same_file_again_writes_no_student(world: World) -> None:
    """MIS-03: a second import of a file sends no statement that writes students, contacts or groups."""
    with writes_to_students(world.app) as first:
        world.apply(world.preview(4))
    with writes_to_students(world.app) as second:
        world.apply(world.preview(4))
    assert first and not second


# --- what the core asks of every module ---------------------------------------------------------------------

AT = Where(7, "Forename", "students.xml")
BAD: dict[str, Extract] = {
    "two of one id": Extract(students=(StudentRecord("1", "A", "B"), StudentRecord("1", "C", "D", where=AT))),
    "no id": Extract(students=(StudentRecord("", "A", "B", where=AT),)),
    "too long": Extract(students=(StudentRecord("1", "A" * 101, "B", where=AT),)),
    "long id": Extract(staff=(StaffRecord("1" * 81, "A", "B", where=AT),)),
    "NUL": Extract(students=(StudentRecord("1", "A\0", "B", where=AT),)),
    "half a character": Extract(students=(StudentRecord("1", "A", "B", address="\ud83d", where=AT),)),
    "in a list": Extract(students=(StudentRecord("1", "A", "B", medical_conditions=("a\0",), where=AT),)),
    "two staff": Extract(staff=(StaffRecord("1", "A", "B"), StaffRecord("1", "A", "B", where=AT))),
    "two contacts": Extract(
        students=(
            StudentRecord(
                "1", "A", "B", contacts=(ContactRecord("c", "X"), ContactRecord("c", "Y")), where=AT
            ),
        )
    ),
    "long mark": Extract(marks=(MarkRecord("1", dt.date(2026, 9, 1), "AM", "ABCD", AT),)),
    "no session": Extract(marks=(MarkRecord("1", dt.date(2026, 9, 1), "XX", "/", AT),)),
    "two marks": Extract(
        marks=(
            MarkRecord("1", dt.date(2026, 9, 1), "AM", "/"),
            MarkRecord("1", dt.date(2026, 9, 1), "AM", "N", AT),
        )
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_no_table_could_hold_is_refused_with_its_place(name: str) -> None:
    """MIS-01, MIS-02: a module that lets a bad value pass is told line and element by the core."""
    problems = checks.check_extract(BAD[name])
    assert [problem.where for problem in problems] == [AT]
    assert all(problem.error for problem in problems)


def test_good_records_pass_and_bad_ones_are_bounded() -> None:
    """MIS-01: nothing is wrong with a good delivery; of many errors the first fifty are told."""
    good = StudentRecord("1" * 80, "Ω" * 100, "’" * 100, contacts=(ContactRecord("c", "Mum" * 66),))
    assert checks.check_extract(Extract(students=(good,))) == []
    many = Extract(students=tuple(StudentRecord("", "A", "B") for _ in range(1000)))
    assert len(checks.check_extract(many)) == 50


# --- health -------------------------------------------------------------------------------------------------


def _ran(world: World, state: str, hours_ago: float, *, automatic: bool = False) -> None:
    at = world.viewer.now() - dt.timedelta(hours=hours_ago)
    with world.app.transaction(world.school.id) as db:
        db.add(
            ImportRun(
                school_id=world.school.id, id=new_id(), source="counted", state=state, started_at=at,
                finished_at=at, started_by=None if automatic else world.viewer.user_id,
            )
        )  # fmt: skip


def _health(world: World) -> tuple[str, str] | None:
    with world.app.session(world.school.id, writes=False) as db:
        found = queries.health(db, world.viewer)
    return (found.level, found.text) if found else None


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (25.9, ("good", "Import healthy")),
        (26.1, ("warn", "Import late")),
        (71.9, ("warn", "Import late")),
        (72.1, ("bad", "Import failing")),
    ],
)
def test_health_by_the_age_of_the_last_import(world: World, hours: float, expected: tuple[str, str]) -> None:
    """DSH-05: healthy up to 26 hours, amber up to 72, then red; always with words."""
    now = dt.datetime(2026, 10, 7, 12, 0, tzinfo=dt.UTC)
    world.viewer = dataclasses.replace(world.viewer, clock=lambda: now)
    _ran(world, "applied", 200)
    _ran(world, "applied", hours)
    assert _health(world) == expected


def test_health_without_an_import_or_with_a_failed_one(world: World) -> None:
    """DSH-05: never: red; an automatic import that failed since: red; an administrator's refused upload says
    nothing about the nightly import; where nothing is imported there is no light."""
    assert _health(world) == ("bad", "No import yet")
    _ran(world, "failed", 5, automatic=True)
    _ran(world, "applied", 3)
    _ran(world, "refused", 2)
    assert _health(world) == ("good", "Import healthy")
    _ran(world, "refused", 1, automatic=True)
    assert _health(world) == ("bad", "Import failing")
    _ran(world, "applied", 0.5)
    assert _health(world) == ("good", "Import healthy")


def test_no_light_where_nothing_is_imported(world: World) -> None:
    """DSH-05, MOD-01: with every MIS module off and no import ever there is nothing to be healthy."""
    world.viewer = dataclasses.replace(world.viewer, modules=frozenset())
    assert _health(world) is None


def test_moments_in_words(world: World) -> None:
    """DSH-05: the last import's moment, in the school's own time."""
    now = dt.datetime(2026, 7, 7, 12, 0, tzinfo=dt.UTC)
    viewer = dataclasses.replace(world.viewer, clock=lambda: now)
    assert queries.moment(viewer, dt.datetime(2026, 7, 7, 4, 12, tzinfo=dt.UTC)) == "today at 05:12"
    assert queries.moment(viewer, dt.datetime(2026, 7, 5, 23, 30, tzinfo=dt.UTC)) == "yesterday at 00:30"
    assert queries.moment(viewer, dt.datetime(2026, 1, 3, 5, 12, tzinfo=dt.UTC)) == "on 3 Jan 2026 at 05:12"


def test_problems_are_kept_with_their_place_and_bounded(world: World) -> None:
    """MIS-02: a flood of problems is cut, and says so."""
    from cpoms_core.imports.outcome import MOST_KEPT, judge

    flood = [Problem("wrong", AT) for _ in range(MOST_KEPT + 5)]
    outcome = judge(flood, None, 10)
    assert outcome.state == "refused" and len(outcome.problems) == MOST_KEPT + 1
    assert outcome.problems[0] == {
        "message": "wrong", "error": True, "line": 7, "element": "Forename", "file": "students.xml"
    }  # fmt: skip
    assert outcome.problems[-1]["message"] == "There are 5 more."


def test_file_names_are_kept_plain() -> None:
    """Hostile input: folders and what does not print are taken out of a file's name."""
    from cpoms_core.imports.reading import plain_name

    assert plain_name("C:\\temp\\school.xml") == "school.xml"
    assert plain_name("../../etc/x\n\x00.xml") == "x??.xml"
    assert plain_name("a" * 300 + ".xml").endswith("a.xml") and len(plain_name("a" * 300 + ".xml")) == 255


def test_a_new_class_is_noticed_while_its_kind_is_restricted(world: World) -> None:
    """USR-09: a class that an import brings while restrictions of its kind are on starts with nobody listed,
    and is noted for administrators, once; without restrictions, and for other kinds, nothing is."""

    def noticed() -> dict[str, bool]:
        with world.app.session(world.school.id, writes=False) as db:
            rows = db.execute(
                select(StudentGroup.name, NewClass.seen_at).join(
                    NewClass, NewClass.student_group_id == StudentGroup.id
                )
            )
            return {row.name: row.seen_at is not None for row in rows}

    world.hooks.source.tutor, world.hooks.source.year = "9X", "9"
    world.apply(world.preview(2))
    assert noticed() == {}, "restrictions are off"
    with world.app.transaction(world.school.id) as db:
        db.add(ClassRestriction(school_id=world.school.id, kind="tutor"))
    world.hooks.source.tutor, world.hooks.source.year = "10X", "10"
    world.apply(world.preview(3))
    assert noticed() == {"10X": False}, "years are not restricted"
    world.apply(world.preview(4))
    assert noticed() == {"10X": False} and world.count(ClassAccess) == 0
