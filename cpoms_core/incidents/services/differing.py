"""What of a form that arrives again is not as its record began: the names of the fields (INC-09, ACT-01)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Incoming
from cpoms_core.incidents.models import Category, IncidentCategory
from cpoms_core.incidents.services.choosing import follow_matched
from cpoms_core.incidents.services.contents import Content
from cpoms_core.incidents.services.typed import NewAction, NewIncident
from cpoms_core.modules.kept_fields import MODULES, NOT_TAKEN, differing
from cpoms_core.students.models import Student
from cpoms_core.students.typed_in import matched_now
from cpoms_core.tenancy.scope import SchoolSession

MINUTE = dt.timedelta(minutes=1)
"""What a form's date and time can tell apart."""


def about_the_same(db: SchoolSession, recorded: str | None, new: NewIncident) -> bool:
    """Whether a repeated form is about the student of the first; one who was typed in has an id by now, and
    one who was matched since another."""
    if new.new_student is None or recorded is None:
        now = follow_matched(db, new).student_id
        return _followed(db, recorded) == (str(now) if now else None)
    student = db.get_one(Student, (db.school_id, uuid.UUID(recorded)))
    typed = new.new_student
    return (student.legal_forename, student.legal_surname) == (typed.forename, typed.surname)


def _followed(db: SchoolSession, recorded: str | None) -> str | None:
    if recorded is None:
        return None
    return str(matched_now(db, [uuid.UUID(recorded)]).get(uuid.UUID(recorded), recorded))


def unlike_incident(db: SchoolSession, first: Content, new: NewIncident) -> list[str]:
    """The fields of a repeated form, its alerts aside, that are not as the incident began."""
    chosen = _with_parents(db, new.category_ids)
    linked = {
        (str(one.student_id), one.monitor, one.share_documents, _text(one.part_id)) for one in new.linked
    }
    recorded = {
        (one["student"], one["monitor"], one["share_documents"], one.get("part")) for one in first["linked"]
    }
    part = _text(new.part_id) if first["student"] else None
    return _unlike(
        {
            "categories": chosen != set(first["categories"]),
            "linked": linked != recorded,
            "student_part": part != first.get("part"),
            **_shared(db, first, new),
        },
        first,
        new,
    )


def unlike_action(db: SchoolSession, first: Content, new: NewAction) -> list[str]:
    """As `unlike_incident`, of an action. A category that its incident has need not have come by it."""
    chosen, added = _with_parents(db, new.category_ids), set(first["categories"])
    its = select(IncidentCategory.category_id).where(IncidentCategory.incident_id == new.incident_id)
    there = {str(one) for one in db.scalars(its)}
    ticks = (new.on_linked, new.share_documents)
    return _unlike(
        {
            "categories": not added <= chosen or not chosen <= added | there,
            "linked_actions": ticks != (first["on_linked"], first["share_documents"]),
            **_shared(db, first, new),
        },
        first,
        new,
    )


def _shared(db: SchoolSession, first: Content, new: NewIncident | NewAction) -> dict[str, bool]:
    moved = new.occurred_at - dt.datetime.fromisoformat(first["occurred_at"])
    return {
        "occurred": abs(moved) >= MINUTE,
        "agencies": {str(one) for one in new.agency_ids} != set(first["agencies"]),
        "files": not _same_files(db, first["documents"], new.documents),
    }


def _unlike(fields: Mapping[str, bool], first: Content, new: NewIncident | NewAction) -> list[str]:
    modules = differing(first.get(MODULES, {}), new.module_values)
    gone = differing(first.get(NOT_TAKEN, {}), {name: list(one) for name, one in new.not_taken.items()})
    return [*(name for name, differs in fields.items() if differs), *dict.fromkeys([*modules, *gone])]


def _with_parents(db: SchoolSession, chosen: Collection[uuid.UUID]) -> set[str]:
    """Whether they can still be chosen is no matter: they were."""
    parents = db.scalars(select(Category.parent_id).where(Category.id.in_(chosen))) if chosen else ()
    return {str(one) for one in (*chosen, *parents) if one}


def _same_files(db: SchoolSession, recorded: Sequence[str], sent: Sequence[Incoming]) -> bool:
    """Whether the files have the same names and bytes; each sending stores them anew."""
    if len(recorded) != len(sent) or not sent:
        return len(recorded) == len(sent)
    ids = [uuid.UUID(one) for one in recorded]
    there = db.execute(select(Document.name, Document.sha256).where(Document.id.in_(ids)))
    return Counter((row.name, row.sha256) for row in there) == Counter((one.name, one.sha256) for one in sent)


def _text(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None
