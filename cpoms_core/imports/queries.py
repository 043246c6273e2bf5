"""What pages show of imports: their history, one run, and whether they are healthy (DSH-05)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.imports.models import ImportRun
from cpoms_core.imports.reading import sources_on
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession, built_once

HEALTHY_FOR = dt.timedelta(hours=26)  # a nightly import and two hours of grace
LATE_UNTIL = dt.timedelta(hours=72)
PAGE = 25  # runs
UNDONE = ("refused", "failed")


@dataclass(frozen=True, slots=True)
class Health:
    """The traffic light of imports. level: good, warn or bad; `text` says the same in words, `detail` when
    the last import was applied, which was `at` (UTC)."""

    level: str
    text: str
    detail: str
    at: dt.datetime | None = None


LAST_APPLIED = built_once(
    select(ImportRun).where(ImportRun.state == "applied").order_by(ImportRun.finished_at.desc()).limit(1)
)
FAILED_SINCE = built_once(
    select(ImportRun.id)
    .where(
        ImportRun.state.in_(UNDONE),
        ImportRun.started_by.is_(None),
        ImportRun.finished_at > bindparam("since"),
    )
    .limit(1)
)


def health(db: SchoolSession, viewer: Viewer) -> Health | None:
    """DSH-05: healthy up to 26 hours after an import, late up to 72; then, or after an automatic import that
    failed since, failing. None where the school has no module that imports, and never imported."""
    last = db.scalar(LAST_APPLIED)
    if last is None or last.finished_at is None:
        if not sources_on(db.app, viewer):
            return None
        return Health("bad", "No import yet", "students come with the first one")
    at, detail = last.finished_at, f"last import {moment(viewer, last.finished_at)}"
    failed = db.scalar(FAILED_SINCE, {"since": at})
    age = viewer.now() - at
    if failed is not None or age > LATE_UNTIL:
        return Health("bad", "Import failing", detail, at)
    if age > HEALTHY_FOR:
        return Health("warn", "Import late", detail, at)
    return Health("good", "Import healthy", detail, at)


def moment(viewer: Viewer, at: dt.datetime) -> str:
    """A moment in words, in the school's time zone: "today at 05:12", "on 3 Sep 2026 at 05:12"."""
    local = viewer.local(at)
    days = (viewer.local(viewer.now()).date() - local.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"on {local.day} {local.strftime('%b %Y')}")
    return f"{day} at {local.strftime('%H:%M')}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the history, newest first. before: the id after which the next page goes on, or None."""

    runs: Sequence[ImportRun]
    people: dict[uuid.UUID, str]
    before: uuid.UUID | None


def history(db: SchoolSession, before: uuid.UUID | None = None) -> Page:
    """The runs before one of them (ids rise with time), 25 a page; who started them by id. Two queries."""
    query = select(ImportRun).order_by(ImportRun.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(ImportRun.id < before)
    runs = list(db.scalars(query))
    shown = runs[:PAGE]
    return Page(shown, people(db, shown), shown[-1].id if len(runs) > PAGE else None)


def people(db: SchoolSession, runs: Sequence[ImportRun]) -> dict[uuid.UUID, str]:
    """The names of those who started the runs."""
    ids = {run.started_by for run in runs if run.started_by}
    return {user.id: user.name for user in db.scalars(select(User).where(User.id.in_(ids)))}


def run_of(db: SchoolSession, run_id: uuid.UUID) -> ImportRun:
    """One run. Raises NothingThere."""
    run = db.get(ImportRun, (db.school_id, run_id))
    if run is None:
        raise NothingThere
    return run


def waiting(db: SchoolSession) -> uuid.UUID | None:
    """The preview that waits to be applied or dropped, if one does."""
    return db.scalar(select(ImportRun.id).where(ImportRun.state == "previewed").limit(1))


def archived_by(db: SchoolSession, viewer: Viewer, run: ImportRun) -> list[Student]:
    """Of the students whom a run archives, those that this viewer may see, by name (USR-12)."""
    ids = [uuid.UUID(id) for id in run.counts.get("archived", ())]
    if not ids:
        return []
    return list(
        db.scalars(
            select(Student)
            .where(Student.id.in_(ids), policy.visible_students(viewer))
            .order_by(Student.surname_key, Student.forename_key, Student.id)
        )
    )
