"""Doing what an outbox item asks for: once where the database decides, again where it cannot know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import delete, select

from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.hooks.types import DeliverySpec, Task, TaskSpec, Work
from cpoms_core.modules import Module
from cpoms_core.outbox import running
from cpoms_core.outbox.claims import Claim, claim_due
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.outcomes import NotOwed
from cpoms_core.outbox.queries import owed
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.services import queue, sweep, try_again
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.schools import SchoolForTests

Add = Callable[..., None]
DAY = dt.timedelta(days=1)


@pytest.fixture
def add(app: Application) -> Iterator[Add]:
    """Adds a task for the test."""
    added = []

    def add(task: Task, module: str = "core") -> None:
        app.tasks[task.name] = (module, task)
        added.append(task.name)

    yield add
    for name in added:
        del app.tasks[name]


def queued(app: Application, school: SchoolForTests, kind: str, **payload: Any) -> Any:
    with app.transaction(school.id) as db:
        return queue(db, kind, payload, now=utc_now())


def settings_of(app: Application, school: SchoolForTests) -> list[str]:
    with app.session(school.id, writes=False) as db:
        return list(db.scalars(select(Setting.name).order_by(Setting.name)))


def note(db: Any, viewer: Viewer, payload: dict[str, Any]) -> None:
    db.add(Setting(school_id=viewer.school_id, name=payload["name"], value=viewer.channel))
    db.flush()


def test_a_task_and_its_mark_are_one_transaction(
    app: Application, school: SchoolForTests, add: Add, claim_one: Any, item_of: Any, due_at: Any
) -> None:
    add(TaskSpec("note", note))
    item_id = queued(app, school, "note", name="noted")
    claim = claim_one()
    run_claimed(app, claim)
    assert settings_of(app, school) == ["noted"]
    assert item_of(item_id).done_at is not None
    assert due_at(item_id) is None
    run_claimed(app, claim)  # a second message about the same item
    assert settings_of(app, school) == ["noted"]


def test_a_task_that_fails_leaves_nothing_but_the_type_of_its_error(
    app: Application,
    school: SchoolForTests,
    add: Add,
    claim_one: Any,
    item_of: Any,
    due_at: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(db: Any, viewer: Viewer, payload: dict[str, Any]) -> None:
        note(db, viewer, payload)
        raise ValueError("Aoife's own words")

    add(TaskSpec("fails", fail))
    item_id = queued(app, school, "fails", name="lost")
    before = utc_now()
    run_claimed(app, claim_one())
    item = item_of(item_id)
    assert (item.attempts, item.last_error, item.done_at) == (1, "ValueError", None)
    assert due_at(item_id) > before + dt.timedelta(seconds=3)
    assert settings_of(app, school) == []
    assert "Aoife" not in "".join(capsys.readouterr())


def test_a_task_cannot_end_the_transaction_that_marks_it(
    app: Application, school: SchoolForTests, add: Add, claim_one: Any, item_of: Any
) -> None:
    add(TaskSpec("ends", lambda db, viewer, payload: db.commit()))
    item_id = queued(app, school, "ends")
    run_claimed(app, claim_one())
    assert item_of(item_id).done_at is None


def test_what_keeps_failing_is_given_up_and_seen_and_can_be_taken_up_again(
    app: Application, school: SchoolForTests, add: Add, item_of: Any, due_at: Any
) -> None:
    def fail(db: Any, viewer: Viewer, payload: dict[str, Any]) -> None:
        raise OSError

    add(TaskSpec("fails", fail))
    item_id = queued(app, school, "fails")
    with app.transaction(school.id) as db:
        db.get_one(OutboxItem, (school.id, item_id)).attempts = running.MOST_ATTEMPTS - 1
    (claim,) = claim_due(app, utc_now(), most=5)
    run_claimed(app, claim)
    assert item_of(item_id).gave_up_at is not None
    assert due_at(item_id) is None
    assert sweep(app, school.id, utc_now()) == 0, "it waits for a person"
    with app.transaction(school.id) as db:
        (row,) = owed(db)
        assert (row.kind, row.waiting, row.given_up) == ("fails", 0, 1)
        assert try_again(db, utc_now()) == 1
    assert len(claim_due(app, utc_now(), most=5)) == 1


def test_the_pauses_add_up_to_about_three_days() -> None:
    """A mail server that is away over a weekend costs no mail (INC-09)."""
    whole = sum((running.pause_after(n) for n in range(1, running.MOST_ATTEMPTS)), dt.timedelta())
    assert 2.5 * DAY < whole < 4 * DAY
    first = [running.pause_after(1).total_seconds() for _ in range(50)]
    assert 3.7 < min(first) < max(first) < 6.3
    assert len({round(pause, 3) for pause in first}) > 5, "what failed together must not come back together"


def test_an_error_past_exception_counts_too(
    app: Application, school: SchoolForTests, add: Add, claim_one: Any, item_of: Any
) -> None:
    """Some libraries raise from BaseException; such an item would be tried for ever."""

    class Fatal(BaseException):
        pass

    def fail(db: Any, viewer: Viewer, payload: dict[str, Any]) -> None:
        raise Fatal

    add(TaskSpec("fatal", fail))
    item_id = queued(app, school, "fatal")
    with pytest.raises(Fatal):
        run_claimed(app, claim_one())
    assert (item_of(item_id).attempts, item_of(item_id).last_error) == (1, "Fatal")


def test_a_delivery_goes_out_while_no_transaction_is_open(
    app: Application, school: SchoolForTests, add: Add, claim_one: Any, item_of: Any
) -> None:
    seen: list[Any] = []

    def deliver(app: Application, prepared: str) -> None:
        pools = {app.engines.reading.pool, app.engines.writing.pool}
        seen.append((prepared, sum(pool.checkedout() for pool in pools)))  # type: ignore[attr-defined]

    add(DeliverySpec("letter", lambda db, viewer, work: work.payload["text"], deliver))
    item_id = queued(app, school, "letter", text="hello")
    run_claimed(app, claim_one())
    assert seen == [("hello", 0)]
    assert item_of(item_id).done_at is not None


def test_a_crash_between_sending_and_marking_sends_the_same_again(
    app: Application,
    school: SchoolForTests,
    add: Add,
    claim_one: Any,
    item_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []

    def prepare(_db: Any, _viewer: Viewer, work: Work) -> Any:
        return work.id

    def crash(*_a: Any) -> None:
        raise SystemExit

    add(DeliverySpec("letter", prepare, lambda app, prepared: sent.append(prepared)))
    item_id = queued(app, school, "letter")
    with monkeypatch.context() as patch:
        patch.setattr(running, "_finish", crash)
        patch.setattr(running, "_fail", crash)
        with pytest.raises(SystemExit):
            run_claimed(app, claim_one())
    assert item_of(item_id).done_at is None
    (again,) = claim_due(app, utc_now() + dt.timedelta(minutes=2), most=5)
    run_claimed(app, again)
    assert sent == [item_id, item_id]
    assert item_of(item_id).done_at is not None


def test_a_delivery_that_nobody_should_get_is_over(
    app: Application, school: SchoolForTests, add: Add, claim_one: Any, item_of: Any, due_at: Any
) -> None:
    class Gone(NotOwed):
        pass

    def prepare(_db: Any, _viewer: Viewer, _work: Work) -> Any:
        raise Gone

    add(DeliverySpec("letter", prepare, lambda app, prepared: pytest.fail("it was sent")))
    item_id = queued(app, school, "letter")
    run_claimed(app, claim_one())
    item = item_of(item_id)
    assert (item.done_at is not None, item.last_error, due_at(item_id)) == (True, "Gone", None)


def test_mod_01_a_task_of_a_module_that_is_off_waits_and_is_done_once_it_is_on(
    app: Application,
    school: SchoolForTests,
    add: Add,
    claim_one: Any,
    item_of: Any,
    due_at: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pen = Module("pen", "Pen", "", "pen", "1", ModuleType("pen_hooks"))
    monkeypatch.setitem(app.modules, "pen", pen)
    add(TaskSpec("pen.note", note), module="pen")
    item_id = queued(app, school, "pen.note", name="noted")
    run_claimed(app, claim_one())
    assert settings_of(app, school) == []
    item = item_of(item_id)
    assert (item.attempts, item.done_at, item.gave_up_at) == (0, None, None)
    later = due_at(item_id)
    assert later > utc_now() + dt.timedelta(minutes=5), "it is not tried several times a second"
    with app.transaction(school.id) as db:
        switch_module(db, "pen", True, utc_now())
    (claim,) = claim_due(app, later, most=5)
    run_claimed(app, claim)
    assert settings_of(app, school) == ["noted"]


def test_mod_01_a_task_of_a_module_that_was_uninstalled_waits(
    app: Application, school: SchoolForTests, claim_one: Any, item_of: Any, due_at: Any
) -> None:
    item_id = queued(app, school, "gone.task")
    run_claimed(app, claim_one())
    assert item_of(item_id).done_at is None
    assert due_at(item_id) is not None


def test_an_item_without_a_wakeup_is_found(app: Application, school: SchoolForTests, claim_one: Any) -> None:
    item_id = queued(app, school, "note", name="noted")
    with app.transaction(None) as db:
        db.execute(delete(Wakeup).where(Wakeup.item_id == item_id))
    assert claim_due(app, utc_now(), most=5) == []
    assert sweep(app, school.id, utc_now()) == 1
    assert claim_one().item_id == item_id
    assert sweep(app, school.id, utc_now()) == 0


def test_a_wakeup_without_an_open_item_goes(app: Application, school: SchoolForTests, due_at: Any) -> None:
    item_id = queued(app, school, "note", name="noted")
    with app.transaction(school.id) as db:
        db.get_one(OutboxItem, (school.id, item_id)).done_at = utc_now()
    (claim,) = claim_due(app, utc_now(), most=5)
    run_claimed(app, claim)
    assert due_at(item_id) is None


def test_a_claim_of_another_school_reaches_nothing(
    app: Application,
    school: SchoolForTests,
    other_school: SchoolForTests,
    add: Add,
    item_of: Any,
    due_at: Any,
) -> None:
    add(TaskSpec("note", note))
    item_id = queued(app, school, "note", name="noted")
    (claim,) = claim_due(app, utc_now(), most=5)
    run_claimed(app, Claim(other_school.id, item_id, claim.until))
    assert settings_of(app, school) == settings_of(app, other_school) == []
    assert item_of(item_id).done_at is None
    assert due_at(item_id) == claim.until
