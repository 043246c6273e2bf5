"""What closing an incident asks for where the school wants it (CAS-07), an outcome from the school's own list
and a reason; and that list."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from cpoms_cases.models import CLOSED, LONGEST_NAME, LONGEST_REASON, Outcome
from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, tidy_name
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import FieldError

ASKS = "cases.outcomes"
"""The setting: whether closing and reopening ask."""
OUTCOME, REASON = "outcome", "reason"


@dataclass(frozen=True, slots=True)
class Why:
    """Why a status was changed: an outcome, under the name that it had then, and a reason."""

    outcome_id: uuid.UUID | None = None
    outcome: str = ""
    reason: str = ""


class Unanswered(Refused):
    """A status cannot be changed without what the school asks for; `errors` are beside their fields."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(errors[0].message, field=errors[0].field)
        self.errors = errors


def asks(viewer: Viewer) -> bool:
    """Whether the school asks for an outcome and a reason."""
    return bool(viewer.school.setting(ASKS))


def objections(
    db: PluginSession, viewer: Viewer, status: str, outcome_id: uuid.UUID | None, reason: str
) -> list[FieldError]:
    """What is missing for a change to this status: closing asks for both, reopening for the reason. Where no
    outcome is on the list, there is none to ask for."""
    if not asks(viewer):
        return []
    errors = []
    if status == CLOSED:
        ids = {outcome.id for outcome in usable(db)}
        if ids and outcome_id not in ids:
            errors.append(FieldError(OUTCOME, "Choose what came of it."))
    if not reason.strip():
        errors.append(FieldError(REASON, "Say why, in a few words."))
    elif len(reason) > LONGEST_REASON:
        errors.append(FieldError(REASON, f"Shorten it to {LONGEST_REASON:,} characters."))
    return errors


def answered(
    db: PluginSession, viewer: Viewer, status: str, outcome_id: uuid.UUID | None, reason: str
) -> Why:
    """What was answered, where the school asks. Raises Unanswered."""
    errors = objections(db, viewer, status, outcome_id, reason)
    if errors:
        raise Unanswered(errors)
    return kept(db, status, outcome_id, reason) if asks(viewer) else Why()


def kept(db: PluginSession, status: str, outcome_id: uuid.UUID | None, reason: str) -> Why:
    """What is kept of an answer that was looked at before: one that has come too late to be refused."""
    found = db.get(Outcome, (db.school_id, outcome_id)) if outcome_id and status == CLOSED else None
    reason = reason.strip()[:LONGEST_REASON]
    return Why(found.id, found.name, reason) if found else Why(reason=reason)


def usable(db: PluginSession) -> list[Outcome]:
    """The outcomes that can be chosen, by name."""
    return [outcome for outcome in listed(db) if outcome.disabled_at is None]


def listed(db: PluginSession) -> list[Outcome]:
    """The school's whole list, by name."""
    return list(db.scalars(select(Outcome).order_by(Outcome.name, Outcome.id)))


def add(db: PluginSession, viewer: Viewer, name: str) -> Outcome:
    """Adds an outcome to the list. Raises NothingThere and Refused."""
    begin_change(db, viewer)
    name = _free_name(db, name)
    outcome = Outcome(school_id=db.school_id, id=new_id(), name=name)
    db.add(outcome)
    db.audit(viewer, "case.outcome-added", [outcome.id])
    return outcome


def rename(db: PluginSession, viewer: Viewer, outcome_id: uuid.UUID, name: str) -> None:
    """Renames an outcome from now on: what was closed with it keeps the name of then. Raises NothingThere and
    Refused."""
    outcome = _to_change(db, viewer, outcome_id)
    name = _free_name(db, name, but_for=outcome)
    if name != outcome.name:
        outcome.name = name
        db.audit(viewer, "case.outcome-changed", [outcome.id], what="name")


def turn(db: PluginSession, viewer: Viewer, outcome_id: uuid.UUID, *, usable: bool) -> None:
    """Offers an outcome again, or not any more. Raises NothingThere."""
    outcome = _to_change(db, viewer, outcome_id)
    if usable != (outcome.disabled_at is None):
        outcome.disabled_at = None if usable else viewer.now()
        db.audit(viewer, "case.outcome-changed", [outcome.id], what="enabled" if usable else "disabled")


def _to_change(db: PluginSession, viewer: Viewer, outcome_id: uuid.UUID) -> Outcome:
    begin_change(db, viewer)
    outcome = db.get(Outcome, (db.school_id, outcome_id))
    if outcome is None:
        raise NothingThere
    return outcome


def _free_name(db: PluginSession, text: str, but_for: Outcome | None = None) -> str:
    name = tidy_name(text, LONGEST_NAME)
    taken = [one for one in listed(db) if one is not but_for and one.name.casefold() == name.casefold()]
    if taken:
        again = ". It is disabled: enable it again." if taken[0].disabled_at else "."
        raise Refused(f"“{taken[0].name}” is on the list already{again}", field="name")
    return name
