"""The permission matrix of the Form builder (FRM-01): administrators with their key."""

from __future__ import annotations

import uuid

from cpoms_formbuilder import plans, queries, services
from cpoms_formbuilder.models import Value
from matrix import ADMIN, EVERYONE, Row

from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.schools import SchoolForTests

OF = {"form": "incident"}
ROWS = [
    Row("GET", "formbuilder.static", EVERYONE, fields={"subpath": ("css", "builder.css")}),
    Row("GET", "formbuilder.forms", ADMIN),
    Row("GET", "formbuilder.form", ADMIN, fields=OF),
    Row("POST", "formbuilder.form", ADMIN, fields=OF),
    Row("GET", "formbuilder.field-new", ADMIN, fields=OF),
    Row("POST", "formbuilder.field-new", ADMIN, fields=OF),
    Row("GET", "formbuilder.field", ADMIN, "custom field", fields=OF),
    Row("POST", "formbuilder.field", ADMIN, "custom field", fields=OF),
]
SIGHT = {"custom field": {"of the incident form": ADMIN, "of another school": ""}}
TEXTS = [Value.text]


def custom_field(school: SchoolForTests) -> uuid.UUID:
    """A field that an administrator is making."""
    made = new_id()
    wanted = {
        "label": f"Field {made}",
        "kind": "text",
        "categories": [],
        "required": False,
        "many": False,
        "options": [],
    }
    with school.app.transaction(school.id) as db:
        own = PluginSession(db)
        services.change(
            own,
            school.viewer("lead"),
            "incident",
            queries.working(own, "incident").revision,
            lambda plan: plans.with_field(plan, made, wanted, ""),
            "formbuilder.field-changed",
        )
    return made


OBJECTS = {"custom field": {"of the incident form": custom_field}}
