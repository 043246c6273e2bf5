"""Moving everything that the school recorded of one student to another (INC-02): nothing is lost, nothing is
there twice, and what moved is told, so that it could be moved back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update

from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Draft, Incident, IncidentStudent
from cpoms_core.incidents.services.contents import keep_action_version, keep_incident_version
from cpoms_core.incidents.services.record_places import follow_match
from cpoms_core.students import versions
from cpoms_core.students.models import Contact, Monitoring, Student, StudentAgency, StudentLink
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession

MATCHED = "student matched"
"""The kind of the version that an incident has from it."""
MOVED = frozenset({
    "incident.student_id", "incident_student.student_id", "monitoring.student_id", "document.student_id",
    "automatic_alert.student_id", "student_link.student_id", "student_link.other_id", "contact.student_id",
    "student_agency.student_id", "action_student.student_id",
})  # fmt: skip
"""Columns with a student's id that are moved."""
STAYING = {
    "student_version.student_id": "what was kept on the record that was typed in stays its history; the "
    "register's record has a version of its own from the match",
    "group_member.student_id": "only imports fill it: a student whom staff typed in has none",
    "attendance_mark.student_id": "only imports fill it: a student whom staff typed in has none",
}
"""Columns with a student's id that are not moved, and why."""


@dataclass(slots=True)
class _Move:
    """One move, and what is told of it: ids, or names of fields, by what they are of."""

    db: SchoolSession
    viewer: Viewer
    old: uuid.UUID
    new: uuid.UUID
    moved: dict[str, list[str]]

    def tell(self, what: str, ids: Collection[uuid.UUID | str]) -> None:
        if ids:
            self.moved[what] = [str(one) for one in ids]


def move_everything(
    db: SchoolSession, viewer: Viewer, old: Student, new: Student
) -> tuple[dict[str, list[str]], list[uuid.UUID]]:
    """Moves all that is recorded of `old` to `new`. Returns what moved, by kind, and the ids of incidents.
    The viewer's right to it was asked before."""
    move = _Move(db, viewer, old.id, new.id, {})
    incidents = _incidents(move)
    _monitoring(move)
    _plain(move, "documents", Document)
    _plain(move, "contacts", Contact)
    _automatic_alerts(move)
    _drafts(move)
    _kept_by_the_school(move)
    return move.moved, incidents


def hold_incidents(db: SchoolSession, student_id: uuid.UUID) -> list[uuid.UUID]:
    """The ids of all incidents that a student is on, deleted ones too, which nobody else changes until the
    transaction ends."""
    on = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)
    own = select(Incident.id).where(or_(Incident.student_id == student_id, Incident.id.in_(on)))
    return list(db.scalars(own.order_by(Incident.id).with_for_update(of=Incident)))


def _incidents(move: _Move) -> list[uuid.UUID]:
    """Own and linked ones, each with a version that says so; deleted and merged ones without, because their
    newest version says what became of them. Who was on one incident twice is there once, as its subject where
    they were the subject of it."""
    db = move.db
    ids = hold_incidents(db, move.old)
    rows = db.scalars(select(IncidentStudent).where(IncidentStudent.student_id == move.old)).all()
    found = {row.incident_id: row for row in rows}
    if not ids:
        return []
    present = db.scalars(
        select(IncidentStudent).where(
            IncidentStudent.student_id == move.new, IncidentStudent.incident_id.in_(ids)
        )
    ).all()
    for other in present:
        own = found.pop(other.incident_id)
        other.linked = other.linked and own.linked
        other.monitored = other.monitored or own.monitored
        other.share_documents = other.share_documents or own.share_documents
        other.came_with = other.came_with if own.came_with else None  # else a person linked them
        other.part_id = own.part_id if not own.linked and own.part_id else other.part_id or own.part_id
        db.delete(own)  # its place on the incident is the other row's now
    db.flush()
    # the student's own rows only: the others of these incidents keep their places
    own_place = (IncidentStudent.student_id == move.old) & IncidentStudent.incident_id.in_(list(found))
    _change(move, IncidentStudent, own_place, student_id=move.new)
    _change(move, Incident, Incident.student_id == move.old, student_id=move.new)
    db.expire_all()
    there = select(Incident).where(Incident.id.in_(ids), Incident.deleted_at.is_(None))
    for incident in db.scalars(there.order_by(Incident.number)):
        keep_incident_version(db, move.viewer, incident, MATCHED)
    move.tell("incidents", list(found))
    both = [row.incident_id for row in present]
    move.tell("incidents of both", both)
    actions = follow_match(db, move.old, move.new, both)
    for action in actions:
        if action.deleted_at is None:
            keep_action_version(db, move.viewer, action, MATCHED)
    move.tell("actions", [action.id for action in actions])
    return ids


def _monitoring(move: _Move) -> None:
    """Open twice for one category: what began first goes on, the other is taken out of the history."""
    db, now = move.db, move.viewer.now()
    going_on = select(Monitoring).where(
        Monitoring.student_id.in_([move.old, move.new]), Monitoring.ended_at.is_(None)
    )
    first: dict[uuid.UUID, Monitoring] = {}
    doubles = []
    for row in db.scalars(going_on.order_by(Monitoring.started_at, Monitoring.id)):
        if first.setdefault(row.category_id, row) is not row:
            row.ended_at, row.ended_by, row.withdrawn_at = now, move.viewer.user_id, now
            doubles.append(row.id)
    db.flush()
    move.tell("monitoring doubles", doubles)
    _plain(move, "monitoring", Monitoring)


def _automatic_alerts(move: _Move) -> None:
    db = move.db
    rows = db.execute(
        select(AutomaticAlert.id, AutomaticAlert.user_id, AutomaticAlert.student_id).where(
            AutomaticAlert.student_id.in_([move.old, move.new])
        )
    ).all()
    told = {row.user_id for row in rows if row.student_id == move.new}
    doubles = [row.id for row in rows if row.student_id == move.old and row.user_id in told]
    _remove(move, AutomaticAlert, AutomaticAlert.id.in_(doubles), doubles)
    move.tell("automatic alerts of both", [row.user_id for row in rows if row.id in doubles])
    _plain(move, "automatic alerts", AutomaticAlert)


def _drafts(move: _Move) -> None:
    """What somebody is writing about them is found where they are now: their form opens with it. Words are
    put under those that the same person began there already."""
    db, old, new = move.db, f"incident-{move.old}", f"incident-{move.new}"
    begun = {one.user_id: one for one in db.scalars(select(Draft).where(Draft.form == new))}
    for draft in db.scalars(select(Draft).where(Draft.form == old, Draft.user_id.in_(begun))):
        _put_under(begun[draft.user_id], draft)
        db.delete(draft)
    db.flush()
    _change(move, Draft, Draft.form == old, form=new)


def _put_under(draft: Draft, other: Draft) -> None:
    """Adds the words of another draft below those of the first, whose other fields stay."""
    words = [str(dict(one.fields["fields"]).get("text", "")) for one in (draft, other)]
    text = "\n\n".join(one for one in words if one.strip())
    rest = [pair for pair in draft.fields["fields"] if pair[0] != "text"]
    draft.fields = {**draft.fields, "fields": [*rest, ["text", text]]}


def _kept_by_the_school(move: _Move) -> None:
    """Summary, keywords, agencies, own links, photo and modules' fields, as a version of both records."""
    db = move.db
    others = _links(move)
    agencies = set(db.scalars(_agencies(move.old)))
    doubles = agencies & set(db.scalars(_agencies(move.new)))
    own = StudentAgency.student_id == move.old
    _remove(move, StudentAgency, own & StudentAgency.agency_id.in_(doubles), doubles)
    _change(move, StudentAgency, own, student_id=move.new)
    move.tell("agencies", agencies)
    records = {one.id: one for one in versions.bump(db, {move.old, move.new, *others})}
    old, new = records[move.old], records[move.new]
    new.summary = "\n".join(dict.fromkeys(part for part in (new.summary, old.summary) if part))
    new.keywords = list({fold(word): word for word in [*old.keywords, *new.keywords]}.values())
    new.keyword_text = fold(" ".join(new.keywords))
    new.photo_id = new.photo_id or old.photo_id
    db.flush()
    fields = _modules_fields(move)
    for record in records.values():
        versions.keep(db, move.viewer, record, fields if record is new else None)
    move.moved["versions"] = [f"{one.id}: {one.version}" for one in records.values()]


def _modules_fields(move: _Move) -> dict[str, Any]:
    """What was put into modules' fields of the old record and not into those of the new one, for its version.
    The values themselves are the modules' to move (`merge_students`)."""
    there = versions.modules_values(move.db, move.new)
    kept = versions.modules_values(move.db, move.old)
    found = {name: value for name, value in kept.items() if value and not there.get(name)}
    move.tell("modules' fields", found)
    return found


def _agencies(student_id: uuid.UUID) -> Any:
    return select(StudentAgency.agency_id).where(StudentAgency.student_id == student_id)


def _links(move: _Move) -> set[uuid.UUID]:
    """The school's own links, in both directions; answers the students at their other ends."""
    db = move.db
    own = StudentLink.from_mis.is_(False)
    there = select(StudentLink.other_id).where(own, StudentLink.student_id == move.old)
    others = set(db.scalars(there))
    present = set(db.scalars(select(StudentLink.other_id).where(own, StudentLink.student_id == move.new)))
    doubles = [*(others & present), *({move.new} & others)]
    gone = own & or_(
        (StudentLink.student_id == move.old) & StudentLink.other_id.in_(doubles),
        (StudentLink.other_id == move.old) & StudentLink.student_id.in_(doubles),
    )
    _remove(move, StudentLink, gone, doubles)
    _change(move, StudentLink, own & (StudentLink.student_id == move.old), student_id=move.new)
    _change(move, StudentLink, own & (StudentLink.other_id == move.old), other_id=move.new)
    move.tell("links", others)
    return others - {move.new}


def _plain(move: _Move, what: str, table: Any) -> None:
    """Rows of which both students may have any number."""
    move.tell(what, list(move.db.scalars(select(table.id).where(table.student_id == move.old))))
    _change(move, table, table.student_id == move.old, student_id=move.new)


def _change(move: _Move, table: Any, condition: Any, **values: Any) -> None:
    move.db.execute(
        update(table).where(condition).values(**values).execution_options(synchronize_session=False)
    )


def _remove(move: _Move, table: Any, condition: Any, any_there: Collection[Any]) -> None:
    """Rows that say of the old student what is said of the new one already."""
    if any_there:
        move.db.execute(delete(table).where(condition).execution_options(synchronize_session=False))
