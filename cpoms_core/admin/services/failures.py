"""Failures of modules, which administrators are told of until they have seen them (MOD-04)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import update

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change
from cpoms_core.audit import services as audit
from cpoms_core.modules.models import ModuleFailure
from cpoms_core.tenancy.scope import SchoolSession


def see_failures(db: SchoolSession, viewer: Viewer, newest: uuid.UUID, module: str = "") -> None:
    """Marks the failures up to the newest that was shown as seen, of one module or of all; later ones stay.
    Raises NothingThere."""
    begin_change(db, viewer)
    shown = [ModuleFailure.seen_at.is_(None), ModuleFailure.id <= newest]
    if module:
        shown.append(ModuleFailure.module == module)
    seen = db.execute(
        update(ModuleFailure)
        .where(*shown)
        .values(seen_at=viewer.now())
        .execution_options(synchronize_session=False)
    )
    details: dict[str, Any] = {"count": seen.rowcount}  # type: ignore[attr-defined]
    if module:
        details["module"] = module
    audit.record(db, viewer, "module.failures-seen", **details)
