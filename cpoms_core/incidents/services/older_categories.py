"""The categories of an older version that is restored: they decide who sees the incident (USR-12.3), so they
come back as they were then, or stay as they are now. A mixture would be seen by others than either was."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.incidents.models import Category
from cpoms_core.incidents.services.parts import usable_with_parents
from cpoms_core.tenancy.scope import SchoolSession


def may_come_back(
    db: SchoolSession, viewer: Viewer, older: Collection[uuid.UUID], present: Collection[uuid.UUID]
) -> bool:
    """Whether the categories of an older version may all be on an incident again. present: those that it has
    now. The others must be the viewer's to add, as on the form (INC-03), and to read: restoring takes nothing
    out of the sight of who restores it."""
    new = [one for one in dict.fromkeys(older) if one not in present]
    if not new:
        return True
    if not set(new) <= set(usable_with_parents(db, viewer, new)):
        return False
    read = select(Category.id).where(Category.id.in_(new), policy.readable_categories(viewer))
    return len(db.scalars(read).all()) == len(new)
