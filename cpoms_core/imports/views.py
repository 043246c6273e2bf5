"""Admin > Imports (ADM-06)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.errors import NothingThere, Refused
from cpoms_core.imports import queries, services
from cpoms_core.imports.captions_views import captions_links
from cpoms_core.imports.forms import UploadForm, upload_form
from cpoms_core.imports.models import ImportRun
from cpoms_core.imports.reading import sources_on
from cpoms_core.students.matching import count_unmatched
from cpoms_core.web.forms import as_id
from cpoms_core.web.page import Notice

STATES = {
    "previewed": ("warn", "Waiting"),
    "applied": ("good", "Applied"),
    "refused": ("bad", "Refused"),
    "failed": ("bad", "Failed"),
    "dropped": ("warn", "Dropped"),
}
KINDS = (
    ("students", "Students"),
    ("contacts", "Contacts"),
    ("staff", "Staff"),
    ("marks", "Attendance marks"),
)
COUNTED = ("added", "changed", "archived", "restored", "unchanged")


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as a page shows it."""

    href: str
    source: str
    file_name: str
    level: str
    state: str
    started: Any  # a datetime in the school's time zone
    by_name: str
    summary: str


def imports(request: Request) -> dict[str, Any]:
    """State, upload form and history."""
    return _page(request, None)


def upload(request: Request) -> Any:
    """Reads the file and goes on to its preview; what is wrong at sight is said beside the field."""
    sources = sources_on(request.app, request.viewer)
    if not sources:
        raise NothingThere
    form = upload_form(sources, request.POST)
    chosen = form.source.data if len(sources) > 1 else sources[0].name
    posted = request.POST.get("file")
    name, file = (posted.filename, posted.file) if hasattr(posted, "file") else ("", None)
    try:
        if file is None:
            raise Refused("Choose a file.", field="file")
        run_id = services.preview(request.app, request.viewer, chosen, name, file)
    except Refused as refusal:
        field = form[refusal.field or "file"]
        field.errors = [*field.errors, refusal.message]
        return _page(request, form)
    return HTTPSeeOther(request.route_path("admin-import", run_id=run_id))


def run(request: Request) -> dict[str, Any]:
    """One run: what it would change or changed, and what is wrong with its file."""
    return _run_page(request, _run_id(request))


def apply(request: Request) -> Any:
    """Applies a preview."""
    run_id = _run_id(request)
    try:
        services.apply(request.app, request.viewer, run_id)
    except Refused as refusal:
        request.page.notices.append(Notice("danger", refusal.message))
        return _run_page(request, run_id)
    return HTTPSeeOther(request.route_path("admin-import", run_id=run_id, _query={"said": "import-applied"}))


def drop(request: Request) -> Any:
    """Drops a preview."""
    run_id = _run_id(request)
    try:
        services.drop(request.app, request.viewer, run_id)
    except Refused as refusal:
        request.page.notices.append(Notice("danger", refusal.message))
        return _run_page(request, run_id)
    return HTTPSeeOther(request.route_path("admin-imports", _query={"said": "import-dropped"}))


def _run_id(request: Request) -> uuid.UUID:
    run_id = as_id(request.matchdict["run_id"])
    if run_id is None:
        raise NothingThere
    return run_id


def _page(request: Request, form: UploadForm | None) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    sources = sources_on(request.app, viewer)
    page = queries.history(db, as_id(request.GET.get("before")))
    waiting = queries.waiting(db)
    more = request.route_path("admin-imports", _query={"before": str(page.before)}) if page.before else None
    return {
        "title": "Imports",
        "health": queries.health(db, viewer),
        "form": form or (upload_form(sources) if sources else None),
        "several": len(sources) > 1,
        "action": request.route_path("admin-imports-upload"),
        "captions": captions_links(request),
        "typed_in": count_unmatched(db, viewer),
        "typed_in_href": request.route_path("admin-typed-in"),
        "waiting_href": request.route_path("admin-import", run_id=waiting) if waiting else None,
        "runs": [_row(request, run, page.people) for run in page.runs],
        "more_href": more,
    }


def _run_page(request: Request, run_id: uuid.UUID) -> dict[str, Any]:
    db, viewer = request.db, request.viewer
    run = queries.run_of(db, run_id)
    archived = queries.archived_by(db, viewer, run)
    request.shows([run.id, *(student.id for student in archived)])
    counts = [
        (title, [run.counts[kind][name] for name in COUNTED]) for kind, title in KINDS if kind in run.counts
    ]
    total = run.counts.get("students", {}).get("archived", 0)
    return {
        "title": f"Import of {viewer.text(run.file_name)}",
        "run": _row(request, run, queries.people(db, [run])),
        "waits": run.state == "previewed",
        "applied": run.state == "applied",
        "counts": counts,
        "nothing": bool(counts) and not any(sum(numbers[:4]) for _title, numbers in counts),
        "problems": [_problem(problem, viewer.text) for problem in run.problems],
        "archived": [viewer.name(student) for student in archived],
        "hidden": total - len(archived),
        "deactivated": run.counts.get("deactivated_users", 0),
        "captions": [link for link in captions_links(request) if link.source == run.source],
        "back_href": request.route_path("admin-imports"),
        "apply_href": request.route_path("admin-import-apply", run_id=run.id),
        "drop_href": request.route_path("admin-import-drop", run_id=run.id),
    }


def _row(request: Request, run: ImportRun, people: dict[uuid.UUID, str]) -> RunRow:
    level, state = STATES[run.state]
    source = request.app.mis_sources.get(run.source)
    return RunRow(
        href=request.route_path("admin-import", run_id=run.id),
        source=source[1].title if source else run.source,
        file_name=request.viewer.text(run.file_name),
        level=level,
        state=state,
        started=request.viewer.local(run.started_at),
        by_name=people.get(run.started_by, "") if run.started_by else "the system",
        summary=_summary(run),
    )


def _summary(run: ImportRun) -> str:
    """The counts of students in a few words."""
    counts = run.counts.get("students", {})
    parts = [f"{counts[name]:,} {name}" for name in COUNTED[:4] if counts.get(name)]
    return f"Students: {', '.join(parts)}" if parts else ""


def _problem(problem: dict[str, Any], shown: Callable[[str], str]) -> dict[str, Any]:
    """A problem with its place in words; its message may quote the file."""
    parts = [problem.get("file")]
    if problem.get("line"):
        parts.append(f"line {problem['line']}")
    if problem.get("element"):
        parts.append(f"element {problem['element']}")
    return {
        "message": shown(problem["message"]),
        "error": problem["error"],
        "where": shown(", ".join(filter(None, parts))),
    }  # fmt: skip
