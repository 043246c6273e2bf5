"""The Document vault tab of a student's record (STU-05)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pyramid.request import Request
from wtforms import MultipleFileField

from cpoms_core.documents import queries
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.queries import FileRow
from cpoms_core.documents.taking import take_files
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents.shown import size_in_words
from cpoms_core.incidents.views import go
from cpoms_core.students.record import Record, open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import BuiltForm, build_form
from cpoms_core.web.inputs import largest_together

HERE = "student-vault"


def vault(request: Request) -> Any:
    """All files on the record that the viewer may see; on a post, files put straight into the vault."""
    student = open_record(request.db, request.viewer, matched_id(request, "student_id"))
    return _page(request, student, _form(request))


def add(request: Request) -> Any:
    """Files for the vault: on all key holders' screens who see the student (USR-12.6)."""
    viewer = request.viewer
    taken = take_files(request)
    student = open_record(request.db, viewer, matched_id(request, "student_id"))
    if not viewer.may("files:attach"):
        raise NothingThere
    form = _form(request)
    if request.files_left_out:
        most = largest_together(request)
        form.object_to([FieldError("files", f"The files are too large together: at most {most} MB.")])
    elif taken.accepted_by(form) and not taken.documents:
        form.object_to([FieldError("files", "Choose at least one file.")])
    if not form.form.errors:
        with taken.kept() as documents:
            record = file_in_vault(request.db, viewer, student.id, documents)
        said = "files-added" if len(documents) > 1 else "file-added"
        return go(request, request.route_path(HERE, student_id=record, _query={"said": said}))
    request.response.status_int = 422
    return _page(request, student, form)


def _form(request: Request) -> BuiltForm:
    largest = request.viewer.school.setting("max_file_megabytes")
    field = MultipleFileField(
        "Files", description=f"Up to {largest} MB each. Every key holder who sees this student sees them."
    )
    return build_form([FormField("files", field, 0)], None)


def _page(request: Request, student: Record, form: BuiltForm) -> dict[str, Any]:
    viewer, before = request.viewer, request.GET.get("before", "")
    files, after = queries.vault(
        request.db, viewer, student.id, int(before) if before.isdecimal() and len(before) < 10 else None
    )
    request.shows([student.id])
    here = request.route_path(HERE, student_id=student.id)
    return {
        "title": f"Document vault of {student.name}",
        "student": record_context(request, student, HERE),
        "form": form.form,
        "field": form.part("files"),
        "may_add": viewer.may("files:attach"),
        "here": here,
        "zip_href": request.route_path("student-vault-zip", student_id=student.id),
        "files": [file_line(request, file) for file in files],
        "more_href": f"{here}?before={after}" if after else None,
        "newest_href": here if before else None,
    }


def file_line(request: Request, file: FileRow) -> SimpleNamespace:
    """A file with its links."""
    address = request.address
    return SimpleNamespace(
        id=file.id,
        label=file.label,
        name=file.name,
        kind=file.kind,
        size=size_in_words(file.size),
        added=file.added,
        added_by=file.added_by,
        incident_number=file.incident_number,
        is_action=file.action_id is not None,
        incident_href=_incident_href(request, file) if file.incident_seen else None,
        href=address("document", document_id=file.id),
        about_href=address("document-about", document_id=file.id),
        thumbnail=address("document-thumbnail", document_id=file.id) if file.picture else None,
        picture=address("document-picture", document_id=file.id) if file.picture else None,
        removed=file.removed,
    )


def _incident_href(request: Request, file: FileRow) -> str:
    href: str = request.address("incident", incident_id=file.incident_id)
    return f"{href}?at={file.action_id}" if file.action_id else href
