"""Audits and security logs (USR-03)."""

from __future__ import annotations

import os
import uuid
from typing import IO, Any

from pyramid.request import Request
from pyramid.response import FileIter, Response

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.user_frame import user_frame
from cpoms_core.audit import queries
from cpoms_core.audit.export import write_audits
from cpoms_core.audit.forms import AuditForm, FilterForm
from cpoms_core.audit.queries import Cursor, Filters, Page
from cpoms_core.audit.subjects import Subject
from cpoms_core.audit.wording import SCHOOL_ONLY, SECURITY, where_of

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AUDITS = "admin-user-audits"
PAGES = {
    "incident": ("incident", "incident_id"),
    "student": ("student-incidents", "student_id"),
    "document": ("document", "document_id"),
    "user": ("admin-user", "user_id"),
    "user group": ("admin-group", "group_id"),
    "alert group": ("admin-alert-group", "group_id"),
    "import": ("admin-import", "run_id"),
}
"""Kind of subject -> the route of its page, and the name of its id there."""
NOTHING: Page[Any] = Page([], None)


def user_audits(request: Request) -> Any:
    """What a user did, newest first, narrowed by filters."""
    return _audits_page(request, user_frame(request, AUDITS))


def export_audits(request: Request) -> Any:
    """The same as an Excel file, all of it."""
    frame = user_frame(request, AUDITS)
    db, viewer = request.db, request.viewer
    form = AuditForm(request.POST, request.app.audit_words, request.viewer.modules)
    if not form.validate():
        return _audits_page(request, frame)
    found = queries.every_audit_of(db, viewer, frame["user"].id, form.filters())
    file, count = write_audits(found, viewer.school.time_zone)
    request.shows([], entries=count)
    return sent(file, viewer)


def sent(file: IO[bytes], viewer: Viewer) -> Response:
    """An Excel file of entries as an answer. It closes the file."""
    response = Response(app_iter=FileIter(file), content_type=EXCEL)
    response.content_length = file.seek(0, os.SEEK_END)
    file.seek(0)
    # nobody's name: what is downloaded lies about in folders and histories
    response.content_disposition = f"attachment; filename=audits-{viewer.local(viewer.now()):%Y-%m-%d}.xlsx"
    return response


def user_security_log(request: Request) -> Any:
    """A user's log-in tries, keys and passwords, newest first."""
    return _log_page(request, user_frame(request, "admin-user-security-log"))


def security_log(request: Request) -> Any:
    """The whole school's, with tries for unknown addresses and what was refused."""
    return _log_page(request, {"title": "Security log", "user": None})


def _audits_page(request: Request, frame: dict[str, Any]) -> dict[str, Any]:
    user_id = frame["user"].id
    form = AuditForm(request.POST, request.app.audit_words, request.viewer.modules)
    asked = asked_of(request, form)
    page = queries.audits_of(request.db, request.viewer, user_id, *asked) if asked else NOTHING
    return {
        **frame,
        "form": form,
        "rows": [
            {
                "entry": row,
                "subjects": links_to(request, row.subjects),
                "where": where_of(row.channel, row.access),
            }
            for row in page.rows
        ],
        "action": request.route_path(AUDITS, user_id=user_id),
        "export_href": request.route_path("admin-user-audits-export", user_id=user_id),
        **more_of(form, page.before, asked),
    }


def _log_page(request: Request, frame: dict[str, Any]) -> dict[str, Any]:
    user = frame["user"]
    shown = SECURITY if user else SECURITY | SCHOOL_ONLY
    form = FilterForm(request.POST, ((event, result.text) for event, result in shown.items()))
    asked = asked_of(request, form)
    user_id = user.id if user else None
    page = queries.security_log(request.db, request.viewer, *asked, user_id=user_id) if asked else NOTHING
    return {
        **frame,
        "form": form,
        "rows": [
            {
                "entry": row,
                "user": links_to(request, [row.user])[0] if row.user else None,
                "by": row.by.text if row.by else None,
                "subjects": links_to(request, row.subjects),
            }
            for row in page.rows
        ],
        "action": str(request.current_route_path()),
        "export_href": None,
        **more_of(form, page.before, asked),
    }


def asked_of(request: Request, form: FilterForm) -> tuple[Filters, Cursor | None] | None:
    """What was asked for, and behind which entry; None for a form that is wrong: its page shows nothing but
    what is wrong with it."""
    if request.method != "POST":
        return Filters(), None
    if not form.validate():
        request.shown.clear()
        request.response.status_int = 422
        return None
    return form.filters(), Cursor.read(request.POST.get("before", ""))


def more_of(
    form: FilterForm, next_page: Cursor | None, asked: tuple[Filters, Cursor | None] | None
) -> dict[str, Any]:
    """What a list of entries needs to go on: the filters again, and where the next page begins."""
    return {
        "filtered": asked is None or asked[0] != Filters(),
        "later": asked is not None and asked[1] is not None,
        "before": str(next_page) if next_page else None,
        "kept": [(field.name, str(field.data or "")) for field in form],
    }


def links_to(request: Request, subjects: list[Subject]) -> list[dict[str, str | None]]:
    """Subjects as a template links to them."""
    return [{"text": one.text, "href": _href(request, one.kind, one.id)} for one in subjects]


def _href(request: Request, kind: str, subject_id: uuid.UUID | None) -> str | None:
    if kind not in PAGES:
        return None
    route, name = PAGES[kind]
    return str(request.route_path(route, **{name: subject_id}))
