"""The permission matrix of changing what is recorded (EDT, ACT-02), by hand like `matrix`: who may edit
incidents, and would see this one by their own rights. Deleted ones too are theirs to look up and restore; an
alert alone opens none of it."""

from __future__ import annotations

import uuid

from matrix import ADDING, EDITING, Row

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import (
    Merge,
    NewAction,
    delete_action,
    delete_incident,
    merge_incident,
    record_action,
)
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests

SIGHT = {
    "editable incident": {
        "about Behaviour": "lead head",
        "about Child Protection, the teacher alerted": "lead",
        "deleted": "",
        "of another school": "",
    },
    "kept incident": {
        "about Behaviour": "lead head",
        "deleted": "lead head",
        "deleted, about Child Protection": "lead",
        "of another school": "",
    },
    "incident with versions": {
        "about Behaviour": "lead head",
        "deleted": "lead head",
        "merged": "lead head",
        "of another school": "",
    },
    "deleted incident": {"about Behaviour": "lead head", "about Child Protection": "lead"},
    "editable action": {
        "under Behaviour": "lead head",
        "under Child Protection, the teacher alerted": "lead",
        "deleted": "",
        "its incident deleted": "",
        "of another school": "",
    },
    "kept action": {
        "under Behaviour": "lead head",
        "deleted": "lead head",
        "its incident deleted": "",
        "of another school": "",
    },
    "deleted action": {"under Behaviour": "lead head", "of another school": ""},
}
# a second press of Delete, by who deleted it, is answered as the first one
SIGHT["incident to delete"] = {**SIGHT["editable incident"], "deleted": "lead"}
SIGHT["action to delete"] = {**SIGHT["editable action"], "deleted": "lead"}
A_FORM = {"form": "edit-incident-01890000-0000-7000-8000-000000000000"}

ROWS = [
    # drafts of the forms that add and that edit (INC-10): everyone's own, whatever the record
    Row("POST", "draft-discard", ADDING, fields={"form": "incident"}),
    Row("PUT", "draft-edit", EDITING, fields=A_FORM, json={"fields": []}),
    Row("POST", "draft-edit-discard", EDITING, fields=A_FORM),
    Row("GET", "incident-edit", EDITING, "editable incident"),
    Row("POST", "incident-edit", EDITING, "editable incident", fields={"version": "1"}),
    Row("GET", "incident-delete", EDITING, "editable incident"),
    Row("POST", "incident-delete", EDITING, "incident to delete", fields={"version": "1"}),
    Row("GET", "incident-add-to", EDITING, "editable incident"),
    Row("POST", "incident-add-to", EDITING, "editable incident"),
    Row("POST", "incident-add-to-told", EDITING, "editable incident"),
    Row("GET", "incident-merge", EDITING, "editable incident"),
    Row("POST", "incident-merge", EDITING, "editable incident"),
    Row("GET", "incident-history", EDITING, "incident with versions"),
    Row("GET", "incident-audit", EDITING, "kept incident"),
    Row("POST", "incident-restore", EDITING, "deleted incident"),
    Row("GET", "action-edit", EDITING, "editable action"),
    Row("POST", "action-edit", EDITING, "editable action", fields={"version": "1"}),
    Row("GET", "action-delete", EDITING, "editable action"),
    Row("POST", "action-delete", EDITING, "action to delete", fields={"version": "1"}),
    Row("GET", "action-split", EDITING, "editable action"),
    Row("POST", "action-split", EDITING, "editable action"),
    Row("GET", "action-linked", EDITING, "editable action"),
    Row("POST", "action-linked", EDITING, "editable action"),
    Row("GET", "action-history", EDITING, "kept action"),
    Row("POST", "action-restore", EDITING, "deleted action"),
]


def deleted(school: SchoolForTests, category: str = "Behaviour") -> uuid.UUID:
    made = recorded(school, category)
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), made, "Twice.", opened=1)
    return made


def merged(school: SchoolForTests) -> uuid.UUID:
    made, into = recorded(school, "Behaviour"), recorded(school, "Behaviour")
    with school.app.transaction(school.id) as db:
        versions = [db.get_one(Incident, (school.id, one)).version for one in (made, into)]
        merge_incident(db, school.viewer("lead"), Merge(made, versions[0], into, versions[1]))
    return made


def action(school: SchoolForTests, on: uuid.UUID) -> uuid.UUID:
    new = NewAction(new_id(), on, "Rang home.", utc_now())
    with school.app.transaction(school.id) as db:
        return record_action(db, school.viewer("lead"), new).id


def deleted_action(school: SchoolForTests) -> uuid.UUID:
    made = action(school, behaviour(school))
    with school.app.transaction(school.id) as db:
        delete_action(db, school.viewer("lead"), made, "Wrong child.", opened=1)
    return made


def of_a_deleted_incident(school: SchoolForTests) -> uuid.UUID:
    on = recorded(school, "Behaviour")
    made = action(school, on)
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), on, "Twice.", opened=1)
    return made


def recorded(school: SchoolForTests, category: str, *, alerts: bool = False) -> uuid.UUID:
    """An incident about Aoife with its first version, as its form makes it."""
    told = [school.users["teacher"]] if alerts else []
    return add_incident(school, "text", category_ids=[school.categories[category]], alert_ids=told).id


def behaviour(school: SchoolForTests) -> uuid.UUID:
    return recorded(school, "Behaviour")


def alerted(school: SchoolForTests) -> uuid.UUID:
    return recorded(school, "Child Protection", alerts=True)


OBJECTS = {
    "editable incident": {
        "about Behaviour": behaviour,
        "about Child Protection, the teacher alerted": alerted,
        "deleted": deleted,
    },
    "kept incident": {
        "about Behaviour": behaviour,
        "deleted": deleted,
        "deleted, about Child Protection": lambda school: deleted(school, "Child Protection"),
    },
    "incident with versions": {"about Behaviour": behaviour, "deleted": deleted, "merged": merged},
    "deleted incident": {
        "about Behaviour": deleted,
        "about Child Protection": lambda school: deleted(school, "Child Protection"),
    },
    "editable action": {
        "under Behaviour": lambda school: action(school, behaviour(school)),
        "under Child Protection, the teacher alerted": lambda school: action(school, alerted(school)),
        "deleted": deleted_action,
        "its incident deleted": of_a_deleted_incident,
    },
    "kept action": {
        "under Behaviour": lambda school: action(school, behaviour(school)),
        "deleted": deleted_action,
        "its incident deleted": of_a_deleted_incident,
    },
    "deleted action": {"under Behaviour": deleted_action},
}
OBJECTS |= {
    "incident to delete": OBJECTS["editable incident"],
    "action to delete": OBJECTS["editable action"],
}
