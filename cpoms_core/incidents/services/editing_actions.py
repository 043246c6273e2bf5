"""Editing actions (EDT-01), and showing them on the linked students' records later (ACT-02)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.documents.services import attach
from cpoms_core.incidents import drafts
from cpoms_core.incidents.models import Action, ActionAgency, Incident
from cpoms_core.incidents.services.about import about_recorded
from cpoms_core.incidents.services.brought import given_by_a_person
from cpoms_core.incidents.services.changes import ActionEdit, ChangedMeanwhile, locked_action
from cpoms_core.incidents.services.contents import (
    Content,
    content_of_action,
    keep_action_version,
    keep_incident_version,
    older_of_action,
)
from cpoms_core.incidents.services.editing import (
    changed_fields,
    edited_by_modules,
    files_and_agencies_wrong,
    ids_of,
    mirror,
    moment_of,
    set_categories,
    tell_modules,
)
from cpoms_core.incidents.services.older_categories import may_come_back
from cpoms_core.incidents.services.parts import with_parents
from cpoms_core.incidents.services.record_places import put_on_every_linked
from cpoms_core.incidents.services.typed import FormRefused
from cpoms_core.incidents.withheld import withheld
from cpoms_core.modules.kept_fields import kept_with_it
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.tenancy.scope import SchoolSession


def edit_action(db: SchoolSession, viewer: Viewer, edit: ActionEdit) -> Action:
    """Changes an action whose incident the viewer may edit, as its next version. Categories that it adds from
    now on go on the incident, as where it is recorded; one that it adds no longer stays on the incident, from
    which only the incident's own form takes it.

    Raises NothingThere, ChangedMeanwhile, FormRefused and Refused.
    """
    incident, action = locked_action(db, viewer, edit.action_id, policy.editable_actions(viewer))
    if action.version != edit.version:
        raise ChangedMeanwhile(action.version)
    before = content_of_action(db, action)
    present = ids_of(before, "categories")
    new = [one for one in edit.category_ids if one not in present]
    added = with_parents(db, viewer, new) if new else []
    agencies = ids_of(before, "agencies")
    if errors := files_and_agencies_wrong(db, viewer, edit.documents, edit.agency_ids, agencies):
        raise FormRefused(errors)
    attach(db, viewer, edit.documents, incident_id=incident.id, action_id=action.id)
    kept = [one for one in present if one in edit.category_ids]
    given_by_a_person(db, incident.id, category_ids=added)
    added = _widen(db, viewer, incident, added)
    if edit.on_linked and not action.on_linked:
        put_on_every_linked(db, action.id)
    _apply(db, action, edit)
    categories = [str(one) for one in (*kept, *added)]
    drafts.forget(db, viewer, drafts.edit_key("action", action.id))
    return _keep(
        db, viewer, incident, action, before, "edited", categories, edit.module_values, edit.not_taken
    )


def restore_action_version(
    db: SchoolSession, viewer: Viewer, action_id: uuid.UUID, version: int, *, opened: int
) -> Action:
    """Makes an older version of an action the newest again, as of an incident; files that were added since
    then stay, and so do the categories that it adds where one of the older may not come back. Raises
    NothingThere, ChangedMeanwhile."""
    incident, action = locked_action(db, viewer, action_id, policy.editable_actions(viewer))
    raw = older_of_action(db, action, version)
    old = withheld(db, viewer, action).told(raw)
    if action.version != opened:
        raise ChangedMeanwhile(action.version)
    before = content_of_action(db, action)
    edit = ActionEdit(
        action.id,
        action.version,
        old["text"],
        moment_of(old),
        agency_ids=ids_of(old, "agencies"),
        on_linked=old["on_linked"],
        share_documents=old["share_documents"],
    )
    _apply(db, action, edit)
    categories: list[str] = before["categories"]
    older, present = ids_of(old, "categories"), about_recorded(db, incident.id).category_ids
    told = len(older) == len(raw["categories"])
    if told and set(older) != set(ids_of(before, "categories")) and may_come_back(db, viewer, older, present):
        categories = old["categories"]
        _widen(db, viewer, incident, older)
    fields = db.app.hooks.collect("action_edit_fields", db, viewer, action_id=action.id)
    values = edited_by_modules(old, fields)
    return _keep(db, viewer, incident, action, before, "restored", categories, values, {}, restored=version)


def show_on_linked(
    db: SchoolSession, viewer: Viewer, action_id: uuid.UUID, *, share_documents: bool
) -> Action:
    """Puts an action on the linked students' records as well, where that was not ticked on its form, with its
    files or without (ACT-02). Raises NothingThere."""
    incident, action = locked_action(db, viewer, action_id, policy.editable_actions(viewer))
    before = content_of_action(db, action)
    action.on_linked = True
    action.share_documents = action.share_documents or share_documents
    put_on_every_linked(db, action.id)
    return _keep(db, viewer, incident, action, before, "edited", before["categories"], {}, {})


def _apply(db: SchoolSession, action: Action, edit: ActionEdit) -> None:
    action.text, action.occurred_at = edit.text, edit.occurred_at
    action.on_linked, action.share_documents = edit.on_linked, edit.share_documents
    db.flush()
    mirror(db, ActionAgency, {"action_id": action.id}, "agency_id", edit.agency_ids)


def _widen(
    db: SchoolSession, viewer: Viewer, incident: Incident, categories: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Puts categories on the incident; answers those that are new to it."""
    present = about_recorded(db, incident.id).category_ids
    added = [one for one in categories if one not in present]
    if added:
        set_categories(db, viewer, incident, [*present, *added])
        keep_incident_version(db, viewer, incident, "action added")
        tell_modules(db, viewer, incident)
    return added


def _keep(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    action: Action,
    before: Content,
    kind: str,
    categories: list[str],
    module_values: Mapping[str, Any],
    not_taken: Mapping[str, Sequence[str]],
    **facts: Any,
) -> Action:
    db.flush()
    after = content_of_action(db, action, categories=categories, modules=module_values)
    changed = changed_fields(before, after)
    if not changed and not facts and not not_taken:
        return action
    keep_action_version(
        db, viewer, action, kind, categories=categories, modules=module_values, **facts,
        **kept_with_it(not_taken),
    )  # fmt: skip
    event = "action.restored" if kind == "restored" else "action.edited"
    subjects = [incident.id, action.id]
    audit.record(db, viewer, event, subjects, version=action.version, fields=changed, **facts)
    tell_of_action(db, viewer, action, module_values)
    return action


def tell_of_action(
    db: SchoolSession, viewer: Viewer, action: Action, values: Mapping[str, Any] | None = None
) -> None:
    """An action has a new version: the modules that are on are told."""
    db.app.hooks.effect(
        "action_saved",
        db,
        viewer,
        keep_for_retry(db, viewer),
        action_id=action.id,
        version=action.version,
        values=dict(values or {}),
    )
