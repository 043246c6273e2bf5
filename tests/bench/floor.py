"""The floor under a page: what any Pyramid, Chameleon and SQL page must cost that gives the same answer.

It is the sum of two parts, measured in the same run:
1. the very statements that the page ran, run again by hand on a bare driver connection, rows fetched;
2. a bare Pyramid application whose one template is the page's own answer, each value that the page put into
   its templates being put in again (`${row[7]}`), so that it has the same tags, the same number of
   insertions and, as is checked, the same bytes.
The floor knows nothing of people, permissions, schools, forms or modules, repeats nothing, links nothing and
formats nothing: its rows are lists of finished texts, and its SQL was worked out beforehand.
"""

from __future__ import annotations

import html
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy import Engine, event
from webob import Request

Statement = tuple[str, Any, bool]


@contextmanager
def recorded(*engines: Engine) -> Iterator[list[Statement]]:
    """The statements that ran meanwhile, with their parameters as the driver got them. Engines that share a
    pool share their events too, and are listened to once."""
    found: list[Statement] = []
    engines = tuple({engine.pool: engine for engine in engines}.values())

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        found.append((statement, parameters, many))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def by_hand(
    engine: Engine, statements: list[Statement], known: set[uuid.UUID]
) -> Iterator[Callable[[], None]]:
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

    try:
        yield run
    finally:
        pooled.close()


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


TAG = re.compile(r"<[^>]*>")
ATTRIBUTE = re.compile(r'="([^"]*)"')


def bare_page(folder: Path, answer: Any) -> Callable[[], None]:
    """A request to an application of nothing but Pyramid and one Chameleon template, which gives the body of
    `answer`; a redirect has none."""
    body = answer.text
    source, values = _with_insertions(body)
    template = folder / f"bare-{os.urandom(4).hex()}.pt"
    template.write_text(source, encoding="utf-8")
    with Configurator() as config:
        config.include("pyramid_chameleon")
        config.add_route("bare", "/")
        if body:
            config.add_view(lambda _r: {"row": values}, route_name="bare", renderer=str(template))
        else:
            config.add_view(lambda _r: Response(status=answer.status_int), route_name="bare")
        wsgi = config.make_wsgi_app()

    def run() -> str:
        return str(Request.blank("/").get_response(wsgi).text)

    assert run() == body, "the floor's page is not the same"
    return run  # type: ignore[return-value]


def _with_insertions(body: str) -> tuple[str, list[str]]:
    """A template that makes the body, and the values that it inserts: every text and every value of an
    attribute that no template of the product spells out."""
    spelt = _templates()
    values: list[str] = []

    def inserted(written: str) -> str:
        value = html.unescape(written)
        plain = written.strip()
        if not plain or plain in spelt or html.escape(value, quote=False) != written or "${" in value:
            return written
        values.append(value)
        return f"${{row[{len(values) - 1}]}}"

    parts, at = [], 0
    for tag in TAG.finditer(body):
        parts.append(inserted(body[at : tag.start()]))
        parts.append(ATTRIBUTE.sub(lambda found: f'="{inserted(found[1])}"', tag[0]))
        at = tag.end()
    parts.append(inserted(body[at:]))
    return "".join(parts), values


@cache
def _templates() -> str:
    root = Path(__file__).parents[2]
    folders = (root / "templates", *root.glob("plugins/*/*/templates"))
    return "\n".join(path.read_text("utf-8") for folder in folders for path in sorted(folder.rglob("*.pt")))
