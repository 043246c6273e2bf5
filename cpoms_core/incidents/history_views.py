"""The history of an incident or action, deleting and restoring (EDT-01, EDT-02), and its audit (EDT-09)."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request

from cpoms_core.access import policy
from cpoms_core.audit import of_incident as audits
from cpoms_core.audit.queries import Cursor
from cpoms_core.audit.wording import where_of
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents import versions
from cpoms_core.incidents.deleted_before import action_deleted_before, incident_deleted_before
from cpoms_core.incidents.edit_views import (
    asked_version,
    changed_since,
    found_action,
    found_incident,
    place_of,
    posted_version,
)
from cpoms_core.incidents.services import (
    ChangedMeanwhile,
    delete_action,
    delete_incident,
    restore_action,
    restore_action_version,
    restore_incident,
    restore_incident_version,
)
from cpoms_core.incidents.services.contents import (
    Content,
    content_of_action,
    content_of_incident,
)
from cpoms_core.incidents.versions import History
from cpoms_core.incidents.views import may_open_record
from cpoms_core.incidents.withheld import told_version
from cpoms_core.students.views import matched_id


def history(request: Request) -> dict[str, Any]:
    """Every version of an incident, a page at a time."""
    found = versions.of_incident(
        request.db, request.viewer, matched_id(request, "incident_id"), asked_version(request)
    )
    return _history(request, found)


def of_action(request: Request) -> dict[str, Any]:
    """Every version of an action."""
    found = versions.of_action(
        request.db, request.viewer, matched_id(request, "action_id"), asked_version(request)
    )
    return _history(request, found)


def _history(request: Request, found: History, error: str = "") -> dict[str, Any]:
    is_action = found.action_id is not None
    subject: dict[str, Any] = (
        {"action_id": found.action_id} if is_action else {"incident_id": found.incident_id}
    )
    kind = "action" if is_action else "incident"
    request.shows([found.incident_id, *([found.action_id] if found.action_id else [])])
    here = request.route_path(f"{kind}-history", **subject)
    name = f"an action on incident {found.number}" if is_action else f"incident {found.number}"
    earlier = f"{here}?before={found.earlier}" if found.earlier else None
    was = found.was_incident
    return {
        "title": f"History of {name}",
        "history": found,
        "error": error,
        "more_href": earlier,
        "newest_href": here if "before" in request.GET else None,
        "restore_href": None if found.lives_on else request.route_path(f"{kind}-restore", **subject),
        "was_href": request.route_path("incident-history", incident_id=was) if was else None,
        "was_actions": [
            {"href": request.route_path("action-history", action_id=one), "split": when}
            for one, when in found.was_actions
        ],
        "back_href": _back(request, found),
    }


def _back(request: Request, found: History) -> str | None:
    """Where it is shown. A deleted action's marker is under its incident; a deleted incident has no page, and
    what lives on as another is shown as that."""
    if found.lives_on or (found.deleted and found.action_id is None):
        return None
    return place_of(request, found.incident_id, found.action_id)


def restore(request: Request) -> Any:
    """EDT-02: a deleted incident is there again; EDT-01: an older version is the newest one again."""
    incident_id = matched_id(request, "incident_id")
    db, viewer = request.db, request.viewer
    try:
        if "restore" in request.POST:
            version = posted_version(request, "restore")
            opened = posted_version(request)
            incident = restore_incident_version(db, viewer, incident_id, version, opened=opened)
            read = partial(told_version, db, viewer, incident)
            said = _said_of_restored(read(version), read(opened), read(incident.version))
            return HTTPFound(place_of(request, incident_id, said=said))
        restore_incident(db, viewer, incident_id)
    except ChangedMeanwhile:
        return _changed(request, versions.of_incident(db, viewer, incident_id))
    return HTTPFound(place_of(request, incident_id, said="incident-restored"))


def restore_the_action(request: Request) -> Any:
    """As `restore`, of an action."""
    action_id = matched_id(request, "action_id")
    db, viewer = request.db, request.viewer
    try:
        if "restore" in request.POST:
            version = posted_version(request, "restore")
            opened = posted_version(request)
            action = restore_action_version(db, viewer, action_id, version, opened=opened)
            read = partial(told_version, db, viewer, action)
            said = _said_of_restored(read(version), read(opened), read(action.version))
            return HTTPFound(place_of(request, action.incident_id, action.id, said))
        action = restore_action(db, viewer, action_id)
    except ChangedMeanwhile:
        return _changed(request, versions.of_action(db, viewer, action_id))
    return HTTPFound(place_of(request, action.incident_id, action.id, "action-restored"))


def _said_of_restored(older: Content, before: Content, now: Content) -> str:
    """What a page says of a version that was restored: its categories, which decide who sees it, came back
    with it, or did not."""
    wanted, had, have = (set(one["categories"]) for one in (older, before, now))
    if have != wanted:
        return "version-restored-but-categories"
    return "version-restored" if have == had else "version-restored-with-categories"


def _changed(request: Request, found: History) -> dict[str, Any]:
    request.tm.doom()
    request.response.status_int = 409
    return _history(
        request, found, "It was changed while you were reading. Look at the newest version first."
    )


def delete(request: Request) -> Any:
    """EDT-02: an incident, with a reason."""
    try:
        return _delete(request)
    except NothingThere:
        if request.method != "POST":
            raise
        incident_id, opened = matched_id(request, "incident_id"), posted_version(request)
        deleted = incident_deleted_before(request.db, request.viewer, incident_id, opened)
        if deleted is None:
            raise
        return HTTPFound(_after(request, deleted.student_id))  # a second press


def _delete(request: Request) -> Any:
    incident = found_incident(request)
    ask = partial(_ask_reason, request, name=f"incident {incident.number}", incident_id=incident.id)
    if request.method != "POST":
        return ask(version=incident.version)
    opened, db, viewer = posted_version(request), request.db, request.viewer
    try:
        delete_incident(db, viewer, incident.id, request.POST.get("reason", ""), opened=opened)
    except Refused as refusal:
        return ask(version=opened, error=refusal.message)
    except ChangedMeanwhile as newer:
        before, now = told_version(db, viewer, incident, opened), content_of_incident(db, incident)
        changed = changed_since(request, versions.of_incident(db, viewer, incident.id), before, now)
        return ask(version=newer.version, changed=changed)
    return HTTPFound(_after(request, incident.student_id))


def _after(request: Request, student_id: uuid.UUID | None) -> str:
    """Where the deleted one's marker is: on the record, if the viewer may open it."""
    query = {"said": "incident-deleted"}
    if student_id is None:
        return str(request.route_path("whole-school", _query=query))
    if may_open_record(request, student_id):
        return str(request.route_path("student-incidents", student_id=student_id, _query=query))
    return str(request.route_path("dashboard", _query=query))


def delete_the_action(request: Request) -> Any:
    """EDT-02: an action, with a reason."""
    try:
        return _delete_the_action(request)
    except NothingThere:
        if request.method != "POST":
            raise
        action_id, opened = matched_id(request, "action_id"), posted_version(request)
        deleted = action_deleted_before(request.db, request.viewer, action_id, opened)
        if deleted is None:
            raise
        return HTTPFound(place_of(request, deleted.incident_id, said="action-deleted"))  # a second press


def _delete_the_action(request: Request) -> Any:
    action, incident = found_action(request)
    name = f"action on incident {incident.number}"
    ask = partial(_ask_reason, request, name=name, incident_id=incident.id, action_id=action.id)
    if request.method != "POST":
        return ask(version=action.version)
    opened, db, viewer = posted_version(request), request.db, request.viewer
    try:
        delete_action(db, viewer, action.id, request.POST.get("reason", ""), opened=opened)
    except Refused as refusal:
        return ask(version=opened, error=refusal.message)
    except ChangedMeanwhile as newer:
        before, now = told_version(db, viewer, action, opened), content_of_action(db, action)
        changed = changed_since(request, versions.of_action(db, viewer, action.id), before, now)
        return ask(version=newer.version, changed=changed)
    return HTTPFound(place_of(request, incident.id, said="action-deleted"))


def _ask_reason(
    request: Request,
    *,
    name: str,
    incident_id: uuid.UUID,
    action_id: uuid.UUID | None = None,
    version: int,
    error: str = "",
    changed: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """`version`: the one that will be deleted. `error`: what is wrong with the reason. `changed`: what
    somebody else made of it meanwhile."""
    if error or changed:
        request.tm.doom()
        request.response.status_int = 422 if error else 409
    return {
        "title": f"Delete {name}",
        "name": name,
        "of_incident": action_id is None,
        "version": version,
        "error": error,
        "changed": changed,
        "reason": request.POST.get("reason", ""),
        "back_href": place_of(request, incident_id, action_id),
    }


def audit(request: Request) -> dict[str, Any]:
    """EDT-09: who saw, printed and changed one incident and its actions."""
    incident = found_incident(request, policy.kept_incidents(request.viewer))
    before = Cursor.read(request.GET.get("before", ""))
    page = audits.audits_about(request.db, request.viewer, incident.id, before)
    here = request.route_path("incident-audit", incident_id=incident.id)
    return {
        "title": f"Who saw or changed incident {incident.number}",
        "rows": [
            {
                "entry": row,
                "where": ", ".join(
                    part for part in (where_of(row.channel, row.access), row.ip, row.place) if part
                ),
            }
            for row in page.rows
        ],
        "more_href": f"{here}?before={page.before}" if page.before else None,
        "newest_href": here if before else None,
        "back_href": place_of(request, incident.id) if incident.deleted_at is None else None,
    }
