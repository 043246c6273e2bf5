"""Students who are chosen on a form: held until the form is kept, so that no match with the register moves
everything of one of them away meanwhile, and followed where one did (INC-02)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Select, bindparam, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.incidents.services.typed import Linked, NewIncident
from cpoms_core.students.models import Student
from cpoms_core.students.typed_in import matched_now
from cpoms_core.tenancy.scope import SchoolSession


@policy.for_rights
def _choosable(sight: policy.Sight) -> Select[uuid.UUID]:
    ids = bindparam("students", expanding=True, type_=Id)
    return (
        select(Student.id)
        .where(Student.id.in_(ids), policy.choosable_students(sight))
        .order_by(Student.id)  # in one order, so that two never wait for each other
        .with_for_update(read=True, key_share=True, of=Student)
    )


def hold_choosable(db: SchoolSession, viewer: Viewer, student_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the students who may be chosen; until the transaction ends none of them is matched. A match
    that is going on is waited for, and who was matched by it is not among them."""
    return set(db.scalars(_choosable(viewer), policy.who(viewer, students=list(student_ids))))


def followed(linked: Sequence[Linked], now: Mapping[uuid.UUID, uuid.UUID]) -> list[Linked]:
    """Linked students under the records that are theirs now (`typed_in.matched_now`). Who is there under both
    is there once, with the ticks of both."""
    found: dict[uuid.UUID, Linked] = {}
    for one in linked:
        own = replace(one, student_id=now.get(one.student_id, one.student_id))
        if (other := found.get(own.student_id)) is not None:
            own = Linked(
                own.student_id,
                own.monitor or other.monitor,
                own.share_documents or other.share_documents,
                other.part_id or own.part_id,
            )
        found[own.student_id] = own
    return list(found.values())


def students_of(new: NewIncident) -> list[uuid.UUID]:
    """The students of a form, who was typed in aside."""
    return [one for one in (new.student_id, *(linked.student_id for linked in new.linked)) if one]


def follow_matched(db: SchoolSession, new: NewIncident) -> NewIncident:
    """A child who was typed in and has been matched since the form was opened is meant under their record of
    the MIS (INC-02). Who is its subject by that is not linked as well."""
    ids = students_of(new)
    now = matched_now(db, ids) if ids else {}
    if not now:
        return new
    subject = now.get(new.student_id, new.student_id) if new.student_id else None
    linked = {one.student_id: one for one in followed(new.linked, now)}
    part = new.part_id
    if subject is not None and new.student_id not in {one.student_id for one in new.linked}:
        twice = linked.pop(subject, None)
        part = part or (twice.part_id if twice else None)
    return replace(new, student_id=subject, linked=list(linked.values()), part_id=part)
