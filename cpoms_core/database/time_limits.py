"""Statements that end when somebody's time is up: a module's hook cannot be killed inside the process, but
what it asks the database can be stopped there.

PostgreSQL: `statement_timeout`, within the savepoint. SQLite: a handler that looks at the clock every so many
steps. SQLite rolls the whole transaction back where a *writing* statement is interrupted, and with it the
concern that is being recorded; so there only what reads is interrupted (`note_reading` says what does).
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from sqlalchemy import Connection

STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond."""
STATEMENT_TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"
"""With the milliseconds as a text; None puts back what the connection began with."""
READS = "cpoms_reads"


def note_reading(
    connection: Connection, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    """Engine listener (`before_cursor_execute`): notes whether the connection's newest statement only
    reads."""
    connection.info[READS] = bool(getattr(context.invoked_statement, "is_select", False))


class Deadline(Protocol):
    """When it must be over; `left` in seconds."""

    @property
    def is_over(self) -> bool: ...

    @property
    def left(self) -> float: ...


class StatementLimit:
    """From when it is made, the connection's statements are stopped when the deadline is over: on PostgreSQL
    each that lasts until then from now, on SQLite what reads."""

    def __init__(self, connection: Connection, deadline: Deadline) -> None:
        self._driver: Any = None
        if connection.dialect.name == "postgresql":
            # none would be no limit; and who is stopped must find that the time is over, not just before it
            milliseconds = math.ceil(deadline.left * 1000) + 1
            connection.exec_driver_sql(STATEMENT_TIMEOUT, (str(milliseconds),))
            return
        info = connection.info
        self._driver = connection.connection.driver_connection
        self._driver.set_progress_handler(lambda: bool(info.get(READS)) and deadline.is_over, STEPS)

    def end(self, connection: Connection) -> None:
        """Ends the limit where all went well. On PostgreSQL that is itself a statement, which fails in a
        transaction that an earlier one has broken."""
        if self._driver is None:
            connection.exec_driver_sql(STATEMENT_TIMEOUT, (None,))
        self.drop()

    def drop(self) -> None:
        """Ends what rolling back to the savepoint does not end by itself; may be called again."""
        if self._driver is not None:
            self._driver.set_progress_handler(None, 0)

    @property
    def lost_transaction(self) -> bool:
        """Whether SQLite has ended the whole transaction; PostgreSQL never does."""
        return self._driver is not None and not self._driver.in_transaction
