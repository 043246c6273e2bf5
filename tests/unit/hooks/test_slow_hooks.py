"""MOD-04: hooks that take too long. They are timed, what they ask the database is stopped, and after three
overruns at a school they are set aside there, with nothing lost. On both databases; the clock is moved by the
tests. Hooks named here: nav_items, validate_incident, incident_saved, incidents_removed, module_disabled,
export_student."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.time_limits import READS
from cpoms_core.database.types import new_id
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.failures import FAILED, SLOW
from cpoms_core.hooks.relay import PluginSession, TransactionEnded
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import record_incident
from cpoms_core.modules import Module
from cpoms_core.modules.failing import WINDOW, write_failures
from cpoms_core.modules.models import HookSetAside, ModuleFailure
from cpoms_core.modules.services import switch, try_again
from cpoms_core.outbox.claims import claim_due, release
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.probe import PROBE, behaviour
from cpoms_core.testing.probe.hooks import keep_note
from cpoms_core.testing.probe.models import ProbeNote
from cpoms_core.testing.records import new_incident
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.slowness import Hands, Stopwatch, counting

WATCH = Stopwatch()
hang = WATCH.hang


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def timed(probe_app: Application, hands: Hands) -> Application:
    """The application with the probe, on a clock of the test's."""
    made = Application(probe_app.deployment, modules={"probe": PROBE}, engines=probe_app.engines)
    made.hooks.clock = hands
    return made


@pytest.fixture
def quick(probe_app: Application) -> Application:
    """The application with the probe, with very little patience, on a clock that runs during a hook that
    hangs."""
    hurried = dataclasses.replace(
        probe_app.deployment, hook_seconds=0.2, hook_seconds_saving=0.2, hook_seconds_change=0.4
    )
    made = Application(hurried, modules={"probe": PROBE}, engines=probe_app.engines)
    made.hooks.clock = WATCH
    return made


def at(app: Application) -> SchoolForTests:
    """A school of that application."""
    made = make_school(app)
    behaviour.called.clear()
    return made


def collect(school: SchoolForTests, hook: str = "nav_items", **arguments: Any) -> list[Any]:
    """Asks as a page does, which writes down what failed when it is done."""
    who = school.viewer("lead")
    with school.app.transaction(school.id, writes=False) as db:
        found = school.app.hooks.collect(hook, db, who, **arguments)
    return [part for part in found if "Probe" in repr(part)]


def record(school: SchoolForTests) -> uuid.UUID:
    """Records an incident; it must be there however the modules behave."""
    new = new_incident(school, text="A concern.", module_values={"probe-note": "typed"})
    who = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        incident_id = record_incident(db, who, new).id
        assert timeout_of(db) in ("", "0")
    with school.app.session(school.id, writes=False) as db:
        assert db.scalar(select(Incident.text).where(Incident.id == incident_id)) == "A concern."
    return incident_id


def timeout_of(db: Any) -> str:
    """PostgreSQL's limit for the statements that the core goes on with."""
    if db.app.engines.dialect != "postgresql":
        return ""
    return str(db.scalar(select(func.current_setting("statement_timeout"))))


def failures(school: SchoolForTests) -> list[tuple[str, str, str]]:
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(ModuleFailure).order_by(ModuleFailure.id))
        return [(row.module, row.hook, row.kind) for row in rows]


def kept(school: SchoolForTests) -> list[OutboxItem]:
    """The calls that wait for the worker."""
    with school.app.session(school.id, writes=False) as db:
        query = select(OutboxItem).where(OutboxItem.kind == "hook", OutboxItem.done_at.is_(None))
        return list(db.scalars(query.order_by(OutboxItem.id)))


def notes(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(ProbeNote.text)))


def work(school: SchoolForTests, later: dt.timedelta = dt.timedelta()) -> None:
    """Lets a worker do what is due at the school."""
    claims = claim_due(school.app, utc_now() + later, most=1000)
    release(school.app, [claim for claim in claims if claim.school_id != school.id], utc_now())
    for claim in claims:
        if claim.school_id == school.id:
            run_claimed(school.app, claim)


@contextmanager
def event_of_a_stopped_write(app: Application) -> Iterator[None]:
    """While it lasts SQLite takes every statement for one that only reads."""

    def note(connection: Any, *_rest: Any) -> None:
        connection.info[READS] = True

    event.listen(app.engines.writing, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(app.engines.writing, "before_cursor_execute", note)


# --- timed, and stopped where that is possible -------------------------------------------------------------


def test_an_answer_that_came_late_counts_and_is_noted(timed: Application, hands: Hands) -> None:
    """A page that has waited shows what it waited for."""
    school = at(timed)
    usual = collect(school)
    assert usual and failures(school) == []

    def late(**_arguments: Any) -> Any:
        hands.seconds += 2.5
        return usual

    with behaviour.instead("nav_items", late):
        assert collect(school) == usual
    assert failures(school) == [("probe", "nav_items", SLOW)]


def test_within_its_time_nothing_is_noted(timed: Application, hands: Hands) -> None:
    school = at(timed)
    with behaviour.instead("nav_items", hands.pass_by(1.9)):
        collect(school)
    with behaviour.instead("incident_saved", hands.pass_by(2.9)):
        record(school)
    assert failures(school) == [] and kept(school) == []


@pytest.mark.parametrize("hook", ["validate_incident", "incident_saved"])
def test_a_statement_that_does_not_end_is_stopped(quick: Application, hook: str) -> None:
    """MOD-04: veto and effect. The concern is there, and the core's own statements are not stopped."""
    school = at(quick)

    began = time.monotonic()
    with behaviour.instead(hook, hang):
        record(school)
    assert time.monotonic() - began < 20
    assert failures(school) == [("probe", hook, SLOW)]
    assert [item.payload["hook"] for item in kept(school)] == (
        ["incident_saved"] if hook == "incident_saved" else []
    )
    record(school)
    assert len(failures(school)) == 1


def test_a_statement_of_a_collect_hook_is_stopped_and_the_page_goes_on(quick: Application) -> None:
    school = at(quick)

    with behaviour.instead("nav_items", hang):
        assert collect(school) == []
    assert failures(school) == [("probe", "nav_items", SLOW)]
    assert collect(school)


def test_a_hook_whose_time_is_up_asks_the_database_nothing_more(timed: Application, hands: Hands) -> None:
    """A loop over many quick statements is stopped, too."""
    school, asked = at(timed), []

    def loop(db: PluginSession, **_arguments: Any) -> None:
        for turn in range(100):
            db.scalar(select(func.count()).select_from(ProbeNote))
            asked.append(turn)
            hands.seconds += 0.5

    with behaviour.instead("nav_items", loop):
        assert collect(school) == []
    assert len(asked) == 5
    assert failures(school) == [("probe", "nav_items", SLOW)]


def test_the_limit_ends_with_the_hook(quick: Application) -> None:
    """Whether it went well or not: what the core asks afterwards may take as long as it takes."""
    school = at(quick)

    def read(db: PluginSession, **_arguments: Any) -> None:
        db.scalar(select(func.count()).select_from(ProbeNote))

    def read_and_fail(db: PluginSession, **_arguments: Any) -> None:
        read(db)
        raise RuntimeError("a module broke")

    long = select(func.count()).select_from(counting(1_200_000))
    if quick.engines.dialect == "postgresql":
        long = select(func.pg_sleep(0.3))
    for act in (read, read_and_fail):
        with behaviour.instead("nav_items", act), quick.session(school.id, writes=False) as db:
            quick.hooks.collect("nav_items", db, school.viewer("lead"))
            assert timeout_of(db) in ("", "0")
            db.execute(long).all()


def test_on_sqlite_a_statement_that_writes_is_let_finish(quick: Application) -> None:
    """SQLite rolls back everything where it is interrupted in a write: the concern would be lost."""
    if quick.engines.dialect != "sqlite":
        pytest.skip("SQLite's own")
    school = at(quick)

    def write_slowly(db: PluginSession, **arguments: Any) -> None:
        keep_note(db=db, **arguments)
        db.flush()
        slow = select(func.count()).select_from(counting(2_000_000)).scalar_subquery()
        db.execute(update(ProbeNote).values(text="at " + func.char(48 + slow * 0)).execution_options(
            synchronize_session=False))  # fmt: skip

    with behaviour.instead("incident_saved", WATCH.running(write_slowly)):
        record(school)
    assert failures(school) == [("probe", "incident_saved", SLOW)]
    assert len(notes(school)) == 1


def test_a_write_that_sqlite_stopped_after_all_is_loud(
    quick: Application,
) -> None:
    """INC-09: it takes the concern with it, so the person must be told that it was not saved."""
    if quick.engines.dialect != "sqlite":
        pytest.skip("SQLite's own")
    school = at(quick)
    interrupted = event_of_a_stopped_write(quick)

    def write_slowly(db: PluginSession, incident_id: uuid.UUID, **_arguments: Any) -> None:
        slow = select(func.count()).select_from(counting(10_000_000)).scalar_subquery()
        db.add(ProbeNote(school_id=db.school_id, id=new_id(), incident_id=incident_id, text="x"))
        db.flush()
        db.execute(update(ProbeNote).values(text=func.char(slow)).execution_options(
            synchronize_session=False))  # fmt: skip

    with (
        interrupted,
        behaviour.instead("incident_saved", WATCH.running(write_slowly)),
        pytest.raises(TransactionEnded),
    ):
        record(school)


def test_what_was_done_late_is_done_and_not_done_again(timed: Application, hands: Hands) -> None:
    school = at(timed)

    def late(**arguments: Any) -> None:
        keep_note(**arguments)
        hands.seconds += 6

    with behaviour.instead("incident_saved", late):
        record(school)
    assert notes(school) == ["typed"]
    assert kept(school) == []
    assert failures(school) == [("probe", "incident_saved", SLOW)]


def test_a_late_module_disabled_is_noted_and_the_switch_is_turned(timed: Application, hands: Hands) -> None:
    school = at(timed)
    with behaviour.instead("module_disabled", hands.pass_by(60)), timed.transaction(school.id) as db:
        switch(db, school.viewer("lead"), "probe", False)
    assert failures(school) == [("probe", "module_disabled", SLOW)]
    assert "probe" not in school.viewer("lead").modules


def test_always_hooks_take_as_long_as_they_take(timed: Application, hands: Hands) -> None:
    """export_student: an answer of which a part is missing would be a false one."""
    school = at(timed)
    for _turn in range(4):
        with behaviour.instead("export_student", hands.pass_by(600)), timed.transaction(school.id) as db:
            timed.hooks.always(
                "export_student", db, school.viewer("lead"), student_id=school.students["aoife"]
            )
    assert failures(school) == [] and school.viewer("lead").set_aside == frozenset()


# --- set aside -------------------------------------------------------------------------------------------


def overrun(school: SchoolForTests, hands: Hands, hook: str = "nav_items", times: int = 3) -> None:
    with behaviour.instead(hook, hands.pass_by(5)):
        for _turn in range(times):
            if hook == "nav_items":
                collect(school)
            else:
                hands.seconds += 1
                record(school)


def test_the_third_overrun_sets_a_hook_aside_at_that_school(timed: Application, hands: Hands) -> None:
    school, other = at(timed), at(timed)
    overrun(school, hands, times=2)
    assert collect(school), "twice is not enough"
    overrun(school, hands, times=1)
    behaviour.called.clear()
    assert collect(school) == [] and behaviour.called == []
    assert collect(other), "it is of one school"
    assert school.viewer("lead").set_aside == {("probe", "nav_items")}
    assert collect(school, "dashboard_panels") == [] and behaviour.called[-1] == "dashboard_panels"


def test_failures_alone_set_nothing_aside(timed: Application) -> None:
    school = at(timed)

    def fail(**_arguments: Any) -> None:
        raise RuntimeError("on purpose")

    with behaviour.instead("nav_items", fail):
        for _turn in range(4):
            collect(school)
    assert failures(school) == [("probe", "nav_items", FAILED)] * 4
    assert school.viewer("lead").set_aside == frozenset()


def test_overruns_count_within_a_day(timed: Application, hands: Hands) -> None:
    school = at(timed)
    overrun(school, hands, times=2)
    with timed.transaction(school.id) as db:
        row = db.scalars(select(ModuleFailure).limit(1)).one()
        row.at = utc_now() - WINDOW - dt.timedelta(minutes=1)
    overrun(school, hands, times=1)
    assert school.viewer("lead").set_aside == frozenset()
    overrun(school, hands, times=1)
    assert school.viewer("lead").set_aside


def test_validate_incident_set_aside_objects_to_nothing(timed: Application, hands: Hands) -> None:
    school = at(timed)
    overrun(school, hands, "validate_incident")
    behaviour.called.clear()
    record(school)
    assert "validate_incident" not in behaviour.called


def test_incident_saved_set_aside_is_kept_until_it_is_tried_again(timed: Application, hands: Hands) -> None:
    """Nothing is lost: what the module is not told now it is told by the worker, after "Try again"."""
    school = at(timed)
    overrun(school, hands, "incident_saved")
    assert kept(school) == []
    record(school)
    (item,) = kept(school)
    assert item.payload["arguments"]["values"] == {"probe-note": "typed"}
    behaviour.called.clear()
    work(school)
    assert behaviour.called == [] and [one.attempts for one in kept(school)] == [0]
    with timed.transaction(school.id) as db:
        try_again(db, school.viewer("lead"), "probe")
    work(school)
    assert behaviour.called == ["incident_saved"] and kept(school) == []
    assert notes(school) == ["typed"]
    record(school)
    assert notes(school) == ["typed"] * 2 and kept(school) == []


def test_what_was_lifted_needs_three_more(timed: Application, hands: Hands) -> None:
    school = at(timed)
    overrun(school, hands)
    with timed.transaction(school.id) as db:
        try_again(db, school.viewer("lead"), "probe")
    overrun(school, hands, times=2)
    assert school.viewer("lead").set_aside == frozenset()
    overrun(school, hands, times=1)
    assert school.viewer("lead").set_aside
    with timed.session(school.id, writes=False) as db:
        (row,) = db.scalars(select(HookSetAside))
    assert row.lifted_at is None


def test_switching_off_and_on_lifts_it(timed: Application, hands: Hands) -> None:
    school = at(timed)
    overrun(school, hands)
    for enabled in (False, True):
        with timed.transaction(school.id) as db:
            switch(db, school.viewer("lead"), "probe", enabled)
    assert school.viewer("lead").set_aside == frozenset()
    assert collect(school)


def test_a_told_hook_set_aside_is_kept(timed: Application, hands: Hands) -> None:
    """incidents_removed, of a module that is off, too."""
    school = at(timed)
    with timed.transaction(school.id) as db:
        switch(db, school.viewer("lead"), "probe", False)
    told = {"change_id": new_id(), "incident_ids": [new_id()], "action_ids": []}
    calls: list[tuple[str, str]] = []

    def keep(module: str, hook: str, _arguments: Any) -> None:
        calls.append((module, hook))

    def tell() -> None:
        who = school.viewer("lead")
        with timed.transaction(school.id) as db:
            timed.hooks.tell("incidents_removed", db, who, keep, **told)

    with behaviour.instead("incidents_removed", hands.pass_by(6)):
        for _turn in range(3):
            tell()
    assert calls == []
    behaviour.called.clear()
    tell()
    assert ("probe", "incidents_removed") in calls and behaviour.called == []


def test_a_retry_that_overruns_counts_as_well(timed: Application, hands: Hands) -> None:
    """In the worker, where the failure is written after the item's own transaction, rolled back or not."""
    school = at(timed)

    def fail(**_arguments: Any) -> None:
        raise RuntimeError("on purpose")

    def fail_late(**_arguments: Any) -> None:
        hands.seconds += 11
        raise RuntimeError("on purpose")

    with behaviour.instead("incident_saved", fail):
        record(school)
    with behaviour.instead("incident_saved", fail_late):
        for turn in range(3):
            work(school, dt.timedelta(hours=turn))
    assert failures(school) == [
        ("probe", "incident_saved", FAILED),
        *[("probe", "incident_saved", SLOW)] * 3,
    ]
    assert [item.attempts for item in kept(school)] == [3]
    work(school, dt.timedelta(days=1))
    assert [item.attempts for item in kept(school)] == [3], "it waits for an administrator"


def test_two_processes_set_aside_once(timed: Application) -> None:
    school = at(timed)
    from cpoms_core.hooks.failures import HookFailure

    slow = [HookFailure("probe", "nav_items", f"ref{n}", SLOW) for n in range(3)]
    for _process in range(2):
        with timed.transaction(school.id) as db:
            write_failures(db, slow, utc_now())
    with timed.session(school.id, writes=False) as db:
        assert len(db.scalars(select(HookSetAside)).all()) == 1


# --- one change's time -----------------------------------------------------------------------------------


def three_slow_modules(app: Application, hands: Hands) -> tuple[Application, list[str]]:
    """Modules a, b and c, each of which takes two and a half seconds over an incident."""
    told: list[str] = []

    def module(name: str) -> Module:
        def incident_saved(db: PluginSession, incident_id: uuid.UUID) -> None:
            hands.seconds += 2.5
            told.append(name)

        hooks = SimpleNamespace(incident_saved=hookimpl(incident_saved))
        return Module(name, name, "", "cpoms_core.demo", "1", hooks)  # type: ignore[arg-type]

    made = Application(
        app.deployment, modules={name: module(name) for name in ("ma", "mb", "mc", "md")}, engines=app.engines
    )
    made.hooks.clock = hands
    return made, told


def test_what_one_change_has_no_time_for_is_left_to_the_worker(probe_app: Application, hands: Hands) -> None:
    """MOD-04, INC-09: slow modules together cost six seconds and a bit; the incident is there, nothing is
    noted against the module that was not called, and the worker tells it at once."""
    app, told = three_slow_modules(probe_app, hands)
    school = at(app)
    record(school)
    assert told == ["ma", "mb", "mc"]
    assert hands.seconds < 6 + 3
    assert [item.payload["module"] for item in kept(school)] == ["md"]
    assert failures(school) == []
    work(school)
    assert told == ["ma", "mb", "mc", "md"] and kept(school) == []


def test_the_next_change_has_its_time_again(probe_app: Application, hands: Hands) -> None:
    app, told = three_slow_modules(probe_app, hands)
    school = at(app)
    record(school)
    told.clear()
    record(school)
    assert told == ["ma", "mb", "mc"]


def test_the_worker_is_nobody_who_waits(timed: Application, hands: Hands) -> None:
    """A retry has the time of a whole change, so that what is slow at saving is done in the end."""
    school = at(timed)

    def fail(**_arguments: Any) -> None:
        raise RuntimeError("on purpose")

    with behaviour.instead("incident_saved", fail):
        record(school)
    with behaviour.instead("incident_saved", hands.pass_by(5)):
        work(school)
    assert kept(school) == [] and len(failures(school)) == 1
    with timed.session(school.id, writes=False) as db:
        assert system_viewer(db).set_aside == frozenset()
