"""The pages that edit an incident or an action (EDT-01), and that put an action on linked records
(ACT-02)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from sqlalchemy import ColumnElement, select
from webob.multidict import MultiDict

from cpoms_core.access import policy
from cpoms_core.documents.queries import files_of
from cpoms_core.documents.services import Incoming
from cpoms_core.documents.taking import TakenFiles, take_files
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents import drafts, edit_entry, entry, no_longer, versions
from cpoms_core.incidents.differences import difference, shortened
from cpoms_core.incidents.draft_views import draft_context
from cpoms_core.incidents.models import Action, Incident, IncidentStudent
from cpoms_core.incidents.services import (
    ChangedMeanwhile,
    FormRefused,
    edit_action,
    edit_incident,
    show_on_linked,
)
from cpoms_core.incidents.services.contents import (
    Content,
    content_of_action,
    content_of_incident,
    older_of_action,
    older_of_incident,
)
from cpoms_core.incidents.services.editing import ids_of
from cpoms_core.incidents.views import _refuse, go
from cpoms_core.incidents.withheld import withheld
from cpoms_core.modules.kept_fields import MODULES
from cpoms_core.students.views import matched_id
from cpoms_core.web.form_carried import Carried, carried
from cpoms_core.web.forms import BuiltForm, as_id, as_number
from cpoms_core.web.over_newest import fields_over_newest, over_newest


def found_incident(request: Request, condition: ColumnElement[bool] | None = None) -> Incident:
    """The incident of the address, if it is the viewer's to edit (or to `condition`). Raises NothingThere."""
    may = policy.editable_incidents(request.viewer) if condition is None else condition
    incident = request.db.scalars(
        select(Incident).where(Incident.id == matched_id(request, "incident_id"), may)
    ).first()
    if incident is None:
        raise NothingThere
    request.shows([incident.id])
    return incident


def found_action(request: Request) -> tuple[Action, Incident]:
    """The action of the address with its incident, if it is the viewer's to edit. Raises NothingThere."""
    found = request.db.execute(
        select(Action, Incident)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.id == matched_id(request, "action_id"), policy.editable_actions(request.viewer))
    ).first()
    if found is None:
        raise NothingThere
    action, incident = found
    request.shows([incident.id, action.id])
    return action, incident


def place_of(request: Request, incident_id: uuid.UUID, at: uuid.UUID | None = None, said: str = "") -> str:
    """The address of an incident, opened at one of its actions, with what the page says."""
    query = {"at": at or incident_id, **({"said": said} if said else {})}
    return str(request.route_path("incident", incident_id=incident_id, _query=query))


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a form edits, so that both forms go the same way."""

    name: str  # incident 3
    incident_id: uuid.UUID
    at: uuid.UUID
    newest: int
    now: Content
    older: Callable[[int], Content]
    told: Callable[[Content], Content]  # as the viewer may know it
    values: Callable[[Content], dict[str, Any]]
    form: Callable[[Any, dict[str, Any] | None], BuiltForm]
    send: Callable[[BuiltForm, Content, Sequence[Incoming]], Any]
    said: str
    draft: str


def edit(request: Request) -> Any:
    """EDT-01: an incident."""
    taken = take_files(request) if request.method == "POST" else None
    try:
        incident = found_incident(request)
        return _edit(request, lambda: _incident_now(request, incident), taken)
    except NothingThere:
        return no_longer.page(request, "incident", matched_id(request, "incident_id"), taken)


def _incident_now(request: Request, incident: Incident) -> _Subject:
    db, viewer = request.db, request.viewer
    return _Subject(
        name=f"incident {incident.number}",
        incident_id=incident.id,
        at=incident.id,
        newest=incident.version,
        now=content_of_incident(db, incident),
        older=lambda version: older_of_incident(db, incident, version),
        told=lambda content: withheld(db, viewer, incident).told(content),
        values=lambda content: edit_entry.incident_values(viewer, content),
        form=lambda posted, given: edit_entry.incident_form(request, incident, posted, given),
        send=lambda form, opened, files: edit_incident(
            db, viewer, edit_entry.incident_edit(request, incident, form, opened, files)
        ),
        said="incident-edited",
        draft=drafts.edit_key("incident", incident.id),
    )


def edit_the_action(request: Request) -> Any:
    """EDT-01: an action."""
    taken = take_files(request) if request.method == "POST" else None
    try:
        action, incident = found_action(request)
        return _edit(request, lambda: _action_now(request, action, incident), taken)
    except NothingThere:
        return no_longer.page(request, "action", matched_id(request, "action_id"), taken)


def _action_now(request: Request, action: Action, incident: Incident) -> _Subject:
    db, viewer = request.db, request.viewer
    linked = _has_linked(request, incident.id)
    return _Subject(
        name=f"action on incident {incident.number}",
        incident_id=incident.id,
        at=action.id,
        newest=action.version,
        now=content_of_action(db, action),
        older=lambda version: older_of_action(db, action, version),
        told=lambda content: withheld(db, viewer, action).told(content),
        values=lambda content: edit_entry.action_values(viewer, content),
        form=lambda posted, given: edit_entry.action_form(request, action, posted, given, has_linked=linked),
        send=lambda form, opened, files: edit_action(
            db, viewer, edit_entry.action_edit(request, action, form, opened, files)
        ),
        said="action-edited",
        draft=drafts.edit_key("action", action.id),
    )


def _edit(request: Request, read: Callable[[], _Subject], taken: TakenFiles | None) -> Any:
    subject = read()
    if taken is None:
        return _opened(request, subject)
    opened_at = posted_version(request)
    opened = subject.older(opened_at)
    form = subject.form(request.POST, None)
    if all([entry.accepted(request, form), taken.accepted_by(form)]):  # both, to say all that is wrong
        try:
            with taken.kept() as documents:
                subject.send(form, opened, documents)
        except (FormRefused, Refused) as error:
            _refuse(request, form, error)
        except ChangedMeanwhile:
            request.tm.doom()
            subject = read()  # theirs may have been saved after this was read, and before it was locked
            return _conflict(request, subject, form, opened, had_files=bool(taken.documents))
        else:
            return go(request, place_of(request, subject.incident_id, subject.at, subject.said))
    request.response.status_int = 422
    along = carried(request, form, opened=opened.get(MODULES))
    return _page(request, subject, form, opened_at, request.POST, along=along)


def _opened(request: Request, subject: _Subject) -> dict[str, Any]:
    """The form as it is now, or with what its author had begun to type (INC-10)."""
    drafted, saved, _ = entry.read_draft(request, subject.draft)
    version = version_in(drafted) if drafted is not None else None
    if drafted is None or version is None or version > subject.newest:
        form = subject.form(None, subject.values(subject.now))
        return _page(request, subject, form, subject.newest, _ticks(subject.now))
    form = subject.form(drafted, None)
    along = carried(request, form, opened=subject.older(version).get(MODULES))
    page = _page(request, subject, form, version, drafted, saved, along=along)
    page["changed_since"] = version < subject.newest
    return page


def posted_version(request: Request, name: str = "version") -> int:
    """The number of the version that a posted form was opened with. Raises NothingThere for none."""
    version = version_in(request.POST, name)
    if version is None:
        raise NothingThere
    return version


def version_in(fields: MultiDict[str, Any], name: str = "version") -> int | None:
    """The number of the version that a form was opened with, or None where it names none."""
    return as_number(fields.get(name)) or None  # there is no version 0


def _ticks(content: Content) -> MultiDict[str, Any]:
    return edit_entry.ticks_typed(content) if "linked" in content else MultiDict()


def _conflict(
    request: Request, subject: _Subject, form: BuiltForm, opened: Content, *, had_files: bool
) -> dict[str, Any]:
    """Somebody else changed it after this form was opened: what they made of it is shown beside what was
    typed, and the form goes on over theirs."""
    typed = {name: form.part(name).data for name in subject.values(opened) if form.has(name)}
    given = over_newest(typed, subject.values(opened), subject.values(subject.now))
    fresh = subject.form(None, None)
    modules = fields_over_newest(form, fresh, opened.get(MODULES, {}), subject.now.get(MODULES, {}))
    merged = subject.form(None, {**given, **modules})
    ticks = edit_entry.ticks_over_newest(request.POST, _ticks(opened), _ticks(subject.now))
    request.response.status_int = 409
    along = carried(request, form, merged, opened=opened.get(MODULES))
    page = _page(request, subject, merged, subject.newest, ticks, along=along)
    yours = request.viewer.text(str(given["text"])).replace("\r\n", "\n")
    read = versions.of_incident if subject.at == subject.incident_id else versions.of_action
    theirs = changed_since(
        request, read(request.db, request.viewer, subject.at), subject.told(opened), subject.now
    )
    page["conflict"] = {
        **theirs,
        "yours": shortened(difference(theirs["text"], yours)) if theirs["text"] != yours else [],
        "files": had_files,
    }
    return page


def changed_since(
    request: Request, history: versions.History, opened: Content, now: Content
) -> dict[str, Any]:
    """What somebody else changed since a page was opened, and who: `_changed.pt` shows it."""
    db, viewer = request.db, request.viewer
    text = versions.plain_text(viewer, now)
    return {
        "by": history.versions[0],
        "text": text,
        "theirs": shortened(difference(versions.plain_text(viewer, opened), text)),
        "lines": versions.Words(db, viewer, [opened, now]).lines(opened, now),
    }


def _page(
    request: Request,
    subject: _Subject,
    form: BuiltForm,
    version: int,
    typed: MultiDict[str, Any],
    saved: str | None = None,
    *,
    along: Carried | None = None,
) -> dict[str, Any]:
    present = ids_of(subject.now, "categories")
    linked: dict[str, Any] = {"linked": [], "parts": [], "not_said": ""}
    if "linked" in subject.now:
        linked = edit_entry.linked_part(request, subject.now, typed)
    return {
        "title": f"Edit {subject.name}",
        "form": form.form,
        "fields": entry.drawn(form),
        "carried": along or Carried(),
        "categories": edit_entry.category_tree(request.db, request.viewer, form, present),
        "version": version,
        "files": _files(request, subject),
        "conflict": None,
        "changed_since": False,
        **draft_context(request, subject.draft, saved),
        "back_href": place_of(request, subject.incident_id, subject.at),
        **linked,
    }


def _files(request: Request, subject: _Subject) -> list[dict[str, Any]]:
    """The files that are there and stay, each with the way to remove it for who may (EDT-10)."""
    address = request.address
    return [
        {
            "name": file.name,
            "label": file.label,
            "about_href": address("document-about", document_id=file.id),
            "remove_href": address("document-remove", document_id=file.id) if file.kept else None,
        }
        for file in files_of(request.db, request.viewer, ids_of(subject.now, "documents"))
        if file.removed is None
    ]


def _has_linked(request: Request, incident_id: uuid.UUID) -> bool:
    linked = select(IncidentStudent.student_id).where(
        IncidentStudent.incident_id == incident_id, IncidentStudent.linked
    )
    return request.db.scalars(linked).first() is not None


def add_to_linked(request: Request) -> Any:
    """ACT-02: asks whether the files go along, then puts the action on the linked students' records."""
    action, incident = found_action(request)
    if request.method == "POST":
        share = request.POST.get("share") == "yes"
        show_on_linked(request.db, request.viewer, action.id, share_documents=share)
        return HTTPFound(place_of(request, incident.id, action.id, "action-on-linked"))
    linked = request.db.scalars(
        select(IncidentStudent.student_id).where(
            IncidentStudent.incident_id == incident.id, IncidentStudent.linked
        )
    ).all()
    return {
        "title": "Add to linked incidents",
        "text": request.viewer.text(action.text),
        "students": list(edit_entry.students_named(request.db, request.viewer, linked).values()),
        "has_files": bool(content_of_action(request.db, action)["documents"]),
        "back_href": place_of(request, incident.id, action.id),
    }


def asked_version(request: Request, name: str = "before") -> int | None:
    """The number of a version in the address, if there is one."""
    return as_number(request.GET.get(name))


def chosen_ids(request: Request, name: str) -> list[uuid.UUID]:
    """Ids of a posted field."""
    return [one for one in map(as_id, request.POST.getall(name)) if one]
