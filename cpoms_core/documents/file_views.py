"""The page of one file: what it is, who was alerted to it, and what may be done with it (STU-05, EDT-10)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from cpoms_core.alerts.files import (
    alert_to_file,
    file_readings,
    mark_file_read,
    outsiders_to_file,
)
from cpoms_core.alerts.queries import alert_groups, staff
from cpoms_core.documents import keeping, queries
from cpoms_core.documents.queries import FileRow
from cpoms_core.documents.vault_views import HERE, file_line
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents.entry import group_context
from cpoms_core.incidents.forms import Ids
from cpoms_core.incidents.shown import reading_context
from cpoms_core.students.views import matched_id
from cpoms_core.web.forms import BuiltForm, as_id, build_form


def about(request: Request) -> dict[str, Any]:
    """One file, for who may open it, be it only by an alert (USR-12.4), and for who may restore it."""
    file = _file(request)
    return {
        **_frame(request, file),
        "alerts": queries.own_open_alerts(request.db, request.viewer, file.id),
        "readings": [reading_context(request.viewer, one) for one in file_readings(request.db, file.id)]
        if file.rightful
        else None,
        "urls": {
            name: request.address(f"document-{name}", document_id=file.id)
            for name in ("alert", "read", "remove", "restore")
        },
        "may_alert": file.rightful,
        "may_remove": file.kept and file.removed is None,
        "may_restore": file.kept and file.removed is not None and not file.removed.for_good,
        "ends": not file.rightful,
    }


def alert(request: Request) -> Any:
    """Whom to alert to the file; those who could not normally see it are marked (INC-07)."""
    file = _file(request)
    if not file.rightful:
        raise NothingThere
    form = build_form([FormField("alerts", Ids("Alert staff"), 0)], request.POST or None)
    if request.method == "POST":
        try:
            told = alert_to_file(request.db, request.viewer, file.id, form.part("alerts").data or [])
            return _back(request, file, "file-alerted" if told else "file-alerted-before")
        except Refused as error:
            _refuse(request, form, error)
    outside = outsiders_to_file(request.db, file.incident_id, file.student_id)
    form.part("alerts").choices = [
        (str(one.id), f"{one.name} (could not normally see this file)" if one.id in outside else one.name)
        for one in staff(request.db)
    ]
    return {
        **_frame(request, file),
        "form": form.form,
        "alert_groups": [group_context(one) for one in alert_groups(request.db)],
    }


def read(request: Request) -> HTTPSeeOther:
    """Closes the alerts that the page showed; without another right the file is then gone."""
    document_id = matched_id(request, "document_id")
    shown = [one for one in map(as_id, request.POST.getall("alert")) if one]
    mark_file_read(request.db, request.viewer, document_id, shown)
    try:
        return _back(request, queries.file_of(request.db, request.viewer, document_id), "alert-read")
    except NothingThere:
        return HTTPSeeOther(request.route_path("dashboard", _query={"said": "alert-read"}))


def remove(request: Request) -> Any:
    """EDT-10: asks for the reason and hides the file."""
    file = _file(request)
    if not file.kept or file.removed is not None:
        raise NothingThere
    form = build_form([_reason()], request.POST or None)
    if request.method == "POST" and form.form.validate():
        try:
            keeping.remove(request.db, request.viewer, file.id, form.part("reason").data)
            return _back(request, file, "file-removed")
        except Refused as error:
            _refuse(request, form, error)
    elif request.method == "POST":
        request.response.status_int = 422
    return {**_frame(request, file), "form": form.form}


def restore(request: Request) -> HTTPSeeOther:
    """EDT-10: back to where it was."""
    file = _file(request)
    try:
        keeping.restore(request.db, request.viewer, file.id)
    except Refused:
        raise NothingThere from None
    return _back(request, file, "file-restored")


def _file(request: Request) -> FileRow:
    file = queries.file_of(request.db, request.viewer, matched_id(request, "document_id"))
    request.shows([one for one in (file.id, file.incident_id, file.student_id) if one])
    return file


def _frame(request: Request, file: FileRow) -> dict[str, Any]:
    line = file_line(request, file)
    back = line.incident_href
    if file.student_id is not None and (file.rightful or file.kept):
        back = request.route_path(HERE, student_id=file.student_id)
    return {
        "title": f"File {file.label}",
        "file": line,
        "whose": queries.whose(request.db, request.viewer, file),
        "back_href": back,
        "back_label": "Document vault" if file.student_id else f"Incident {file.incident_number}",
        "about_href": line.about_href,
    }


def _reason() -> FormField:
    field = TextAreaField(
        "Reason",
        [
            DataRequired("Give the reason why it is removed."),
            Length(max=keeping.LONGEST_REASON, message=f"Use at most {keeping.LONGEST_REASON:,} characters."),
        ],
        description="Administrators who see this file are shown it.",
    )
    return FormField("reason", field, 0)


def _refuse(request: Request, form: BuiltForm, error: Refused) -> None:
    request.tm.doom()
    request.response.status_int = 422
    form.object_to([FieldError(error.field, error.message)])


def _back(request: Request, file: FileRow, said: str) -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path("document-about", document_id=file.id, _query={"said": said}))
