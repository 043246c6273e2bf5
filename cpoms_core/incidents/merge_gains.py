"""What comes on whose record when two incidents become one: for the preview, which says it before anything is
done (EDT-04). What is not named here stays on the records that it is on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from cpoms_core.incidents.models import Action
from cpoms_core.incidents.on_page import ActionShown, IncidentShown
from cpoms_core.incidents.services.merging import MergePlan
from cpoms_core.incidents.services.record_places import NOWHERE, Place, place_of, places_of
from cpoms_core.tenancy.scope import SchoolSession


@dataclass(frozen=True, slots=True)
class ActionGained:
    """An action that comes on a record, or only its files, which were not shared with the student."""

    action: ActionShown
    text: bool
    files: Sequence[str]


@dataclass(frozen=True, slots=True)
class Gains:
    """What comes on the record of the student whom the other incident is about: what the merged one says
    (`text`), files of it, actions."""

    text: bool
    files: Sequence[str]
    actions: Sequence[ActionGained]

    def __bool__(self) -> bool:
        return bool(self.text or self.files or self.actions)


def of_subject(db: SchoolSession, plan: MergePlan, first: IncidentShown) -> Gains | None:
    """first: the incident that is merged, in full. None: the other is about the whole school, or about the
    same student."""
    subject = next((row.student_id for row in plan.others if not row.linked), None)
    row = next((one for one in plan.own if one.student_id == subject), None)
    if subject is None or (row is not None and not row.linked):
        return None
    had = Place(row is not None, row is not None and row.share_documents)
    places = _places(db, subject, [one.id for one in first.actions]) if row is not None else {}
    actions = [_gained(one, places.get(one.id, NOWHERE)) for one in first.actions]
    files = [] if had.files else [file.name for file in first.files]
    return Gains(not had.shown, files, [one for one in actions if one.text or one.files])


def _gained(action: ActionShown, had: Place) -> ActionGained:
    files = [] if had.files else [file.name for file in action.files]
    return ActionGained(action, not had.shown, files)


def _places(
    db: SchoolSession, student_id: uuid.UUID, action_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Place]:
    said = places_of(db, action_ids)
    actions = db.scalars(select(Action).where(Action.id.in_(action_ids)))
    return {one.id: place_of(one, said[one.id].get(student_id)) for one in actions}
