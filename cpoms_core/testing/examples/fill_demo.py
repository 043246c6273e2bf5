"""Invented notes beside the incidents of the demonstration school."""

from sqlalchemy import select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import new_id
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def fill_demo(db: PluginSession, viewer: Viewer) -> None:
    noted = select(ProbeNote.incident_id)
    for incident in db.scalars(select(Incident).where(Incident.id.not_in(noted)).limit(5)):
        text = f"An example beside incident {incident.number}."
        db.add(ProbeNote(school_id=db.school_id, id=new_id(), incident_id=incident.id, text=text))
        db.audit(viewer, "example.kept", [incident.id])
