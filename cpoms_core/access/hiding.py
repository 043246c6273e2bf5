"""Hide names and Show names, for one log-in (DSH-08)."""

from __future__ import annotations

from cpoms_core.access import sessions
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.tenancy.scope import SchoolSession


def hide_names(db: SchoolSession, viewer: Viewer, token_hash: bytes, *, hidden: bool) -> None:
    """Hides students' names in the session of a cookie, or shows them again. Asked for twice, it is done
    once: another tab may have been first."""
    if viewer.names_hidden == hidden:
        return
    sessions.hide_names(db, token_hash, hidden)
    audit.record(db, viewer, "names.hidden" if hidden else "names.shown")
