"""The import of the demo's extract: seconds, beside parsing the file plus a bare bulk insert of its rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.demo.extract import write_extract
from cpoms_core.imports import services
from cpoms_core.imports.records import Extract
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import make_school
from tests.bench.floor import recorded


def measure(app: Application, folder: Path) -> None:
    """Imports the extract twice into a new school, and prints both times and what the second wrote."""
    school = make_school(app)
    with app.transaction(school.id) as db:
        change_setting(db, "import_archive_guard", "100")  # its own three students are not in the extract
    path = write_extract(folder)
    _module, source = app.mis_sources["sims"]

    def run() -> None:
        viewer: Viewer = school.viewer("admin")
        with path.open("rb") as file:
            run_id = services.preview(app, viewer, "sims", path.name, file)
        services.apply(app, viewer, run_id)

    def parse() -> Extract:
        with path.open("rb") as file:
            return source.read(file, path.name, {})

    extract, parsing = timed(parse)
    _, inserting = timed(lambda: insert_by_hand(app, extract, folder))
    _, first = timed(run)
    with recorded(app.engines.writing) as statements:
        _, second = timed(run)
    touched = sorted(
        {
            text.split()[2 if text.startswith("INSERT") else 1]
            for text, _parameters, _many in statements
            if text.startswith(("INSERT", "UPDATE", "DELETE"))
        }
    )
    floor = parsing + inserting
    print(f"  import of {len(extract.students or ()):,} students, {len(extract.marks or ()):,} marks")
    print(f"    first  {first:6.1f} s   x {first / floor:.1f} of the floor")
    print(f"    floor  {floor:6.1f} s   {parsing:.1f} s parsing and {inserting:.1f} s inserting")
    print(f"    second {second:6.1f} s   wrote only: {', '.join(touched)}")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gave, and its seconds."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def insert_by_hand(app: Application, extract: Extract, folder: Path) -> None:
    """The extract's students, contacts, staff and marks as bare rows in tables without keys or rules."""
    url = (
        "sqlite:///" + str(folder / "bare.sqlite")
        if app.engines.dialect == "sqlite"
        else app.deployment.owner_url
    )
    engine = create_engine(url)
    mark = "%s" if engine.dialect.name == "postgresql" else "?"
    students = [tuple(str(value) for value in asdict(one).values()) for one in extract.students or ()]
    staff = [tuple(str(value) for value in asdict(one).values()) for one in extract.staff or ()]
    marks = [(one.student_mis_id, str(one.date), one.session, one.code) for one in extract.marks or ()]
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        for name, rows in (("bare_student", students), ("bare_staff", staff), ("bare_mark", marks)):
            columns = ", ".join(f"c{index} text" for index in range(len(rows[0])))
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            places = ", ".join([mark] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {name} VALUES ({places})", rows)
    engine.dispose()
