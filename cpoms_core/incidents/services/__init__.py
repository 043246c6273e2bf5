"""What changes incidents: recording them and their actions (INC-09, ACT-01), pinning, editing, deleting,
merging and splitting them (EDT)."""

from cpoms_core.incidents.services.actions import record_action
from cpoms_core.incidents.services.adding_to import Addition, add_to_incident
from cpoms_core.incidents.services.changes import ActionEdit, ChangedMeanwhile, IncidentEdit
from cpoms_core.incidents.services.editing import edit_incident, restore_incident_version
from cpoms_core.incidents.services.editing_actions import (
    edit_action,
    restore_action_version,
    show_on_linked,
)
from cpoms_core.incidents.services.merging import Merge, merge_incident, merge_target, plan_merge
from cpoms_core.incidents.services.pinning import toggle_pin
from cpoms_core.incidents.services.recording import record_incident
from cpoms_core.incidents.services.removing import (
    delete_action,
    delete_incident,
    reinstate_actions,
    reinstate_incidents,
    remove_actions,
    remove_incidents,
    restore_action,
    restore_incident,
)
from cpoms_core.incidents.services.sent_again import NotAllRecorded
from cpoms_core.incidents.services.splitting import Split, split_action
from cpoms_core.incidents.services.typed import AlreadySubmitted, FormRefused, Linked, NewAction, NewIncident

__all__ = [
    "ActionEdit",
    "Addition",
    "AlreadySubmitted",
    "ChangedMeanwhile",
    "FormRefused",
    "IncidentEdit",
    "Linked",
    "Merge",
    "NewAction",
    "NewIncident",
    "NotAllRecorded",
    "Split",
    "add_to_incident",
    "delete_action",
    "delete_incident",
    "edit_action",
    "edit_incident",
    "merge_incident",
    "merge_target",
    "plan_merge",
    "record_action",
    "record_incident",
    "reinstate_actions",
    "reinstate_incidents",
    "remove_actions",
    "remove_incidents",
    "restore_action",
    "restore_action_version",
    "restore_incident",
    "restore_incident_version",
    "show_on_linked",
    "split_action",
    "toggle_pin",
]
