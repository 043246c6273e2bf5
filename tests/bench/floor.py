"""The floor under a page: the very statements that it ran, run again by hand on a bare connection, and an
empty Pyramid and Chameleon page."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from sqlalchemy import Engine, event
from webob import Request

Statement = tuple[str, Any, bool]


@contextmanager
def recorded(*engines: Engine) -> Iterator[list[Statement]]:
    """The statements that ran meanwhile, with their parameters as the driver got them."""
    found: list[Statement] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        found.append((statement, parameters, many))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def by_hand(engine: Engine, statements: list[Statement], known: set[uuid.UUID]) -> Callable[[], None]:
    """Runs the recorded statements again in one transaction, rows fetched. Ids that the page made get new
    ones each time, so that what it inserted can be inserted again; the incident takes the next number."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    bare = [
        one
        for one in statements
        if not one[0].upper().startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    sqlite = engine.dialect.name == "sqlite"

    def run() -> None:
        fresh: dict[Any, Any] = {}
        number: int | None = None
        cursor = connection.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE" if any(s.startswith("INSERT") for s, _, _ in bare) else "BEGIN")
        for statement, parameters, many in bare:
            renewed = _renewed(parameters, known, fresh)
            if number is not None and statement.startswith("INSERT INTO incident ("):
                renewed = _numbered(renewed, number)
            if many:
                cursor.executemany(statement, renewed)
            else:
                cursor.execute(statement, renewed)
            if cursor.description:
                rows = cursor.fetchall()
                if statement.startswith("UPDATE counter"):
                    number = rows[0][0]
        connection.commit()

    run.close = pooled.close  # type: ignore[attr-defined]
    return run


def _renewed(parameters: Any, known: set[uuid.UUID], fresh: dict[Any, Any]) -> Any:
    if isinstance(parameters, dict):
        return {key: _renewed(value, known, fresh) for key, value in parameters.items()}
    if isinstance(parameters, list | tuple):
        return type(parameters)(_renewed(value, known, fresh) for value in parameters)
    value = bytes(parameters) if isinstance(parameters, memoryview) else parameters
    if isinstance(value, bytes) and len(value) == 16:
        if uuid.UUID(bytes=value) in known:
            return value
        return fresh.setdefault(value, os.urandom(16))
    if isinstance(value, uuid.UUID) and value not in known:
        return fresh.setdefault(value, uuid.uuid4())
    return value


def _numbered(parameters: Any, number: int) -> Any:
    """The incident's number stands third in its insert, after the school and the id."""
    if isinstance(parameters, dict):
        return {**parameters, "number": number}
    return (*parameters[:2], number, *parameters[3:])


def bare_page(folder: Path) -> Callable[[], None]:
    """A request to an application of nothing but Pyramid and one Chameleon template."""
    template = folder / "bare.pt"
    template.write_text(
        '<html><body><ul><li tal:repeat="row rows">${row}</li></ul></body></html>', encoding="utf-8"
    )
    with Configurator() as config:
        config.include("pyramid_chameleon")
        config.add_route("bare", "/")
        config.add_view(lambda _r: {"rows": range(25)}, route_name="bare", renderer=str(template))
        wsgi = config.make_wsgi_app()

    def run() -> None:
        answer = Request.blank("/").get_response(wsgi)
        assert answer.status_int == 200

    return run
