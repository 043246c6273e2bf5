"""MOD-04 and "a concern is never lost because a module broke": hooks of mode effect and veto around the
recording of an incident, on both databases, with the worst that a module can do. Hooks named here:
incident_saved, validate_incident, action_saved, students_imported."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import object_session

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession, TransactionEnded
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import FormRefused
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import Student
from cpoms_core.tenancy.models import Counter
from cpoms_core.tenancy.scope import OutOfScope
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.probe.hooks import keep_note
from cpoms_core.testing.probe.models import ProbeNote
from cpoms_core.testing.schools import SchoolForTests

Record = Callable[..., uuid.UUID]


def _notes(app: Application, school: SchoolForTests) -> list[str]:
    with app.session(school.id, writes=False) as db:
        return list(db.scalars(select(ProbeNote.text)))


def _kept(app: Application, school: SchoolForTests) -> list[dict[str, Any]]:
    """The calls that wait for the worker to try them again."""
    with app.session(school.id, writes=False) as db:
        return list(db.scalars(select(OutboxItem.payload).where(OutboxItem.kind == "hook")))


def test_incident_saved_is_told_its_own_values(
    probe_app: Application, school: SchoolForTests, record: Record
) -> None:
    told: list[dict[str, Any]] = []

    def note(values: dict[str, Any], **_: Any) -> None:
        told.append(dict(values))

    with behaviour.instead("incident_saved", note):
        record({"probe-note": "ours", "other-note": "another module's"})
    assert told == [{"probe-note": "ours"}]


def test_incident_saved_writes_with_the_incident(
    probe_app: Application, school: SchoolForTests, record: Record
) -> None:
    record({"probe-note": "seen"})
    assert _notes(probe_app, school) == ["seen"]
    assert _kept(probe_app, school) == []


# --- what a module can do wrong --------------------------------------------------------------------------


def _raise(**_: Any) -> None:
    raise RuntimeError("a module broke")


def _write_then_raise(db: PluginSession, **arguments: Any) -> None:
    keep_note(db=db, **arguments)
    db.flush()
    raise RuntimeError("a module broke late")


def _break_constraint(db: PluginSession, **_: Any) -> None:
    row = {"school_id": db.school_id, "id": new_id(), "incident_id": new_id(), "text": "x"}
    db.execute(insert(ProbeNote), [row, row])


def _swallow_integrity_error(db: PluginSession, **arguments: Any) -> None:
    with contextlib.suppress(IntegrityError):
        _break_constraint(db)


def _swallow_integrity_error_of_a_flush(db: PluginSession, incident_id: uuid.UUID, **_: Any) -> None:
    for _turn in range(2):
        db.add(ProbeNote(school_id=db.school_id, id=new_id(), incident_id=incident_id, text="x"))
    with contextlib.suppress(IntegrityError):
        db.flush()


def _leave_a_row_that_cannot_be_written(db: PluginSession, incident_id: uuid.UUID, **_: Any) -> None:
    for _turn in range(2):
        db.add(ProbeNote(school_id=db.school_id, id=new_id(), incident_id=incident_id, text="x"))


def _row_of(db: PluginSession, incident_id: uuid.UUID) -> Incident:
    row = db.get(Incident, (db.school_id, incident_id))
    assert row is not None
    return row


def _end_by(name: str, through: str) -> Callable[..., None]:
    def act(db: PluginSession, incident_id: uuid.UUID, **_: Any) -> None:
        session = db if through == "the session it is given" else object_session(_row_of(db, incident_id))
        getattr(session, name)()

    return act


def _write_to_another_school(db: PluginSession, **_: Any) -> None:
    db.add(ProbeNote(school_id=db.school_id + 1, id=new_id(), incident_id=new_id(), text="x"))


def _read_past_the_orm(db: PluginSession, **_: Any) -> None:
    db.execute(select(Student.__table__)).all()


def _exit(**_: Any) -> None:
    raise AssertionError("as pytest and mypy would")


FAULTS: dict[str, Callable[..., None]] = {
    "raises": _raise,
    "writes, then raises": _write_then_raise,
    "breaks a constraint": _break_constraint,
    "breaks a constraint and swallows it": _swallow_integrity_error,
    "breaks a constraint in a flush and swallows it": _swallow_integrity_error_of_a_flush,
    "leaves a row that cannot be written": _leave_a_row_that_cannot_be_written,
    "writes to another school": _write_to_another_school,
    "reads past the ORM": _read_past_the_orm,
    "asserts": _exit,
    **{
        f"{name} on {through}": _end_by(name, through)
        for name in ("commit", "rollback", "close", "reset", "invalidate", "prepare")
        for through in ("the session it is given", "its row's session")
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_incident_saved_costs_its_own_part_only(
    probe_app: Application, school: SchoolForTests, record: Record, fault: str
) -> None:
    with behaviour.instead("incident_saved", FAULTS[fault]):
        incident_id = record({"probe-note": "kept"})
    swallowed = fault == "breaks a constraint and swallows it" and probe_app.engines.dialect == "sqlite"
    assert _notes(probe_app, school) == []
    if swallowed:
        return  # SQLite goes on after a failed statement, so there is nothing to make good
    kept = _kept(probe_app, school)
    assert [(one["module"], one["hook"]) for one in kept] == [("probe", "incident_saved")]
    assert kept[0]["ids"] == {"incident_id": str(incident_id)}
    assert kept[0]["arguments"]["values"] == {"probe-note": "kept"}
    failures = record.failures  # type: ignore[attr-defined]
    assert [(one.module, one.hook) for one in failures] == [("probe", "incident_saved")]
    assert failures[0].reference


def test_an_incident_after_a_faulty_one_is_as_good_as_any(
    probe_app: Application, school: SchoolForTests, record: Record
) -> None:
    with behaviour.instead("incident_saved", _swallow_integrity_error):
        record()
    record({"probe-note": "second"})
    assert _notes(probe_app, school) == ["second"]
    with probe_app.session(school.id, writes=False) as db:
        assert sorted(db.scalars(select(Incident.number))) == [1, 2]


def test_a_hook_that_ends_the_transaction_by_a_back_door_is_loud(
    probe_app: Application, school: SchoolForTests, record: Record
) -> None:
    """Nothing can bring the incident back then, so the person must be told that it was not saved."""

    def act(db: PluginSession, incident_id: uuid.UUID, **_: Any) -> None:
        session = object_session(_row_of(db, incident_id))
        assert session is not None
        transaction = session.get_transaction()
        assert transaction is not None
        transaction.rollback()

    with behaviour.instead("incident_saved", act), pytest.raises(TransactionEnded):
        record()


def test_the_cores_own_fault_is_not_taken_for_the_modules(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    """What the core still owes the database is written before a module's savepoint begins."""
    kept: list[Any] = []
    with probe_app.session(school.id, writes=True) as db:
        db.add(Counter(school_id=school.id, name="incident", value=0))  # is there already
        with pytest.raises(IntegrityError):
            probe_app.hooks.effect(
                "students_imported", db, viewer, lambda *call: kept.append(call), run_id=new_id()
            )
        assert db.hook_failures == [] and kept == []
    assert behaviour.called == []


def test_a_module_has_no_way_to_end_the_transaction(probe_app: Application, school: SchoolForTests) -> None:
    with probe_app.session(school.id, writes=True) as db:
        lent = PluginSession(db)
        for name in ("commit", "rollback", "close", "begin", "begin_nested", "connection", "bind"):
            assert not hasattr(lent, name)
        with db.lent():
            for name in ("commit", "rollback", "close", "reset", "invalidate", "prepare"):
                with pytest.raises(OutOfScope, match="must not end"):
                    getattr(db, name)()
        db.rollback()


# --- veto: validate_incident -----------------------------------------------------------------------------


def test_validate_incident_objects_beside_its_field(
    probe_app: Application, school: SchoolForTests, record: Record
) -> None:
    with pytest.raises(FormRefused) as refused:
        record({"probe-note": "refused"})
    assert refused.value.errors == [FieldError("probe-note", "The probe refuses this note.")]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_validate_incident_that_raises_does_not_block(
    probe_app: Application, school: SchoolForTests, record: Record, fault: str
) -> None:
    def act(db: PluginSession, **_: Any) -> None:
        student = db.scalars(select(Student)).first()
        FAULTS[fault](db=db, incident_id=student.id, values={})

    with behaviour.instead("validate_incident", act):
        record()


@pytest.mark.parametrize(
    "answer", [None, "no", 5, {"probe-note": "no"}, ["no"], [None], [("probe-note", "no")], object()]
)
def test_nonsense_from_validate_incident_is_no_objection(record: Record, answer: Any) -> None:
    with behaviour.instead("validate_incident", lambda **_: answer):
        record()
    expected = [] if answer is None else ["validate_incident"]
    assert [one.hook for one in record.failures] == expected  # type: ignore[attr-defined]


def test_validate_incident_may_be_a_generator(record: Record) -> None:
    def act(**_: Any) -> Any:
        yield FieldError("probe-note", "One.")
        yield FieldError("student", "Two.")

    with behaviour.instead("validate_incident", act), pytest.raises(FormRefused) as refused:
        record()
    assert [one.message for one in refused.value.errors] == ["One.", "Two."]


# --- off -------------------------------------------------------------------------------------------------


def test_a_module_that_is_off_is_not_told(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, record: Record
) -> None:
    record({"probe-note": "refused"}, replace(viewer, modules=viewer.modules - {"probe"}))
    assert behaviour.called == []


@pytest.mark.parametrize(
    ("hook", "arguments"),
    [
        ("action_saved", {"action_id": uuid.UUID(int=1), "version": 1, "values": {}}),
        ("students_imported", {"run_id": uuid.UUID(int=1)}),
    ],
)
def test_every_effect_is_kept_when_it_fails_and_told_only_where_it_is_on(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str, arguments: dict[str, Any]
) -> None:
    kept: list[tuple[str, str]] = []

    def keep(module: str, failed: str, _arguments: Any) -> None:
        kept.append((module, failed))

    def tell(who: Viewer) -> None:
        with probe_app.transaction(school.id) as db:
            db.execute(update(Student).values(religion="core").execution_options(synchronize_session=False))
            probe_app.hooks.effect(hook, db, who, keep, **arguments)

    tell(viewer)
    assert behaviour.called == [hook] and kept == []
    with behaviour.instead(hook, _raise):
        tell(viewer)
    assert kept == [("probe", hook)]
    tell(replace(viewer, modules=frozenset()))
    assert behaviour.called == [hook, hook]
    with probe_app.session(school.id, writes=False) as db:
        count = select(func.count()).select_from(Student).where(Student.religion == "core")
        assert db.scalar(count) == 3


def test_a_retry_runs_the_one_module_and_passes_errors_on(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    arguments = {"run_id": new_id()}
    with probe_app.session(school.id, writes=True) as db:
        probe_app.hooks.retry("probe", "students_imported", db, viewer, **arguments)
        probe_app.hooks.retry("cases", "students_imported", db, viewer, **arguments)
        assert behaviour.called == ["students_imported"]
        with behaviour.instead("students_imported", _raise), pytest.raises(RuntimeError):
            probe_app.hooks.retry("probe", "students_imported", db, viewer, **arguments)
