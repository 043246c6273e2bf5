"""What a module can owe and write down with its own change, by the session that its hooks get."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.documents.storage import FileDamaged
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def db(school: SchoolForTests) -> Iterator[SchoolSession]:
    """A session whose work no other test sees."""
    with school.app.session(school.id, writes=True) as session:
        yield session


def owed(db: SchoolSession) -> list[Any]:
    return list(
        db.execute(
            select(OutboxItem.kind, OutboxItem.payload, Wakeup.due_at)
            .join(Wakeup, Wakeup.item_id == OutboxItem.id)
            .where(Wakeup.school_id == db.school_id)
        )
    )


def test_a_module_owes_a_mail(school: SchoolForTests, db: SchoolSession) -> None:
    """CAS-02, INC-09: a row beside the module's change, with ids and no content, due at once."""
    now = utc_now()
    PluginSession(db).queue_mail(
        "probe.note", to_user=school.users["head"], now=now, sender=str(school.users["lead"])
    )
    db.flush()
    payload = {
        "template": "probe.note",
        "to_user": str(school.users["head"]),
        "sender": str(school.users["lead"]),
    }
    assert owed(db) == [("mail", payload, now)]


def test_a_module_queues_a_task_for_later(school: SchoolForTests, db: SchoolSession) -> None:
    """MOD-01: one that it declared by `register_tasks`."""
    now = utc_now()
    due = now + dt.timedelta(hours=1)
    PluginSession(db).queue_task("probe.count", {"since": "2026"}, now=now, due=due)
    db.flush()
    assert owed(db) == [("probe.count", {"since": "2026"}, due)]


def test_a_module_writes_an_audit_entry(school: SchoolForTests, db: SchoolSession) -> None:
    """OPS-09: by the viewer who acts."""
    PluginSession(db).audit(school.viewer("lead"), "probe.done", [school.students["aoife"]], count=2)
    (entry,) = db.scalars(select(AuditEntry))
    assert (entry.event, entry.user_id, entry.details) == ("probe.done", school.users["lead"], {"count": 2})
    assert entry.subjects == [str(school.students["aoife"])]


def test_what_is_owed_goes_with_a_hook_that_fails(school: SchoolForTests, db: SchoolSession) -> None:
    """MOD-04: no mail about a change that did not happen."""
    with pytest.raises(RuntimeError), db.begin_nested():
        PluginSession(db).queue_mail("probe.note", to_user=school.users["head"], now=utc_now())
        PluginSession(db).audit(school.viewer("lead"), "probe.done")
        raise RuntimeError
    assert owed(db) == []
    assert list(db.scalars(select(AuditEntry))) == []


def kept(school: SchoolForTests, content: bytes) -> uuid.UUID:
    """A file in the school's storage, as a module takes it in."""
    uploads = [Upload("plan.txt", io.BytesIO(content))]
    with taken_in(school.app, school.viewer("lead"), uploads, needs="admin") as (file,):
        return file.id


def test_a_module_reads_a_file_of_its_school_as_a_whole(
    school: SchoolForTests, other_school: SchoolForTests, db: SchoolSession
) -> None:
    """MAP-04, OPS-03: `read_file`; another school's is not there, and a damaged one is no file."""
    content = b"Be kind. " * 100_000
    mine, theirs = kept(school, content), kept(other_school, b"Not yours.")
    session = PluginSession(db)
    assert session.read_file(mine) == content and session.used
    for missing in (theirs, uuid.uuid4()):
        with pytest.raises(FileDamaged):
            session.read_file(missing)
    (path,) = (one for one in (school.app.deployment.folder / "files").rglob(mine.hex) if one.is_file())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileDamaged):
        session.read_file(mine)


def test_each_counts_as_using_the_database(school: SchoolForTests, db: SchoolSession) -> None:
    """MOD-04: so that the relay looks whether the transaction is still whole."""
    for act in (
        lambda session: session.queue_mail("probe.note", to_user=school.users["head"], now=utc_now()),
        lambda session: session.queue_task("probe.count", {}, now=utc_now()),
        lambda session: session.audit(school.viewer("lead"), "probe.done"),
    ):
        session = PluginSession(db)
        act(session)
        assert session.used
