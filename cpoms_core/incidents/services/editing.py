"""Editing an incident: every version is kept, and nothing is overwritten silently (EDT-01)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.queries import configured
from cpoms_core.alerts.services import alert
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.documents.services import Incoming, attach
from cpoms_core.hooks.types import FieldError, FormField
from cpoms_core.incidents import drafts
from cpoms_core.incidents.models import (
    Agency,
    Category,
    Incident,
    IncidentAgency,
    IncidentCategory,
    IncidentStudent,
)
from cpoms_core.incidents.services.about import about_recorded
from cpoms_core.incidents.services.changes import ChangedMeanwhile, IncidentEdit, locked_incident, subjects_of
from cpoms_core.incidents.services.contents import (
    Content,
    as_matched_now,
    content_of_incident,
    keep_incident_version,
    older_of_incident,
)
from cpoms_core.incidents.services.older_categories import may_come_back
from cpoms_core.incidents.services.parts import add_categories, with_parents
from cpoms_core.incidents.services.student_parts import NO_LONGER, unusable
from cpoms_core.incidents.services.typed import FormRefused, Linked
from cpoms_core.incidents.withheld import withheld
from cpoms_core.modules.kept_fields import kept_with_it
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students.monitoring import monitor, reinstate, withdraw
from cpoms_core.tenancy.scope import SchoolSession

Begin = Callable[[SchoolSession, Viewer, uuid.UUID, Sequence[uuid.UUID]], None]
"""Begins the monitoring of an incident's students for categories that are new to it."""
NO_FILES = FieldError("files", "You may not attach files. Leave them out.")


def edit_incident(db: SchoolSession, viewer: Viewer, edit: IncidentEdit) -> Incident:
    """Changes an incident that the viewer may edit, as its next version. Categories that are added are
    monitored from now on, and who is configured for them is alerted, as where an action adds them; for one
    that is taken away, the monitoring that only this incident began is withdrawn.

    Raises NothingThere, ChangedMeanwhile, FormRefused and Refused.
    """
    incident = locked_incident(db, edit.incident_id, policy.editable_incidents(viewer))
    if incident.version != edit.version:
        raise ChangedMeanwhile(incident.version)
    before = content_of_incident(db, incident)
    categories = categories_chosen(db, viewer, edit.category_ids, before)
    if errors := _wrong(db, viewer, edit, before, categories):
        raise FormRefused(errors)
    attach(db, viewer, edit.documents, incident_id=incident.id)
    _apply(db, viewer, incident, edit, categories)
    drafts.forget(db, viewer, drafts.edit_key("incident", incident.id))
    return _keep(db, viewer, incident, before, "edited", edit.module_values, edit.not_taken)


def restore_incident_version(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, version: int, *, opened: int
) -> Incident:
    """Makes an older version of an incident the newest again: its words, date, categories, agencies, ticks
    and parts, and what the modules that are on would have edited with it. Students that were linked and files
    that were added since then stay; the monitoring that was withdrawn with a category goes on. Where a
    category may not come back (`may_come_back`), or is not told to the viewer (`withheld`), all stay as they
    are. `opened`: the newest version when the person decided. Raises NothingThere, ChangedMeanwhile."""
    incident = locked_incident(db, incident_id, policy.editable_incidents(viewer))
    raw = older_of_incident(db, incident, version)
    old = as_matched_now(db, withheld(db, viewer, incident).told(raw))
    if incident.version != opened:
        raise ChangedMeanwhile(incident.version)
    before = content_of_incident(db, incident)
    categories, present = ids_of(old, "categories"), ids_of(before, "categories")
    if len(categories) < len(raw["categories"]) or not may_come_back(db, viewer, categories, present):
        categories = present
    linked = [
        Linked(uuid.UUID(one["student"]), one["monitor"], one["share_documents"]) for one in old["linked"]
    ]
    parts = {uuid.UUID(one["student"]): _id(one.get("part")) for one in old["linked"]}
    if old.get("student"):
        parts[uuid.UUID(old["student"])] = _id(old.get("part"))
    edit = IncidentEdit(
        incident.id,
        incident.version,
        old["text"],
        moment_of(old),
        categories,
        ids_of(old, "agencies"),
        linked,
        parts,
    )
    _apply(db, viewer, incident, edit, categories, _go_on)
    fields = db.app.hooks.collect("incident_edit_fields", db, viewer, incident_id=incident.id)
    values = edited_by_modules(old, fields)
    return _keep(db, viewer, incident, before, "restored", values, {}, restored=version)


def edited_by_modules(content: Content, fields: Sequence[FormField]) -> dict[str, Any]:
    """A version's values of the modules' fields that an edit would offer. Others are not given again: what
    was typed once to begin something, as who it was assigned to, would begin it a second time."""
    kept = content.get("modules", {})
    return {one.name: kept[one.name] for one in fields if one.name in kept}


def _keep(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    before: Content,
    kind: str,
    module_values: Mapping[str, Any],
    not_taken: Mapping[str, Sequence[str]],
    **facts: Any,
) -> Incident:
    """The new version, its audit, and the modules' parts; nothing where nothing differs."""
    db.flush()
    changed = changed_fields(before, content_of_incident(db, incident, module_values))
    if not changed and not facts and not not_taken:
        return incident
    kept = kept_with_it(not_taken)
    keep_incident_version(db, viewer, incident, kind, modules=module_values, **facts, **kept)
    event = "incident.restored" if kind == "restored" else "incident.edited"
    subjects = subjects_of(db, incident)
    audit.record(db, viewer, event, subjects, version=incident.version, fields=changed, **facts)
    tell_modules(db, viewer, incident, module_values)
    return incident


def tell_modules(
    db: SchoolSession, viewer: Viewer, incident: Incident, values: Mapping[str, Any] | None = None
) -> None:
    """An incident has a new version: the modules that are on are told."""
    db.app.hooks.effect(
        "incident_saved",
        db,
        viewer,
        keep_for_retry(db, viewer),
        incident_id=incident.id,
        version=incident.version,
        values=dict(values or {}),
    )


def changed_fields(before: Content, after: Content) -> list[str]:
    """The names of what differs between two contents."""
    return sorted(name for name in after if plain(before.get(name)) != plain(after.get(name)))


def plain(value: Any) -> Any:
    """A part of a content without what does not count: the order of ids, and a part that is not said."""
    if isinstance(value, list):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one not in (None, "", [])}
    return value or None


def moment_of(content: Content) -> dt.datetime:
    """When it happened, by a version's content; UTC."""
    return dt.datetime.fromisoformat(content["occurred_at"])


def ids_of(content: Content, name: str) -> list[uuid.UUID]:
    """The ids in a part of a content."""
    return [uuid.UUID(one) for one in content.get(name, [])]


def _id(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None


# --- what can be wrong -----------------------------------------------------------------------------------


def categories_chosen(
    db: SchoolSession, viewer: Viewer, chosen: Sequence[uuid.UUID], before: Content
) -> list[uuid.UUID]:
    """The categories as they will be, with the parents of sub-categories. One that is on the incident already
    may stay, though it was disabled meanwhile; a new one must be the viewer's to add."""
    present = set(ids_of(before, "categories"))
    if not chosen:
        raise FormRefused([FieldError("categories", "Choose at least one category.")])
    new = [one for one in chosen if one not in present]
    added = with_parents(db, viewer, new) if new else []
    kept = [one for one in chosen if one in present]
    parents = db.scalars(select(Category.parent_id).where(Category.id.in_(kept))) if kept else ()
    return list(dict.fromkeys([*kept, *(one for one in parents if one), *added]))


def _wrong(
    db: SchoolSession,
    viewer: Viewer,
    edit: IncidentEdit,
    before: Content,
    categories: Sequence[uuid.UUID],
) -> list[FieldError]:
    agencies = ids_of(before, "agencies")
    errors = files_and_agencies_wrong(db, viewer, edit.documents, edit.agency_ids, agencies)
    present = {one.get("part") for one in before["linked"]} | {before.get("part")}
    if unusable(db, [one for one in edit.parts.values() if str(one) not in present]):
        errors.append(FieldError("parts", NO_LONGER))
    values = {
        **edit.module_values,
        "student": before["student"],
        "linked": [one["student"] for one in before["linked"]],
        "categories": [str(one) for one in categories],
        "occurred": edit.occurred_at.isoformat(),
    }
    return errors + db.app.hooks.veto("validate_incident", db, viewer, values=values)


def files_and_agencies_wrong(
    db: SchoolSession,
    viewer: Viewer,
    documents: Sequence[Incoming],
    agency_ids: Sequence[uuid.UUID],
    present: Collection[uuid.UUID],
) -> list[FieldError]:
    """What is wrong with what an edit attaches. An agency that is there already may have been disabled."""
    errors = [NO_FILES] if documents and not viewer.may("files:attach") else []
    new = [one for one in dict.fromkeys(agency_ids) if one not in present]
    usable = select(Agency.id).where(Agency.id.in_(new), Agency.disabled_at.is_(None))
    if new and len(db.scalars(usable).all()) != len(new):
        errors.append(FieldError("agencies", "One of these agencies can no longer be used. Choose again."))
    return errors


# --- applying it -----------------------------------------------------------------------------------------


def _begin(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, added: Sequence[uuid.UUID]) -> None:
    monitored = select(IncidentStudent.student_id).where(
        IncidentStudent.incident_id == incident_id, IncidentStudent.monitored
    )
    monitor(db, viewer, db.scalars(monitored).all(), added, incident_id=incident_id)


def _go_on(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, added: Sequence[uuid.UUID]) -> None:
    reinstate(db, viewer, [incident_id], category_ids=added)
    _begin(db, viewer, incident_id, added)


def _apply(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    edit: IncidentEdit,
    categories: list[uuid.UUID],
    begin: Begin = _begin,
) -> None:
    incident.text, incident.occurred_at = edit.text, edit.occurred_at
    db.flush()
    _set_students(db, viewer, incident, edit, categories)
    mirror(db, IncidentAgency, {"incident_id": incident.id}, "agency_id", edit.agency_ids)
    set_categories(db, viewer, incident, categories, begin)


def set_categories(
    db: SchoolSession,
    viewer: Viewer,
    incident: Incident,
    categories: Sequence[uuid.UUID],
    begin: Begin = _begin,
) -> None:
    """Gives an incident these categories, with monitoring and alerts for those that are new to it."""
    about = about_recorded(db, incident.id)
    gone = [one for one in about.category_ids if one not in categories]
    added = [one for one in categories if one not in about.category_ids]
    if gone:
        db.execute(
            delete(IncidentCategory)
            .where(IncidentCategory.incident_id == incident.id, IncidentCategory.category_id.in_(gone))
            .execution_options(synchronize_session=False)
        )
        withdraw(db, viewer, [incident.id], category_ids=gone)
    if added:
        add_categories(db, incident.id, added)
        begin(db, viewer, incident.id, added)
        told = {person.id for person in configured(db, replace(about, category_ids=categories), added)}
        alert(db, viewer, sorted(told), incident.id, categories)


def _set_students(
    db: SchoolSession, viewer: Viewer, incident: Incident, edit: IncidentEdit, categories: Sequence[uuid.UUID]
) -> None:
    """The ticks of linked students and the parts of all; who is newly ticked is monitored from now on.
    Monitoring that is going on is ended on the student's record, and not by taking a tick away."""
    rows = db.scalars(
        select(IncidentStudent)
        .where(IncidentStudent.incident_id == incident.id)
        .execution_options(populate_existing=True)
    ).all()
    ticks = {one.student_id: one for one in edit.ticks}
    newly: list[uuid.UUID] = []
    for row in rows:
        values: dict[str, Any] = {}
        tick = ticks.get(row.student_id) if row.linked else None
        if tick is not None:
            values = {"monitored": tick.monitor, "share_documents": tick.share_documents}
            newly += [row.student_id] if tick.monitor and not row.monitored else []
        if row.student_id in edit.parts:
            values["part_id"] = edit.parts[row.student_id]
        if values:
            # by condition: the row's copy of the date is the database's to keep
            db.execute(
                update(IncidentStudent)
                .where(
                    IncidentStudent.incident_id == incident.id, IncidentStudent.student_id == row.student_id
                )
                .values(**values)
                .execution_options(synchronize_session=False)
            )
    if newly:
        monitor(db, viewer, newly, categories, incident_id=incident.id)


def mirror(
    db: SchoolSession, model: Any, owner: Mapping[str, uuid.UUID], column: str, ids: Sequence[uuid.UUID]
) -> None:
    """Makes the association rows of an owner the ones of the newest version."""
    ((name, owner_id),) = owner.items()
    owned = getattr(model, name) == owner_id
    other = getattr(model, column)
    present = set(db.scalars(select(other).where(owned)))
    wanted = list(dict.fromkeys(ids))
    if gone := present - set(wanted):
        statement = delete(model).where(owned, other.in_(gone))
        db.execute(statement.execution_options(synchronize_session=False))
    rows = [{"school_id": db.school_id, name: owner_id, column: one} for one in wanted if one not in present]
    insert_rows(db, model, rows)
