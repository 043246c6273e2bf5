"""The Audit report of a student's record (STU-08)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.request import Request

from cpoms_core.audit import of_student
from cpoms_core.audit.export import write_audits
from cpoms_core.audit.forms import StudentAuditForm
from cpoms_core.audit.queries import EntryShown
from cpoms_core.audit.subjects import Subject
from cpoms_core.audit.views import NOTHING, asked_of, links_to, more_of, sent
from cpoms_core.audit.wording import where_of
from cpoms_core.students.record import Record, open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id

PAGE, EXPORT = "student-audits", "student-audits-export"
ADMINISTRATION = frozenset({"user group", "alert group", "import"})
"""Kinds of subjects that only administrators are told of."""


def student_audits(request: Request) -> Any:
    """Everything done on a student, newest first, narrowed by filters. The filters are posted: what is looked
    for stands in no address."""
    record = open_record(request.db, request.viewer, matched_id(request, "student_id"))
    return _page(request, record)


def export_student_audits(request: Request) -> Any:
    """The same as an Excel file, all of it."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    form = StudentAuditForm(request.POST, request.app.audit_words, request.viewer.modules)
    if not form.validate():
        return _page(request, record)
    found = of_student.every_audit_about(db, viewer, record.id, form.filters())
    file, count = write_audits(found, viewer.school.time_zone, with_people=True)
    request.shows([record.id], entries=count)
    return sent(file, viewer)


def _page(request: Request, record: Record) -> dict[str, Any]:
    viewer = request.viewer
    form = StudentAuditForm(request.POST, request.app.audit_words, request.viewer.modules)
    asked = asked_of(request, form)
    page = of_student.audits_about(request.db, viewer, record.id, *asked) if asked else NOTHING
    request.shows([record.id])
    return {
        "title": f"Audit report of {record.name}",
        "student": record_context(request, record, PAGE),
        "form": form,
        "rows": [_row(request, row) for row in page.rows],
        "action": _address(request, PAGE, record.id),
        "export_href": _address(request, EXPORT, record.id),
        **more_of(form, page.before, asked),
    }


def _row(request: Request, row: EntryShown) -> dict[str, Any]:
    where = (where_of(row.channel, row.access), row.ip, row.place)
    return {
        "entry": row,
        "subjects": links_to(request, _told(request, row.subjects)),
        "where": ", ".join(part for part in where if part),
    }


def _told(request: Request, subjects: list[Subject]) -> list[Subject]:
    """Subjects as the viewer can use them: the pages of users are for administrators."""
    if request.viewer.may("admin"):
        return subjects
    named = [one for one in subjects if one.kind not in ADMINISTRATION]
    return [Subject(one.text) if one.kind == "user" else one for one in named]


def _address(request: Request, route: str, student_id: uuid.UUID) -> str:
    return str(request.route_path(route, student_id=student_id))
