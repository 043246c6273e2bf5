"""The fields as the core's page of captions shows them, so that a school can name its own (MIS-05)."""

from __future__ import annotations

from cpoms_core.imports.captions import CaptionedField
from cpoms_mis_sims.captions import Field
from cpoms_mis_sims.fields import CONTACT, MARK, STAFF, STUDENT
from cpoms_mis_sims.kinds import FIELDS

TITLES = {
    "student_id": "Student's id, in every report",
    "upn": "UPN",
    "former_upn": "Former UPN",
    "sen_status": "SEN status",
    "sen_needs": "SEN needs",
    "english_additional": "English as an additional language",
    "contact_id": "Contact's id",
    "staff_id": "Id of the member of staff",
}
"""Where a field's name is not what people call it."""
GROUPS = (
    ("Students", STUDENT),
    ("Contacts", CONTACT),
    ("Staff", STAFF),
    ("Session marks", MARK[1:]),  # without the student's id, which is among the students
)


def _captioned(group: str, field: Field) -> CaptionedField:
    return CaptionedField(
        field.name,
        TITLES.get(field.name, field.name.replace("_", " ").capitalize()),
        field.captions,
        group,
        frozenset(str(kind) for kind, fields in FIELDS.items() if field in fields),
        several=field.many,
    )


CAPTIONED = tuple(_captioned(group, field) for group, fields in GROUPS for field in fields)
