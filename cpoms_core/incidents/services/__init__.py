"""What changes incidents: recording them and their actions (INC-09, ACT-01), and pinning them."""

from cpoms_core.incidents.services.actions import record_action
from cpoms_core.incidents.services.pinning import toggle_pin
from cpoms_core.incidents.services.recording import record_incident
from cpoms_core.incidents.services.typed import AlreadySubmitted, FormRefused, Linked, NewAction, NewIncident

__all__ = [
    "AlreadySubmitted",
    "FormRefused",
    "Linked",
    "NewAction",
    "NewIncident",
    "record_action",
    "record_incident",
    "toggle_pin",
]
