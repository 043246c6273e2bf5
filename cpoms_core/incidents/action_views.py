"""The Add action page (ACT-01)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request
from pyramid_retry import mark_error_retryable
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cpoms_core.access import policy
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.documents.taking import TakenFiles, take_files
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents import chronology, entry, lost_sight, recorded_before, services
from cpoms_core.incidents.draft_views import draft_context, in_place_of
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.on_page import IncidentShown
from cpoms_core.incidents.services import AlreadySubmitted, FormRefused, NotAllRecorded
from cpoms_core.incidents.shown import incident_context
from cpoms_core.incidents.views import _refuse, go
from cpoms_core.students.views import matched_id
from cpoms_core.web.form_carried import carried
from cpoms_core.web.forms import BuiltForm, as_id


def add(request: Request) -> Any:
    """The form under the incident that it is about; on submit ACT-01. Whose right to it ended while they
    wrote gets back what they typed."""
    taken = take_files(request) if request.method == "POST" else None
    incident_id = matched_id(request, "incident_id")
    try:
        return _add(request, incident_id, taken)
    except NothingThere:
        return lost_sight.page(request, incident_id, taken)


def _add(request: Request, incident_id: uuid.UUID, taken: TakenFiles | None) -> Any:
    viewer = request.viewer
    try:
        incident = chronology.one(request.db, viewer, incident_id, modules=False)
    except NothingThere:
        # merged while this was written: it is an action of the other incident then (EDT-04)
        if (merged := chronology.merged_into(request.db, viewer, incident_id)) is None:
            raise
        incident = chronology.one(request.db, viewer, merged[0], modules=False)
    if not viewer.may("incidents:add"):
        raise NothingThere
    request.shows([incident.id])
    keys = _draft_keys(incident)
    if taken is not None:
        named = request.POST.get("draft")
        return _submit(request, incident, named if named in keys else keys[0], taken)
    key, (drafted, saved, submission) = _read_draft(request, keys)
    if (names_first := in_place_of(request, drafted)) is not None:
        return names_first
    form = entry.action_form(request, incident.id, drafted, has_linked=bool(incident.linked_names))
    if drafted is None:
        now = viewer.local(viewer.now()).replace(tzinfo=None, second=0, microsecond=0)
        form.part("occurred").data = now
    return _page(request, form, incident, key, saved, submission)


def _draft_keys(incident: IncidentShown) -> list[str]:
    """The drafts that the form may be filled with: the incident's own, and those that were begun under what
    was merged into it since (EDT-04)."""
    merged = [one.was_incident for one in incident.actions if one.was_incident]
    return [f"action-{one}" for one in (incident.id, *merged)]


def _read_draft(request: Request, keys: Sequence[str]) -> tuple[str, entry.Drafted]:
    """The first of these drafts that is there, with its name; each has its turn when those before it go."""
    for key in keys:
        if (found := entry.read_draft(request, key))[0] is not None:
            return key, found
    return keys[0], (None, None, new_id())


def _submit(request: Request, incident: IncidentShown, key: str, taken: TakenFiles) -> Any:
    form = entry.action_form(request, incident.id, request.POST, has_linked=bool(incident.linked_names))
    submission = as_id(request.POST.get("submission")) or new_id()
    if entry.only_looks(request):
        return _page(request, form, incident, key, None, submission)
    heading = ""
    if all([entry.accepted(request, form), taken.accepted_by(form)]):
        try:
            with taken.kept() as documents:
                new = entry.new_action(request, incident.id, form, documents, key)
                action = services.record_action(request.db, request.viewer, new)
        except NotAllRecorded as error:
            heading, submission = recorded_before.explain(request, form, error), new_id()
        except (FormRefused, Refused) as error:
            _refuse(request, form, error)
            if isinstance(error, AlreadySubmitted):
                heading, submission = recorded_before.OTHER_WORDS, new_id()
        except IntegrityError as error:
            mark_error_retryable(error)
            raise
        else:
            return go(
                request,
                request.route_path(
                    "incident", incident_id=incident.id, _query={"at": action.id, "said": "action-recorded"}
                ),
            )
    request.response.status_int = 422
    return _page(request, form, incident, key, None, submission, heading)


def _page(
    request: Request,
    form: BuiltForm,
    incident: IncidentShown,
    key: str,
    saved: str | None,
    submission: uuid.UUID,
    heading: str = "",
) -> dict[str, Any]:
    context = entry.fill_choices(request, form)
    staff = dict(form.part("alerts").choices)
    recipients = _recipients(request, staff, incident.id)
    return {
        "title": f"Add action to incident {incident.number}",
        "form": form.form,
        "action": request.route_path("action-add", incident_id=incident.id),
        "fields": entry.drawn(form),
        "carried": carried(request, form),
        **context,
        **entry.told_of_action(
            request,
            staff,
            incident.id,
            form.part("categories").data or [],
            form.part("alerts").data or [],
        ),
        "told_href": request.route_path("action-told", incident_id=incident.id),
        "alerted": [one["text"] for one in recipients],
        "recipients_json": json.dumps(recipients),
        "incident": incident_context(request, incident),
        **draft_context(request, key, saved),
        **({"errors_heading": heading} if heading else {}),
        "submission": submission,
        "back_href": request.route_path("incident", incident_id=incident.id),
    }


def told(request: Request) -> dict[str, Any]:
    """Who will be told, asked again whenever the form changes."""
    viewer, incident_id = request.viewer, matched_id(request, "incident_id")
    seen = select(Incident.id).where(Incident.id == incident_id, policy.visible_incidents(viewer))
    if request.db.scalar(seen) is None:
        raise NothingThere
    categories, people = (
        [one for one in map(as_id, request.POST.getall(name)) if one] for name in ("categories", "alerts")
    )
    return {
        "swap": True,
        **entry.told_of_action(request, entry.everyone(request), incident_id, categories, people),
    }


def _recipients(
    request: Request, names: Mapping[uuid.UUID, str], incident_id: uuid.UUID
) -> list[dict[str, str]]:
    """The others alerted to the incident, for the button that adds them all."""
    alerted = request.db.scalars(
        select(Alert.recipient_id)
        .where(Alert.incident_id == incident_id, Alert.action_id.is_(None))
        .distinct()
    )
    others = [one for one in alerted if one in names and one != request.viewer.user_id]
    return [{"value": str(one), "text": names[one]} for one in others]
