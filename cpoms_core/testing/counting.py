"""Counting statements, so that a test can say how many a page needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from cpoms_core.database.engines import Engines


@dataclass(slots=True)
class Counted:
    """What was sent to the database."""

    statements: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return len(self.statements)

    def __str__(self) -> str:
        return "\n".join(f"{number}. {text}" for number, text in enumerate(self.statements, 1))


PLUMBING = ("SAVEPOINT", "RELEASE SAVEPOINT", "SELECT set_config")


@contextmanager
def counted(engines: Engines) -> Iterator[Counted]:
    """Counts the statements that are sent through the engines meanwhile. The beginnings and ends of
    transactions and savepoints, and telling PostgreSQL which school it is, do not count."""
    found = Counted()
    # on PostgreSQL the one is made of the other and hears what that hears: both would count twice
    listening = {id(engine.pool): engine for engine in (engines.reading, engines.writing)}.values()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", *PLUMBING)):
            found.statements.append(statement)

    for engine in listening:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in listening:
            event.remove(engine, "before_cursor_execute", note)
