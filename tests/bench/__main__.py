"""`make bench`: each figure beside its floor in the same run, and its growth from 30,000 to 300,000
incidents. Options: --incidents N ..., --database sqlite|postgresql, --runs N."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from webob import Request

from cpoms_core import main as wsgi_of
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed
from cpoms_core.students.models import Student
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name
from tests.bench import log_in, packing, printing
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


def figures(app: Application, incidents: int, runs: int, folder: Path) -> dict[str, tuple[float, float]]:
    """Name -> milliseconds of the page and of its floor."""
    school = filled_school(app, incidents)
    visitor = Visitor(app, school)
    with app.session(school.id, writes=False) as db:
        student = db.scalars(select(Student.id).where(Student.mis_id == "b600")).one()
        known = set(db.scalars(select(Student.id)))
    known |= {*school.users.values(), *school.groups.values(), *school.categories.values()}
    with app.session(None, writes=False) as db:
        from cpoms_core.access.models import Account

        known |= set(db.scalars(select(Account.id)))
    token = {"csrf_token": visitor.token}
    pages: dict[str, Callable[[], Any]] = {
        "quick search": lambda: visitor.ask("/", {**token, "q": "surname06"}),
        "chronology": lambda: visitor.ask(f"/students/{student}/incidents"),
        "dashboard": lambda: visitor.ask("/"),
        "submit incident": lambda: visitor.ask(
            "/incidents/add",
            {
                **token,
                "submission": str(new_id()),
                "student": str(student),
                "text": "Something happened.",
                "categories": str(school.categories["Behaviour"]),
                "occurred": "2026-01-05T08:35",
                "alerts": str(school.users["teacher"]),
            },
        ),
    }
    found = {}
    for name, page in pages.items():
        with recorded(app.engines.reading, app.engines.writing) as statements:
            answer = page()
        hand = by_hand(app.engines.writing, statements, known)
        took, sql, bare = medians(runs, page, hand, bare_page(folder, answer))
        hand.close()  # type: ignore[attr-defined]
        found[name] = (took, sql + bare)
    return found


def import_figures(app: Application, folder: Path) -> None:
    """The demo's extract: seconds, and as a multiple of parsing it plus a bare bulk insert."""
    from tests.bench.importing import measure

    measure(app, folder)


def deployment_of(kind: str, folder: Path) -> tuple[Deployment, Callable[[], None]]:
    """An empty, migrated database, and how to end it."""
    if kind == "sqlite":
        return Deployment(folder), lambda: None
    from cpoms_core.testing import postgres_cluster

    cluster = postgres_cluster.start_for_run()
    if cluster is None:
        raise SystemExit(postgres_cluster.require_or_reason())
    name = f"bench_{uuid.uuid4().hex[:8]}"
    cluster.create_database(name)
    made = Deployment(folder, database_url=cluster.app_url(name), owner_url=cluster.owner_url(name))
    return made, cluster.stop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, nargs="+", default=[30_000, 300_000])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--no-import", action="store_true")
    options = parser.parse_args()
    results = []
    for incidents in options.incidents:
        with tempfile.TemporaryDirectory() as name:
            deployment, end = deployment_of(options.database, Path(name))
            migrate(deployment.owner_url, installed())
            app = Application(deployment)
            print(f"{options.database}, {incidents:,} incidents", flush=True)
            results.append(figures(app, incidents, options.runs, Path(name)))
            for figure, (page, floor) in results[-1].items():
                print(
                    f"  {figure:<16} {page:8.1f} ms   floor {floor:7.1f} ms   x {page / floor:.1f}",
                    flush=True,
                )
            log_in.report(app)
            if incidents == options.incidents[-1] and not options.no_import:
                import_figures(app, Path(name))
                printing.report(app)
                packing.report(app)
            app.engines.dispose()
            end()
    if len(results) > 1:
        print(f"growth from {options.incidents[0]:,} to {options.incidents[-1]:,}")
        for figure in results[0]:
            print(f"  {figure:<16} x {results[-1][figure][0] / results[0][figure][0]:.2f}")


if __name__ == "__main__":
    main()
