"""`make bench`: each figure beside its floor in the same run, and its growth from 30,000 to 300,000
incidents. Options: --incidents N ..., --database sqlite|postgresql, --runs N."""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select
from webob import Request

from cpoms_core import main as wsgi_of
from cpoms_core.access.models import Account
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.students.models import Student
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name
from tests.bench import log_in, packing, printing
from tests.bench.databases import migrated
from tests.bench.filling import filled_school
from tests.bench.floor import bare_page, by_hand, recorded

WARM = 12
"""Runs that are not counted: PostgreSQL plans a statement anew for its first runs, ten in all."""


def medians(runs: int, *each: Callable[[], Any]) -> list[float]:
    """The median of each in milliseconds. They take turns, so that whatever else the machine does meanwhile
    slows them all alike."""
    times: list[list[float]] = [[] for _ in each]
    for number in range(WARM + runs):
        for run, own in zip(each, times, strict=True):
            began = time.perf_counter()
            run()
            if number >= WARM:
                own.append((time.perf_counter() - began) * 1000)
    return [statistics.median(own) for own in times]


class Visitor:
    """The lead of the school, asking the application itself without a network."""

    def __init__(self, app: Application, school: SchoolForTests) -> None:
        self.wsgi, self.school = wsgi_of(app), school
        self.cookie = f"{cookie_name(app)}={school.session_token('lead')}"
        page = self.ask("/session/token")
        self.token = json.loads(page.text)["csrf_token"]

    def ask(self, path: str, post: dict[str, str] | None = None) -> Any:
        request = Request.blank(path, POST=post, headers={"Cookie": self.cookie, "Host": self.school.host})
        answer = request.get_response(self.wsgi)
        assert answer.status_int < 400, answer.status
        answer.body  # noqa: B018 - the whole of it
        return answer


class Filled:
    """A database with one school of many incidents, asked through its pages."""

    def __init__(self, app: Application, incidents: int, folder: Path) -> None:
        self.app, self.incidents, self.folder = app, incidents, folder
        self.school = filled_school(app, incidents)
        self.visitor = Visitor(app, self.school)
        with app.session(self.school.id, writes=False) as db:
            self.student = db.scalars(select(Student.id).where(Student.mis_id == "b600")).one()

    def page(self, name: str) -> Callable[[], Any]:
        """What asks for a page, by the name of its figure."""
        ask, token = self.visitor.ask, {"csrf_token": self.visitor.token}
        if name == "quick search":
            return lambda: ask("/", {**token, "q": "surname06"})
        if name == "chronology":
            return lambda: ask(f"/students/{self.student}/incidents")
        if name == "dashboard":
            return lambda: ask("/")
        concern = {
            **token,
            "student": str(self.student),
            "text": "Something happened.",
            "categories": str(self.school.categories["Behaviour"]),
            "occurred": "2026-01-05T08:35",
            "alerts": str(self.school.users["teacher"]),
        }
        return lambda: ask("/incidents/add", {**concern, "submission": str(new_id())})

    def known(self) -> set[uuid.UUID]:
        """The ids that stand in statements and were there before: of these a floor makes no new ones."""
        school = self.school
        with self.app.session(school.id, writes=False) as db:
            known = set(db.scalars(select(Student.id)))
        with self.app.session(None, writes=False) as db:
            known |= set(db.scalars(select(Account.id)))
        return known | {*school.users.values(), *school.groups.values(), *school.categories.values()}

    @contextmanager
    def measured(self, name: str) -> Iterator[tuple[Callable[[], Any], ...]]:
        """A page and the two parts of its floor."""
        page, engines = self.page(name), self.app.engines
        with recorded(engines.reading, engines.writing) as statements:
            answer = page()
        with by_hand(engines.writing, statements, self.known()) as hand:
            yield page, hand, bare_page(self.folder, answer)


def figures(databases: Sequence[Filled], runs: int) -> None:
    """Prints each figure beside its floor for each database, and how it grows from the first to the last. All
    of them take turns."""
    for name in ("quick search", "chronology", "dashboard", "submit incident"):
        with ExitStack() as stack:
            each = [part for one in databases for part in stack.enter_context(one.measured(name))]
            times = iter(medians(runs, *each))
        print(name, flush=True)
        pages = []
        for one, page, sql, bare in zip(databases, times, times, times, strict=True):
            floor = sql + bare
            times_floor = f"floor {floor:7.1f} ms   x {page / floor:.1f}"
            print(f"  {one.incidents:>9,} incidents {page:8.1f} ms   {times_floor}", flush=True)
            pages.append(page)
        if len(pages) > 1:
            print(f"  growth x {pages[-1] / pages[0]:.2f}", flush=True)


def import_figures(app: Application, folder: Path) -> None:
    """The demo's extract: seconds, and as a multiple of parsing it plus a bare bulk insert."""
    from tests.bench.importing import measure

    measure(app, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, nargs="+", default=[30_000, 300_000])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--no-import", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        databases = []
        for incidents in options.incidents:
            app, folder = stack.enter_context(migrated(options.database))
            databases.append(Filled(app, incidents, folder))
        print(options.database, flush=True)
        figures(databases, options.runs)
        last = databases[-1]
        log_in.report(last.app)
        if not options.no_import:
            import_figures(last.app, last.folder)
            printing.report(last.app)
            packing.report(last.app)


if __name__ == "__main__":
    main()
