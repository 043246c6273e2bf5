"""The audit's chain of seals (OPS-09): nothing under it can change without being seen."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, func, select

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.audit.models import AuditEntry, Seal, Unsealed
from cpoms_core.audit.sealing import _alone, seal_waiting
from cpoms_core.audit.verify import Checkpoint, Findings, checkpoint, read_checkpoints, verify
from cpoms_core.cli.auditing import audit as audit_command
from cpoms_core.database.types import new_id
from cpoms_core.migrations import guards
from cpoms_core.testing.schools import SchoolForTests

Tamper = Callable[..., None]


def write(app: Application, school: SchoolForTests, count: int = 1) -> None:
    with app.transaction(school.id) as db:
        for number in range(count):
            audit.record(
                db,
                school.viewer("lead"),
                "student.viewed",
                [school.students["aoife"]],
                number=number,
                share=0.5,
            )


def seal(app: Application, school: SchoolForTests, most: int = 1000) -> int:
    return seal_waiting(app, school.id, utc_now(), most=most)


def check(app: Application, school: SchoolForTests, *points: Checkpoint) -> Findings:
    return verify(app, school.id, school.slug, points)


def point(app: Application, school: SchoolForTests) -> Checkpoint:
    found = checkpoint(app, school.id, school.slug)
    assert found
    return found


def entry_ids(app: Application, school: SchoolForTests) -> list[uuid.UUID]:
    with app.session(school.id, writes=False) as db:
        return list(db.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


@pytest.fixture
def tamper(app: Application, school: SchoolForTests) -> Iterator[Tamper]:
    """Changes rows as someone could who owns the database: past the application and its triggers."""
    engine = create_engine(app.deployment.owner_url)
    sqlite = engine.dialect.name == "sqlite"

    def run(statement: str, *ids: uuid.UUID) -> None:
        with engine.begin() as connection:
            for table in ("audit_entry", "audit_subject", "audit_seal"):
                for deed in ("update", "delete"):
                    on = "" if sqlite else f" ON {table}"
                    connection.exec_driver_sql(f"DROP TRIGGER keep_{table}_{deed}{on}")
            if not sqlite:
                connection.exec_driver_sql(f"SELECT set_config('app.school', '{school.id}', true)")
            for one in ids:
                literal = f"x'{one.hex}'" if sqlite else f"'{one}'"
                statement = statement.replace("?", literal, 1)
            changed = connection.exec_driver_sql(f"{statement} AND school_id = {school.id}").rowcount
            assert changed, "the test changed nothing"
            guards.put_up(connection)

    yield run
    engine.dispose()


def test_what_was_written_is_sealed_in_batches_and_fits(app: Application, school: SchoolForTests) -> None:
    write(app, school, 5)
    assert [seal(app, school, most=2) for _ in range(4)] == [2, 2, 1, 0]
    found = check(app, school)
    assert (found.problems, found.seals, found.entries, found.unsealed) == ([], 3, 5, 0)


def test_what_is_not_sealed_yet_is_said(app: Application, school: SchoolForTests) -> None:
    write(app, school, 2)
    seal(app, school)
    write(app, school, 3)
    found = check(app, school)
    assert (found.problems, found.entries, found.unsealed) == ([], 2, 3)


def test_each_school_has_a_chain_of_its_own(
    app: Application, school: SchoolForTests, other_school: SchoolForTests
) -> None:
    write(app, school, 2)
    write(app, other_school, 3)
    assert seal(app, school) == 2
    assert (check(app, school).entries, check(app, other_school).unsealed) == (2, 3)


def test_an_entry_that_is_committed_late_with_an_older_id_is_sealed(
    app: Application, school: SchoolForTests
) -> None:
    """A long transaction: its id was made first, and it commits after younger ones were sealed."""
    early = audit.entry(school.viewer("lead"), "report.run")
    write(app, school, 2)
    assert early["id"] < min(entry_ids(app, school))
    assert seal(app, school) == 2
    with app.transaction(school.id) as db:
        audit.write_entries(db, [early])
    assert check(app, school).unsealed == 1
    assert seal(app, school) == 1
    found = check(app, school)
    assert (found.problems, found.entries, found.unsealed) == ([], 3, 0)


def test_looking_takes_no_lock_where_nothing_waits(
    app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Application, "transaction", lambda *_a, **_k: pytest.fail("a transaction began"))
    assert seal(app, school) == 0


def test_two_workers_do_not_break_the_chain(app: Application, school: SchoolForTests) -> None:
    if app.engines.dialect == "sqlite":
        pytest.skip("SQLite has one writer")
    write(app, school, 2)
    with app.transaction(school.id) as db:
        assert _alone(db, school.id)
        write(app, school, 1)  # rows that refer to the school are not held up
        assert seal(app, school) == 0
    assert seal(app, school) == 3
    assert check(app, school).problems == []


def test_an_altered_entry_is_named(app: Application, school: SchoolForTests, tamper: Tamper) -> None:
    write(app, school, 3)
    seal(app, school)
    victim = entry_ids(app, school)[1]
    tamper("UPDATE audit_entry SET event = 'student.listed' WHERE id = ?", victim)
    assert check(app, school).problems == [f"entry {victim} of seal 1 was altered"]


@pytest.mark.parametrize(
    "change",
    [
        "subjects = '[]'",
        "details = '{}'",
        "ip = '10.0.0.1'",
        "channel = 'x'",
        "access = 'x'",
        "user_id = NULL",
        "at = '2020-01-01 00:00:00'",
    ],
)
def test_no_part_of_an_entry_can_change(
    change: str, app: Application, school: SchoolForTests, tamper: Tamper
) -> None:
    write(app, school)
    seal(app, school)
    tamper(f"UPDATE audit_entry SET {change} WHERE id = ?", entry_ids(app, school)[0])
    assert len(check(app, school).problems) == 1


def test_a_missing_entry_is_named(app: Application, school: SchoolForTests, tamper: Tamper) -> None:
    write(app, school, 3)
    seal(app, school)
    victim = entry_ids(app, school)[0]
    tamper("DELETE FROM audit_subject WHERE entry_id = ?", victim)
    tamper("DELETE FROM audit_entry WHERE id = ?", victim)
    assert check(app, school).problems == [f"entry {victim} of seal 1 missing"]


def test_a_seal_made_to_fit_an_altered_entry_breaks_the_chain(
    app: Application, school: SchoolForTests, tamper: Tamper
) -> None:
    write(app, school, 2)
    seal(app, school, most=1)
    seal(app, school, most=1)
    with app.session(school.id, writes=False) as db:
        other = json.dumps(db.get_one(Seal, (school.id, 2)).entries)
    tamper(f"UPDATE audit_seal SET entries = '{other}' WHERE number = 1")
    assert "seal 1 was altered, or the one before it" in check(app, school).problems


def test_the_time_of_a_seal_is_sealed_too(app: Application, school: SchoolForTests, tamper: Tamper) -> None:
    write(app, school)
    seal(app, school)
    tamper("UPDATE audit_seal SET sealed_at = '2020-01-01 00:00:00' WHERE number = 1")
    assert check(app, school).problems == ["seal 1 was altered, or the one before it"]


def test_a_missing_seal_is_named(app: Application, school: SchoolForTests, tamper: Tamper) -> None:
    write(app, school, 3)
    while seal(app, school, most=1):
        pass
    tamper("DELETE FROM audit_seal WHERE number = 2")
    assert check(app, school).problems == [
        "seal 2 missing",
        "1 entries are under no seal and do not wait for one",
    ]


def test_an_entry_that_was_put_in_past_the_application_is_seen(
    app: Application, school: SchoolForTests
) -> None:
    write(app, school)
    seal(app, school)
    with app.transaction(school.id) as db:
        db.add(
            AuditEntry(
                school_id=school.id, id=new_id(), at=utc_now(), user_id=None, event="login.in", channel="web"
            )
        )
    assert check(app, school).problems == ["1 entries are under no seal and do not wait for one"]


def test_an_end_that_was_cut_off_shows_by_its_checkpoint(
    app: Application, school: SchoolForTests, tamper: Tamper
) -> None:
    write(app, school)
    seal(app, school)
    first = point(app, school)
    write(app, school)
    seal(app, school)
    last = point(app, school)
    assert check(app, school, first, last).problems == []
    victim = entry_ids(app, school)[-1]
    tamper("DELETE FROM audit_seal WHERE number = 2")
    tamper("DELETE FROM audit_subject WHERE entry_id = ?", victim)
    tamper("DELETE FROM audit_entry WHERE id = ?", victim)
    assert check(app, school).problems == [], "the chain alone cannot know"
    assert check(app, school, first, last).problems == [
        "seal 2 of a checkpoint is gone: the chain was cut off"
    ]


def test_a_chain_that_was_written_anew_shows_by_its_checkpoint(
    app: Application, school: SchoolForTests, tamper: Tamper
) -> None:
    write(app, school)
    seal(app, school)
    kept = point(app, school)
    victim = entry_ids(app, school)[0]
    tamper("DELETE FROM audit_seal WHERE number = 1")
    tamper("UPDATE audit_entry SET event = 'nothing' WHERE id = ?", victim)
    with app.transaction(school.id) as db:
        db.add(Unsealed(school_id=school.id, entry_id=victim))
    seal(app, school)
    assert check(app, school).problems == []
    assert check(app, school, kept).problems == [
        "seal 1 is not the one of the checkpoint: the chain was written anew"
    ]


def test_the_queue_is_empty_once_all_is_sealed(app: Application, school: SchoolForTests) -> None:
    write(app, school, 3)
    seal(app, school)
    with app.session(school.id, writes=False) as db:
        assert db.scalar(select(func.count()).select_from(Unsealed)) == 0


class _Setup:
    def __init__(self, app: Application) -> None:
        self.app = app


def test_the_commands_say_what_fits_and_what_does_not(
    app: Application, school: SchoolForTests, tamper: Tamper, tmp_path: Any
) -> None:
    write(app, school, 2)
    seal(app, school)
    kept = tmp_path / "checkpoints.jsonl"
    said = CliRunner().invoke(
        audit_command, ["checkpoint", "--school", school.slug, "--append", str(kept)], obj=_Setup(app)
    )
    assert said.exit_code == 0
    assert said.output == kept.read_text()
    assert read_checkpoints(said.output.splitlines()) == [point(app, school)]
    arguments = ["verify", "--school", school.slug, "--checkpoints", str(kept)]
    said = CliRunner().invoke(audit_command, arguments, obj=_Setup(app))
    assert (said.exit_code, said.output) == (
        0,
        f"{school.slug}: 2 entries under 1 seals, 0 not sealed yet: intact\n",
    )
    victim = entry_ids(app, school)[0]
    tamper("UPDATE audit_entry SET event = 'x' WHERE id = ?", victim)
    said = CliRunner().invoke(audit_command, arguments, obj=_Setup(app))
    assert said.exit_code == 1
    assert f"entry {victim} of seal 1 was altered" in said.output


def test_the_commands_refuse_what_they_cannot_read(
    app: Application, school: SchoolForTests, tmp_path: Any
) -> None:
    unknown = CliRunner().invoke(audit_command, ["verify", "--school", "nowhere"], obj=_Setup(app))
    assert (unknown.exit_code, "no school 'nowhere'" in unknown.output) == (1, True)
    bad = tmp_path / "bad"
    bad.write_text('{"school": 1}\n')
    said = CliRunner().invoke(audit_command, ["verify", "--checkpoints", str(bad)], obj=_Setup(app))
    assert (said.exit_code, "line 1 is not a checkpoint" in said.output) == (1, True)
    assert school.id
