"""Makes the demonstration's schools: Hillside with a whole school imported, and Riverside, a small one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import select

from cpoms_core.access import identity
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.demo.attendance import days_since, marks_since
from cpoms_core.demo.extract import (
    CONTACT_COLUMNS,
    STAFF_COLUMNS,
    STUDENT_COLUMNS,
    contact_records,
    staff_records,
    student_records,
    write_extract,
    write_marks,
    write_report,
)
from cpoms_core.demo.history import Year
from cpoms_core.demo.people import DemoSchool
from cpoms_core.demo.people_with_logins import LEAD, Staffed, hire
from cpoms_core.demo.record import Keeper, children_with_most
from cpoms_core.demo.school import hillside
from cpoms_core.demo.tree import plant
from cpoms_core.imports import services
from cpoms_core.students.models import Student
from cpoms_core.tenancy.services import create_school, switch_module

INCIDENTS = 300
SEED = 2026
SMALL = (60, 12)  # students, staff of Riverside
SOURCE = "sims"
Tell = Callable[[str], None]


class NoDemo(RuntimeError):
    """The demonstration cannot be made; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A school of the demonstration."""

    slug: str
    name: str
    accent: str
    incidents: int
    write_file: Callable[[Path], Path]


def write_small_extract(folder: Path) -> Path:
    """Writes a zip of reports of the first few families and staff of another Hillside."""
    whole = hillside(SEED + 1)
    staff = [
        dataclasses.replace(person, email=person.email.replace("hillside", "riverside"))
        for person in whole.staff[-SMALL[1] :]
    ]
    part = DemoSchool(whole.students[: SMALL[0]], tuple(staff))
    path = folder / "riverside_sims.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, records in (
            ("students.xml", STUDENT_COLUMNS, student_records(part)),
            ("contacts.xml", CONTACT_COLUMNS, contact_records(part)),
            ("staff.xml", STAFF_COLUMNS, staff_records(part)),
        ):
            with archive.open(name, "w") as out:
                write_report(cast(BinaryIO, out), columns, records)
    return path


SCHOOLS = (
    Planned("hillside", "Hillside School", "#0b5c7a", INCIDENTS, write_extract),
    Planned("riverside", "Riverside School", "#5a4a86", 20, write_small_extract),
)


def make_school(app: Application, planned: Planned, folder: Path, tell: Tell) -> dict[str, Any]:
    """Makes one school with its people and its past; answers what `demo.json` says of it.

    folder: where its extract is written. Raises NoDemo where the SIMS module is not installed or its file
    was refused.
    """
    now = utc_now()
    tell(f"{planned.name}: modules and categories")
    school_id = create_school(app, planned.slug, planned.name, now=now, accent=planned.accent)
    with app.transaction(school_id) as db:
        for module in app.modules:
            switch_module(db, module, True, now)
        tree = plant(db)
    tell(f"{planned.name}: import from SIMS")
    _import(app, school_id, planned.write_file(folder))
    tell(f"{planned.name}: people and passwords")
    with app.transaction(school_id) as db:
        staffed: Staffed = hire(db, tree, planned.name, now)
    tell(f"{planned.name}: {planned.incidents} invented incidents")
    year = Year(app, school_id, tree, staffed, utc_now(), random.Random(SEED))  # noqa: S311 - not secret
    year.write(planned.incidents)
    tell(f"{planned.name}: files, photos and marks of a few children")
    _import_marks(app, school_id, folder / f"{planned.slug}_marks.csv", now)
    with app.session(school_id, writes=False) as db:
        lead = year.viewers(db)[LEAD][0]
    Keeper(app, school_id, tree, staffed, lead, utc_now()).fill()
    tell(f"{planned.name}: what the modules keep")
    fill_modules(app, school_id, lead)
    return {
        "slug": planned.slug,
        "name": planned.name,
        "address": app.deployment.school_address(planned.slug),
        "logins": staffed.as_json(),
    }


def fill_modules(app: Application, school_id: int, lead: Viewer) -> None:
    """Has each module that is on add what it would hold. Raises NoDemo where one could not."""
    for module in sorted(lead.modules):
        with app.transaction(school_id) as db:
            app.hooks.own("fill_demo", db, lead, module, app=app)
            if db.hook_failures:
                raise NoDemo(f"The module {module} could not add its part to the demonstration.")


def _import(app: Application, school_id: int, path: Path) -> None:
    """Imports an extract as an operator's command does: through the importer that schools use."""
    if SOURCE not in app.mis_sources:
        raise NoDemo("The module mis_sims is not installed, so the demonstration has no students.")
    with app.session(school_id, writes=False) as db:
        viewer = identity.system_viewer(db).through("command line")
    with path.open("rb") as file:
        run_id = services.preview(app, viewer, SOURCE, path.name, file)
    services.apply(app, viewer, run_id)


def _import_marks(app: Application, school_id: int, path: Path, now: dt.datetime) -> None:
    """Imports marks up to yesterday for the children of whom most is kept, so that their calendars go on."""
    with app.session(school_id, writes=False) as db:
        found = select(Student.mis_id).where(Student.id.in_(children_with_most(db)))
        students = [mis_id for mis_id in db.scalars(found.order_by(Student.mis_id)) if mis_id]
    if not days_since(yesterday := now.date() - dt.timedelta(days=1)):
        return
    with path.open("wb") as out:
        write_marks(out, marks_since(students, yesterday))
    _import(app, school_id, path)
