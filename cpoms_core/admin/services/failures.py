"""Failures of modules, which administrators are told of until they have seen them (MOD-04)."""

from __future__ import annotations

import uuid

from sqlalchemy import update

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change
from cpoms_core.audit import services as audit
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.tenancy.scope import SchoolSession


def see_failures(db: SchoolSession, viewer: Viewer, newest: uuid.UUID) -> None:
    """Marks the failures up to the newest that was shown as seen; later ones stay. Raises NothingThere."""
    begin_change(db, viewer)
    seen = db.execute(
        update(ModuleFailure)
        .where(ModuleFailure.seen_at.is_(None), ModuleFailure.id <= newest)
        .values(seen_at=viewer.now())
        .execution_options(synchronize_session=False)
    )
    audit.record(db, viewer, "module.failures-seen", count=seen.rowcount)  # type: ignore[attr-defined]
