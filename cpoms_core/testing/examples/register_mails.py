"""A mail of the module, sent by `db.queue_mail("example.told", to_user=..., now=viewer.now())`."""

import uuid
from collections.abc import Mapping
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import MailSpec
from cpoms_core.incidents.models import Incident


@hookimpl
def register_mails() -> list[MailSpec]:
    text = "{who} left an example for you at {school}.\n\nLog in to read it:\n{login}\n"
    return [MailSpec("example.told", "There is an example for you", text, _owed)]


def _owed(db: PluginSession, viewer: Viewer, payload: Mapping[str, Any]) -> bool:
    """Asked when it is sent: nobody is mailed about an incident that is gone by then."""
    incident = db.get(Incident, (db.school_id, uuid.UUID(payload["incident"])))
    return incident is not None and incident.deleted_at is None
