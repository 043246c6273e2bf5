"""The school's session as modules see it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Result, literal, select

from cpoms_core.audit import services as audit
from cpoms_core.database.time_limits import StatementLimit
from cpoms_core.hooks.timing import Deadline, TookTooLong
from cpoms_core.outbox import services as outbox
from cpoms_core.outbox.wording import LETTERS
from cpoms_core.tenancy.models import School

if TYPE_CHECKING:
    from cpoms_core.access.viewer import Viewer
    from cpoms_core.tenancy.scope import SchoolSession

PROBE = select(literal(1))
T = TypeVar("T")


class PluginSession:
    """The school's session as a module sees it: it reads and writes, but cannot end the transaction.

    A hook that called `rollback()` left the savepoint without an error, and the incident was gone.
    `deadline`: when the hook must be over; then its statements are stopped, and it may begin no other.
    """

    def __init__(self, session: SchoolSession, deadline: Deadline | None = None) -> None:
        self._session = session
        self._deadline = deadline
        self._limit: StatementLimit | None = None
        self.used = False

    def _use(self) -> SchoolSession:
        """The session, for one thing to do. The first begins the limit: a hook that asks the database nothing
        costs no statement. Raises TookTooLong."""
        if self._deadline is not None:
            if self._deadline.is_over:
                raise TookTooLong
            if not self.used:
                self.used = True
                self._limit = StatementLimit(self._session.connection(), self._deadline)
        self.used = True
        return self._session

    def settle(self) -> None:
        """For the relay, inside the hook's savepoint: writes what the hook left to be written, and ends its
        limit. A hook that swallowed its own SQL error leaves the transaction broken: that is found out here,
        and not when the savepoint is released."""
        if self.used:
            self._session.flush()
            connection = self._session.connection()  # raises after a flush that failed
            if self._limit is not None:
                self._limit.end(connection)
            elif connection.dialect.name == "postgresql":  # SQLite goes on after a statement that failed
                self._session.execute(PROBE)

    def leave(self) -> None:
        """For the relay: ends the limit however the hook ended, so that what follows is not stopped."""
        if self._limit is not None:
            self._limit.drop()

    @property
    def lost_transaction(self) -> bool:
        """For the relay: whether SQLite rolled back more than the hook's savepoint, as it does where a
        statement that writes is stopped or the disk is full."""
        return self._limit is not None and self._limit.lost_transaction

    @property
    def school_id(self) -> int:
        assert self._session.school_id is not None
        return self._session.school_id

    def execute(self, statement: Any, parameters: Any = None) -> Result[*tuple[Any, ...]]:
        return self._use().execute(statement, parameters)

    def scalars(self, statement: Any) -> Any:
        return self._use().scalars(statement)

    def scalar(self, statement: Any) -> Any:
        return self._use().scalar(statement)

    def get(self, entity: type[T], key: Any) -> T | None:
        return self._use().get(entity, key)

    def add(self, row: object) -> None:
        self._use().add(row)

    def flush(self) -> None:
        self._use().flush()

    def queue_mail(self, template: str, *, to_user: uuid.UUID, now: dt.datetime, **facts: str) -> uuid.UUID:
        """Owes a user a mail of `outbox.wording` or of `register_mails`, in this transaction; parameters as
        for `outbox.services.queue_mail`. Raises ValueError for one that nobody declares."""
        session = self._use()
        if template not in LETTERS and template not in session.app.mails:
            raise ValueError(f"there is no mail {template!r}")
        return outbox.queue_mail(session, template, to_user=to_user, now=now, **facts)

    def queue_task(
        self, name: str, payload: dict[str, Any], *, now: dt.datetime, due: dt.datetime | None = None
    ) -> uuid.UUID:
        """Queues one of the module's tasks by its name (`module.task`), in this transaction. `payload` is
        plain JSON: ids, not content. `due`: not before (UTC)."""
        return outbox.queue(self._use(), name, payload, now=now, due=due)

    def read_file(self, file_id: uuid.UUID) -> bytes:
        """A stored file that a row of the module names, as a whole: for small ones, such as a picture that
        goes into a print. Raises FileDamaged and FilesAway (`cpoms_core.documents.storage`)."""
        session = self._use()
        wrapped = session.scalars(select(School.file_key).where(School.id == self.school_id)).one()
        return b"".join(session.app.storage.read(wrapped or "", self.school_id, file_id))

    def audit(self, viewer: Viewer, event: str, subjects: Iterable[uuid.UUID] = (), **details: Any) -> None:
        """Writes an audit entry with the change it belongs to; parameters as for `audit.services.record`."""
        audit.record(self._use(), viewer, event, subjects, **details)
