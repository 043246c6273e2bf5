"""Changing what becomes of an incident: its status, and who is assigned to it. Each change is kept, audited,
and mailed to whoever is newly assigned (CAS-01, CAS-02)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true

from cpoms_cases import outcomes, queries
from cpoms_cases.mails import ASSIGNED
from cpoms_cases.models import ACTIVE, CLOSED, STATUSES, Case, CaseChange
from cpoms_cases.outcomes import Why
from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident

MERGED = "An incident that was still active was merged into this one."
"""Why a closed incident is active again, where nobody was asked (CAS-07)."""


@dataclass(frozen=True, slots=True)
class State:
    """What can be changed of a case."""

    status: str = ACTIVE
    assignee_id: uuid.UUID | None = None


def open_case(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, typed: State, why: Why | None = None
) -> None:
    """Gives a new incident the status and assignee that were chosen on its form, once; `why` it is closed
    already, where it is.

    It may run long after the incident was recorded, when it failed at first: then what was changed in place
    meanwhile stands, and an assignee who cannot see the incident becomes nobody. The form refuses such a
    choice, but it is no reason to lose the rest.
    """
    incident = _locked(db, incident_id, true())
    case = db.get(Case, (db.school_id, incident_id))
    of_case = select(CaseChange).where(CaseChange.incident_id == incident_id)
    changes = db.scalars(of_case).all() if case else []
    if any(change.with_form for change in changes):
        return
    now = _state(case)
    status = typed.status if typed.status in STATUSES else ACTIVE
    assignee_id = typed.assignee_id
    if assignee_id is not None and not queries.sees(db, assignee_id, incident_id):
        assignee_id = None
    if _turned(changes):
        status = now.status
    if _handed(changes):
        assignee_id = now.assignee_id
    to = State(status, assignee_id)
    _change(db, viewer, incident, case, to, why if status == typed.status else None, with_form=True)


def change_status(
    db: PluginSession,
    viewer: Viewer,
    incident_id: uuid.UUID,
    status: str,
    outcome_id: uuid.UUID | None = None,
    reason: str = "",
) -> None:
    """Marks an incident as active or closed, and keeps why where the school asks (CAS-07). Raises
    NothingThere, Refused, and Unanswered where an answer is missing."""
    incident = _locked(db, incident_id, policy.rightful_incidents(viewer))
    if status not in STATUSES:
        raise Refused("Choose Active or Closed.", field="status")
    case = db.get(Case, (db.school_id, incident_id))
    if status != _state(case).status:
        why = outcomes.answered(db, viewer, status, outcome_id, reason)
        _change(db, viewer, incident, case, State(status, _state(case).assignee_id), why)


def assign(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, assignee_id: uuid.UUID | None) -> None:
    """Assigns an incident to a key holder who can see it, or to nobody. Raises NothingThere and Refused."""
    incident = _locked(db, incident_id, policy.rightful_incidents(viewer))
    if assignee_id is not None and not queries.sees(db, assignee_id, incident_id):
        message = "This person cannot see the incident, so it cannot be assigned to them. Choose again."
        raise Refused(message, field="assignee")
    case = db.get(Case, (db.school_id, incident_id))
    _change(db, viewer, incident, case, State(_state(case).status, assignee_id))


def carry_over(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, into_id: uuid.UUID) -> None:
    """An incident was merged into another: where its case is active, the other's becomes so too, and whoever
    it is assigned to gets the other one, if nobody has that and they can see it. Otherwise it would leave
    their list unnoticed. The history says why the other one was opened. Nobody is mailed where the module is
    off.

    It may run long after the merging, when it failed at first: then what was changed in place since stands,
    and of one that was split off again there is nothing to carry.
    """
    merged = db.scalars(select(Incident).where(Incident.id == incident_id)).one()
    state = _state(db.get(Case, (db.school_id, incident_id)))
    if merged.merged_into is None or state.status != ACTIVE:
        return
    into = _locked(db, into_id, true())
    case = db.get(Case, (db.school_id, into_id))
    before, of_case = _state(case), CaseChange.incident_id == into_id
    since = db.scalars(select(CaseChange).where(of_case, CaseChange.made_at > merged.deleted_at)).all()
    status, assignee_id = before.status if _turned(since) else ACTIVE, before.assignee_id
    if (
        assignee_id is None
        and not _handed(since)
        and state.assignee_id
        and queries.sees(db, state.assignee_id, into_id)
    ):
        assignee_id = state.assignee_id
    why = Why(reason=MERGED) if before.status != status else None
    mails = "cases" in viewer.modules
    _change(db, viewer, into, case, State(status, assignee_id), why, mails=mails)


def _turned(changes: Sequence[CaseChange]) -> bool:
    """Whether the status was changed."""
    return any(change.from_status != change.to_status for change in changes)


def _handed(changes: Sequence[CaseChange]) -> bool:
    """Whether the case was given to somebody else, or to nobody."""
    return any(change.from_assignee_id != change.to_assignee_id for change in changes)


def _locked(db: PluginSession, incident_id: uuid.UUID, condition: ColumnElement[bool]) -> Incident:
    """The incident, locked until the transaction ends: one change of a case at a time, the first one too,
    for which there is no row of ours to lock. Raises NothingThere."""
    incident: Incident | None = db.scalars(
        select(Incident).where(Incident.id == incident_id, condition).with_for_update()
    ).first()
    if incident is None:
        raise NothingThere
    return incident


def _state(case: Case | None) -> State:
    return State(case.status, case.assignee_id) if case is not None else State()


def _change(
    db: PluginSession,
    viewer: Viewer,
    incident: Incident,
    case: Case | None,
    to: State,
    why: Why | None = None,
    *,
    with_form: bool = False,
    mails: bool = True,
) -> None:
    """Writes a change with its history, audit and mail; where nothing differs, nothing."""
    before, why = _state(case), why or Why()
    if before == to and not with_form:
        return
    if case is None:
        case = Case(school_id=db.school_id, incident_id=incident.id, version=0, outcome="")
        db.add(case)
    if to.status != before.status:
        case.outcome = why.outcome if to.status == CLOSED else ""
    case.status, case.assignee_id, case.version = to.status, to.assignee_id, case.version + 1
    case.changed_at, case.changed_by = viewer.now(), viewer.user_id
    db.add(
        CaseChange(
            school_id=db.school_id,
            incident_id=incident.id,
            version=case.version,
            with_form=with_form,
            from_status=before.status,
            to_status=to.status,
            from_assignee_id=before.assignee_id,
            to_assignee_id=to.assignee_id,
            outcome_id=why.outcome_id,
            outcome=why.outcome,
            reason=why.reason,
            made_at=viewer.now(),
            made_by=viewer.user_id,
        )
    )
    db.flush()
    _tell(db, viewer, incident, before, to, mails=mails)


def _tell(
    db: PluginSession, viewer: Viewer, incident: Incident, before: State, to: State, *, mails: bool
) -> None:
    """The audit's entries, and the mail to who is newly assigned, unless they assigned themselves."""
    subjects = [one for one in (incident.id, incident.student_id) if one]
    if to.status != before.status:
        db.audit(viewer, "case.status-changed", subjects, number=incident.number, status=to.status)
    if to.assignee_id == before.assignee_id:
        return
    assignee = str(to.assignee_id) if to.assignee_id else None
    db.audit(viewer, "case.assigned", subjects, number=incident.number, assignee=assignee)
    if mails and to.assignee_id is not None and to.assignee_id != viewer.user_id:
        sender = {"sender": str(viewer.user_id)} if viewer.user_id else {}
        about = {"incident": str(incident.id)}
        db.queue_mail(ASSIGNED.name, to_user=to.assignee_id, now=viewer.now(), **about, **sender)
