"""Counting incidents by what modules group them by (FRM-04); the policy says which are counted."""

from __future__ import annotations

from sqlalchemy import func, select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import Grouping
from cpoms_core.incidents.models import Incident
from cpoms_core.tenancy.scope import SchoolSession


def groupings_of(db: SchoolSession, viewer: Viewer) -> list[Grouping]:
    """What the modules that are on group incidents by, by weight."""
    return db.app.hooks.collect("report_groupings", db, viewer)


def counts_by(db: SchoolSession, viewer: Viewer, grouping: Grouping) -> list[tuple[str, int]]:
    """The groups with the number of incidents in each that the viewer may see, the largest first. An incident
    that is in several counts in each of them, and once."""
    values = grouping.values.subquery()
    incident_id, group = values.c
    number = func.count(Incident.id.distinct())
    rows = db.execute(
        select(group, number)
        .join(Incident, Incident.id == incident_id)
        .where(policy.visible_incidents(viewer))
        .group_by(group)
        .order_by(number.desc(), group)
    )
    return [(row[0], row[1]) for row in rows]
