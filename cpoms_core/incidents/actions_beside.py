"""The actions under the incidents of a page: with their agencies, and the categories that they added."""

from __future__ import annotations

import uuid

from sqlalchemy import BindParameter, and_, bindparam, select
from sqlalchemy.orm import aliased

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.incidents.gone import actions_of
from cpoms_core.incidents.models import Action, ActionAgency, ActionVersion, Agency, Category, Incident
from cpoms_core.incidents.on_page import INCIDENTS, ActionShown, CategoryShown, IncidentShown
from cpoms_core.tenancy.scope import SchoolSession, built_once

RECORD: BindParameter[uuid.UUID | None] = bindparam("record", type_=Id())
WAS = aliased(Incident)
ALL_ACTIONS = (
    select(
        Action.id,
        Action.incident_id,
        Action.text,
        Action.occurred_at,
        Action.created_at,
        policy.action_on_linked(RECORD).label("on_record"),
        policy.action_files_on_linked(RECORD).label("files_on_record"),
        and_(Action.on_linked, ~policy.action_kept_off_somebody()).label("on_linked"),
        Action.deleted_at,
        Action.was_incident,
        Action.training,
        WAS.number.label("was_number"),
        staff_name().label("author_name"),
    )
    .join(User, User.id == Action.author_id)
    .outerjoin(WAS, WAS.id == Action.was_incident)
    .where(Action.incident_id.in_(INCIDENTS))
    .order_by(Action.occurred_at, Action.id)
)
ACTIONS = built_once(ALL_ACTIONS.where(Action.deleted_at.is_(None)))
KEPT_ACTIONS = built_once(ALL_ACTIONS.where(Action.became_incident.is_(None)))
"""With those that were deleted, for who may restore them (EDT-02)."""


def fill_actions(
    db: SchoolSession,
    viewer: Viewer,
    shown: dict[uuid.UUID, IncidentShown],
    narrowed: dict[uuid.UUID, bool],
    record: uuid.UUID | None,
) -> dict[uuid.UUID, ActionShown]:
    """The actions of incidents, by their ids; where `narrowed` names the incident, those that are on the
    record of this linked student too. `record`: the student on whose record they are shown."""
    actions: dict[uuid.UUID, ActionShown] = {}
    deleted: list[uuid.UUID] = []
    editing = viewer.elevated and viewer.may("incidents:edit")
    given = {"incidents": list(shown), "record": record}
    for action in db.execute(KEPT_ACTIONS if editing else ACTIONS, given):
        if action.incident_id in narrowed and not action.on_record:
            continue
        if action.deleted_at is not None:
            deleted.append(action.id)
            continue
        actions[action.id] = ActionShown(
            id=action.id,
            author_name=action.author_name,
            text=viewer.text(action.text),
            occurred=viewer.local(action.occurred_at),
            created=viewer.local(action.created_at),
            shares_files=action.files_on_record or action.incident_id not in narrowed,
            on_linked=bool(action.on_linked),
            was_incident=action.was_incident,
            was_number=action.was_number,
            training=action.training,
        )
        shown[action.incident_id].actions.append(actions[action.id])
    if actions:
        for action_id, name in db.execute(
            select(ActionAgency.action_id, Agency.name)
            .join(Agency, Agency.id == ActionAgency.agency_id)
            .where(ActionAgency.action_id.in_(actions))
            .order_by(Agency.name)
        ):
            actions[action_id].agencies.append(name)
        _fill_added(db, actions)
    if deleted:
        for incident_id, gone in actions_of(db, viewer, deleted).items():
            shown[incident_id].deleted_actions = gone
    return actions


def _fill_added(db: SchoolSession, actions: dict[uuid.UUID, ActionShown]) -> None:
    """The categories that each action added to its incident, as its newest version says."""
    added: dict[uuid.UUID, list[str]] = {
        version.action_id: version.content["categories"]
        for version in db.scalars(
            select(ActionVersion)
            .join(Action, and_(Action.id == ActionVersion.action_id, Action.version == ActionVersion.version))
            .where(ActionVersion.action_id.in_(actions))
        )
    }
    ids = {uuid.UUID(one) for many in added.values() for one in many}
    if not ids:
        return
    known = {
        str(category.id): CategoryShown(category.id, category.name, None, category.colour)
        for category in db.scalars(select(Category).where(Category.id.in_(ids)))
    }
    for action_id, many in added.items():
        actions[action_id].categories = [known[one] for one in many if one in known]
